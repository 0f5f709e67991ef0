//! The two sandboxes that run commands as processes of this machine.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use evolve_core::outcome::Usage;
use evolve_core::ports::{
    BoxFuture, Exit, HostFault, Limits, Sandbox, SandboxCommand, SandboxOutcome,
};

use crate::classify::exit_of;
use crate::job::{Job, Report, Rlimits};
use crate::resolve::{Resolved, resolve_for_run};
use crate::supervisor::{HelperCommand, Supervised, supervise};

/// Files a command may hold open at once.
const OPEN_FILES: u64 = 1024;

/// Processes with resource limits (Linux).
#[derive(Debug, Clone)]
pub struct ProcessSandbox {
    helper: HelperCommand,
}

impl ProcessSandbox {
    /// A sandbox whose supervisors are started like this.
    pub fn new(helper: HelperCommand) -> Self {
        Self { helper }
    }
}

impl Sandbox for ProcessSandbox {
    fn name(&self) -> &'static str {
        "process"
    }

    fn guarantees(&self) -> Vec<String> {
        let mut lines = common_guarantees();
        lines.push(
            "enforced: private memory of each process, largest file, 1024 open files, no core dumps"
                .to_owned(),
        );
        if rustix::process::geteuid().is_root() {
            lines.push(
                "not enforced: the number of processes (the kernel exempts root; run as another \
                 user)"
                    .to_owned(),
            );
        } else {
            lines.push(
                "enforced: the number of processes, but counted per user, so commands side by \
                 side share it"
                    .to_owned(),
            );
        }
        lines.push(
            "not enforced: the memory of a whole process tree, and shared memory (up to the \
             address space, four times the limit plus 4 GiB)"
                .to_owned(),
        );
        lines
    }

    fn run(&self, command: SandboxCommand) -> BoxFuture<Result<SandboxOutcome, HostFault>> {
        let limits = command.limits;
        let rlimits = Rlimits {
            memory: limits.memory,
            file_size: limits.file_size,
            processes: limits.processes.into(),
            open_files: OPEN_FILES,
        };
        Box::pin(run(self.helper.clone(), command, Some(rlimits)))
    }
}

/// Plain processes: the same supervision, but no resource limits.
#[derive(Debug, Clone)]
pub struct UnconfinedSandbox {
    helper: HelperCommand,
}

impl UnconfinedSandbox {
    /// A sandbox whose supervisors are started like this.
    pub fn new(helper: HelperCommand) -> Self {
        Self { helper }
    }
}

impl Sandbox for UnconfinedSandbox {
    fn name(&self) -> &'static str {
        "unconfined"
    }

    fn guarantees(&self) -> Vec<String> {
        let mut lines = common_guarantees();
        lines.push("not enforced: memory, file sizes, open files, number of processes".to_owned());
        lines
    }

    fn run(&self, command: SandboxCommand) -> BoxFuture<Result<SandboxOutcome, HostFault>> {
        Box::pin(run(self.helper.clone(), command, None))
    }
}

fn common_guarantees() -> Vec<String> {
    let tree = if cfg!(target_os = "linux") {
        "enforced: wall time; the whole process tree is killed at the end, daemons included, \
         also when the controller is killed; no gain of privileges"
    } else {
        "enforced: wall time; the process group is killed at the end. not enforced: a daemon \
         that leaves the group escapes"
    };
    vec![
        tree.to_owned(),
        "enforced: a clean environment, a working folder of its own, output capped".to_owned(),
        "not enforced: every file this user may read is readable, and what this user may write \
         is writable; `readable` and `writable` are not checked"
            .to_owned(),
        "not enforced: the network is reachable, and other processes of this user can be \
         signalled"
            .to_owned(),
    ]
}

async fn run(
    helper: HelperCommand,
    command: SandboxCommand,
    rlimits: Option<Rlimits>,
) -> Result<SandboxOutcome, HostFault> {
    let job = job_of(&command, rlimits)?;
    match supervise(helper, job).await? {
        Supervised::Done(report, log) => outcome(report, log, rlimits.map(|_| command.limits)),
        // Nothing but the command has a reason to do that.
        Supervised::SupervisorKilled(signal) => Ok(SandboxOutcome {
            exit: Exit::Signal(signal),
            log: format!("[evolve: the supervisor was killed by signal {signal}]\n").into_bytes(),
            usage: Usage::default(),
        }),
    }
}

fn outcome(
    report: Report,
    log: Vec<u8>,
    limits: Option<Limits>,
) -> Result<SandboxOutcome, HostFault> {
    if !report.immortal.is_empty() {
        return Err(HostFault::new(format!(
            "processes {:?} of a finished command cannot be killed; a device or file system may \
             hang",
            report.immortal
        )));
    }
    let usage =
        Usage { wall_s: report.wall_s, cpu_s: report.cpu_s, peak_memory: report.peak_memory };
    let exit = exit_of(report.ended, &log, report.peak_memory, limits)?;
    Ok(SandboxOutcome { exit, log, usage })
}

fn job_of(command: &SandboxCommand, rlimits: Option<Rlimits>) -> Result<Job, HostFault> {
    let Some(name) = command.argv.first() else {
        return Err(HostFault::new("the command to run is empty"));
    };
    let workdir = utf8(&command.workdir)?;
    let program = resolve_for_run(name, &command.workdir)?;
    let mut env = BTreeMap::from([
        ("HOME".to_owned(), workdir.clone()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ("PATH".to_owned(), search_path(&program)?),
        ("TMPDIR".to_owned(), workdir.clone()),
    ]);
    env.extend(command.env.clone());
    let mut argv = command.argv.clone();
    argv[0] = utf8(&program.path)?;
    Ok(Job {
        argv,
        env,
        workdir,
        // A century is as good as for ever, and can be added to any instant.
        wall: command.limits.wall.min(Duration::from_hours(100 * 365 * 24)),
        log: command.limits.log,
        rlimits,
    })
}

/// Where programs are looked up: as in the controller, but a shim's real folder comes first,
/// so that a script that starts `python3` gets the same one.
fn search_path(program: &Resolved) -> Result<String, HostFault> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> =
        std::env::split_paths(&inherited).filter(|folder| folder.is_absolute()).collect();
    if folders.is_empty() {
        folders = ["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from).to_vec();
    }
    if let Some(folder) = program.path.parent().filter(|_| program.was_shim) {
        folders.insert(0, folder.to_owned());
    }
    let joined = std::env::join_paths(folders)
        .map_err(|error| HostFault::new(format!("PATH cannot be passed on: {error}")))?;
    utf8(Path::new(OsStr::new(&joined)))
}

fn utf8(path: &Path) -> Result<String, HostFault> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        HostFault::new(format!("{} is not UTF-8; choose another folder", path.display()))
    })
}
