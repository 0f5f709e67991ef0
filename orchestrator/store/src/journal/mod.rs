//! The journal: one event a line, checksummed, append-only.

mod line;
mod map;
mod migrate;
mod writer;

pub use writer::{JournalWriter, Recovered, TornTail};

pub(crate) use line::redact_texts;
pub(crate) use map::{JournalMap, Lines};
