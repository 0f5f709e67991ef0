//! `[notify]`: who is told of what happens in a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::defaults;
use super::units::Span;

/// `[notify]`: a webhook that is told, by a POST with JSON, of what happens. No part of what a
/// run is: it changes no decision and no canonical hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotifySection {
    /// The webhook's URL, http or https. It is written down with the task; one that is a secret
    /// belongs into `webhook_env`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// Environment variable that holds the URL instead; it is written nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_env: Option<String>,
    /// What is told.
    #[serde(default = "defaults::notify_on")]
    pub on: Vec<Occasion>,
    /// Least time between two new bests that are told; of those between, the newest is.
    #[serde(default = "defaults::notify_interval")]
    pub min_interval: Span,
    /// Longest wait for the webhook's answer; three tries are made.
    #[serde(default = "defaults::notify_timeout")]
    pub timeout: Span,
}

/// Something worth telling.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// A candidate became the best.
    Best,
    /// The run stopped by a fault; it can be resumed when that is mended.
    Fault,
    /// The run was paused, or stopped by a person or a signal.
    Pause,
    /// The run ended: its target or a budget was reached, or nothing new is found.
    Done,
}

impl Occasion {
    /// Every one, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Best, Self::Fault, Self::Pause, Self::Done];

    /// The word for people and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Fault => "fault",
            Self::Pause => "pause",
            Self::Done => "done",
        }
    }
}
