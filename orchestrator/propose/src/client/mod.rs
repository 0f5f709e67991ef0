//! Calls to models: one retry layer, one breaker and one meter around the wire.

mod answer;
mod breaker;
mod endpoint;
mod forward;
mod model;
mod pace;
mod request;
mod responses;
mod retry;

pub(crate) use endpoint::{Endpoint, EndpointError};
pub(crate) use forward::{Answer, Forward, Heard};
pub(crate) use model::{AskError, Caller, Message, Model, counting, prompt_tokens};

use std::time::Duration;

/// How patient calls are with a provider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// Tries of one call at one model before the next model is asked.
    pub tries: u32,
    /// Tries of one call at one model that ended in a way the provider may bill (a cut
    /// stream, a time-out, garbage): few, because each uses up the reservation.
    pub billed_tries: u32,
    /// Wait before the second try; doubles from try to try.
    pub base: Duration,
    /// Longest wait that doubling leads to.
    pub cap: Duration,
    /// Longest wait that a provider may ask for with `Retry-After`; beyond it the next
    /// model is asked at once.
    pub longest_wait: Duration,
    /// Failures in a row that open a model's breaker.
    pub breaker_failures: u32,
    /// How long an open breaker keeps a model from being asked.
    pub cool_down: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 4,
            billed_tries: 2,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            longest_wait: Duration::from_mins(2),
            breaker_failures: 5,
            cool_down: Duration::from_secs(30),
        }
    }
}
