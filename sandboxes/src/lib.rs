//! Where untrusted programs run.
//!
//! Every sandbox has a helper in it (`helper/`) that runs the commands, collects what they
//! print, kills what they leave and hands out their files. [`ProcessSandbox`] puts it into
//! namespaces of its own: a supervisor, a small process of its own (this very binary, started
//! again with a hidden argument), builds them, sets limits, and clears everything away. It goes
//! away with its controller, even when that is killed by SIGKILL. [`UnconfinedSandbox`] has the
//! helper alone. Which of them a task gets is decided by [`pick`].

mod caches;
mod classify;
mod docker;
mod enclosure;
mod energy;
mod gpus;
mod process;
mod resolve;
mod session;
mod supervisor;

use std::ffi::OsString;
use std::sync::Arc;

use evolve_core::ports::HostFault;
use evolve_core::sandbox::Sandbox;
use evolve_core::task::SandboxKind;

pub use docker::{DEFAULT_IMAGE, DockerSandbox, Garbage, ImageSource, Say, collect_garbage};
pub use gpus::{gpu_health, gpus};
pub use process::{ProcessSandbox, UnconfinedSandbox};
pub use resolve::resolve_program;
pub use supervisor::HelperCommand;

/// The hidden first argument with which a binary is started as a supervisor.
pub const HELPER_ARGUMENT: &str = "sandbox-helper";

/// Runs the supervisor if these arguments (without the program's name) ask for it, and
/// returns its exit code. A binary that uses the sandboxes calls this before anything else.
pub fn helper_main(args: &[OsString]) -> Option<i32> {
    let asked = args.first().is_some_and(|arg| arg == HELPER_ARGUMENT);
    asked.then(|| i32::from(enclosure::supervise().is_err()))
}

/// The sandbox for this kind. `auto` is `docker` if a daemon answers and the image can be had,
/// else `process`; why not `docker` is then said.
///
/// # Errors
/// When this system cannot run that kind; the message says which one it can.
pub async fn pick(
    kind: SandboxKind,
    helper: HelperCommand,
    image: &ImageSource,
    say: &Say,
) -> Result<Arc<dyn Sandbox>, HostFault> {
    match kind {
        SandboxKind::Docker => Ok(Arc::new(DockerSandbox::connect(image, say).await?)),
        SandboxKind::Auto => match DockerSandbox::connect(image, say).await {
            Ok(docker) => Ok(Arc::new(docker)),
            Err(fault) if cfg!(target_os = "linux") => {
                say(&format!("sandbox: process, for {}", fault.what));
                Ok(Arc::new(ProcessSandbox::new(helper)))
            }
            Err(fault) => Err(fault),
        },
        SandboxKind::Unconfined => Ok(Arc::new(UnconfinedSandbox::new(helper))),
        SandboxKind::Process if cfg!(target_os = "linux") => {
            Ok(Arc::new(ProcessSandbox::new(helper)))
        }
        SandboxKind::Process => Err(HostFault::new(
            "the `process` sandbox needs Linux; to run programs without isolation here, say so \
             with `--sandbox unconfined`",
        )),
    }
}
