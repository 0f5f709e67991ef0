//! Commands in containers.

use std::sync::Arc;

use evolve_core::outcome::Usage;
use evolve_core::ports::HostFault;
use evolve_core::sandbox::{
    Borrowing, EnvValue, Exit, Folder, Refused, SandboxCommand, SandboxFile, SandboxOutcome,
    SandboxSpec, Session, TakeLimits,
};

use super::container::{Container, Fate};
use super::{Workshop, lock};
use crate::energy::Energy;
use crate::session::{Lost, Ran};

/// How often a command is begun that ends with its container before it is the command that is
/// to blame, and not the daemon.
const TRIES: u32 = 2;

/// An open container.
pub(super) struct DockerSession {
    workshop: Arc<Workshop>,
    spec: Arc<SandboxSpec>,
    container: Option<Container>,
    /// Whether another command may run there.
    sound: bool,
}

/// How a command's container answered.
enum Heard {
    Ended(Ran),
    /// It is gone, and the command with it.
    Gone(Fate),
}

impl DockerSession {
    pub(super) fn new(
        workshop: Arc<Workshop>,
        spec: Arc<SandboxSpec>,
        container: Container,
    ) -> Self {
        Self { workshop, spec, container: Some(container), sound: true }
    }

    fn container(&mut self) -> Result<&mut Container, HostFault> {
        self.container.as_mut().ok_or_else(|| HostFault::new("a sandbox is closed"))
    }

    async fn try_run(&mut self, command: SandboxCommand) -> Result<SandboxOutcome, HostFault> {
        let was_sound = std::mem::replace(&mut self.sound, false);
        let key = key_of(&self.spec, &command);
        let adopted = lock(&self.workshop.left).remove(&key);
        let mut known = false;
        if let Some(adopted) = adopted {
            let unused = self.container.replace(adopted);
            if let Some(unused) = unused.filter(|_| was_sound) {
                self.workshop.keep(&self.spec, unused);
            }
            known = true;
        }
        // What is counted is this machine's.
        let local = self.workshop.daemon.is_local && !known;
        let energy = local.then(|| Energy::now(&self.spec.outside.gpus));
        let mut tries = 0;
        loop {
            tries += 1;
            match self.attempt(&key, &command, known).await? {
                Heard::Ended(ran) => {
                    let report = &ran.report;
                    self.sound = was_sound && report.spoilt.is_none() && !report.out_of_memory;
                    let mut outcome = ran.outcome(Some(self.spec.limits))?;
                    outcome.usage.energy_j = energy.and_then(|e| e.since(outcome.usage.cpu_s));
                    return Ok(outcome);
                }
                Heard::Gone(Fate::OutOfMemory) => {
                    return Ok(lost(Exit::OutOfMemory, "the container ran out of memory"));
                }
                Heard::Gone(_) if tries >= TRIES => {
                    return Ok(lost(Exit::Signal(9), "the container ended under the command"));
                }
                Heard::Gone(_) => {
                    tracing::warn!("a container ended under its command, which is begun again");
                    self.workshop.daemon.settle().await?;
                    self.workshop.forget();
                    self.container = None;
                    self.container = Some(Container::make(&self.workshop, &self.spec).await?);
                    known = false;
                }
            }
        }
    }

    /// Runs the command, or follows one that runs already; reaches the container again when
    /// the way to it is lost.
    async fn attempt(
        &mut self,
        key: &str,
        command: &SandboxCommand,
        mut known: bool,
    ) -> Result<Heard, HostFault> {
        let (wall, log) = (command.wall, command.log);
        let container = self.container()?;
        loop {
            let heard = if known {
                container.talk.follow(wall, log).await
            } else {
                container.talk.run(key, command.clone()).await
            };
            match heard {
                Ok(ran) => return Ok(Heard::Ended(ran)),
                Err(Lost::Fault(fault)) => return Err(fault),
                Err(Lost::Gone) => match container.fate().await? {
                    Fate::Runs => {
                        tracing::warn!("the way to a container was lost; reaching it again");
                        known = container.reach_again().await?.as_deref() == Some(key);
                    }
                    fate => return Ok(Heard::Gone(fate)),
                },
            }
        }
    }

    /// What an answer that did not come means.
    async fn no_answer(&mut self, lost: Lost) -> HostFault {
        self.sound = false;
        match lost {
            Lost::Fault(fault) => fault,
            Lost::Gone => {
                let _ = self.workshop.daemon.settle().await;
                self.workshop.forget();
                HostFault::new("Docker: a container was lost before its files were taken")
            }
        }
    }
}

impl Session for DockerSession {
    fn run(&mut self, command: SandboxCommand) -> Borrowing<'_, Result<SandboxOutcome, HostFault>> {
        Box::pin(self.try_run(command))
    }

    fn take(
        &mut self,
        folder: Folder,
        limits: TakeLimits,
    ) -> Borrowing<'_, Result<Result<Vec<SandboxFile>, Refused>, HostFault>> {
        Box::pin(async move {
            match self.container()?.talk.take(folder, limits).await {
                Ok(taken) => Ok(taken),
                Err(lost) => Err(self.no_answer(lost).await),
            }
        })
    }

    fn read(
        &mut self,
        folder: Folder,
        path: String,
        most: u64,
    ) -> Borrowing<'_, Result<Option<Vec<u8>>, HostFault>> {
        Box::pin(async move {
            match self.container()?.talk.read(folder, path, most).await {
                Ok(read) => Ok(read),
                Err(lost) => Err(self.no_answer(lost).await),
            }
        })
    }
}

impl Drop for DockerSession {
    /// A container is kept for its warm Python if nothing is wrong with it; else it is removed,
    /// and the next one is made meanwhile.
    fn drop(&mut self) {
        let Some(mut container) = self.container.take() else { return };
        if self.spec.warm.is_none() {
            return;
        }
        let (workshop, spec) = (Arc::clone(&self.workshop), Arc::clone(&self.spec));
        if !self.sound {
            workshop.make_ahead(&spec);
            return;
        }
        Arc::clone(&workshop).in_background(async move {
            // What cannot be cleaned is not kept.
            if container.talk.reset().await.is_ok() {
                workshop.keep(&spec, container);
            } else {
                workshop.make_ahead(&spec);
            }
        });
    }
}

fn lost(exit: Exit, why: &str) -> SandboxOutcome {
    let log = format!("[evolve: {why}]\n").into_bytes();
    SandboxOutcome { exit, log, usage: Usage::default() }
}

/// Names a command by all that its result depends on, so that a later controller of the run
/// that asks for the same finds it.
fn key_of(spec: &SandboxSpec, command: &SandboxCommand) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    add(spec.side.as_bytes());
    add(format!("{:?} {:?} {:?} {:?}", spec.env, spec.limits, spec.warm, spec.outside.network)
        .as_bytes());
    for word in &command.argv {
        add(word.as_bytes());
    }
    for (name, value) in &command.env {
        add(name.as_bytes());
        match value {
            EnvValue::Text(text) => add(text.as_bytes()),
            EnvValue::Place(folder, path) => add(format!("{folder:?} {path}").as_bytes()),
            EnvValue::Door(rest) => add(rest.as_bytes()),
        }
    }
    for file in spec.files.iter().chain(&command.files) {
        add(format!("{:?} {} {}", file.folder, file.path, file.executable).as_bytes());
        add(&file.bytes);
    }
    add(format!("{} {:?} {}", command.output_is_given, command.wall, command.log).as_bytes());
    hasher.finalize().to_hex().to_string()
}
