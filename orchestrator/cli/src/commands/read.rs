//! Commands that read a run: `list`, `status`, `best`, `show`, `lineage`, `export`.

use std::io::Write as _;
use std::path::Path;

use evolve_core::event::StopReason;
use evolve_core::facts::Phase;
use evolve_core::{CandidateId, Facts, Program};
use evolve_report::model::{
    BestView, BrokenRun, CandidateView, Front, LineageView, RunLine, RunList, Status, export,
};
use evolve_report::{Moment, text};
use evolve_store::{Reader, RunDir, list_runs, resolve_run};
use jiff::Timestamp;

use crate::args::{self, Json};
use crate::commands::{print, print_json};
use crate::error::{CliError, Exit};
use crate::session::{best_path, store_error};
use crate::task_folder::write_program;

/// A run opened for reading.
pub struct Opened {
    pub dir: RunDir,
    pub reader: Reader,
    pub moment: Moment,
}

/// Opens a run for reading; never takes its lock.
pub fn open(runs: &Path, run: &str) -> Result<Opened, CliError> {
    let dir = resolve_run(runs, run).map_err(store_error)?;
    let reader = Reader::open(&dir).map_err(store_error)?;
    let moment = Moment::of(&dir);
    Ok(Opened { dir, reader, moment })
}

/// `evolve list`
pub fn list(runs: &Path, args: &Json) -> Result<(), CliError> {
    let (mut lines, mut broken) = (Vec::new(), Vec::new());
    for dir in list_runs(runs).map_err(store_error)? {
        match Reader::open(&dir) {
            Ok(reader) => lines.push(RunLine::of(reader.facts(), &Moment::of(&dir))),
            Err(error) => {
                broken.push(BrokenRun { run: dir.id().to_string(), why: error.to_string() });
            }
        }
    }
    let list = RunList::new(lines, broken);
    if args.json {
        return print_json(&list);
    }
    print(&text::list(&list, &Moment::at(Timestamp::now())));
    Ok(())
}

/// `evolve status`
pub fn status(runs: &Path, args: &args::StatusArgs) -> Result<(), CliError> {
    let run = open(runs, &args.run)?;
    let facts = run.reader.facts();
    let path = written_best(&run.dir, &run.reader);
    let status = Status::of(facts, &run.moment, path.as_deref());
    if args.json {
        return print_json(&status);
    }
    print(&text::status(&status, &run.moment));
    Ok(())
}

/// Where the best program lies, if it is there and is the best.
fn written_best(dir: &RunDir, reader: &Reader) -> Option<String> {
    let program = reader.program(reader.facts().best()?).ok()??;
    let path = best_path(dir, &program);
    let written = match program.sole() {
        Some((_, text)) => std::fs::read_to_string(&path).ok()? == text,
        None => program
            .files
            .iter()
            .all(|(name, text)| std::fs::read_to_string(path.join(name)).is_ok_and(|t| t == *text)),
    };
    written.then(|| path.display().to_string())
}

/// `evolve best`
pub fn best(runs: &Path, args: &args::Best) -> Result<(), CliError> {
    let run = open(runs, &args.run)?;
    let facts = run.reader.facts();
    let Some(best) = facts.best() else {
        return Err(CliError::new(Exit::NotFound, format!("{} has no best yet", run.dir.id()))
            .help("no candidate has a score; `evolve status` shows the failures"));
    };
    if args.front {
        let front = Front::of(facts);
        if args.json {
            return print_json(&front);
        }
        print(&text::front(&front));
        return Ok(());
    }
    let path = match &args.out {
        Some(out) => {
            let program = run.reader.program(best).map_err(store_error)?.unwrap_or_default();
            write_program(&program, out)?;
            Some(written_to(&program, out))
        }
        None => written_best(&run.dir, &run.reader),
    };
    let view = BestView::of(facts, path.as_deref()).ok_or_else(|| {
        CliError::new(Exit::NotFound, format!("{} has no best yet", run.dir.id()))
    })?;
    if args.json {
        return print_json(&view);
    }
    print(&text::best(&view));
    Ok(())
}

fn written_to(program: &Program, out: &Path) -> String {
    match program.sole() {
        Some((name, _)) if out.is_dir() => out.join(name).display().to_string(),
        _ => out.display().to_string(),
    }
}

pub fn candidate_id(text: &str) -> Result<CandidateId, CliError> {
    text.parse().map_err(|error: evolve_core::ids::ParseIdError| CliError::usage(error.to_string()))
}

fn no_candidate(run: &Opened, id: CandidateId) -> CliError {
    let last = run.reader.facts().candidates.len().saturating_sub(1);
    CliError::new(Exit::NotFound, format!("{} has no candidate {id}", run.dir.id()))
        .help(format!("its candidates go up to {}", CandidateId(last as u64)))
}

/// `evolve show`
pub fn show(runs: &Path, args: &args::Show) -> Result<(), CliError> {
    let id = candidate_id(&args.candidate)?;
    let run = open(runs, &args.run)?;
    let blobs = run.reader.blobs();
    let view =
        CandidateView::of(run.reader.facts(), &*blobs, id).ok_or_else(|| no_candidate(&run, id))?;
    if args.json {
        return print_json(&view);
    }
    print(&text::candidate(&view, &run.moment));
    Ok(())
}

/// `evolve lineage`
pub fn lineage(runs: &Path, args: &args::Lineage) -> Result<(), CliError> {
    let run = open(runs, &args.run)?;
    let facts = run.reader.facts();
    let id = match &args.candidate {
        Some(text) => candidate_id(text)?,
        None => facts.best.ok_or_else(|| {
            CliError::new(Exit::NotFound, format!("{} has no best yet", run.dir.id()))
        })?,
    };
    let view = LineageView::of(facts, id).ok_or_else(|| no_candidate(&run, id))?;
    if args.json {
        return print_json(&view);
    }
    print(&text::lineage(&view));
    Ok(())
}

/// `evolve export --jsonl`
pub fn export_lines(runs: &Path, args: &args::Export) -> Result<(), CliError> {
    let run = open(runs, &args.run)?;
    let blobs = run.reader.blobs();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in export(run.reader.facts(), &*blobs) {
        let text = serde_json::to_string(&line)
            .map_err(|error| CliError::failed(format!("cannot write JSON: {error}")))?;
        if writeln!(out, "{text}").is_err() {
            return Ok(()); // the reader went away
        }
    }
    let _ = out.flush();
    Ok(())
}

/// The end of a run, for the person who started it.
pub fn summary(dir: &RunDir, facts: &Facts, json: bool, quiet: bool) -> Result<(), CliError> {
    let reader = Reader::open(dir).map_err(store_error)?;
    let path = written_best(dir, &reader);
    let moment = Moment::of(dir);
    let status = Status::of(facts, &moment, path.as_deref());
    if json {
        return print_json(&status);
    }
    print(&text::status(&status, &moment));
    if !quiet {
        print(&format!("report  {}\n", dir.report().join("index.html").display()));
        print(&format!("resume  {}\n", resume_hint(dir, facts)));
    }
    Ok(())
}

fn resume_hint(dir: &RunDir, facts: &Facts) -> String {
    let id = dir.id();
    match &facts.phase {
        Phase::Stopped { reason: StopReason::Budget { budget } } => {
            format!("evolve resume {id} --budget {}=…", budget.word())
        }
        Phase::Stopped { reason: StopReason::Target | StopReason::BadStart { .. } } => {
            "nothing to resume".to_owned()
        }
        _ => format!("evolve resume {id}"),
    }
}

/// How the process ends after a run.
pub fn exit_of(facts: &Facts) -> Exit {
    match &facts.phase {
        Phase::Stopped { reason } => match reason {
            StopReason::Target | StopReason::Budget { .. } | StopReason::Exhausted { .. } => {
                Exit::Done
            }
            StopReason::Interrupted => Exit::Interrupted,
            StopReason::Fault { .. } => Exit::Fault,
            StopReason::BadStart { .. } => Exit::Usage,
        },
        Phase::Running | Phase::Paused { .. } => Exit::Fault,
    }
}
