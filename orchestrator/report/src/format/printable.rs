//! Foreign text made safe to look at: candidates, logs and answers may hold terminal escapes,
//! characters that reorder lines, and lines of any length.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with control characters made visible; line ends and tabs stay.
///
/// Escapes would drive a terminal, and most controls are not allowed in HTML. Characters that
/// reorder or hide text are spelled out, so that a program reads as it runs.
pub fn printable(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(|c| stands_for(c).is_some()) else {
        return Cow::Borrowed(text);
    };
    let mut clean = String::with_capacity(text.len() + 16);
    clean.push_str(&text[..first]);
    for c in text[first..].chars() {
        match stands_for(c) {
            None => clean.push(c),
            Some(Stand::Symbol(symbol)) => clean.push(symbol),
            Some(Stand::Spelled) => {
                // Writing to a string does not fail.
                let _ = write!(clean, "⟨U+{:04X}⟩", c as u32);
            }
        }
    }
    Cow::Owned(clean)
}

enum Stand {
    Symbol(char),
    Spelled,
}

fn stands_for(c: char) -> Option<Stand> {
    match c {
        '\n' | '\t' => None,
        // The block of control pictures follows the order of the controls.
        '\0'..='\u{1f}' => Some(Stand::Symbol(
            char::from_u32(0x2400 + c as u32).unwrap_or(char::REPLACEMENT_CHARACTER),
        )),
        '\u{7f}' => Some(Stand::Symbol('\u{2421}')),
        '\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
            Some(Stand::Symbol(char::REPLACEMENT_CHARACTER))
        }
        '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{061c}'
        | '\u{feff}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' => Some(Stand::Spelled),
        _ => None,
    }
}

/// At most `most` characters of a line; says how many were left out.
pub fn clip(line: &str, most: usize) -> Cow<'_, str> {
    match line.char_indices().nth(most) {
        None => Cow::Borrowed(line),
        Some((end, _)) => {
            let rest = line[end..].chars().count();
            Cow::Owned(format!("{}… [{rest} more characters]", &line[..end]))
        }
    }
}

/// Foreign text as one printable line of at most `most` characters, the ellipsis included.
pub fn one_line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let gap = usize::from(length > 0);
        // A word longer than the line is cut before it is cleaned: it may be a megabyte.
        let head = word.char_indices().nth(most + 1).map_or(word, |(end, _)| &word[..end]);
        let clean = printable(head);
        length += gap + clean.chars().count();
        if gap == 1 {
            line.push(' ');
        }
        line.push_str(&clean);
        if length > most {
            let end = line.char_indices().nth(most.saturating_sub(1)).map_or(0, |(end, _)| end);
            line.truncate(end);
            line.push('…');
            return line;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_reordering_become_visible() {
        assert_eq!(printable("a\x1b[31mb\0\r\n\t\u{7f}"), "a␛[31mb␀␍\n\t␡");
        assert_eq!(printable("x\u{202e}y\u{9b}z"), "x⟨U+202E⟩y\u{fffd}z");
        assert!(matches!(printable("plain é 漢\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        assert_eq!(clip("ééééé", 2), "éé… [3 more characters]");
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(one_line("a  b\n\x1bc", 10), "a b ␛c");
        assert_eq!(one_line(&"é".repeat(1_000_000), 5), "éééé…");
        assert_eq!(one_line("one two three", 8), "one two…");
        assert_eq!(one_line("one two", 7), "one two");
    }
}
