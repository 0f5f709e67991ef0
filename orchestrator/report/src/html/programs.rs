//! The best program and what changed on the way to it.

use evolve_core::facts::CandidateFacts;
use evolve_core::ports::BlobStore;
use evolve_core::{CandidateId, Facts};
use serde::Serialize;

use crate::format::{clip, count, printable};
use crate::model::{DiffLine, LineKind, ProgramView, VersusView};

/// Lines of one diff that are shown.
const DIFF_LINES: usize = 1_500;
/// Lines of a program that are shown.
const PROGRAM_LINES: usize = 3_000;
/// Characters of a line that are shown.
const LINE: usize = 400;

/// The best program.
#[derive(Serialize)]
pub(crate) struct Best {
    candidate: String,
    diffs: Vec<Diff>,
    files: Vec<File>,
    missing: Option<String>,
}

#[derive(Serialize)]
struct File {
    path: String,
    /// Lines, each with its number.
    lines: Vec<(usize, String)>,
    /// What is left out; empty when nothing.
    note: String,
}

/// A difference between two programs.
#[derive(Serialize)]
pub(crate) struct Diff {
    title: String,
    /// Shown without being asked for.
    open: bool,
    added: usize,
    removed: usize,
    files: Vec<DiffFile>,
    /// Why there is nothing to show, or what is left out; empty when all is there.
    note: String,
}

#[derive(Serialize)]
struct DiffFile {
    path: String,
    /// ` (new file)`, ` (removed)` or nothing.
    fate: &'static str,
    hunks: Vec<DiffHunk>,
}

#[derive(Serialize)]
struct DiffHunk {
    header: String,
    lines: Vec<Line>,
}

/// A line in three parts: what changed within it is the middle one.
#[derive(Serialize)]
struct Line {
    class: &'static str,
    mark: char,
    old: Option<usize>,
    new: Option<usize>,
    head: String,
    middle: String,
    tail: String,
}

impl Best {
    pub(crate) fn of(facts: &Facts, blobs: &dyn BlobStore) -> Option<Self> {
        let best = facts.best()?;
        let program = ProgramView::load(blobs, best.program, "it has no program");
        Some(Self {
            candidate: best.id.to_string(),
            diffs: diffs(facts, blobs, best),
            files: program.files.iter().map(|(path, text)| file(path, text)).collect(),
            missing: program.missing.map(|why| printable(&why).into_owned()),
        })
    }
}

fn diffs(facts: &Facts, blobs: &dyn BlobStore, best: &CandidateFacts) -> Vec<Diff> {
    let start = facts.candidate(CandidateId::START).map(|start| start.id);
    let root = facts.lineage(best.id).last().map(|root| root.id);
    // Without a start program the first draft of the line is what it grew from.
    let (origin, name) = match (start, root) {
        (Some(start), _) => (Some(start), "the start"),
        (None, root) => (root, "its first draft"),
    };
    let parent = best.parents().first().copied();
    let mut diffs = Vec::new();
    if let Some(origin) = origin.filter(|id| *id != best.id) {
        let title = if parent == Some(origin) {
            format!("{name} {origin}, its parent")
        } else {
            format!("{name} {origin}")
        };
        diffs.push(diff(title, true, &VersusView::of(facts, blobs, origin, best.id), DIFF_LINES));
    }
    if let Some(parent) = parent.filter(|parent| Some(*parent) != origin) {
        let title = format!("its first parent {parent}");
        diffs.push(diff(title, true, &VersusView::of(facts, blobs, parent, best.id), DIFF_LINES));
    }
    diffs
}

/// What changed, as so many lines at most.
pub(crate) fn diff(title: String, open: bool, versus: &VersusView, most: usize) -> Diff {
    let mut left = most;
    let mut all = 0;
    let mut files = Vec::new();
    for file in &versus.lines.files {
        let mut hunks = Vec::new();
        for hunk in &file.hunks {
            all += hunk.lines.len();
            let take = hunk.lines.len().min(left);
            left -= take;
            if take > 0 {
                let lines = hunk.lines.iter().take(take).map(line).collect();
                hunks.push(DiffHunk { header: hunk.header.clone(), lines });
            }
        }
        let fate = match (file.in_old, file.in_new) {
            (false, _) => " (new file)",
            (_, false) => " (removed)",
            _ => "",
        };
        files.push(DiffFile { path: printable(&file.path).into_owned(), fate, hunks });
    }
    let note = match &versus.missing {
        Some(why) => printable(why).into_owned(),
        None if files.is_empty() => "The programs are equal.".to_owned(),
        None if all > most => {
            format!("{} more lines are left out.", count((all - most) as u64))
        }
        None => String::new(),
    };
    Diff { title, open, added: versus.added, removed: versus.removed, files, note }
}

fn line(line: &DiffLine) -> Line {
    let class = match line.kind {
        LineKind::Same => "same",
        LineKind::Added => "add",
        LineKind::Removed => "del",
    };
    let part = |text: &str| printable(&clip(text, LINE)).into_owned();
    // Within a very long line the parts would still be long: then only its head is shown.
    let (head, middle, tail) = match line.changed {
        Some((from, to)) if line.text.len() <= LINE => {
            (part(&line.text[..from]), part(&line.text[from..to]), part(&line.text[to..]))
        }
        _ => (part(&line.text), String::new(), String::new()),
    };
    Line { class, mark: line.kind.mark(), old: line.old, new: line.new, head, middle, tail }
}

fn file(path: &str, text: &str) -> File {
    let lines = text.lines().take(PROGRAM_LINES).enumerate();
    let lines = lines.map(|(i, line)| (i + 1, printable(&clip(line, LINE)).into_owned())).collect();
    let left = text.lines().skip(PROGRAM_LINES).count();
    let note = match left {
        0 => String::new(),
        n => format!("{} more lines are left out.", count(n as u64)),
    };
    File { path: printable(path).into_owned(), lines, note }
}
