//! A circuit breaker: after some failures in a row a model is left alone for a while, then
//! one call probes whether it answers again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

#[derive(Debug, Clone, Copy, Default)]
struct State {
    failures: u32,
    /// Set while open: when a probe may go out.
    open_until: Option<Timestamp>,
    probing: bool,
}

/// See the module's page. Shared by all proposals of a run.
#[derive(Debug)]
pub(super) struct Breaker {
    state: Mutex<State>,
    threshold: u32,
    cool_down: Duration,
}

/// Leave to make one call. Dropped without a word (the call was cancelled), it takes back
/// the probe it may have been.
pub(super) struct Permit<'a> {
    breaker: &'a Breaker,
    probe: bool,
    told: bool,
}

/// What a call's end did to the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It opened, or stays open after a failed probe.
    Opened,
    /// It closed.
    Closed,
}

impl Breaker {
    pub(super) fn new(threshold: u32, cool_down: Duration) -> Self {
        Self { state: Mutex::default(), threshold: threshold.max(1), cool_down }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leave for a call, or how long until it is worth asking again.
    pub(super) fn admit(&self, now: Timestamp) -> Result<Permit<'_>, Duration> {
        let mut state = self.state();
        let Some(until) = state.open_until else {
            return Ok(Permit { breaker: self, probe: false, told: false });
        };
        if now < until {
            return Err(Duration::try_from(until.duration_since(now)).unwrap_or(self.cool_down));
        }
        if state.probing {
            return Err(self.cool_down);
        }
        state.probing = true;
        Ok(Permit { breaker: self, probe: true, told: false })
    }
}

impl Permit<'_> {
    /// The model answered, whatever it said.
    pub(super) fn answered(mut self) -> Option<Turn> {
        self.told = true;
        let mut state = self.breaker.state();
        let was_open = state.open_until.is_some();
        *state = State::default();
        was_open.then_some(Turn::Closed)
    }

    /// The model failed.
    pub(super) fn failed(mut self, now: Timestamp) -> Option<Turn> {
        self.told = true;
        let mut state = self.breaker.state();
        state.failures = state.failures.saturating_add(1);
        if self.probe {
            state.probing = false;
        }
        let opens = state.open_until.is_none() && state.failures >= self.breaker.threshold;
        if opens || self.probe {
            let until = now.checked_add(self.breaker.cool_down);
            state.open_until = Some(until.unwrap_or(Timestamp::MAX));
        }
        opens.then_some(Turn::Opened)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.probe && !self.told {
            self.breaker.state().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOL: Duration = Duration::from_secs(30);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + seconds).unwrap()
    }

    fn opened() -> Breaker {
        let breaker = Breaker::new(3, COOL);
        for n in 0..3 {
            let turn = breaker.admit(at(0)).ok().unwrap().failed(at(0));
            assert_eq!(turn, (n == 2).then_some(Turn::Opened));
        }
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let breaker = Breaker::new(3, COOL);
        for _ in 0..10 {
            assert_eq!(breaker.admit(at(0)).ok().unwrap().failed(at(0)), None);
            assert_eq!(breaker.admit(at(0)).ok().unwrap().failed(at(0)), None);
            assert_eq!(breaker.admit(at(0)).ok().unwrap().answered(), None);
        }
        assert!(opened().admit(at(0)).is_err());
    }

    #[test]
    fn after_the_cool_down_one_probe_goes_out_and_closes_it() {
        let breaker = opened();
        assert_eq!(breaker.admit(at(10)).err(), Some(Duration::from_secs(20)));
        let probe = breaker.admit(at(30)).ok().unwrap();
        assert!(breaker.admit(at(30)).is_err(), "one probe at a time");
        assert_eq!(probe.answered(), Some(Turn::Closed));
        assert!(breaker.admit(at(30)).is_ok());
    }

    #[test]
    fn a_failed_probe_keeps_it_open_for_another_cool_down() {
        let breaker = opened();
        assert_eq!(breaker.admit(at(30)).ok().unwrap().failed(at(31)), None);
        assert!(breaker.admit(at(60)).is_err());
        assert!(breaker.admit(at(61)).is_ok());
    }

    #[test]
    fn a_cancelled_probe_lets_another_one_go() {
        let breaker = opened();
        drop(breaker.admit(at(30)).ok().unwrap());
        assert!(breaker.admit(at(30)).is_ok());
    }

    #[test]
    fn calls_that_were_under_way_do_not_open_it_twice() {
        let breaker = Breaker::new(1, COOL);
        let (a, b) = (breaker.admit(at(0)).ok().unwrap(), breaker.admit(at(0)).ok().unwrap());
        assert_eq!(a.failed(at(0)), Some(Turn::Opened));
        assert_eq!(b.failed(at(0)), None);
    }
}
