//! Events: the append-only truth of a run. Facts are folded from these alone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{BlobHash, CandidateId, ModelName, RunId, Seq, StageName};
use crate::knowledge::Insight;
use crate::money::{TokenUsage, Usd};
use crate::objective::Metrics;
use crate::outcome::{CallStatus, EvalPurpose, EvalStatus, RejectReason, StoredArtifacts, Usage};
use crate::shape::Shape;
use crate::task::{Budget, TaskConfig};

/// The journal format this version writes. Older ones are read through migrations in `store`.
pub const JOURNAL_VERSION: u32 = 1;

/// An event with its place and time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Format version of this line.
    pub v: u32,
    /// Position in the journal.
    pub seq: Seq,
    /// When it was written; never part of a decision or of the canonical hash.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened. Field meanings are those of the glossary in `docs/architecture.md`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[allow(clippy::large_enum_variant)] // one RunStarted per run, thousands of the others
pub enum Event {
    /// The run began; always event 0.
    RunStarted(RunStarted),
    /// A selection was made and its money and parents reserved.
    Selected(Selected),
    /// A model call ended and was paid for.
    CallSettled(CallSettled),
    /// Cognition items and insights were shown to the proposer.
    KnowledgeShown(KnowledgeShown),
    /// A program was proposed; it waits for evaluation.
    Proposed(Proposed),
    /// A proposal became no candidate program.
    Rejected(Rejected),
    /// An evaluation was handed to a sandbox.
    EvalStarted(EvalStarted),
    /// One stage (one repeat of it) ended.
    StageDone(StageDone),
    /// An evaluation ended.
    Evaluated(Evaluated),
    /// A result is too good, or failed its verification, and is not believed.
    Quarantined(Verdict),
    /// A candidate became the best.
    Promoted(Promoted),
    /// A would-be winner did not convince, or the best fell back.
    Demoted(Verdict),
    /// A model was asked what some evaluations show; its money is reserved.
    AnalysisStarted(AnalysisStarted),
    /// The analyzer's new or changed insights.
    Analyzed(Analyzed),
    /// A budget was changed from outside.
    BudgetChanged(BudgetChanged),
    /// A model's circuit breaker opened or closed.
    BreakerChanged(BreakerChanged),
    /// Nothing new starts; what is under way ends.
    Paused(Paused),
    /// Work goes on, in this process or a new one.
    Resumed(Resumed),
    /// The run came to rest.
    Stopped(Stopped),
}

impl Event {
    /// Every blob this event names; they are durable before the event is.
    pub fn blobs(&self) -> Vec<BlobHash> {
        match self {
            Self::RunStarted(event) => event.program.into_iter().collect(),
            Self::CallSettled(event) => {
                std::iter::once(event.request).chain(event.response).collect()
            }
            Self::Proposed(event) => std::iter::once(event.program).chain(event.prompt).collect(),
            Self::Rejected(event) => event.prompt.into_iter().collect(),
            Self::StageDone(event) => event.log.into_iter().collect(),
            Self::Evaluated(event) => event.artifacts.values().copied().chain(event.log).collect(),
            _ => Vec::new(),
        }
    }
}

/// How many proposals and evaluations run side by side; resolved when a process starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    /// Proposals under way at once.
    pub proposals: u32,
    /// Evaluations under way at once.
    pub evaluations: u32,
}

/// See [`Event::RunStarted`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    /// This run.
    pub run: RunId,
    /// The resolved configuration: defaults filled in, overrides applied.
    pub task: TaskConfig,
    /// Every override from the command line, as written.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// The start program; none for a seedless task.
    pub program: Option<BlobHash>,
    /// The run and candidate the start program was taken from (`--from`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How many programs of `program.population` are proposed before the strategy is asked.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub population: u32,
    /// Seed of every random draw.
    pub seed: u64,
    /// Worker counts.
    pub slots: Slots,
    /// Which proposer makes the changes: `mutate`, `model`, …
    pub proposer: String,
    /// Whether the analyzer is at work.
    #[serde(default)]
    pub analyzer: bool,
    /// What the sandbox enforces and what it cannot, in words for the report.
    pub sandbox: Vec<String>,
    /// Version of the program that wrote this, with its commit.
    pub evolve: String,
    /// Where it ran: system, cores, memory, interpreter. Not part of the canonical hash.
    #[serde(default)]
    pub host: BTreeMap<String, String>,
}

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

/// See [`Event::Selected`].
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

/// See [`Event::CallSettled`].
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

/// See [`Event::KnowledgeShown`].
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
}

/// See [`Event::Proposed`].
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

/// See [`Event::Rejected`].
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

/// See [`Event::EvalStarted`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvalStarted {
    /// Which candidate.
    pub candidate: CandidateId,
    /// Counts the evaluations of this candidate that were begun, from 1.
    pub attempt: u32,
    /// Why it runs.
    pub purpose: EvalPurpose,
    /// First and one past the last repeat.
    pub repeats: (u32, u32),
}

/// See [`Event::StageDone`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageDone {
    /// Which candidate.
    pub candidate: CandidateId,
    /// Which attempt.
    pub attempt: u32,
    /// Why it runs.
    pub purpose: EvalPurpose,
    /// Which stage.
    pub stage: StageName,
    /// Which repeat.
    pub repeat: u32,
    /// How it ended.
    pub status: EvalStatus,
    /// The judge's numbers.
    pub metrics: Metrics,
    /// What the commands printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<BlobHash>,
    /// What it used.
    pub usage: Usage,
}

/// See [`Event::Evaluated`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluated {
    /// Which candidate.
    pub candidate: CandidateId,
    /// Which attempt.
    pub attempt: u32,
    /// Why it ran.
    pub purpose: EvalPurpose,
    /// How it ended.
    pub status: EvalStatus,
    /// One line on why; empty when ok.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The stage that decided, when one failed or gated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<StageName>,
    /// Means over the repeats.
    pub metrics: Metrics,
    /// Per-instance scores, means over the repeats.
    #[serde(default, skip_serializing_if = "Metrics::is_empty")]
    pub cases: Metrics,
    /// The primary metric of each repeat of this evaluation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<f64>,
    /// The judge's paragraph for the next prompt.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub feedback: String,
    /// Artifacts by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: StoredArtifacts,
    /// The log of the stage that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<BlobHash>,
    /// Sum over stages and repeats.
    pub usage: Usage,
}

/// See [`Event::Quarantined`] and [`Event::Demoted`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which candidate.
    pub candidate: CandidateId,
    /// Why.
    pub why: String,
}

/// See [`Event::Promoted`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Promoted {
    /// The new best.
    pub candidate: CandidateId,
    /// Its score.
    pub score: f64,
    /// Score minus the start's, turned so that more is better; 0 for the first.
    pub gain: f64,
    /// The best before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<CandidateId>,
}

/// What an analysis by a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnalysisPurpose {
    /// To learn from the newest evaluations.
    Learn,
    /// To make a few insights and tactics of many insights.
    Synthesis,
}

/// See [`Event::AnalysisStarted`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnalysisStarted {
    /// Counts analyses from 1.
    pub analysis: u64,
    /// What it is for.
    pub purpose: AnalysisPurpose,
    /// The candidates it is about, oldest first.
    pub candidates: Vec<CandidateId>,
    /// What may be spent on it.
    #[serde(default, skip_serializing_if = "Reservation::is_zero")]
    pub reserved: Reservation,
}

/// See [`Event::Analyzed`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Analyzed {
    /// The analysis that ended with this; none for what was found by statistics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis: Option<u64>,
    /// New insights, and old ones whose evidence changed.
    pub insights: Vec<Insight>,
    /// Keys of insights that are no longer held, because others say the same better.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<String>,
    /// Why an analysis found nothing; empty if it found something, or there was nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// See [`Event::BudgetChanged`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetChanged {
    /// The whole budget from now on.
    pub budget: Budget,
    /// The change as written, for example `candidates=500`.
    pub change: String,
}

/// See [`Event::BreakerChanged`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakerChanged {
    /// Which model.
    pub model: ModelName,
    /// Open: the model is not asked for now.
    pub open: bool,
    /// Why.
    pub why: String,
}

/// Why nothing new starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PauseCause {
    /// `evolve pause`: the process stays and waits.
    Asked,
    /// Ctrl-C once or `evolve stop`: drain, then stop.
    Draining,
}

/// See [`Event::Paused`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paused {
    /// Why.
    pub cause: PauseCause,
}

/// See [`Event::Resumed`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// Set when a new process took the run over: its worker counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<Slots>,
    /// What was noticed, for example a changed task folder.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Which budget ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetKey {
    /// Evaluated candidates.
    Candidates,
    /// Money.
    Usd,
    /// Time the run was up.
    Wall,
    /// Tokens.
    Tokens,
    /// Candidates without a real gain.
    Stagnation,
}

impl BudgetKey {
    /// The key in `[budget]`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Candidates => "candidates",
            Self::Usd => "usd",
            Self::Wall => "wall",
            Self::Tokens => "tokens",
            Self::Stagnation => "stagnation",
        }
    }
}

/// Why a run came to rest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum StopReason {
    /// The best score reached the objective's target.
    Target,
    /// A budget was used up.
    Budget {
        /// Which one.
        budget: BudgetKey,
    },
    /// The proposer finds nothing new.
    Exhausted {
        /// What was seen.
        detail: String,
    },
    /// Ctrl-C, SIGTERM or `evolve stop`.
    Interrupted,
    /// The host or every model failed; mend it and resume.
    Fault {
        /// What failed and what to do.
        detail: String,
    },
    /// The start program fails its own evaluation.
    BadStart {
        /// How.
        detail: String,
    },
}

/// See [`Event::Stopped`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stopped {
    /// Why.
    #[serde(flatten)]
    pub reason: StopReason,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
fn is_zero(n: &u32) -> bool {
    *n == 0
}
