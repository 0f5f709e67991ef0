//! Ctrl-C once drains, twice stops; SIGTERM drains with a deadline. Both leave a run that
//! can be resumed.

use std::time::Duration;

use evolve_engine::{Command, Handle};
use tokio::runtime::Handle as Runtime;
use tokio::signal::unix::{SignalKind, signal};

/// How long SIGTERM lets running work end.
const TERM_PATIENCE: Duration = Duration::from_secs(30);

/// Passes signals to a live run until the process ends.
pub fn watch(runtime: &Runtime, handle: Handle, quiet: bool) {
    let _entered = runtime.enter();
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::warn!("cannot watch signals; Ctrl-C ends the process at once (resumable)");
        return;
    };
    runtime.spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {
                handle.command(Command::Stop);
                if !quiet {
                    eprintln!("stopping when what is under way has ended; Ctrl-C again to stop now");
                }
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            }
            _ = terminate.recv() => {
                handle.command(Command::Stop);
                tokio::select! {
                    () = tokio::time::sleep(TERM_PATIENCE) => {}
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            }
        }
        handle.command(Command::StopNow);
    });
}
