//! `evolve resume`.

use std::path::PathBuf;
use std::sync::Arc;

use evolve_core::Seq;
use evolve_core::event::{BudgetChanged, Resumed};
use evolve_core::ports::HostFault;
use evolve_core::task::SandboxKind;
use evolve_engine::Begin;
use evolve_store::{Reader, RunDir, RunLock, resolve_run};

use crate::args::{Global, Resume};
use crate::commands::start::{TASK_FOLDER, sandbox_lines};
use crate::error::{CliError, Exit};
use crate::sandboxes::Sandboxes;
use crate::session::{self, Opened, ProposerKind, Wiring, store_error};
use crate::slots;
use crate::task_folder::TaskFolder;

/// Goes on with a run.
pub fn resume(global: &Global, args: &Resume) -> Result<Exit, CliError> {
    let dir = resolve_run(&global.runs, &args.run).map_err(store_error)?;
    let started = {
        let reader = Reader::open(&dir).map_err(store_error)?;
        Arc::clone(&reader.facts().run)
    };
    // Opening repairs what a killed process left half written; then the journal is read.
    let task = Arc::new(started.task.clone());
    let lock = RunLock::lock(&dir).map_err(store_error)?;
    let reader = Reader::open(&dir).map_err(store_error)?;
    let opened = Opened::open_locked(dir.clone(), lock, &task, Some(reader.facts()))?;
    let mut budget = reader.facts().budget.clone();
    let mut changes = Vec::new();
    for change in &args.budget {
        budget
            .apply(change)
            .map_err(|error| CliError::usage(format!("--budget {change}: {error}")))?;
        changes.push(BudgetChanged { budget: budget.clone(), change: change.clone() });
    }
    let kind = ProposerKind::from_word(&started.proposer);
    let frozen = TaskFolder::frozen(dir.task(), started.task.clone());
    let note = source_note(&dir, started.host.get(TASK_FOLDER).map(PathBuf::from));
    // Results of different sandboxes are not to be compared: it stays the one of the start.
    let mut config = started.task.clone();
    config.sandbox.kind = kind_of(&started.sandbox).unwrap_or(config.sandbox.kind);
    let sandboxes = Sandboxes::open(&config, &dir.task(), global.quiet)?;
    let note = [note, sandbox_note(&started.sandbox, &sandbox_lines(&*sandboxes.sandbox))];
    let note = note.into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join("; ");
    if !note.is_empty() && !global.quiet {
        eprintln!("{note}");
    }
    let slots = slots::resolve(&task, kind);
    let events =
        reader.events(Seq(0)).map(|event| event.map_err(|error| HostFault::new(error.to_string())));
    let begin = Begin::Resume {
        events: Box::new(events.collect::<Vec<_>>().into_iter()),
        budget: changes,
        resumed: Resumed { process: Some(slots), note },
    };
    let wiring = Wiring {
        task,
        description: frozen.description()?,
        proposer: kind,
        analyzer: started.analyzer,
        task_root: dir.task(),
    };
    session::drive(global, opened, &wiring, sandboxes, begin, args.json)
}

/// What to say when the sandbox is not quite what it was: another image under the same name,
/// another kernel.
fn sandbox_note(then: &[String], now: &[String]) -> String {
    let lost = then.iter().filter(|line| !now.contains(line));
    let lost: Vec<&str> = lost.map(String::as_str).collect();
    let come: Vec<&str> =
        now.iter().filter(|line| !then.contains(line)).map(String::as_str).collect();
    if lost.is_empty() && come.is_empty() {
        return String::new();
    }
    format!(
        "the sandbox is not quite what it was, so results may differ: it was `{}` and is `{}`",
        lost.join("; "),
        come.join("; ")
    )
}

/// The kind of sandbox that a run recorded.
fn kind_of(lines: &[String]) -> Option<SandboxKind> {
    match lines.first()?.split_once(':')?.0 {
        "docker" => Some(SandboxKind::Docker),
        "process" => Some(SandboxKind::Process),
        "unconfined" => Some(SandboxKind::Unconfined),
        _ => None,
    }
}

/// What to say when the task's folder is no longer what the run has copied.
fn source_note(dir: &RunDir, source: Option<PathBuf>) -> String {
    let Some(source) = source else { return String::new() };
    match TaskFolder::open(&source) {
        Ok(folder) if folder.differs_from(&dir.task()) => format!(
            "{} has changed since the run began; the run goes on with its own copy, {}",
            source.display(),
            dir.task().display()
        ),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_sandbox_is_told_by_what_changed() {
        let lines = |image: &str| {
            vec![format!("docker: image x ({image})"), "docker: enforced: wall time".to_owned()]
        };
        assert_eq!(sandbox_note(&lines("1"), &lines("1")), "");
        let note = sandbox_note(&lines("1"), &lines("2"));
        assert!(
            note.ends_with("it was `docker: image x (1)` and is `docker: image x (2)`"),
            "{note}"
        );
        assert_eq!(kind_of(&lines("1")), Some(SandboxKind::Docker));
        assert_eq!(kind_of(&["process: enforced: a".to_owned()]), Some(SandboxKind::Process));
        assert_eq!(kind_of(&[]), None);
    }
}
