//! Texts as lines with their ends.

/// A text in lines.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    pub lines: Vec<Line>,
    /// The line end that new lines get.
    end: &'static str,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub text: String,
    end: &'static str,
    /// Whether a block of this answer wrote it.
    pub fresh: bool,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let lines: Vec<Line> = text
            .split_inclusive('\n')
            .map(|line| {
                let (text, end) = match (line.strip_suffix("\r\n"), line.strip_suffix('\n')) {
                    (Some(text), _) => (text, "\r\n"),
                    (None, Some(text)) => (text, "\n"),
                    (None, None) => (line, ""),
                };
                Line { text: text.to_owned(), end, fresh: false }
            })
            .collect();
        let ending = |end: &str| lines.iter().filter(|line| line.end == end).count();
        let windows = ending("\r\n") > ending("\n");
        Self { lines, end: if windows { "\r\n" } else { "\n" } }
    }

    pub(super) fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.text.as_str(), line.end]).collect()
    }

    /// Replaces a range of lines. The last line of a text that had no line end still has
    /// none; a line that was not the last one gets one.
    pub(super) fn replace(&mut self, range: std::ops::Range<usize>, new: &[String]) {
        let open = self.lines.last().is_some_and(|line| line.end.is_empty());
        let fresh = |text: &String| Line { text: text.clone(), end: self.end, fresh: true };
        let new: Vec<Line> = new.iter().map(fresh).collect();
        self.lines.splice(range, new);
        for line in self.lines.iter_mut().filter(|line| line.end.is_empty()) {
            line.end = self.end;
        }
        if let Some(last) = self.lines.last_mut().filter(|_| open) {
            last.end = "";
        }
    }
}

/// The indentation of a line and the rest.
pub(super) fn split_indent(line: &str) -> (&str, &str) {
    line.split_at(line.len() - line.trim_start().len())
}
