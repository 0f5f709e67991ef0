//! The beginning of a run, its resumptions and its end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::is_zero;
use crate::ids::{BlobHash, RunId};
use crate::task::TaskConfig;

/// How many proposals and evaluations run side by side; resolved when a process starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    /// Proposals under way at once.
    pub proposals: u32,
    /// Evaluations under way at once.
    pub evaluations: u32,
}

/// See [`Event::RunStarted`](super::Event::RunStarted).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    /// This run.
    pub run: RunId,
    /// The resolved configuration: defaults filled in, overrides applied.
    pub task: TaskConfig,
    /// Every override from the command line, as written.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// The start program; none for a seedless task.
    pub program: Option<BlobHash>,
    /// The run and candidate the start program was taken from (`--from`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How many programs of `program.population` are proposed before the strategy is asked.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub population: u32,
    /// Seed of every random draw.
    pub seed: u64,
    /// Worker counts.
    pub slots: Slots,
    /// Which proposer makes the changes: `mutate`, `model`, …
    pub proposer: String,
    /// Whether the analyzer is at work.
    #[serde(default)]
    pub analyzer: bool,
    /// What the sandbox enforces and what it cannot, in words for the report.
    pub sandbox: Vec<String>,
    /// Version of the program that wrote this, with its commit.
    pub evolve: String,
    /// Where it ran: system, cores, memory, interpreter. Not part of the canonical hash.
    #[serde(default)]
    pub host: BTreeMap<String, String>,
}

/// See [`Event::Resumed`](super::Event::Resumed).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// Set when a new process took the run over: its worker counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<Slots>,
    /// What was noticed, for example a changed task folder.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Which budget ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetKey {
    /// Evaluated candidates.
    Candidates,
    /// Money.
    Usd,
    /// Time the run was up.
    Wall,
    /// Tokens.
    Tokens,
    /// Candidates without a real gain.
    Stagnation,
}

impl BudgetKey {
    /// The key in `[budget]`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Candidates => "candidates",
            Self::Usd => "usd",
            Self::Wall => "wall",
            Self::Tokens => "tokens",
            Self::Stagnation => "stagnation",
        }
    }
}

/// Why a run came to rest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum StopReason {
    /// The best score reached the objective's target.
    Target,
    /// A budget was used up.
    Budget {
        /// Which one.
        budget: BudgetKey,
    },
    /// The proposer finds nothing new.
    Exhausted {
        /// What was seen.
        detail: String,
    },
    /// Ctrl-C, SIGTERM or `evolve stop`.
    Interrupted,
    /// The host or every model failed; mend it and resume.
    Fault {
        /// What failed and what to do.
        detail: String,
    },
    /// The start program fails its own evaluation.
    BadStart {
        /// How.
        detail: String,
    },
}

/// See [`Event::Stopped`](super::Event::Stopped).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stopped {
    /// Why.
    #[serde(flatten)]
    pub reason: StopReason,
}
