//! The words of the commands that read a run.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `status`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve status latest --json")]
pub struct StatusArgs {
    /// Full id, unique prefix, or `latest`
    #[arg(default_value = "latest")]
    pub run: String,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// `best`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evolve best latest --out best.py\n  evolve best latest --front"
)]
pub struct Best {
    /// Full id, unique prefix, or `latest`
    #[arg(default_value = "latest")]
    pub run: String,
    /// Write the program here (a file, or a folder for a program of several files)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// All candidates that no other beats in every objective
    #[arg(long, conflicts_with = "out")]
    pub front: bool,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// `show`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve show latest c000042")]
pub struct Show {
    /// Full id, unique prefix, or `latest`
    pub run: String,
    /// For example c000042, or 42
    pub candidate: String,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// `prompt`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  evolve prompt latest c000042\n  evolve prompt latest 42 --calls"
)]
pub struct Prompt {
    /// Full id, unique prefix, or `latest`
    pub run: String,
    /// For example c000042, or 42; rejected ones too
    pub candidate: String,
    /// The model calls made for it instead: how each ended, what it cost, what was answered
    #[arg(long)]
    pub calls: bool,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// `lineage`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve lineage latest")]
pub struct Lineage {
    /// Full id, unique prefix, or `latest`
    #[arg(default_value = "latest")]
    pub run: String,
    /// Which candidate; default: the best
    pub candidate: Option<String>,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// `insights`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve insights list latest")]
pub struct Insights {
    /// What to do with them
    #[command(subcommand)]
    pub what: InsightsCommand,
}

/// What to do with insights.
#[derive(Debug, Subcommand)]
pub enum InsightsCommand {
    /// Print them, most confident first
    #[command(after_help = "Example:\n  evolve insights list latest --json")]
    List(StatusArgs),
    /// Make cognition items of those that a second run or a person confirmed
    #[command(
        after_help = "Examples:\n  evolve insights export latest --out my-task/cognition\n  \
                      evolve insights export latest --confirm found-101,site-works --out my-task/cognition"
    )]
    Export(InsightsExport),
}

/// `insights export`
#[derive(Debug, Args)]
pub struct InsightsExport {
    /// Full id, unique prefix, or `latest`
    #[arg(default_value = "latest")]
    pub run: String,
    /// Keys of insights that you confirm, as `evolve insights list` shows them, or `all`; without
    /// it only those are taken that another run of the same task found, too
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub confirm: Vec<String>,
    /// Folder for the items
    #[arg(long, value_name = "DIR", default_value = "cognition")]
    pub out: PathBuf,
    /// Machine-readable list of what was written
    #[arg(long)]
    pub json: bool,
}

/// `report`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evolve report latest --out report.html
  evolve report latest --figures           and figures/ beside it, with their data
  evolve report latest --bench results     beside the strategies of a bench of the same task")]
pub struct Report {
    /// Full id, unique prefix, or `latest`
    #[arg(default_value = "latest")]
    pub run: String,
    /// File to write; default: report/index.html in the run's folder
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write the curve for paper and its data (CSV) into figures/ beside the page, too
    #[arg(long)]
    pub figures: bool,
    /// Lay the run beside the strategies of a bench of the same task, at the same number of
    /// candidates: the --out folder of `evolve bench`
    #[arg(long, value_name = "DIR")]
    pub bench: Option<PathBuf>,
}

/// `export`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve export latest --jsonl > candidates.jsonl")]
pub struct Export {
    /// Full id, unique prefix, or `latest`
    pub run: String,
    /// One JSON object a line (the only form so far)
    #[arg(long, required = true)]
    pub jsonl: bool,
}

/// `verify`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve verify latest --repair")]
pub struct Verify {
    /// Full id, unique prefix, or `latest`
    #[arg(default_value = "latest")]
    pub run: String,
    /// Rebuild what is missing, older or damaged from journal and blobs
    #[arg(long)]
    pub repair: bool,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}
