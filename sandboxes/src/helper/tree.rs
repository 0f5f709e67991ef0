//! The process tree of a command, and its end.
//!
//! The supervisor is a subreaper: whatever loses its parent becomes the supervisor's child,
//! so a process can leave its group and its session, but never the tree. The tree is gone
//! when the kernel says that there is no child left.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, kill_process_group, wait,
};

use crate::job::Ended;
use crate::sweep;

/// How long a process in an uninterruptible system call is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The tree below the supervisor.
pub(super) struct Tree {
    main: Pid,
    status: Option<WaitStatus>,
}

impl Tree {
    pub(super) fn new(main: Pid) -> Self {
        Self { main, status: None }
    }

    /// Becomes readable when the first process ends, where the kernel has such a thing.
    #[cfg(target_os = "linux")]
    pub(super) fn handle(&self) -> Option<OwnedFd> {
        rustix::process::pidfd_open(self.main, rustix::process::PidfdFlags::empty()).ok()
    }

    /// Other systems have none.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn handle(&self) -> Option<OwnedFd> {
        None
    }

    pub(super) fn main_ended(&self) -> bool {
        self.status.is_some()
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
                Ok(Some((pid, status))) if pid == self.main => self.status = Some(status),
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
        if !self.main_ended() {
            // A whole group at once leaves its members no time to fork.
            let _ = kill_process_group(self.main, Signal::KILL);
        }
        while self.reap() {
            let left = descendants();
            for process in &left {
                // Its group and session were made below the supervisor, by setsid(2).
                let _ = kill_process_group(process.group, Signal::KILL);
                let _ = kill_process(process.pid, Signal::KILL);
            }
            if Instant::now() > deadline {
                return left.into_iter().map(|process| process.pid.as_raw_pid()).collect();
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        Vec::new()
    }
}

struct Member {
    pid: Pid,
    group: Pid,
}

/// All descendants of this process, and not this process's own group.
fn descendants() -> Vec<Member> {
    let all = sweep::processes();
    let mut children: BTreeMap<i32, Vec<&sweep::Process>> = BTreeMap::new();
    for process in &all {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut ahead = vec![getpid().as_raw_pid()];
    let own_group = rustix::process::getpgrp();
    while let Some(parent) = ahead.pop() {
        for process in children.get(&parent).into_iter().flatten() {
            if !seen.insert(process.pid) {
                continue;
            }
            ahead.push(process.pid);
            if let (Some(pid), Some(group)) =
                (Pid::from_raw(process.pid), Pid::from_raw(process.group))
            {
                let group = if group == own_group { pid } else { group };
                found.push(Member { pid, group });
            }
        }
    }
    found
}
