//! One file per command, or per family of commands.

pub mod bench;
pub mod check;
pub mod cognition;
pub mod devices;
pub mod doctor;
pub mod estimate;
pub mod gc;
pub mod import;
pub mod init;
pub mod inject;
pub mod insights;
pub mod npu;
pub mod prompt;
pub mod read;
pub mod replay;
pub mod report;
pub mod resume;
pub mod schema;
pub mod serve;
pub mod start;
pub mod steer;
pub mod strategies;
pub mod tasks;
pub mod verify;
pub mod watch;

use serde::Serialize;

use crate::error::CliError;

/// Prints a value as JSON on stdout.
pub fn print_json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CliError::failed(format!("cannot write JSON: {error}")))?;
    print(&format!("{text}\n"));
    Ok(())
}

/// Prints on stdout. A reader that went away (`| head`) is not an error.
pub fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
    let _ = std::io::stdout().flush();
}
