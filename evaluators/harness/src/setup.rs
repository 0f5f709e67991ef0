//! What a harness is made of, and what can be wrong with it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use evolve_core::ports::Sandbox;
use evolve_core::task::{Stage, TaskConfig};

use crate::files::{SideFiles, side_files};
use crate::gate::{Gate, GateError};

/// What a harness needs.
pub struct HarnessSetup {
    /// The task, with its defaults filled in.
    pub task: Arc<TaskConfig>,
    /// The (frozen) task folder that the evaluator's files are taken from.
    pub task_root: PathBuf,
    /// A folder for this harness alone; what is in it is removed.
    pub scratch: PathBuf,
    /// Where commands run.
    pub sandbox: Arc<dyn Sandbox>,
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
        "{key}: `{file}` is for the judge and, by {other}, for the candidate as well; a program \
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
    /// The task folder cannot be read.
    #[error("cannot read the task folder {}: {source}", folder.display())]
    TaskFolder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The scratch folder cannot be made or emptied.
    #[error("cannot prepare the scratch folder {}: {source}", folder.display())]
    Scratch {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl SetupError {
    /// The place in `task.toml`; empty when it is not there.
    pub fn key(&self) -> &str {
        match self {
            Self::Gate { key, .. }
            | Self::BadGlob { key, .. }
            | Self::NothingMatches { key, .. }
            | Self::Overlap { key, .. }
            | Self::Environment { key, .. } => key,
            Self::JudgeFilesInProcess => "evaluator.judge_files",
            Self::TaskFolder { .. } | Self::Scratch { .. } => "",
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
    pub task_root: PathBuf,
    pub scratch: PathBuf,
    pub sandbox: Arc<dyn Sandbox>,
    pub files: SideFiles,
    pub stages: Vec<StagePlan>,
    pub holdout: Option<StagePlan>,
    /// The task's own variables, for both sides.
    pub env: Vec<(String, String)>,
    /// Whether the program is given as a folder even when it has one file.
    pub program_is_folder: bool,
}

impl Plan {
    /// Checks the setup. Leaves the scratch folder alone.
    pub(crate) fn new(setup: HarnessSetup) -> Result<Self, SetupError> {
        let HarnessSetup { task, task_root, scratch, sandbox } = setup;
        let evaluator = &task.evaluator;
        let stages = evaluator.stage.iter().enumerate();
        let stages = stages
            .map(|(i, stage)| plan(stage, &format!("evaluator.stage.{i}")))
            .collect::<Result<_, _>>()?;
        let holdout =
            evaluator.holdout.as_ref().map(|stage| plan(stage, "evaluator.holdout")).transpose()?;
        let files = side_files(&task_root, evaluator)?;
        let env = environment(&task)?;
        let program_is_folder =
            task.program.as_ref().is_some_and(|program| task_root.join(&program.path).is_dir());
        Ok(Self {
            task,
            task_root,
            scratch,
            sandbox,
            files,
            stages,
            holdout,
            env,
            program_is_folder,
        })
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

fn environment(task: &TaskConfig) -> Result<Vec<(String, String)>, SetupError> {
    let entries = task.sandbox.env.iter().enumerate();
    entries
        .map(|(i, entry)| match entry.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(SetupError::Environment {
                key: format!("sandbox.env.{i}"),
                entry: entry.clone(),
            }),
        })
        .collect()
}
