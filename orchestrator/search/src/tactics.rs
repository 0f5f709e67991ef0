//! The hook by which the analyzer's tactics reach a strategy that stalls: while too few of the
//! newest proposals gain, some are given a direction, each tactic in its turn. Wraps any strategy
//! but the baseline of independent samples.

use std::collections::{BTreeMap, VecDeque};

use evolve_core::event::{Envelope, Event, Operator, Selection};
use evolve_core::knowledge::InsightKind;
use evolve_core::outcome::{EvalPurpose, EvalStatus};
use evolve_core::{CandidateId, Facts};
use rand::Rng;
use rand_pcg::Pcg64Mcg;

use crate::Strategy;

/// Newest proposals that are looked at, and the share of gains among them below which the search
/// stalls: AdaEvolve's window and threshold (SkyDiscover).
const WINDOW: usize = 10;
const STALLED: f64 = 0.12;
/// Share of proposals that get a direction while it stalls.
const SHARE: f64 = 0.5;

/// A strategy some of whose proposals are given a direction.
pub(crate) struct Directed {
    inner: Box<dyn Strategy>,
    /// Whether the newest proposals gained.
    newest: VecDeque<bool>,
    /// How often each tactic was followed.
    followed: BTreeMap<String, u32>,
}

impl Directed {
    pub fn new(inner: Box<dyn Strategy>) -> Self {
        Self { inner, newest: VecDeque::new(), followed: BTreeMap::new() }
    }

    fn ended(&mut self, gained: bool) {
        self.newest.push_back(gained);
        if self.newest.len() > WINDOW {
            self.newest.pop_front();
        }
    }

    fn stalls(&self) -> bool {
        let gains = self.newest.iter().filter(|gained| **gained).count();
        self.newest.len() == WINDOW && (gains as f64) < STALLED * WINDOW as f64
    }

    /// The tactic that was followed least, the surer and then the newer first.
    fn next(&self, facts: &Facts) -> Option<String> {
        let tactics = facts.insights.values().filter(|i| i.kind == InsightKind::Tactic);
        let rank = |key: &String| self.followed.get(key).copied().unwrap_or(0);
        tactics
            .min_by(|a, b| {
                rank(&a.key)
                    .cmp(&rank(&b.key))
                    .then(b.confidence.total_cmp(&a.confidence))
                    .then(b.key.cmp(&a.key))
            })
            .map(|insight| insight.key.clone())
    }
}

impl Strategy for Directed {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn observe(&mut self, facts: &Facts, envelope: &Envelope) {
        self.inner.observe(facts, envelope);
        match &envelope.event {
            Event::Selected(event) => {
                if let Some(tactic) = &event.selection.tactic {
                    *self.followed.entry(tactic.clone()).or_default() += 1;
                }
            }
            Event::Rejected(_) => self.ended(false),
            Event::Evaluated(event)
                if event.purpose == EvalPurpose::Search
                    && event.status != EvalStatus::HostFault
                    && event.candidate != CandidateId::START =>
            {
                // A person's program says nothing about how the search does.
                let candidate = facts.candidate(event.candidate);
                if let Some(own) = candidate.filter(|c| c.selection.operator.is_chosen()) {
                    self.ended(facts.gained(own));
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
        let reads = !matches!(selection.operator, Operator::Mutate | Operator::Fix);
        if reads && self.stalls() {
            selection.tactic = self.next(facts).filter(|_| rng.random_bool(SHARE));
        }
        selection
    }
}
