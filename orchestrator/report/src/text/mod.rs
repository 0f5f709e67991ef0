//! The read model for a terminal: plain text, 80 columns, no colour.
//!
//! Foreign text (names, logs, programs, answers) is made printable: a candidate cannot drive
//! the terminal. Tables keep to the width; programs, patches and logs keep their own lines,
//! cut only when they are absurdly long.

#![allow(clippy::format_push_string)] // a screen of text, once: clarity over an allocation

mod candidate;
mod front;
mod list;
mod status;
mod table;

pub use candidate::{candidate, diff, lineage};
pub use front::front;
pub use list::list;
pub(crate) use status::{amount, dollars, goal};
pub use status::{best, status};

use crate::format::{clip, printable};

/// Columns of a line.
const WIDTH: usize = 80;
/// Longest line of a program or log that is shown whole.
const LONGEST_LINE: usize = 2_000;

/// Foreign text of many lines, printable, each line cut where it is absurdly long.
fn lines(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for line in text.lines() {
        clean.push_str(&printable(&clip(line, LONGEST_LINE)));
        clean.push('\n');
    }
    clean
}

/// A line `name  value` with the value's further lines indented.
fn field(out: &mut String, name: &str, value: &str) {
    const NAME: usize = 11;
    let mut first = true;
    for line in wrap(value, WIDTH - NAME) {
        let name = if first { name } else { "" };
        out.push_str(format!("{name:<NAME$}{line}").trim_end());
        out.push('\n');
        first = false;
    }
}

/// Breaks a text at blanks into lines of at most `width` characters, longer words apart.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split(' ') {
        let size = word.chars().count();
        if length > 0 && length + 1 + size > width {
            lines.push(String::new());
            length = 0;
        }
        if let Some(line) = lines.last_mut() {
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            line.push_str(word);
            length += size;
        }
    }
    lines
}
