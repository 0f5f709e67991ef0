//! A simulated tensor accelerator.

// Sizes and addresses are checked to be far below 2^63; m, n and k are what matrices have.
#![allow(clippy::cast_possible_wrap, clippy::many_single_char_names)]

pub mod asm;
pub mod cost;
pub mod dtype;
mod evaluator;
pub mod isa;
mod language;
pub mod machine;
mod manual;
pub mod object;
pub mod profile;
pub mod run;
pub mod suite;
pub mod timeline;
pub mod timing;

pub use evaluator::{NpuEvaluator, SetupError};
pub use language::languages;
pub use manual::{instructions, manual};
