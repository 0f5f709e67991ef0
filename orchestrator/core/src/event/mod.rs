//! Events: the append-only truth of a run. Facts are folded from these alone.

mod analysis;
mod control;
mod evaluation;
mod proposal;
mod run;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{BlobHash, Seq};

pub use analysis::{AnalysisPurpose, AnalysisStarted, Analyzed};
pub use control::{BreakerChanged, BudgetChanged, PauseCause, Paused};
pub use evaluation::{EvalStarted, Evaluated, Promoted, StageDone, Verdict};
pub use proposal::{
    CallSettled, Change, Edit, KnowledgeShown, Operator, Proposed, Rejected, Repeated, Reservation,
    Selected, Selection,
};
pub use run::{BudgetKey, Resumed, RunStarted, Slots, StopReason, Stopped};

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

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
fn is_zero(n: &u32) -> bool {
    *n == 0
}
