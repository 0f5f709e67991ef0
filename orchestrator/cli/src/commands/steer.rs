//! `evolve pause`, `unpause`, `stop`, `budget`: commands to the process that has a run.

use std::path::Path;

use evolve_engine::{Command, ControlError, send_command};
use evolve_store::resolve_run;

use crate::commands::print;
use crate::error::{CliError, Exit};
use crate::session::store_error;

/// Sends one command and prints the answer.
pub fn steer(runs: &Path, run: &str, command: &Command) -> Result<(), CliError> {
    let dir = resolve_run(runs, run).map_err(store_error)?;
    let reply = send_command(&dir.control_socket(), command).map_err(|error| {
        let cli = CliError::new(Exit::Failed, format!("{}: {error}", dir.id()));
        match error {
            ControlError::NotLive { .. } => {
                cli.help(format!("`evolve resume {}` starts a process for it", dir.id()))
            }
            _ => cli,
        }
    })?;
    if !reply.ok {
        return Err(CliError::failed(format!("{}: {}", dir.id(), reply.message)));
    }
    print(&format!("{}: {}\n", dir.id(), reply.message));
    Ok(())
}

/// Sends several budget changes.
pub fn budget(runs: &Path, run: &str, changes: &[String]) -> Result<(), CliError> {
    for change in changes {
        // Checked here, too, so that a typo is a usage error and nothing is half done.
        evolve_core::task::Budget::default().apply(change).map_err(CliError::usage)?;
    }
    for change in changes {
        steer(runs, run, &Command::Budget { change: change.clone() })?;
    }
    Ok(())
}
