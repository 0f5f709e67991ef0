//! What is said of tasks of other systems.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// A task of another system.
#[derive(Debug, Default, Args)]
pub struct Peer {
    /// Read it as a task of this system (folders are recognised without it)
    #[arg(long = "as", value_name = "SYSTEM")]
    pub system: Option<System>,
    /// With --as: the evaluator, a file or a folder
    #[arg(value_name = "EVALUATOR", requires = "system")]
    pub evaluator: Option<PathBuf>,
    /// Configuration of a task of another system; default: the one in its folder
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Systems whose tasks run as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum System {
    /// `evaluate(program_path)` in a Python file
    Openevolve,
    /// `evaluate.py --program_path P --results_dir D`
    Shinka,
    /// A Python evaluator, one in a container, or a Harbor task
    Skydiscover,
}

impl System {
    /// Its adapter's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Openevolve => "openevolve",
            Self::Shinka => "shinka",
            Self::Skydiscover => "skydiscover",
        }
    }
}

/// `import`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evolve import their-task --out my-task
  evolve import --as shinka initial.py evaluate.py -c shinka.yaml
  evolve import their-task --population openevolve_output/checkpoints/checkpoint_50")]
pub struct Import {
    /// A task of another system; with --as: the program; with --population: any task
    pub task: PathBuf,
    /// What is known of it.
    #[command(flatten)]
    pub peer: Peer,
    /// Folder to make; default: the task's name with `-evolve`
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Other start programs: a checkpoint folder, or a programs.sqlite; their scores are measured
    /// again
    #[arg(long, value_name = "CHECKPOINT")]
    pub population: Option<PathBuf>,
    /// Most programs of the population, the best recorded scores first
    #[arg(long, value_name = "N", default_value_t = 50, requires = "population", value_parser = clap::value_parser!(u16).range(1..=9999))]
    pub top: u16,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}
