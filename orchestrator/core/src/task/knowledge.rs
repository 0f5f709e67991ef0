//! `[cognition]`, `[embedding]` and `[analyzer]`: what proposers are told beside the task.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::defaults;
use super::units::Span;
use crate::ids::ModelName;

/// `[cognition]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CognitionSection {
    /// Folders of the task that hold cognition items (markdown with front matter), and subjects
    /// of the shipped library: `library:kernels`, or `library:` for all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Items shown to a proposal.
    #[serde(default = "defaults::top_k")]
    #[schemars(range(max = 32))]
    pub top_k: u32,
}

impl Default for CognitionSection {
    fn default() -> Self {
        Self { sources: Vec::new(), top_k: defaults::top_k() }
    }
}

/// `[embedding]`: an OpenAI-compatible endpoint that turns texts into vectors, for the retrieval
/// of items and insights and to notice ideas that were had before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingSection {
    /// The name the endpoint knows.
    #[schemars(with = "String")]
    pub name: ModelName,
    /// Base URL, up to and including the version, for example `http://localhost:8000/v1`.
    #[serde(default = "defaults::base_url")]
    pub base_url: String,
    /// Environment variable that holds the key; no key is sent if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// USD per million tokens; needed when the budget has `usd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    /// Cosine of two ideas' vectors from which on they count as the same idea.
    #[serde(default = "defaults::same_idea")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub same_idea: f64,
    /// Longest wait for an answer; then the words alone decide.
    #[serde(default = "defaults::embedding_timeout")]
    pub timeout: Span,
}

/// `[analyzer]`: a model of the task that is asked what evaluations show. Without `model`,
/// statistics alone are at work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnalyzerSection {
    /// The name of one of the task's `[[model]]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub model: Option<ModelName>,
    /// Evaluations between two analyses.
    #[serde(default = "defaults::analyzer_every")]
    #[schemars(range(min = 1, max = 1_000))]
    pub every: u32,
    /// Analyses between two syntheses, which make few insights and tactics of many.
    #[serde(default = "defaults::analyzer_synthesis")]
    #[schemars(range(min = 1, max = 1_000))]
    pub synthesis: u32,
}

impl Default for AnalyzerSection {
    fn default() -> Self {
        Self {
            model: None,
            every: defaults::analyzer_every(),
            synthesis: defaults::analyzer_synthesis(),
        }
    }
}
