//! The processes of a command, and their end.
//!
//! In a namespace of processes, every one but the helper and a Python that stays warm belongs
//! to the command. Without a namespace the helper is a subreaper: whatever loses its parent
//! becomes the helper's child, so a process can leave its group and its session, but never the
//! tree. The tree is gone when the kernel says that there is no child left.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, kill_process_group, wait,
};

use super::processes::{Process, belongs_to_root, processes};
use crate::wire::Ended;

/// How long a process in an uninterruptible system call is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the processes of a command are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All that can be seen: this is process 1 of a namespace.
    Namespace,
    /// The descendants of this process.
    Descendants,
}

/// The processes of one command.
pub(super) struct Tree {
    scope: Scope,
    main: Option<Pid>,
    /// A process that stays, with the children it has to collect itself.
    spare: Option<Pid>,
    status: Option<WaitStatus>,
    spare_ended: bool,
}

impl Tree {
    pub(super) fn new(scope: Scope, main: Option<Pid>, spare: Option<Pid>) -> Self {
        Self { scope, main, spare, status: None, spare_ended: false }
    }

    /// Becomes readable when the first process ends, where the kernel has such a thing.
    #[cfg(target_os = "linux")]
    pub(super) fn handle(&self) -> Option<OwnedFd> {
        rustix::process::pidfd_open(self.main?, rustix::process::PidfdFlags::empty()).ok()
    }

    /// Other systems have none.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn handle(&self) -> Option<OwnedFd> {
        None
    }

    pub(super) fn main_ended(&self) -> bool {
        self.status.is_some()
    }

    /// Whether the process that was to stay is gone.
    pub(super) fn spare_ended(&self) -> bool {
        self.spare_ended
    }

    /// How the first process ended.
    pub(super) fn ended(&self) -> Ended {
        let signal = self.status.and_then(WaitStatus::terminating_signal);
        let code = self.status.and_then(WaitStatus::exit_status);
        match (code, signal) {
            (Some(code), _) => Ended::Code(code),
            (None, signal) => Ended::Signal(signal.unwrap_or(Signal::KILL.as_raw())),
        }
    }

    /// Collects all children that ended; says whether any are left.
    pub(super) fn reap(&mut self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if Some(pid) == self.main => self.status = Some(status),
                Ok(Some((pid, _))) if Some(pid) == self.spare => self.spare_ended = true,
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    /// Kills everything and collects it. Returns the processes that would not die.
    pub(super) fn kill(&mut self) -> Vec<i32> {
        let mut pause = Duration::from_micros(100);
        let deadline = Instant::now() + PATIENCE;
        if let Some(main) = self.main.filter(|_| !self.main_ended()) {
            // A whole group at once leaves its members no time to fork.
            let _ = kill_process_group(main, Signal::KILL);
        }
        loop {
            let children = self.reap();
            let left = match self.scope {
                Scope::Descendants if !children => Vec::new(),
                Scope::Descendants => descendants(),
                Scope::Namespace => self.others(),
            };
            if left.is_empty() && (self.scope == Scope::Namespace || !children) {
                return Vec::new();
            }
            for process in &left {
                // Its group and session were made below the helper, by setsid(2).
                let _ = kill_process_group(process.group, Signal::KILL);
                let _ = kill_process(process.pid, Signal::KILL);
            }
            if Instant::now() > deadline {
                return left.into_iter().map(|process| process.pid.as_raw_pid()).collect();
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// All processes of the namespace that belong to the command.
    fn others(&self) -> Vec<Member> {
        let own = [Some(getpid()), self.spare];
        let groups = own.map(|pid| pid.and_then(|pid| rustix::process::getpgid(Some(pid)).ok()));
        let spare = self.spare.map(Pid::as_raw_pid);
        let am_root = rustix::process::getuid().is_root();
        processes()
            .into_iter()
            // What has ended is collected by its parent, the spare one, in a moment.
            .filter(|process| !(process.ended && Some(process.parent) == spare))
            .filter_map(|process| Member::of(process, &groups))
            .filter(|member| !own.contains(&Some(member.pid)))
            // Nor what the daemon started in this container: a relay, a person's shell. No
            // command can become root.
            .filter(|member| am_root || !belongs_to_root(member.pid.as_raw_pid()))
            .collect()
    }
}

struct Member {
    pid: Pid,
    group: Pid,
}

impl Member {
    /// A process to kill, alone if its group is one of these.
    fn of(process: Process, spared: &[Option<Pid>]) -> Option<Self> {
        let pid = Pid::from_raw(process.pid)?;
        let group = Pid::from_raw(process.group).filter(|group| !spared.contains(&Some(*group)));
        Some(Self { pid, group: group.unwrap_or(pid) })
    }
}

/// All descendants of this process, and not this process's own group.
fn descendants() -> Vec<Member> {
    let all = processes();
    let mut children: BTreeMap<i32, Vec<&Process>> = BTreeMap::new();
    for process in &all {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut ahead = vec![getpid().as_raw_pid()];
    let own_group = [Some(rustix::process::getpgrp())];
    while let Some(parent) = ahead.pop() {
        for process in children.get(&parent).into_iter().flatten() {
            if seen.insert(process.pid) {
                ahead.push(process.pid);
                found.extend(Member::of(**process, &own_group));
            }
        }
    }
    found
}
