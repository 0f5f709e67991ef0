//! Tasks of other systems: found, and made into tasks of ours.

use std::path::Path;

use evolve_evaluators::peers::{self, Adapter, Content, Import, PeerError, Source};
use tempfile::TempDir;

use crate::args::Peer;
use crate::error::CliError;
use crate::task_folder::{TASK_FILE, toml_text, write};

/// A task of another system.
pub struct Found {
    adapter: &'static dyn Adapter,
    source: Source,
}

/// The equivalent task.
pub struct Made {
    /// Its folder; removed when this is dropped.
    pub folder: TempDir,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// The task of another system at this path; none if it is a task of ours, or none at all.
pub fn find(path: &Path, peer: &Peer) -> Result<Option<Found>, CliError> {
    let real = |path: &Path| {
        path.canonicalize()
            .map_err(|error| CliError::usage(format!("cannot read {}: {error}", path.display())))
    };
    let found = match (peer.system, &peer.evaluator) {
        (Some(system), Some(evaluator)) => {
            let source =
                Source { program: Some(real(path)?), evaluator: real(evaluator)?, config: None };
            Some((by_name(system.word())?, source))
        }
        (Some(system), None) => {
            let adapter = by_name(system.word())?;
            let source = adapter.recognise(&real(path)?).ok_or_else(|| {
                let system = system.word();
                CliError::usage(format!("{} is no folder of a {system} task", path.display()))
                    .help(format!("name its parts: --as {system} PROGRAM EVALUATOR"))
            })?;
            Some((adapter, source))
        }
        (None, _) if path.is_dir() && !is_own(path) => peers::recognise(&real(path)?),
        (None, _) => None,
    };
    let Some((adapter, mut source)) = found else {
        if let Some(config) = &peer.config {
            let message = format!("--config {}: the task has its task.toml", config.display());
            return Err(CliError::usage(message)
                .help("it is for tasks of other systems; use --set PATH=VALUE here"));
        }
        return Ok(None);
    };
    if let Some(config) = &peer.config {
        source.config = Some(real(config)?);
    }
    Ok(Some(Found { adapter, source }))
}

fn by_name(name: &str) -> Result<&'static dyn Adapter, CliError> {
    let adapter = peers::adapters().into_iter().find(|adapter| adapter.name() == name);
    adapter.ok_or_else(|| CliError::usage(format!("there is no adapter for {name}")))
}

/// Whether a folder has a `task.toml` of ours. Harbor's has the same name and other tables.
fn is_own(folder: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(folder.join(TASK_FILE)) else { return false };
    let Ok(table) = text.parse::<toml::Table>() else { return true };
    let has = |key: &str| table.contains_key(key);
    has("objective") || !(has("verifier") || has("environment") || has("agent"))
}

/// Makes the equivalent task, in a temporary folder.
pub fn made(found: &Found) -> Result<Made, CliError> {
    let import = found.adapter.import(&found.source).map_err(|error| usage(&error))?;
    let folder = tempfile::Builder::new()
        .prefix("evolve-task-")
        .tempdir()
        .map_err(|error| CliError::failed(format!("cannot make a temporary folder: {error}")))?;
    write_task(&import, found.adapter.name(), folder.path())?;
    let shared = if import.task.evaluator.kind.needs_image() { "container" } else { "process" };
    let mut notes = import.notes;
    notes.push(format!(
        "a task of {}: its evaluator shares a {shared} with the program (trust = \"in-process\"), \
         so a program written to cheat can forge its score",
        found.adapter.name()
    ));
    Ok(Made { folder, notes })
}

/// An error of an adapter: a mistake in what the person has.
pub fn usage(error: &PeerError) -> CliError {
    CliError::usage(error.to_string())
}

fn write_task(import: &Import, system: &str, to: &Path) -> Result<(), CliError> {
    for file in &import.files {
        let target = to.join(&file.path);
        let put = || match &file.content {
            Content::Copy(from) => std::fs::copy(from, &target).map(drop),
            Content::Text(text) => std::fs::write(&target, text),
        };
        let parent = target.parent().unwrap_or(to);
        std::fs::create_dir_all(parent).and_then(|()| put()).map_err(|error| {
            CliError::failed(format!("cannot write {}: {error}", target.display()))
        })?;
    }
    let text = toml_text(&import.task)?;
    write(&to.join(TASK_FILE), &format!("# Made from a task of {system}.\n{text}"))
}
