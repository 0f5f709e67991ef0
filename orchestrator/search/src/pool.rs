//! One island without learning: what strategies share in which only the parent is chosen.

use evolve_core::event::{Envelope, Event, Operator, Selection};
use evolve_core::outcome::{EvalPurpose, EvalStatus};
use evolve_core::{CandidateId, Facts};
use rand_pcg::Pcg64Mcg;

use crate::Menu;
use crate::archive::Archive;
use crate::choice::{self, drawable, model_order};

/// Candidates with a believed score, ranked, and a menu to choose the rest of a decision from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pool {
    pub menu: Menu,
    pub archive: Archive,
    pub inspirations: usize,
}

impl Pool {
    pub fn new(menu: Menu, capacity: usize, inspirations: usize) -> Self {
        let mut operators = drawable(&menu);
        // Failed candidates are not in the archive.
        operators.retain(|(operator, _)| *operator != Operator::Fix);
        let menu = Menu { operators, models: menu.models };
        Self { menu, archive: Archive::new(1, capacity), inspirations }
    }

    pub fn observe(&mut self, facts: &Facts, envelope: &Envelope) {
        match &envelope.event {
            Event::Evaluated(event)
                if event.purpose != EvalPurpose::Holdout
                    && event.status != EvalStatus::HostFault =>
            {
                let Some(candidate) = facts.candidate(event.candidate) else { return };
                self.archive.remove(candidate.id);
                if let Some(score) = candidate.score().filter(|score| score.is_finite()) {
                    let family = candidate.parents().first().copied().unwrap_or(candidate.id);
                    let score = facts.objective().goal.turned(score);
                    self.archive.insert(0, candidate.id, score, family);
                }
            }
            Event::Quarantined(event) => self.archive.remove(event.candidate),
            _ => {}
        }
    }

    /// The rest of a decision whose parent is chosen: others are drawn evenly.
    pub fn complete(&self, facts: &Facts, rng: &mut Pcg64Mcg, parent: CandidateId) -> Selection {
        let others = self.others(parent, self.inspirations.max(1), rng);
        self.complete_with(facts, rng, parent, others, self.inspirations)
    }

    /// The same with these others, the first of which is the mate where two are merged, and at
    /// most so many inspirations.
    pub fn complete_with(
        &self,
        facts: &Facts,
        rng: &mut Pcg64Mcg,
        parent: CandidateId,
        others: Vec<CandidateId>,
        most: usize,
    ) -> Selection {
        let models = model_order(&self.menu.models, facts, rng);
        choice::with_parent(&self.menu, parent, others, most, 0, models, rng)
    }

    /// Members besides the parent, drawn evenly.
    pub fn others(
        &self,
        parent: CandidateId,
        count: usize,
        rng: &mut Pcg64Mcg,
    ) -> Vec<CandidateId> {
        let mut others = Vec::new();
        for _ in 0..2 * count {
            let drawn = self.archive.ranking(0).any(rng).map(|ranked| ranked.id);
            if let Some(drawn) = drawn.filter(|id| *id != parent && !others.contains(id))
                && others.len() < count
            {
                others.push(drawn);
            }
        }
        others
    }
}
