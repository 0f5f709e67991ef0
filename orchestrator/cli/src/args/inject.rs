//! The words of `evolve inject`.

use std::path::PathBuf;

use clap::Args;
use evolve_core::CandidateId;

/// `inject`
#[derive(Debug, Args)]
#[command(after_help = "\
The program must have the files that the task's program has, and must leave what is outside the
EVOLVE-BLOCK regions as it is. It counts as a candidate of the budget and is measured as any other;
no model is asked. A paused run takes it, and evaluates it once it goes on.

Examples:
  evolve inject latest program.py --note \"hexagonal rows, by hand\"
  evolve inject latest my-version/ --parent c000042 --island 1")]
pub struct Inject {
    /// Full id, unique prefix, or `latest`
    pub run: String,
    /// The program: its file, or a folder for a program of several files
    pub file: PathBuf,
    /// What it does, in one line, for reports and prompts; default: where it came from
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// The candidate that it changes, for example c000042 or 42; default: none, as a draft
    #[arg(long, value_name = "CANDIDATE")]
    pub parent: Option<CandidateId>,
    /// The island it is for; default: the parent's, else 0
    #[arg(long, value_name = "N")]
    pub island: Option<u32>,
}
