//! One run beside the strategies of a bench of the same task, at the same number of candidates.

use evolve_core::Goal;
use serde::{Deserialize, Serialize};

use super::{BenchRun, Estimate};
use crate::format::ScoreFormat;
use crate::format::{count, one_line};

/// Why a run cannot be laid beside a bench.
#[derive(Debug, thiserror::Error)]
pub enum BesideError {
    /// It is not what `evolve bench` writes.
    #[error("this is no bench.json of `evolve bench`: {0}")]
    Format(#[from] serde_json::Error),
    /// The bench is of other tasks.
    #[error(
        "the bench has no task `{task}` of the same goal; it has {}",
        known.join(", ")
    )]
    OtherTask {
        /// The run's task.
        task: String,
        /// The bench's tasks.
        known: Vec<String>,
    },
    /// The run and the bench share no number of candidates.
    #[error("the run has not evaluated a candidate yet, or the bench has none")]
    Nothing,
}

/// A run beside the strategies of a bench.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beside {
    /// After so many evaluated candidates each.
    pub candidates: u64,
    /// The strategies by name, the run last.
    pub rows: Vec<BesideRow>,
}

/// A strategy, or the run itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BesideRow {
    /// Its name.
    pub name: String,
    /// Runs behind the score.
    pub runs: u64,
    /// The median of the best so far with its interval; of a single run its score, without one.
    pub score: Estimate,
}

/// The part of bench.json that is read.
#[derive(Deserialize)]
struct File {
    tasks: Vec<Compared>,
}

#[derive(Deserialize)]
struct Compared {
    task: String,
    goal: Goal,
    strategies: Vec<Contender>,
}

#[derive(Deserialize)]
struct Contender {
    strategy: String,
    seeds: u64,
    curve: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    candidates: u64,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

impl Beside {
    /// Lays a run beside the bench of a bench.json.
    pub fn of(run: &BenchRun, json: &str) -> Result<Self, BesideError> {
        let file: File = serde_json::from_str(json)?;
        let same = |task: &&Compared| task.task == run.task && task.goal == run.goal;
        let Some(task) = file.tasks.iter().find(same) else {
            let known = file.tasks.iter().map(|task| one_line(&task.task, 80)).collect();
            return Err(BesideError::OtherTask { task: run.task.clone(), known });
        };
        // All strategies' curves are sampled at the same numbers, so the comparison is exact.
        let samples = task.strategies.iter().flat_map(|strategy| &strategy.curve);
        let reached = samples.map(|sample| sample.candidates).filter(|n| *n <= run.evaluated);
        let candidates = reached.max().filter(|n| *n > 0).ok_or(BesideError::Nothing)?;
        let mut rows: Vec<_> =
            task.strategies.iter().map(|strategy| strategy.at(candidates)).collect();
        let before = run.curve.iter().filter(|point| point.candidates <= candidates);
        let value = before
            .map(|point| point.score)
            .chain(run.start)
            .reduce(|best, score| if run.goal.is_better(score, best) { score } else { best });
        rows.push(BesideRow {
            name: format!("this run ({}, seed {})", one_line(&run.strategy, 60), run.seed),
            runs: 1,
            score: Estimate { value, low: None, high: None },
        });
        Ok(Self { candidates, rows })
    }

    /// The rows as texts: name, runs, score, interval.
    pub fn cells(&self) -> Vec<[String; 4]> {
        let scores = self
            .rows
            .iter()
            .flat_map(|row| [row.score.value, row.score.low, row.score.high].into_iter().flatten());
        let format = ScoreFormat::telling_apart(scores);
        let rows = self.rows.iter().map(|row| {
            let interval = match (row.score.low, row.score.high) {
                (Some(low), Some(high)) => {
                    format!("{} to {}", format.score(low), format.score(high))
                }
                _ => "–".to_owned(),
            };
            let name = one_line(&row.name, 80);
            [name, count(row.runs), format.maybe(row.score.value), interval]
        });
        rows.collect()
    }
}

impl Contender {
    fn at(&self, candidates: u64) -> BesideRow {
        let sample = self.curve.iter().rfind(|sample| sample.candidates <= candidates);
        let score = sample.map_or_else(Estimate::default, |sample| Estimate {
            value: sample.value,
            low: sample.low,
            high: sample.high,
        });
        BesideRow { name: self.strategy.clone(), runs: self.seeds, score }
    }
}
