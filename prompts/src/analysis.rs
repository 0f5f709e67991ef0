//! What a model is told when it is asked what experiments show.

use serde::Serialize;

use crate::context::{Best, InsightView, Metric, ObjectiveView};
use crate::templates::{PromptError, Prompts};

/// Everything the templates `analysis_system.md` and `analysis.md` may use.
#[derive(Debug, Clone, Serialize)]
pub struct Analysis {
    /// The task's name.
    pub task: String,
    /// The task's description.
    pub description: String,
    /// The objectives, primary first.
    pub objectives: Vec<ObjectiveView>,
    /// Whether many insights are to be made few, and tactics are wanted.
    pub synthesis: bool,
    /// Most insights of an answer.
    pub most: usize,
    /// The insights held now.
    pub insights: Vec<InsightView>,
    /// The best program so far.
    pub best: Option<Best>,
    /// The experiments, oldest first.
    pub experiments: Vec<Experiment>,
}

/// One evaluation, beside its parent's.
#[derive(Debug, Clone, Serialize)]
pub struct Experiment {
    /// The candidate.
    pub id: String,
    /// Its first parent; empty for a draft.
    pub parent: String,
    /// What kind of change it was.
    pub operator: String,
    /// The proposer's idea, in one line; may be empty.
    pub idea: String,
    /// What the proposer expected; may be empty.
    pub prediction: String,
    /// Whether that came true, in words; empty where it cannot be told.
    pub verdict: String,
    /// How its evaluation ended, in one line, beside the parent's.
    pub outcome: String,
    /// Metrics and cases that differ from the parent's, most different first.
    pub changed: Vec<Metric>,
    /// The change as a unified diff; may be empty.
    pub diff: String,
    /// The judge's remark, and of a failure the log; may be empty.
    pub log: String,
}

impl Prompts {
    /// The system and the user message of an analysis.
    pub fn analysis(&self, analysis: &Analysis) -> Result<(String, String), PromptError> {
        Ok((self.fill("analysis_system.md", analysis)?, self.fill("analysis.md", analysis)?))
    }
}
