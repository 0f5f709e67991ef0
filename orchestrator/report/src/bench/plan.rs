//! Few long runs or many short ones: what a fixed number of candidates gives when it is split.

use evolve_core::Goal;
use serde::Serialize;

use super::run::Steps;
use super::stats::{Resamples, Statistic, weights_of_best};
use super::{Estimate, turned_back};

/// Numbers of runs that are tried.
const RUNS: [u64; 15] = [1, 2, 3, 4, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100];

/// A fixed number of candidates, split in several ways.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Candidates in all: a quarter, a half or all of the horizon.
    pub total: u64,
    /// The ways, fewest runs first, up to as many runs as there are seeds.
    pub splits: Vec<Split>,
    /// The number of runs with the best expectation; of equal ones the fewest.
    pub best_runs: Option<u64>,
}

/// The total split into so many runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Split {
    /// Runs: k.
    pub runs: u64,
    /// Candidates of each: t = total / k, rounded down.
    pub candidates: u64,
    /// The expected best of k runs after t candidates each, with its bootstrap interval. Of the
    /// n observed best scores after t candidates, x₁ ≤ … ≤ xₙ from worst to best, it is
    /// Σ C(i−1, k−1) / C(n, k) · xᵢ: the exact expectation of the best of k drawn without
    /// replacement.
    pub expected: Estimate,
}

/// The plans for a quarter, a half and all of the horizon.
pub(super) fn plans(goal: Goal, steps: &[Steps], horizon: u64, resamples: &Resamples) -> Vec<Plan> {
    let mut totals = vec![horizon / 4, horizon / 2, horizon];
    totals.retain(|total| *total > 0);
    totals.dedup();
    totals.into_iter().map(|total| plan(goal, steps, total, resamples)).collect()
}

fn plan(goal: Goal, steps: &[Steps], total: u64, resamples: &Resamples) -> Plan {
    let n = steps.len();
    let tried = RUNS.into_iter().filter(|runs| *runs <= n as u64 && *runs <= total);
    let mut best: Option<(u64, f64)> = None;
    let splits = tried
        .map(|runs| {
            let candidates = total / runs;
            let values: Vec<f64> = steps.iter().map(|steps| steps.at(candidates)).collect();
            let weights = weights_of_best(n, runs as usize);
            let expected = resamples.estimate(&values, &Statistic::Best(&weights));
            if expected.0.is_finite() && best.is_none_or(|(_, most)| expected.0 > most) {
                best = Some((runs, expected.0));
            }
            Split { runs, candidates, expected: turned_back(goal, expected) }
        })
        .collect();
    Plan { total, splits, best_runs: best.map(|(runs, _)| runs) }
}

#[cfg(test)]
mod tests {
    use super::super::run::tests::run;
    use super::*;

    #[test]
    fn a_total_is_split_and_the_best_of_the_parts_expected() {
        // After 8: 4, 6, 0; after 4: 4, 2, 0.
        let curves: [&[(u64, f64)]; 3] = [&[(4, 4.0)], &[(3, 2.0), (7, 6.0)], &[]];
        let steps: Vec<Steps> =
            curves.iter().map(|curve| Steps::of(&run("a", 1, Some(0.0), curve))).collect();
        let plans = plans(Goal::Maximize, &steps, 8, &Resamples::of(3, 100, 1));
        assert_eq!(plans.iter().map(|plan| plan.total).collect::<Vec<_>>(), [2, 4, 8]);
        let of = |plan: &Plan| -> Vec<(u64, u64, f64)> {
            let splits = plan.splits.iter();
            splits.map(|s| (s.runs, s.candidates, s.expected.value.unwrap())).collect()
        };
        // k = 2 of 4, 2, 0: pairs have 4, 4, 2. k = 3, t = 2: all are 0.
        let full = of(&plans[2]);
        let expected = [(1, 8, 10.0 / 3.0), (2, 4, 10.0 / 3.0), (3, 2, 0.0)];
        for (a, b) in full.iter().zip(&expected) {
            assert!(a.0 == b.0 && a.1 == b.1 && (a.2 - b.2).abs() < 1e-12, "{full:?}");
        }
        assert_eq!(full.len(), 3);
        assert_eq!(plans[0].splits.len(), 2, "two candidates are at most two runs");
        assert_eq!(plans[1].best_runs, Some(1));
        assert!(plans[2].splits[0].expected.low.is_some());
    }

    #[test]
    fn runs_without_a_score_are_left_to_the_other_draws() {
        let curves: [&[(u64, f64)]; 3] = [&[(1, 4.0)], &[(1, 2.0)], &[]];
        let steps: Vec<Steps> =
            curves.iter().map(|curve| Steps::of(&run("a", 1, None, curve))).collect();
        let plan = plan(Goal::Maximize, &steps, 3, &Resamples::of(3, 100, 1));
        assert_eq!(plan.splits[0].expected.value, None, "a single run may have none");
        assert!((plan.splits[1].expected.value.unwrap() - 10.0 / 3.0).abs() < 1e-12);
        assert_eq!(plan.best_runs, Some(3));
        let none = plans(Goal::Minimize, &steps[2..], 3, &Resamples::of(1, 100, 1));
        assert!(none.iter().all(|plan| plan.best_runs.is_none()));
    }
}
