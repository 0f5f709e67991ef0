//! Texts from untrusted programs, made fit for people, terminals and prompts.

/// Longest line of detail in characters.
const LONGEST_LINE: usize = 300;

/// One line: control characters and line breaks become blanks, the rest is cut.
pub(crate) fn line(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .skip_while(|c| c.is_whitespace())
        .take(LONGEST_LINE + 1)
        .collect();
    cut(plain.trim_end().to_owned(), LONGEST_LINE)
}

/// A paragraph: line breaks and tabs stay, other control characters go, the rest is cut.
pub(crate) fn paragraph(text: &str, longest: usize) -> String {
    let plain: String = text
        .trim()
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .take(longest + 1)
        .collect();
    cut(plain, longest)
}

fn cut(text: String, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The line of a log that says most about a failure: the message of the last Python
/// traceback, else the last line.
pub(crate) fn telling_line(log: &[u8]) -> String {
    let text = String::from_utf8_lossy(log);
    let traceback = text.rfind("Traceback (most recent call last)");
    let message = traceback.and_then(|start| {
        let indented = |line: &&str| line.is_empty() || line.starts_with([' ', '\t']);
        text[start..].lines().skip(1).find(|line| !indented(line))
    });
    let last = || text.lines().rev().find(|line| !line.trim().is_empty());
    message.or_else(last).map(line).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceback_is_summed_up_by_its_message() {
        let log = b"Traceback (most recent call last):\n  File \"a.py\", line 1\n    f()\nValueError: no\n\
                    During handling of the above exception, another exception occurred:\n\n\
                    Traceback (most recent call last):\n  File \"a.py\"\nKeyError: 'x'\nsecond line\n";
        assert_eq!(telling_line(log), "KeyError: 'x'");
        assert_eq!(telling_line(b"a\nsegmentation fault\n\n"), "segmentation fault");
        assert_eq!(telling_line(b"Traceback (most recent call last):\n  File"), "  File".trim());
        assert_eq!(telling_line(b""), "");
    }

    #[test]
    fn terminals_are_safe_from_it() {
        assert_eq!(line("\x1b]0;x\x07a\nb"), "]0;x a b");
        assert_eq!(paragraph("a\n\x1b[2Jb", 10), "a\n[2Jb");
        assert_eq!(line(&"é".repeat(400)).chars().count(), 301);
    }
}
