//! `ucb`: every candidate is an arm; the one with the highest upper confidence bound is the
//! parent (ASI-Evolve, section on sampling).

use std::collections::BTreeMap;

use evolve_core::event::{Envelope, Event, Selection};
use evolve_core::outcome::{EvalPurpose, EvalStatus, RejectReason};
use evolve_core::task::SearchSection;
use evolve_core::{CandidateId, Facts};
use rand_pcg::Pcg64Mcg;

use crate::choice;
use crate::flights::Flights;
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::ranking::{Ranked, Ranking};
use crate::{Menu, Strategy};

/// Members with their tries, in groups of equal tries: within a group the highest score has the
/// highest bound, so that only the groups need to be looked through.
#[derive(Debug, Clone, Default, PartialEq)]
struct Arms {
    members: BTreeMap<CandidateId, (f64, u32)>,
    groups: BTreeMap<u32, Ranking>,
    /// Sum of all tries.
    total: u64,
}

impl Arms {
    fn insert(&mut self, id: CandidateId, score: f64, tries: u32) {
        self.remove(id);
        self.members.insert(id, (score, tries));
        self.groups.entry(tries).or_default().insert(Ranked { score, id });
        self.total += u64::from(tries);
    }

    fn remove(&mut self, id: CandidateId) {
        let Some((score, tries)) = self.members.remove(&id) else { return };
        self.total -= u64::from(tries);
        if let Some(group) = self.groups.get_mut(&tries) {
            group.remove(Ranked { score, id });
            if group.is_empty() {
                self.groups.remove(&tries);
            }
        }
    }

    /// Members cannot be tried less often than once: themselves.
    fn set_tries(&mut self, id: CandidateId, tries: u32) {
        if let Some((score, _)) = self.members.get(&id).copied() {
            self.insert(id, score, tries.max(1));
        }
    }

    fn worst(&self) -> Option<Ranked> {
        let worst = self.groups.values().filter_map(|group| group.ascending().next());
        worst.min_by(|a, b| a.score.total_cmp(&b.score).then(a.id.cmp(&b.id)))
    }

    fn best_score(&self) -> Option<f64> {
        self.groups.values().filter_map(Ranking::best).map(|best| best.score).reduce(f64::max)
    }

    /// The highest minmax(score) + c·√(ln N / n), with N the sum of all n; the younger of equals.
    fn highest(&self, c: f64) -> Option<CandidateId> {
        let (best, worst) = (self.best_score()?, self.worst()?.score);
        let span = best - worst;
        let width = c * (self.total as f64).ln().max(0.0).sqrt();
        let bound = |(tries, group): (&u32, &Ranking)| {
            let arm = group.best()?;
            let even = !(span > 0.0 && span.is_finite());
            let score = if even { 0.5 } else { (arm.score - worst) / span };
            Some((score + width / f64::from(*tries).sqrt(), arm.id))
        };
        let bounds = self.groups.iter().filter_map(bound);
        bounds.max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|(_, id)| id)
    }
}

/// See the module's page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ucb {
    pool: Pool,
    flights: Flights,
    /// Resolved proposals by first parent.
    visits: BTreeMap<CandidateId, u32>,
    arms: Arms,
    most: usize,
    c: f64,
}

impl Ucb {
    pub fn new(config: &SearchSection, menu: Menu, parameters: &Parameters) -> Self {
        Self {
            pool: Pool::new(menu, config.archive as usize, config.inspirations as usize),
            flights: Flights::default(),
            visits: BTreeMap::new(),
            arms: Arms::default(),
            most: config.archive.max(2) as usize,
            c: parameters.number("c"),
        }
    }

    /// A candidate itself, what was made of it, and what is under way (a virtual loss).
    fn tries(&self, id: CandidateId) -> u32 {
        1 + self.visits.get(&id).copied().unwrap_or(0) + self.flights.of_parent(id)
    }

    /// A failure is a visit too; what fell with the host is none.
    fn land(&mut self, candidate: CandidateId, counts: bool) {
        let Some(flight) = self.flights.land(candidate) else { return };
        let Some(parent) = flight.selection.parents.first().copied() else { return };
        if counts && flight.selection.operator.is_chosen() {
            *self.visits.entry(parent).or_default() += 1;
        }
        self.arms.set_tries(parent, self.tries(parent));
    }

    /// The candidate's place among the arms, as the facts have it now.
    fn place(&mut self, facts: &Facts, id: CandidateId) {
        self.arms.remove(id);
        let score = facts.candidate(id).and_then(|candidate| candidate.score());
        let Some(score) = score.filter(|score| score.is_finite()) else { return };
        let score = facts.objective().goal.turned(score) + 0.0;
        self.arms.insert(id, score, self.tries(id));
        if self.arms.members.len() > self.most
            && let Some(worst) = self.arms.worst()
        {
            self.arms.remove(worst.id);
            self.visits.remove(&worst.id);
        }
    }
}

impl Strategy for Ucb {
    fn name(&self) -> &'static str {
        "ucb"
    }

    fn observe(&mut self, facts: &Facts, envelope: &Envelope) {
        match &envelope.event {
            Event::Selected(event) => {
                self.flights.take_off(event);
                if let Some(parent) = event.selection.parents.first() {
                    self.arms.set_tries(*parent, self.tries(*parent));
                }
            }
            Event::Rejected(event) => {
                let own =
                    !matches!(event.reason, RejectReason::Interrupted | RejectReason::HostFault);
                self.land(event.candidate, own);
            }
            Event::Evaluated(event) if event.status != EvalStatus::HostFault => {
                if event.purpose != EvalPurpose::Holdout {
                    self.place(facts, event.candidate);
                }
                self.land(event.candidate, true);
            }
            Event::Quarantined(event) => self.arms.remove(event.candidate),
            _ => {}
        }
        self.pool.observe(facts, envelope);
    }

    fn select(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection {
        match self.arms.highest(self.c) {
            Some(parent) => self.pool.complete(facts, rng, parent),
            None => choice::first_step(&self.pool.menu, facts, 0, rng),
        }
    }
}
