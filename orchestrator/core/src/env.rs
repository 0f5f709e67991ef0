//! Every environment variable that `evolve` reads or sets, in one place.

/// Default of `--runs`: the folder that holds the runs.
pub const RUNS: &str = "EVOLVE_RUNS";
/// Default of `--tasks`: the folder that holds the shipped tasks.
pub const TASKS: &str = "EVOLVE_TASKS";
/// Key that is tried when a task names no model: its presence is mentioned, never used silently.
pub const OPENAI_API_KEY: &str = "OPENAI_API_KEY";
/// Respected by all output: no colour when set.
pub const NO_COLOR: &str = "NO_COLOR";
/// The terminal's kind: `dumb` gets lines where others get a dashboard.
pub const TERM: &str = "TERM";
/// Which characters the terminal shows, as the system's programs are told; the first that is set.
pub const LOCALE: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];

/// What readers of `evolve serve` must show.
pub const TOKEN: &str = "EVOLVE_TOKEN";

/// Set by `evolve bench` for its runs: a run stops, resumable, when the process that started it is
/// gone.
pub const WITH_PARENT: &str = "EVOLVE_WITH_PARENT";

/// Set for stage commands: path of the program (file, or folder when it has several files).
pub const PROGRAM: &str = "EVOLVE_PROGRAM";
/// Set for stage commands: the folder the candidate side may write and the judge reads.
pub const OUTPUT: &str = "EVOLVE_OUTPUT";
/// Set for the judge (for `run` under `trust = "in-process"`): the file to write the result to.
pub const RESULT: &str = "EVOLVE_RESULT";
/// Set for stage commands: the seed of this repeat, common to all candidates.
pub const SEED: &str = "EVOLVE_SEED";
/// Set for stage commands: the repeat's number, from 0.
pub const REPEAT: &str = "EVOLVE_REPEAT";
/// Set for sandboxed commands: names the supervisor, so that stray processes can be found.
pub const SANDBOX_TAG: &str = "EVOLVE_SANDBOX_TAG";
/// Set for stage commands: the leased device, `none` without one.
pub const DEVICE: &str = "EVOLVE_DEVICE";
