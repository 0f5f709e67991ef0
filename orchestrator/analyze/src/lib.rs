//! From outcomes to insights: by statistics always, by a model where the task names one.
//!
//! [`StatisticalAnalyzer`] counts who tried what and whether it gained on its parent, what
//! failures have in common, and whether what programs look like goes with their scores. Now and
//! then it says what stands out, in at most [`MOST_INSIGHTS`] insights whose keys never change.
//! [`RunAnalyzer`] adds what a model finds in the newest experiments, merged with what is known.

mod analyzer;
mod answer;
mod by_model;
mod failures;
mod findings;
mod merge;
mod shapes;
mod tactics;
mod tally;

use std::collections::BTreeMap;

use evolve_core::event::{Envelope, Evaluated, Event, Rejected};
use evolve_core::facts::CandidateFacts;
use evolve_core::knowledge::Insight;
use evolve_core::outcome::{EvalPurpose, EvalStatus, RejectReason};
use evolve_core::ports::Learned;
use evolve_core::{CandidateId, Facts};

pub use analyzer::RunAnalyzer;
pub use by_model::ModelSetup;
use failures::Failures;
use findings::{Said, Subject};
use shapes::Shapes;
use tally::Tally;

/// Evaluations between two looks at the counts.
const INTERVAL: u64 = 25;
/// Edits of one candidate that are counted; one that changes everything says little of each.
const MOST_EDITS: usize = 16;
/// Most insights of a run.
pub const MOST_INSIGHTS: usize =
    2 * Subject::ALL.len() + failures::SLOTS + shapes::DESCRIPTORS.len() + tactics::MOST;

/// Learns from counts. The same events give the same insights, whenever they are fed.
#[derive(Debug, Clone, Default)]
pub struct StatisticalAnalyzer {
    evaluated: u64,
    tallies: BTreeMap<Subject, Tally>,
    failures: Failures,
    shapes: Shapes,
    /// What was said last under each key.
    said: BTreeMap<String, Said>,
}

impl StatisticalAnalyzer {
    /// An analyzer that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of an event that was folded into the facts.
    pub fn observe(&mut self, facts: &Facts, envelope: &Envelope) -> Learned {
        match &envelope.event {
            Event::Evaluated(event)
                if event.purpose == EvalPurpose::Search
                    && event.status != EvalStatus::HostFault =>
            {
                self.evaluated(facts, event)
            }
            Event::Rejected(event) => self.rejected(facts, event),
            _ => Learned::default(),
        }
    }

    fn evaluated(&mut self, facts: &Facts, event: &Evaluated) -> Learned {
        let Some(candidate) = facts.candidate(event.candidate) else { return Learned::default() };
        if event.candidate == CandidateId::START {
            return Learned::default();
        }
        self.evaluated += 1;
        self.count(candidate, facts.gained(candidate));
        self.shapes.count(candidate, facts.objective().goal);
        let mut found = Vec::new();
        if event.status != EvalStatus::Ok {
            let text = if event.detail.is_empty() { &event.feedback } else { &event.detail };
            found.extend(self.failed(event.candidate, event.status.word(), text));
        }
        if self.evaluated.is_multiple_of(INTERVAL) {
            found.extend(self.look(facts));
        }
        self.news(found)
    }

    fn rejected(&mut self, facts: &Facts, event: &Rejected) -> Learned {
        let own = !matches!(event.reason, RejectReason::Interrupted | RejectReason::HostFault);
        let Some(candidate) = facts.candidate(event.candidate).filter(|_| own) else {
            return Learned::default();
        };
        self.count(candidate, false);
        // That a program was proposed before, or that no model answered, is no one's bug.
        let telling = !matches!(
            event.reason,
            RejectReason::Duplicate | RejectReason::ModelFailed | RejectReason::NoChange
        );
        let found = telling
            .then(|| self.failed(event.candidate, event.reason.word(), &event.detail))
            .flatten();
        self.news(found.into_iter().collect())
    }

    fn count(&mut self, candidate: &CandidateFacts, gained: bool) {
        let mut count = |subject, name: &str| {
            self.tallies.entry(subject).or_default().count(name, candidate.id, gained);
        };
        // What a person gave is no operator that could be used more or less.
        if candidate.selection.operator.is_chosen() {
            count(Subject::Operator, candidate.selection.operator.word());
        }
        if let Some(model) = &candidate.model {
            count(Subject::Model, model.as_str());
        }
        let (mut kinds, mut sites) = (Vec::new(), Vec::new());
        for edit in candidate.change.edits.iter().take(MOST_EDITS) {
            if !kinds.contains(&&edit.kind) {
                kinds.push(&edit.kind);
                count(Subject::Edit, &edit.kind);
            }
            if !sites.contains(&&edit.site) {
                sites.push(&edit.site);
                count(Subject::Site, &edit.site);
            }
        }
    }

    fn failed(&mut self, id: CandidateId, status: &str, text: &str) -> Option<(Insight, Said)> {
        let slot = self.failures.count(id, status, text)?;
        findings::failure(slot, &self.failures, self.evaluated)
    }

    fn look(&self, facts: &Facts) -> Vec<(Insight, Said)> {
        let mut found = Vec::new();
        for (subject, tally) in &self.tallies {
            found.push(findings::works(*subject, tally));
            found.push(findings::fails(*subject, tally));
        }
        for slot in 0..failures::SLOTS {
            found.extend(findings::failure(slot, &self.failures, self.evaluated));
        }
        found.extend(self.shapes.findings());
        found.extend(tactics::tactics(facts, self.tallies.get(&Subject::Site)));
        found
    }

    /// What of this is new under its key; what no longer stands out is taken back.
    fn news(&mut self, found: Vec<(Insight, Said)>) -> Learned {
        let mut learned = Learned::default();
        for (insight, said) in found {
            if !said.is_news(self.said.get(&insight.key)) {
                continue;
            }
            if said.is_empty() {
                self.said.remove(&insight.key);
                learned.retired.push(insight.key);
            } else {
                self.said.insert(insight.key.clone(), said);
                learned.insights.push(insight);
            }
        }
        learned
    }
}
