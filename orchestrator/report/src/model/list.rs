//! All runs of a folder.

use evolve_core::{Facts, RunId};
use jiff::Timestamp;
use serde::Serialize;

use super::status::{Cost, RunState, Stop, stop_of};
use super::{Best, Moment, VERSION, finite};

/// Answer of `evolve list --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunList {
    /// [`VERSION`].
    pub version: u32,
    /// The runs that could be read, in the given order.
    pub runs: Vec<RunLine>,
    /// The others.
    pub broken: Vec<BrokenRun>,
}

impl RunList {
    /// A list of these runs.
    pub fn new(runs: Vec<RunLine>, broken: Vec<BrokenRun>) -> Self {
        Self { version: VERSION, runs, broken }
    }
}

/// A run in a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunLine {
    /// The run.
    pub run: RunId,
    /// The task's name.
    pub task: String,
    /// Whether it is at work.
    pub state: RunState,
    /// Why it came to rest, if it did.
    pub stopped: Option<Stop>,
    /// The primary metric.
    pub metric: String,
    /// The best candidate's score.
    pub score: Option<f64>,
    /// Its gain over the start.
    pub gain: Option<f64>,
    /// Candidates evaluated, failures included.
    pub evaluated: u64,
    /// Evaluated candidates per minute, over the time the run was up.
    pub rate_per_min: Option<f64>,
    /// What was spent.
    pub cost: Cost,
    /// When it was started.
    pub started_at: Timestamp,
    /// When its last event was written.
    pub last_event_at: Timestamp,
}

impl RunLine {
    /// The run in a line.
    pub fn of(facts: &Facts, moment: &Moment) -> Self {
        let best = Best::of(facts, None);
        let cost = Cost::of(facts, moment);
        Self {
            run: facts.run.run.clone(),
            task: facts.run.task.task.name.clone(),
            state: RunState::of(facts, moment.process),
            stopped: stop_of(facts),
            metric: facts.objective().metric.clone(),
            score: best.as_ref().and_then(|best| best.score).and_then(finite),
            gain: best.as_ref().and_then(|best| best.gain),
            evaluated: facts.counts.evaluated,
            rate_per_min: cost.rate(facts.counts.evaluated),
            cost,
            started_at: facts.started_at,
            last_event_at: facts.last_at,
        }
    }
}

/// A run that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokenRun {
    /// Its folder's name.
    pub run: String,
    /// Why, and what to do.
    pub why: String,
}
