//! What the assembler says about a mistake.

use std::fmt;

/// A mistake in a source, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsmError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Characters that are meant.
    pub length: usize,
    /// What is wrong: what was expected, and what was found.
    pub what: String,
    /// How it is written right, where that can be told.
    pub help: Option<String>,
    /// The line's text.
    pub text: String,
}

impl fmt::Display for AsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "line {}, column {}: {}", self.line, self.column, self.what)?;
        // Tabs would move the caret, control characters the terminal.
        let shown = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = self.text.chars().map(shown).take(LONGEST_LINE).collect();
        let number = self.line.to_string();
        let caret = self.column.saturating_sub(1).min(LONGEST_LINE);
        let marks = "^".repeat(self.length.clamp(1, LONGEST_LINE - caret.min(LONGEST_LINE - 1)));
        writeln!(f, " {number} | {}", text.trim_end())?;
        write!(f, " {} | {}{marks}", " ".repeat(number.len()), " ".repeat(caret))?;
        if let Some(help) = &self.help {
            write!(f, "\n {} = {help}", " ".repeat(number.len()))?;
        }
        Ok(())
    }
}

/// Characters of a line that are shown.
const LONGEST_LINE: usize = 120;
/// Mistakes that are told at once.
pub(super) const MOST_ERRORS: usize = 10;

/// The mistakes of a source, at most ten, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct AsmErrors(pub Vec<AsmError>);

impl fmt::Display for AsmErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
