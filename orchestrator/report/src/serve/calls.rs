//! Model calls in the order in which they ended, read from the journal as far as it goes.

use std::time::{Duration, Instant};

use evolve_core::event::{CallSettled, Event};
use evolve_core::outcome::CallStatus;
use evolve_core::{ModelName, Seq};
use evolve_store::Reader;
use jiff::Timestamp;

/// Events between two looks at the clock.
const STRIDE: u64 = 1_000;

/// A call that ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    /// Place of the model in [`CallLog::models`].
    pub(super) model: usize,
    pub(super) status: CallStatus,
    pub(super) latency_ms: u64,
}

/// A circuit breaker that opened or closed.
#[derive(Debug, Clone)]
pub(super) struct Breaker {
    pub(super) at: Timestamp,
    pub(super) model: ModelName,
    pub(super) open: bool,
    pub(super) why: String,
}

/// The calls read so far.
#[derive(Debug, Default)]
pub(super) struct CallLog {
    next: Seq,
    pub(super) models: Vec<ModelName>,
    pub(super) calls: Vec<Call>,
    pub(super) breakers: Vec<Breaker>,
}

impl CallLog {
    /// Reads on, for about so long at most.
    pub(super) fn follow(&mut self, reader: &Reader, within: Duration) {
        let begun = Instant::now();
        if self.next > reader.facts().next_seq {
            *self = Self::default(); // the journal was taken back
        }
        for (i, event) in (0u64..).zip(reader.events(self.next)) {
            let Ok(envelope) = event else { return };
            self.next = Seq(envelope.seq.0 + 1);
            match envelope.event {
                Event::CallSettled(call) => self.note(&call),
                Event::BreakerChanged(change) => self.breakers.push(Breaker {
                    at: envelope.at,
                    model: change.model,
                    open: change.open,
                    why: change.why,
                }),
                _ => {}
            }
            if i % STRIDE == STRIDE - 1 && begun.elapsed() > within {
                return;
            }
        }
    }

    /// How many events were read, of how many.
    pub(super) fn progress(&self, reader: &Reader) -> (u64, u64) {
        (self.next.0, reader.facts().next_seq.0)
    }

    fn note(&mut self, call: &CallSettled) {
        let known = self.models.iter().position(|name| *name == call.model);
        let model = known.unwrap_or_else(|| {
            self.models.push(call.model.clone());
            self.models.len() - 1
        });
        self.calls.push(Call { model, status: call.status, latency_ms: call.latency_ms });
    }
}
