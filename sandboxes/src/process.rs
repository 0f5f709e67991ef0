//! The two sandboxes that run commands as processes of this machine.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use evolve_core::device::Gpu;
use evolve_core::ports::{BoxFuture, HostFault};
use evolve_core::sandbox::{
    Borrowing, Folder, Refused, Sandbox, SandboxCommand, SandboxFile, SandboxOutcome, SandboxSpec,
    Session, TakeLimits,
};

use crate::caches;
use crate::enclosure::{self, BASE, Bind, Caps, Enclosure};
use crate::energy::Energy;
use crate::resolve::{Resolved, resolve_for_run};
use crate::session::{DOOR, DOOR_THREADS, Lost, prepare_of};
use crate::supervisor::{HelperCommand, Supervisor, new_tag};

/// Where programs are looked up inside.
const SEARCH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Processes in namespaces of their own, with a view of the system of their own (Linux).
#[derive(Clone)]
pub struct ProcessSandbox {
    helper: HelperCommand,
    kept: Arc<Kept>,
}

/// Sandboxes with a warm Python that wait for their next command, by the address of their spec:
/// they hold it, so it is not used twice.
type Kept = Mutex<HashMap<usize, Vec<Live>>>;

impl ProcessSandbox {
    /// A sandbox whose supervisors are started like this.
    pub fn new(helper: HelperCommand) -> Self {
        enclosure::sweep_groups();
        Self { helper, kept: Arc::default() }
    }
}

impl Sandbox for ProcessSandbox {
    fn name(&self) -> &'static str {
        "process"
    }

    fn guarantees(&self) -> Vec<String> {
        let mut lines = vec![
            "enforced: wall time; everything a command started is killed at its end, also when \
             evolve is killed"
                .to_owned(),
            "enforced: own namespaces of users, processes, files, network, IPC and names; no \
             capabilities, no gain of privileges"
                .to_owned(),
            "enforced: of this system only programs and libraries can be seen, read-only; a \
             clean environment"
                .to_owned(),
            "enforced: no network but a loopback of its own, unless the task asks for it"
                .to_owned(),
            "enforced: bytes and number of files written (kept in memory), largest file, 1024 \
             open files, no core dumps, output capped"
                .to_owned(),
        ];
        lines.extend(evolve_sandbox_helper::guest::layers());
        lines.push(if enclosure::groups_available() {
            "enforced by control groups: memory and processes of a command together, share of the \
             processors"
                .to_owned()
        } else {
            "not enforced: the memory of a command's processes together (control groups cannot be \
             made by this user), only that of each; processes are limited per sandbox"
                .to_owned()
        });
        lines.push(
            "not enforced: the kernel is shared; a flaw in it is a way out. Use a virtual \
             machine against determined attackers"
                .to_owned(),
        );
        lines
    }

    fn open(&self, spec: Arc<SandboxSpec>) -> BoxFuture<Result<Box<dyn Session>, HostFault>> {
        let (helper, kept) = (self.helper.clone(), Arc::clone(&self.kept));
        Box::pin(async move {
            let warm = spec.warm.is_some();
            let key = Arc::as_ptr(&spec) as usize;
            let live = match take_kept(&kept, key) {
                Some(live) => live,
                None => Live::open(&helper, &spec).await?,
            };
            let keep = warm.then_some((key, kept));
            Ok(Box::new(ProcessSession { live: Some(live), keep, sound: true, running: false })
                as Box<dyn Session>)
        })
    }
}

fn take_kept(kept: &Kept, key: usize) -> Option<Live> {
    kept.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&key)?.pop()
}

/// Plain processes: supervision, but neither isolation nor resource limits.
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
        let tree = if cfg!(target_os = "linux") {
            "enforced: wall time; the whole process tree is killed at the end, daemons included, \
             also when the controller is killed; no gain of privileges"
        } else {
            "enforced: wall time; the process group is killed at the end. not enforced: a daemon \
             that leaves the group escapes"
        };
        vec![
            tree.to_owned(),
            "enforced: a clean environment, folders of its own, output capped".to_owned(),
            "not enforced: every file this user may read is readable, and what this user may write \
             is writable"
                .to_owned(),
            "not enforced: the network is reachable, and other processes of this user can be \
             signalled"
                .to_owned(),
            "not enforced: memory, file sizes, open files, number of processes".to_owned(),
            "Python is not kept warm".to_owned(),
        ]
    }

    fn open(&self, spec: Arc<SandboxSpec>) -> BoxFuture<Result<Box<dyn Session>, HostFault>> {
        let helper = self.helper.clone();
        Box::pin(async move {
            let live = Live::open_unconfined(&helper, &spec).await?;
            Ok(Box::new(ProcessSession {
                live: Some(live),
                keep: None,
                sound: true,
                running: false,
            }) as Box<dyn Session>)
        })
    }
}

/// A supervisor with its helper, ready for a command.
struct Live {
    supervisor: Supervisor,
    helper: HelperCommand,
    spec: Arc<SandboxSpec>,
    binds: Vec<Bind>,
    confined: bool,
    /// Removed with it.
    _folder: Option<tempfile::TempDir>,
}

impl Live {
    async fn open(helper: &HelperCommand, spec: &Arc<SandboxSpec>) -> Result<Self, HostFault> {
        // The programs are not known yet, but Python mostly is one of them.
        let python = spec.warm.as_ref().map_or("python3", |warm| warm.python.as_str());
        let python = resolve_for_run(python, Path::new("/")).ok();
        Self::open_showing(helper, spec, python.as_ref()).await
    }

    async fn open_showing(
        helper: &HelperCommand,
        spec: &Arc<SandboxSpec>,
        program: Option<&Resolved>,
    ) -> Result<Self, HostFault> {
        let binds: Vec<Bind> = program.map(binds_of).unwrap_or_default();
        let (limits, outside) = (spec.limits, &spec.outside);
        let mut all = binds.clone();
        all.extend(device_files(&outside.gpus));
        for mount in &outside.mounts {
            if mount.writable {
                caches::make(&mount.source, rustix::process::geteuid().is_root())?;
            }
            let (source, target) = (mount.source.clone(), mount.target.clone());
            all.push(Bind { source, target, writable: mount.writable });
        }
        if let Some(socket) = &outside.door {
            let (source, target) = (socket.clone(), DOOR.into());
            all.push(Bind { source, target, writable: true });
        }
        let own = outside.door.as_ref().map_or(0, |_| DOOR_THREADS);
        let enclosure = Enclosure {
            tag: new_tag(),
            binds: all,
            disk: limits.disk,
            shm: limits.shm,
            network: outside.network,
            caps: Caps {
                memory: limits.memory,
                processes: limits.processes.saturating_add(own),
                cpus: limits.cpus,
            },
            cores: outside.cores.clone(),
        };
        let supervisor = Supervisor::start(helper, Some(&enclosure))?;
        let (helper, spec) = (helper.clone(), Arc::clone(spec));
        let mut live = Self { supervisor, helper, spec, binds, confined: true, _folder: None };
        let mut prepare = prepare_of(&live.spec, BASE.to_owned(), true);
        prepare.env.insert("PATH".to_owned(), inside_path(program)?);
        if let (Some(warm), Some(program)) = (&mut prepare.warm, program) {
            warm.python = utf8(&program.path)?;
        }
        live.prepare(prepare).await?;
        Ok(live)
    }

    async fn open_unconfined(
        helper: &HelperCommand,
        spec: &Arc<SandboxSpec>,
    ) -> Result<Self, HostFault> {
        let folder = tempfile::Builder::new().prefix("evolve-").tempdir().map_err(|error| {
            HostFault::new(format!("cannot make a folder for temporary files: {error}"))
        })?;
        let base = utf8(folder.path())?;
        let supervisor = Supervisor::start(helper, None)?;
        let (helper, spec, binds) = (helper.clone(), Arc::clone(spec), Vec::new());
        let mut live =
            Self { supervisor, helper, spec, binds, confined: false, _folder: Some(folder) };
        let mut prepare = prepare_of(&live.spec, base, false);
        prepare.env.insert("PATH".to_owned(), search_path(None)?);
        live.prepare(prepare).await?;
        Ok(live)
    }

    async fn prepare(
        &mut self,
        prepare: evolve_sandbox_helper::wire::Prepare,
    ) -> Result<(), HostFault> {
        let files = self.spec.files.clone();
        let prepared = self.talk()?.prepare(prepare, &files).await;
        prepared.map_err(|lost| self.no_helper(lost))
    }

    fn talk(&mut self) -> Result<&mut crate::supervisor::SupervisedTalk, HostFault> {
        self.supervisor.talk().ok_or_else(|| HostFault::new("a sandbox is closed"))
    }

    fn no_helper(&self, lost: Lost) -> HostFault {
        match lost {
            Lost::Fault(fault) => fault,
            Lost::Gone => HostFault::new(format!(
                "`{} {}` did not act as a supervisor; the program that uses the sandbox must call \
                 `helper_main` first",
                self.helper.program().display(),
                crate::HELPER_ARGUMENT
            )),
        }
    }

    /// Makes the command's program one that can be started inside.
    async fn show(&mut self, command: &mut SandboxCommand) -> Result<(), HostFault> {
        let Some(name) = command.argv.first() else {
            return Err(HostFault::new("the command to run is empty"));
        };
        if name.contains('/') && !Path::new(name).is_absolute() {
            return Ok(()); // from the working folder
        }
        let program = resolve_for_run(name, Path::new("/"))?;
        if self.confined && binds_of(&program).iter().any(|bind| !self.binds.contains(bind)) {
            let (helper, spec) = (self.helper.clone(), Arc::clone(&self.spec));
            *self = Self::open_showing(&helper, &spec, Some(&program)).await?;
        }
        command.argv[0] = utf8(&program.path)?;
        if !self.confined && program.was_shim {
            let path = search_path(Some(&program))?;
            let value = evolve_core::sandbox::EnvValue::Text(path);
            command.env.entry("PATH".to_owned()).or_insert(value);
        }
        Ok(())
    }
}

/// An open sandbox made of processes.
struct ProcessSession {
    live: Option<Live>,
    keep: Option<(usize, Arc<Kept>)>,
    /// Whether another command may run here.
    sound: bool,
    /// Whether a command is under way.
    running: bool,
}

impl ProcessSession {
    fn live(&mut self) -> Result<&mut Live, HostFault> {
        self.live.as_mut().ok_or_else(|| HostFault::new("a sandbox is closed"))
    }

    async fn try_run(&mut self, mut command: SandboxCommand) -> Result<SandboxOutcome, HostFault> {
        let was_sound = std::mem::replace(&mut self.sound, false);
        let live = self.live()?;
        live.show(&mut command).await?;
        let limits = live.confined.then_some(live.spec.limits);
        let energy = Energy::now(&live.spec.outside.gpus);
        self.running = true;
        let ran = self.live()?.talk()?.run("", command).await;
        self.running = false;
        let live = self.live()?;
        match ran {
            Ok(ran) => {
                let report = &ran.report;
                self.sound = was_sound && report.spoilt.is_none() && !report.out_of_memory;
                let mut outcome = ran.outcome(limits)?;
                outcome.usage.energy_j = energy.since(outcome.usage.cpu_s);
                Ok(outcome)
            }
            Err(lost @ Lost::Fault(_)) => Err(live.no_helper(lost)),
            // Nothing but the command has a reason to end its helper.
            Err(Lost::Gone) => Ok(SandboxOutcome {
                exit: evolve_core::sandbox::Exit::Signal(9),
                log: b"[evolve: the command ended its supervisor, and itself with it]\n".to_vec(),
                usage: evolve_core::outcome::Usage::default(),
            }),
        }
    }
}

impl Session for ProcessSession {
    fn run(&mut self, command: SandboxCommand) -> Borrowing<'_, Result<SandboxOutcome, HostFault>> {
        Box::pin(self.try_run(command))
    }

    fn take(
        &mut self,
        folder: Folder,
        limits: TakeLimits,
    ) -> Borrowing<'_, Result<Result<Vec<SandboxFile>, Refused>, HostFault>> {
        Box::pin(async move {
            let live = self.live()?;
            let taken = live.talk()?.take(folder, limits).await;
            taken.map_err(|lost| live.no_helper(lost))
        })
    }

    fn read(
        &mut self,
        folder: Folder,
        path: String,
        most: u64,
    ) -> Borrowing<'_, Result<Option<Vec<u8>>, HostFault>> {
        Box::pin(async move {
            let live = self.live()?;
            let read = live.talk()?.read(folder, path, most).await;
            read.map_err(|lost| live.no_helper(lost))
        })
    }
}

impl Drop for ProcessSession {
    /// Who drops it while a command is under way can count on its end. After a command's end
    /// nobody needs to wait for the removal of an empty sandbox.
    fn drop(&mut self) {
        let Some(mut live) = self.live.take().filter(|_| !self.running) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let Some((key, kept)) = self.keep.take().filter(|_| self.sound) else {
            runtime.spawn_blocking(move || drop(live));
            return;
        };
        runtime.spawn(async move {
            let Ok(talk) = live.talk() else { return };
            // What cannot be cleaned is not kept.
            if talk.reset().await.is_ok() {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.entry(key).or_default().push(live);
            }
        });
    }
}

/// The files by which programs reach these GPUs, as far as they are there.
fn device_files(gpus: &[Gpu]) -> Vec<Bind> {
    if gpus.is_empty() {
        return Vec::new();
    }
    let common = ["nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-caps"];
    let own = gpus.iter().map(|gpu| format!("nvidia{}", gpu.minor));
    let files = common.into_iter().map(str::to_owned).chain(own);
    let files = files.map(|name| Path::new("/dev").join(name)).filter(|file| file.exists());
    files.map(|file| Bind { source: file.clone(), target: file, writable: true }).collect()
}

/// What a program needs to be seen inside: its prefix, unless every sandbox shows it.
fn binds_of(program: &Resolved) -> Vec<Bind> {
    program
        .prefixes
        .iter()
        .filter(|prefix| !enclosure::shows(prefix))
        .map(|prefix| Bind { source: prefix.clone(), target: prefix.clone(), writable: false })
        .collect()
}

/// The search path inside: a program's own folder first, so that a script that starts
/// `python3` gets the same one.
fn inside_path(program: Option<&Resolved>) -> Result<String, HostFault> {
    let own = program.and_then(|program| program.path.parent()).map(utf8).transpose()?;
    Ok(match own {
        Some(own) if !SEARCH.split(':').any(|folder| folder == own) => format!("{own}:{SEARCH}"),
        _ => SEARCH.to_owned(),
    })
}

/// Where programs are looked up outside: as in the controller, but a shim's real folder comes
/// first.
fn search_path(program: Option<&Resolved>) -> Result<String, HostFault> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> =
        std::env::split_paths(&inherited).filter(|folder| folder.is_absolute()).collect();
    if folders.is_empty() {
        folders = SEARCH.split(':').map(PathBuf::from).collect();
    }
    let shim = program.filter(|program| program.was_shim);
    if let Some(folder) = shim.and_then(|program| program.path.parent()) {
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
