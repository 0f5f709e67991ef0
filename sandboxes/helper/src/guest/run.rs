//! One command, from its files to its report.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::Pid;

use super::capture::Capture;
use super::link::{Link, timespec};
use super::meter::Reading;
use super::room::Room;
use super::tree::Tree;
use super::warm::Server;
use super::{Done, Guest, find, limits};
use crate::sys;
use crate::wire::{Ended, EnvValue, Folder, Report, Run, Tell};

/// How often orphans that ended are collected while nothing else happens.
const TICK: Duration = Duration::from_millis(500);

/// A command that was started.
struct Started {
    tree: Tree,
    capture: Capture,
    /// Becomes readable when its first process ended.
    end: Option<OwnedFd>,
    warm: bool,
    /// Whether its end was told along with its start.
    over: bool,
}

/// Why the watch ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The first process ended.
    Main,
    /// The time was over.
    Deadline,
    /// The controller is gone for good.
    ControllerGone,
}

impl Room {
    /// Sees a command through; none when the controller is gone for good. An error is the
    /// host's fault.
    pub(super) fn run(
        &mut self,
        guest: &mut Guest,
        run: Run,
        payload: &[u8],
    ) -> Result<Option<Done>, String> {
        if let Some(why) = &self.spoilt {
            return Err(why.clone());
        }
        self.fill(&run, payload)
            .map_err(|error| format!("the files cannot be written: {error}"))?;
        let before = (guest.meter.read(), sys::descendants_usage());
        let began = Instant::now();
        let mut head = Vec::new();
        let mut report = report();
        let (cut, tail) = match self.start(&run) {
            Err(why) => {
                report.ended = Ended::NotStarted(why);
                (0, Vec::new())
            }
            Ok(mut started) => {
                let deadline = began + run.wall;
                let end = watch(&run.key, deadline, &mut started, &mut guest.link, &mut head);
                if matches!(end, End::ControllerGone) {
                    let _ = started.tree.kill();
                    return Ok(None);
                }
                self.finish(end, &mut started, &mut report);
                started.capture.drain(|bytes| pass_on(&mut guest.link, &mut head, bytes));
                started.capture.into_tail()
            }
        };
        report.cut = cut;
        report.wall_s = began.elapsed().as_secs_f64();
        measure(&mut report, before, guest.meter.read());
        report.spoilt = self.spoilt.clone();
        guest.link.tell(&Tell::Ended(report.clone()), &[&tail]);
        Ok(Some(Done { key: run.key, report, head, tail }))
    }

    fn start(&mut self, run: &Run) -> Result<Started, String> {
        let env = self.env(&self.resolved(&run.env)?);
        let folder = self.folder(Folder::Work);
        let warm = self.server.as_ref().and_then(|server| server.script(&run.argv)).is_some();
        if warm && let Some(server) = &mut self.server {
            let script = server.script(&run.argv).unwrap_or_default().to_vec();
            let started = server.fork(&script, &env, &folder).and_then(|()| {
                let capture = Capture::new(server.output.try_clone()?, run.log)?;
                Ok((capture, server.talk().try_clone_to_owned()?))
            });
            let (capture, end) =
                started.map_err(|error| format!("the warm Python cannot fork: {error}"))?;
            let over = server.has_spoken();
            let tree = Tree::new(self.scope, None, Some(server.pid()));
            return Ok(Started { tree, capture, end: Some(end), warm, over });
        }
        let (main, capture) = self.spawn(run, &env).map_err(|error| error.to_string())?;
        let tree = self.tree(Some(main));
        let end = tree.handle();
        Ok(Started { tree, capture, end, warm, over: false })
    }

    /// Starts a fresh process; its output, both streams into one pipe, is in the capture.
    fn spawn(&self, run: &Run, env: &BTreeMap<String, String>) -> io::Result<(Pid, Capture)> {
        let (reader, writer) = io::pipe()?;
        let [program, arguments @ ..] = run.argv.as_slice() else {
            return Err(io::Error::other("the command is empty"));
        };
        let program = find(program, env.get("PATH"))
            .ok_or_else(|| io::Error::other(format!("{program} is not installed there")))?;
        let mut command = Command::new(self.folder(Folder::Work).join(program));
        command
            .args(arguments)
            .env_clear()
            .envs(env)
            .current_dir(self.folder(Folder::Work))
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer);
        let limits = self.prepare.rlimits.map(limits::of).unwrap_or_default();
        let filter = self.filter.try_clone()?;
        sys::confine(&mut command, sys::Child { limits, filter, third: None });
        let child = command.spawn()?;
        // The command holds the pipe's writing ends until it is dropped here.
        drop(command);
        let main = Pid::from_child(&child);
        // When memory is short, this one is to go and not the helper.
        let _ = std::fs::write(format!("/proc/{main}/oom_score_adj"), "1000");
        Ok((main, Capture::new(reader.into(), run.log)?))
    }

    fn resolved(
        &self,
        env: &BTreeMap<String, EnvValue>,
    ) -> Result<BTreeMap<String, String>, String> {
        let value = |value: &EnvValue| match value {
            EnvValue::Text(text) => Ok(text.clone()),
            EnvValue::Door(rest) => match self.door() {
                Some(door) => Ok(door + rest),
                None => Err("this sandbox has no door".to_owned()),
            },
            EnvValue::Place(folder, path) if path.is_empty() => {
                Ok(self.folder(*folder).display().to_string())
            }
            EnvValue::Place(folder, path) => {
                Ok(self.folder(*folder).join(path).display().to_string())
            }
        };
        env.iter().map(|(name, given)| Ok((name.clone(), value(given)?))).collect()
    }

    /// Kills what is left and says how the command ended.
    fn finish(&mut self, end: End, started: &mut Started, report: &mut Report) {
        if started.warm && matches!(end, End::Main) {
            // Its own words come first: what is killed now has no say in them.
            self.end_of_fork(report);
            report.immortal = started.tree.kill();
        } else {
            report.immortal = started.tree.kill();
            report.ended = started.tree.ended();
            if started.warm {
                self.end_of_fork(report);
            }
        }
        if matches!(end, End::Deadline) {
            report.ended = Ended::TimedOut;
            self.spoilt.get_or_insert_with(|| "its last command had to be killed".to_owned());
        }
        if !report.immortal.is_empty() {
            self.spoilt = Some("a process cannot be killed".to_owned());
        }
        if self.server.is_some() && started.tree.spare_ended() {
            self.spoilt = Some("the warm Python has ended".to_owned());
        }
    }

    fn end_of_fork(&mut self, report: &mut Report) {
        if let Some(Ok((ended, cpu, peak))) = self.server.as_mut().map(Server::ended) {
            report.ended = ended;
            report.cpu_s = cpu;
            report.peak_memory = peak;
        } else {
            // Nothing but the command has a reason to kill it.
            report.ended = Ended::Signal(9);
            self.spoilt = Some("the warm Python was killed".to_owned());
        }
    }
}

fn watch(
    key: &str,
    deadline: Instant,
    started: &mut Started,
    link: &mut Link,
    head: &mut Vec<u8>,
) -> End {
    // Without a handle (kernels before 5.3) the end of the process must be looked for.
    let tick = if started.end.is_some() { TICK } else { Duration::from_millis(2) };
    loop {
        started.tree.reap();
        if started.over || started.tree.main_ended() {
            return End::Main;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return End::Deadline;
        }
        let (hung_up, ended) = wait(link, started, left.min(tick));
        if hung_up && link.is_patient() {
            link.lose();
        } else if hung_up {
            return End::ControllerGone;
        }
        if link.accept() {
            link.tell(&Tell::State { key: Some(key.to_owned()) }, &[]);
            link.tell(&Tell::Output, &[head]);
        }
        if let Some(bytes) = started.capture.read_some() {
            pass_on(link, head, bytes);
        }
        if ended && started.warm {
            return End::Main;
        }
    }
}

fn report() -> Report {
    Report {
        ended: Ended::TimedOut,
        wall_s: 0.0,
        cpu_s: 0.0,
        peak_memory: 0,
        io: None,
        out_of_memory: false,
        too_many_processes: false,
        immortal: Vec::new(),
        spoilt: None,
        cut: 0,
    }
}

/// Puts what was used since into the report: of the whole group where it is counted.
fn measure(report: &mut Report, before: (Reading, (f64, u64)), now: Reading) {
    let (counted, waited) = before;
    let (cpu, peak) = sys::descendants_usage();
    report.cpu_s += cpu - waited.0;
    if let (Some(now), Some(before)) = (now.cpu_s, counted.cpu_s) {
        report.cpu_s = now - before;
    }
    // Peaks cannot be taken apart: that of a group counts if it rose meanwhile.
    report.peak_memory = report.peak_memory.max(if peak > waited.1 { peak } else { 0 });
    if let (Some(now), Some(before)) = (now.peak, counted.peak)
        && now > before
    {
        report.peak_memory = now;
    }
    report.out_of_memory = now.ooms > counted.ooms;
    report.too_many_processes = now.crowds > counted.crowds;
    report.io = now
        .io
        .zip(counted.io)
        .map(|(now, then)| (now.0.saturating_sub(then.0), now.1.saturating_sub(then.1)));
}

fn pass_on(link: &mut Link, head: &mut Vec<u8>, bytes: &[u8]) {
    if !bytes.is_empty() {
        head.extend_from_slice(bytes);
        link.tell(&Tell::Output, &[bytes]);
    }
}

/// Sleeps until something happens: whether the controller hung up, and whether the command's
/// end was told.
fn wait(link: &Link, started: &Started, longest: Duration) -> (bool, bool) {
    let mut watched = link.watch();
    let links = watched.len();
    watched.extend(started.end.as_ref().map(|end| PollFd::new(end, PollFlags::IN)));
    let ends = watched.len() > links;
    watched
        .extend(started.capture.source().map(|pipe| PollFd::from_borrowed_fd(pipe, PollFlags::IN)));
    // An interrupted wait is as good as one that timed out.
    if poll(&mut watched, Some(&timespec(longest))).is_err() {
        return (false, false);
    }
    let hung_up = watched[0].revents().intersects(PollFlags::HUP | PollFlags::ERR);
    let ended = ends && !watched[links].revents().is_empty();
    (hung_up, ended)
}
