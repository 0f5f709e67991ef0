//! `[command]`: a program of one's own that proposes changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::defaults;
use super::units::{Bytes, Span};

/// `[command]`: a program that edits a working copy in the sandbox: a coding agent, a script.
/// Its only way out is to the task's models, through a proxy that counts what it spends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandSection {
    /// The command, run in the working copy. `EVOLVE_PROMPT` is the path of its orders.
    pub run: Vec<String>,
    /// Globs of files of this folder that it finds in the working copy beside the program.
    /// They are not part of the program, whatever it does to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Longest time for one proposal.
    #[serde(default = "defaults::command_timeout")]
    pub timeout: Span,
    /// Environment besides that of `sandbox.env`, as `NAME=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// CPU cores.
    #[serde(default = "defaults::one_f64")]
    pub cpus: f64,
    /// Memory limit.
    #[serde(default = "defaults::stage_memory")]
    pub memory: Bytes,
    /// Largest total size of all files that it writes; they are kept in memory.
    #[serde(default = "defaults::stage_disk")]
    pub disk: Bytes,
    /// Most tokens that one proposal may use at the models, of prompts and answers together.
    #[serde(default = "defaults::command_tokens")]
    #[schemars(range(min = 1))]
    pub tokens: u64,
    /// Most that one proposal may spend at the models, in USD. Default: what `tokens` cost at
    /// the dearest price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
}
