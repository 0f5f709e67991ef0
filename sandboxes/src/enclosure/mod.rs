//! A supervisor: the process that builds a sandbox's namespaces and limits, waits for the
//! helper in it, and clears away what was built. It has one thread, and goes away with its
//! controller.

mod groups;
mod view;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use evolve_sandbox_helper::guest::meter::Meter;
use evolve_sandbox_helper::guest::{Guest, Link, Scope, serve};
use rustix::process::{Pid, Signal, WaitOptions};
use serde::{Deserialize, Serialize};

use groups::Door;

pub(crate) use groups::{Caps, available as groups_available, sweep as sweep_groups};
pub(crate) use view::{BASE, shows};

/// What a supervisor builds; the first line it reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Enclosure {
    /// Unique on this machine; names the control groups.
    pub tag: String,
    /// Files and folders of this system that can be seen inside, read-only unless said.
    pub binds: Vec<Bind>,
    /// Bytes that may be written.
    pub disk: u64,
    /// Bytes of shared memory.
    pub shm: u64,
    /// Whether the network of this system can be reached.
    pub network: bool,
    /// Sums over all processes.
    pub caps: Caps,
    /// The processor cores it runs on; empty: any.
    pub cores: Vec<u32>,
}

/// Something of this system that can be seen inside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Bind {
    /// Where it is.
    pub source: PathBuf,
    /// Where it is seen.
    pub target: PathBuf,
    /// Whether it may be written.
    pub writable: bool,
}

/// Files and folders that an enclosure may take: many small files are as bad as a large one.
pub(crate) const INODES: u64 = 65_536;

/// A program that has not drawn the limit of its own in the namespace is user 1000 in it.
const INSIDE: u32 = 1000;

/// Whom processes in a sandbox are when the controller is root: a user that owns nothing.
const NOBODY: u32 = 65_534;

/// Serves a controller: builds what it asks for and lets the helper work in it.
pub(crate) fn supervise() -> io::Result<()> {
    evolve_sandbox_helper::close_files_on_exec();
    let mut input = BufReader::new(File::from(io::stdin().as_fd().try_clone_to_owned()?));
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let mut line = Vec::new();
    input.by_ref().take(1 << 20).read_until(b'\n', &mut line)?;
    let enclosure: Option<Enclosure> = serde_json::from_slice(&line)?;
    let way = Link::Pipes { input, output };
    let Some(enclosure) = enclosure else {
        let (scope, meter) = (Scope::Descendants, Meter::default());
        serve(Guest { link: way, scope, meter });
        return Ok(());
    };
    enclose(&enclosure, way)
}

fn enclose(enclosure: &Enclosure, mut link: Link) -> io::Result<()> {
    if let Err(error) = pin(&enclosure.cores) {
        let cores = &enclosure.cores;
        link.refuse(&format!(
            "this slot cannot have the cores {cores:?} for its own ({error}); lower \
             run.evaluation_slots or the stage's cpus, or do without `pin`"
        ));
        return Ok(());
    }
    let groups = match groups::make(&enclosure.tag, enclosure.caps) {
        Ok(groups) => groups,
        Err(error) => {
            link.refuse(&format!("control groups: {error}"));
            return Ok(());
        }
    };
    let meter = Meter::open(&groups.folders());
    let doors = groups.doors()?;
    let (go, gate) = io::pipe().map(|(reader, writer)| (writer, reader))?;
    match clone(enclosure.network) {
        Ok(None) => {
            drop(go);
            let (mut link, gate) = (link, OwnedFd::from(gate));
            let entered = doors.into_iter().try_for_each(Door::enter);
            match entered.and_then(|()| view::enter(enclosure, &gate)) {
                Ok(()) => {
                    serve(Guest { link, scope: Scope::Namespace, meter });
                }
                Err(error) => link.refuse(&error.to_string()),
            }
            std::process::exit(0);
        }
        Ok(Some(child)) => {
            // The helper alone talks from now on.
            drop((link, gate, meter, doors));
            close_standard_files()?;
            let built = identify(child);
            if built.is_ok() {
                let mut go = go;
                let _ = go.write_all(b"!");
            } else {
                let _ = rustix::process::kill_process(child, Signal::KILL);
            }
            while let Err(rustix::io::Errno::INTR) =
                rustix::process::waitpid(Some(child), WaitOptions::empty())
            {}
            groups.remove();
            built
        }
        Err(error) => {
            groups.remove();
            link.refuse(&format!(
                "this system lets no user make namespaces ({error}); allow \
                     them (sysctl kernel.unprivileged_userns_clone=1 or \
                     kernel.apparmor_restrict_unprivileged_userns=0), or run without isolation: \
                     --sandbox unconfined"
            ));
            Ok(())
        }
    }
}

/// Keeps this process and its children on these cores.
fn pin(cores: &[u32]) -> io::Result<()> {
    if cores.is_empty() {
        return Ok(());
    }
    let allowed = rustix::thread::sched_getaffinity(None)?;
    let mut set = rustix::thread::CpuSet::new();
    for core in cores.iter().map(|core| *core as usize) {
        if core >= rustix::thread::CpuSet::MAX_CPU || !allowed.is_set(core) {
            return Err(io::Error::other(format!("core {core} is not there")));
        }
        set.set(core);
    }
    Ok(rustix::thread::sched_setaffinity(None, &set)?)
}

/// The pipes' ends that this process holds would keep them open when the helper is gone.
fn close_standard_files() -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(())
}

/// As fork(2), with the child in new namespaces: none in the child, its number in the parent.
fn clone(network: bool) -> io::Result<Option<Pid>> {
    let mut flags = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    if !network {
        flags |= libc::CLONE_NEWNET;
    }
    let mut arguments = [0_u64; 8];
    arguments[0] = u64::from(flags as u32);
    arguments[4] = libc::SIGCHLD as u64;
    // SAFETY: without a stack and without shared memory this is fork(2); this process has one
    // thread, so the child is as good a process as this one.
    #[allow(unsafe_code)] // std has no fork, and fork makes no namespaces
    let pid =
        unsafe { libc::syscall(libc::SYS_clone3, arguments.as_ptr(), size_of_val(&arguments)) };
    match pid {
        0 => Ok(None),
        pid if pid > 0 => Ok(Pid::from_raw(pid as i32)),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Says who the processes in the child's namespace are outside of it.
fn identify(child: Pid) -> io::Result<()> {
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    let (uid, gid) = if uid.is_root() { (NOBODY, NOBODY) } else { (uid.as_raw(), gid.as_raw()) };
    let write = |name: &str, text: String| std::fs::write(format!("/proc/{child}/{name}"), text);
    write("setgroups", "deny".to_owned())?;
    write("uid_map", format!("{INSIDE} {uid} 1\n"))?;
    write("gid_map", format!("{INSIDE} {gid} 1\n"))
}
