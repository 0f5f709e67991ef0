//! What was learned from earlier edits: a fold over the journal.
//!
//! Step sizes follow the 1/5 success rule (Rechenberg, 1973), with draws spread around the
//! learned size so that the sizes that win show the way. Operators are chosen by what they
//! won lately per try (probability matching with a floor).

use std::collections::{BTreeMap, HashMap};
use std::hash::Hasher;
use std::sync::Arc;

use evolve_core::event::{Edit, Envelope, Event, Operator};
use evolve_core::facts::Facts;
use evolve_core::outcome::{EvalPurpose, EvalStatus};

use super::draws::{DISTRIBUTION, Draws};
use crate::hash::Fnv;

/// Most places remembered; the longest untouched go first.
const MAX_PLACES: usize = 4096;
/// What a try counts after one more try.
const OPERATOR_DECAY: f64 = 0.995;
const PLACE_DECAY: f64 = 0.95;
/// What is left of the direction of a win after one more win.
const PULL_DECAY: f64 = 0.7;
/// Growth of a logarithmic step size at a win, and the share of tries that should win.
const RISE: f64 = 0.25;
const WIN_SHARE: f64 = 0.15;
/// Growth at a step that changed the score by nothing at all: it was too small to be felt.
const UNFELT_RISE: f64 = 0.15;

/// What was learned from earlier edits. Cheap to clone: clones share until one learns.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    state: Arc<State>,
}

#[derive(Debug, Clone, Default)]
struct State {
    /// Evaluations learned from.
    clock: u64,
    /// Wins so far.
    wins: u32,
    /// Running mean of the gain of a win; the measure for the next one.
    typical: f64,
    operators: BTreeMap<String, Credit>,
    places: HashMap<u64, Place>,
    draws: Draws,
}

#[derive(Debug, Clone, Copy, Default)]
struct Credit {
    tries: f64,
    reward: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    tries: f64,
    wins: f64,
    /// Natural logarithm of the learned step, once there is one.
    log_step: Option<f64>,
    /// Direction of recent wins, as it was at win number `pulled`.
    pull: f64,
    pulled: u32,
    touched: u64,
}

impl Memory {
    /// Learns from an event that was folded into the facts: how a mutated candidate did
    /// against its first parent. Failures are losses; a host fault teaches nothing.
    pub fn observe(&mut self, facts: &Facts, event: &Envelope) {
        let Event::Evaluated(evaluated) = &event.event else { return };
        if evaluated.purpose != EvalPurpose::Search || evaluated.status == EvalStatus::HostFault {
            return;
        }
        let Some(candidate) = facts.candidate(evaluated.candidate) else { return };
        if candidate.selection.operator != Operator::Mutate || candidate.change.edits.is_empty() {
            return;
        }
        let goal = facts.objective().goal;
        let parent = candidate.parents().first().and_then(|id| facts.candidate(*id));
        let parent = parent.and_then(|parent| parent.score());
        let outcome = match (candidate.score(), parent) {
            (Some(score), Some(parent)) if goal.is_better(score, parent) => {
                Outcome::Won((goal.turned(score) - goal.turned(parent)).abs())
            }
            (Some(score), Some(parent)) if !goal.is_better(parent, score) => Outcome::Unfelt,
            // Any score beats a failure, but by how much nobody knows.
            (Some(_), None) => Outcome::Won(self.state.typical),
            _ => Outcome::Lost,
        };
        let edits = &candidate.change.edits;
        let score = candidate.score();
        let best = facts.best().and_then(|best| best.score());
        let leads = score.is_some_and(|s| best.is_none_or(|best| goal.is_better(s, best)));
        let state = Arc::make_mut(&mut self.state);
        state.learn(edits, outcome);
        state.draws.observe(edits, score.map(|score| goal.turned(score)), leads);
        if let Some(first) = edits.first().filter(|first| first.kind == DISTRIBUTION) {
            state.touch(SCORED, &first.site).count(score.is_some());
        }
    }

    /// Evaluations learned from.
    pub(super) fn clock(&self) -> u64 {
        self.state.clock
    }

    /// The share of draws at this place that lately had a score; 1 before any.
    pub(super) fn scored(&self, site: &str) -> f64 {
        let place = self.place(SCORED, site);
        (place.wins + 1.0) / (place.tries + 1.0)
    }

    /// The distributions under way.
    pub(super) fn draws(&self) -> &Draws {
        &self.state.draws
    }

    /// How much an operator won lately per try; between 0 and about 1. Untried ones are
    /// taken for good.
    pub(super) fn promise(&self, operator: &str) -> f64 {
        let credit = self.state.operators.get(operator).copied().unwrap_or_default();
        (credit.reward + 1.0) / (credit.tries + 5.0)
    }

    /// How often edits of this kind at this place won lately, per try.
    pub(super) fn place_promise(&self, kind: &str, site: &str) -> f64 {
        let place = self.place(kind, site);
        (place.wins + 0.5) / (place.tries + 2.5)
    }

    /// The learned step for this kind of edit at this place.
    pub(super) fn step(&self, kind: &str, site: &str) -> Option<f64> {
        self.place(kind, site).log_step.map(f64::exp)
    }

    /// The direction in which this number was last moved with success; 0 if it was not.
    pub(super) fn pull(&self, site: &str) -> f64 {
        let place = self.place(PULL, site);
        place.pull * faded(self.state.wins, place.pulled)
    }

    fn place(&self, kind: &str, site: &str) -> Place {
        self.state.places.get(&key(kind, site)).copied().unwrap_or_default()
    }
}

/// The kind under which it is kept whether draws had scores.
const SCORED: &str = "scored";
/// The kind under which directions are kept: they belong to a number, whatever moved it.
const PULL: &str = "pull";

/// How a child did against its parent.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    /// By so much.
    Won(f64),
    /// Exactly the same score.
    Unfelt,
    /// Worse, or no score at all.
    Lost,
}

impl State {
    fn learn(&mut self, edits: &[Edit], outcome: Outcome) {
        let won = matches!(outcome, Outcome::Won(_));
        self.clock += 1;
        self.wins += u32::from(won);
        if let Some(first) = edits.first() {
            let reward = match outcome {
                Outcome::Won(gain) => self.reward(gain),
                _ => 0.0,
            };
            let credit = self.operators.entry(first.kind.clone()).or_default();
            credit.tries = credit.tries * OPERATOR_DECAY + 1.0;
            credit.reward = credit.reward * OPERATOR_DECAY + reward;
            let place = self.touch(&first.kind, &first.site);
            place.count(won);
            if let Some(step) = first.step.filter(|step| step.is_finite()) {
                place.adapt(step, outcome);
            }
        }
        for edit in edits.iter().filter(|edit| edit.kind == MOVED || edit.kind == LITERAL) {
            let Some(step) = edit.step.filter(|step| step.is_finite()) else { continue };
            let wins = self.wins;
            let place = self.touch(PULL, &edit.site);
            if won {
                place.pull = (place.pull * faded(wins, place.pulled) + step).clamp(-10.0, 10.0);
                place.pulled = wins;
            } else if edits[0].kind == LINE {
                place.pull *= 0.6;
            }
        }
        self.forget();
    }

    /// About 1 for a win, more for a large one.
    fn reward(&mut self, gain: f64) -> f64 {
        let gain = gain.min(1e300); // a difference of finite scores may overflow
        if self.typical == 0.0 {
            self.typical = gain;
        }
        let reward = if self.typical > 0.0 { (gain / self.typical).clamp(0.05, 10.0) } else { 1.0 };
        self.typical += 0.1 * (gain - self.typical);
        reward
    }

    fn touch(&mut self, kind: &str, site: &str) -> &mut Place {
        let place = self.places.entry(key(kind, site)).or_default();
        place.touched = self.clock;
        place
    }

    fn forget(&mut self) {
        if self.places.len() <= MAX_PLACES {
            return;
        }
        let mut ages: Vec<(u64, u64)> =
            self.places.iter().map(|(key, p)| (p.touched, *key)).collect();
        ages.sort_unstable();
        for (_, key) in ages.iter().take(MAX_PLACES / 4) {
            self.places.remove(key);
        }
    }
}

impl Place {
    fn count(&mut self, won: bool) {
        self.tries = self.tries * PLACE_DECAY + 1.0;
        self.wins = self.wins * PLACE_DECAY + f64::from(u8::from(won));
    }

    fn adapt(&mut self, step: f64, outcome: Outcome) {
        let used = step.abs().clamp(1e-9, 10.0).ln();
        let size = self.log_step.unwrap_or(used);
        let next = match outcome {
            Outcome::Won(_) => size + 0.5 * (used - size) + RISE,
            // Smaller ones will not be felt either; of larger ones this says nothing.
            Outcome::Unfelt => size.max(used) + UNFELT_RISE,
            Outcome::Lost => size - RISE * WIN_SHARE / (1.0 - WIN_SHARE),
        };
        self.log_step = Some(next.clamp(-16.0, 1.0));
    }
}

/// A number that was moved as a part of a larger edit.
pub(super) const MOVED: &str = "moved";
/// The operator that moves one number.
pub(super) const LITERAL: &str = "literal";
/// The operator that goes on in the direction of the last wins.
pub(super) const LINE: &str = "line";

/// What is left, at this number of wins, of a direction from an earlier one.
fn faded(wins: u32, then: u32) -> f64 {
    PULL_DECAY.powf(f64::from(wins.saturating_sub(then)))
}

fn key(kind: &str, site: &str) -> u64 {
    Fnv::new().text(kind).text(site).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(kind: &str, site: &str, step: f64) -> Edit {
        Edit { kind: kind.into(), site: site.into(), step: Some(step) }
    }

    fn learned(memory: &mut Memory, edits: &[Edit], gain: f64) {
        let outcome = if gain < 0.0 { Outcome::Lost } else { Outcome::Won(gain) };
        Arc::make_mut(&mut memory.state).learn(edits, outcome);
    }

    #[test]
    fn steps_grow_with_wins_and_shrink_with_losses() {
        let mut memory = Memory::default();
        assert_eq!(memory.step(LITERAL, "a"), None);
        learned(&mut memory, &[edit(LITERAL, "a", -0.1)], -1.0);
        let first = memory.step(LITERAL, "a").unwrap();
        for _ in 0..20 {
            learned(&mut memory, &[edit(LITERAL, "a", 0.1)], -1.0);
        }
        let after_losses = memory.step(LITERAL, "a").unwrap();
        assert!(after_losses < first * 0.7, "{first} {after_losses}");
        for _ in 0..5 {
            learned(&mut memory, &[edit(LITERAL, "a", 0.4)], 1.0);
        }
        assert!(memory.step(LITERAL, "a").unwrap() > 0.3);
        assert_eq!(memory.step(LITERAL, "b"), None);
    }

    #[test]
    fn steps_that_are_not_felt_grow_beyond_the_largest_of_them() {
        let mut memory = Memory::default();
        for step in [0.01, 0.05, -0.02] {
            Arc::make_mut(&mut memory.state).learn(&[edit(LITERAL, "a", step)], Outcome::Unfelt);
        }
        assert!(memory.step(LITERAL, "a").unwrap() > 0.05);
        // They are no wins: neither operator nor place is preferred for them.
        assert!(memory.promise(LITERAL) < memory.promise("untried"));
        assert!(memory.place_promise(LITERAL, "a") < memory.place_promise(LITERAL, "b"));
    }

    #[test]
    fn operators_and_places_that_win_are_preferred() {
        let mut memory = Memory::default();
        for _ in 0..30 {
            learned(&mut memory, &[edit("good", "a", 0.1)], 1.0);
            learned(&mut memory, &[edit("bad", "b", 0.1)], -1.0);
        }
        assert!(memory.promise("good") > 5.0 * memory.promise("bad"));
        assert!(memory.promise("untried") > memory.promise("bad"));
        assert!(memory.place_promise("good", "a") > 5.0 * memory.place_promise("bad", "b"));
    }

    #[test]
    fn the_direction_of_a_win_is_remembered_and_fades() {
        let mut memory = Memory::default();
        let joint = [edit("joint", "g", 0.1), edit(MOVED, "a", 0.3), edit(MOVED, "b", -0.2)];
        learned(&mut memory, &joint, -1.0);
        assert!(memory.pull("a").abs() < 1e-12);
        learned(&mut memory, &joint, 1.0);
        assert!((memory.pull("a") - 0.3).abs() < 1e-12 && (memory.pull("b") + 0.2).abs() < 1e-12);
        learned(&mut memory, &[edit("swap", "g", 0.0)], 1.0);
        assert!((memory.pull("a") - 0.3 * PULL_DECAY).abs() < 1e-12);
        learned(&mut memory, &[edit(LINE, "", 1.0), edit(MOVED, "a", 0.2)], -1.0);
        assert!(memory.pull("a") < 0.3 * PULL_DECAY);
    }

    #[test]
    fn the_number_of_places_is_bounded_and_clones_keep_what_they_had() {
        let mut memory = Memory::default();
        learned(&mut memory, &[edit(LITERAL, "first", 0.1)], -1.0);
        let early = memory.clone();
        for site in 0..3 * MAX_PLACES {
            learned(&mut memory, &[edit("row", &site.to_string(), 0.1)], -1.0);
        }
        assert!(memory.state.places.len() <= MAX_PLACES);
        assert_eq!(memory.step(LITERAL, "first"), None);
        assert!(early.step(LITERAL, "first").is_some());
    }

    #[test]
    fn odd_numbers_from_a_journal_do_no_harm() {
        let mut memory = Memory::default();
        for step in [f64::NAN, f64::INFINITY, 0.0, -1e300] {
            learned(&mut memory, &[edit(LITERAL, "a", step), edit(MOVED, "b", step)], 1.0);
            learned(&mut memory, &[edit(LITERAL, "a", step)], f64::NAN);
        }
        assert!(memory.step(LITERAL, "a").is_some_and(f64::is_finite));
        assert!(memory.pull("b").is_finite() && memory.promise(LITERAL).is_finite());
    }
}
