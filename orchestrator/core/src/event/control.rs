//! What changes a run from outside, and the state of models.

use serde::{Deserialize, Serialize};

use crate::ids::ModelName;
use crate::task::Budget;

/// See [`Event::BudgetChanged`](super::Event::BudgetChanged).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetChanged {
    /// The whole budget from now on.
    pub budget: Budget,
    /// The change as written, for example `candidates=500`.
    pub change: String,
}

/// See [`Event::BreakerChanged`](super::Event::BreakerChanged).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakerChanged {
    /// Which model.
    pub model: ModelName,
    /// Open: the model is not asked for now.
    pub open: bool,
    /// Why.
    pub why: String,
}

/// Why nothing new starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PauseCause {
    /// `evolve pause`: the process stays and waits.
    Asked,
    /// Ctrl-C once or `evolve stop`: drain, then stop.
    Draining,
}

/// See [`Event::Paused`](super::Event::Paused).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paused {
    /// Why.
    pub cause: PauseCause,
}
