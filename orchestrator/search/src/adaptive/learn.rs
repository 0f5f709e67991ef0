//! What is learned from resolved proposals, and what keeps the islands alive.

use evolve_core::event::Operator;
use evolve_core::facts::CandidateFacts;
use evolve_core::outcome::RejectReason;
use evolve_core::{CandidateId, Facts};

use super::islands::{self, Island};
use super::{Adaptive, counts};
use crate::flights::Flight;

/// Evaluations between migrations, for each island.
const MIGRATION: u32 = 50;
/// How many of an island's best are looked through for one that has not migrated yet.
const ELITE: usize = 4;
/// Bounds of the evaluations without a gain after which a new island is founded …
const PATIENCE: (f64, f64) = (60.0, 1000.0);
/// … and their number in usual intervals between gains.
const PATIENT_INTERVALS: f64 = 4.0;
/// Proposals for each island between two foundations.
const CHANCE: usize = 30;
/// Generations through which a common ancestor is looked for.
const KINSHIP: usize = 32;
/// How many of each island's best can found a new one.
const FOUNDERS: usize = 8;

/// Counts that time migrations and foundations, in resolved proposals.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tempo {
    since_migration: u32,
    since_gain: u32,
    since_founding: u32,
    /// Usual interval between gains of the run's best, decayed.
    interval: f64,
}

impl Tempo {
    fn note(&mut self, gained: bool) {
        self.since_migration += 1;
        self.since_gain += 1;
        self.since_founding += 1;
        if gained {
            self.interval += 0.2 * (f64::from(self.since_gain) - self.interval);
            self.since_gain = 0;
        }
    }

    /// Whether gains are overdue, and the islands there are have had their chance.
    fn is_stalled(&self, islands: usize) -> bool {
        let patience = (PATIENT_INTERVALS * self.interval).clamp(PATIENCE.0, PATIENCE.1);
        f64::from(self.since_gain.min(self.since_founding)) >= patience
            && self.since_founding as usize >= CHANCE * islands
    }
}

/// What a resolved proposal gained, as shares.
#[derive(Debug, Clone, Copy, Default)]
struct Gains {
    parent: f64,
    island: f64,
    best: f64,
}

impl Adaptive {
    /// A proposal that became no candidate is a visit without gain.
    pub(super) fn rejected(&mut self, id: CandidateId, reason: RejectReason) {
        let Some(flight) = self.flights.land(id) else { return };
        if counts(reason) {
            let slot = self.slot(flight.selection.island);
            self.credit(slot, &flight, Gains::default());
            self.keep_alive(None);
        }
    }

    pub(super) fn evaluated(&mut self, facts: &Facts, id: CandidateId) {
        let Some(candidate) = facts.candidate(id) else { return };
        let goal = facts.objective().goal;
        let score = candidate.score().filter(|s| s.is_finite()).map(|s| goal.turned(s));
        let Some(mut flight) = self.flights.land(id) else {
            // The start: it was not selected, and lives everywhere.
            if let Some(score) = score {
                self.niches.insert(id, score, self.niches.axes().of(facts, candidate));
                (0..self.archive.slots()).for_each(|slot| self.archive.insert(slot, id, score, id));
            }
            return;
        };
        // Who answered last, where several were asked and none is named: a command's choice.
        if candidate.model.is_some() {
            flight.model.clone_from(&candidate.model);
        }
        let slot = self.slot(flight.selection.island);
        // What a person gave is nobody's merit: islands, operators and models did not find it.
        if flight.selection.operator.is_chosen() {
            let gains = match score {
                Some(score) => self.gains(facts, slot, &flight, score),
                None => Gains::default(),
            };
            self.credit(slot, &flight, gains);
        }
        match score {
            Some(score) => {
                let family = flight.selection.parents.first().copied().unwrap_or(id);
                self.archive.insert(slot, id, score, family);
                self.niches.insert(id, score, self.niches.axes().of(facts, candidate));
            }
            None => self.repairs.failed(facts, id),
        }
        self.keep_alive(Some(facts));
    }

    /// More repeats changed a score, or failed.
    pub(super) fn rescored(&mut self, facts: &Facts, id: CandidateId) {
        let goal = facts.objective().goal;
        let scored = |candidate: &CandidateFacts| candidate.score().filter(|s| s.is_finite());
        let found = facts.candidate(id).and_then(|c| Some((scored(c)?, c)));
        let Some((score, candidate)) = found else { return self.forget(id) };
        let score = goal.turned(score);
        self.archive.rescore(id, score);
        self.niches.remove(id);
        self.niches.insert(id, score, self.niches.axes().of(facts, candidate));
    }

    fn gains(&mut self, facts: &Facts, slot: usize, flight: &Flight, score: f64) -> Gains {
        let goal = facts.objective().goal;
        let parent = flight.selection.parents.first().and_then(|parent| facts.candidate(*parent));
        let parent = parent.and_then(|parent| parent.score()).or_else(|| facts.start_score());
        let over = |reference: Option<f64>| reference.map(|reference| score - reference);
        let on_parent = over(parent.map(|parent| goal.turned(parent)));
        if let Some(gain) = on_parent {
            self.scale.observe(gain);
        }
        // The first score of all gains as much as a typical gain does.
        let share = |gain: Option<f64>| gain.map_or(0.5, |gain| self.scale.share(gain));
        Gains {
            parent: share(on_parent),
            island: share(over(self.archive.ranking(slot).best().map(|best| best.score))),
            best: share(over(self.archive.best().map(|best| best.score))),
        }
    }

    fn credit(&mut self, slot: usize, flight: &Flight, gains: Gains) {
        self.islands[slot].note(gains.island);
        islands::credit(&mut self.islands, slot, gains.best);
        // To gain on a poor parent is good, to gain on the best is what it is for.
        let reward = f64::midpoint(gains.parent, gains.best);
        self.operators.observe(&flight.selection.operator, reward);
        if let Some(model) = &flight.model {
            self.models.observe(model, reward);
        }
        if let Some(parent) = flight.selection.parents.first()
            && let Some(member) = self.archive.member_mut(*parent)
        {
            member.children += 1;
        }
        self.tempo.note(gains.best > 0.0);
    }

    /// Migration, and a new island when the run stalls. Foundations need the facts, which tell
    /// who stems from whom; a rejection leaves them to the next evaluation.
    fn keep_alive(&mut self, facts: Option<&Facts>) {
        if self.tempo.since_migration >= MIGRATION * self.islands.len() as u32 {
            self.tempo.since_migration = 0;
            self.migrate();
        }
        if let Some(facts) = facts
            && self.tempo.is_stalled(self.islands.len())
        {
            self.tempo.since_founding = 0;
            self.found(facts);
        }
    }

    /// One of each island's best goes to the next island of the ring, if it never was there.
    fn migrate(&mut self) {
        let count = self.archive.slots();
        if count < 2 {
            return;
        }
        let travellers: Vec<_> = (0..count)
            .filter_map(|slot| {
                let target = (slot + 1) % count;
                let mut elite = self.archive.ranking(slot).descending().take(ELITE);
                let fresh = elite.find(|m| !self.archive.has_visited(m.id, target))?;
                Some((target, fresh))
            })
            .collect();
        for (target, traveller) in travellers {
            self.archive.insert(target, traveller.id, traveller.score, traveller.id);
        }
    }

    /// Founds an island with an elite that is far from the best; at the bound, in place of the
    /// poorest island that does not hold the best.
    fn found(&mut self, facts: &Facts) {
        if self.most_islands < 2 {
            return;
        }
        let Some(best) = self.archive.best() else { return };
        let Some(founder) = self.distant_elite(facts, best.id) else { return };
        let island = Island::new(self.next_island);
        let slot = if self.islands.len() < self.most_islands {
            self.archive.add_slot();
            self.islands.push(island);
            self.islands.len() - 1
        } else {
            let Some(slot) = self.poorest(best.id) else { return };
            self.archive.clear(slot);
            self.islands[slot] = island;
            slot
        };
        self.next_island += 1;
        let score = facts.candidate(founder).and_then(|c| c.score());
        if let Some(score) = score {
            let score = facts.objective().goal.turned(score);
            self.archive.insert(slot, founder, score, founder);
        }
        if let Some(member) = self.archive.member_mut(founder) {
            member.founder = true;
        }
    }

    /// Among each island's best that founded none yet, the farthest kin of the run's best; the
    /// better of equals.
    fn distant_elite(&self, facts: &Facts, best: CandidateId) -> Option<CandidateId> {
        let elites = (0..self.archive.slots()).flat_map(|slot| {
            let ranking = self.archive.ranking(slot);
            ranking.descending().take(FOUNDERS.min(ranking.len().div_ceil(4)))
        });
        let fresh = elites.filter(|elite| {
            elite.id != best && self.archive.member(elite.id).is_some_and(|m| !m.founder)
        });
        fresh
            .map(|elite| (kinship(facts, elite.id, best), elite))
            .max_by(|(a, x), (b, y)| {
                a.cmp(b).then(x.score.total_cmp(&y.score)).then(x.id.cmp(&y.id))
            })
            .map(|(_, elite)| elite.id)
    }

    fn poorest(&self, best: CandidateId) -> Option<usize> {
        let open = (0..self.archive.slots()).filter(|slot| !self.archive.lives_on(best, *slot));
        let score = |slot: &usize| {
            self.archive.ranking(*slot).best().map_or(f64::NEG_INFINITY, |best| best.score)
        };
        open.min_by(|a, b| score(a).total_cmp(&score(b)))
    }
}

/// Steps up from both to the nearest common ancestor along first parents, at most
/// [`KINSHIP`] on each side.
fn kinship(facts: &Facts, a: CandidateId, b: CandidateId) -> usize {
    let parent = |id: CandidateId| facts.candidate(id).and_then(|c| c.parents().first().copied());
    let (mut a, mut b, mut steps) = (Some(a), Some(b), 0);
    while a != b && steps < 2 * KINSHIP {
        // Parents are older than children, so the younger steps up.
        if a > b {
            a = a.and_then(parent);
        } else {
            b = b.and_then(parent);
        }
        steps += 1;
    }
    steps
}

/// Operators that need something the archive may not have.
pub(super) fn needs_two(operator: Operator) -> bool {
    operator == Operator::Crossover
}
