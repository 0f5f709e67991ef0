//! `tasks` and `tasks verify`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Sandbox;

/// `tasks`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evolve tasks
  evolve tasks verify --quick
  evolve --quiet tasks verify broadcast spot-scheduling")]
pub struct Tasks {
    /// What to do; without a command, list them
    #[command(subcommand)]
    pub command: Option<TasksCommand>,
    /// Folder that holds the tasks
    #[arg(long = "tasks", global = true, value_name = "DIR", default_value = "evaluators/tasks", env = evolve_core::env::TASKS)]
    pub folder: PathBuf,
    /// Machine-readable output
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with the shipped tasks.
#[derive(Debug, Subcommand)]
pub enum TasksCommand {
    /// Run each task's start, baselines and hostile programs, and compare with what it promises
    #[command(after_help = "\
What is expected stands in each task's verify.toml. A task whose Python packages are missing is left
out, and named.

Example:
  evolve tasks verify --quick")]
    Verify(TasksVerify),
}

/// `tasks verify`
#[derive(Debug, Args)]
pub struct TasksVerify {
    /// Names of tasks, or of their folders; default: all
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Leave out slow programs and held-out cases, and run hostile programs once instead of twice
    #[arg(long)]
    pub quick: bool,
    /// Which sandbox; default: what each task says
    #[arg(long, value_name = "KIND", env = "EVOLVE_SANDBOX")]
    pub sandbox: Option<Sandbox>,
}
