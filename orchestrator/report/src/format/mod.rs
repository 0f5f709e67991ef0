//! How numbers, times and foreign text are shown to people.

mod number;
mod printable;
mod time;

pub use number::{ScoreFormat, bytes, count, percent};
pub use printable::{clip, one_line, printable};
pub use time::{ago, duration, moment, stamp};
