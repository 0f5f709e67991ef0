//! Starts supervisors and sees to their end.

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use evolve_core::ports::HostFault;
use tokio::io::BufReader;
use tokio::net::unix::pipe;

use crate::HELPER_ARGUMENT;
use crate::enclosure::Enclosure;
use crate::session::Talk;

/// How long the end of a supervisor is waited for when it is no longer needed.
const PATIENCE: Duration = Duration::from_secs(15);

/// How the supervisor is started.
#[derive(Debug, Clone)]
pub struct HelperCommand {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl HelperCommand {
    /// A binary that calls [`crate::helper_main`] first.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: vec![HELPER_ARGUMENT.into()] }
    }

    /// The running binary itself, which must call [`crate::helper_main`] first.
    ///
    /// # Errors
    /// When the system does not say where that is.
    pub fn current_exe() -> Result<Self, HostFault> {
        if cfg!(target_os = "linux") {
            // Stays right when the file is replaced during a long run.
            return Ok(Self::new("/proc/self/exe"));
        }
        std::env::current_exe().map(Self::new).map_err(|error| {
            HostFault::new(format!("cannot find the running binary to start supervisors: {error}"))
        })
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }
}

/// The way to a helper below a supervisor.
pub(crate) type SupervisedTalk = Talk<BufReader<pipe::Receiver>, pipe::Sender>;

/// A supervisor at work. When it is dropped, everything below it is killed before the drop
/// returns (a few milliseconds).
pub(crate) struct Supervisor {
    child: Child,
    talk: Option<SupervisedTalk>,
}

impl Supervisor {
    /// Starts one that builds this, or nothing.
    pub(crate) fn start(
        helper: &HelperCommand,
        enclosure: Option<&Enclosure>,
    ) -> Result<Self, HostFault> {
        let fault = |what: &str, error: &dyn std::fmt::Display| {
            let program = helper.program.display();
            HostFault::new(format!("cannot {what} the supervisor `{program}`: {error}"))
        };
        let mut line =
            serde_json::to_vec(&enclosure).map_err(|error| fault("describe to", &error))?;
        line.push(b'\n');
        let mut child = Command::new(&helper.program)
            .args(&helper.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Out of the terminal's foreground group: Ctrl-C is the controller's to handle.
            .process_group(0)
            .spawn()
            .map_err(|error| fault("start", &error))?;
        let output = child.stdout.take().map(OwnedFd::from);
        let input = child.stdin.take();
        let mut supervisor = Self { child, talk: None };
        let (Some(output), Some(mut input)) = (output, input) else {
            return Err(fault("talk to", &"it has no pipes"));
        };
        input.write_all(&line).map_err(|error| fault("talk to", &error))?;
        let from = pipe::Receiver::from_owned_fd(output).map_err(|e| fault("hear", &e))?;
        let to = pipe::Sender::from_owned_fd(OwnedFd::from(input)).map_err(|e| fault("ask", &e))?;
        supervisor.talk = Some(Talk::new(BufReader::with_capacity(64 * 1024, from), to));
        Ok(supervisor)
    }

    /// The way to its helper.
    pub(crate) fn talk(&mut self) -> Option<&mut SupervisedTalk> {
        self.talk.as_mut()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // The closed pipes tell the helper to kill everything and go.
        drop(self.talk.take());
        let deadline = Instant::now() + PATIENCE;
        let mut pause = Duration::from_micros(100);
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Unique on this machine.
pub(crate) fn new_tag() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let started = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |age| age.as_nanos());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{started:x}-{count}", std::process::id())
}
