//! Where untrusted programs run.
//!
//! Every command gets a supervisor: a small process of its own (this very binary, started
//! again with a hidden argument) that sets the limits, watches the deadline, collects the
//! output and, whatever happens, kills the whole process tree before it reports. It goes
//! away with its controller, even when that is killed by SIGKILL.
//!
//! Two sandboxes are built on it: [`ProcessSandbox`] and, without resource limits,
//! [`UnconfinedSandbox`]. Which of them a task gets is decided by [`pick`].

mod classify;
mod helper;
mod job;
mod process;
mod resolve;
mod supervisor;
mod sweep;
mod sys;

use std::sync::Arc;

use evolve_core::ports::{HostFault, Sandbox};
use evolve_core::task::SandboxKind;

pub use helper::helper_main;
pub use process::{ProcessSandbox, UnconfinedSandbox};
pub use resolve::resolve_program;
pub use supervisor::HelperCommand;

/// The hidden first argument with which a binary is started as a supervisor.
pub const HELPER_ARGUMENT: &str = "sandbox-helper";

/// The sandbox for this kind. `auto` is the strongest one this system offers.
///
/// # Errors
/// When this system cannot run that kind; the message says which one it can.
pub fn pick(kind: SandboxKind, helper: HelperCommand) -> Result<Arc<dyn Sandbox>, HostFault> {
    match kind {
        SandboxKind::Unconfined => Ok(Arc::new(UnconfinedSandbox::new(helper))),
        SandboxKind::Auto | SandboxKind::Process if cfg!(target_os = "linux") => {
            Ok(Arc::new(ProcessSandbox::new(helper)))
        }
        SandboxKind::Auto | SandboxKind::Process => Err(HostFault::new(
            "the `process` sandbox needs Linux; to run programs without resource limits here, \
             say so with `--sandbox unconfined`",
        )),
    }
}
