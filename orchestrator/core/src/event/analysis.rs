//! What the analyzer asks and learns.

use serde::{Deserialize, Serialize};

use super::proposal::Reservation;
use crate::ids::CandidateId;
use crate::knowledge::Insight;

/// What an analysis by a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnalysisPurpose {
    /// To learn from the newest evaluations.
    Learn,
    /// To make a few insights and tactics of many insights.
    Synthesis,
}

/// See [`Event::AnalysisStarted`](super::Event::AnalysisStarted).
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

/// See [`Event::Analyzed`](super::Event::Analyzed).
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
