//! Whole files, or the contents of regions, in fenced blocks.

use std::collections::BTreeMap;
use std::ops::Range;

use evolve_core::program::Program;

use super::answer::{self, Fence};
use super::error::{Failure, PatchError, Reason};
use super::{Patched, change, resolve};
use crate::regions::{self, Editable};

/// Takes the files of an answer, each from a fenced block.
///
/// A block is the whole file, or, in a file with one region, what stands in the region. A
/// block says which file it is by a name in its info string or on the line before it; the
/// only file that may change needs no name. Outside of regions, blanks at line ends and blank
/// lines are forgiven; any other change there is an error.
pub fn apply_rewrite(
    program: &Program,
    answer: &str,
    editable: &Editable,
) -> Result<Patched, PatchError> {
    let fences = closed_fences(answer)?;
    let named = assign(&fences, |fence, only| target(program, editable, fence, only))?;
    let mut rewritten = program.clone();
    let mut failures = Vec::new();
    for (path, fence) in &named {
        let text = match program.files.get(path) {
            Some(old) => fit(path, old, fence),
            None => Program::check_path(path)
                .map_err(|bad| Reason::BadPath { why: bad.to_string() })
                .map(|()| joined(&fence.body, "\n")),
        };
        match text {
            Ok(text) => {
                rewritten.files.insert(path.clone(), text);
            }
            Err(reason) => failures.push(at(fence, reason)),
        }
    }
    if let Err(edit) = editable.check(program, &rewritten) {
        let line = named.get(&edit.file).map_or(0, |fence| fence.line);
        failures.push(Failure { block: None, line, reason: Reason::Outside(edit) });
    }
    if !failures.is_empty() {
        return Err(PatchError { failures });
    }
    if rewritten == *program {
        return Err(PatchError::whole(Reason::NoChange));
    }
    let changed =
        named.into_keys().filter(|path| rewritten.files.get(path) != program.files.get(path));
    Ok(Patched { change: change(answer, "rewrite", changed.collect()), program: rewritten })
}

/// The first program of a seedless run; `path` is the main file, and names a block that has
/// no name.
pub fn draft(answer: &str, path: &str) -> Result<Program, PatchError> {
    let fences = closed_fences(answer)?;
    let main = Program::single(path, "");
    let named = assign(&fences, |fence, only| match &fence.path {
        Some(name) if !only => Ok(Some(name.clone())),
        _ if only || speaks(fence, path) => Ok(Some(path.to_owned())),
        _ => Ok(None),
    })?;
    let mut program = Program::default();
    for (name, fence) in &named {
        let fail = |reason| PatchError { failures: vec![at(fence, reason)] };
        Program::check_path(name).map_err(|bad| fail(Reason::BadPath { why: bad.to_string() }))?;
        if fence.body.iter().all(|line| line.trim().is_empty()) {
            return Err(fail(Reason::EmptyFile));
        }
        program.files.insert(name.clone(), joined(&fence.body, "\n"));
    }
    if !main.files.keys().all(|main| program.files.contains_key(main)) {
        return Err(PatchError::whole(Reason::NoMain { path: path.to_owned() }));
    }
    Ok(program)
}

fn at(fence: &Fence, reason: Reason) -> Failure {
    Failure { block: None, line: fence.line, reason }
}

fn closed_fences(answer: &str) -> Result<Vec<Fence>, PatchError> {
    let fences = answer::fences(answer);
    if fences.is_empty() {
        return Err(PatchError::whole(Reason::NoFence));
    }
    let open: Vec<Failure> = fences
        .iter()
        .filter(|fence| !fence.closed)
        .map(|fence| at(fence, Reason::Truncated))
        .collect();
    if open.is_empty() { Ok(fences) } else { Err(PatchError { failures: open }) }
}

/// Gives each fence its file. Fences that are in another language and have no name are prose
/// (a shell command, a listing of results); all others must find a place of their own.
fn assign(
    fences: &[Fence],
    target: impl Fn(&Fence, bool) -> Result<Option<String>, Reason>,
) -> Result<BTreeMap<String, &Fence>, PatchError> {
    let mut named: BTreeMap<String, &Fence> = BTreeMap::new();
    let mut failures = Vec::new();
    for fence in fences {
        match target(fence, fences.len() == 1) {
            Ok(Some(path)) => {
                if named.get(&path).is_some_and(|other| other.body != fence.body) {
                    return Err(PatchError::whole(Reason::Several { count: fences.len() }));
                }
                named.insert(path, fence);
            }
            Ok(None) => {}
            Err(reason) => failures.push(at(fence, reason)),
        }
    }
    match (failures.is_empty(), named.is_empty()) {
        (false, _) => Err(PatchError { failures }),
        (true, true) => Err(PatchError::whole(Reason::NoFence)),
        (true, false) => Ok(named),
    }
}

fn target(
    program: &Program,
    editable: &Editable,
    fence: &Fence,
    only: bool,
) -> Result<Option<String>, Reason> {
    if let Some(name) = &fence.path {
        // One block is the one file there is, whatever the model calls it.
        let known = if only {
            resolve(program, name)
        } else {
            program.files.contains_key(name).then(|| name.clone())
        };
        let known =
            known.or_else(|| if program.files.len() > 1 { resolve(program, name) } else { None });
        if known.is_some() || editable.allows(name) {
            return Ok(Some(known.unwrap_or_else(|| name.clone())));
        }
        let known = program.files.keys().cloned().collect();
        return Err(Reason::UnknownFile { path: name.clone(), known });
    }
    let mut free = program.files.keys().filter(|path| editable.allows(path));
    match (free.next(), free.next()) {
        (Some(path), None) if only || speaks(fence, path) => Ok(Some(path.clone())),
        (Some(path), Some(_)) if only || speaks(fence, path) => {
            let known =
                program.files.keys().filter(|path| editable.allows(path)).cloned().collect();
            Err(Reason::WhichFile { known })
        }
        _ => Ok(None),
    }
}

/// Whether a fence may hold a file of this name, by its language; one without any may.
fn speaks(fence: &Fence, path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let names: &[&str] = match extension {
        "py" => &["python", "python3", "py"],
        "rs" => &["rust", "rs"],
        "c" | "h" => &["c"],
        "cc" | "cpp" | "cxx" | "hpp" => &["cpp", "c++", "cc"],
        "js" => &["javascript", "js"],
        "ts" => &["typescript", "ts"],
        _ => &[],
    };
    let language = fence.language.as_str();
    language.is_empty() || language == extension || names.contains(&language)
}

fn joined(lines: &[String], end: &str) -> String {
    lines.iter().flat_map(|line| [line.as_str(), end]).collect()
}

/// The new text of an existing file.
fn fit(path: &str, old: &str, fence: &Fence) -> Result<String, Reason> {
    let end =
        if old.matches("\r\n").count() * 2 > old.matches('\n').count() { "\r\n" } else { "\n" };
    let text = joined(&fence.body, end);
    if fence.body.iter().all(|line| line.trim().is_empty()) {
        return Err(Reason::EmptyFile);
    }
    // Markers were checked when the run began; what is broken now is told by the check.
    let Ok(places) = regions::regions(path, old) else { return Ok(text) };
    if places.is_empty() {
        return Ok(text);
    }
    if fence.body.iter().any(|line| regions::marker(line).is_some()) {
        return Ok(merged(path, old, &places, &text).unwrap_or(text));
    }
    match places.as_slice() {
        [region] => {
            let inner = without_outside(&fence.body, &old[..region.start], &old[region.end..]);
            Ok(format!("{}{}{}", &old[..region.start], joined(inner, end), &old[region.end..]))
        }
        _ => Err(Reason::WhichRegion { file: path.to_owned(), count: places.len() }),
    }
}

/// The old text with the new regions, if the rest differs in blanks alone.
fn merged(path: &str, old: &str, places: &[Range<usize>], new: &str) -> Option<String> {
    let new_places = regions::regions(path, new).ok()?;
    if new_places.len() != places.len() {
        return None;
    }
    let mut out = String::with_capacity(new.len());
    let (mut was, mut is) = (0, 0);
    for (a, b) in places.iter().zip(&new_places) {
        if !blankly_equal(&old[was..a.start], &new[is..b.start]) {
            return None;
        }
        out.push_str(&old[was..a.start]);
        out.push_str(&new[b.clone()]);
        (was, is) = (a.end, b.end);
    }
    out.push_str(&old[was..]);
    blankly_equal(&old[was..], &new[is..]).then_some(out)
}

fn blankly_equal(a: &str, b: &str) -> bool {
    solid(a).eq(solid(b))
}

fn solid(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.lines().map(str::trim_end).filter(|line| !line.is_empty())
}

/// The lines of a region, where a model gave the fixed lines around it as well.
fn without_outside<'a>(lines: &'a [String], before: &str, after: &str) -> &'a [String] {
    let code = |line: &&str| regions::marker(line).is_none();
    let head: Vec<&str> = solid(before).filter(code).collect();
    let tail: Vec<&str> = solid(after).filter(code).collect();
    let skipped = run_length(lines.iter(), head.into_iter());
    let lines = &lines[skipped..];
    let skipped = run_length(lines.iter().rev(), tail.into_iter().rev());
    &lines[..lines.len() - skipped]
}

/// How many lines it takes to see all of these, blank lines apart; 0 if they are not there.
fn run_length<'a>(
    lines: impl Iterator<Item = &'a String>,
    wanted: impl Iterator<Item = &'a str>,
) -> usize {
    let mut wanted = wanted.peekable();
    let mut taken = 0;
    for line in lines {
        let Some(next) = wanted.peek() else { break };
        if !line.trim().is_empty() {
            if line.trim_end() != *next {
                return 0;
            }
            wanted.next();
        }
        taken += 1;
    }
    if wanted.peek().is_some() { 0 } else { taken }
}
