//! `evolve cognition stats`.

use std::collections::BTreeMap;
use std::path::Path;

use evolve_cognition::Entry;
use evolve_report::model::KnowledgeWorth;
use serde_json::json;

use super::args::Stats;
use super::{JSON, sound};
use crate::commands::read::open;
use crate::commands::{print, print_json};
use crate::error::{CliError, Exit};

/// Counts, lengths, and what a run made of them.
pub fn stats(runs: &Path, args: &Stats) -> Result<Exit, CliError> {
    let entries = sound(&args.bases)?;
    let subjects = counts(entries.iter().map(|entry| entry.subject.as_str()));
    let tags = counts(entries.iter().flat_map(|e| e.item.tags.iter().map(String::as_str)));
    let mut lengths: Vec<usize> = entries.iter().map(|e| e.item.body.chars().count()).collect();
    lengths.sort_unstable();
    let worth = match &args.run {
        Some(run) => Some(KnowledgeWorth::all(open(runs, run)?.reader.facts())),
        None => None,
    };
    let middle = lengths.get(lengths.len() / 2);
    if args.json {
        print_json(&json!({
            "version": JSON, "items": entries.len(), "subjects": subjects, "tags": tags,
            "letters": { "least": lengths.first(), "median": middle, "most": lengths.last() },
            "worth": worth,
        }))?;
        return Ok(Exit::Done);
    }
    let mut text = format!("{} items\n", entries.len());
    if let (Some(least), Some(middle), Some(most)) = (lengths.first(), middle, lengths.last()) {
        text += &format!("text: {least} to {most} letters, median {middle}\n");
    }
    for (what, counts) in [("subject", &subjects), ("tag", &tags)] {
        for (name, count) in counts {
            let name = if name.is_empty() { "(none)" } else { name };
            text += &format!("{what} {name}: {count}\n");
        }
    }
    for piece in worth.iter().flatten() {
        text += &format!("{} {}\n", known(&entries, &piece.name), piece.words());
    }
    print(&text);
    Ok(Exit::Done)
}

fn counts<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

fn known(entries: &[Entry], name: &str) -> String {
    let is_item = entries.iter().any(|entry| entry.item.id == name);
    format!("{} {name}:", if is_item { "item" } else { "insight" })
}
