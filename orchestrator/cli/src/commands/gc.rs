//! `evolve gc`: removes what killed runs left at the Docker daemon.

use std::path::Path;

use evolve_store::{RunDir, RunLock};
use serde_json::json;

use crate::args::Gc;
use crate::commands::{print, print_json};
use crate::error::{CliError, Exit};
use crate::session::runtime;

/// Removes containers that no process is in charge of, and helpers that none uses.
pub fn gc(args: &Gc) -> Result<(), CliError> {
    let collecting = evolve_sandbox::collect_garbage(is_led, args.dry_run);
    let garbage =
        runtime()?.block_on(collecting).map_err(|fault| CliError::new(Exit::Failed, fault.what))?;
    if args.json {
        return print_json(&json!({
            "version": 1,
            "dry_run": args.dry_run,
            "containers": garbage.containers,
            "volumes": garbage.volumes,
        }));
    }
    let (containers, volumes) = (garbage.containers.len(), garbage.volumes);
    let verb = if args.dry_run { "would remove" } else { "removed" };
    print(&format!("{verb} at the Docker daemon: containers {containers}, volumes {volumes}\n"));
    let mut runs = garbage.containers;
    runs.sort();
    for group in runs.chunk_by(|one, other| one == other) {
        print(&format!("  {} of {}\n", group.len(), group[0]));
    }
    Ok(())
}

/// Whether a process drives the run whose folder this is.
fn is_led(run: &str) -> bool {
    RunDir::open(Path::new(run)).is_ok_and(|dir| RunLock::holder(&dir).is_some())
}
