//! From events to commits. A commit is a function of the events up to the end of the
//! candidate's search evaluation alone, so that its id never changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use evolve_core::event::{Envelope, Evaluated, Event, Operator};
use evolve_core::ids::{BlobHash, CandidateId, ModelName, Seq};
use evolve_core::money::Usd;
use evolve_core::outcome::{EvalPurpose, EvalStatus};
use serde::{Deserialize, Serialize};

/// A candidate on its way to its commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Pending {
    operator: Operator,
    /// Those that had a commit when this candidate was selected.
    parents: Vec<CandidateId>,
    program: Option<BlobHash>,
    model: Option<ModelName>,
    summary: String,
    cost: Usd,
}

/// What a commit will say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CommitSpec {
    pub(crate) candidate: CandidateId,
    pub(crate) parents: Vec<CandidateId>,
    pub(crate) program: BlobHash,
    pub(crate) author: String,
    /// Seconds since 1970, UTC.
    pub(crate) seconds: i64,
    pub(crate) message: String,
}

/// What the lineage has to remember between events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LineageFold {
    /// The next event it expects.
    pub(crate) next: Seq,
    /// The best candidate.
    pub(crate) best: Option<CandidateId>,
    pending: BTreeMap<CandidateId, Pending>,
    /// Candidates that have a commit. Not stored with the rest: the commits say it.
    #[serde(skip)]
    pub(crate) done: BTreeSet<CandidateId>,
}

impl LineageFold {
    /// Folds one event; a commit, if the event makes one.
    pub(crate) fn apply(&mut self, envelope: &Envelope) -> Option<CommitSpec> {
        self.next = Seq(envelope.seq.0 + 1);
        match &envelope.event {
            Event::RunStarted(event) => {
                if let Some(program) = event.program {
                    let mut start = Pending::new(Operator::Start, Vec::new());
                    start.program = Some(program);
                    start.summary = event.from.as_deref().map_or_else(
                        || "the program the task came with".to_owned(),
                        |from| format!("taken from {from}"),
                    );
                    self.pending.insert(CandidateId::START, start);
                }
            }
            Event::Selected(event) => {
                let mut parents = event.selection.parents.clone();
                let mut seen = BTreeSet::new();
                parents.retain(|parent| self.done.contains(parent) && seen.insert(*parent));
                let pending = Pending::new(event.selection.operator, parents);
                self.pending.insert(event.candidate, pending);
            }
            Event::CallSettled(event) => {
                if let Some(pending) = self.pending.get_mut(&event.candidate) {
                    pending.cost += event.cost;
                }
            }
            Event::Proposed(event) => {
                if let Some(pending) = self.pending.get_mut(&event.candidate) {
                    pending.program = Some(event.program);
                    pending.model.clone_from(&event.model);
                    pending.summary.clone_from(&event.change.summary);
                }
            }
            Event::Rejected(event) => {
                self.pending.remove(&event.candidate);
            }
            Event::Evaluated(event) => return self.evaluated(envelope, event),
            Event::Promoted(event) => self.best = Some(event.candidate),
            _ => {}
        }
        None
    }

    fn evaluated(&mut self, envelope: &Envelope, event: &Evaluated) -> Option<CommitSpec> {
        if event.purpose != EvalPurpose::Search || event.status == EvalStatus::HostFault {
            return None;
        }
        let pending = self.pending.remove(&event.candidate)?;
        let program = pending.program?;
        self.done.insert(event.candidate);
        Some(CommitSpec {
            candidate: event.candidate,
            program,
            author: pending
                .model
                .as_ref()
                .map_or(pending.operator.word(), ModelName::as_str)
                .to_owned(),
            seconds: envelope.at.as_second().max(0),
            message: message(&pending, event),
            parents: pending.parents,
        })
    }
}

impl Pending {
    fn new(operator: Operator, parents: Vec<CandidateId>) -> Self {
        let (summary, cost) = (String::new(), Usd::ZERO);
        Self { operator, parents, program: None, model: None, summary, cost }
    }
}

fn message(pending: &Pending, event: &Evaluated) -> String {
    let operator = pending.operator.word();
    let mut text = format!("{} {operator}", event.candidate);
    if !pending.summary.is_empty() {
        let _ = write!(text, ": {}", one_line(&pending.summary, 120));
    }
    let _ = writeln!(text, "\n\nCandidate: {}", event.candidate);
    let samples = &event.samples;
    if event.status == EvalStatus::Ok && !samples.is_empty() {
        let score = samples.iter().sum::<f64>() / samples.len() as f64;
        let _ = writeln!(text, "Score: {score}");
    }
    let _ = writeln!(text, "Status: {}", event.status.word());
    let _ = writeln!(text, "Operator: {operator}");
    if let Some(model) = &pending.model {
        let _ = writeln!(text, "Model: {}", one_line(model.as_str(), 200));
    }
    let _ = writeln!(text, "Cost: {}", pending.cost);
    for (name, value) in &event.metrics {
        let _ = writeln!(text, "Metric-{}: {value}", token(name));
    }
    text
}

/// A trailer's name may hold letters, digits and `-` only.
fn token(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

fn one_line(text: &str, most: usize) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(most).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use evolve_testkit::generated;

    #[test]
    fn every_evaluated_candidate_gets_one_commit_and_nobody_else_does() {
        let events = generated::events(3, 120);
        let facts = evolve_core::Facts::fold(&events).unwrap();
        let mut fold = LineageFold::default();
        let specs: Vec<_> = events.iter().filter_map(|event| fold.apply(event)).collect();
        let committed: BTreeSet<_> = specs.iter().map(|spec| spec.candidate).collect();
        assert_eq!(committed.len(), specs.len());
        let evaluated = facts.candidates.iter().filter(|c| c.evaluation.is_some()).map(|c| c.id);
        assert_eq!(committed, evaluated.collect());
        assert_eq!(fold.best, facts.best);
        assert!(fold.pending.is_empty());
        let start = &specs[0];
        assert!(start.message.starts_with("c000000 start: the program the task came with\n\n"));
        for spec in &specs {
            let candidate = facts.candidate(spec.candidate).unwrap();
            assert_eq!(spec.parents, candidate.parents());
            assert!(spec.message.contains(&format!("\nCost: {}\n", candidate.cost)));
        }
    }

    #[test]
    fn a_fold_that_was_stored_goes_on_as_if_it_had_not_been() {
        let events = generated::events(3, 60);
        let mut whole = LineageFold::default();
        let mut stored = LineageFold::default();
        for event in &events {
            let json = serde_json::to_string(&stored).unwrap();
            let done = std::mem::take(&mut stored.done);
            stored = serde_json::from_str(&json).unwrap();
            stored.done = done;
            assert_eq!(stored.apply(event), whole.apply(event));
        }
    }

    #[test]
    fn what_a_model_wrote_cannot_forge_a_trailer() {
        assert_eq!(one_line("a\nScore: 9\r\0b", 99), "a Score: 9  b");
        assert_eq!(token("sum of_radii:x"), "sum-of-radii-x");
    }
}
