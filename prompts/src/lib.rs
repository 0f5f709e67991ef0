//! Prompt templates and the typed contexts that fill them.
//!
//! [`Prompts`] holds the shipped templates, or a task's own in their place; [`Context`] is
//! everything a prompt may say; [`Prompts::render`] fits it into a number of tokens by
//! leaving out whole items, least important sections first.

mod analysis;
mod budget;
mod context;
mod distil;
mod filters;
mod sample;
mod templates;
mod tokens;

pub use analysis::{Analysis, Experiment};
pub use budget::Prompt;
pub use context::{
    Artifact, Best, ClashStep, Context, File, Format, InsightView, KnowledgeView, Metric,
    ObjectiveView, ProgramView, Region, Repair, Step, number,
};
pub use distil::Document;
pub use templates::{PromptError, Prompts, TEMPLATE_NAMES};
pub use tokens::{Counting, count_tokens, prepare_tokenizer};
