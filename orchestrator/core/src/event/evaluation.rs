//! Evaluations, and what is made of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{BlobHash, CandidateId, StageName};
use crate::objective::Metrics;
use crate::outcome::{EvalPurpose, EvalStatus, StoredArtifacts, Usage};

/// See [`Event::EvalStarted`](super::Event::EvalStarted).
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

/// See [`Event::StageDone`](super::Event::StageDone).
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

/// See [`Event::Evaluated`](super::Event::Evaluated).
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

/// See [`Event::Quarantined`](super::Event::Quarantined) and [`Event::Demoted`](super::Event::Demoted).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which candidate.
    pub candidate: CandidateId,
    /// Why.
    pub why: String,
}

/// See [`Event::Promoted`](super::Event::Promoted).
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
