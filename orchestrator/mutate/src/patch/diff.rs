//! SEARCH/REPLACE blocks.

use std::collections::BTreeMap;
use std::ops::Range;

use evolve_core::program::Program;

use super::answer::{self, Block};
use super::error::{Failure, PatchError, Reason};
use super::find::{Found, MANNERS, Manner, nearest, occurrences};
use super::lines::{Lines, split_indent};
use super::{Patched, change, resolve};
use crate::regions::Editable;

/// Applies the SEARCH/REPLACE blocks of an answer, in order, all or none.
///
/// A SEARCH text must occur once. It is looked for line by line; if that finds nothing, but
/// for blanks at line ends; then but for a common difference of indentation, which the new
/// lines get too; then without its blank first and last lines. Where several places fit, the
/// only one that may change wins, else the only one that no earlier block of this answer
/// wrote. A block that holds `=======` as text is split where its SEARCH occurs.
pub fn apply_diff(
    program: &Program,
    answer: &str,
    editable: &Editable,
) -> Result<Patched, PatchError> {
    let blocks = answer::blocks(answer).map_err(|failures| PatchError { failures })?;
    if blocks.is_empty() {
        return Err(PatchError::whole(Reason::NoBlock));
    }
    let files = program.files.iter().map(|(path, text)| (path.clone(), Lines::of(text))).collect();
    let mut patch = Patch { program, editable, files };
    let mut failures = Vec::new();
    let mut sites = Vec::new();
    for block in &blocks {
        match patch.apply(block) {
            Ok(site) => sites.push(site),
            Err(reason) => failures.push(Failure::of(block, reason)),
        }
    }
    if !failures.is_empty() {
        return Err(PatchError { failures });
    }
    let patched = patch.result();
    if patched == *program {
        return Err(PatchError::whole(Reason::NoChange));
    }
    sites.dedup();
    Ok(Patched { program: patched, change: change(answer, "diff", sites) })
}

struct Patch<'a> {
    program: &'a Program,
    editable: &'a Editable,
    files: BTreeMap<String, Lines>,
}

/// One way to read a block.
struct Reading<'a> {
    search: &'a [String],
    replace: &'a [String],
}

/// Where a block goes.
struct Target {
    file: String,
    range: Range<usize>,
    new: Vec<String>,
}

impl Patch<'_> {
    fn result(&self) -> Program {
        Program {
            files: self.files.iter().map(|(path, file)| (path.clone(), file.text())).collect(),
        }
    }

    /// Applies one block and names its place.
    fn apply(&mut self, block: &Block) -> Result<String, Reason> {
        let target = self.target(block)?;
        let Some(file) = self.files.get_mut(&target.file) else {
            return Err(Reason::Absent { nearest: None });
        };
        let site = format!("{}: {}", target.file, heading(file, target.range.start));
        let before = file.clone();
        file.replace(target.range, &target.new);
        if file.text() == before.text() {
            return Err(Reason::NoChange);
        }
        if let Err(edit) = self.editable.check(self.program, &self.result()) {
            self.files.insert(target.file, before);
            return Err(Reason::Outside(edit));
        }
        Ok(site)
    }

    fn target(&self, block: &Block) -> Result<Target, Reason> {
        let paths = self.paths(block)?;
        let readings: Vec<Reading<'_>> = block
            .dividers
            .iter()
            .rev() // of several that occur, the longest SEARCH is meant
            .map(|at| Reading { search: &block.body[..*at], replace: &block.body[at + 1..] })
            .filter(|reading| reading.search.iter().any(|line| !line.trim().is_empty()))
            .collect();
        if readings.is_empty() {
            return Err(Reason::EmptySearch);
        }
        for manner in MANNERS {
            for reading in &readings {
                if let Some(target) = self.find(&paths, reading, manner)? {
                    return Ok(target);
                }
            }
        }
        for reading in &readings {
            let trimmed = without_blank_edges(reading);
            for manner in MANNERS {
                if let Some(target) = self.find(&paths, &trimmed, manner)? {
                    return Ok(target);
                }
            }
        }
        let files = || paths.iter().filter_map(|path| Some((path.as_str(), self.files.get(path)?)));
        let shortest = readings.last().map_or(&[][..], |reading| reading.search);
        Err(Reason::Absent { nearest: nearest(files(), shortest) })
    }

    /// The files a block may be for: the one it names, else those that may change, and then
    /// the others, so that a change outside is told as such.
    fn paths(&self, block: &Block) -> Result<Vec<String>, Reason> {
        if let Some(path) = &block.path {
            let unknown = || Reason::UnknownFile {
                path: path.clone(),
                known: self.program.files.keys().cloned().collect(),
            };
            return Ok(vec![resolve(self.program, path).ok_or_else(unknown)?]);
        }
        let (mut free, fixed): (Vec<String>, Vec<String>) =
            self.files.keys().cloned().partition(|path| self.editable.allows(path));
        free.extend(fixed);
        Ok(free)
    }

    /// The only place where this reading fits, if there is one.
    fn find(
        &self,
        paths: &[String],
        reading: &Reading<'_>,
        manner: Manner,
    ) -> Result<Option<Target>, Reason> {
        let mut found: Vec<(&String, Found)> = Vec::new();
        for path in paths {
            if let Some(file) = self.files.get(path) {
                found.extend(
                    occurrences(file, reading.search, manner).into_iter().map(|f| (path, f)),
                );
            }
        }
        let size = reading.search.len();
        let chosen = match found.len() {
            0 => return Ok(None),
            1 => found.swap_remove(0),
            _ => {
                let free = |(path, f): &&(&String, Found)| self.is_free(path, f.at..f.at + size);
                let old = |(path, f): &&(&String, Found)| self.is_old(path, f.at..f.at + size);
                let only = sole(found.iter().filter(free))
                    .or_else(|| sole(found.iter().filter(free).filter(old)))
                    .or_else(|| sole(found.iter().filter(old)));
                only.cloned().ok_or_else(|| Reason::Ambiguous {
                    places: found.iter().map(|(path, f)| ((*path).clone(), f.at + 1)).collect(),
                })?
            }
        };
        let (path, Found { at, indent }) = chosen;
        let new = reading.replace.iter().map(|line| indent.apply(line)).collect();
        Ok(Some(Target { file: path.clone(), range: at..at + size, new }))
    }

    /// Whether these lines lie in a part that may change.
    fn is_free(&self, path: &str, lines: Range<usize>) -> bool {
        let Some(file) = self.files.get(path) else { return false };
        let text = file.text();
        let starts: Vec<usize> =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let start = starts.get(lines.start).copied().unwrap_or(text.len());
        let end = starts.get(lines.end).copied().unwrap_or(text.len());
        self.editable.ranges(path, &text).iter().any(|free| free.start <= start && end <= free.end)
    }

    /// Whether no block of this answer wrote any of these lines.
    fn is_old(&self, path: &str, lines: Range<usize>) -> bool {
        self.files.get(path).is_some_and(|file| file.lines[lines].iter().all(|line| !line.fresh))
    }
}

fn sole<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

/// The reading without blank lines around SEARCH, and as many less around REPLACE, if there.
fn without_blank_edges<'a>(reading: &Reading<'a>) -> Reading<'a> {
    let blank = |line: &&String| line.trim().is_empty();
    let head = reading.search.iter().take_while(blank).count();
    let tail = reading.search.iter().rev().take_while(blank).count();
    let search = &reading.search[head..reading.search.len() - tail];
    let new = reading.replace;
    let head = new.iter().take(head).take_while(blank).count();
    let tail = new[head..].iter().rev().take(tail).take_while(blank).count();
    Reading { search, replace: &new[head..new.len() - tail] }
}

/// A name for a place that survives changes elsewhere: the nearest line at or above it that
/// is not indented and opens something.
fn heading(file: &Lines, at: usize) -> String {
    let opens = |text: &str| {
        let (indent, rest) = split_indent(text);
        indent.is_empty() && rest.starts_with(|c: char| c.is_alphabetic() || "_@".contains(c))
    };
    let mut above = file.lines[..=at.min(file.lines.len().saturating_sub(1))].iter().rev();
    let line = above.find(|line| opens(&line.text)).map_or("top", |line| line.text.trim());
    line.chars().filter(|c| !c.is_control()).take(48).collect()
}
