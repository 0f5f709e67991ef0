//! The command line: words, flags, examples.

mod inject;
mod peers;
mod read;
mod serve;
mod tasks;
mod watch;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::commands::cognition::args::Cognition;

pub use inject::Inject;
pub use peers::{Import, Peer};
pub use read::{
    Best, Export, Insights, InsightsCommand, InsightsExport, Lineage, Prompt, Report, Show,
    StatusArgs, Verify,
};
pub use serve::Serve;
pub use tasks::{Tasks, TasksCommand, TasksVerify};
pub use watch::Watch;

/// Version with the commit it was built from.
pub const VERSION: &str = env!("EVOLVE_VERSION");

/// Autonomous research loops: learn, design, experiment, analyze, for days, without losing
/// a result.
#[derive(Debug, Parser)]
#[command(name = "evolve", version = VERSION, propagate_version = true, max_term_width = 100)]
#[command(arg_required_else_help = true, subcommand_required = true)]
#[command(after_help = "\
Examples:
  evolve init my-task && evolve start my-task     a task that runs as it is
  evolve start evaluators/tasks/circle_packing    a shipped one, no model and no key needed
  evolve status                                   how the latest run stands

Exit codes: 0 done, 1 failed, 2 bad usage or bad task, 3 nothing found, 4 run locked,
5 stopped by fault (resumable), 130 interrupted (resumable).")]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Folder that holds the runs
    #[arg(long, global = true, help_heading = "Global options", value_name = "DIR", default_value = "runs", env = evolve_core::env::RUNS)]
    pub runs: PathBuf,
    /// Least level of log lines on stderr
    #[arg(
        long,
        global = true,
        help_heading = "Global options",
        value_name = "LEVEL",
        default_value = "warn"
    )]
    pub log_level: LogLevel,
    /// Form of log lines
    #[arg(
        long,
        global = true,
        help_heading = "Global options",
        value_name = "FORM",
        default_value = "text"
    )]
    pub log_format: LogFormat,
    /// When to use colour
    #[arg(
        long,
        global = true,
        help_heading = "Global options",
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub color: ColorWhen,
    /// No progress, no hints: results and errors only
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub quiet: bool,
}

/// Least level of log lines.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[allow(missing_docs)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum LogFormat {
    Text,
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum ColorWhen {
    Auto,
    Always,
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a task folder that runs as it is
    Init(Init),
    /// Validate a task and dry-run its evaluator on the start program
    Check(Check),
    /// Start a run
    Start(Start),
    /// Go on with a run whose process is gone or whose budget was reached
    Resume(Resume),
    /// Start nothing new in a live run; what is under way ends, and the process waits
    Pause(RunArg),
    /// Let a paused run go on
    Unpause(RunArg),
    /// End a live run when what is under way has ended
    Stop(Stop),
    /// Change a budget of a live run
    Budget(BudgetArgs),
    /// Make a program of your own a candidate of a live run
    Inject(Inject),
    /// List the runs, newest first
    #[command(after_help = "Example:\n  evolve list --json")]
    List(Json),
    /// How a run stands
    Status(StatusArgs),
    /// A live view of a run in the terminal
    Watch(Watch),
    /// The best program of a run
    Best(Best),
    /// A candidate: program, diff, metrics, log, prompt
    Show(Show),
    /// What a candidate's proposer was told, word for word
    Prompt(Prompt),
    /// How a candidate came to be, step by step
    Lineage(Lineage),
    /// What the analyzer learned in a run
    Insights(Insights),
    /// Prior knowledge: find, add and check items
    Cognition(Cognition),
    /// Write a run's report: one HTML page, no network needed to read it
    Report(Report),
    /// Serve live pages of all runs to a browser
    Serve(Serve),
    /// Every candidate with its metrics and artifacts, one JSON object a line
    Export(Export),
    /// Check the journal against blobs, database, lineage and index
    Verify(Verify),
    /// Remove what killed runs left at the Docker daemon
    Gc(Gc),
    /// Write the equivalent task of an OpenEvolve, ShinkaEvolve or SkyDiscover task
    Import(Import),
    /// Compare strategies: the same tasks, budget and seeds for each
    Bench(Bench),
    /// The shipped tasks; `tasks verify` sees whether they are what they say
    Tasks(Tasks),
    /// The search strategies and their rules
    #[command(after_help = "Example:\n  evolve strategies --json")]
    Strategies(Json),
    /// The simulated accelerator by itself: assemble, run, profile, grade
    Npu(crate::commands::npu::Npu),
    /// Print the JSON Schema of task.toml
    #[command(after_help = "Example:\n  evolve schema > task.schema.json")]
    Schema,
    /// The accelerators that tasks may ask for, and how they are
    #[command(after_help = "Example:\n  evolve devices --json")]
    Devices(Json),
    /// What is installed, what is missing, and how to get it
    #[command(after_help = "Example:\n  evolve doctor")]
    Doctor(Json),
    /// Print completions for a shell
    #[command(
        after_help = "Example:\n  evolve completions bash > ~/.local/share/bash-completion/completions/evolve"
    )]
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// A run.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve pause latest")]
pub struct RunArg {
    /// Full id, unique prefix, or `latest`
    #[arg(default_value = "latest")]
    pub run: String,
}

/// `--json`.
#[derive(Debug, Args)]
pub struct Json {
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// `init`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve init my-task && evolve start my-task")]
pub struct Init {
    /// Name of the folder to make
    pub name: PathBuf,
    /// Write every key of task.toml with its default and a comment
    #[arg(long)]
    pub full: bool,
}

/// `check`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evolve check evaluators/tasks/circle_packing
  evolve check --as openevolve program.py evaluator.py -c config.yaml")]
pub struct Check {
    /// Task folder or task.toml; a task of another system; with --as: the program
    pub task: PathBuf,
    /// Where it is a task of another system.
    #[command(flatten)]
    pub peer: Peer,
    /// Which sandbox the dry run uses; default: what the task says
    #[arg(long, value_name = "KIND", env = "EVOLVE_SANDBOX")]
    pub sandbox: Option<Sandbox>,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// Which sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sandbox {
    /// docker if its daemon answers and the image can be had, else process
    Auto,
    /// Containers of a Docker daemon
    Docker,
    /// Isolated processes with limits (Linux)
    Process,
    /// Plain processes: no isolation, no limits but time
    Unconfined,
}

/// `gc`
#[derive(Debug, Args)]
#[command(after_help = "\
A container that outlived its run keeps the result of its command for `evolve resume`; what is
removed here is measured again.

Example:
  evolve gc --dry-run")]
pub struct Gc {
    /// Remove nothing, only say what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// `start`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evolve start evaluators/tasks/circle_packing
  evolve start my-task --budget candidates=500 --budget wall=1h --seed 7
  evolve start my-task --dry-run                  first prompt and costs; asks nobody
  evolve start my-task --from latest:c000042      begin with a program of an earlier run
  evolve start my-task --proposer replay:latest   the same run again, without a model
  evolve start their-task                         a folder of OpenEvolve, ShinkaEvolve, SkyDiscover
  evolve start --as openevolve program.py evaluator.py -c config.yaml")]
#[allow(clippy::struct_excessive_bools)] // flags of a command line are just that
pub struct Start {
    /// Task folder or task.toml; a task of another system; with --as: the program
    pub task: PathBuf,
    /// Where it is a task of another system.
    #[command(flatten)]
    pub peer: Peer,
    /// Change a budget: candidates, usd, wall, tokens, stagnation (`none` lifts it)
    #[arg(long, value_name = "KEY=VALUE")]
    pub budget: Vec<String>,
    /// Change any key of task.toml, for example search.islands=2
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Seed of every random draw; default: the task's
    #[arg(long)]
    pub seed: Option<u64>,
    /// Which sandbox; default: what the task says
    #[arg(long, value_name = "KIND", env = "EVOLVE_SANDBOX")]
    pub sandbox: Option<Sandbox>,
    /// Who proposes: `mutate`, `model`, `command` or `replay:RUN`; default: what the task has
    #[arg(long, value_name = "P")]
    pub proposer: Option<String>,
    /// Begin with a candidate's program instead of the task's
    #[arg(long, value_name = "RUN:CANDIDATE")]
    pub from: Option<String>,
    /// Show no cognition items to proposers
    #[arg(long)]
    pub no_cognition: bool,
    /// Learn no insights
    #[arg(long)]
    pub no_analyzer: bool,
    /// Show the first prompt and an estimate of tokens, USD and time; ask and run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Machine-readable summary at the end
    #[arg(long)]
    pub json: bool,
}

/// `bench`
#[derive(Debug, Args)]
#[command(after_help = "\
The same command goes on where it was stopped; more seeds, strategies or tasks may be asked for then.

Examples:
  evolve bench my-task --strategies adaptive,best-of-n --seeds 10 --budget candidates=200
  evolve bench a b --strategies all --seeds 5 --budget candidates=100 --jobs 4 --out results
  evolve bench my-task --strategies adaptive --ablate --seeds 5 --budget usd=1")]
pub struct Bench {
    /// Task folders, or their task.toml
    #[arg(required = true, value_name = "TASK")]
    pub tasks: Vec<PathBuf>,
    /// Names of strategies, or `all`
    #[arg(long, value_delimiter = ',', default_value = "adaptive,greedy,best-of-n")]
    pub strategies: Vec<String>,
    /// Compare each strategy with and without knowledge: all of `--no-cognition` and
    /// `--no-analyzer`, one of them, neither
    #[arg(long)]
    pub ablate: bool,
    /// Seeds 1 to N, the same ones for each strategy
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub seeds: u64,
    /// Each run's budget: candidates, usd, wall, tokens, stagnation
    #[arg(long, value_name = "KEY=VALUE")]
    pub budget: Vec<String>,
    /// Change any key of every task.toml
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Runs side by side; they share the cores, so times are then comparable only within a bench
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub jobs: u32,
    /// Who proposes, as for `start`
    #[arg(long, value_name = "P")]
    pub proposer: Option<String>,
    /// Which sandbox; default: what the task says
    #[arg(long, value_name = "KIND", env = "EVOLVE_SANDBOX")]
    pub sandbox: Option<Sandbox>,
    /// Folder for runs, index.html and bench.json
    #[arg(long, default_value = "bench")]
    pub out: PathBuf,
    /// Machine-readable result on standard output
    #[arg(long)]
    pub json: bool,
}

/// `resume`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve resume latest --budget candidates=1000")]
pub struct Resume {
    /// Full id, unique prefix, or `latest`
    pub run: String,
    /// Change a budget: candidates, usd, wall, tokens, stagnation (`none` lifts it)
    #[arg(long, value_name = "KEY=VALUE")]
    pub budget: Vec<String>,
    /// Machine-readable summary at the end
    #[arg(long)]
    pub json: bool,
}

/// `stop`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve stop latest")]
pub struct Stop {
    /// Full id, unique prefix, or `latest`
    #[arg(default_value = "latest")]
    pub run: String,
    /// Do not wait: cancel what is under way (it is redone on resume)
    #[arg(long)]
    pub now: bool,
}

/// `budget`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evolve budget latest candidates=500")]
pub struct BudgetArgs {
    /// Full id, unique prefix, or `latest`
    pub run: String,
    /// candidates, usd, wall, tokens or stagnation, and its new value (`none` lifts it)
    #[arg(value_name = "KEY=VALUE", required = true)]
    pub changes: Vec<String>,
}
