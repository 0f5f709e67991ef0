//! What a suite's results come to.

use serde::Serialize;

/// The result of one sample: one program for one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// Whether it assembled.
    pub compiled: bool,
    /// Its speedup over the naive program; none unless it is right on every shape.
    pub speedup: Option<f64>,
}

/// The probability that at least one of `k` samples drawn from `n`, of which `right` are
/// right, is right: 1 - C(n - right, k) / C(n, k), the unbiased estimator of M. Chen et al.,
/// *Evaluating large language models trained on code* (2021), equation 1. None if there are
/// fewer than `k` samples.
pub fn pass_at_k(n: usize, right: usize, k: usize) -> Option<f64> {
    if k == 0 || k > n || right > n {
        return None;
    }
    if n - right < k {
        return Some(1.0);
    }
    // The product of 1 - k / i for i from n - right + 1 to n, without large factorials.
    let miss: f64 = (n - right + 1..=n).map(|i| 1.0 - k as f64 / i as f64).product();
    Some(1.0 - miss)
}

/// The fraction of results that are right and more than `p` times as fast as the naive
/// program (A. Ouyang et al., *`KernelBench`*, 2025).
pub fn fast_p(speedups: &[Option<f64>], p: f64) -> f64 {
    let fast = speedups.iter().filter(|speedup| speedup.is_some_and(|speedup| speedup > p));
    fast.count() as f64 / speedups.len().max(1) as f64
}

/// The geometric mean; 0 if one is 0, none of nothing.
pub fn geomean(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    if values.iter().any(|value| *value <= 0.0) {
        return Some(0.0);
    }
    let sum: f64 = values.iter().map(|value| libm::log(*value)).sum();
    Some(libm::exp(sum / values.len() as f64))
}

/// What the samples of a suite come to; a task's fastest right sample counts for speed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Tasks.
    pub tasks: usize,
    /// compile@k for each k that every task has samples for: mean over tasks.
    pub compile_at: Vec<(usize, f64)>,
    /// pass@k likewise.
    pub pass_at: Vec<(usize, f64)>,
    /// `fast_p` for p of 0, 0.5, 0.8, 1, 1.5 and 2.
    pub fast: Vec<(f64, f64)>,
    /// Geometric mean of the speedups of tasks that have a right sample.
    pub geomean_right: Option<f64>,
    /// Geometric mean over all tasks, with 0 for one without a right sample.
    pub geomean_all: Option<f64>,
}

/// Sums up the samples of each task.
pub fn summarise(tasks: &[Vec<Sample>]) -> Summary {
    let least = tasks.iter().map(Vec::len).min().unwrap_or(0);
    let at = |hit: fn(&Sample) -> bool| {
        [1, 2, 4, 5, 8, 10, 16, 32, 64, 100]
            .into_iter()
            .filter(|k| *k <= least)
            .map(|k| {
                let each = tasks.iter().filter_map(|samples| {
                    pass_at_k(samples.len(), samples.iter().filter(|s| hit(s)).count(), k)
                });
                (k, each.sum::<f64>() / tasks.len().max(1) as f64)
            })
            .collect::<Vec<_>>()
    };
    let fastest = |samples: &Vec<Sample>| {
        samples.iter().filter_map(|sample| sample.speedup).max_by(f64::total_cmp)
    };
    let best: Vec<Option<f64>> = tasks.iter().map(fastest).collect();
    let right: Vec<f64> = best.iter().filter_map(|speedup| *speedup).collect();
    let all: Vec<f64> = best.iter().map(|speedup| speedup.unwrap_or(0.0)).collect();
    Summary {
        tasks: tasks.len(),
        compile_at: at(|sample| sample.compiled),
        pass_at: at(|sample| sample.speedup.is_some()),
        fast: [0.0, 0.5, 0.8, 1.0, 1.5, 2.0].map(|p| (p, fast_p(&best, p))).to_vec(),
        geomean_right: geomean(&right),
        geomean_all: geomean(&all),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pass_at_k_is_the_share_of_draws_that_hold_a_right_sample(
            n in 1_usize..9, right in 0_usize..9, k in 1_usize..9,
        ) {
            prop_assume!(right <= n && k <= n);
            // Count all draws of k out of n; the first `right` are right.
            let draws: Vec<u32> = (0_u32..1 << n).filter(|set| set.count_ones() as usize == k).collect();
            let hits = draws.iter().filter(|set| **set & ((1 << right) - 1) != 0).count();
            let share = hits as f64 / draws.len() as f64;
            prop_assert!((pass_at_k(n, right, k).unwrap() - share).abs() < 1e-12);
        }
    }

    #[test]
    fn a_wrong_result_is_never_fast_and_zero_in_the_mean_over_all() {
        let sample = |speedup| Sample { compiled: true, speedup };
        let broken = Sample { compiled: false, speedup: None };
        let tasks = [vec![sample(Some(2.0)), sample(Some(8.0))], vec![sample(None), broken]];
        let summary = summarise(&tasks);
        assert_eq!(
            summary.fast,
            [(0.0, 0.5), (0.5, 0.5), (0.8, 0.5), (1.0, 0.5), (1.5, 0.5), (2.0, 0.5)]
        );
        assert_eq!(summary.compile_at, [(1, 0.75), (2, 1.0)]);
        assert_eq!(summary.pass_at, [(1, 0.5), (2, 0.5)]);
        assert!((summary.geomean_right.unwrap() - 8.0).abs() < 1e-9);
        assert_eq!(summary.geomean_all, Some(0.0));
    }
}
