//! Why an answer could not be applied, in words that help to mend it.

use std::fmt;

use evolve_core::outcome::RejectReason;

use super::answer::Block;
use crate::regions::OutsideEdit;

/// Why an answer could not be applied; nothing of it was. The text tells a model all that
/// is wrong at once: which block, which lines, what was found instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchError {
    /// At least one.
    pub failures: Vec<Failure>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The SEARCH/REPLACE block, counted from 1.
    pub block: Option<usize>,
    /// Line of the answer, from 1; 0 where it is about the whole.
    pub line: usize,
    /// What is wrong.
    pub reason: Reason,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The answer holds no SEARCH/REPLACE block.
    NoBlock,
    /// The answer holds no fenced block.
    NoFence,
    /// A block without its `>>>>>>> REPLACE`.
    Unterminated,
    /// A block without `=======`.
    NoDivider,
    /// A marker outside of any block, or one that is misspelled.
    Stray {
        /// The line.
        found: String,
    },
    /// Nothing to search for.
    EmptySearch,
    /// SEARCH and REPLACE are the same, or the file is as it was.
    NoChange,
    /// SEARCH does not occur.
    Absent {
        /// What comes nearest.
        nearest: Option<Nearest>,
    },
    /// SEARCH occurs more than once.
    Ambiguous {
        /// The first line of each occurrence, with its file.
        places: Vec<(String, usize)>,
    },
    /// A file that the program does not have.
    UnknownFile {
        /// As written.
        path: String,
        /// The files it has.
        known: Vec<String>,
    },
    /// A change where none is allowed.
    Outside(OutsideEdit),
    /// A fenced block without end: the answer was cut off.
    Truncated,
    /// Several fenced blocks without file names.
    Several {
        /// How many.
        count: usize,
    },
    /// A fenced block without a file name where several files could be meant.
    WhichFile {
        /// The files that may change.
        known: Vec<String>,
    },
    /// Several files, and the main one is not among them.
    NoMain {
        /// The main file.
        path: String,
    },
    /// A fenced block without text.
    EmptyFile,
    /// A file without markers where several regions could be meant.
    WhichRegion {
        /// The file.
        file: String,
        /// How many regions it has.
        count: usize,
    },
    /// A name that no file of a program may have.
    BadPath {
        /// Why.
        why: String,
    },
}

/// The part of the program that is most like a SEARCH text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// The file.
    pub file: String,
    /// Its first line, from 1.
    pub line: usize,
    /// Likeness in percent.
    pub percent: u8,
    /// Its text.
    pub text: String,
    /// The first line that differs: as searched and as it is.
    pub differs: Option<(String, String)>,
}

impl PatchError {
    pub(super) fn whole(reason: Reason) -> Self {
        Self { failures: vec![Failure { block: None, line: 0, reason }] }
    }

    /// The kind, for the journal.
    pub fn reason(&self) -> RejectReason {
        let all = |test: fn(&Reason) -> bool| self.failures.iter().all(|f| test(&f.reason));
        if all(|reason| matches!(reason, Reason::NoBlock | Reason::NoFence)) {
            RejectReason::Unusable
        } else if all(|reason| matches!(reason, Reason::NoChange)) {
            RejectReason::NoChange
        } else if self.failures.iter().any(|f| matches!(f.reason, Reason::Outside(_))) {
            RejectReason::OutsideRegion
        } else {
            RejectReason::PatchFailed
        }
    }
}

impl Failure {
    pub(super) fn of(block: &Block, reason: Reason) -> Self {
        Self { block: Some(block.number), line: block.line, reason }
    }
}

impl std::error::Error for PatchError {}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, failure) in self.failures.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{failure}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.block, self.line) {
            (Some(block), line) => write!(f, "block {block} (line {line} of the answer): ")?,
            (None, 0) => {}
            (None, line) => write!(f, "line {line} of the answer: ")?,
        }
        write!(f, "{}", self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBlock => f.write_str(
                "the answer holds no SEARCH/REPLACE block; write each change as `<<<<<<< SEARCH`, the old lines, \
                 `=======`, the new lines, `>>>>>>> REPLACE`, each marker on a line of its own",
            ),
            Self::NoFence => f.write_str("the answer holds no fenced block; put the whole file between ``` lines"),
            Self::Unterminated => {
                f.write_str("it has no `>>>>>>> REPLACE` line; end it with one (was the answer cut off?)")
            }
            Self::NoDivider => f.write_str("it has no `=======` line between the old and the new lines; add it"),
            Self::Stray { found } => write!(
                f,
                "`{found}` is not a marker of a block that is open here; a block is `<<<<<<< SEARCH`, `=======`, `>>>>>>> REPLACE`"
            ),
            Self::EmptySearch => {
                f.write_str("SEARCH is empty; copy the lines to be replaced, or lines next to which to insert, from the program")
            }
            Self::NoChange => f.write_str("the new text is the same as the old; change something"),
            Self::Absent { nearest: None } => {
                f.write_str("SEARCH does not occur in the program; copy it from the program as it is now, line by line")
            }
            Self::Absent { nearest: Some(nearest) } => write!(f, "SEARCH does not occur in the program. {nearest}"),
            Self::Ambiguous { places } => {
                let shown: Vec<String> = places.iter().take(6).map(|(file, line)| format!("{file}:{line}")).collect();
                write!(
                    f,
                    "SEARCH occurs {} times (at {}); add lines around it until it occurs once",
                    places.len(),
                    shown.join(", ")
                )
            }
            Self::UnknownFile { path, known } => {
                write!(f, "`{path}` is not a file of the program (it has: {}); correct the name", known.join(", "))
            }
            Self::Outside(edit) => write!(f, "{edit}"),
            Self::Truncated => f.write_str("the fenced block that begins here has no end; the answer was cut off: write it shorter, and whole"),
            Self::Several { count } => write!(
                f,
                "the answer holds {count} fenced blocks and does not say which is which; give one, or write each file's name on the line before its block"
            ),
            Self::WhichFile { known } => write!(
                f,
                "the program has several files; write the name of one ({}) on the line before the block",
                known.join(", ")
            ),
            Self::NoMain { path } => write!(f, "none of the files is `{path}`; write that name on the line before its block"),
            Self::EmptyFile => f.write_str("the fenced block is empty; give the whole file"),
            Self::WhichRegion { file, count } => write!(
                f,
                "{file} has {count} EVOLVE-BLOCK regions; give the whole file with all marker lines, so that each part has its place"
            ),
            Self::BadPath { why } => f.write_str(why),
        }
    }
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.line + self.text.lines().count().max(1) - 1;
        let Self { file, line, percent, text, .. } = self;
        write!(
            f,
            "the nearest are lines {line}-{last} of {file} ({percent} % alike):\n{}",
            text.trim_end_matches('\n')
        )?;
        if let Some((searched, is)) = &self.differs {
            write!(f, "\nfirst difference: you searched `{searched}`, the program has `{is}`")?;
        }
        f.write_str("\ncopy these lines exactly")
    }
}
