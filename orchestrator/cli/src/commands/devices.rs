//! `evolve devices`: the accelerators of this machine.

use serde_json::json;

use crate::args::Json;
use crate::commands::{print, print_json};
use crate::error::CliError;

/// Lists them, each with what is wrong with it.
pub fn devices(args: &Json) -> Result<(), CliError> {
    let (gpus, health) = (evolve_sandbox::gpus(), evolve_sandbox::gpu_health());
    if args.json {
        return print_json(&json!({ "version": 1, "gpus": gpus, "health": health }));
    }
    for line in health {
        print(&format!("{line}\n"));
    }
    Ok(())
}
