//! What a harness is made of, and what can be wrong with it.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use evolve_core::StageName;
use evolve_core::device::{DeviceNeed, Gpu};
use evolve_core::sandbox::{Limits, Outside, Sandbox, SandboxFile, SandboxSpec, WarmPython};
use evolve_core::task::{Stage, TaskConfig};

use crate::failure::{Side, largest_file};
use crate::files::{self, side_files};
use crate::gate::{Gate, GateError};
use crate::mounts::{self, Source};

/// Processes a stage's command may have at once.
pub(crate) const PROCESSES: u32 = 512;

/// What a harness needs.
pub struct HarnessSetup {
    /// The task, with its defaults filled in.
    pub task: Arc<TaskConfig>,
    /// The (frozen) task folder that the evaluator's files are taken from.
    pub task_root: PathBuf,
    /// Where commands run.
    pub sandbox: Arc<dyn Sandbox>,
    /// The accelerators of this machine.
    pub gpus: Vec<Gpu>,
}

/// What is wrong with an evaluator.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A gate that cannot be read.
    #[error("{key}: the gate `{gate}` cannot be read, {source}")]
    Gate {
        /// Where in `task.toml`.
        key: String,
        /// The gate.
        gate: String,
        /// What is wrong with it.
        source: GateError,
    },
    /// A text that is no glob.
    #[error("{key}: `{glob}` is not a glob: {why}")]
    BadGlob {
        /// Where in `task.toml`.
        key: String,
        /// The glob.
        glob: String,
        /// What is wrong with it.
        why: String,
    },
    /// A glob that finds nothing.
    #[error("{key}: `{glob}` matches no file of the task folder; correct or remove it")]
    NothingMatches {
        /// Where in `task.toml`.
        key: String,
        /// The glob.
        glob: String,
    },
    /// A file that both sides would see.
    #[error(
        "{key}: `{file}` is for the judge and, by {other}, for the other side as well; a program \
         could read it. Narrow one of the two, or list it in shared_files"
    )]
    Overlap {
        /// Where in `task.toml`.
        key: String,
        /// The file.
        file: String,
        /// The other place in `task.toml`.
        other: String,
    },
    /// Judge files where there is no judge.
    #[error(
        "evaluator.judge_files: there is no judge under trust = \"in-process\"; list the files \
         in candidate_files"
    )]
    JudgeFilesInProcess,
    /// A list of variables that is none.
    #[error("{key}: `{entry}` is not NAME=value")]
    Environment {
        /// Where in `task.toml`.
        key: String,
        /// What is there.
        entry: String,
    },
    /// Accelerators that are not there.
    #[error(
        "{key}: `{need}` is needed, and this machine has {}; evolve devices lists them",
        if gpus.is_empty() { "none".to_owned() } else { gpus.join(", ") }
    )]
    Device {
        /// Where in `task.toml`.
        key: String,
        /// What is needed.
        need: String,
        /// What is there.
        gpus: Vec<String>,
    },
    /// A mount whose source is not there or may not be shown.
    #[error("{key}: {why}")]
    Mount {
        /// Where in `task.toml`.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// The task folder cannot be read.
    #[error("cannot read the task folder {}: {source}", folder.display())]
    TaskFolder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Imports to keep warm, and nothing to keep them warm for.
    #[error(
        "evaluator.warm_imports: no stage's run or judge is `python3 [options] script.py`, so \
         there is nothing to keep warm; change the commands or remove the key"
    )]
    NothingWarm,
}

impl SetupError {
    /// The place in `task.toml`; empty when it is not there.
    pub fn key(&self) -> &str {
        match self {
            Self::Gate { key, .. }
            | Self::BadGlob { key, .. }
            | Self::NothingMatches { key, .. }
            | Self::Overlap { key, .. }
            | Self::Environment { key, .. }
            | Self::Mount { key, .. }
            | Self::Device { key, .. } => key,
            Self::JudgeFilesInProcess => "evaluator.judge_files",
            Self::NothingWarm => "evaluator.warm_imports",
            Self::TaskFolder { .. } => "",
        }
    }
}

/// A stage with its gate read.
pub(crate) struct StagePlan {
    pub stage: Stage,
    pub gate: Option<Gate>,
}

/// Everything an evaluation needs to know, worked out once.
pub(crate) struct Plan {
    pub task: Arc<TaskConfig>,
    pub sandbox: Arc<dyn Sandbox>,
    pub stages: Vec<StagePlan>,
    pub holdout: Option<StagePlan>,
    /// The variables of both sides in every stage.
    env: BTreeMap<String, String>,
    /// The files of each side.
    candidate: Vec<SandboxFile>,
    judge: Vec<SandboxFile>,
    mounts: Vec<Source>,
    gpus: Vec<Gpu>,
    /// What sandboxes are made for, so far.
    specs: Mutex<HashMap<(Side, StageName, u32), Arc<SandboxSpec>>>,
    /// Whether the program is given as a folder even when it has one file.
    pub program_is_folder: bool,
}

impl Plan {
    /// Checks the setup and reads the files.
    pub(crate) fn new(setup: HarnessSetup) -> Result<Self, SetupError> {
        let HarnessSetup { task, task_root, sandbox, gpus } = setup;
        let evaluator = &task.evaluator;
        let stages = evaluator.stage.iter().enumerate();
        let stages = stages
            .map(|(i, stage)| plan(stage, &format!("evaluator.stage.{i}")))
            .collect::<Result<Vec<_>, _>>()?;
        let holdout =
            evaluator.holdout.as_ref().map(|stage| plan(stage, "evaluator.holdout")).transpose()?;
        let files = side_files(&task_root, evaluator)?;
        let read = |files| {
            files::read(&task_root, files)
                .map_err(|source| SetupError::TaskFolder { folder: task_root.clone(), source })
        };
        let (candidate, judge) = (read(&files.candidate)?, read(&files.judge)?);
        if !evaluator.warm_imports.is_empty() {
            let mut commands = evaluator.stage.iter().flat_map(|stage| [&stage.run, &stage.judge]);
            if commands.all(|argv| WarmPython::of(argv, &evaluator.warm_imports).is_none()) {
                return Err(SetupError::NothingWarm);
            }
        }
        let env = environment(&task)?;
        let mounts = mounts::find(&task, &task_root)?;
        for (step, key) in stages_with_keys(&stages, holdout.as_ref()) {
            check_device(&step.stage, &key, &gpus)?;
        }
        let program_is_folder =
            task.program.as_ref().is_some_and(|program| task_root.join(&program.path).is_dir());
        Ok(Self {
            task,
            sandbox,
            stages,
            holdout,
            env,
            candidate,
            judge,
            mounts,
            gpus,
            specs: Mutex::default(),
            program_is_folder,
        })
    }
}

impl Plan {
    /// What a side's sandbox is made for; the same one each time.
    ///
    /// # Errors
    /// When the slot has no accelerator and the stage needs one.
    pub(crate) fn spec(
        &self,
        side: Side,
        step: &StagePlan,
        slot: u32,
    ) -> Result<Arc<SandboxSpec>, String> {
        let stage = &step.stage;
        let mut specs = self.specs.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (side, stage.name.clone(), slot);
        let gpus = self.lease(stage, slot)?;
        let make = || {
            let (files, argv) = match side {
                Side::Run => (self.candidate.clone(), &stage.run),
                Side::Judge => (self.judge.clone(), &stage.judge),
            };
            let imports = &self.task.evaluator.warm_imports;
            Arc::new(SandboxSpec {
                slot,
                side: side.word(),
                env: self.env.clone(),
                files,
                limits: limits(stage, self.task.sandbox.shm.0),
                warm: WarmPython::of(argv, imports).filter(|_| !imports.is_empty()),
                outside: Outside {
                    network: self.task.sandbox.network,
                    mounts: self.mounts.iter().filter_map(|m| m.mount(side, slot)).collect(),
                    cores: self.cores(stage, slot),
                    gpus,
                    door: None,
                },
            })
        };
        Ok(Arc::clone(specs.entry(key).or_insert_with(make)))
    }

    /// The accelerators of a slot.
    pub(crate) fn lease(&self, stage: &Stage, slot: u32) -> Result<Vec<Gpu>, String> {
        let need = stage.resources.device;
        if need == DeviceNeed::None {
            return Ok(Vec::new());
        }
        let leases = need.leases(&self.gpus);
        leases.get(slot as usize).cloned().ok_or_else(|| {
            format!(
                "slot {slot} has no `{need}`: this machine has enough for {}; lower \
                 run.evaluation_slots",
                leases.len()
            )
        })
    }

    /// The cores that are a slot's own; empty when the stage asks for none.
    fn cores(&self, stage: &Stage, slot: u32) -> Vec<u32> {
        if !stage.resources.pin {
            return Vec::new();
        }
        let needs = |stage: &Stage| stage.resources.cpus.ceil().max(1.0) as u32;
        let stages = self.stages.iter().chain(&self.holdout);
        // Slots may be in different stages at the same time.
        let stride = stages.map(|step| needs(&step.stage)).max().unwrap_or(1);
        (0..needs(stage)).map(|core| slot.saturating_mul(stride).saturating_add(core)).collect()
    }
}

fn stages_with_keys<'a>(
    stages: &'a [StagePlan],
    holdout: Option<&'a StagePlan>,
) -> impl Iterator<Item = (&'a StagePlan, String)> {
    let numbered = stages.iter().enumerate();
    numbered
        .map(|(i, step)| (step, format!("evaluator.stage.{i}.resources.device")))
        .chain(holdout.map(|step| (step, "evaluator.holdout.resources.device".to_owned())))
}

fn check_device(stage: &Stage, key: &str, gpus: &[Gpu]) -> Result<(), SetupError> {
    let need = stage.resources.device;
    if need == DeviceNeed::None || !need.leases(gpus).is_empty() {
        return Ok(());
    }
    Err(SetupError::Device {
        key: key.to_owned(),
        need: need.to_string(),
        gpus: gpus.iter().map(|gpu| format!("cuda:{} ({})", gpu.index, gpu.name)).collect(),
    })
}

fn limits(stage: &Stage, shm: u64) -> Limits {
    Limits {
        memory: stage.resources.memory.0,
        disk: stage.resources.disk.0,
        shm,
        file_size: largest_file(stage),
        processes: PROCESSES,
        cpus: stage.resources.cpus,
    }
}

fn plan(stage: &Stage, path: &str) -> Result<StagePlan, SetupError> {
    let gate =
        stage.gate.as_deref().map(Gate::parse).transpose().map_err(|source| SetupError::Gate {
            key: format!("{path}.gate"),
            gate: stage.gate.clone().unwrap_or_default(),
            source,
        })?;
    Ok(StagePlan { stage: stage.clone(), gate })
}

pub(crate) fn environment(task: &TaskConfig) -> Result<BTreeMap<String, String>, SetupError> {
    // Folders are used once: compiled files would be written for nobody. Output that is not
    // buffered is there when a command is killed.
    let own = ["PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"];
    let mut env: BTreeMap<String, String> =
        own.map(|name| (name.to_owned(), "1".to_owned())).into_iter().collect();
    env.extend(pairs(&task.sandbox.env, "sandbox.env")?);
    Ok(env)
}

/// Variables given as `NAME=value`.
pub(crate) fn pairs(entries: &[String], key: &str) -> Result<Vec<(String, String)>, SetupError> {
    let pair = |(i, entry): (usize, &String)| match entry.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(SetupError::Environment { key: format!("{key}.{i}"), entry: entry.clone() }),
    };
    entries.iter().enumerate().map(pair).collect()
}
