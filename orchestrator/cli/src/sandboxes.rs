//! A task's sandbox, with the runtime that it works on.

use std::path::Path;
use std::sync::Arc;

use evolve_core::sandbox::Sandbox;
use evolve_core::task::{SandboxKind, TaskConfig};
use evolve_sandbox::{HelperCommand, ImageSource, Say, pick};
use tokio::runtime::Runtime;

use crate::error::CliError;
use crate::session::runtime;

/// Both are needed from the first check to the last evaluation. Dropping it ends what the
/// sandbox kept.
pub struct Sandboxes {
    /// Where everything of a run is at work.
    pub runtime: Runtime,
    /// Where commands run.
    pub sandbox: Arc<dyn Sandbox>,
}

impl Sandboxes {
    /// The sandbox of a task, whose folder this is. Images may have to be pulled or built, which
    /// is told unless `quiet`.
    pub fn open(task: &TaskConfig, root: &Path, quiet: bool) -> Result<Self, CliError> {
        let runtime = runtime()?;
        let usage = |error: evolve_evaluators::SetupError| CliError::usage(error.to_string());
        // A run works with a copy of the folder; what the original holds must not be shown either.
        if task.evaluator.kind.needs_image() && task.sandbox.kind != SandboxKind::Docker {
            return Err(CliError::usage(
                "this task's evaluator is in an image, which only the docker sandbox has",
            )
            .help("run it with --sandbox docker; `evolve doctor` says whether a daemon answers"));
        }
        evolve_evaluators::check_mounts(task, root).map_err(usage)?;
        let without = evolve_evaluators::judge_only_files(root, &task.evaluator).map_err(usage)?;
        let image = ImageSource::of(&task.sandbox, root, without);
        let say: Say = Arc::new(move |line| {
            if !quiet {
                eprintln!("{line}");
            }
        });
        let picking = pick(task.sandbox.kind, helper_command()?, &image, &say);
        let sandbox = runtime.block_on(picking)?;
        Ok(Self { runtime, sandbox })
    }
}

impl Drop for Sandboxes {
    fn drop(&mut self) {
        self.runtime.block_on(self.sandbox.close());
    }
}

/// How the sandbox starts its supervisor: this binary again.
pub fn helper_command() -> Result<HelperCommand, CliError> {
    HelperCommand::current_exe().map_err(CliError::from)
}
