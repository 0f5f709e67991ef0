//! What a run has used up.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{CallSettled, Reservation};
use crate::ids::ModelName;
use crate::money::{TokenUsage, Usd};
use crate::outcome::CallStatus;

/// What one model was asked and what that cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSpend {
    /// Calls, failed ones included.
    pub calls: u64,
    /// Failed calls.
    pub failed: u64,
    /// Tokens.
    pub tokens: TokenUsage,
    /// Money.
    pub cost: Usd,
}

/// What was spent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// Settled money and forfeited reservations.
    pub usd: Usd,
    /// Settled tokens and forfeited reservations.
    pub tokens: u64,
    /// The part of both that was reserved, never settled, and so counts as spent.
    pub forfeited: Reservation,
    /// By model.
    pub models: BTreeMap<ModelName, ModelSpend>,
}

impl Spend {
    pub(super) fn settle(&mut self, call: &CallSettled) {
        self.usd += call.cost;
        self.tokens = self.tokens.saturating_add(call.usage.total());
        let model = self.models.entry(call.model.clone()).or_default();
        model.calls += 1;
        model.failed += u64::from(call.status != CallStatus::Ok);
        model.tokens += call.usage;
        model.cost += call.cost;
    }

    pub(super) fn forfeit(&mut self, lost: Reservation) {
        self.usd += lost.usd;
        self.tokens = self.tokens.saturating_add(lost.tokens);
        self.forfeited.usd += lost.usd;
        self.forfeited.tokens = self.forfeited.tokens.saturating_add(lost.tokens);
    }
}

/// Time a run was up: sum over its processes, pauses left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WallClock {
    /// Of stretches that ended.
    past: Duration,
    /// Begin of the present stretch; none while paused or stopped.
    since: Option<Timestamp>,
}

impl WallClock {
    pub(super) fn started(at: Timestamp) -> Self {
        Self { past: Duration::ZERO, since: Some(at) }
    }

    /// Time the run was up by then.
    pub fn up(&self, now: Timestamp) -> Duration {
        let present = self.since.map_or(Duration::ZERO, |since| {
            Duration::try_from(now.duration_since(since)).unwrap_or_default()
        });
        self.past + present
    }

    pub(super) fn halt(&mut self, at: Timestamp) {
        self.past = self.up(at);
        self.since = None;
    }

    /// A stretch begins. One that never ended (the process was killed) ends with the last
    /// event it wrote.
    pub(super) fn go_on(&mut self, last_event: Timestamp, now: Timestamp) {
        self.halt(last_event);
        self.since = Some(now);
    }
}
