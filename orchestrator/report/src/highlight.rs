//! Programs with the parts of speech of their language marked. This file alone knows the
//! highlighter and the grammars' queries.

use std::sync::OnceLock;

use serde::Serialize;
use tree_sitter_highlight::{Highlight, HighlightConfiguration, HighlightEvent, Highlighter};

use crate::format::{clip, printable};

/// Parts of speech, as the queries name them and as the style sheet's classes.
const NAMES: [(&str, &str); 16] = [
    ("comment", "comment"),
    ("string", "string"),
    ("escape", "string"),
    ("number", "number"),
    ("constant", "constant"),
    ("keyword", "keyword"),
    ("operator", "operator"),
    ("function", "function"),
    ("function.builtin", "builtin"),
    ("constructor", "type"),
    ("type", "type"),
    ("type.builtin", "builtin"),
    ("variable.builtin", "builtin"),
    ("attribute", "attribute"),
    ("property", "property"),
    ("label", "attribute"),
];

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Piece {
    /// What it is; empty for plain text.
    pub(crate) class: &'static str,
    /// Its text, made printable.
    pub(crate) text: String,
}

/// The lines of a file, each in pieces, at most so many lines of so many characters.
pub(crate) fn lines(path: &str, text: &str, most: usize, width: usize) -> Vec<Vec<Piece>> {
    let upto = text.split_inclusive('\n').take(most).map(str::len).sum();
    let text = &text[..upto];
    let marks = language(path).and_then(|language| marks(language, text)).unwrap_or_default();
    let mut lines = Vec::new();
    let (mut at, mut next) = (0, 0);
    for line in text.split_inclusive('\n') {
        let end = at + line.trim_end_matches(['\n', '\r']).len();
        // A very long line would be very many pieces: it is shown plain, and cut.
        if end - at > width {
            lines.push(vec![piece("", &clip(&text[at..end], width))]);
        } else {
            lines.push(pieces(text, (at, end), &marks, &mut next));
        }
        at += line.len();
    }
    lines
}

/// Stretches of a text with their class.
type Marks = Vec<(usize, usize, &'static str)>;

/// The pieces between two places. `next`: the first mark that may matter, for the next line too.
fn pieces(text: &str, (from, to): (usize, usize), marks: &Marks, next: &mut usize) -> Vec<Piece> {
    while marks.get(*next).is_some_and(|(_, end, _)| *end <= from) {
        *next += 1;
    }
    let mut pieces = Vec::new();
    let mut at = from;
    for (start, end, class) in marks[*next..].iter().take_while(|(start, _, _)| *start < to) {
        let (start, end) = ((*start).max(at), (*end).min(to));
        if start >= end {
            continue;
        }
        if at < start {
            pieces.push(piece("", &text[at..start]));
        }
        pieces.push(piece(class, &text[start..end]));
        at = end;
    }
    if at < to {
        pieces.push(piece("", &text[at..to]));
    }
    pieces
}

fn piece(class: &'static str, text: &str) -> Piece {
    Piece { class, text: printable(text).into_owned() }
}

/// What each stretch of the text is; none if it cannot be told.
fn marks(language: &HighlightConfiguration, text: &str) -> Option<Marks> {
    let mut highlighter = Highlighter::new();
    let events = highlighter.highlight(language, text.as_bytes(), None, None, |_| None).ok()?;
    let mut stack: Vec<usize> = Vec::new();
    let mut marks = Marks::new();
    for event in events {
        match event.ok()? {
            HighlightEvent::HighlightStart(Highlight(name)) => stack.push(name),
            HighlightEvent::HighlightEnd => {
                stack.pop();
            }
            HighlightEvent::Source { start, end } => {
                if let Some((_, class)) = stack.last().and_then(|name| NAMES.get(*name)) {
                    marks.push((start, end, class));
                }
            }
        }
    }
    Some(marks)
}

fn language(path: &str) -> Option<&'static HighlightConfiguration> {
    static KNOWN: OnceLock<[Option<HighlightConfiguration>; 4]> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let new = HighlightConfiguration::new;
        let c = tree_sitter_c::HIGHLIGHT_QUERY;
        let cpp = [c, tree_sitter_cpp::HIGHLIGHT_QUERY].join("\n");
        let python = tree_sitter_python::HIGHLIGHTS_QUERY;
        let rust = tree_sitter_rust::HIGHLIGHTS_QUERY;
        [
            configured(new(tree_sitter_python::LANGUAGE.into(), "python", python, "", "")),
            configured(new(tree_sitter_rust::LANGUAGE.into(), "rust", rust, "", "")),
            configured(new(tree_sitter_c::LANGUAGE.into(), "c", c, "", "")),
            configured(new(tree_sitter_cpp::LANGUAGE.into(), "cpp", &cpp, "", "")),
        ]
    });
    let place = match path.rsplit_once('.')?.1 {
        "py" => 0,
        "rs" => 1,
        "c" | "h" => 2,
        "cc" | "cpp" | "cxx" | "hpp" | "hh" | "cu" | "cuh" => 3,
        _ => return None,
    };
    known[place].as_ref()
}

fn configured<E>(made: Result<HighlightConfiguration, E>) -> Option<HighlightConfiguration> {
    let mut configuration = made.ok()?;
    configuration.configure(&NAMES.map(|(name, _)| name));
    Some(configuration)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(path: &str, text: &str) -> String {
        let lines = lines(path, text, 100, 100);
        let line = |line: &Vec<Piece>| line.iter().map(|p| p.text.as_str()).collect::<String>();
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_language_is_highlighted_and_no_letter_is_lost() {
        let programs = [
            ("p.py", "def f(x):\n    return \"é\" + str(x)  # why\n"),
            ("p.rs", "fn main() {\n    let x = 1; // one\n}\n"),
            ("p.c", "int main(void) {\n    return 0; /* two\nlines */\n}\n"),
            ("p.cpp", "class A { public: int x = 3; };\n"),
        ];
        for (path, text) in programs {
            assert!(language(path).is_some(), "{path}: the query does not fit the grammar");
            assert_eq!(joined(path, text), text.trim_end(), "{path}");
            let classes: Vec<_> =
                lines(path, text, 100, 100).concat().iter().map(|p| p.class).collect();
            assert!(
                classes.contains(&"keyword") || classes.contains(&"type"),
                "{path} {classes:?}"
            );
        }
    }

    #[test]
    fn broken_and_hostile_programs_stay_what_they_are() {
        for text in ["def (((", "\u{202e}x = 1", "x = '\u{1b}[31m'", "", "\n\n", "no newline"] {
            let shown = joined("p.py", text);
            assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown:?}");
        }
        let long = format!("x = {}\n", "1".repeat(1_000_000));
        let lines = lines("p.py", &long, 10, 200);
        assert!(lines.concat().iter().map(|p| p.text.len()).sum::<usize>() < 300);
    }
}
