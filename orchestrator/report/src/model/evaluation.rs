//! One evaluation, for people and programs.

use evolve_core::StageName;
use evolve_core::facts::Evaluation;
use jiff::Timestamp;
use serde::Serialize;

use super::{Numbers, finite, numbers};

/// An evaluation that ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluationView {
    /// How it ended: `ok`, `gated`, `invalid`, `crashed`, …
    pub status: &'static str,
    /// One line on why; empty when ok.
    pub detail: String,
    /// The stage that decided, when one failed or gated.
    pub stage: Option<StageName>,
    /// Means over the repeats.
    pub metrics: Numbers,
    /// Per-instance scores.
    pub cases: Numbers,
    /// The primary metric by repeat.
    pub samples: Vec<Option<f64>>,
    /// The judge's paragraph.
    pub feedback: String,
    /// Attempts it took.
    pub attempts: u32,
    /// When it ended.
    pub at: Timestamp,
    /// Seconds from start to end, sum over stages and repeats.
    pub wall_s: Option<f64>,
    /// CPU seconds, sum over stages and repeats.
    pub cpu_s: Option<f64>,
    /// Peak memory in bytes.
    pub peak_memory: u64,
    /// Joules, sum over stages and repeats, where the machine counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy_j: Option<f64>,
}

impl From<&Evaluation> for EvaluationView {
    fn from(evaluation: &Evaluation) -> Self {
        Self {
            status: evaluation.status.word(),
            detail: evaluation.detail.clone(),
            stage: evaluation.stage.clone(),
            metrics: numbers(&evaluation.metrics),
            cases: numbers(&evaluation.cases),
            samples: evaluation.samples.iter().map(|sample| finite(*sample)).collect(),
            feedback: evaluation.feedback.clone(),
            attempts: evaluation.attempts,
            at: evaluation.at,
            wall_s: finite(evaluation.usage.wall_s),
            cpu_s: finite(evaluation.usage.cpu_s),
            peak_memory: evaluation.usage.peak_memory,
            energy_j: evaluation.usage.energy_j.and_then(finite),
        }
    }
}
