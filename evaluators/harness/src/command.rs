//! What the task's own proposing command finds in its sandbox.

use std::path::Path;

use evolve_core::sandbox::{Limits, Outside, SandboxSpec};
use evolve_core::task::{MountMode, TaskConfig};

use crate::failure::Side;
use crate::files::{self, judge_only_files};
use crate::mounts;
use crate::setup::{PROCESSES, SetupError, environment, pairs};

/// The sandbox of `[command]`, if the task has one: its files in the working folder, the data
/// that the candidate side sees too, and no network. Who runs it may add a door.
///
/// # Errors
/// When files or mounts are not there, or the judge's would be shown.
pub fn command_spec(
    task: &TaskConfig,
    task_root: &Path,
) -> Result<Option<SandboxSpec>, SetupError> {
    let Some(command) = &task.command else { return Ok(None) };
    let found = files::find(task_root, &command.files, "command.files")?;
    let secret = judge_only_files(task_root, &task.evaluator)?;
    if let Some((file, key)) = found.iter().find(|(file, _)| secret.contains(file)) {
        return Err(SetupError::Overlap {
            key: key.clone(),
            file: file.display().to_string(),
            other: key.clone(),
        });
    }
    let files = files::read(task_root, &found.into_keys().collect())
        .map_err(|source| SetupError::TaskFolder { folder: task_root.to_owned(), source })?;
    let mut env = environment(task)?;
    env.extend(pairs(&command.env, "command.env")?);
    let sources = mounts::find(task, task_root)?;
    let data = sources.iter().filter(|source| source.mode() == MountMode::Ro);
    Ok(Some(SandboxSpec {
        slot: 0,
        side: "command",
        env,
        files,
        limits: Limits {
            memory: command.memory.0,
            disk: command.disk.0,
            shm: task.sandbox.shm.0,
            file_size: command.disk.0,
            processes: PROCESSES,
            cpus: command.cpus,
        },
        warm: None,
        outside: Outside {
            mounts: data.filter_map(|source| source.mount(Side::Run, 0)).collect(),
            ..Outside::default()
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use evolve_core::task::parse_task;

    fn task(command: &str) -> TaskConfig {
        parse_task(&format!(
            "[task]\nname = \"t\"\n[program]\npath = \"p.py\"\n[[objective]]\nmetric = \"s\"\n\
             goal = \"maximize\"\n[evaluator]\ncandidate_files = [\"run.py\"]\njudge_files = \
             [\"judge.py\"]\n[[evaluator.stage]]\nrun = [\"x\"]\njudge = [\"y\"]\n\
             [sandbox]\nnetwork = true\nenv = [\"A=1\"]\n[command]\nrun = [\"python3\", \"agent.py\"]\n{command}\n"
        ))
        .unwrap()
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in ["p.py", "run.py", "judge.py", "agent.py"] {
            std::fs::write(folder.path().join(file), file).unwrap();
        }
        folder
    }

    #[test]
    fn the_command_has_its_files_and_no_network_whatever_evaluations_have() {
        let task = task("files = [\"agent.py\"]\nenv = [\"B=2\"]\nmemory = \"1GiB\"");
        let spec = command_spec(&task, folder().path()).unwrap().unwrap();
        assert_eq!(spec.files.len(), 1);
        assert_eq!((spec.env["A"].as_str(), spec.env["B"].as_str()), ("1", "2"));
        assert!(!spec.outside.network && spec.outside.door.is_none());
        assert_eq!(spec.limits.memory, 1 << 30);
    }

    #[test]
    fn it_sees_nothing_of_the_judges() {
        for files in ["files = [\"judge.py\"]", "files = [\"*.py\"]"] {
            let error = command_spec(&task(files), folder().path()).unwrap_err();
            assert_eq!(error.key(), "command.files.0");
            assert!(error.to_string().contains("`judge.py` is for the judge"), "{error}");
        }
        let error = command_spec(&task("files = [\"none\"]"), folder().path()).unwrap_err();
        assert!(error.to_string().contains("matches no file"), "{error}");
    }
}
