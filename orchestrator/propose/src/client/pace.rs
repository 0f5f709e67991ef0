//! Requests and tokens per minute: calls are spread evenly, so that no minute holds more than
//! a provider allows.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A rate that is kept. Each call takes its share of a minute; the next one begins after that.
#[derive(Debug)]
pub(super) struct Pace {
    per_minute: u64,
    /// When the next call may begin.
    free: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) fn new(per_minute: u64) -> Self {
        Self { per_minute: per_minute.max(1), free: Mutex::default() }
    }

    fn free(&self) -> MutexGuard<'_, Option<Instant>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn share(&self, units: u64) -> Duration {
        Duration::from_secs_f64(units as f64 * 60.0 / self.per_minute as f64)
    }

    /// When a call of so many units that asks now may begin. It has its turn from then on.
    pub(super) fn turn(&self, units: u64, now: Instant) -> Instant {
        let mut free = self.free();
        let begins = free.map_or(now, |free| free.max(now));
        *free = Some(begins + self.share(units));
        begins
    }

    /// A call took fewer units than its turn was for: those behind it need not wait for them.
    pub(super) fn give_back(&self, units: u64) {
        let mut free = self.free();
        *free = free.and_then(|free| free.checked_sub(self.share(units)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_spread_over_the_minute() {
        let pace = Pace::new(30);
        let now = Instant::now();
        let waits: Vec<u64> = (0..4).map(|_| (pace.turn(1, now) - now).as_secs()).collect();
        assert_eq!(waits, [0, 2, 4, 6]);
        // Nobody saves up turns by being idle.
        let later = now + Duration::from_mins(10);
        assert_eq!(pace.turn(1, later), later);
        assert_eq!(pace.turn(1, later), later + Duration::from_secs(2));
    }

    #[test]
    fn a_large_call_takes_its_time_and_gives_back_what_it_did_not_use() {
        let pace = Pace::new(60_000);
        let now = Instant::now();
        assert_eq!(pace.turn(120_000, now), now);
        pace.give_back(90_000);
        assert_eq!(pace.turn(1, now), now + Duration::from_secs(30));
    }
}
