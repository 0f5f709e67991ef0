//! What is known of one candidate.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{Change, Evaluated, Operator, Selected, Selection};
use crate::ids::{BlobHash, CandidateId, ModelName, Seq};
use crate::money::{TokenUsage, Usd};
use crate::objective::{Goal, Metrics};
use crate::outcome::{EvalStatus, RejectReason, StoredArtifacts, Usage};
use crate::shape::Shape;

/// Where a candidate is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CandidateState {
    /// Number 0 of a seedless run: there is no such candidate.
    Absent,
    /// A proposer is at work.
    Proposing,
    /// It has a program and waits for evaluation.
    Ready,
    /// It is being evaluated.
    Evaluating,
    /// It was evaluated, with or without success.
    Evaluated,
    /// The proposal became no candidate program.
    Rejected,
}

/// An evaluation that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// How it ended.
    pub status: EvalStatus,
    /// One line on why; empty when ok.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The stage that decided, when one failed or gated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<crate::ids::StageName>,
    /// Means over all repeats so far.
    pub metrics: Metrics,
    /// Per-instance scores.
    #[serde(default, skip_serializing_if = "Metrics::is_empty")]
    pub cases: Metrics,
    /// The primary metric by repeat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<f64>,
    /// The judge's paragraph.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub feedback: String,
    /// Artifacts by name.
    #[serde(default, skip_serializing_if = "StoredArtifacts::is_empty")]
    pub artifacts: StoredArtifacts,
    /// The deciding stage's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<BlobHash>,
    /// What it used.
    pub usage: Usage,
    /// Attempts it took.
    pub attempts: u32,
    /// The event that ended it.
    pub seq: Seq,
    /// When it ended.
    pub at: Timestamp,
}

impl Evaluation {
    pub(super) fn from_event(event: &Evaluated, seq: Seq, at: Timestamp) -> Self {
        Self {
            status: event.status,
            detail: event.detail.clone(),
            stage: event.stage.clone(),
            metrics: event.metrics.clone(),
            cases: event.cases.clone(),
            samples: event.samples.clone(),
            feedback: event.feedback.clone(),
            artifacts: event.artifacts.clone(),
            log: event.log,
            usage: event.usage,
            attempts: event.attempt,
            seq,
            at,
        }
    }

    /// Adds the repeats of a confirming evaluation: metrics and cases become means over all
    /// repeats; a failure among the repeats makes the whole evaluation that failure.
    pub(super) fn extend(&mut self, more: &Evaluated, seq: Seq, at: Timestamp) {
        self.usage = self.usage.plus(more.usage);
        self.seq = seq;
        self.at = at;
        if more.status != EvalStatus::Ok {
            self.status = more.status;
            self.detail.clone_from(&more.detail);
            self.stage.clone_from(&more.stage);
            self.log = more.log.or(self.log);
            return;
        }
        let (old, new) = (self.samples.len() as f64, more.samples.len() as f64);
        let blend = |into: &mut Metrics, from: &Metrics| {
            for (name, value) in from {
                into.entry(name.clone())
                    .and_modify(|mean| *mean = (*mean * old + value * new) / (old + new))
                    .or_insert(*value);
            }
        };
        blend(&mut self.metrics, &more.metrics);
        blend(&mut self.cases, &more.cases);
        self.samples.extend_from_slice(&more.samples);
    }
}

/// Why a proposal became no candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The kind.
    pub reason: RejectReason,
    /// One line.
    pub detail: String,
    /// The candidate it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clash: Option<CandidateId>,
}

/// What is known of one candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CandidateFacts {
    /// Its number.
    pub id: CandidateId,
    /// Where it is on its way.
    pub state: CandidateState,
    /// What the strategy decided.
    pub selection: Selection,
    /// Longest chain of first parents behind it; 0 for the start and for drafts.
    pub generation: u32,
    /// Its program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<BlobHash>,
    /// Hash after normalisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<BlobHash>,
    /// What it looks like from afar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// What was changed.
    #[serde(default)]
    pub change: Change,
    /// The model whose answer it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// The prompt that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<BlobHash>,
    /// Requests and answers of its model calls, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<(BlobHash, Option<BlobHash>)>,
    /// Cognition items and insights that were shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<String>,
    /// Tokens of its calls.
    #[serde(default)]
    pub tokens: TokenUsage,
    /// Money for its calls.
    #[serde(default)]
    pub cost: Usd,
    /// Evaluations of it that were begun.
    #[serde(default)]
    pub attempts: u32,
    /// Its search evaluation, extended by confirming ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
    /// Its evaluation on held-out cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<Evaluation>,
    /// Why its result is not believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<String>,
    /// Why it did not become, or remain, the best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demoted: Option<String>,
    /// Why it became no candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Rejection>,
    /// The event that selected it.
    pub selected: Seq,
    /// When that was.
    pub selected_at: Timestamp,
}

impl CandidateFacts {
    pub(super) fn start(program: BlobHash, at: Timestamp) -> Self {
        let mut facts = Self::seedless(at);
        facts.state = CandidateState::Ready;
        facts.program = Some(program);
        facts.shape = Some(Shape::START);
        facts
    }

    pub(super) fn seedless(at: Timestamp) -> Self {
        Self::blank(
            CandidateId::START,
            Seq(0),
            at,
            Selection {
                operator: Operator::Start,
                island: 0,
                parents: Vec::new(),
                inspirations: Vec::new(),
                models: Vec::new(),
                tactic: None,
            },
        )
    }

    pub(super) fn selected(event: &Selected, generation: u32, seq: Seq, at: Timestamp) -> Self {
        let mut facts = Self::blank(event.candidate, seq, at, event.selection.clone());
        facts.state = CandidateState::Proposing;
        facts.generation = generation;
        facts
    }

    fn blank(id: CandidateId, selected: Seq, at: Timestamp, selection: Selection) -> Self {
        Self {
            id,
            state: CandidateState::Absent,
            selection,
            generation: 0,
            program: None,
            normal: None,
            shape: None,
            change: Change::default(),
            model: None,
            prompt: None,
            calls: Vec::new(),
            shown: Vec::new(),
            tokens: TokenUsage::default(),
            cost: Usd::ZERO,
            attempts: 0,
            evaluation: None,
            holdout: None,
            quarantined: None,
            demoted: None,
            rejected: None,
            selected,
            selected_at: at,
        }
    }

    /// Its parents.
    pub fn parents(&self) -> &[CandidateId] {
        &self.selection.parents
    }

    /// A descriptor by its name: `size`, `complexity`, `distance`, `cluster` (that of programs
    /// without one is 0), `generation`, or a metric. Finite.
    pub fn descriptor(&self, name: &str) -> Option<f64> {
        let shape = self.shape.as_ref();
        let value = match name {
            "size" => shape.map(|shape| shape.size),
            "complexity" => shape.map(|shape| shape.complexity),
            "distance" => shape.map(|shape| shape.distance),
            "cluster" => shape.map(|shape| shape.cluster.map_or(0.0, f64::from)),
            "generation" => Some(f64::from(self.generation)),
            metric => self.evaluation.as_ref()?.metrics.get(metric).copied(),
        };
        value.filter(|value| value.is_finite())
    }

    /// The primary metric, if it was evaluated successfully; quarantined results have none.
    pub fn score(&self) -> Option<f64> {
        self.believed().map(mean)
    }

    /// The primary metric by repeat, where it counts; never empty.
    fn believed(&self) -> Option<&[f64]> {
        let evaluation = self.evaluation.as_ref()?;
        let believed = evaluation.status == EvalStatus::Ok && self.quarantined.is_none();
        (believed && !evaluation.samples.is_empty()).then_some(&evaluation.samples)
    }

    /// Whether its score is better than another's, over the repeats that both have from the
    /// given one on: repeats differ in difficulty. Any score is better than none.
    pub fn is_above(&self, other: &Self, goal: Goal, from: usize) -> bool {
        let Some(own) = self.believed() else { return false };
        let Some(others) = other.believed() else { return true };
        let both = own.len().min(others.len());
        let from = from.min(both - 1);
        let mean = |samples: &[f64]| mean(&samples[from..both]);
        goal.is_better(mean(own), mean(others))
    }

    /// One word on where it stands: its evaluation's status, or its state.
    pub fn word(&self) -> &'static str {
        match (&self.evaluation, &self.rejected, self.state) {
            _ if self.quarantined.is_some() => "quarantined",
            (Some(evaluation), _, CandidateState::Evaluated) => evaluation.status.word(),
            (_, Some(rejection), _) => rejection.reason.word(),
            (_, _, CandidateState::Absent) => "absent",
            (_, _, CandidateState::Proposing) => "proposing",
            (_, _, CandidateState::Ready) => "ready",
            (_, _, CandidateState::Evaluating) => "evaluating",
            (_, _, CandidateState::Evaluated) => "evaluated",
            (_, _, CandidateState::Rejected) => "rejected",
        }
    }
}

fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / samples.len() as f64
}
