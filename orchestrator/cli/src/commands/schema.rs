//! `evolve schema` and `evolve completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::commands::print_json;
use crate::error::CliError;

/// Prints the JSON Schema of task.toml.
pub fn schema() -> Result<(), CliError> {
    print_json(&evolve_core::task::task_schema())
}

/// Prints completions for a shell.
pub fn completions(shell: Shell) {
    clap_complete::generate(shell, &mut Cli::command(), "evolve", &mut std::io::stdout());
}
