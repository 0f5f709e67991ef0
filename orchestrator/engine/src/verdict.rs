//! What becomes of a candidate that looks better than the best (invariant 8: a gain must
//! be real).
//!
//! A race (Maron and Moore, "Hoeffding races", NIPS 1993): a contender's repeats double until it
//! falls behind the best, or has as many as are wanted. Then one paired test on common seeds
//! decides, over repeats that did not make it a contender: those were chosen for being lucky.
//! Stopping early only ever drops a contender, so looking often promotes nobody by chance.
//!
//! Whoever reigns was lucky too, so the best is measured again from time to time, on seeds that
//! nobody was selected by.

use evolve_core::Facts;
use evolve_core::event::{Event, Promoted, Verdict};
use evolve_core::facts::CandidateFacts;
use evolve_core::ids::CandidateId;
use evolve_core::outcome::{EvalPurpose, EvalStatus};
use evolve_core::task::Repeats;
use evolve_search::{Comparison, compare};

/// Candidates evaluated between two measurements of the best.
const REMEASURE: u64 = 100;
/// Times `repeats.max` after which the best is known well enough.
const MOST_MEASURED: u32 = 4;

/// Repeats that make a test of some power.
const ENOUGH: usize = 4;

/// The next step for a contender.
#[allow(clippy::large_enum_variant)] // made, matched and gone
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// An evaluation of it is under way.
    Wait,
    /// More evidence is needed.
    Evaluate(EvalPurpose, (u32, u32)),
    /// It is settled.
    Settle(Event),
}

/// Decides the next step, from facts alone.
pub(crate) fn next_step(facts: &Facts, id: CandidateId) -> Step {
    let Some(candidate) = facts.candidate(id) else {
        return Step::Settle(demoted(id, "it is unknown".into()));
    };
    if facts.evaluating.contains_key(&id) {
        return Step::Wait;
    }
    if facts.best.is_none() && facts.contenders.first() != Some(&id) {
        return Step::Wait; // the first one becomes the best, or nobody; then there is a race
    }
    let Some(score) = candidate.score() else {
        return Step::Settle(demoted(id, "it has no score".into()));
    };
    let objective = facts.objective();
    if objective.is_too_good(score) {
        let bound = objective.plausible_max.unwrap_or(f64::NAN);
        let why = format!("{} = {score} lies beyond plausible_max = {bound}", objective.metric);
        return Step::Settle(Event::Quarantined(Verdict { candidate: id, why }));
    }
    if let Some(lost) = lost_to_best(facts, candidate) {
        return Step::Settle(demoted(id, lost));
    }
    let (have, wanted) = (samples(candidate).len() as u32, repeats_wanted(facts));
    if have < wanted {
        let max = repeats(facts).max;
        let races = facts.best.is_some() && have < max;
        let next = if races { have.max(1).saturating_mul(2).min(max) } else { wanted };
        return Step::Evaluate(EvalPurpose::Confirm, (have, next));
    }
    if facts.run.task.evaluator.holdout.is_some() {
        match &candidate.holdout {
            None => return Step::Evaluate(EvalPurpose::Holdout, (0, holdout_repeats(facts))),
            Some(held) if held.status != EvalStatus::Ok => {
                let why =
                    format!("it fails on held-out cases: {} {}", held.status.word(), held.detail);
                return Step::Settle(Event::Quarantined(Verdict { candidate: id, why }));
            }
            Some(_) => {}
        }
        if let Some(lost) = lost_on_holdout(facts, candidate) {
            return Step::Settle(demoted(id, lost));
        }
    }
    Step::Settle(Event::Promoted(Promoted {
        candidate: id,
        score,
        gain: facts.gain(score).unwrap_or(0.0),
        previous: facts.best,
    }))
}

fn demoted(candidate: CandidateId, why: String) -> Event {
    Event::Demoted(Verdict { candidate, why })
}

fn samples(candidate: &CandidateFacts) -> &[f64] {
    candidate.evaluation.as_ref().map_or(&[], |evaluation| &evaluation.samples)
}

fn held_samples(candidate: &CandidateFacts) -> &[f64] {
    candidate.holdout.as_ref().map_or(&[], |evaluation| &evaluation.samples)
}

fn repeats(facts: &Facts) -> Repeats {
    let stage = facts.run.task.evaluator.stage.last();
    stage.map_or(Repeats { min: 1, max: 1 }, |stage| stage.repeats)
}

/// Repeats that a would-be winner needs: the best may have been measured more often.
fn repeats_wanted(facts: &Facts) -> u32 {
    let best = facts.best().map_or(0, |best| samples(best).len() as u32);
    repeats(facts).max.max(best)
}

/// The repeats of the best that are due, where its metric is noisy.
pub(crate) fn remeasure(facts: &Facts) -> Option<(CandidateId, (u32, u32))> {
    let best = facts.best()?;
    let (Repeats { max, .. }, samples) = (repeats(facts), samples(best));
    let is_noisy = samples.iter().any(|sample| Some(sample) != samples.first());
    let have = samples.len() as u32;
    let due = facts.counts.since_measured >= REMEASURE
        && is_noisy
        && best.score().is_some()
        && have < max.saturating_mul(MOST_MEASURED)
        && !facts.evaluating.contains_key(&best.id);
    due.then(|| (best.id, (have, have + max)))
}

fn holdout_repeats(facts: &Facts) -> u32 {
    facts.run.task.evaluator.holdout.as_ref().map_or(1, |stage| stage.repeats.min)
}

/// Why it does not beat the best: as soon as that is known, and at the latest when it has all
/// repeats that are wanted.
fn lost_to_best(facts: &Facts, candidate: &CandidateFacts) -> Option<String> {
    let best = facts.best()?;
    best.score()?; // it failed when it was measured again: anything is better
    let goal = facts.objective().goal;
    let (own, other) = (samples(candidate), samples(best));
    let have = own.len() as u32;
    let lost = if have >= repeats_wanted(facts) {
        let from = tested_from(facts, own.len().min(other.len()));
        compare(goal, &own[from..], &other[from..]) != Comparison::Better
    } else {
        have < repeats(facts).max && compare(goal, own, other) == Comparison::NotBetter
    };
    lost.then(|| format!("over {have} repeats it is not better than {} beyond the noise", best.id))
}

/// The first repeat that chose neither a best nor, if there is none such, a contender, where
/// enough follow it for a test of some power; else all must do.
fn tested_from(facts: &Facts, both: usize) -> usize {
    let least = repeats(facts).min as usize;
    match facts.unchosen_from(both) {
        0 if both >= least + ENOUGH => least,
        from => from,
    }
}

/// Why its gain does not carry over to the held-out cases, if it does not.
fn lost_on_holdout(facts: &Facts, candidate: &CandidateFacts) -> Option<String> {
    let best = facts.best().filter(|best| best.score().is_some())?;
    let verdict = compare(facts.objective().goal, held_samples(best), held_samples(candidate));
    (verdict == Comparison::Better)
        .then(|| format!("on held-out cases it is worse than {}", best.id))
}
