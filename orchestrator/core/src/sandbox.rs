//! The port to sandboxes: where untrusted commands run. It knows nothing of evolution.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::device::Gpu;
use crate::outcome::Usage;
use crate::ports::{BoxFuture, HostFault};

/// A boxed future that borrows.
pub type Borrowing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The folders a command finds in a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Folder {
    /// Where it runs; it may write there.
    Work,
    /// The program; for reading only.
    Program,
    /// What one side leaves for the other.
    Output,
}

/// A file that is put into a sandbox or was taken from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxFile {
    /// Where it belongs.
    pub folder: Folder,
    /// Path below that folder.
    pub path: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// Whether it may be executed.
    pub executable: bool,
}

/// A value in a command's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvValue {
    /// Just that.
    Text(String),
    /// The path, as the command sees it, of a place below a folder.
    Place(Folder, String),
    /// The address of the sandbox's [`Outside::door`], `http://127.0.0.1:PORT`, and this after
    /// it. An error where the sandbox has none.
    Door(String),
}

/// What a sandbox is made for: all that is known before a command comes.
#[derive(Debug, Clone, PartialEq)]
pub struct SandboxSpec {
    /// Which slot it serves; sandboxes of different slots are never shared.
    pub slot: u32,
    /// What it is for, in one word, for messages.
    pub side: &'static str,
    /// Environment of every command, besides what the sandbox itself needs (`PATH`, `HOME`,
    /// `TMPDIR`).
    pub env: BTreeMap<String, String>,
    /// Files of every command.
    pub files: Vec<SandboxFile>,
    /// What commands may use.
    pub limits: Limits,
    /// A Python to keep warm.
    pub warm: Option<WarmPython>,
    /// What of the world outside it shows.
    pub outside: Outside,
}

/// What a sandbox shows of the world outside; by default nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outside {
    /// Whether the network can be reached.
    pub network: bool,
    /// Files and folders.
    pub mounts: Vec<Mount>,
    /// The processor cores it runs on; empty: any.
    pub cores: Vec<u32>,
    /// The accelerators it may use.
    pub gpus: Vec<Gpu>,
    /// A Unix socket of the host that commands reach through a TCP port of the sandbox's own
    /// loopback; see [`EnvValue::Door`]. Open whether or not there is a network.
    pub door: Option<PathBuf>,
}

/// A file or folder of the host that a sandbox shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Where it is.
    pub source: PathBuf,
    /// Where commands find it.
    pub target: PathBuf,
    /// Whether commands may write there: a cache.
    pub writable: bool,
}

/// What the commands of a sandbox may use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Memory in bytes, of all processes together where the system can count that, files in
    /// memory included.
    pub memory: u64,
    /// Bytes of all files that are written.
    pub disk: u64,
    /// Bytes of shared memory files (`/dev/shm`).
    pub shm: u64,
    /// Largest file, in bytes.
    pub file_size: u64,
    /// Most processes and threads at once.
    pub processes: u32,
    /// Processor cores, where the system can ration them.
    pub cpus: f64,
}

/// A Python that imports modules once and forks for each command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarmPython {
    /// Its name or path, as in the command.
    pub python: String,
    /// Its options, as in the command.
    pub options: Vec<String>,
    /// What it imports.
    pub imports: Vec<String>,
}

/// Options of Python that stand alone and do not change what a script is.
const OPTIONS: [&str; 13] =
    ["-I", "-S", "-B", "-u", "-E", "-s", "-P", "-O", "-OO", "-b", "-bb", "-q", "-v"];

impl WarmPython {
    /// The Python that can stay warm for commands like this one; none if it is not
    /// `python3 [options] script …`.
    pub fn of(argv: &[String], imports: &[String]) -> Option<Self> {
        let (python, rest) = argv.split_first()?;
        let name = python.rsplit('/').next()?;
        let version = name.strip_prefix("python")?;
        let options = rest.iter().take_while(|word| word.starts_with('-')).count();
        let (options, script) = rest.split_at(options);
        let is_python = version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let known = options.iter().all(|option| OPTIONS.contains(&option.as_str()));
        (is_python && known && !script.is_empty()).then(|| Self {
            python: python.clone(),
            options: options.to_vec(),
            imports: imports.to_vec(),
        })
    }
}

/// A command for a sandbox.
#[derive(Debug, Clone, PartialEq)]
pub struct SandboxCommand {
    /// Program and arguments; the program is looked up on the sandbox's `PATH`.
    pub argv: Vec<String>,
    /// Added to the environment.
    pub env: BTreeMap<String, EnvValue>,
    /// Files besides those of every command.
    pub files: Vec<SandboxFile>,
    /// Whether the output folder was filled by another side and is for reading only.
    pub output_is_given: bool,
    /// Longest time from start to end; then everything is killed.
    pub wall: Duration,
    /// Bytes kept of what it prints: half from the head, half from the tail.
    pub log: usize,
}

/// How a sandboxed command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Its time was over; it was killed.
    TimedOut,
    /// It hit the memory limit.
    OutOfMemory,
}

/// What a sandboxed command did.
#[derive(Debug, Clone, PartialEq)]
pub struct SandboxOutcome {
    /// How it ended.
    pub exit: Exit,
    /// What it printed, both streams as they came, capped.
    pub log: Vec<u8>,
    /// What it used.
    pub usage: Usage,
}

/// Bounds of what is taken from a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeLimits {
    /// Bytes of all files together.
    pub bytes: u64,
    /// Files and folders.
    pub entries: usize,
    /// Folders within folders.
    pub depth: usize,
}

/// Why a folder was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Its files are larger than allowed, together.
    TooLarge,
    /// Another limit was hit: which.
    Limit(String),
    /// It holds something that is not a plain file with a plain name: what.
    Odd(String),
}

/// Runs untrusted commands.
pub trait Sandbox: Send + Sync {
    /// Its name: `process`, `unconfined`, …
    fn name(&self) -> &'static str;
    /// What it enforces here and what it cannot, a line each, for people and reports.
    fn guarantees(&self) -> Vec<String>;
    /// Opens a sandbox: a fresh one, or one that is kept and was cleaned. An error is the
    /// host's fault.
    fn open(&self, spec: Arc<SandboxSpec>) -> BoxFuture<Result<Box<dyn Session>, HostFault>>;
    /// From now on it serves this run. Commands that an earlier controller of the run left
    /// behind, and that go on without one, are not repeated but awaited, if they are asked for
    /// again. An error is the host's fault.
    fn take_over(&self, run: &str) -> BoxFuture<Result<(), HostFault>> {
        let _ = run;
        Box::pin(std::future::ready(Ok(())))
    }
    /// Ends what was kept or prepared, and waits until it is gone. No session is open any more.
    fn close(&self) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }
}

/// An open sandbox. Dropping it ends everything in it, unless it is kept for the next.
pub trait Session: Send {
    /// Runs a command to its end. An error is the host's fault. Dropping the future kills the
    /// command.
    fn run(&mut self, command: SandboxCommand) -> Borrowing<'_, Result<SandboxOutcome, HostFault>>;
    /// All files that the command left in a folder.
    fn take(
        &mut self,
        folder: Folder,
        limits: TakeLimits,
    ) -> Borrowing<'_, Result<Result<Vec<SandboxFile>, Refused>, HostFault>>;
    /// The first bytes of a plain file that the command left, if it is there.
    fn read(
        &mut self,
        folder: Folder,
        path: String,
        most: u64,
    ) -> Borrowing<'_, Result<Option<Vec<u8>>, HostFault>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_told_from_other_uses_of_python() {
        let options = |line: &str| {
            let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
            WarmPython::of(&argv, &[]).map(|warm| warm.options.join(" "))
        };
        assert_eq!(options("python3 run.py --quick").as_deref(), Some(""));
        assert_eq!(options("/opt/x/python3.11 -I -S run.py").as_deref(), Some("-I -S"));
        for line in
            ["python3", "python3 -c x", "python3 -m x", "pythonw x", "sh run.py", "python3 -"]
        {
            assert_eq!(options(line), None, "{line}");
        }
    }
}
