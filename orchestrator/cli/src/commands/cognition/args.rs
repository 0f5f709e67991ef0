//! The command line of `evolve cognition`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `cognition`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve cognition search \"matrix unit waits for transfers\"")]
pub struct Cognition {
    /// What to do with it
    #[command(subcommand)]
    pub what: CognitionCommand,
}

/// What to do with prior knowledge.
#[derive(Debug, Subcommand)]
pub enum CognitionCommand {
    /// Make items of documents: markdown, plain text, PDF
    Add(Add),
    /// Find the items that fit a situation
    Search(Search),
    /// All items
    List(List),
    /// One item, whole
    Show(Show),
    /// Duplicates, weak triggers, texts too short or too long, dead sources; exit code 1 if any
    Lint(List),
    /// How many items there are of what, and what they were worth in a run
    Stats(Stats),
}

/// Where items are read from.
#[derive(Debug, Args)]
pub struct Bases {
    /// Folder of items, or `library:` for the shipped ones; may be given several times; default:
    /// ./cognition where it exists, and the library
    #[arg(long, value_name = "DIR")]
    pub base: Vec<PathBuf>,
}

/// `cognition add`
#[derive(Debug, Args)]
#[command(after_help = "\
A file with front matter is copied as it is, once it is sound. Other markdown is split by heading,
text by paragraphs, a PDF by page; look over the triggers then: they are what retrieval matches.

Examples:
  evolve cognition add notes.md --base my-task/cognition
  evolve cognition add papers/ --base my-task/cognition
  evolve cognition add paper.pdf --task my-task --base my-task/cognition")]
pub struct Add {
    /// Document, or folder of documents
    #[arg(value_name = "FILE|DIR")]
    pub path: PathBuf,
    /// Have a model of this task distil each document into one to three items, which are shown for
    /// approval
    #[arg(long, value_name = "TASK")]
    pub task: Option<PathBuf>,
    /// Which model of the task; default: its first
    #[arg(long, value_name = "NAME", requires = "task")]
    pub model: Option<String>,
    /// Keep what a model distils without asking
    #[arg(long, requires = "task")]
    pub yes: bool,
    /// Folder that receives the items; nothing in it is overwritten
    #[arg(long, value_name = "DIR", default_value = "cognition")]
    pub base: PathBuf,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// `cognition search`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  evolve cognition search \"stalls: spad_conflict 41 %\" --top 5 --json"
)]
pub struct Search {
    /// What is the case: a line of a log, a remark, counters
    pub situation: String,
    /// Items to show
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub top: u32,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub bases: Bases,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// `cognition list`, `cognition lint`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve cognition list --base my-task/cognition --json")]
pub struct List {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub bases: Bases,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// `cognition show`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve cognition show chunked-prefill")]
pub struct Show {
    /// Id of the item
    pub id: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub bases: Bases,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// `cognition stats`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve cognition stats --run latest")]
pub struct Stats {
    /// A run (full id, unique prefix, or `latest`): what was shown there, and what it was worth
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub bases: Bases,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}
