//! The supervisor: one process with one thread per command.

mod capture;
mod limits;
mod tree;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Pid;

use crate::HELPER_ARGUMENT;
use crate::job::{Ended, Job, Report};
use crate::sys;
use capture::Capture;
use tree::Tree;

/// How often orphans that ended are collected while nothing else happens.
const TICK: Duration = Duration::from_millis(500);

/// Runs the supervisor if these arguments (without the program's name) ask for it, and
/// returns its exit code. A binary that uses the sandboxes calls this before anything else.
pub fn helper_main(args: &[OsString]) -> Option<i32> {
    let asked = args.first().is_some_and(|arg| arg == HELPER_ARGUMENT);
    asked.then(|| i32::from(serve().is_err()))
}

/// Reads the job, sees it through and reports.
fn serve() -> io::Result<()> {
    sys::close_files_on_exec();
    let job: Job = serde_json::from_slice(&read_line(io::stdin())?)?;
    let started = Instant::now();
    let mut immortal = Vec::new();
    let mut log = Vec::new();
    let ended = match start(&job) {
        Err(error) => Ended::NotStarted(error.to_string()),
        Ok((main, mut capture)) => {
            let mut tree = Tree::new(main);
            let end = watch(started + job.wall, &mut tree, &mut capture);
            immortal = tree.kill();
            capture.drain();
            log = capture.into_log();
            match end {
                End::Main => tree.ended(),
                End::Deadline => Ended::TimedOut,
                End::ControllerGone => return Ok(()),
            }
        }
    };
    let (cpu_s, peak_memory) = sys::descendants_usage();
    let wall_s = started.elapsed().as_secs_f64();
    let report = Report { ended, wall_s, cpu_s, peak_memory, immortal, log: log.len() };
    let mut answer = serde_json::to_vec(&report)?;
    answer.push(b'\n');
    answer.extend_from_slice(&log);
    io::stdout().write_all(&answer)?;
    io::stdout().flush()
}

/// One byte at a time would cost a call each, and reading too far does not matter: nothing
/// follows the job.
fn read_line(mut input: impl Read) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        let n = input.read(&mut chunk)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.extend_from_slice(&chunk[..n]);
        if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            line.truncate(end);
            return Ok(line);
        }
    }
}

/// Starts the command; its output, both streams into one pipe, is in the capture.
fn start(job: &Job) -> io::Result<(Pid, Capture)> {
    sys::adopt_orphans()?;
    let (reader, writer) = io::pipe()?;
    let [program, arguments @ ..] = job.argv.as_slice() else {
        return Err(io::Error::other("the command is empty"));
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(&job.env)
        .current_dir(&job.workdir)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    sys::confine(&mut command, job.rlimits.map(limits::of).unwrap_or_default());
    let child = command.spawn()?;
    // The command holds the pipe's writing ends until it is dropped here.
    drop(command);
    let main = Pid::from_child(&child);
    Ok((main, Capture::new(reader, job.log)?))
}

/// Why the watch ended.
enum End {
    /// The first process ended.
    Main,
    /// The time was over.
    Deadline,
    /// The controller died or is no longer interested.
    ControllerGone,
}

fn watch(deadline: Instant, tree: &mut Tree, capture: &mut Capture) -> End {
    let controller = io::stdin();
    let main = tree.handle();
    // Without a handle (kernels before 5.3) the end of the process must be looked for.
    let tick = if main.is_some() { TICK } else { Duration::from_millis(2) };
    loop {
        tree.reap();
        if tree.main_ended() {
            return End::Main;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return End::Deadline;
        }
        if wait(controller.as_fd(), main.as_ref(), capture, left.min(tick)) {
            return End::ControllerGone;
        }
        capture.read_some();
    }
}

/// Sleeps until something happens; says whether the controller is gone.
fn wait(
    controller: BorrowedFd<'_>,
    main: Option<&OwnedFd>,
    capture: &Capture,
    longest: Duration,
) -> bool {
    let mut watched = vec![PollFd::from_borrowed_fd(controller, PollFlags::empty())];
    watched.extend(main.map(|main| PollFd::new(main, PollFlags::IN)));
    watched.extend(capture.source().map(|pipe| PollFd::from_borrowed_fd(pipe, PollFlags::IN)));
    let timeout = Timespec {
        tv_sec: i64::try_from(longest.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: longest.subsec_nanos().into(),
    };
    // An interrupted wait is as good as one that timed out.
    poll(&mut watched, Some(&timeout)).is_ok()
        && watched[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}
