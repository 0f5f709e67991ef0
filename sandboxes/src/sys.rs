//! The few system calls that need `unsafe`, and those that only Linux has.

use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::FdFlags;
use rustix::process::{Pid, Resource, Rlimit};

/// Makes the command the leader of a session of its own that dies with this process, may
/// not gain privileges, and has these limits. Only for a process with a single thread.
pub(crate) fn confine(command: &mut Command, limits: Vec<(Resource, Rlimit)>) {
    let supervisor = rustix::process::getpid();
    let setup = move || {
        rustix::process::setsid()?;
        bind_to(supervisor)?;
        for (resource, limit) in &limits {
            rustix::process::setrlimit(*resource, *limit)?;
        }
        Ok(())
    };
    // SAFETY: the closure runs between fork and exec. It only makes system calls, neither
    // allocates nor takes locks, and the supervisor has one thread, so no lock can be held.
    #[allow(unsafe_code)] // std offers no other way to set limits for a child alone
    unsafe {
        command.pre_exec(setup);
    }
}

#[cfg(target_os = "linux")]
fn bind_to(supervisor: Pid) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before the line above took effect.
    if getppid() != Some(supervisor) {
        return Err(io::Error::from(rustix::io::Errno::SRCH));
    }
    rustix::thread::set_no_new_privs(true)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps)] // same shape as on Linux
fn bind_to(_supervisor: Pid) -> io::Result<()> {
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

/// Keeps every open file but the three standard ones from the children. The controller may
/// itself have been started with files that are none of a candidate's business.
pub(crate) fn close_files_on_exec() {
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
    const CHILDREN: std::ffi::c_int = -1;
    let mut usage = RawUsage::default();
    // SAFETY: `usage` is valid for writes and at least as large as the C library's `rusage`
    // (two times and fourteen longs; musl adds sixteen reserved ones).
    #[allow(unsafe_code)] // neither std nor rustix offers getrusage
    let status = unsafe { getrusage(CHILDREN, &raw mut usage) };
    if status != 0 {
        return (0.0, 0);
    }
    let seconds = |time: [i64; 2]| time[0] as f64 + time[1] as f64 / 1e6;
    let unit = if cfg!(target_os = "linux") { 1024 } else { 1 };
    let peak = u64::try_from(usage.max_rss).unwrap_or(0).saturating_mul(unit);
    (seconds(usage.user) + seconds(usage.system), peak)
}

#[repr(C)]
#[derive(Default)]
struct RawUsage {
    user: [i64; 2],
    system: [i64; 2],
    max_rss: i64,
    others: [i64; 29],
}

#[cfg(not(target_pointer_width = "64"))]
compile_error!("the layout of `rusage` is known for 64-bit systems only");

#[allow(unsafe_code)] // see `descendants_usage`
unsafe extern "C" {
    fn getrusage(who: std::ffi::c_int, usage: *mut RawUsage) -> std::ffi::c_int;
}
