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

/// The known name that is most like a misspelt one.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    let mut close: Vec<_> = scored.filter(|(score, _)| *score > 0.8).collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    close.first().map(|(_, known)| *known)
}
