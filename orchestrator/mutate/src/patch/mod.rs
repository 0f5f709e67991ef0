//! A model's answer becomes a program, whole or not at all: no block is ever skipped.

mod answer;
mod diff;
mod error;
mod find;
mod lines;
mod rewrite;

use evolve_core::event::{Change, Edit};
use evolve_core::program::Program;

pub use diff::apply_diff;
pub use error::{Failure, Nearest, PatchError, Reason};
pub use rewrite::{apply_rewrite, draft};

/// What an answer made of a program.
#[derive(Debug, Clone, PartialEq)]
pub struct Patched {
    /// The program after the change.
    pub program: Program,
    /// What was changed.
    pub change: Change,
}

/// Most edits a change names.
const MAX_EDITS: usize = 32;

/// The change with the model's idea as its summary, or a list of the places.
fn change(answer: &str, kind: &str, sites: Vec<String>) -> Change {
    let summary = answer::idea(answer).unwrap_or_else(|| {
        let shown: Vec<&str> = sites.iter().take(4).map(String::as_str).collect();
        let more = if sites.len() > 4 { ", …" } else { "" };
        format!("{kind} of {}{more}", shown.join(", "))
    });
    let edits = sites.into_iter().take(MAX_EDITS);
    let edits = edits.map(|site| Edit { kind: kind.to_owned(), site, step: None }).collect();
    Change { summary, edits, ..Change::default() }
}

/// The file of the program that a model means by this name.
fn resolve(program: &Program, path: &str) -> Option<String> {
    if program.files.contains_key(path) {
        return Some(path.to_owned());
    }
    if let Some((sole, _)) = program.sole() {
        return Some(sole.to_owned());
    }
    let ends =
        |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('/'));
    let mut fitting = program.files.keys().filter(|file| ends(file, path) || ends(path, file));
    match (fitting.next(), fitting.next()) {
        (Some(file), None) => Some(file.clone()),
        _ => None,
    }
}
