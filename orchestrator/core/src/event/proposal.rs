//! From a selection to a program, or to none.

use serde::{Deserialize, Serialize};

use super::is_zero;
use crate::ids::{BlobHash, CandidateId, ModelName};
use crate::money::{TokenUsage, Usd};
use crate::outcome::{CallStatus, RejectReason};
use crate::shape::Shape;

/// What kind of change is asked for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Operator {
    /// The start program itself.
    Start,
    /// A model answers with SEARCH/REPLACE blocks.
    Diff,
    /// A model answers with whole files.
    Rewrite,
    /// A model merges two parents.
    Crossover,
    /// A syntax-aware edit without a model.
    Mutate,
    /// A model mends a parent that failed.
    Fix,
    /// A model writes a first program from the description.
    Draft,
    /// A person gives the program of their own (`evolve inject`). Nothing a strategy chooses.
    Inject,
}

impl Operator {
    /// The word for people and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Diff => "diff",
            Self::Rewrite => "rewrite",
            Self::Crossover => "crossover",
            Self::Mutate => "mutate",
            Self::Fix => "fix",
            Self::Draft => "draft",
            Self::Inject => "inject",
        }
    }

    /// Those that a strategy may choose, and a task give a weight.
    pub const CHOSEN: [Self; 6] =
        [Self::Diff, Self::Rewrite, Self::Crossover, Self::Mutate, Self::Fix, Self::Draft];

    /// Whether a strategy may choose it.
    pub fn is_chosen(self) -> bool {
        Self::CHOSEN.contains(&self)
    }
}

/// What a strategy decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// The kind of change.
    pub operator: Operator,
    /// The island it is for.
    pub island: u32,
    /// The programs to change; the first is the base of a diff. Empty for a draft.
    pub parents: Vec<CandidateId>,
    /// Programs shown for ideas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inspirations: Vec<CandidateId>,
    /// Models in the order in which they should be tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelName>,
    /// Key of the insight that gives the direction, when the search stalls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tactic: Option<String>,
}

/// Money and tokens set aside for a proposal or an analysis: the worst case of all its calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Money.
    pub usd: Usd,
    /// Tokens.
    pub tokens: u64,
}

impl Reservation {
    /// Nothing reserved.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// See [`Event::Selected`](super::Event::Selected).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Selected {
    /// The candidate this proposal may become.
    pub candidate: CandidateId,
    /// What the strategy decided.
    #[serde(flatten)]
    pub selection: Selection,
    /// What may be spent on it.
    #[serde(default, skip_serializing_if = "Reservation::is_zero")]
    pub reserved: Reservation,
}

/// See [`Event::CallSettled`](super::Event::CallSettled).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallSettled {
    /// For which proposal; of an analysis, the newest candidate it is about.
    pub candidate: CandidateId,
    /// For which analysis, if it was made for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis: Option<u64>,
    /// Which model answered.
    pub model: ModelName,
    /// How it ended.
    pub status: CallStatus,
    /// One line on why; empty when ok.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Tokens as the provider counted them, or our estimate where it did not say.
    pub usage: TokenUsage,
    /// Whether `usage` is an estimate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
    /// What it cost.
    pub cost: Usd,
    /// The request as sent, secrets redacted.
    pub request: BlobHash,
    /// The answer as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<BlobHash>,
    /// Milliseconds from request to end.
    pub latency_ms: u64,
}

/// See [`Event::KnowledgeShown`](super::Event::KnowledgeShown).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnowledgeShown {
    /// For which proposal.
    pub candidate: CandidateId,
    /// Ids of cognition items and keys of insights.
    pub items: Vec<String>,
}

/// One edit of a program, as far as it is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// What was done, from the proposer's vocabulary (`literal`, `operator`, `splice` …).
    pub kind: String,
    /// Stable name of the place: survives changes elsewhere in the program.
    pub site: String,
    /// Size of the step, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
}

/// What a proposal changed, in words and in edits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// One line.
    pub summary: String,
    /// What the proposer expects of it, in one line; empty if it did not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prediction: String,
    /// The edits, at most a few dozen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
    /// The idea that was had before and sent back, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<Repeated>,
}

/// An idea that was had before without success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// Who had it.
    pub of: CandidateId,
    /// Whether the proposal still has it: nothing better came.
    pub kept: bool,
}

/// See [`Event::Proposed`](super::Event::Proposed).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposed {
    /// The candidate.
    pub candidate: CandidateId,
    /// Its program.
    pub program: BlobHash,
    /// Hash of the program without comments, blank space and local names; equal programs
    /// by this measure are duplicates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<BlobHash>,
    /// What it looks like from afar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// What was changed.
    pub change: Change,
    /// The model whose answer it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// The prompt that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<BlobHash>,
    /// How often the answer had to be sent back.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repairs: u32,
}

/// See [`Event::Rejected`](super::Event::Rejected).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// The candidate that will not be.
    pub candidate: CandidateId,
    /// Why.
    pub reason: RejectReason,
    /// One line for people and prompts.
    pub detail: String,
    /// The candidate it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clash: Option<CandidateId>,
    /// The prompt that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<BlobHash>,
    /// Reserved and never settled, so counted as spent.
    #[serde(default, skip_serializing_if = "Reservation::is_zero")]
    pub forfeited: Reservation,
}
