//! Knowledge: prior items shown to proposers, and insights learned from experiments.

use serde::{Deserialize, Serialize};

use crate::ids::CandidateId;

/// One piece of prior knowledge, as a prompt receives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CognitionItem {
    /// Its name, unique in the base.
    pub id: String,
    /// One line.
    pub title: String,
    /// The situation that calls for it; what retrieval matches.
    pub trigger: String,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What the prompt receives.
    pub body: String,
}

/// What kind of statement an insight makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InsightKind {
    /// Something that gains.
    Works,
    /// Something that loses.
    Fails,
    /// A recurring failure.
    Bug,
    /// A limit that was met.
    Limit,
}

/// What the analyzer learned from experiments of this run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Insight {
    /// Stable name within the run; a later insight with the same key replaces the earlier.
    pub key: String,
    /// What is the case.
    pub claim: String,
    /// The candidates that show it.
    pub evidence: Vec<CandidateId>,
    /// What to do with it.
    pub recommendation: String,
    /// Between 0 and 1.
    pub confidence: f64,
    /// What kind of statement it is.
    pub kind: InsightKind,
}
