//! `two-level`: a pool of the best; the parent is drawn from its first ranks, the references
//! that inspire from the ranks below (ASI-Arch, section on sampling).

use evolve_core::event::{Envelope, Selection};
use evolve_core::task::SearchSection;
use evolve_core::{CandidateId, Facts};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;

use crate::choice;
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::{Menu, Strategy};

/// See the module's page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TwoLevel {
    pool: Pool,
    size: usize,
    parents: usize,
    references: usize,
}

impl TwoLevel {
    pub fn new(config: &SearchSection, menu: Menu, parameters: &Parameters) -> Self {
        Self {
            pool: Pool::new(menu, config.archive as usize, parameters.count("references")),
            size: parameters.count("pool"),
            parents: parameters.count("parents"),
            references: parameters.count("references"),
        }
    }

    /// So many of the ranks below the parents'; of the parents' where there are no lower ones.
    fn below(&self, parent: CandidateId, rng: &mut Pcg64Mcg) -> Vec<CandidateId> {
        let ranking = self.pool.archive.ranking(0).descending().take(self.size);
        let ranked = ranking.map(|member| member.id);
        let (mut upper, mut lower): (Vec<_>, Vec<_>) = ranked
            .enumerate()
            .filter(|(_, id)| *id != parent)
            .partition(|(rank, _)| *rank < self.parents);
        lower.shuffle(rng);
        upper.shuffle(rng);
        let all = lower.into_iter().chain(upper).map(|(_, id)| id);
        all.take(self.references.max(1)).collect()
    }
}

impl Strategy for TwoLevel {
    fn name(&self) -> &'static str {
        "two-level"
    }

    fn observe(&mut self, facts: &Facts, event: &Envelope) {
        self.pool.observe(facts, event);
    }

    fn select(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection {
        let ranking = self.pool.archive.ranking(0);
        let first = ranking.len().min(self.parents).min(self.size);
        let parent = (first > 0).then(|| rng.random_range(0..first));
        match parent.and_then(|rank| ranking.at(rank)) {
            Some(parent) => {
                let others = self.below(parent.id, rng);
                self.pool.complete_with(facts, rng, parent.id, others, self.references)
            }
            None => choice::first_step(&self.pool.menu, facts, 0, rng),
        }
    }
}
