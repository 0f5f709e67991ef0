//! The statistics, on plain numbers that are turned so that more is better.
//!
//! A run without a score is minus infinity here: worse than any score. What comes out as an
//! infinity is shown as absent.

use std::cmp::Ordering;

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The share of an interval's misses on each side: 2.5 %, 95 % inside.
const TAIL: f64 = 0.025;
/// The normal quantile that goes with it.
const Z: f64 = 1.959_963_984_540_054;

/// Half-way between two numbers; infinities stay what they are.
fn middle(a: f64, b: f64) -> f64 {
    if a < b { a / 2.0 + b / 2.0 } else { a }
}

/// The quantile of ascending numbers, between two by linear interpolation (Hyndman and Fan 1996,
/// *Sample Quantiles in Statistical Packages*, definition 7).
pub(super) fn quantile(ascending: &[f64], share: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let (low, high) = (ascending[below], ascending[(below + 1).min(last)]);
    // Without this test, minus infinity would give no number.
    if low < high && part > 0.0 { low * (1.0 - part) + high * part } else { low }
}

/// A statistic of a sample: a number, given the values in ascending order and how often each
/// was drawn.
pub(super) enum Statistic<'a> {
    /// The middle value, or half-way between the middle two.
    Median,
    /// The mean.
    Mean,
    /// The expected best of k, by the weights of [`weights_of_best`].
    Best(&'a [f64]),
}

impl Statistic<'_> {
    fn of(&self, ascending: &[f64], drawn: impl Iterator<Item = u32>) -> f64 {
        let weighted = ascending.iter().copied().zip(drawn).filter(|(_, times)| *times > 0);
        let n = ascending.len();
        match self {
            Self::Median => {
                let (mut seen, mut lower) = (0, f64::NAN);
                for (value, times) in weighted {
                    let before = seen;
                    seen += times as usize;
                    if before <= (n - 1) / 2 {
                        lower = value;
                    }
                    if seen > n / 2 {
                        return middle(lower, value);
                    }
                }
                lower
            }
            Self::Mean => weighted.map(|(value, times)| value / n as f64 * f64::from(times)).sum(),
            Self::Best(weights) => {
                let (mut seen, mut sum) = (0, 0.0);
                let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
                for (value, times) in weighted {
                    let weight: f64 = weights[seen..seen + times as usize].iter().sum();
                    seen += times as usize;
                    // Minus infinity with no weight would give no number.
                    if weight > 0.0 {
                        sum += weight * value;
                        (least, most) = (least.min(value), most.max(value));
                    }
                }
                // Rounding must not lift equal values above themselves.
                sum.clamp(least.min(most), most)
            }
        }
    }
}

/// The weights of ascending values in the exact expectation of the largest of `k` draws without
/// replacement from `n` values: C(i−1, k−1) / C(n, k) for the i-th, because C(i−1, k−1) of the
/// C(n, k) subsets have it as their largest. The sum over all values, each times its weight, is
/// the unbiased estimate of the expected best of k runs (Tang et al. 2020, *Showing Your Work
/// Doesn't Always Work*).
pub(super) fn weights_of_best(n: usize, k: usize) -> Vec<f64> {
    let mut weights = vec![0.0; n];
    let mut weight = k as f64 / n as f64;
    for i in (k..=n).rev() {
        weights[i - 1] = weight;
        // The next lower one, from C(i−2, k−1) / C(i−1, k−1).
        weight *= (i - k) as f64 / (i - 1).max(1) as f64;
    }
    weights
}

/// Samples drawn with replacement from the seeds of a strategy: how often each seed was drawn.
/// One set serves all statistics of a strategy, so that its bands belong together.
pub(super) struct Resamples {
    /// By sample, `seeds` entries each.
    drawn: Vec<u32>,
    seeds: usize,
}

impl Resamples {
    /// So many samples; none of fewer than two seeds, which have no spread.
    pub(super) fn of(seeds: usize, samples: u32, seed: u64) -> Self {
        if seeds < 2 {
            return Self { drawn: Vec::new(), seeds };
        }
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut drawn = vec![0; seeds * samples as usize];
        for sample in drawn.chunks_exact_mut(seeds) {
            for _ in 0..seeds {
                sample[random.random_range(0..seeds)] += 1;
            }
        }
        Self { drawn, seeds }
    }

    /// The statistic of the values, one a seed, and its 95 % interval by the percentile
    /// bootstrap (Efron and Tibshirani 1993, *An Introduction to the Bootstrap*, chapter 13).
    pub(super) fn estimate(
        &self,
        values: &[f64],
        statistic: &Statistic,
    ) -> (f64, Option<(f64, f64)>) {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
        let ascending: Vec<f64> = order.iter().map(|seed| values[*seed]).collect();
        let value = statistic.of(&ascending, ascending.iter().map(|_| 1));
        if self.drawn.is_empty() || values.len() != self.seeds {
            return (value, None);
        }
        let samples = self.drawn.chunks_exact(self.seeds);
        let mut all: Vec<f64> = samples
            .map(|sample| statistic.of(&ascending, order.iter().map(|seed| sample[*seed])))
            .collect();
        all.sort_by(f64::total_cmp);
        (value, Some((quantile(&all, TAIL), quantile(&all, 1.0 - TAIL))))
    }
}

/// 1 for a better one, 0.5 for a tie. What is no farther apart than this is a tie: computed
/// numbers that are equal on paper differ in their last digits.
fn points(a: f64, b: f64, apart: f64) -> f64 {
    match a.partial_cmp(&b) {
        _ if (a - b).abs() <= apart => 0.5,
        Some(Ordering::Greater) => 1.0,
        Some(Ordering::Less) => 0.0,
        _ => 0.5,
    }
}

/// The probability that a value of the first kind is better than one of the second, plus half
/// that of a tie, over all pairs: the Mann–Whitney statistic over its largest value (Vargha and
/// Delaney 2000, *A Critique and Improvement of the CL Common Language Effect Size*). Values no
/// farther than `apart` from each other tie.
pub(super) fn superiority(a: &[f64], b: &[f64], apart: f64) -> Option<f64> {
    let sum: f64 = a.iter().map(|a| b.iter().map(|b| points(*a, *b, apart)).sum::<f64>()).sum();
    let pairs = a.len() * b.len();
    (pairs > 0).then(|| sum / pairs as f64)
}

/// The same over pairs that belong together.
pub(super) fn paired_superiority(pairs: &[(f64, f64)], apart: f64) -> Option<f64> {
    let sum: f64 = pairs.iter().map(|(a, b)| points(*a, *b, apart)).sum();
    (!pairs.is_empty()).then(|| sum / pairs.len() as f64)
}

/// The 95 % interval of [`superiority`] of `m` against `n` values: method 5 of Newcombe 2006,
/// *Confidence intervals for an effect size measure based on the Mann–Whitney statistic, part 2*.
/// It holds every probability p whose distance from the estimate is at most 1.96 standard errors,
/// these after Hanley and `McNeil` at p itself with (m + n) / 2 − 1 for m − 1 and n − 1. It is of
/// use at 0 and 1 too, where resampling would give an interval without width.
pub(super) fn newcombe(estimate: f64, m: usize, n: usize) -> (f64, f64) {
    let (m, n) = (m as f64, n as f64);
    let more = f64::midpoint(m, n) - 1.0;
    let within = |p: f64| {
        let factor = 1.0 + more * ((1.0 - p) / (2.0 - p) + p / (1.0 + p));
        (estimate - p).powi(2) <= Z * Z * p * (1.0 - p) * factor / (m * n)
    };
    (edge(estimate, 0.0, within), edge(estimate, 1.0, within))
}

/// The 95 % interval of [`paired_superiority`] of `n` pairs: Wilson 1927, *Probable Inference*,
/// with a tie as half a success, which makes it rather too wide than too narrow.
pub(crate) fn wilson(estimate: f64, n: usize) -> (f64, f64) {
    let within = |p: f64| (estimate - p).powi(2) <= Z * Z * p * (1.0 - p) / n as f64;
    (edge(estimate, 0.0, within), edge(estimate, 1.0, within))
}

/// The last number from `inside` towards `end` for which the test holds, by halving.
fn edge(inside: f64, end: f64, within: impl Fn(f64) -> bool) -> f64 {
    if within(end) && (inside - end).abs() < 1e-12 {
        return end;
    }
    let (mut inside, mut outside) = (inside, end);
    for _ in 0..60 {
        let p = f64::midpoint(inside, outside);
        if within(p) { inside = p } else { outside = p }
    }
    f64::midpoint(inside, outside)
}

/// Ranks from 1, the best; equal ones share the mean of their ranks.
pub(super) fn ranks(values: &[f64]) -> Vec<f64> {
    // A few last digits: a median is half-way between two scores, and rounded.
    let against = |a: f64, b: f64| points(a, b, 4.0 * f64::EPSILON * a.abs().min(b.abs()));
    // A better one counts 1, an equal one 0.5, and so does the value itself.
    let rank = |value: &f64| 0.5 + values.iter().map(|other| against(*other, *value)).sum::<f64>();
    values.iter().map(rank).collect()
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // small fractions are exact
mod tests {
    use super::*;

    const NONE: f64 = f64::NEG_INFINITY;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    fn plain(values: &[f64], statistic: &Statistic) -> f64 {
        Resamples::of(values.len(), 0, 1).estimate(values, statistic).0
    }

    #[test]
    fn medians_and_means_are_those_of_the_values() {
        let median = |values: &[f64]| plain(values, &Statistic::Median);
        assert!(close(median(&[3.0, 1.0, 2.0]), 2.0));
        assert!(close(median(&[4.0, 1.0, 2.0, 3.0]), 2.5));
        assert!(close(median(&[7.0]), 7.0));
        assert!(close(median(&[f64::MAX, f64::MAX]) / f64::MAX, 1.0));
        assert!(close(median(&[NONE, 1.0, 2.0]), 1.0));
        assert_eq!(median(&[NONE, 1.0]), NONE);
        assert!(close(plain(&[1.0, 2.0, 6.0], &Statistic::Mean), 3.0));
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        let values = [1.0, 2.0, 4.0, 8.0];
        assert!(close(quantile(&values, 0.5), 3.0));
        assert!(close(quantile(&values, 0.9), 4.0 + 0.7 * 4.0));
        assert!(close(quantile(&values, 1.0), 8.0));
        assert_eq!(quantile(&[NONE, 1.0], 0.5), NONE);
        assert_eq!(quantile(&[NONE, NONE], 0.5), NONE);
    }

    #[test]
    fn a_drawn_median_is_that_of_the_sample() {
        // The sample 1, 1, 3, 4 and the sample 2, 2, 2, 4.
        let ascending = [1.0, 2.0, 3.0, 4.0];
        assert!(close(Statistic::Median.of(&ascending, [2, 0, 1, 1].into_iter()), 2.0));
        assert!(close(Statistic::Median.of(&ascending, [0, 3, 0, 1].into_iter()), 2.0));
        assert!(close(Statistic::Mean.of(&ascending, [2, 0, 1, 1].into_iter()), 2.25));
        // The best of 2 of 1, 1, 3, 4: pairs 1-1, 1-3 and 1-4 twice, 3-4: (1+6+8+4)/6.
        let weights = weights_of_best(4, 2);
        let best = Statistic::Best(&weights).of(&ascending, [2, 0, 1, 1].into_iter());
        assert!(close(best, 19.0 / 6.0));
    }

    #[test]
    fn the_expected_best_of_k_is_the_mean_over_all_subsets() {
        // Pairs of 1, 2, 4, 8: 2, 4, 8, 4, 8, 8; threes: 4, 8, 8, 8.
        let values = [8.0, 1.0, 4.0, 2.0];
        let best = |k| plain(&values, &Statistic::Best(&weights_of_best(4, k)));
        assert!(close(best(1), 3.75));
        assert!(close(best(2), 34.0 / 6.0));
        assert!(close(best(3), 7.0));
        assert!(close(best(4), 8.0));
        let one = plain(&[NONE, 1.0, 2.0], &Statistic::Best(&weights_of_best(3, 1)));
        let two = plain(&[NONE, 1.0, 2.0], &Statistic::Best(&weights_of_best(3, 2)));
        assert!(one == NONE && close(two, 5.0 / 3.0));
        for k in 1..=7 {
            let same = plain(&[0.1; 7], &Statistic::Best(&weights_of_best(7, k)));
            assert!(same.total_cmp(&0.1).is_eq(), "{k}");
        }
    }

    #[test]
    fn a_band_holds_the_value_and_one_seed_has_none() {
        let values: Vec<f64> = (0..20).map(f64::from).collect();
        let resamples = Resamples::of(20, 2000, 7);
        let (median, band) = resamples.estimate(&values, &Statistic::Median);
        let (low, high) = band.unwrap();
        assert!(close(median, 9.5) && low < 7.0 && low > 2.0 && high > 12.0 && high < 17.0);
        // The mean's standard error is 5.77 / √20 = 1.29: about 2.5 to each side.
        let (mean, band) = resamples.estimate(&values, &Statistic::Mean);
        let (low, high) = band.unwrap();
        assert!(close(mean, 9.5) && (low - 7.0).abs() < 0.4 && (high - 12.0).abs() < 0.4);
        assert_eq!(Resamples::of(1, 2000, 7).estimate(&[3.0], &Statistic::Median), (3.0, None));
        let same = Resamples::of(3, 50, 7).estimate(&[5.0; 3], &Statistic::Mean);
        assert!(close(same.0, 5.0));
    }

    #[test]
    fn superiority_counts_wins_and_half_the_ties() {
        // 1-1 tie, 1-2 loss, 3-1 and 3-2 wins: 2.5 of 4.
        assert_eq!(superiority(&[1.0, 3.0], &[1.0, 2.0], 0.0), Some(0.625));
        assert_eq!(superiority(&[NONE, 3.0], &[NONE], 1e-9), Some(0.75));
        assert_eq!(superiority(&[], &[1.0], 0.0), None);
        assert_eq!(paired_superiority(&[(1.0, 2.0), (3.0, 3.0), (5.0, 4.0)], 0.0), Some(0.5));
        assert_eq!(paired_superiority(&[], 0.0), None);
    }

    #[test]
    fn intervals_are_those_of_the_formulas() {
        // Wilson for 8 of 10: (0.8 + z²/20 ± z √(0.016 + z²/400)) / (1 + z²/10).
        let (low, high) = wilson(0.8, 10);
        assert!((low - 0.490_162).abs() < 1e-6 && (high - 0.943_318).abs() < 1e-6, "{low} {high}");
        // Of n of n: n / (n + z²).
        let (low, high) = wilson(1.0, 5);
        assert!(close(low, 5.0 / (5.0 + Z * Z)) && close(high, 1.0));
        // With one value each, Newcombe's is Wilson's of one pair.
        let (low, high) = newcombe(1.0, 1, 1);
        assert!(close(low, 1.0 / (1.0 + Z * Z)) && close(high, 1.0));
        for (estimate, m, n) in [(0.625, 5, 5), (0.0, 3, 8), (0.5, 20, 20), (1.0, 5, 4)] {
            let (low, high) = newcombe(estimate, m, n);
            let (other_low, other_high) = newcombe(1.0 - estimate, m, n);
            assert!(close(low, 1.0 - other_high) && close(high, 1.0 - other_low));
            assert!((0.0..=estimate).contains(&low) && (estimate..=1.0).contains(&high));
            // At an inner edge the distance is 1.96 standard errors, by Hanley and McNeil.
            for p in [low, high].into_iter().filter(|p| *p > 1e-9 && *p < 1.0 - 1e-9) {
                let (m, n) = (m as f64, n as f64);
                let more = f64::midpoint(m, n) - 1.0;
                let (q1, q2) = (p / (2.0 - p), 2.0 * p * p / (1.0 + p));
                let variance = p * (1.0 - p) + more * (q1 - p * p) + more * (q2 - p * p);
                assert!(close((estimate - p).abs(), Z * (variance / (m * n)).sqrt()));
            }
        }
    }

    #[test]
    fn ties_share_ranks() {
        assert_eq!(ranks(&[3.0, 9.0, 3.0, 1.0]), [2.5, 1.0, 2.5, 4.0]);
        assert_eq!(ranks(&[NONE, NONE]), [1.5, 1.5]);
        assert_eq!(ranks(&[NONE, -63.0]), [2.0, 1.0]);
        assert_eq!(ranks(&[0.1 + 0.2, 0.3]), [1.5, 1.5], "rounding breaks no tie");
        assert_eq!(superiority(&[0.1 + 0.2], &[0.3], 1e-9), Some(0.5));
        assert_eq!(ranks(&[]), [0.0; 0]);
    }
}
