//! The words of `evolve npu`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `npu`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evolve npu spec                                        the machine and its instructions
  evolve npu bench kernel.s --task gemm                  right on every shape? how fast?
  evolve npu profile kernel.s --task gemm --svg time.svg where the cycles go
The manual is docs/npu/.")]
pub struct Npu {
    /// What to do
    #[command(subcommand)]
    pub what: NpuCommand,
}

/// What to do with the simulated accelerator.
#[derive(Debug, Subcommand)]
pub enum NpuCommand {
    /// Assemble a program and list it; an object file is listed as it is
    #[command(after_help = "\
Examples:
  evolve npu asm kernel.s --task gemm --shape 2
  evolve npu asm kernel.s --tensor X:f16:1024 --define N=1024 --out kernel.obj")]
    Asm(Asm),
    /// Run a program on one shape, or on tensors of your own
    #[command(after_help = "\
Examples:
  evolve npu run kernel.s --task gemm --shape 1
  evolve npu run kernel.s --tensor X:f16:64 --tensor Y:f32:64:out --check")]
    Run(Run),
    /// Where the cycles of a program go: units, stalls, instructions, energy
    #[command(after_help = "\
Example:
  evolve npu profile kernel.s --task gemm --shape 2 --trace trace.json --svg time.svg")]
    Profile(Profile),
    /// Grade a program on every shape and input of a task of the suite
    #[command(after_help = "Example:\n  evolve npu bench kernel.s --task softmax --json")]
    Bench(Bench),
    /// The machine: sizes, peaks, area; and its instructions
    #[command(after_help = "Example:\n  evolve npu spec --machine server128")]
    Spec(Spec),
    /// The suite's table: of `DIR/TASK/*.s`, several files a task being samples; without
    /// DIR, of the naive programs
    #[command(after_help = "Example:\n  evolve npu report kernels --machine edge16")]
    Report(Report),
}

/// Which machine.
#[derive(Debug, Args)]
pub struct OnMachine {
    /// edge16, server128, or the path of a description
    #[arg(long, value_name = "MACHINE", default_value = "edge16")]
    pub machine: String,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// A program with what it works on.
#[derive(Debug, Args)]
pub struct Source {
    /// Assembly, or an object file
    pub file: PathBuf,
    /// Tensors and dimensions of this task of the suite
    #[arg(long, value_name = "TASK", conflicts_with = "tensor")]
    pub task: Option<String>,
    /// Which of the task's shapes, from 1
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=5))]
    pub shape: u32,
    /// A tensor of your own: NAME:TYPE:COUNT, with `:out` if the program writes it
    #[arg(long, value_name = "TENSOR")]
    pub tensor: Vec<String>,
    /// A constant of the program: NAME=INTEGER
    #[arg(long, value_name = "NAME=VALUE")]
    pub define: Vec<String>,
    /// Seed of the inputs
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Most units of work; an instruction is one, or more if it moves much
    #[arg(long, default_value_t = 50_000_000)]
    pub limit: u64,
    /// The machine
    #[command(flatten)]
    pub on: OnMachine,
}

/// `npu asm`
#[derive(Debug, Args)]
pub struct Asm {
    /// The program
    #[command(flatten)]
    pub source: Source,
    /// Write an object file instead of a listing
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `npu run`
#[derive(Debug, Args)]
pub struct Run {
    /// The program
    #[command(flatten)]
    pub source: Source,
    /// Run it by the slow interpreter too, and compare every byte
    #[arg(long)]
    pub check: bool,
}

/// `npu profile`
#[derive(Debug, Args)]
pub struct Profile {
    /// The program
    #[command(flatten)]
    pub source: Source,
    /// Write a timeline for <chrome://tracing> or Perfetto
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Write a picture of the timeline
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// `npu bench`
#[derive(Debug, Args)]
pub struct Bench {
    /// Assembly; default: the naive program
    pub file: Option<PathBuf>,
    /// Task of the suite
    #[arg(long, value_name = "TASK")]
    pub task: String,
    /// Random inputs of each shape, besides the difficult ones
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub inputs: u64,
    /// Seed of the random inputs
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The machine
    #[command(flatten)]
    pub on: OnMachine,
}

/// `npu spec`
#[derive(Debug, Args)]
pub struct Spec {
    /// The machine
    #[command(flatten)]
    pub on: OnMachine,
}

/// `npu report`
#[derive(Debug, Args)]
pub struct Report {
    /// Folder with a folder for each task
    pub dir: Option<PathBuf>,
    /// The machine
    #[command(flatten)]
    pub on: OnMachine,
}
