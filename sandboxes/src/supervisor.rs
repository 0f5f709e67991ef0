//! The controller's side: starts a supervisor per command and hears its report.

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use evolve_core::ports::HostFault;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use crate::HELPER_ARGUMENT;
use crate::job::{Job, Report, TAG};
use crate::sweep;

/// What a supervisor may take beyond the command's own time: it waits this long for
/// processes that do not die at once.
const GRACE: Duration = Duration::from_secs(30);

/// How long the end of a supervisor is waited for when its command is cancelled.
const CANCEL_PATIENCE: Duration = Duration::from_secs(15);

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
}

/// What came of a job.
pub(crate) enum Supervised {
    /// The supervisor's report and the command's output.
    Done(Report, Vec<u8>),
    /// The supervisor was killed by this signal; so was everything it watched.
    SupervisorKilled(i32),
}

/// Sees a job through. When the future is dropped, the whole tree is killed before the drop
/// returns (a few milliseconds).
pub(crate) async fn supervise(helper: HelperCommand, job: Job) -> Result<Supervised, HostFault> {
    let longest = job.wall + GRACE;
    let most = job.log + 64 * 1024;
    let (mut live, output) = Live::start(&helper, job)?;
    let output = pipe::Receiver::from_owned_fd(output)
        .map_err(|error| HostFault::new(format!("cannot listen to the supervisor: {error}")))?;
    let mut answer = Vec::new();
    let mut limited = output.take(most as u64);
    match tokio::time::timeout(longest, limited.read_to_end(&mut answer)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            return Err(HostFault::new(format!("cannot hear the supervisor: {error}")));
        }
        Err(_) => {
            return Err(HostFault::new(format!(
                "the supervisor of a command did not answer within {longest:?} and was killed; \
                 is the machine overloaded or a file system hanging?"
            )));
        }
    }
    let status = live.finish()?;
    if let Some(signal) = status.signal() {
        live.sweep();
        return Ok(Supervised::SupervisorKilled(signal));
    }
    parse(&answer, &helper)
}

fn parse(answer: &[u8], helper: &HelperCommand) -> Result<Supervised, HostFault> {
    let garbage = || {
        HostFault::new(format!(
            "`{} {HELPER_ARGUMENT}` did not act as a supervisor; the program that uses the \
             sandbox must call `helper_main` first",
            helper.program.display()
        ))
    };
    let end = answer.iter().position(|byte| *byte == b'\n').ok_or_else(garbage)?;
    let report: Report = serde_json::from_slice(&answer[..end]).map_err(|_| garbage())?;
    let log = answer[end + 1..].to_vec();
    if log.len() != report.log {
        return Err(garbage());
    }
    Ok(Supervised::Done(report, log))
}

/// A supervisor at work. Its standard input stays open as long as somebody is interested.
struct Live {
    child: Child,
    interest: Option<ChildStdin>,
    tag: String,
    over: bool,
}

impl Live {
    fn start(helper: &HelperCommand, mut job: Job) -> Result<(Self, OwnedFd), HostFault> {
        let tag = new_tag();
        job.env.insert(TAG.to_owned(), tag.clone());
        let fault = |what: &str, error: &dyn std::fmt::Display| {
            let program = helper.program.display();
            HostFault::new(format!("cannot {what} the supervisor `{program}`: {error}"))
        };
        let mut text = serde_json::to_vec(&job).map_err(|error| fault("describe to", &error))?;
        text.push(b'\n');
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
        let interest = child.stdin.take();
        let mut live = Self { child, interest, tag, over: false };
        let written = live.interest.as_mut().map(|pipe| pipe.write_all(&text));
        match (written, output) {
            (Some(Ok(())), Some(output)) => Ok((live, output)),
            (Some(Err(error)), _) => Err(fault("talk to", &error)),
            _ => Err(fault("talk to", &"it has no pipes")),
        }
    }

    /// Waits for a supervisor that has closed its output.
    fn finish(&mut self) -> Result<std::process::ExitStatus, HostFault> {
        let status = self.child.wait();
        self.over = status.is_ok();
        status.map_err(|error| HostFault::new(format!("lost the supervisor: {error}")))
    }

    /// Kills what a supervisor left that could not finish its work.
    fn sweep(&self) {
        sweep::kill_tagged(&self.tag);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        // The closed pipe tells the supervisor to kill everything and go.
        drop(self.interest.take());
        let deadline = Instant::now() + CANCEL_PATIENCE;
        let mut pause = Duration::from_micros(100);
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(pause),
                Ok(Some(status)) if status.signal().is_none() => return,
                Ok(Some(_)) | Err(_) => break,
            }
            pause = (pause * 2).min(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.sweep();
    }
}

/// Unique on this machine.
fn new_tag() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let started = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |age| age.as_nanos());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{started:x}-{count}", std::process::id())
}
