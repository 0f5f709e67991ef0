//! Which parts of a program may change.
//!
//! A region lies between a line with `EVOLVE-BLOCK-START` and the next line with
//! `EVOLVE-BLOCK-END`, each in a comment of any style. The marker lines themselves are fixed.

use std::ops::Range;

use evolve_core::program::Program;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

const START: &str = "EVOLVE-BLOCK-START";
const END: &str = "EVOLVE-BLOCK-END";

/// Why the editable parts of a program cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegionError {
    /// A START inside a region.
    #[error(
        "{file}:{line}: EVOLVE-BLOCK-START inside the region that began on line {opened}; end that one first"
    )]
    Nested {
        /// The file.
        file: String,
        /// Line of the second START, from 1.
        line: usize,
        /// Line of the first START.
        opened: usize,
    },
    /// An END outside of any region.
    #[error(
        "{file}:{line}: EVOLVE-BLOCK-END without an EVOLVE-BLOCK-START before it; add one or remove this line"
    )]
    Unopened {
        /// The file.
        file: String,
        /// Line of the END, from 1.
        line: usize,
    },
    /// A START without END.
    #[error("{file}:{line}: the region that begins here never ends; add an EVOLVE-BLOCK-END line")]
    Unclosed {
        /// The file.
        file: String,
        /// Line of the START, from 1.
        line: usize,
    },
    /// A pattern that is not a glob.
    #[error("`{glob}` is not a glob: {why}; use for example `src/**/*.py`")]
    BadGlob {
        /// As given.
        glob: String,
        /// What is wrong with it.
        why: String,
    },
    /// A pattern that chooses nothing.
    #[error("`{glob}` matches no file of the program (it has: {files}); correct the pattern")]
    NoFile {
        /// As given.
        glob: String,
        /// The program's files.
        files: String,
    },
}

/// A change where none is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {why}")]
pub struct OutsideEdit {
    /// The file.
    pub file: String,
    /// Line in the changed file, from 1 (in the old one where the file is gone).
    pub line: usize,
    /// What is wrong and what to do.
    pub why: String,
}

/// Which files of a program, and which regions in them, may change.
#[derive(Debug, Clone)]
pub struct Editable {
    files: Choice,
}

#[derive(Debug, Clone)]
enum Choice {
    /// Every file, new ones too.
    All,
    /// Files that match, new ones too.
    Globs(GlobSet),
    /// These, because they have regions.
    Named(Vec<String>),
}

impl Editable {
    /// From the task's globs; without any, the files that have regions, or all files when
    /// none has. The markers of the chosen files are checked.
    pub fn new(program: &Program, globs: &[String]) -> Result<Self, RegionError> {
        let files = if globs.is_empty() {
            let mut named = Vec::new();
            for (file, text) in &program.files {
                if !regions(file, text)?.is_empty() {
                    named.push(file.clone());
                }
            }
            if named.is_empty() { Choice::All } else { Choice::Named(named) }
        } else {
            Choice::Globs(glob_set(program, globs)?)
        };
        let editable = Self { files };
        for (file, text) in &program.files {
            if editable.allows(file) {
                regions(file, text)?;
            }
        }
        Ok(editable)
    }

    /// Whether a file of this name may change, at least in its regions, or be added.
    pub fn allows(&self, file: &str) -> bool {
        match &self.files {
            Choice::All => true,
            Choice::Globs(set) => set.is_match(file),
            Choice::Named(names) => names.iter().any(|name| name == file),
        }
    }

    /// The byte ranges of a file's text that may change. Empty for other files and for
    /// files with broken markers.
    pub fn ranges(&self, file: &str, text: &str) -> Vec<Range<usize>> {
        if !self.allows(file) {
            return Vec::new();
        }
        match regions(file, text) {
            Ok(regions) if regions.is_empty() => std::iter::once(0..text.len()).collect(),
            Ok(regions) => regions,
            Err(_) => Vec::new(),
        }
    }

    /// Whether `after` differs from `before` only where that is allowed.
    pub fn check(&self, before: &Program, after: &Program) -> Result<(), OutsideEdit> {
        for (file, old) in &before.files {
            let Some(new) = after.files.get(file) else {
                let why = "the file is gone; files may not be removed".to_owned();
                return Err(OutsideEdit { file: file.clone(), line: 1, why });
            };
            if old == new {
                continue;
            }
            let outside =
                |line, why: &str| OutsideEdit { file: file.clone(), line, why: why.into() };
            if !self.allows(file) {
                let line = first_difference(old, new);
                return Err(outside(line, "this file may not change; leave it as it was"));
            }
            check_file(file, old, new).map_err(|(line, why)| outside(line, &why))?;
        }
        for (file, text) in &after.files {
            if before.files.contains_key(file) {
                continue;
            }
            let refuse = |why| Err(OutsideEdit { file: file.clone(), line: 1, why });
            if !self.allows(file) {
                return refuse("files may not be added here; change the editable ones".to_owned());
            }
            if let Err(bad) = Program::check_path(file) {
                return refuse(bad.to_string());
            }
            if let Err(broken) = regions(file, text) {
                return refuse(broken.to_string());
            }
        }
        Ok(())
    }
}

fn glob_set(program: &Program, globs: &[String]) -> Result<GlobSet, RegionError> {
    let bad = |glob: &str, error: &globset::Error| RegionError::BadGlob {
        glob: glob.to_owned(),
        why: error.kind().to_string(),
    };
    let mut builder = GlobSetBuilder::new();
    for glob in globs {
        let parsed = GlobBuilder::new(glob).literal_separator(true).build();
        let parsed = parsed.map_err(|error| bad(glob, &error))?;
        let matcher = parsed.compile_matcher();
        if !program.files.is_empty() && !program.files.keys().any(|file| matcher.is_match(file)) {
            let files = program.files.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(RegionError::NoFile { glob: glob.clone(), files });
        }
        builder.add(parsed);
    }
    builder.build().map_err(|error| bad(&globs.join(", "), &error))
}

/// The byte ranges between the markers, without the marker lines.
pub(crate) fn regions(file: &str, text: &str) -> Result<Vec<Range<usize>>, RegionError> {
    let file = || file.to_owned();
    let mut found = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    let mut at = 0;
    for (index, full) in text.split_inclusive('\n').enumerate() {
        let line = index + 1;
        match (marker(full), open) {
            (Some(Marker::Start), Some((opened, _))) => {
                return Err(RegionError::Nested { file: file(), line, opened });
            }
            (Some(Marker::Start), None) => open = Some((line, at + full.len())),
            (Some(Marker::End), Some((_, from))) => {
                found.push(from..at);
                open = None;
            }
            (Some(Marker::End), None) => return Err(RegionError::Unopened { file: file(), line }),
            (None, _) => {}
        }
        at += full.len();
    }
    match open {
        Some((line, _)) => Err(RegionError::Unclosed { file: file(), line }),
        None => Ok(found),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    Start,
    End,
}

/// The marker on this line: the word after comment signs alone. A string literal, or prose
/// that mentions the word, is none.
pub(crate) fn marker(line: &str) -> Option<Marker> {
    let (at, word, marker) = match (line.find(START), line.find(END)) {
        (Some(at), _) => (at, START, Marker::Start),
        (None, Some(at)) => (at, END, Marker::End),
        (None, None) => return None,
    };
    let signs = line[..at].trim();
    let quoted = signs.ends_with(['"', '\'']) && !signs.ends_with("\"\"\"");
    let comment = !signs.is_empty() && !quoted && !signs.contains(char::is_alphanumeric);
    let ended =
        !line[at + word.len()..].starts_with(|c: char| c.is_alphanumeric() || "-_".contains(c));
    (comment && ended).then_some(marker)
}

fn check_file(file: &str, old: &str, new: &str) -> Result<(), (usize, String)> {
    let before = regions(file, old).map_err(|broken| (1, broken.to_string()))?;
    let after = regions(file, new).map_err(|broken| {
        let line = match &broken {
            RegionError::Nested { line, .. }
            | RegionError::Unopened { line, .. }
            | RegionError::Unclosed { line, .. } => *line,
            RegionError::BadGlob { .. } | RegionError::NoFile { .. } => 1,
        };
        (line, broken.to_string())
    })?;
    if before.len() != after.len() {
        let line = first_difference(old, new);
        let why = format!(
            "the file must keep its {} EVOLVE-BLOCK region(s), and now has {}; keep the marker lines as they were",
            before.len(),
            after.len()
        );
        return Err((line, why));
    }
    if before.is_empty() {
        return Ok(());
    }
    let kept = outside(old, &before).zip(outside(new, &after));
    for ((_, was), (at, is)) in kept {
        if !same_lines(was, is) {
            let line = new[..at].matches('\n').count() + first_difference(was, is);
            let why =
                "this is outside the EVOLVE-BLOCK regions and may not change; leave it as it was";
            return Err((line, why.to_owned()));
        }
    }
    Ok(())
}

/// The fixed parts of a text, marker lines included, with their places.
fn outside<'a>(
    text: &'a str,
    regions: &'a [Range<usize>],
) -> impl Iterator<Item = (usize, &'a str)> {
    let starts = std::iter::once(0).chain(regions.iter().map(|region| region.end));
    let ends = regions.iter().map(|region| region.start).chain(std::iter::once(text.len()));
    starts.zip(ends).map(|(from, to)| (from, &text[from..to]))
}

/// Equal but for the line ends: `\r\n` and `\n` are the same.
fn same_lines(a: &str, b: &str) -> bool {
    a == b || a.lines().eq(b.lines())
}

/// Line, from 1, of the second text on which the two begin to differ.
fn first_difference(old: &str, new: &str) -> usize {
    let same = old.lines().zip(new.lines()).take_while(|(a, b)| a == b).count();
    (same + 1).min(new.lines().count().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "import x\n# EVOLVE-BLOCK-START\na = 1\n# EVOLVE-BLOCK-END\nrun()\n";

    fn check(old: &str, new: &str) -> Result<(), OutsideEdit> {
        let before = Program::single("p.py", old);
        Editable::new(&before, &[]).unwrap().check(&before, &Program::single("p.py", new))
    }

    #[test]
    fn inside_a_region_everything_may_change() {
        check(FILE, &FILE.replace("a = 1\n", "a = 2\nb = 3\n")).unwrap();
        check(FILE, &FILE.replace("a = 1\n", "")).unwrap();
    }

    #[test]
    fn an_edit_outside_is_named_with_its_line() {
        let edit = check(FILE, &FILE.replace("run()", "stop()")).unwrap_err();
        assert_eq!((edit.file.as_str(), edit.line), ("p.py", 5));
        let edit = check(FILE, &FILE.replace("import x", "import y")).unwrap_err();
        assert_eq!(edit.line, 1);
        assert!(edit.to_string().contains("outside"), "{edit}");
    }

    #[test]
    fn markers_may_not_move_vanish_or_multiply() {
        assert!(check(FILE, &FILE.replace("# EVOLVE-BLOCK-END\n", "")).is_err());
        assert!(check(FILE, "a = 1\n").is_err());
        let twice =
            FILE.replace("a = 1\n", "a = 1\n# EVOLVE-BLOCK-END\nb()\n# EVOLVE-BLOCK-START\n");
        assert!(check(FILE, &twice).unwrap_err().why.contains("now has 2"));
    }

    #[test]
    fn line_ends_are_no_edit() {
        check(FILE, &FILE.replace('\n', "\r\n")).unwrap();
        let crlf = FILE.replace('\n', "\r\n");
        check(&crlf, &crlf.replace("a = 1\r\n", "a = 2\r\n")).unwrap();
        assert!(check(&crlf, &crlf.replace("run()", "x()")).is_err());
    }

    #[test]
    fn unbalanced_markers_are_errors_with_a_line() {
        let new = |text| Editable::new(&Program::single("p.py", text), &[]).unwrap_err();
        let unclosed = new("# EVOLVE-BLOCK-START\n");
        assert!(matches!(unclosed, RegionError::Unclosed { line: 1, .. }), "{unclosed}");
        let unopened = new("x\n// EVOLVE-BLOCK-END\n");
        assert!(matches!(unopened, RegionError::Unopened { line: 2, .. }), "{unopened}");
        let nested = new("# EVOLVE-BLOCK-START\n# EVOLVE-BLOCK-START\n# EVOLVE-BLOCK-END\n");
        assert!(matches!(nested, RegionError::Nested { line: 2, opened: 1, .. }), "{nested}");
    }

    #[test]
    fn markers_stand_in_comments_of_any_style_and_nowhere_else() {
        for line in [
            "# {}",
            "// {}",
            "/* {} */",
            "<!-- {} -->",
            "-- {}",
            "; {} x",
            "    #{}",
            "\"\"\" {} \"\"\"",
        ] {
            assert_eq!(marker(&line.replace("{}", START)), Some(Marker::Start), "{line}");
            assert_eq!(marker(&line.replace("{}", END)), Some(Marker::End), "{line}");
        }
        for line in ["x = \"{}\"", "see {}", "{}", "    \"{}\",", "# {}S", "# {}_X"] {
            assert_eq!(marker(&line.replace("{}", START)), None, "{line}");
        }
    }

    #[test]
    fn globs_choose_files_and_regions_still_bind() {
        let mut before = Program::single("a.py", FILE);
        before.files.insert("lib/b.py".into(), "x\n".into());
        before.files.insert("c.txt".into(), "x\n".into());
        let editable = Editable::new(&before, &["**/*.py".into()]).unwrap();
        let with = |file: &str, text: &str| {
            let mut after = before.clone();
            after.files.insert(file.into(), text.into());
            editable.check(&before, &after)
        };
        with("lib/b.py", "y\n").unwrap();
        with("lib/new.py", "y\n").unwrap();
        assert!(with("c.txt", "y\n").is_err());
        assert!(with("new.txt", "y\n").is_err());
        assert!(with("../new.py", "y\n").is_err());
        assert!(with("a.py", &FILE.replace("run", "r")).is_err());
        assert!(matches!(
            Editable::new(&before, &["*.rs".into()]).unwrap_err(),
            RegionError::NoFile { .. }
        ));
        assert!(matches!(
            Editable::new(&before, &["a[".into()]).unwrap_err(),
            RegionError::BadGlob { .. }
        ));
    }

    #[test]
    fn without_globs_the_files_with_regions_are_chosen() {
        let mut before = Program::single("a.py", FILE);
        before.files.insert("b.py".into(), "x\n".into());
        let editable = Editable::new(&before, &[]).unwrap();
        assert!(editable.allows("a.py") && !editable.allows("b.py"));
        let mut after = before.clone();
        after.files.remove("b.py");
        assert!(editable.check(&before, &after).unwrap_err().why.contains("gone"));
    }
}
