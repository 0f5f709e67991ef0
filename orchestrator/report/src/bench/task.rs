//! All strategies on one task.

use evolve_core::Goal;

use super::plan::plans;
use super::run::{BenchRun, Steps};
use super::stats::{
    Resamples, Statistic, newcombe, paired_superiority, ranks, superiority, wilson,
};
use super::{
    Costs, CurvePoint, Estimate, Pair, RunLine, Settings, StrategyBench, Superiority, TaskBench,
    finite, mean, turned_back,
};

/// Numbers of candidates on a curve.
const GRID: u64 = 100;
/// Areas no farther apart are the same: they are sums of rounded numbers.
const EQUAL_AREAS: f64 = 1e-9;

/// A strategy's runs with what is derived from each; its scores are turned.
struct Group<'a> {
    runs: &'a [BenchRun],
    steps: Vec<Steps>,
    bests: Vec<f64>,
    /// Areas; none when the task's scores have no span.
    areas: Option<Vec<f64>>,
}

/// What all strategies of a task share.
struct Scale {
    goal: Goal,
    horizon: u64,
    worst: f64,
    best: f64,
}

/// Compares the runs of one task, which are in order.
pub(super) fn compare(runs: &[BenchRun], settings: &Settings) -> TaskBench {
    let steps: Vec<Steps> = runs.iter().map(Steps::of).collect();
    let scale = Scale::of(runs, &steps);
    let mut steps = steps.into_iter();
    let groups: Vec<Group<'_>> = runs
        .chunk_by(|a, b| a.strategy == b.strategy)
        .map(|runs| Group::of(runs, steps.by_ref().take(runs.len()).collect(), &scale))
        .collect();
    let mut strategies: Vec<StrategyBench> =
        groups.iter().map(|group| strategy(group, &scale, settings)).collect();
    let medians: Vec<f64> = groups
        .iter()
        .map(|group| Resamples::of(0, 0, 0).estimate(&group.bests, &Statistic::Median).0)
        .collect();
    for (strategy, rank) in strategies.iter_mut().zip(ranks(&medians)) {
        strategy.rank = rank;
    }
    TaskBench {
        task: runs.first().map_or_else(String::new, |run| run.task.clone()),
        goal: scale.goal,
        horizon: scale.horizon,
        worst: finite(scale.goal.turned(scale.worst)),
        best: finite(scale.goal.turned(scale.best)),
        strategies,
        pairs: pairs(&groups),
        runs: groups.iter().flat_map(|group| lines(group, scale.goal)).collect(),
    }
}

impl Scale {
    fn of(runs: &[BenchRun], steps: &[Steps]) -> Self {
        let evaluated = runs.iter().map(|run| run.evaluated);
        Self {
            goal: runs.first().map_or(Goal::Maximize, |run| run.goal),
            horizon: evaluated.chain(steps.iter().map(Steps::last_candidate)).max().unwrap_or(0),
            worst: steps.iter().filter_map(Steps::first).fold(f64::INFINITY, f64::min),
            best: steps.iter().map(Steps::best).fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

impl<'a> Group<'a> {
    fn of(runs: &'a [BenchRun], steps: Vec<Steps>, scale: &Scale) -> Self {
        let area = |steps: &Steps| steps.area(scale.worst, scale.best, scale.horizon);
        Self {
            runs,
            bests: steps.iter().map(Steps::best).collect(),
            areas: steps.iter().map(area).collect(),
            steps,
        }
    }
}

fn strategy(group: &Group<'_>, scale: &Scale, settings: &Settings) -> StrategyBench {
    let n = group.runs.len();
    let resamples = Resamples::of(n, settings.resamples, settings.seed);
    let back = |value: &f64| finite(scale.goal.turned(*value));
    let bests: Vec<f64> = group.bests.iter().filter_map(back).collect();
    let on = |candidates: Vec<u64>| -> Vec<CurvePoint> {
        let point = |candidates| CurvePoint {
            candidates,
            score: turned_back(scale.goal, median_at(&group.steps, candidates, &resamples)),
        };
        candidates.into_iter().map(point).collect()
    };
    let mut states = std::collections::BTreeMap::new();
    for run in group.runs {
        *states.entry(run.state.clone()).or_insert(0) += 1;
    }
    let auc = group.areas.as_ref().map(|areas| resamples.estimate(areas, &Statistic::Mean));
    StrategyBench {
        strategy: group.runs[0].strategy.clone(),
        seeds: n as u64,
        scored: bests.len() as u64,
        early: group.runs.iter().filter(|run| run.evaluated < scale.horizon).count() as u64,
        median: turned_back(scale.goal, resamples.estimate(&group.bests, &Statistic::Median)),
        mean: mean(bests.iter().copied()),
        min: bests.iter().copied().reduce(f64::min),
        max: bests.iter().copied().reduce(f64::max),
        rank: 0.0, // known once all medians are
        auc: auc.map_or_else(Estimate::default, |auc| turned_back(Goal::Maximize, auc)),
        curve: on(grid(scale.horizon)),
        score_at: on(rounds(scale.horizon)),
        cost: costs(group.runs),
        states,
        plans: plans(scale.goal, &group.steps, scale.horizon, &resamples),
    }
}

fn median_at(steps: &[Steps], t: u64, resamples: &Resamples) -> (f64, Option<(f64, f64)>) {
    let values: Vec<f64> = steps.iter().map(|steps| steps.at(t)).collect();
    resamples.estimate(&values, &Statistic::Median)
}

/// At most [`GRID`] numbers from 0 to the horizon, evenly spread.
fn grid(horizon: u64) -> Vec<u64> {
    if horizon < GRID {
        return (0..=horizon).collect();
    }
    let step = horizon as f64 / (GRID - 1) as f64;
    let mut grid: Vec<u64> = (0..GRID - 1).map(|i| (i as f64 * step).round() as u64).collect();
    grid.push(horizon);
    grid
}

/// 1, 2, 5, 10, 20, 50, … below the horizon, and the horizon.
fn rounds(horizon: u64) -> Vec<u64> {
    let tens = std::iter::successors(Some(1u64), |ten| ten.checked_mul(10));
    let all = tens.flat_map(|ten| [1, 2, 5].map(|digit| ten.saturating_mul(digit)));
    let mut rounds: Vec<u64> = all.take_while(|k| *k < horizon).collect();
    rounds.push(horizon);
    rounds
}

fn costs(runs: &[BenchRun]) -> Costs {
    let of = |value: fn(&BenchRun) -> f64| mean(runs.iter().map(value));
    let wall_s: f64 = runs.iter().map(|run| run.wall_s).filter(|wall| wall.is_finite()).sum();
    let evaluated: f64 = runs.iter().map(|run| run.evaluated as f64).sum();
    Costs {
        wall_s: of(|run| run.wall_s),
        cpu_s: of(|run| run.cpu_s),
        usd: of(|run| run.usd),
        tokens: of(|run| run.tokens as f64),
        evaluated: of(|run| run.evaluated as f64),
        failed: of(|run| run.failed as f64),
        rejected: of(|run| run.rejected as f64),
        candidates_per_s: finite(evaluated / wall_s).filter(|_| wall_s > 0.0),
    }
}

fn lines<'a>(group: &'a Group<'_>, goal: Goal) -> impl Iterator<Item = RunLine> + 'a {
    group.runs.iter().enumerate().map(move |(i, run)| RunLine {
        strategy: run.strategy.clone(),
        seed: run.seed,
        start: run.start.and_then(finite),
        best: finite(goal.turned(group.bests[i])),
        auc: group.areas.as_ref().map(|areas| areas[i]),
        evaluated: run.evaluated,
        failed: run.failed,
        rejected: run.rejected,
        wall_s: finite(run.wall_s),
        usd: finite(run.usd),
        tokens: run.tokens,
        state: run.state.clone(),
    })
}

fn pairs(groups: &[Group<'_>]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (i, a) in groups.iter().enumerate() {
        for (j, b) in groups.iter().enumerate() {
            if i == j {
                continue;
            }
            let common = common(a.runs, b.runs);
            // Without a span all areas are alike.
            let (flat_a, flat_b) = (vec![0.0; a.runs.len()], vec![0.0; b.runs.len()]);
            let areas_a = a.areas.as_ref().unwrap_or(&flat_a);
            let areas_b = b.areas.as_ref().unwrap_or(&flat_b);
            pairs.push(Pair {
                a: a.runs[0].strategy.clone(),
                b: b.runs[0].strategy.clone(),
                best: all_pairs(&a.bests, &b.bests, 0.0),
                best_paired: same_seed(&a.bests, &b.bests, &common, 0.0),
                auc: all_pairs(areas_a, areas_b, EQUAL_AREAS),
                auc_paired: same_seed(areas_a, areas_b, &common, EQUAL_AREAS),
            });
        }
    }
    pairs
}

/// Places of runs with the same seed. Both are in the order of their seeds; of runs that share
/// one, the first meets the first.
fn common(a: &[BenchRun], b: &[BenchRun]) -> Vec<(usize, usize)> {
    let (mut i, mut j) = (0, 0);
    let mut common = Vec::new();
    while let (Some(left), Some(right)) = (a.get(i), b.get(j)) {
        match left.seed.cmp(&right.seed) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                common.push((i, j));
                (i, j) = (i + 1, j + 1);
            }
        }
    }
    common
}

fn all_pairs(a: &[f64], b: &[f64], apart: f64) -> Superiority {
    let value = superiority(a, b, apart).unwrap_or(0.5);
    let known = a.len() > 1 && b.len() > 1;
    let (low, high) = known.then(|| newcombe(value, a.len(), b.len())).unzip();
    Superiority { pairs: (a.len() * b.len()) as u64, value, low, high }
}

fn same_seed(a: &[f64], b: &[f64], common: &[(usize, usize)], apart: f64) -> Option<Superiority> {
    let pairs: Vec<(f64, f64)> = common.iter().map(|(i, j)| (a[*i], b[*j])).collect();
    let value = paired_superiority(&pairs, apart)?;
    let (low, high) = (pairs.len() > 1).then(|| wilson(value, pairs.len())).unzip();
    Some(Superiority { pairs: pairs.len() as u64, value, low, high })
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // small fractions are exact
mod tests {
    use super::super::run::tests::run;
    use super::*;

    fn small() -> TaskBench {
        let runs = [
            run("a", 1, Some(0.0), &[(2, 4.0)]),
            run("a", 2, Some(0.0), &[(6, 8.0)]),
            run("b", 1, Some(0.0), &[(1, 4.0)]),
            run("b", 3, Some(0.0), &[]),
        ];
        compare(&runs, &Settings::default())
    }

    #[test]
    fn a_small_bench_has_the_numbers_that_a_person_computes() {
        let bench = small();
        assert_eq!((bench.horizon, bench.worst, bench.best), (10, Some(0.0), Some(8.0)));
        let (a, b) = (&bench.strategies[0], &bench.strategies[1]);
        assert_eq!((a.median.value, b.median.value), (Some(6.0), Some(2.0)));
        assert_eq!((a.mean, a.min, a.max), (Some(6.0), Some(4.0), Some(8.0)));
        assert_eq!((a.rank, b.rank), (1.0, 2.0));
        // Areas: 9 · 0.5 / 10, 5 · 1 / 10; 10 · 0.5 / 10, 0.
        assert!((a.auc.value.unwrap() - 0.475).abs() < 1e-12);
        assert!((b.auc.value.unwrap() - 0.25).abs() < 1e-12);
        // 4-4 tie, 4-0, 8-4, 8-0; seed 1 alone is common: a tie.
        let pair = &bench.pairs[0];
        assert_eq!((pair.best.pairs, pair.best.value), (4, 0.875));
        let paired = pair.best_paired.unwrap();
        assert_eq!((paired.pairs, paired.value, paired.low), (1, 0.5, None));
        // By area: .45 and .5 against .5 and 0: a loss, a tie, two wins.
        assert_eq!(pair.auc.value, 0.625);
        assert_eq!(bench.pairs[1].best.value, 0.125);
        assert_eq!(a.cost.candidates_per_s, Some(2.0));
        assert_eq!(a.score_at.iter().map(|p| p.candidates).collect::<Vec<_>>(), [1, 2, 5, 10]);
        let scores: Vec<_> = a.score_at.iter().map(|p| p.score.value.unwrap()).collect();
        assert_eq!(scores, [0.0, 2.0, 2.0, 6.0]);
        assert_eq!(a.early, 0);
    }

    #[test]
    fn runs_of_different_lengths_share_the_longest_axis() {
        let mut runs = [run("a", 1, None, &[(2, 4.0)]), run("a", 2, None, &[(6, 8.0)])];
        runs[0].evaluated = 4;
        let bench = compare(&runs, &Settings::default());
        assert_eq!((bench.horizon, bench.strategies[0].early), (10, 1));
        assert_eq!(bench.strategies[0].curve.len(), 11);
        assert_eq!(bench.strategies[0].curve[2].score.value, None, "one of two has none yet");
        assert_eq!(bench.strategies[0].curve[10].score.value, Some(6.0));
    }

    #[test]
    fn grids_begin_and_end_where_they_should() {
        assert_eq!(grid(3), [0, 1, 2, 3]);
        assert_eq!(grid(99).len(), 100);
        for horizon in [100, 101, 250, 1_000_000] {
            let grid = grid(horizon);
            assert!(grid.len() == 100 && grid[0] == 0 && grid[99] == horizon);
            assert!(grid.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert_eq!(rounds(500), [1, 2, 5, 10, 20, 50, 100, 200, 500]);
        assert_eq!(rounds(0), [0]);
        assert_eq!(*rounds(u64::MAX).last().unwrap(), u64::MAX);
    }
}
