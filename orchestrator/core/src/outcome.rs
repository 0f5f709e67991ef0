//! What can come of a proposal, a model call and an evaluation. A host fault is told apart
//! from a candidate's own failure everywhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{BlobHash, StageName};
use crate::objective::Metrics;

/// How an evaluation, or one stage of it, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvalStatus {
    /// All stages passed and the metrics are valid.
    Ok,
    /// A stage's gate said no; later stages did not run.
    Gated,
    /// A metric is missing, NaN or infinite, or the judge rejected the output.
    Invalid,
    /// The candidate's command ended with a failure or a signal.
    Crashed,
    /// The stage's timeout passed; the whole process tree was killed.
    TimedOut,
    /// The memory limit was hit.
    OutOfMemory,
    /// Another limit was hit: output size, file count, processes.
    LimitHit,
    /// The judge itself failed, or wrote something that is not a result.
    JudgeFailed,
    /// The host could not do it: a tool is missing, the sandbox is down, the disk is full.
    /// Never counted against the candidate.
    HostFault,
}

impl EvalStatus {
    /// Every status, in the order reports show them.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Gated,
        Self::Invalid,
        Self::Crashed,
        Self::TimedOut,
        Self::OutOfMemory,
        Self::LimitHit,
        Self::JudgeFailed,
        Self::HostFault,
    ];

    /// The word for people and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Gated => "gated",
            Self::Invalid => "invalid",
            Self::Crashed => "crashed",
            Self::TimedOut => "timed-out",
            Self::OutOfMemory => "out-of-memory",
            Self::LimitHit => "limit-hit",
            Self::JudgeFailed => "judge-failed",
            Self::HostFault => "host-fault",
        }
    }
}

/// Why an evaluation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvalPurpose {
    /// The candidate's first evaluation: the cascade with the least repeats.
    Search,
    /// More repeats for a would-be winner, up to the stage's `repeats.max`.
    Confirm,
    /// Held-out cases for a would-be winner; never shown to a prompt.
    Holdout,
}

/// What a run of a command used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Seconds from start to end.
    pub wall_s: f64,
    /// User and system CPU seconds of the whole process tree, as far as the kernel tells.
    pub cpu_s: f64,
    /// Peak memory in bytes: of all processes together where the kernel counts that, else of
    /// the largest.
    pub peak_memory: u64,
    /// Bytes read from devices, where the kernel counts that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub io_read: Option<u64>,
    /// Bytes written to devices, where the kernel counts that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub io_written: Option<u64>,
    /// Joules, where the machine counts that: of the processors by its share of their time, of
    /// the GPUs it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_j: Option<f64>,
}

impl Usage {
    /// Both one after the other.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            wall_s: self.wall_s + other.wall_s,
            cpu_s: self.cpu_s + other.cpu_s,
            peak_memory: self.peak_memory.max(other.peak_memory),
            io_read: sum(self.io_read, other.io_read),
            io_written: sum(self.io_written, other.io_written),
            energy_j: match (self.energy_j, other.energy_j) {
                (Some(one), Some(other)) => Some(one + other),
                (one, other) => one.or(other),
            },
        }
    }
}

fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}

/// One stage's outcome for one repeat, with the bytes not yet stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StageReport {
    /// Which stage.
    pub stage: StageName,
    /// Which repeat, from 0.
    pub repeat: u32,
    /// How it ended.
    pub status: EvalStatus,
    /// One line on why, for people and prompts; empty when ok.
    pub detail: String,
    /// The judge's numbers.
    pub metrics: Metrics,
    /// Per-instance scores.
    pub cases: Metrics,
    /// Artifacts by name.
    pub artifacts: BTreeMap<String, Vec<u8>>,
    /// The judge's paragraph for the next prompt.
    pub feedback: String,
    /// What the run and judge commands printed, capped head and tail.
    pub log: Vec<u8>,
    /// What it used, both sides together.
    pub usage: Usage,
}

/// A whole evaluation's outcome, with the bytes not yet stored.
#[derive(Debug, Clone, PartialEq)]
pub struct EvalReport {
    /// How it ended: the status of the first stage that was not ok, else ok.
    pub status: EvalStatus,
    /// One line on why; empty when ok.
    pub detail: String,
    /// The stage that decided, when one failed or gated.
    pub stage: Option<StageName>,
    /// Metrics of all stages that ran (later stages override), means over the repeats.
    pub metrics: Metrics,
    /// Per-instance scores, means over the repeats.
    pub cases: Metrics,
    /// The primary metric of each repeat, by repeat number; empty unless ok.
    pub samples: Vec<f64>,
    /// The last paragraph of feedback.
    pub feedback: String,
    /// Artifacts by name; failures add theirs.
    pub artifacts: BTreeMap<String, Vec<u8>>,
    /// The log of the stage that decided.
    pub log: Vec<u8>,
    /// Sum over stages and repeats.
    pub usage: Usage,
}

impl EvalReport {
    /// A host fault with its reason.
    pub fn host_fault(detail: impl Into<String>) -> Self {
        Self {
            status: EvalStatus::HostFault,
            detail: detail.into(),
            stage: None,
            metrics: Metrics::new(),
            cases: Metrics::new(),
            samples: Vec::new(),
            feedback: String::new(),
            artifacts: BTreeMap::new(),
            log: Vec::new(),
            usage: Usage::default(),
        }
    }
}

/// Why a proposal became no candidate program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectReason {
    /// The same program, or the same after normalisation, was proposed before.
    Duplicate,
    /// The patch could not be applied, after the bounded number of repairs.
    PatchFailed,
    /// The result does not parse.
    Syntax,
    /// An edit outside the editable regions.
    OutsideRegion,
    /// The program is larger than the task allows.
    TooLarge,
    /// The change brings in what the task forbids.
    Denied,
    /// The answer held no patch or program at all.
    Unusable,
    /// The model refused.
    Refused,
    /// No model gave an answer: errors, time-outs, cut streams.
    ModelFailed,
    /// The task's own command failed, or its time was over.
    CommandFailed,
    /// The proposer could not think of a change (`mutate` on a program without a site).
    NoChange,
    /// The process ended while the proposal was under way.
    Interrupted,
    /// The host could not do it (a lost blob, a proposer that died).
    HostFault,
}

impl RejectReason {
    /// The word for people and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::PatchFailed => "patch-failed",
            Self::Syntax => "syntax",
            Self::OutsideRegion => "outside-region",
            Self::TooLarge => "too-large",
            Self::Denied => "denied",
            Self::Unusable => "unusable",
            Self::Refused => "refused",
            Self::ModelFailed => "model-failed",
            Self::CommandFailed => "command-failed",
            Self::NoChange => "no-change",
            Self::Interrupted => "interrupted",
            Self::HostFault => "host-fault",
        }
    }
}

/// How a model call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallStatus {
    /// A finished answer.
    Ok,
    /// 429.
    RateLimited,
    /// 5xx.
    ServerError,
    /// Other 4xx: a wrong key, a wrong model name, a prompt that is too long.
    Rejected,
    /// Connection refused, reset, name not found.
    Unreachable,
    /// No first byte, or no next one, in time.
    TimedOut,
    /// The answer ended without a finish reason, or at the token limit.
    Truncated,
    /// 200, but not an answer.
    Garbled,
    /// The provider's filter or the model refused.
    Refused,
}

impl CallStatus {
    /// The word for people and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::RateLimited => "rate-limited",
            Self::ServerError => "server-error",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed-out",
            Self::Truncated => "truncated",
            Self::Garbled => "garbled",
            Self::Refused => "refused",
        }
    }
}

/// Artifact names with the blobs that hold them.
pub type StoredArtifacts = BTreeMap<String, BlobHash>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_journal() {
        for status in EvalStatus::ALL {
            let json = serde_json::to_string(&status).unwrap();
            assert_eq!(json, format!("\"{}\"", status.word()));
        }
    }
}
