//! Polishing inside any strategy: a bandit decides how often the strategy's parent is handed to
//! `mutate` instead of being sent to a model. `adaptive` needs none of this: its own bandit is
//! over all operators.

use std::collections::BTreeMap;

use evolve_core::event::{Envelope, Event, Operator, Selection};
use evolve_core::outcome::{EvalPurpose, EvalStatus, RejectReason};
use evolve_core::task::{Choice, SearchSection};
use evolve_core::{CandidateId, Facts};
use rand::Rng;
use rand_pcg::Pcg64Mcg;

use crate::bandit::Arms;
use crate::choice::usable;
use crate::gains::Scale;
use crate::{Menu, Strategy};

/// What the bandit keeps of the past after each trial: about 150.
const KEEP: f64 = 0.9935;

/// A strategy whose proposals are partly polished.
pub(crate) struct Polished {
    inner: Box<dyn Strategy>,
    /// Weights of proposing otherwise and of polishing.
    weights: [(bool, f64); 2],
    arms: Arms<bool>,
    scale: Scale,
    /// Whether those under way polish.
    under_way: BTreeMap<CandidateId, bool>,
}

/// The weights of all other operators and of `mutate`, where a bandit is to decide between the
/// two; then `mutate` leaves the menu.
pub(crate) fn split(config: &SearchSection, menu: &mut Menu) -> Option<[(bool, f64); 2]> {
    let sum = |polishes: bool| -> f64 {
        let of = menu.operators.iter().filter(|(op, _)| (*op == Operator::Mutate) == polishes);
        of.map(|(_, weight)| usable(*weight)).sum()
    };
    let weights = [(false, sum(false)), (true, sum(true))];
    let decides = config.operator_choice == Choice::Bandit && weights.iter().all(|w| w.1 > 0.0);
    decides.then(|| {
        menu.operators.retain(|(operator, _)| *operator != Operator::Mutate);
        weights
    })
}

impl Polished {
    pub fn new(inner: Box<dyn Strategy>, weights: [(bool, f64); 2]) -> Self {
        let (arms, scale) = (Arms::new(KEEP), Scale::default());
        Self { inner, weights, arms, scale, under_way: BTreeMap::new() }
    }

    /// Half for what it gains on its parent, half for what it gains on the best.
    fn reward(&mut self, facts: &Facts, id: CandidateId) -> f64 {
        let goal = facts.objective().goal;
        let turned = |score: Option<f64>| score.filter(|s| s.is_finite()).map(|s| goal.turned(s));
        let Some(candidate) = facts.candidate(id) else { return 0.0 };
        let Some(own) = turned(candidate.score()) else { return 0.0 };
        let parent = candidate.parents().first().and_then(|parent| facts.candidate(*parent));
        let parent = turned(parent.and_then(|parent| parent.score()));
        let best = turned(facts.best().and_then(|best| best.score()));
        let gains = [parent, best].map(|reference| reference.map_or(0.0, |r| own - r));
        self.scale.observe(gains[0]);
        f64::midpoint(self.scale.share(gains[0]), self.scale.share(gains[1]))
    }
}

impl Strategy for Polished {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn observe(&mut self, facts: &Facts, envelope: &Envelope) {
        self.inner.observe(facts, envelope);
        match &envelope.event {
            Event::Selected(event) if can_be_polished(event.selection.operator) => {
                let polishes = event.selection.operator == Operator::Mutate;
                self.under_way.insert(event.candidate, polishes);
            }
            Event::Rejected(event) => {
                let arm = self.under_way.remove(&event.candidate);
                let silent = [RejectReason::Interrupted, RejectReason::HostFault];
                if let Some(arm) = arm.filter(|_| !silent.contains(&event.reason)) {
                    self.arms.observe(&arm, 0.0);
                }
            }
            Event::Evaluated(event)
                if event.purpose == EvalPurpose::Search
                    && event.status != EvalStatus::HostFault =>
            {
                if let Some(arm) = self.under_way.remove(&event.candidate) {
                    let reward = self.reward(facts, event.candidate);
                    self.arms.observe(&arm, reward);
                }
            }
            _ => {}
        }
    }

    fn waits(&self) -> bool {
        self.inner.waits()
    }

    fn taken(&self, by: CandidateId) -> Vec<CandidateId> {
        self.inner.taken(by)
    }

    fn select(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection {
        let mut selection = self.inner.select(facts, rng);
        let shares = self.arms.adapt(&self.weights, false);
        let polishing = shares.iter().find(|(polishes, _)| *polishes).map_or(0.0, |s| s.1);
        let possible = can_be_polished(selection.operator) && !selection.parents.is_empty();
        if possible && rng.random_bool(polishing.clamp(0.0, 1.0)) {
            selection.operator = Operator::Mutate;
            // A mate is a donor here.
            let mate = selection.parents.split_off(1);
            selection.inspirations.splice(0..0, mate);
        }
        selection
    }
}

/// A draft has no parent, and a parent that failed has nothing to polish.
fn can_be_polished(operator: Operator) -> bool {
    operator.is_chosen() && !matches!(operator, Operator::Draft | Operator::Fix)
}
