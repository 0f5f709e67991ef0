//! `evolve cognition`: prior knowledge outside of a run.

pub mod args;
mod distil;
mod stats;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evolve_cognition::{
    BadItem, Base, Entry, NewItem, PdfReader, add_items, documents, load_bases, read_document,
};
use evolve_core::knowledge::{CognitionItem, Credits, Situation};
use evolve_core::ports::{KnowledgeBase, Query};
use serde_json::{Value, json};

use crate::commands::{print, print_json};
use crate::error::{CliError, Exit};
use distil::Distiller;

use args::{Add, Bases, Cognition, CognitionCommand, List, Search, Show};

/// Version of the JSON that these commands print.
const JSON: u32 = 1;
/// The base that is taken where none is named.
const HERE: &str = "cognition";
/// What stands for the shipped library among bases.
const LIBRARY: &str = "library:";

/// Does what is asked.
pub fn cognition(runs: &Path, args: &Cognition) -> Result<Exit, CliError> {
    match &args.what {
        CognitionCommand::Add(args) => add(args),
        CognitionCommand::Search(args) => search(args),
        CognitionCommand::List(args) => list(args),
        CognitionCommand::Show(args) => show(args),
        CognitionCommand::Lint(args) => lint(args),
        CognitionCommand::Stats(args) => stats::stats(runs, args),
    }
}

/// The items of these bases, and what could not be read.
fn read(bases: &Bases) -> Result<(Vec<Entry>, Vec<BadItem>), CliError> {
    let mut folders: Vec<Option<PathBuf>> = Vec::new();
    for base in &bases.base {
        if base.as_os_str() == LIBRARY {
            folders.push(None);
        } else if base.exists() {
            folders.push(Some(base.clone()));
        } else {
            let message = format!("there is no base {}", base.display());
            let help = "name a folder of items, or `library:` for the shipped ones";
            return Err(CliError::usage(message).help(help));
        }
    }
    if folders.is_empty() {
        folders.extend(Path::new(HERE).exists().then(|| Some(PathBuf::from(HERE))));
        folders.push(None);
    }
    Ok(load_bases(&folders))
}

/// The items, with a warning for each that cannot be read.
fn sound(bases: &Bases) -> Result<Vec<Entry>, CliError> {
    let (entries, bad) = read(bases)?;
    for mistake in bad {
        tracing::warn!("left out: {mistake}");
    }
    Ok(entries)
}

fn add(args: &Add) -> Result<Exit, CliError> {
    let usage = |error: evolve_cognition::IngestError| CliError::usage(error.to_string());
    let program = std::env::current_exe()
        .map_err(|error| CliError::failed(format!("cannot find evolve itself: {error}")))?;
    let pdf = PdfReader::new(program);
    // Everything is read before anything is written.
    let mut items: Vec<NewItem> = Vec::new();
    let distiller = Distiller::of(args)?;
    let found = documents(&args.path).map_err(usage)?;
    for document in &found {
        items.extend(match &distiller {
            Some(distiller) => distiller.items(document, &pdf)?,
            None => read_document(document, &pdf).map_err(usage)?,
        });
    }
    if let Some(distiller) = &distiller {
        eprintln!("distilling cost ${:.4}", distiller.cost().dollars());
    }
    if found.is_empty() {
        let message = format!("{} holds no .md, .txt or .pdf", args.path.display());
        return Err(CliError::new(Exit::NotFound, message));
    }
    let here = args.base.exists().then(|| Some(args.base.clone()));
    let bases: Vec<Option<PathBuf>> = here.into_iter().chain([None]).collect();
    let taken: BTreeSet<String> =
        load_bases(&bases).0.into_iter().map(|entry| entry.item.id).collect();
    let files = add_items(&args.base, items, &taken).map_err(usage)?;
    if args.json {
        print_json(&json!({ "version": JSON, "files": files }))?;
    } else {
        let lines: Vec<String> = files.iter().map(|file| format!("{}\n", file.display())).collect();
        print(&lines.concat());
    }
    Ok(Exit::Done)
}

fn search(args: &Search) -> Result<Exit, CliError> {
    let entries = sound(&args.bases)?;
    let items: Vec<CognitionItem> = entries.iter().map(|entry| entry.item.clone()).collect();
    let folder = tempfile::tempdir()
        .map_err(|error| CliError::failed(format!("cannot make a temporary folder: {error}")))?;
    let base = Base::open_or_build(folder.path(), items)
        .map_err(|error| CliError::failed(error.to_string()))?;
    let query = Query {
        situation: Situation { now: args.situation.clone(), task: String::new() },
        top_k: args.top as usize,
        insights: Vec::new(),
        top_insights: 0,
        credits: Arc::new(Credits::default()),
        seed: 0,
        meter: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| CliError::failed(format!("cannot start a runtime: {error}")))?;
    let found = runtime.block_on(base.retrieve(query))?.items;
    let of = |item: &CognitionItem| entries.iter().find(|entry| entry.item.id == item.id);
    let found: Vec<&Entry> = found.iter().filter_map(of).collect();
    if args.json {
        let items: Vec<Value> = found.iter().map(|entry| as_json(entry)).collect();
        print_json(&json!({ "version": JSON, "items": items }))?;
    } else {
        let lines: Vec<String> = found.iter().map(|entry| as_text(entry)).collect();
        print(&lines.concat());
    }
    Ok(if found.is_empty() { Exit::NotFound } else { Exit::Done })
}

fn list(args: &List) -> Result<Exit, CliError> {
    let entries = sound(&args.bases)?;
    if args.json {
        let items: Vec<Value> = entries.iter().map(as_json).collect();
        print_json(&json!({ "version": JSON, "items": items }))?;
    } else {
        let line = |entry: &Entry| format!("{}  {}\n", entry.item.id, entry.item.title);
        print(&entries.iter().map(line).collect::<String>());
    }
    Ok(Exit::Done)
}

fn show(args: &Show) -> Result<Exit, CliError> {
    let entries = sound(&args.bases)?;
    let Some(entry) = entries.iter().find(|entry| entry.item.id == args.id) else {
        let message = format!("there is no item `{}`", args.id);
        let help = "`evolve cognition list` names them";
        return Err(CliError::new(Exit::NotFound, message).help(help));
    };
    if args.json {
        let mut value = as_json(entry);
        value["body"] = entry.item.body.clone().into();
        print_json(&json!({ "version": JSON, "item": value }))?;
    } else {
        print(&entry.text);
    }
    Ok(Exit::Done)
}

fn lint(args: &List) -> Result<Exit, CliError> {
    let (entries, bad) = read(&args.bases)?;
    let findings = evolve_cognition::lint(&entries, &bad);
    if args.json {
        print_json(&json!({ "version": JSON, "findings": findings }))?;
    } else {
        let line = |f: &evolve_cognition::Finding| {
            format!("{}:{}: {}\n", f.file.display(), f.line, f.what)
        };
        print(&findings.iter().map(line).collect::<String>());
    }
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Failed })
}

fn as_text(entry: &Entry) -> String {
    let item = &entry.item;
    format!("{}  {}\n    when: {}\n", item.id, item.title, item.trigger)
}

fn as_json(entry: &Entry) -> Value {
    let item = &entry.item;
    json!({
        "id": item.id, "title": item.title, "trigger": item.trigger, "tags": item.tags,
        "subject": entry.subject, "file": entry.file,
    })
}
