//! A call sink that remembers.

use std::sync::{Mutex, PoisonError};

use evolve_core::event::{BreakerChanged, CallSettled};
use evolve_core::ids::ModelName;
use evolve_core::ports::CallSink;

/// A [`CallSink`] that keeps what it was told, in order.
#[derive(Debug, Default)]
pub struct Recorder {
    calls: Mutex<Vec<CallSettled>>,
    breakers: Mutex<Vec<BreakerChanged>>,
}

impl Recorder {
    /// The settled calls so far.
    pub fn calls(&self) -> Vec<CallSettled> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The breaker changes so far.
    pub fn breakers(&self) -> Vec<BreakerChanged> {
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl CallSink for Recorder {
    fn settled(&self, call: CallSettled) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }

    fn breaker(&self, model: &ModelName, open: bool, why: &str) {
        let change = BreakerChanged { model: model.clone(), open, why: why.to_owned() };
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner).push(change);
    }
}
