//! What a controller and a supervisor tell each other: one JSON line in, one JSON line and
//! the log's bytes out. Both ends are the same binary, so there is no version.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Environment variable that marks every process of one command, so that they can be found
/// should their supervisor be killed.
pub(crate) use evolve_core::env::SANDBOX_TAG as TAG;

/// One command to supervise.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Program (a path) and arguments.
    pub argv: Vec<String>,
    /// The whole environment.
    pub env: BTreeMap<String, String>,
    /// Folder to run in.
    pub workdir: String,
    /// Longest time from start to end.
    pub wall: Duration,
    /// Bytes of output to keep.
    pub log: usize,
    /// Resource limits, if there are any.
    pub rlimits: Option<Rlimits>,
}

/// Resource limits of each process.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Rlimits {
    /// Private memory in bytes.
    pub memory: u64,
    /// Largest file in bytes.
    pub file_size: u64,
    /// Processes and threads at once.
    pub processes: u64,
    /// Open files.
    pub open_files: u64,
}

/// How the command's first process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ended {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It was killed because its time was over.
    TimedOut,
    /// It could not be started.
    NotStarted(String),
}

/// What a supervisor reports, followed by `log` bytes of output.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// How it ended.
    pub ended: Ended,
    /// Seconds from start until the whole tree was gone.
    pub wall_s: f64,
    /// CPU seconds of the tree.
    pub cpu_s: f64,
    /// Peak resident bytes of its largest process.
    pub peak_memory: u64,
    /// Processes that could not be killed within a bounded time.
    pub immortal: Vec<i32>,
    /// How many bytes of output follow.
    pub log: usize,
}
