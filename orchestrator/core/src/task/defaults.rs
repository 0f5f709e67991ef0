//! Every default of `task.toml`, in one place.

use super::notify::Occasion;
use super::units::{Bytes, Span};

pub fn strategy() -> String {
    "adaptive".to_owned()
}

pub fn seed() -> u64 {
    42
}

pub fn islands() -> u32 {
    4
}

pub fn archive() -> u32 {
    10_000
}

pub fn inspirations() -> u32 {
    3
}

pub fn top_k() -> u32 {
    4
}

pub fn analyzer_every() -> u32 {
    10
}

pub fn analyzer_synthesis() -> u32 {
    4
}

pub fn same_idea() -> f64 {
    0.9
}

pub fn embedding_timeout() -> Span {
    Span::seconds(10)
}

pub fn notify_on() -> Vec<Occasion> {
    Occasion::ALL.to_vec()
}

pub fn notify_interval() -> Span {
    Span::seconds(30)
}

pub fn notify_timeout() -> Span {
    Span::seconds(10)
}

pub fn yes() -> bool {
    true
}

pub fn weight() -> f64 {
    1.0
}

pub fn base_url() -> String {
    "https://api.openai.com/v1".to_owned()
}

pub fn model_timeout() -> Span {
    Span::seconds(300)
}

pub fn model_concurrency() -> u32 {
    32
}

pub fn command_timeout() -> Span {
    Span::seconds(600)
}

pub fn command_tokens() -> u64 {
    500_000
}

/// Used for the reservation and sent to the model when a budget needs a bound.
pub fn prompt_tokens() -> u32 {
    32_000
}

pub fn program_max_size() -> Bytes {
    Bytes(256 * 1024)
}

/// As Docker's own.
pub fn shm() -> Bytes {
    Bytes(64 * 1024 * 1024)
}

pub fn stage_timeout() -> Span {
    Span::seconds(60)
}

pub fn stage_memory() -> Bytes {
    Bytes(2 << 30)
}

pub fn stage_output() -> Bytes {
    Bytes(64 << 20)
}

pub fn stage_disk() -> Bytes {
    Bytes(512 << 20)
}

pub fn one_f64() -> f64 {
    1.0
}

pub fn one_u32() -> u32 {
    1
}

pub(super) fn npu_machine() -> String {
    "edge16".to_owned()
}

pub(super) fn npu_inputs() -> u32 {
    2
}
