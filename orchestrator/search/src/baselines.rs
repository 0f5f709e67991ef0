//! Honest baselines. Many gains in this field vanish against them at equal budget.

use evolve_core::event::{Envelope, Operator, Selection};
use evolve_core::task::SearchSection;
use evolve_core::{CandidateId, Facts};
use rand_pcg::Pcg64Mcg;

use crate::choice::{self, drawable, model_order};
use crate::pool::Pool;
use crate::{Menu, Strategy};

/// Hill climbing: the best candidate is always the parent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Greedy {
    pool: Pool,
}

/// Inspirations of `greedy` come from its best so many.
const GREEDY_ELITES: usize = 64;

impl Greedy {
    pub fn new(config: &SearchSection, menu: Menu) -> Self {
        let capacity = GREEDY_ELITES.min(config.archive as usize);
        Self { pool: Pool::new(menu, capacity, config.inspirations as usize) }
    }
}

impl Strategy for Greedy {
    fn name(&self) -> &'static str {
        "greedy"
    }

    fn observe(&mut self, facts: &Facts, event: &Envelope) {
        self.pool.observe(facts, event);
    }

    fn select(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection {
        let top = || self.pool.archive.best().map(|best| best.id);
        match facts.best.or_else(top) {
            Some(best) => self.pool.complete(facts, rng, best),
            None => choice::first_step(&self.pool.menu, facts, 0, rng),
        }
    }
}

/// No selection pressure: the parent is drawn evenly from the archive.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Random {
    pool: Pool,
}

impl Random {
    pub fn new(config: &SearchSection, menu: Menu) -> Self {
        Self { pool: Pool::new(menu, config.archive as usize, config.inspirations as usize) }
    }
}

impl Strategy for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn observe(&mut self, facts: &Facts, event: &Envelope) {
        self.pool.observe(facts, event);
    }

    fn select(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection {
        match self.pool.archive.ranking(0).any(rng) {
            Some(parent) => self.pool.complete(facts, rng, parent.id),
            None => choice::first_step(&self.pool.menu, facts, 0, rng),
        }
    }
}

/// Independent samples: the start is always the parent, and nothing is shown beside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BestOfN {
    menu: Menu,
}

impl BestOfN {
    pub fn new(menu: Menu) -> Self {
        let mut operators = drawable(&menu);
        // Two parents or a failed one would make the samples depend on each other.
        operators.retain(|(op, _)| !matches!(op, Operator::Fix | Operator::Crossover));
        Self { menu: Menu { operators, models: menu.models } }
    }
}

impl Strategy for BestOfN {
    fn name(&self) -> &'static str {
        "best-of-n"
    }

    fn observe(&mut self, _facts: &Facts, _event: &Envelope) {}

    fn select(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection {
        let Some(start) = facts.candidate(CandidateId::START) else {
            return choice::first_step(&self.menu, facts, 0, rng);
        };
        let operator = choice::operator(&self.menu, &self.menu.operators, rng);
        let parents = if operator == Operator::Draft { Vec::new() } else { vec![start.id] };
        let models = model_order(&self.menu.models, facts, rng);
        Selection { operator, island: 0, parents, inspirations: Vec::new(), models, tactic: None }
    }
}
