//! The few system calls that need `unsafe`, and those that only Linux has.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::FdFlags;
use rustix::process::{Pid, Resource, Rlimit};

use crate::guest::filter::Filter;

/// What a child is before it becomes the command.
pub(crate) struct Child {
    /// Its limits.
    pub limits: Vec<(Resource, Rlimit)>,
    /// What it may ask of the kernel.
    pub filter: Filter,
    /// A file it gets as number 3.
    pub third: Option<OwnedFd>,
}

/// Makes the command the leader of a session of its own that dies with this process, may
/// not gain privileges, and is confined. Only for a process with a single thread.
pub(crate) fn confine(command: &mut Command, mut child: Child) {
    let parent = rustix::process::getpid();
    let setup = move || {
        rustix::process::setsid()?;
        bind_to(parent)?;
        if let Some(third) = &child.third {
            // SAFETY: both numbers are valid; what was at 3 is closed on exec anyway.
            #[allow(unsafe_code)] // the number is given, so it has no owner in Rust's sense
            let status = unsafe { libc::dup2(third.as_raw_fd(), 3) };
            if status < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        for (resource, limit) in &child.limits {
            rustix::process::setrlimit(*resource, *limit)?;
        }
        child.filter.apply()
    };
    // SAFETY: the closure runs between fork and exec of a process with one thread, so no lock
    // can be held and allocating is safe.
    #[allow(unsafe_code)] // std offers no other way to confine a child alone
    unsafe {
        command.pre_exec(setup);
    }
}

#[cfg(target_os = "linux")]
fn bind_to(parent: Pid) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before the line above took effect.
    if getppid() != Some(parent) {
        return Err(io::Error::from(rustix::io::Errno::SRCH));
    }
    rustix::thread::set_no_new_privs(true)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps)] // same shape as on Linux
fn bind_to(_parent: Pid) -> io::Result<()> {
    Ok(())
}

/// Lets orphans among the descendants become children of this process.
#[cfg(target_os = "linux")]
pub(crate) fn adopt_orphans() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}

/// Other systems have no such thing: what leaves the process group escapes.
#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps)] // same shape as on Linux
pub(crate) fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

/// Keeps other processes of this user from reading this one's memory, files and environment.
#[cfg(target_os = "linux")]
pub(crate) fn hide() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Other systems have no such thing.
#[cfg(not(target_os = "linux"))]
pub(crate) fn hide() {}

/// How the kernel schedules a process: the processors it may use, its policy and priority. Any
/// process of the same user may change these.
#[cfg(target_os = "linux")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    processors: Vec<usize>,
    policy: i32,
    nice: i32,
}

#[cfg(target_os = "linux")]
impl Schedule {
    /// Of this process; none when the kernel does not tell.
    pub(crate) fn of(pid: Pid) -> Option<Self> {
        let set = rustix::thread::sched_getaffinity(Some(pid)).ok()?;
        let processors = (0..rustix::thread::CpuSet::MAX_CPU).filter(|core| set.is_set(*core));
        let nice = rustix::process::getpriority_process(Some(pid)).ok()?;
        // SAFETY: this call takes no pointer.
        #[allow(unsafe_code)] // rustix does not have it
        let policy = unsafe { libc::sched_getscheduler(pid.as_raw_pid()) };
        Some(Self { processors: processors.collect(), policy, nice })
    }
}

/// Other systems are not asked.
#[cfg(not(target_os = "linux"))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule;

#[cfg(not(target_os = "linux"))]
impl Schedule {
    /// Nothing.
    pub(crate) fn of(_pid: Pid) -> Option<Self> {
        None
    }
}

/// Keeps every open file but the three standard ones from the children. The controller may
/// itself have been started with files that are none of a candidate's business.
pub fn close_files_on_exec() {
    let Ok(open) = std::fs::read_dir("/dev/fd") else { return };
    let numbers = open.flatten().filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok());
    for number in numbers.filter(|n| *n > 2) {
        // SAFETY: the descriptor was listed as open, and this process has one thread, so
        // nobody can have closed it since.
        #[allow(unsafe_code)] // a descriptor that was inherited has no owner to borrow from
        let file = unsafe { BorrowedFd::borrow_raw(number) };
        let _ = rustix::io::fcntl_setfd(file, FdFlags::CLOEXEC);
    }
}

/// CPU seconds, and peak resident bytes of the largest, of all descendants that were waited for.
pub(crate) fn descendants_usage() -> (f64, u64) {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is valid for writes of this type; zeroes are a valid value of it.
    #[allow(unsafe_code)] // neither std nor rustix offers getrusage
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr());
        usage.assume_init()
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    let unit = if cfg!(target_os = "linux") { 1024 } else { 1 };
    let peak = u64::try_from(usage.ru_maxrss).unwrap_or(0).saturating_mul(unit);
    (seconds(usage.ru_utime) + seconds(usage.ru_stime), peak)
}

/// Removes the System V shared memory, semaphores and queues of this IPC namespace that this
/// user may remove; says whether any is left.
#[cfg(target_os = "linux")]
pub(crate) fn wipe_ipc() -> bool {
    let listed = |kind: &str| -> Vec<i32> {
        let text = std::fs::read_to_string(format!("/proc/sysvipc/{kind}")).unwrap_or_default();
        text.lines().skip(1).filter_map(|l| l.split_whitespace().nth(1)?.parse().ok()).collect()
    };
    for id in listed("shm") {
        // SAFETY: removing takes no pointer.
        #[allow(unsafe_code)] // System V IPC is in no safe library
        unsafe {
            libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut());
        }
    }
    for id in listed("sem") {
        // SAFETY: as above.
        #[allow(unsafe_code)]
        unsafe {
            libc::semctl(id, 0, libc::IPC_RMID);
        }
    }
    for id in listed("msg") {
        // SAFETY: as above.
        #[allow(unsafe_code)]
        unsafe {
            libc::msgctl(id, libc::IPC_RMID, std::ptr::null_mut());
        }
    }
    ["shm", "sem", "msg"].iter().any(|kind| !listed(kind).is_empty())
}
