//! How long to wait before the next try.

use std::time::Duration;

use jiff::Timestamp;
use rand::Rng;
use rand_pcg::Pcg64Mcg;

use super::Patience;

/// What a `Retry-After` header asks for: seconds, or a date (RFC 9110, 10.2.3).
pub(super) fn parse_retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    // A date that has passed means: now.
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// The wait after the `failures`-th failure (from 1): doubling from `base` up to `cap`, the
/// upper half of it random so that workers spread; never less than the provider asked for.
/// None when the provider asks for more than anyone should wait.
pub(super) fn delay(
    patience: &Patience,
    failures: u32,
    asked: Option<Duration>,
    rng: &mut Pcg64Mcg,
) -> Option<Duration> {
    let doubled = patience.base.saturating_mul(1u32.checked_shl(failures - 1).unwrap_or(u32::MAX));
    let full = doubled.min(patience.cap);
    let jittered = full.mul_f64(rng.random_range(0.5..=1.0));
    match asked {
        Some(asked) if asked > patience.longest_wait => None,
        Some(asked) => Some(jittered.max(asked)),
        None => Some(jittered),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let after = |value| parse_retry_after(value, now);
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after(" 0.5 "), Some(Duration::from_millis(500)));
        assert_eq!(after("Thu, 01 Jan 2026 00:01:30 GMT"), Some(Duration::from_secs(90)));
        assert_eq!(after("Wed, 31 Dec 2025 00:00:00 GMT"), Some(Duration::ZERO));
        for odd in ["", "soon", "-3", "nan", "inf"] {
            assert_eq!(after(odd), None, "{odd}");
        }
    }

    #[test]
    fn waits_double_up_to_the_cap_and_are_jittered_by_the_seed_alone() {
        let patience = Patience::default();
        let waits = |seed| {
            let mut rng = Pcg64Mcg::seed_from_u64(seed);
            (1..=40).map(|n| delay(&patience, n, None, &mut rng).unwrap()).collect::<Vec<_>>()
        };
        let mut full = patience.base;
        for wait in waits(1) {
            assert!(wait <= full && wait >= full / 2, "{full:?}: {wait:?}");
            full = (full * 2).min(patience.cap);
        }
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }

    #[test]
    fn the_provider_is_obeyed_up_to_the_longest_wait() {
        let patience = Patience::default();
        let mut rng = Pcg64Mcg::seed_from_u64(1);
        let asked = Duration::from_secs(100);
        assert_eq!(delay(&patience, 1, Some(asked), &mut rng), Some(asked));
        assert_eq!(delay(&patience, 1, Some(Duration::from_secs(121)), &mut rng), None);
        assert!(delay(&patience, 1, Some(Duration::ZERO), &mut rng).unwrap() >= patience.base / 2);
    }
}
