//! The controller's end of the way to a helper: asks, answers, and what they mean.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use evolve_core::outcome::Usage;
use evolve_core::ports::HostFault;
use evolve_core::sandbox::{
    EnvValue, Folder, Limits, Refused, SandboxCommand, SandboxFile, SandboxOutcome, SandboxSpec,
    TakeLimits,
};
use evolve_sandbox_helper::wire::{self, Ask, FileHead, LONGEST_LINE, Report, Tell};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::classify::exit_of;

/// What a helper may take beyond the command's own time: it waits this long for processes
/// that do not die at once.
const GRACE: Duration = Duration::from_secs(30);

/// How long a helper may take to get ready, besides what a warm Python imports.
const READY: Duration = Duration::from_secs(30);

/// How long the result of a command is kept for a controller that is gone.
const KEPT: Duration = Duration::from_mins(10);

/// How long the imports of a warm Python may take.
pub(crate) const IMPORTS: Duration = Duration::from_mins(5);

/// As good as for ever, and can be added to any instant.
const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);

/// Files a command may hold open at once.
pub(crate) const OPEN_FILES: u64 = 1024;

/// Why an answer did not come.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The helper is gone.
    Gone,
    /// It said why it is of no use.
    Fault(HostFault),
}

impl Lost {
    fn fault(what: impl Into<String>) -> Self {
        Self::Fault(HostFault::new(what))
    }
}

/// A helper that can be talked to.
pub(crate) struct Talk<R, W> {
    from: R,
    to: W,
}

impl<R: AsyncBufRead + Unpin + Send, W: AsyncWrite + Unpin + Send> Talk<R, W> {
    pub(crate) fn new(from: R, to: W) -> Self {
        Self { from, to }
    }

    async fn ask(&mut self, ask: &Ask, files: &[SandboxFile]) -> Result<(), Lost> {
        let payload = files.iter().map(|file| file.bytes.len() as u64).sum();
        let mut bytes =
            wire::encode(ask, payload).map_err(|error| Lost::fault(error.to_string()))?;
        for file in files {
            bytes.extend_from_slice(&file.bytes);
        }
        self.to.write_all(&bytes).await.map_err(|_| Lost::Gone)?;
        self.to.flush().await.map_err(|_| Lost::Gone)
    }

    /// The next answer. What comes from a sandbox is believed only as far as it is bounded.
    async fn hear(&mut self, most: u64) -> Result<(Tell, Vec<u8>), Lost> {
        let mut line = Vec::new();
        let mut limited = (&mut self.from).take(LONGEST_LINE as u64);
        limited.read_until(b'\n', &mut line).await.map_err(|_| Lost::Gone)?;
        if line.pop() != Some(b'\n') {
            return Err(Lost::Gone);
        }
        let (tell, len) = wire::decode(&line)
            .map_err(|error| Lost::fault(format!("a sandbox's helper talks nonsense: {error}")))?;
        if len > most {
            return Err(Lost::fault("a sandbox's helper sent more than was asked for"));
        }
        let mut payload = Vec::new();
        (&mut self.from).take(len).read_to_end(&mut payload).await.map_err(|_| Lost::Gone)?;
        if payload.len() as u64 != len {
            return Err(Lost::Gone);
        }
        match tell {
            Tell::Fault(why) => Err(Lost::fault(why)),
            tell => Ok((tell, payload)),
        }
    }

    /// Has the helper get ready.
    pub(crate) async fn prepare(
        &mut self,
        prepare: wire::Prepare,
        files: &[SandboxFile],
    ) -> Result<(), Lost> {
        let patience = prepare.warm.as_ref().map_or(READY, |warm| READY + warm.patience);
        self.ask(&Ask::Prepare(prepare), files).await?;
        match in_time(patience, self.hear(0)).await? {
            (Tell::Ready, _) => Ok(()),
            _ => Err(nonsense()),
        }
    }

    /// Runs a command. Under the key its helper can be asked for it again.
    pub(crate) async fn run(&mut self, key: &str, command: SandboxCommand) -> Result<Ran, Lost> {
        let SandboxCommand { argv, env, files, output_is_given, wall, log } = command;
        let wall = wall.min(CENTURY);
        let env = env.into_iter().map(|(name, value)| (name, env_value(value))).collect();
        let heads = files.iter().map(head).collect();
        let key = key.to_owned();
        let run = wire::Run { key, argv, env, files: heads, output_is_given, wall, log };
        self.ask(&Ask::Run(run), &files).await?;
        self.follow(wall, log).await
    }

    /// What a helper says to who comes to it: the key of the command it has, if any. What it
    /// printed and its end are then to be followed.
    pub(crate) async fn greeting(&mut self) -> Result<Option<String>, Lost> {
        match in_time(READY, self.hear(0)).await? {
            (Tell::State { key }, _) => Ok(key),
            _ => Err(nonsense()),
        }
    }

    /// Hears of a command until its end.
    pub(crate) async fn follow(&mut self, wall: Duration, log: usize) -> Result<Ran, Lost> {
        let wall = wall.min(CENTURY);
        let most = 2 * log as u64 + (1 << 20);
        in_time(wall + GRACE, async {
            let mut printed = Vec::new();
            loop {
                match self.hear(most).await? {
                    (Tell::Output, bytes) if printed.len() + bytes.len() <= log => {
                        tracing::trace!(printed = %String::from_utf8_lossy(&bytes), "a command");
                        printed.extend(bytes);
                    }
                    (Tell::Ended(report), tail) => {
                        let log = joined(printed, report.cut, &tail);
                        return Ok(Ran { report, log });
                    }
                    _ => return Err(nonsense()),
                }
            }
        })
        .await
    }

    pub(crate) async fn take(
        &mut self,
        folder: Folder,
        limits: TakeLimits,
    ) -> Result<Result<Vec<SandboxFile>, Refused>, Lost> {
        let TakeLimits { bytes, entries, depth } = limits;
        let ask = Ask::Take(folder_of(folder), wire::TakeLimits { bytes, entries, depth });
        self.ask(&ask, &[]).await?;
        match in_time(GRACE, self.hear(bytes)).await? {
            (Tell::Files(heads), payload) if heads.len() <= entries => {
                Ok(Ok(files_of(folder, &heads, &payload)?))
            }
            (Tell::Refused(why), _) => Ok(Err(match why {
                wire::Refused::TooLarge => Refused::TooLarge,
                wire::Refused::Limit(what) => Refused::Limit(what),
                wire::Refused::Odd(what) => Refused::Odd(what),
            })),
            _ => Err(nonsense()),
        }
    }

    pub(crate) async fn read(
        &mut self,
        folder: Folder,
        path: String,
        most: u64,
    ) -> Result<Option<Vec<u8>>, Lost> {
        self.ask(&Ask::Read(folder_of(folder), path, most), &[]).await?;
        match in_time(GRACE, self.hear(most)).await? {
            (Tell::Files(heads), payload) if heads.len() <= 1 => Ok(heads.first().map(|_| payload)),
            _ => Err(nonsense()),
        }
    }

    /// Has everything of the last command removed.
    pub(crate) async fn reset(&mut self) -> Result<(), Lost> {
        self.ask(&Ask::Reset, &[]).await?;
        match in_time(GRACE, self.hear(0)).await? {
            (Tell::Ready, _) => Ok(()),
            _ => Err(nonsense()),
        }
    }
}

/// A command's report and what it printed.
pub(crate) struct Ran {
    pub report: Report,
    pub log: Vec<u8>,
}

impl Ran {
    /// What it means, under these limits.
    pub(crate) fn outcome(self, limits: Option<Limits>) -> Result<SandboxOutcome, HostFault> {
        let Self { report, log } = self;
        if !report.immortal.is_empty() {
            return Err(HostFault::new(format!(
                "processes {:?} of a finished command cannot be killed; a device or file system \
                 may hang",
                report.immortal
            )));
        }
        let usage = Usage {
            wall_s: report.wall_s,
            cpu_s: report.cpu_s,
            peak_memory: report.peak_memory,
            io_read: report.io.map(|io| io.0),
            io_written: report.io.map(|io| io.1),
            energy_j: None,
        };
        let exit = exit_of(&report, &log, limits)?;
        Ok(SandboxOutcome { exit, log, usage })
    }
}

async fn in_time<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, Lost>>,
) -> Result<T, Lost> {
    tokio::time::timeout(patience, work).await.unwrap_or_else(|_| {
        Err(Lost::fault(format!(
            "the helper of a sandbox did not answer within {patience:?} and was killed; is the \
             machine overloaded or a file system hanging?"
        )))
    })
}

fn nonsense() -> Lost {
    Lost::fault("a sandbox's helper gave an answer to another question")
}

fn joined(mut head: Vec<u8>, cut: u64, tail: &[u8]) -> Vec<u8> {
    if cut > 0 {
        head.extend_from_slice(
            format!("\n[evolve: {cut} bytes of output were cut here]\n").as_bytes(),
        );
    }
    head.extend_from_slice(tail);
    head
}

fn folder_of(folder: Folder) -> wire::Folder {
    match folder {
        Folder::Work => wire::Folder::Work,
        Folder::Program => wire::Folder::Program,
        Folder::Output => wire::Folder::Output,
    }
}

fn env_value(value: EnvValue) -> wire::EnvValue {
    match value {
        EnvValue::Text(text) => wire::EnvValue::Text(text),
        EnvValue::Place(folder, path) => wire::EnvValue::Place(folder_of(folder), path),
        EnvValue::Door(rest) => wire::EnvValue::Door(rest),
    }
}

fn head(file: &SandboxFile) -> FileHead {
    FileHead {
        folder: folder_of(file.folder),
        path: file.path.clone(),
        len: file.bytes.len() as u64,
        executable: file.executable,
    }
}

fn files_of(folder: Folder, heads: &[FileHead], payload: &[u8]) -> Result<Vec<SandboxFile>, Lost> {
    let parts = wire::split(heads, payload).map_err(|error| Lost::fault(error.to_string()))?;
    let file = |(head, bytes): (&FileHead, &[u8])| SandboxFile {
        folder,
        path: head.path.clone(),
        bytes: Arc::from(bytes),
        executable: head.executable,
    };
    Ok(heads.iter().zip(parts).map(file).collect())
}

/// Where commands may write besides their own folders.
fn caches_of(spec: &SandboxSpec) -> Vec<String> {
    let caches = spec.outside.mounts.iter().filter(|mount| mount.writable);
    caches.filter_map(|mount| mount.target.to_str().map(str::to_owned)).collect()
}

/// Where the socket behind a door is seen inside.
pub(crate) const DOOR: &str = "/evolve-door";

/// Threads of the helper that pass on what comes through a door, at most.
pub(crate) const DOOR_THREADS: u32 = 72;

fn door_inside(socket: &Path, confined: bool) -> String {
    if confined { DOOR.to_owned() } else { socket.display().to_string() }
}

/// What a helper is told to be, for a spec.
pub(crate) fn prepare_of(spec: &SandboxSpec, base: String, confined: bool) -> wire::Prepare {
    let limits = spec.limits;
    wire::Prepare {
        base,
        env: spec.env.clone(),
        files: spec.files.iter().map(head).collect(),
        rlimits: confined.then_some(wire::Rlimits {
            // A GPU's driver reserves address space by the terabyte.
            memory: if spec.outside.gpus.is_empty() { limits.memory } else { u64::MAX },
            file_size: limits.file_size,
            // Counted for each namespace of users apart since Linux 5.14.
            processes: Some(limits.processes.into()),
            open_files: OPEN_FILES,
        }),
        filter: confined,
        writable: caches_of(spec),
        warm: spec.warm.as_ref().filter(|_| confined).map(|warm| wire::Warm {
            python: warm.python.clone(),
            options: warm.options.clone(),
            imports: warm.imports.clone(),
            patience: IMPORTS,
        }),
        door: spec.outside.door.as_ref().map(|socket| door_inside(socket, confined)),
        idle_s: KEPT.as_secs(),
    }
}
