//! Strategies compared over seeds: what `evolve bench` computes from finished runs.
//!
//! [`Bench::of`] is a pure function of the runs and the [`Settings`]: the same ones give the same
//! answer, in whatever order they come. [`text()`] writes it for a terminal, [`page()`] as one
//! self-contained page; both show no number that the answer does not hold.
//!
//! Scores keep the task's own unit and direction. A run without a score counts as worse than any
//! score; where such a run decides a number, the number is absent. Numbers that are not finite
//! are absent too.

mod beside;
mod chart;
mod digits;
mod page;
mod plan;
mod run;
mod stats;
mod task;
mod text;

use std::collections::BTreeMap;

use evolve_core::Goal;
use serde::{Deserialize, Serialize};

pub use beside::{Beside, BesideError, BesideRow};
pub use page::page;
pub use plan::{Plan, Split};
pub use run::{BenchRun, Point};
pub(crate) use stats::wilson;
pub use text::text;

/// Version of the JSON answer.
pub const VERSION: u32 = 1;

/// How runs are compared, and what the answer says of where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The command line that made the runs, for the reader.
    pub command: String,
    /// The program's version, for the reader.
    pub version: String,
    /// When it was made, for the reader.
    pub date: String,
    /// The machine, for the reader.
    pub machine: String,
    /// The strategy that the text compares the others with, if it is among them.
    pub baseline: String,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Samples of the bootstrap.
    pub resamples: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            command: String::new(),
            version: String::new(),
            date: String::new(),
            machine: String::new(),
            baseline: "best-of-n".to_owned(),
            seed: 1,
            resamples: 1_000,
        }
    }
}

/// A number with its 95 % interval; an end is absent when it is unknown or no number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: Option<f64>,
    /// The interval's lower end.
    pub low: Option<f64>,
    /// The interval's upper end.
    pub high: Option<f64>,
}

/// Strategies compared over seeds and tasks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bench {
    /// [`VERSION`].
    pub version: u32,
    /// How it was made.
    pub settings: Settings,
    /// By task, in the order of their names.
    pub tasks: Vec<TaskBench>,
    /// By strategy, best mean rank first.
    pub overall: Vec<Overall>,
}

/// A strategy over all tasks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overall {
    /// The strategy.
    pub strategy: String,
    /// Mean of its ranks over the tasks it ran on; 1 is best, equal ones share ranks.
    pub mean_rank: f64,
    /// Tasks it ran on.
    pub tasks: u64,
    /// Tasks on which no other has a better median.
    pub first: u64,
    /// Mean over the tasks of its area under the curve, where that is known.
    pub auc: Option<f64>,
}

/// Strategies compared on one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskBench {
    /// The task.
    pub task: String,
    /// Whether more or less is better.
    pub goal: Goal,
    /// The end of the candidates' axis: the most evaluated candidates of any run. The best of a
    /// run that ended earlier holds to here.
    pub horizon: u64,
    /// The worst first score (the start's, or the first success's) of any run: 0 of the areas.
    pub worst: Option<f64>,
    /// The best score of any run: 1 of the areas.
    pub best: Option<f64>,
    /// By strategy, in the order of their names.
    pub strategies: Vec<StrategyBench>,
    /// Every strategy against every other, both ways round.
    pub pairs: Vec<Pair>,
    /// The runs, by strategy and seed.
    pub runs: Vec<RunLine>,
}

/// A strategy on one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StrategyBench {
    /// The strategy.
    pub strategy: String,
    /// Runs, one a seed.
    pub seeds: u64,
    /// Runs that have a score.
    pub scored: u64,
    /// Runs that evaluated fewer candidates than the horizon.
    pub early: u64,
    /// Median of the runs' best scores, with its bootstrap interval.
    pub median: Estimate,
    /// Mean of the best scores, of runs that have one.
    pub mean: Option<f64>,
    /// The lowest of the best scores, whether that is good or bad.
    pub min: Option<f64>,
    /// The highest of the best scores.
    pub max: Option<f64>,
    /// Rank on this task by the median; 1 is best, equal ones share the mean of their ranks.
    pub rank: f64,
    /// Mean area under the normalised best so far, from 0 to 1, more is better, with its
    /// bootstrap interval. 0 is the task's `worst`, 1 its `best`; before its first success a
    /// run counts 0. Absent when the task's scores have no span.
    pub auc: Estimate,
    /// The median of the best so far, by number of evaluated candidates, on at most 100 of them.
    pub curve: Vec<CurvePoint>,
    /// The same at 1, 2, 5, 10, 20, 50, … candidates and at the horizon.
    pub score_at: Vec<CurvePoint>,
    /// What the runs used.
    pub cost: Costs,
    /// Why the runs came to rest, with the number of runs.
    pub states: BTreeMap<String, u64>,
    /// What many short runs would have given instead of few long ones.
    pub plans: Vec<Plan>,
}

/// The median of the best so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// After so many evaluated candidates; 0 is the start.
    pub candidates: u64,
    /// The median with its bootstrap interval.
    #[serde(flatten)]
    pub score: Estimate,
}

/// What the runs of a strategy used: means over the runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Costs {
    /// Seconds up.
    pub wall_s: Option<f64>,
    /// CPU seconds of the evaluations.
    pub cpu_s: Option<f64>,
    /// US dollars.
    pub usd: Option<f64>,
    /// Model tokens.
    pub tokens: Option<f64>,
    /// Evaluated candidates.
    pub evaluated: Option<f64>,
    /// Evaluated candidates without a score.
    pub failed: Option<f64>,
    /// Proposals that became no candidate.
    pub rejected: Option<f64>,
    /// Evaluated candidates of all runs over the seconds that all were up.
    pub candidates_per_s: Option<f64>,
}

/// One strategy against another on one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// The one whose superiority is told.
    pub a: String,
    /// The other.
    pub b: String,
    /// By best score, every seed against every seed.
    pub best: Superiority,
    /// By best score, runs with the same seed; absent if they share none.
    pub best_paired: Option<Superiority>,
    /// By area under the curve, every seed against every seed.
    pub auc: Superiority,
    /// By area under the curve, runs with the same seed.
    pub auc_paired: Option<Superiority>,
}

/// The probability that a run of A is better than one of B, plus half that of a tie (Vargha and
/// Delaney 2000), with a 95 % interval: over all pairs of seeds by Newcombe's method 5 (2006),
/// over pairs with the same seed by Wilson's (1927).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Superiority {
    /// Pairs that were compared.
    pub pairs: u64,
    /// The probability; 0.5 is no difference.
    pub value: f64,
    /// The interval's lower end; absent with a single seed on one side.
    pub low: Option<f64>,
    /// The interval's upper end.
    pub high: Option<f64>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunLine {
    /// The strategy.
    pub strategy: String,
    /// The seed.
    pub seed: u64,
    /// The start's score.
    pub start: Option<f64>,
    /// The best score.
    pub best: Option<f64>,
    /// Area under its normalised curve.
    pub auc: Option<f64>,
    /// Evaluated candidates.
    pub evaluated: u64,
    /// Of these, without a score.
    pub failed: u64,
    /// Proposals that became no candidate.
    pub rejected: u64,
    /// Seconds up.
    pub wall_s: Option<f64>,
    /// US dollars.
    pub usd: Option<f64>,
    /// Model tokens.
    pub tokens: u64,
    /// Why it came to rest.
    pub state: String,
}

impl Bench {
    /// Compares the runs. Those of one task should share a goal; else that of the first counts.
    pub fn of(mut runs: Vec<BenchRun>, settings: Settings) -> Self {
        // Runs that differ in nothing but the rest are put in the order of their text.
        runs.sort_by_cached_key(|run| {
            let rest = serde_json::to_string(run).unwrap_or_default();
            (run.task.clone(), run.strategy.clone(), run.seed, rest)
        });
        let tasks: Vec<TaskBench> = runs
            .chunk_by(|a, b| a.task == b.task)
            .map(|runs| task::compare(runs, &settings))
            .collect();
        let overall = overall(&tasks);
        Self { version: VERSION, settings, tasks, overall }
    }
}

fn overall(tasks: &[TaskBench]) -> Vec<Overall> {
    let mut by_name: BTreeMap<&str, Vec<&StrategyBench>> = BTreeMap::new();
    for strategy in tasks.iter().flat_map(|task| &task.strategies) {
        by_name.entry(&strategy.strategy).or_default().push(strategy);
    }
    let mut all: Vec<Overall> = by_name
        .into_iter()
        .map(|(name, on)| Overall {
            strategy: name.to_owned(),
            mean_rank: on.iter().map(|s| s.rank).sum::<f64>() / on.len() as f64,
            tasks: on.len() as u64,
            first: on.iter().filter(|s| is_first(s, tasks)).count() as u64,
            auc: mean(on.iter().filter_map(|s| s.auc.value)),
        })
        .collect();
    all.sort_by(|a, b| a.mean_rank.total_cmp(&b.mean_rank));
    all
}

/// Whether no other has a better rank on the same task.
fn is_first(strategy: &StrategyBench, tasks: &[TaskBench]) -> bool {
    let own = tasks.iter().find(|task| task.strategies.iter().any(|s| std::ptr::eq(s, strategy)));
    own.is_some_and(|task| task.strategies.iter().all(|other| other.rank >= strategy.rank))
}

/// The mean of those that are numbers, if it is one.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let n = values.len() as f64;
    finite(values.iter().map(|value| value / n).sum()).filter(|_| n > 0.0)
}

/// The number, if it is one, without the sign of zero.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value + 0.0)
}

/// What a turned estimate is in the task's own direction.
fn turned_back(goal: Goal, (value, band): (f64, Option<(f64, f64)>)) -> Estimate {
    let back = |value: f64| finite(goal.turned(value));
    let (worse, better) = band.map_or((None, None), |(low, high)| (back(low), back(high)));
    let (low, high) = match goal {
        Goal::Maximize => (worse, better),
        Goal::Minimize => (better, worse),
    };
    Estimate { value: back(value), low, high }
}
