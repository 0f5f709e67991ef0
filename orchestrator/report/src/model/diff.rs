//! What changed between two programs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use evolve_core::Program;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;
/// After this the diff of a file becomes coarse instead of minimal; only programs of many
/// thousand unlike lines come near.
const PATIENCE: Duration = Duration::from_millis(400);

/// How many added lines are looked at for one like a removed line.
const ALIKE_WITHIN: usize = 40;

/// The differences of two programs, file by file; files that are equal are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProgramDiff {
    /// Changed files, by path.
    pub files: Vec<FileDiff>,
    /// Lines that only the new program has.
    pub added: usize,
    /// Lines that only the old program has.
    pub removed: usize,
}

/// The differences of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    /// Its path.
    pub path: String,
    /// Whether the old program has it.
    pub in_old: bool,
    /// Whether the new program has it.
    pub in_new: bool,
    /// Changes with the lines around them.
    pub hunks: Vec<Hunk>,
}

/// A change with the lines around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hunk {
    /// `@@ -1,2 +1,3 @@`
    pub header: String,
    /// Its lines.
    pub lines: Vec<DiffLine>,
}

/// What a line of a diff is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LineKind {
    /// In both programs.
    Same,
    /// Only in the new one.
    Added,
    /// Only in the old one.
    Removed,
}

/// A line of a diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiffLine {
    /// What it is.
    pub kind: LineKind,
    /// Its number in the old file, from 1.
    pub old: Option<usize>,
    /// Its number in the new file, from 1.
    pub new: Option<usize>,
    /// The line without its end.
    pub text: String,
    /// Bytes of `text` that differ from the line it replaces, where there is one like it.
    pub changed: Option<(usize, usize)>,
    /// Whether the file ends here without a line end.
    pub unended: bool,
}

/// The differences of two programs.
pub fn program_diff(old: &Program, new: &Program) -> ProgramDiff {
    let paths: BTreeSet<&String> = old.files.keys().chain(new.files.keys()).collect();
    let mut diff = ProgramDiff::default();
    for path in paths {
        let (before, after) = (old.files.get(path), new.files.get(path));
        if before == after {
            continue;
        }
        let hunks = hunks(before.map_or("", |t| t), after.map_or("", |t| t));
        for line in hunks.iter().flat_map(|hunk| &hunk.lines) {
            diff.added += usize::from(line.kind == LineKind::Added);
            diff.removed += usize::from(line.kind == LineKind::Removed);
        }
        let (in_old, in_new) = (before.is_some(), after.is_some());
        diff.files.push(FileDiff { path: path.clone(), in_old, in_new, hunks });
    }
    diff
}

fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let before: Vec<&str> = old.split_inclusive('\n').collect();
    let after: Vec<&str> = new.split_inclusive('\n').collect();
    let diff = TextDiff::configure().timeout(PATIENCE).diff_slices(&before, &after);
    let groups = diff.grouped_ops(CONTEXT);
    groups
        .iter()
        .map(|group| {
            let changes = group.iter().flat_map(|op| diff.iter_changes(op));
            let mut lines: Vec<DiffLine> = changes
                .map(|change| {
                    line(change.tag(), change.old_index(), change.new_index(), change.value())
                })
                .collect();
            mark_changes(&mut lines);
            Hunk { header: header(&lines, group), lines }
        })
        .collect()
}

fn line(tag: ChangeTag, old: Option<usize>, new: Option<usize>, value: &str) -> DiffLine {
    let kind = match tag {
        ChangeTag::Equal => LineKind::Same,
        ChangeTag::Insert => LineKind::Added,
        ChangeTag::Delete => LineKind::Removed,
    };
    let text = value.strip_suffix('\n').unwrap_or(value);
    DiffLine {
        kind,
        old: old.map(|n| n + 1),
        new: new.map(|n| n + 1),
        text: text.to_owned(),
        changed: None,
        unended: text.len() == value.len(),
    }
}

fn header(lines: &[DiffLine], group: &[similar::DiffOp]) -> String {
    let range = |count: usize, first: usize| match count {
        // An empty range is named by the line before it.
        0 => format!("{first},0"),
        1 => format!("{}", first + 1),
        _ => format!("{},{count}", first + 1),
    };
    let old = lines.iter().filter(|line| line.old.is_some()).count();
    let new = lines.iter().filter(|line| line.new.is_some()).count();
    let (old_first, new_first) =
        group.first().map_or((0, 0), |op| (op.old_range().start, op.new_range().start));
    format!("@@ -{} +{} @@", range(old, old_first), range(new, new_first))
}

/// Finds runs of removed lines that are followed by added ones, pairs lines that are alike,
/// and marks in each pair what lies between the common beginning and the common end.
fn mark_changes(lines: &mut [DiffLine]) {
    let mut at = 0;
    while at < lines.len() {
        let run = |from: usize, kind: LineKind| {
            lines[from..].iter().take_while(|line| line.kind == kind).count()
        };
        let removed = run(at, LineKind::Removed);
        let added = run(at + removed, LineKind::Added);
        let (middle, end) = (at + removed, at + removed + added);
        let mut next = middle;
        for i in at..middle {
            // As many removed as added: line by line. Else the next added line that is alike.
            let candidates =
                if removed == added { i + removed..i + removed + 1 } else { next..end };
            let alike = |j: usize| Some((j, common(&lines[i].text, &lines[j].text)?));
            let Some((j, (head, tail))) = candidates.take(ALIKE_WITHIN).find_map(alike) else {
                continue;
            };
            next = j + 1;
            lines[i].changed = Some((head, lines[i].text.len() - tail));
            lines[j].changed = Some((head, lines[j].text.len() - tail));
        }
        at = end.max(at + 1);
    }
}

/// Lengths in bytes of the common beginning and the common end of two lines; none when they
/// have little in common.
fn common(old: &str, new: &str) -> Option<(usize, usize)> {
    let pairs = old.chars().zip(new.chars());
    let head: usize = pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let pairs = old[head..].chars().rev().zip(new[head..].chars().rev());
    let tail: usize = pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    (2 * (head + tail) >= old.len().max(new.len())).then_some((head, tail))
}

impl ProgramDiff {
    /// As a patch in unified format, which `patch -p1` and `git apply` take.
    pub fn unified(&self) -> String {
        let mut patch = String::new();
        for file in &self.files {
            let name = |side: &str, here: bool| {
                if here { format!("{side}/{}", file.path) } else { "/dev/null".to_owned() }
            };
            // Writing to a string does not fail.
            let _ = writeln!(patch, "--- {}", name("a", file.in_old));
            let _ = writeln!(patch, "+++ {}", name("b", file.in_new));
            for hunk in &file.hunks {
                let _ = writeln!(patch, "{}", hunk.header);
                for line in &hunk.lines {
                    let _ = writeln!(patch, "{}{}", line.kind.mark(), line.text);
                    if line.unended {
                        patch.push_str("\\ No newline at end of file\n");
                    }
                }
            }
        }
        patch
    }
}

impl LineKind {
    /// The character that stands before such a line.
    pub fn mark(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Added => '+',
            Self::Removed => '-',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(old: &str, new: &str) -> ProgramDiff {
        program_diff(&Program::single("a.py", old), &Program::single("a.py", new))
    }

    #[test]
    fn a_changed_number_is_marked_within_its_line() {
        let diff = diff("a = 1\nb = 2.50\n", "a = 1\nb = 2.75\n");
        assert_eq!((diff.added, diff.removed), (1, 1));
        assert_eq!(
            diff.unified(),
            "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n a = 1\n-b = 2.50\n+b = 2.75\n"
        );
        let added = diff.files[0].hunks[0].lines.last().unwrap();
        assert_eq!((added.old, added.new), (None, Some(2)));
        assert_eq!(marked(&diff), ["50", "75"]);
    }

    fn marked(diff: &ProgramDiff) -> Vec<&str> {
        let lines = diff.files[0].hunks.iter().flat_map(|hunk| &hunk.lines);
        lines.filter_map(|line| line.changed.map(|(from, to)| &line.text[from..to])).collect()
    }

    #[test]
    fn a_changed_line_is_found_among_added_ones() {
        let diff = diff(
            "    radius = 0.10\n    return radius\n",
            "    radius = 0.12\n    rings = 3\n    return radius * rings\n",
        );
        assert_eq!(marked(&diff), ["0", "", "2", " * rings"]);
    }

    #[test]
    fn unlike_lines_are_not_marked_and_equal_programs_have_no_diff() {
        let unlike = diff("return packing(26)\n", "x\n");
        assert!(unlike.files[0].hunks[0].lines.iter().all(|line| line.changed.is_none()));
        assert_eq!(diff("a\n", "a\n"), ProgramDiff::default());
        assert_eq!(diff("éé1\n", "éé2\n").files[0].hunks[0].lines[0].changed, Some((4, 5)));
    }

    #[test]
    fn new_files_missing_line_ends_and_carriage_returns_survive() {
        let old = Program::default();
        let new = Program::single("b.py", "x\r\ny");
        let diff = program_diff(&old, &new);
        assert_eq!(
            diff.unified(),
            "--- /dev/null\n+++ b/b.py\n@@ -0,0 +1,2 @@\n+x\r\n+y\n\\ No newline at end of file\n"
        );
        assert_eq!(program_diff(&new, &old).removed, 2);
    }
}
