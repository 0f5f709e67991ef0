//! The read model: answers about a run as plain, serialisable structures.
//!
//! These are what `--json` prints. Each whole answer carries `"version": 1`; a field may be
//! added within a version, never removed or changed in meaning. Scores, metrics and gains are
//! numbers or `null`: what is not finite is `null`. Times are RFC 3339 in UTC, lengths of time
//! are seconds, money is US dollars, sizes are bytes.
//!
//! Everything is a pure function of the facts, the blobs and the [`Moment`].

mod best;
mod blob;
mod candidate;
mod diff;
mod evaluation;
mod export;
mod front;
mod knowledge;
mod lineage;
mod list;
mod status;
mod tally;

use std::collections::BTreeMap;

use evolve_core::objective::Metrics;
use evolve_store::{RunDir, RunLock};
use jiff::Timestamp;

pub use best::{Best, BestView};
pub use blob::{ArtifactView, BlobText, ProgramView};
pub use candidate::{CallView, CandidateView, ParentView, VersusView};
pub use diff::{DiffLine, FileDiff, Hunk, LineKind, ProgramDiff, program_diff};
pub use evaluation::EvaluationView;
pub(crate) use export::detail;
pub use export::{ExportLine, export};
pub use front::{Front, FrontPoint};
pub use knowledge::{KnowledgeWorth, Predictions};
pub use lineage::{LineageStep, LineageView};
pub use list::{BrokenRun, RunLine, RunList};
pub(crate) use status::stop_words;
pub use status::{
    Amount, BudgetUse, CandidateCounts, Cost, RunState, Status, Stop, UnderWay, stop_of,
};
pub use tally::{
    FailureKind, ModelUse, Novelty, OperatorUse, Phase, Tokens, failures, models, operators,
};

/// Version of every JSON answer.
pub const VERSION: u32 = 1;

/// Metrics by name; `null` where a value is not finite.
pub type Numbers = BTreeMap<String, Option<f64>>;

/// What a reader knows besides the journal: the time, and whether a process has the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// Whether a process holds the run's lock.
    pub process: Process,
}

/// Whether a process holds a run's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// One does.
    Alive,
    /// None does.
    Gone,
    /// It was not looked at; the journal is believed.
    Unknown,
}

impl Moment {
    /// Now, and whether a process has this run.
    pub fn of(run: &RunDir) -> Self {
        let alive = RunLock::holder(run).is_some();
        let process = if alive { Process::Alive } else { Process::Gone };
        Self { now: Timestamp::now(), process }
    }

    /// This time, with nothing known of the process.
    pub fn at(now: Timestamp) -> Self {
        Self { now, process: Process::Unknown }
    }
}

/// The number, if it is one.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn numbers(metrics: &Metrics) -> Numbers {
    metrics.iter().map(|(name, value)| (name.clone(), finite(*value))).collect()
}
