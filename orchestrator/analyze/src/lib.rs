//! From outcomes to insights, by statistics alone: no model, no clock, no disk.
//!
//! [`StatisticalAnalyzer`] counts who tried what and whether it gained on its parent, and what
//! failures have in common. Now and then it says what stands out, in at most [`MOST_INSIGHTS`]
//! insights whose keys never change.

mod failures;
mod findings;
mod tally;

use std::collections::BTreeMap;

use evolve_core::event::{Envelope, Evaluated, Event, Operator, Rejected};
use evolve_core::facts::CandidateFacts;
use evolve_core::knowledge::Insight;
use evolve_core::outcome::{EvalPurpose, EvalStatus, RejectReason};
use evolve_core::ports::Analyzer;
use evolve_core::{CandidateId, Facts};

use failures::Failures;
use findings::Subject;
use tally::Tally;

/// Evaluations between two looks at the counts.
const INTERVAL: u64 = 25;
/// Edits of one candidate that are counted; one that changes everything says little of each.
const MOST_EDITS: usize = 16;
/// Most insights of a run.
pub const MOST_INSIGHTS: usize = 2 * Subject::ALL.len() + failures::SLOTS;

/// Learns from counts. The same events give the same insights, whenever they are fed.
#[derive(Debug, Clone, Default)]
pub struct StatisticalAnalyzer {
    evaluated: u64,
    tallies: BTreeMap<Subject, Tally>,
    failures: Failures,
    /// What was said last under each key.
    said: BTreeMap<String, findings::Said>,
}

impl StatisticalAnalyzer {
    /// An analyzer that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    fn evaluated(&mut self, facts: &Facts, event: &Evaluated) -> Vec<Insight> {
        let Some(candidate) = facts.candidate(event.candidate) else { return Vec::new() };
        if event.candidate == CandidateId::START {
            return Vec::new();
        }
        self.evaluated += 1;
        self.count(candidate, gained(facts, candidate));
        let mut insights = Vec::new();
        if event.status != EvalStatus::Ok {
            let text = if event.detail.is_empty() { &event.feedback } else { &event.detail };
            insights.extend(self.failed(event.candidate, event.status.word(), text));
        }
        if self.evaluated.is_multiple_of(INTERVAL) {
            insights.extend(self.look());
        }
        insights
    }

    fn rejected(&mut self, facts: &Facts, event: &Rejected) -> Vec<Insight> {
        let own = !matches!(event.reason, RejectReason::Interrupted | RejectReason::HostFault);
        let Some(candidate) = facts.candidate(event.candidate).filter(|_| own) else {
            return Vec::new();
        };
        self.count(candidate, false);
        // That a program was proposed before, or that no model answered, is no one's bug.
        let telling = !matches!(
            event.reason,
            RejectReason::Duplicate | RejectReason::ModelFailed | RejectReason::NoChange
        );
        if telling {
            self.failed(event.candidate, event.reason.word(), &event.detail).into_iter().collect()
        } else {
            Vec::new()
        }
    }

    fn count(&mut self, candidate: &CandidateFacts, gained: bool) {
        let mut count = |subject, name: &str| {
            self.tallies.entry(subject).or_default().count(name, candidate.id, gained);
        };
        count(Subject::Operator, candidate.selection.operator.word());
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

    fn failed(&mut self, id: CandidateId, status: &str, text: &str) -> Option<Insight> {
        let slot = self.failures.count(id, status, text)?;
        let (insight, said) = findings::failure(slot, &self.failures, self.evaluated)?;
        self.say(insight, said)
    }

    fn look(&mut self) -> Vec<Insight> {
        let mut found = Vec::new();
        for (subject, tally) in &self.tallies {
            found.push(findings::works(*subject, tally));
            found.push(findings::fails(*subject, tally));
        }
        for slot in 0..failures::SLOTS {
            found.extend(findings::failure(slot, &self.failures, self.evaluated));
        }
        found.into_iter().filter_map(|(insight, said)| self.say(insight, said)).collect()
    }

    /// Lets an insight pass if it says something new under its key.
    fn say(&mut self, insight: Insight, said: findings::Said) -> Option<Insight> {
        let before = self.said.get(&insight.key);
        if !said.is_news(before) {
            return None;
        }
        self.said.insert(insight.key.clone(), said);
        Some(insight)
    }
}

impl Analyzer for StatisticalAnalyzer {
    fn observe(&mut self, facts: &Facts, envelope: &Envelope) -> Vec<Insight> {
        match &envelope.event {
            Event::Evaluated(event)
                if event.purpose == EvalPurpose::Search
                    && event.status != EvalStatus::HostFault =>
            {
                self.evaluated(facts, event)
            }
            Event::Rejected(event) => self.rejected(facts, event),
            _ => Vec::new(),
        }
    }
}

/// Whether a candidate is better than its first parent. A parent without a score is bettered by
/// any score; a draft, which has no parent, by no one but the start.
fn gained(facts: &Facts, candidate: &CandidateFacts) -> bool {
    let Some(score) = candidate.score() else { return false };
    let parent = candidate.parents().first().and_then(|parent| facts.candidate(*parent));
    let reference = match parent {
        Some(parent) => parent.score(),
        None if candidate.selection.operator == Operator::Draft => facts.start_score(),
        None => None,
    };
    reference.is_none_or(|reference| facts.objective().goal.is_better(score, reference))
}
