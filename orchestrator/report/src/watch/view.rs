//! What there is to see of a run.

use evolve_core::facts::{CandidateFacts, CandidateState};
use evolve_core::{CandidateId, Facts};
use jiff::Timestamp;

use super::curve::Curve;
use super::notice::{Notice, Tail};
use crate::format::one_line;
use crate::model::{Moment, Status, detail};

/// Candidates in the list, newest first; older ones are left to `evolve show` and the report.
const LISTED: usize = 1_000;
/// Longest name and longest summary, in characters.
const NAME: usize = 60;
const SUMMARY: usize = 300;

/// What there is to see of a run at one moment.
#[derive(Debug, Clone)]
pub struct View {
    /// Where it stands.
    pub status: Status,
    /// How the best became what it is.
    pub(super) curve: Curve,
    /// The newest candidates, newest first.
    pub rows: Vec<Row>,
    /// What is under way.
    pub work: Work,
    /// Notable events, oldest first.
    pub notices: Vec<Notice>,
    /// Now.
    pub now: Timestamp,
}

/// A candidate in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which.
    pub candidate: CandidateId,
    /// Whether it is the best.
    pub best: bool,
    /// Its evaluation's status, or where it is on its way.
    pub status: &'static str,
    /// Whether it has no score and will get none.
    pub failed: bool,
    /// Its primary metric.
    pub score: Option<f64>,
    /// Score minus the start's, turned so that more is better.
    pub gain: Option<f64>,
    /// Kind of change.
    pub operator: &'static str,
    /// The model whose answer it is.
    pub model: Option<String>,
    /// What was changed; for failures without a change, why.
    pub change: String,
}

/// What is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Proposals being made.
    pub proposals: Vec<Job>,
    /// How many there may be at a time.
    pub proposal_slots: u32,
    /// Evaluations under way.
    pub evaluations: Vec<Job>,
    /// How many there may be at a time.
    pub evaluation_slots: u32,
    /// Candidates that wait for an evaluation.
    pub waiting: usize,
    /// Analyses under way.
    pub analyses: usize,
}

/// A proposal or an evaluation under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// For which candidate.
    pub candidate: CandidateId,
    /// What kind.
    pub kind: &'static str,
    /// When it began, if that is known.
    pub since: Option<Timestamp>,
}

impl View {
    /// What there is to see. `tail`: the newest events.
    pub fn of(facts: &Facts, tail: &Tail, moment: &Moment) -> Self {
        let real = facts.candidates.iter().rev().filter(|c| c.state != CandidateState::Absent);
        Self {
            status: Status::of(facts, moment, None),
            curve: Curve::of(facts),
            rows: real.take(LISTED).map(|candidate| Row::of(facts, candidate)).collect(),
            work: Work::of(facts, tail),
            notices: tail.notices().cloned().collect(),
            now: moment.now,
        }
    }
}

impl Row {
    fn of(facts: &Facts, candidate: &CandidateFacts) -> Self {
        let score = candidate.score().filter(|score| score.is_finite());
        let ended = matches!(candidate.state, CandidateState::Evaluated | CandidateState::Rejected);
        let change = match candidate.change.summary.as_str() {
            "" => detail(candidate),
            summary => summary,
        };
        Self {
            candidate: candidate.id,
            best: facts.best == Some(candidate.id),
            status: candidate.word(),
            failed: ended && score.is_none(),
            score,
            gain: score.and_then(|score| facts.gain(score)),
            operator: candidate.selection.operator.word(),
            model: candidate.model.as_ref().map(|model| one_line(model.as_str(), NAME)),
            change: one_line(change, SUMMARY),
        }
    }
}

impl Work {
    fn of(facts: &Facts, tail: &Tail) -> Self {
        let proposals = facts.proposing.keys().filter_map(|id| facts.candidate(*id));
        let proposals = proposals.map(|candidate| Job {
            candidate: candidate.id,
            kind: candidate.selection.operator.word(),
            since: Some(candidate.selected_at),
        });
        let evaluations = facts.evaluating.iter().map(|(id, running)| Job {
            candidate: *id,
            kind: match running.purpose {
                evolve_core::outcome::EvalPurpose::Search => "search",
                evolve_core::outcome::EvalPurpose::Confirm => "confirm",
                evolve_core::outcome::EvalPurpose::Holdout => "held-out",
            },
            since: tail.begun(*id),
        });
        Self {
            proposals: proposals.collect(),
            proposal_slots: facts.slots.proposals,
            evaluations: evaluations.collect(),
            evaluation_slots: facts.slots.evaluations,
            waiting: facts.ready.len(),
            analyses: facts.analysing.len(),
        }
    }
}
