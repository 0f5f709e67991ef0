//! Long lines folded to a width.

use ratatui::text::Span;

/// The lines of a text, none wider than `width` columns; tabs become blanks.
pub(super) fn fold(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2); // the widest characters have two columns
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut rest = line.replace('\t', "    ");
        while Span::raw(rest.as_str()).width() > width {
            let most = columns(&rest, width);
            // Between words, unless that leaves the line half empty.
            let cut = rest[..most].rfind(' ').map_or(most, |blank| blank + 1);
            let cut = if cut > most / 2 { cut } else { most };
            let tail = rest.split_off(cut);
            lines.push(rest);
            rest = tail;
        }
        lines.push(rest);
    }
    lines
}

/// Bytes of the longest beginning that takes at most so many columns; at least one character.
fn columns(line: &str, width: usize) -> usize {
    let mut taken = 0;
    for (start, c) in line.char_indices() {
        let mut buffer = [0; 4];
        taken += Span::raw(&*c.encode_utf8(&mut buffer)).width();
        if taken > width && start > 0 {
            return start;
        }
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_pane_and_nothing_is_lost() {
        assert_eq!(fold("abcdef\n\tx\n\ny", 4), ["abcd", "ef", "    ", "x", "", "y"]);
        assert_eq!(fold("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(fold("two words", 6), ["two ", "words"]);
        let lines = fold(&"word ".repeat(1_000), 80);
        assert!(lines.iter().all(|line| line.len() <= 80));
        assert_eq!(lines.concat(), "word ".repeat(1_000));
    }
}
