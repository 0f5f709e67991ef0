//! `evolve inject`: a person's program for a live run.

use std::path::Path;

use evolve_core::Program;
use evolve_engine::{Command, Inject as Given};
use evolve_store::{Reader, resolve_run};

use crate::args::Inject;
use crate::commands::steer::steer;
use crate::error::{CliError, Exit};
use crate::session::store_error;
use crate::task_folder::read_program;

/// Reads the program, and has the process that has the run take it.
pub fn inject(runs: &Path, args: &Inject) -> Result<(), CliError> {
    let base = base(runs, args)?;
    let file = args.file.to_string_lossy();
    let read = read_program(Path::new(""), &file)
        .map_err(|error| error.help("give the program's file, or its folder; UTF-8 text"))?;
    let program = match base {
        Some(base) => named_as(&base, read, &args.file)?,
        None => read,
    };
    let note = args.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    let note = note.map_or_else(|| format!("injected by a person: {file}"), str::to_owned);
    let given = Given { program, note, parent: args.parent, island: args.island };
    steer(runs, &args.run, &Command::Inject(given))
}

/// The program whose files it must have: its parent's, else the start's; none for a draft of a
/// run without a start.
fn base(runs: &Path, args: &Inject) -> Result<Option<Program>, CliError> {
    let dir = resolve_run(runs, &args.run).map_err(store_error)?;
    let reader = Reader::open(&dir).map_err(store_error)?;
    let id = args.parent.unwrap_or(evolve_core::CandidateId::START);
    let known = reader.facts().candidate(id).filter(|c| c.program.is_some());
    match known {
        Some(candidate) => reader.program(candidate).map_err(store_error),
        None if args.parent.is_some() => {
            let message = format!("{} has no program {id} to be the parent", dir.id());
            Err(CliError::new(Exit::NotFound, message)
                .help(format!("`evolve lineage {}` and the report name candidates", dir.id())))
        }
        None => Ok(None),
    }
}

/// The program under the names that its files have in the run.
fn named_as(base: &Program, mut read: Program, file: &Path) -> Result<Program, CliError> {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    if let (Some((wanted, _)), Some((found, _)), true) = (base.sole(), read.sole(), file.is_file())
        && name(wanted) == found
    {
        let (wanted, found) = (wanted.to_owned(), found.to_owned());
        if let Some(text) = read.files.remove(&found) {
            read.files.insert(wanted, text);
        }
    }
    let missing: Vec<_> = base.files.keys().filter(|p| !read.files.contains_key(*p)).collect();
    let foreign: Vec<_> = read.files.keys().filter(|p| !base.files.contains_key(*p)).collect();
    if missing.is_empty() && foreign.is_empty() {
        return Ok(read);
    }
    let list = |names: &[&String]| {
        let names: Vec<&str> = names.iter().take(8).map(|name| name.as_str()).collect();
        names.join(", ")
    };
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("it lacks {}", list(&missing)));
    }
    if !foreign.is_empty() {
        parts.push(format!("the run's program has no {}", list(&foreign)));
    }
    let help = match base.sole() {
        Some((wanted, _)) => format!("give the program in a file of the name {}", name(wanted)),
        None => {
            format!("give a folder with the files {}", list(&base.files.keys().collect::<Vec<_>>()))
        }
    };
    let message = format!("{}: the file names differ: {}", file.display(), parts.join("; "));
    Err(CliError::usage(message).help(help))
}
