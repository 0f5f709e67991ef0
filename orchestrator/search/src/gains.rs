//! Gains without a unit.

/// The typical size of a gain in this run, by which others are measured: a mean of logarithms,
/// so that one enormous gain does not make all later ones look like nothing. Multiplying all
/// scores by a number, or adding one, changes no share.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Scale {
    log_mean: f64,
    seen: f64,
}

/// Weight of a new gain in the mean, once there are enough of them.
const FRESHNESS: f64 = 0.05;

impl Scale {
    /// A gain as a share in `[0, 1]`: none for a loss, one half for a typical gain, near one for
    /// an enormous one.
    pub fn share(self, gain: f64) -> f64 {
        if gain.is_nan() || gain <= 0.0 {
            return 0.0;
        }
        if self.seen == 0.0 {
            return 0.5;
        }
        // gain / (gain + typical), without overflow
        1.0 / (1.0 + (self.log_mean - gain.min(f64::MAX).ln()).exp())
    }

    /// Takes note of a gain.
    pub fn observe(&mut self, gain: f64) {
        if gain > 0.0 && gain.is_finite() {
            self.seen += 1.0;
            self.log_mean += (gain.ln() - self.log_mean) * FRESHNESS.max(1.0 / self.seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_do_not_depend_on_the_unit_of_the_scores(
            gains in prop::collection::vec(1e-3..1e3f64, 1..30),
            gain in 1e-3..1e3f64,
            unit in prop_oneof![Just(1e-9), Just(1e-3), Just(1e6)],
        ) {
            let (mut plain, mut scaled) = (Scale::default(), Scale::default());
            for past in &gains {
                plain.observe(*past);
                scaled.observe(past * unit);
            }
            prop_assert!((plain.share(gain) - scaled.share(gain * unit)).abs() < 1e-9);
        }

        #[test]
        fn shares_are_between_none_and_all_and_grow_with_the_gain(
            past in prop::collection::vec(any::<f64>(), 0..10), a in any::<f64>(), b in any::<f64>(),
        ) {
            let mut scale = Scale::default();
            for gain in past {
                scale.observe(gain);
            }
            for gain in [a, b] {
                prop_assert!((0.0..=1.0).contains(&scale.share(gain)));
            }
            if a < b {
                prop_assert!(scale.share(a) <= scale.share(b));
            }
        }
    }

    #[test]
    #[allow(clippy::float_cmp)] // the bounds are exact
    fn a_typical_gain_is_one_half() {
        let mut scale = Scale::default();
        (0..50).for_each(|_| scale.observe(0.003));
        assert!((scale.share(0.003) - 0.5).abs() < 1e-9);
        assert_eq!(scale.share(-1.0), 0.0);
        assert_eq!(scale.share(f64::NAN), 0.0);
        assert_eq!(scale.share(f64::INFINITY), 1.0);
    }
}
