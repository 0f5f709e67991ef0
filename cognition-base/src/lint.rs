//! What is wrong with the items of a base, or will be of little use.

use std::path::{Path, PathBuf};

use evolve_core::words::ShortTexts;
use serde::Serialize;

use crate::item::BadItem;
use crate::load::Entry;

/// Shortest useful trigger, in letters.
const SHORTEST_TRIGGER: usize = 20;
/// Shortest and longest useful body, in letters.
const BODY: std::ops::RangeInclusive<usize> = 200..=5_000;
/// From this likeness of their words on, triggers with titles are called duplicates; and bodies.
const ALIKE_ABOUT: f64 = 0.75;
const ALIKE_BODY: f64 = 0.85;

/// Something wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong, and what to do.
    pub what: String,
}

/// Everything that is wrong with these items: what could not be read, short triggers, bodies too
/// short or long, sources that are not there, and items that say what another says. In the order
/// of the files.
pub fn lint(entries: &[Entry], bad: &[BadItem]) -> Vec<Finding> {
    let mut found: Vec<Finding> = bad
        .iter()
        .map(|bad| Finding {
            file: bad.file.clone(),
            line: bad.line,
            what: bad.problem.to_string(),
        })
        .collect();
    for entry in entries {
        found.extend(of_one(entry).into_iter().map(|what| at(entry, what)));
    }
    let about = |entry: &Entry| format!("{}\n{}", entry.item.title, entry.item.trigger);
    found.extend(alike(entries, ALIKE_ABOUT, "title and trigger", about));
    found.extend(alike(entries, ALIKE_BODY, "text", |entry| entry.item.body.clone()));
    found.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    found
}

fn at(entry: &Entry, what: String) -> Finding {
    Finding { file: entry.file.clone(), line: 1, what }
}

fn of_one(entry: &Entry) -> Vec<String> {
    let mut found = Vec::new();
    let trigger = entry.item.trigger.chars().count();
    if trigger < SHORTEST_TRIGGER {
        found.push(format!(
            "`trigger` has {trigger} letters; describe the situation as a log or a remark shows it"
        ));
    }
    let body = entry.item.body.chars().count();
    if body < *BODY.start() {
        found.push(format!("the text has {body} letters; say what to do and why it works"));
    } else if body > *BODY.end() {
        found.push(format!("the text has {body} letters; an item holds one idea, split it"));
    }
    let url = entry.source.as_ref().and_then(|source| source.url.as_deref());
    found.extend(url.and_then(|url| dead(url, &entry.file)));
    found
}

/// Why a source cannot be there, if so. Nobody is asked over the network.
fn dead(url: &str, file: &Path) -> Option<String> {
    if let Some((scheme, rest)) = url.split_once("://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        let sound = matches!(scheme, "http" | "https")
            && !host.is_empty()
            && host.chars().all(fits)
            && !url.contains(char::is_whitespace);
        return (!sound).then(|| format!("source `{url}` is not an http or https URL; correct it"));
    }
    let beside = file.parent().unwrap_or_else(|| Path::new("")).join(url);
    let there = beside.exists() || Path::new(url).exists();
    (!there).then(|| format!("source `{url}` is no URL and no file beside the item; correct it"))
}

fn alike(
    entries: &[Entry],
    limit: f64,
    what: &str,
    text: impl Fn(&Entry) -> String,
) -> Vec<Finding> {
    let mut texts = ShortTexts::default();
    let all: Vec<String> = entries.iter().map(text).collect();
    for text in &all {
        texts.add(text);
    }
    let mut found = Vec::new();
    for (place, text) in all.iter().enumerate() {
        let before = texts.like(text).into_iter().find(|(other, _)| *other < place);
        if let Some((other, likeness)) = before.filter(|(_, likeness)| *likeness >= limit) {
            let percent = (likeness * 100.0).floor();
            found.push(at(
                &entries[place],
                format!(
                    "its {what} is {percent} % like that of {}; merge the two, or say how they differ",
                    entries[other].file.display()
                ),
            ));
        }
    }
    found
}
