//! `evolve start --proposer replay:RUN`.

use std::sync::Arc;

use evolve_core::Seq;
use evolve_core::event::RunStarted;
use evolve_core::ports::HostFault;
use evolve_engine::{Divergence, Target};
use evolve_store::{Reader, resolve_run};

use crate::args::{Global, Start, VERSION};
use crate::commands::print;
use crate::commands::start::{create_run, host, overrides};
use crate::error::{CliError, Exit};
use crate::knowledge;
use crate::session::{self, Opened, ProposerKind, store_error};
use crate::task_folder::TaskFolder;

/// Replays a recorded run into a new one and compares the two.
pub fn replay(
    global: &Global,
    args: &Start,
    folder: &TaskFolder,
    run: &str,
) -> Result<Exit, CliError> {
    let source = resolve_run(&global.runs, run).map_err(store_error)?;
    let reader = Reader::open(&source).map_err(store_error)?;
    let recorded = Arc::clone(&reader.facts().run);
    if recorded.task.task.name != folder.config.task.name {
        return Err(CliError::usage(format!(
            "{} is a run of the task `{}`, not of `{}`",
            source.id(),
            recorded.task.task.name,
            folder.config.task.name
        )));
    }
    let task = Arc::new(recorded.task.clone());
    let kind = ProposerKind::from_word(&recorded.proposer);
    let frozen = TaskFolder::frozen(source.task(), recorded.task.clone());
    let dir = create_run(&global.runs, &frozen)?;
    let opened = Opened::open(dir.clone(), &task, None)?;
    let started = RunStarted {
        run: dir.id().clone(),
        overrides: overrides(args),
        evolve: VERSION.to_owned(),
        host: host(&folder.origin),
        ..RunStarted::clone(&recorded)
    };
    let analyzer =
        if recorded.analyzer { Some(knowledge::silent_analyzer(&task, kind)?) } else { None };
    let parts = session::parts(&task, kind, analyzer)?;
    let (_, blobs, mut journal, mut projection, _lock) = opened.into_parts();
    let mut target = Target { journal: &mut journal, projection: &mut projection, blobs: &*blobs };
    let events =
        reader.events(Seq(0)).map(|event| event.map_err(|error| HostFault::new(error.to_string())));
    let source_blobs = reader.blobs();
    let replayed = evolve_engine::replay(events, &*source_blobs, started, parts, &mut target)
        .map_err(|error| CliError::new(Exit::Fault, error.to_string()))?;
    if let Some(divergence) = replayed.divergence {
        return Err(diverged(&divergence, source.id().as_str()));
    }
    let (before, now) = (reader.facts().canonical_hash(), replayed.facts.canonical_hash());
    if before != now {
        return Err(CliError::failed(format!(
            "the replay of {} ends in {now}, the recorded run in {before}",
            source.id()
        )));
    }
    print(&format!(
        "replayed {} as {}: {} events, the same decisions, canonical hash {}\n",
        source.id(),
        dir.id(),
        replayed.facts.next_seq,
        now.short()
    ));
    Ok(Exit::Done)
}

fn diverged(divergence: &Divergence, run: &str) -> CliError {
    let json = |event| serde_json::to_string(event).unwrap_or_default();
    let decided = divergence.decided.as_ref().map_or("nothing".to_owned(), json);
    CliError::failed(format!(
        "the replay of {run} diverges at event {}\nrecorded: {}\ndecided:  {decided}",
        divergence.seq,
        json(&divergence.recorded),
    ))
    .help("this version of evolve decides otherwise than the one that made the run, or the journal was changed")
}
