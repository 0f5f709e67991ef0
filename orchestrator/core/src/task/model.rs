//! `[[model]]`: who is asked for changes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::defaults;
use super::units::Span;
use crate::ids::ModelName;
use crate::money::Price;

/// An interface of OpenAI's, which others offer too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModelApi {
    /// `chat/completions`: every compatible server has it.
    #[default]
    Chat,
    /// `responses`: OpenAI's newer one; some models are to be had there alone.
    Responses,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the shape serde asks for
fn is_chat(api: &ModelApi) -> bool {
    *api == ModelApi::Chat
}

/// `[[model]]`: an OpenAI-compatible endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSection {
    /// The name the endpoint knows.
    #[schemars(with = "String")]
    pub name: ModelName,
    /// Base URL, up to and including the version, for example `http://localhost:8000/v1`.
    #[serde(default = "defaults::base_url")]
    pub base_url: String,
    /// Which of OpenAI's two interfaces the endpoint is asked through.
    #[serde(default, skip_serializing_if = "is_chat")]
    pub api: ModelApi,
    /// Environment variable that holds the key; no key is sent if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// A command that prints the key, asked once at the start, as of a password manager.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_key_command: Vec<String>,
    /// USD per million tokens; needed when the budget has `usd`. Known models of known
    /// providers have one from a shipped table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// How often it is tried first, against the other models.
    #[serde(default = "defaults::weight")]
    pub weight: f64,
    /// Most tokens of one answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Sampling temperature, passed on as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling, passed on as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// How long a reasoning model thinks, passed on as it is (`low`, `medium`, `high`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// More fields of the request, for what one server knows and others do not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, serde_json::Value>,
    /// Whether to ask for a stream; a stalled stream is noticed sooner than a stalled answer.
    #[serde(default = "defaults::yes")]
    pub stream: bool,
    /// Longest wait for an answer's end; in a stream, for its next piece.
    #[serde(default = "defaults::model_timeout")]
    pub timeout: Span,
    /// Calls to this model side by side.
    #[serde(default = "defaults::model_concurrency")]
    #[schemars(range(min = 1, max = 4096))]
    pub concurrency: u32,
    /// Calls that begin in a minute; they are spread evenly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub requests_per_minute: Option<u32>,
    /// Tokens of the calls that begin in a minute: of the prompt, and of the longest answer
    /// until the real one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub tokens_per_minute: Option<u64>,
}
