//! Where a SEARCH text occurs in a file, from exact to tolerant.

use similar::TextDiff;

use super::error::Nearest;
use super::lines::{Line, Lines, split_indent};

/// Longest likeness search: lines of file times lines of SEARCH.
const MAX_WORK: usize = 400_000;

/// How a text was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Line by line.
    Exact,
    /// But for blanks at line ends.
    Trailing,
    /// But for blanks at line ends and a common indentation.
    Indented,
}

pub(super) const MANNERS: [Manner; 3] = [Manner::Exact, Manner::Trailing, Manner::Indented];

/// One occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Index of its first line.
    pub at: usize,
    /// What must be done to an indentation to make it the file's.
    pub indent: Indent,
}

/// The difference of two indentations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Indent {
    /// None.
    #[default]
    Same,
    /// The file's is deeper by this.
    Add(String),
    /// The file's is less deep by this.
    Remove(String),
}

impl Indent {
    /// Of one line in the file and one searched; none if neither begins the other.
    fn between(file: &str, searched: &str) -> Option<Self> {
        if file == searched {
            Some(Self::Same)
        } else if let Some(more) = file.strip_suffix(searched) {
            Some(Self::Add(more.to_owned()))
        } else {
            searched.strip_suffix(file).map(|less| Self::Remove(less.to_owned()))
        }
    }

    /// A new line with the file's indentation.
    pub(super) fn apply(&self, line: &str) -> String {
        match self {
            _ if line.trim().is_empty() => line.to_owned(),
            Self::Same => line.to_owned(),
            Self::Add(more) => format!("{more}{line}"),
            Self::Remove(less) => {
                line.strip_prefix(less.as_str()).unwrap_or(line.trim_start()).to_owned()
            }
        }
    }
}

/// All occurrences in this manner.
pub(super) fn occurrences(file: &Lines, search: &[String], manner: Manner) -> Vec<Found> {
    if search.is_empty() || search.len() > file.lines.len() {
        return Vec::new();
    }
    let last = file.lines.len() - search.len();
    (0..=last)
        .filter_map(|at| {
            let window = &file.lines[at..at + search.len()];
            matches(window, search, manner).map(|indent| Found { at, indent })
        })
        .collect()
}

fn matches(window: &[Line], search: &[String], manner: Manner) -> Option<Indent> {
    let pairs =
        || window.iter().map(|line| line.text.as_str()).zip(search.iter().map(String::as_str));
    match manner {
        Manner::Exact => pairs().all(|(a, b)| a == b).then_some(Indent::Same),
        Manner::Trailing => {
            pairs().all(|(a, b)| a.trim_end() == b.trim_end()).then_some(Indent::Same)
        }
        Manner::Indented => {
            let mut common: Option<Indent> = None;
            for (a, b) in pairs() {
                if a.trim() != b.trim() {
                    return None;
                }
                if a.trim().is_empty() {
                    continue;
                }
                let indent = Indent::between(split_indent(a).0, split_indent(b).0)?;
                if common.get_or_insert_with(|| indent.clone()) != &indent {
                    return None;
                }
            }
            common
        }
    }
}

/// The part of these files that is most like the search text.
pub(super) fn nearest<'a>(
    files: impl Iterator<Item = (&'a str, &'a Lines)>,
    search: &[String],
) -> Option<Nearest> {
    let mut best: Option<(f64, &str, usize, &[Line])> = None;
    for (path, file) in files {
        let length = search.len().min(file.lines.len());
        if length == 0 || file.lines.len().saturating_mul(search.len()) > MAX_WORK {
            continue;
        }
        for at in 0..=file.lines.len() - length {
            let window = &file.lines[at..at + length];
            let score = rough_likeness(window, search);
            if best.as_ref().is_none_or(|(most, ..)| score > *most) {
                best = Some((score, path, at + 1, window));
            }
        }
    }
    let (score, path, line, window) = best.filter(|(score, ..)| *score > 0.0)?;
    let text: String = window.iter().flat_map(|line| [line.text.as_str(), "\n"]).collect();
    let searched: String = search.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    let ratio = if text.len() + searched.len() < 8000 {
        f64::from(TextDiff::from_chars(searched.as_str(), text.as_str()).ratio())
    } else {
        score
    };
    let differs = search
        .iter()
        .zip(window)
        .find(|(searched, line)| searched.trim_end() != line.text.trim_end())
        .map(|(searched, line)| (searched.clone(), line.text.clone()));
    let percent = (ratio * 100.0).clamp(0.0, 100.0) as u8;
    (percent >= 20).then(|| Nearest { file: path.to_owned(), line, percent, text, differs })
}

/// Share of lines that agree, and of words in lines that do not.
fn rough_likeness(window: &[Line], search: &[String]) -> f64 {
    let alike = window.iter().zip(search).map(|(line, searched)| {
        let (a, b) = (line.text.trim(), searched.trim());
        if a == b {
            return if a.is_empty() { 0.1 } else { 1.0 };
        }
        let words = |text: &'_ str| {
            text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .filter(|w| !w.is_empty())
                .count()
        };
        let shared = b
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|word| !word.is_empty() && a.contains(word))
            .count();
        0.8 * shared as f64 / words(a).max(words(b)).max(1) as f64
    });
    alike.sum::<f64>() / search.len().max(1) as f64
}
