//! `epoch`: batch-style research. All proposals of an epoch end before the next one begins; some
//! exploit the best of earlier epochs, the others begin anew, and each is shown the ideas that
//! its epoch has already taken (Si et al., "Towards Execution-Grounded Automated AI Research").

use std::collections::BTreeMap;

use evolve_core::event::{Envelope, Event, Operator, Selection};
use evolve_core::task::SearchSection;
use evolve_core::{CandidateId, Facts};
use rand::Rng;
use rand_pcg::Pcg64Mcg;

use crate::choice;
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::{Menu, Strategy};

/// Ideas of the epoch that a proposal is shown at most.
const TAKEN: usize = 20;

/// See the module's page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Epoch {
    pool: Pool,
    batch: usize,
    parents: usize,
    round: u32,
    /// This epoch's proposals, and whether each is resolved.
    members: BTreeMap<CandidateId, bool>,
    /// The best of earlier epochs, best first.
    elites: Vec<CandidateId>,
}

impl Epoch {
    pub fn new(config: &SearchSection, menu: Menu, parameters: &Parameters) -> Self {
        Self {
            pool: Pool::new(menu, config.archive as usize, config.inspirations as usize),
            batch: parameters.count("batch"),
            parents: parameters.count("parents"),
            round: 0,
            members: BTreeMap::new(),
            elites: Vec::new(),
        }
    }

    /// min(0.5 + 0.1·⌊e/2⌋, 0.8) of an epoch's proposals exploit.
    fn exploits(&self) -> f64 {
        (0.5 + 0.1 * f64::from(self.round / 2)).min(0.8)
    }

    fn resolved(&mut self, candidate: CandidateId) {
        let Some(resolved) = self.members.get_mut(&candidate) else { return };
        *resolved = true;
        if self.members.len() >= self.batch && self.members.values().all(|resolved| *resolved) {
            self.round += 1;
            self.members.clear();
            let best = self.pool.archive.ranking(0).descending().take(self.parents);
            self.elites = best.map(|ranked| ranked.id).collect();
        }
    }

    /// A step away from what is there: the start written anew, or a draft.
    fn anew(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection {
        let has_start = self.pool.archive.member(CandidateId::START).is_some();
        if !has_start {
            return choice::first_step(&self.pool.menu, facts, 0, rng);
        }
        let mut selection = self.pool.complete_with(facts, rng, CandidateId::START, Vec::new(), 0);
        let rewrites = self.pool.menu.operators.iter().any(|(op, _)| *op == Operator::Rewrite);
        if selection.operator == Operator::Diff && rewrites {
            selection.operator = Operator::Rewrite;
        }
        selection
    }
}

impl Strategy for Epoch {
    fn name(&self) -> &'static str {
        "epoch"
    }

    fn observe(&mut self, facts: &Facts, envelope: &Envelope) {
        self.pool.observe(facts, envelope);
        match &envelope.event {
            // A person's program belongs to no epoch; the next one may build on it.
            Event::Selected(event) if event.selection.operator.is_chosen() => {
                self.members.insert(event.candidate, false);
            }
            Event::Rejected(event) => self.resolved(event.candidate),
            Event::Evaluated(event) => self.resolved(event.candidate),
            _ => {}
        }
    }

    fn waits(&self) -> bool {
        self.members.len() >= self.batch
    }

    fn taken(&self, by: CandidateId) -> Vec<CandidateId> {
        let others = self.members.keys().rev().filter(|id| **id != by);
        others.take(TAKEN).copied().collect()
    }

    fn select(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection {
        let exploits = rng.random_bool(self.exploits());
        let elite = (!self.elites.is_empty() && exploits)
            .then(|| self.elites[rng.random_range(0..self.elites.len())]);
        match elite {
            Some(parent) => self.pool.complete(facts, rng, parent),
            None => self.anew(facts, rng),
        }
    }
}
