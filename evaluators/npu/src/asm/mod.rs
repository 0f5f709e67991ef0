//! The assembler: text to program.
//!
//! A line is `label: statement ; comment`. Constants are evaluated where they stand, so a
//! name must be defined before it is used; labels may be used before. Directives: `.equ`,
//! `.rept` … `.endr`, `.if` … `.else` … `.endif`.

mod cursor;
mod error;
mod expand;
mod expr;
mod lexer;
mod operands;

pub use error::{AsmError, AsmErrors};

use crate::isa::Program;
use crate::machine::Machine;

/// Longest source in bytes.
pub const LONGEST_SOURCE: usize = 1 << 20;
/// Most instructions of a program, repetitions included.
pub const MOST_INSTRUCTIONS: usize = 1 << 16;

/// Assembles a source for a machine. `constants` are names that the source may use besides
/// those of the machine: addresses of tensors, dimensions.
///
/// # Errors
/// The mistakes, at most ten, each with its line, a caret, and what was expected.
pub fn assemble(
    source: &str,
    machine: &Machine,
    constants: &[(String, i64)],
) -> Result<Program, AsmErrors> {
    expand::Expansion::new(source, machine, constants).run()
}

/// A word or number of a line, for changes of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Bytes of the line.
    pub range: std::ops::Range<usize>,
    /// Whether it is an integer.
    pub is_integer: bool,
}

/// The words and integers of a line, and its text without the comment; none if it has no
/// meaning.
pub(crate) fn words(line: &str) -> Option<(Vec<Word>, String)> {
    let lexemes = lexer::lex(line).ok()?;
    // Places are in characters.
    let places: Vec<usize> = line.char_indices().map(|(at, _)| at).chain([line.len()]).collect();
    let range = |lexeme: &lexer::Lexeme| places[lexeme.at]..places[lexeme.at + lexeme.len];
    let text: Vec<&str> = lexemes.iter().map(|lexeme| &line[range(lexeme)]).collect();
    let words = lexemes.iter().filter_map(|lexeme| {
        let is_integer = match lexeme.token {
            lexer::Token::Int(_) => true,
            lexer::Token::Word(_) => false,
            _ => return None,
        };
        Some(Word { range: range(lexeme), is_integer })
    });
    Some((words.collect(), text.join(" ")))
}

/// Whether a word names a register.
pub(crate) fn is_register(word: &str) -> bool {
    word.len() > 1 && operands::file_of(word).is_some()
}

/// The known name that is most like a misspelt one.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    let mut close: Vec<_> = scored.filter(|(score, _)| *score > 0.8).collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    close.first().map(|(_, known)| *known)
}
