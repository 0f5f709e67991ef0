//! Where a run stands.

use std::collections::BTreeMap;

use evolve_core::event::{PauseCause, StopReason};
use evolve_core::facts::Phase;
use evolve_core::{Facts, Objective, RunId};
use jiff::Timestamp;
use serde::Serialize;

use super::tally::{FailureKind, ModelUse, Novelty, OperatorUse, failures, models, operators};
use super::{Best, Moment, Process, VERSION, finite};

/// Answer of `evolve status RUN --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// [`VERSION`].
    pub version: u32,
    /// The run.
    pub run: RunId,
    /// The task's name.
    pub task: String,
    /// Whether it is at work.
    pub state: RunState,
    /// Why it came to rest, if it did.
    pub stopped: Option<Stop>,
    /// The best candidate, once there is one.
    pub best: Option<Best>,
    /// How many candidates are where.
    pub candidates: CandidateCounts,
    /// What was spent.
    pub cost: Cost,
    /// Limits and how much of each is used, by the keys of `[budget]`.
    pub budget: BTreeMap<&'static str, BudgetUse>,
    /// The primary objective.
    pub objective: Objective,
    /// The start's score.
    pub start_score: Option<f64>,
    /// Work that is not finished.
    pub under_way: UnderWay,
    /// Evaluated candidates per minute, over the time the run was up.
    pub rate_per_min: Option<f64>,
    /// Failures by kind, most frequent first.
    pub failures: Vec<FailureKind>,
    /// How often something was proposed that was there before.
    pub novelty: Novelty,
    /// Models.
    pub models: Vec<ModelUse>,
    /// Operators.
    pub operators: Vec<OperatorUse>,
    /// Insights learned.
    pub insights: usize,
    /// Which proposer makes the changes.
    pub proposer: String,
    /// The strategy's name.
    pub strategy: String,
    /// Seed of every random draw.
    pub seed: u64,
    /// Who writes the results: `split` or `in-process`; with `, shared-cache` if candidates
    /// share one.
    pub trust: &'static str,
    /// What the sandbox enforces and what it cannot.
    pub sandbox: Vec<String>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When its last event was written.
    pub last_event_at: Timestamp,
    /// Version of the program that started it.
    pub evolve: String,
    /// Events that did not fit; empty in a sound journal.
    pub misfits: Vec<String>,
}

/// Whether a run is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// New work starts.
    Running,
    /// Nothing new starts; the process waits.
    Paused,
    /// Nothing new starts; it stops when what is under way has ended.
    Draining,
    /// At rest.
    Stopped,
    /// Its process ended without a word; `evolve resume` goes on.
    Gone,
}

impl RunState {
    /// The state, as far as the journal and the process tell.
    pub fn of(facts: &Facts, process: Process) -> Self {
        match &facts.phase {
            Phase::Stopped { .. } => Self::Stopped,
            _ if process == Process::Gone => Self::Gone,
            Phase::Running => Self::Running,
            Phase::Paused { cause: PauseCause::Asked } => Self::Paused,
            Phase::Paused { cause: PauseCause::Draining } => Self::Draining,
        }
    }

    /// Whether a process is at work on it, or waits to be.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Running | Self::Paused | Self::Draining)
    }

    /// The word for people and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
            Self::Gone => "gone",
        }
    }
}

/// Why a run came to rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// `target`, `budget`, `exhausted`, `interrupted`, `fault` or `bad-start`.
    pub reason: &'static str,
    /// The same in a sentence.
    pub detail: String,
}

/// Why a run came to rest, if it did.
pub fn stop_of(facts: &Facts) -> Option<Stop> {
    let Phase::Stopped { reason } = &facts.phase else { return None };
    let (reason, detail) = stop_words(reason);
    Some(Stop { reason, detail })
}

/// A reason to stop: its word, and a sentence.
pub(crate) fn stop_words(reason: &StopReason) -> (&'static str, String) {
    match reason {
        StopReason::Target => ("target", "the target was reached".to_owned()),
        StopReason::Budget { budget } => {
            ("budget", format!("the {} budget was used up", budget.word()))
        }
        StopReason::Exhausted { detail } => {
            ("exhausted", format!("the proposer finds nothing new: {detail}"))
        }
        StopReason::Interrupted => ("interrupted", "it was asked to stop".to_owned()),
        StopReason::Fault { detail } => ("fault", detail.clone()),
        StopReason::BadStart { detail } => {
            ("bad-start", format!("the start program fails its own evaluation: {detail}"))
        }
    }
}

/// How many candidates are where. The start counts nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CandidateCounts {
    /// Programs that were proposed.
    pub proposed: u64,
    /// Candidates whose evaluation ended, failures included.
    pub evaluated: u64,
    /// Evaluated ones that failed.
    pub failed: u64,
    /// Proposals that became no candidate program.
    pub rejected: u64,
    /// Evaluated since the best last changed.
    pub since_gain: u64,
}

/// What was spent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    /// US dollars.
    pub usd: f64,
    /// Model tokens.
    pub tokens: u64,
    /// Seconds the run was up, pauses left out.
    pub wall_s: f64,
}

impl Cost {
    /// What was spent by then.
    pub fn of(facts: &Facts, moment: &Moment) -> Self {
        // A process that is gone was up until its last event.
        let until = match RunState::of(facts, moment.process) {
            RunState::Gone => facts.last_at,
            _ => moment.now,
        };
        Self {
            usd: facts.spend.usd.dollars(),
            tokens: facts.spend.tokens,
            wall_s: facts.wall.up(until).as_secs_f64(),
        }
    }
}

impl Cost {
    /// So many candidates per minute, over the time the run was up; none before the first.
    pub fn rate(&self, evaluated: u64) -> Option<f64> {
        (evaluated > 0).then(|| evaluated as f64 * 60.0 / self.wall_s).and_then(finite)
    }
}

/// A whole number or an amount.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Amount {
    /// Of candidates or tokens.
    Count(u64),
    /// Of dollars or seconds.
    Real(f64),
}

impl Amount {
    /// As a number to compute with.
    pub fn value(self) -> f64 {
        match self {
            Self::Count(n) => n as f64,
            Self::Real(x) => x,
        }
    }

    fn is_zero(&self) -> bool {
        self.value() == 0.0
    }
}

/// A limit and how much of it is used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BudgetUse {
    /// The limit.
    pub limit: Amount,
    /// How much is used.
    pub used: Amount,
    /// Set aside for proposals under way, on top of `used`.
    #[serde(skip_serializing_if = "Amount::is_zero")]
    pub reserved: Amount,
}

fn budget(facts: &Facts, cost: &Cost) -> BTreeMap<&'static str, BudgetUse> {
    let reserved = facts.reserved();
    let nothing = Amount::Count(0);
    let budget = &facts.budget;
    let rows = [
        (
            "candidates",
            budget.candidates.map(Amount::Count),
            Amount::Count(facts.counts.evaluated),
            nothing,
        ),
        (
            "usd",
            budget.usd.map(Amount::Real),
            Amount::Real(cost.usd),
            Amount::Real(reserved.usd.dollars()),
        ),
        (
            "wall",
            budget.wall.map(|span| Amount::Real(span.0.as_secs_f64())),
            Amount::Real(cost.wall_s),
            nothing,
        ),
        (
            "tokens",
            budget.tokens.map(Amount::Count),
            Amount::Count(cost.tokens),
            Amount::Count(reserved.tokens),
        ),
        (
            "stagnation",
            budget.stagnation.map(Amount::Count),
            Amount::Count(facts.counts.since_gain),
            nothing,
        ),
    ];
    rows.into_iter()
        .filter_map(|(key, limit, used, reserved)| {
            Some((key, BudgetUse { limit: limit?, used, reserved }))
        })
        .collect()
}

/// Work that is not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct UnderWay {
    /// Proposals being made.
    pub proposals: usize,
    /// Candidates that wait for evaluation.
    pub waiting: usize,
    /// Candidates being evaluated.
    pub evaluations: usize,
}

impl Status {
    /// Where the run stands. `path`: where the best program was written, if it was.
    pub fn of(facts: &Facts, moment: &Moment, path: Option<&str>) -> Self {
        let run = &facts.run;
        let cost = Cost::of(facts, moment);
        let counts = &facts.counts;
        Self {
            version: VERSION,
            run: run.run.clone(),
            task: run.task.task.name.clone(),
            state: RunState::of(facts, moment.process),
            stopped: stop_of(facts),
            best: Best::of(facts, path),
            candidates: CandidateCounts {
                proposed: counts.proposed,
                evaluated: counts.evaluated,
                failed: counts.failed,
                rejected: counts.rejected,
                since_gain: counts.since_gain,
            },
            budget: budget(facts, &cost),
            objective: facts.objective().clone(),
            start_score: facts.start_score().and_then(finite),
            under_way: UnderWay {
                proposals: facts.proposing.len(),
                waiting: facts.ready.len(),
                evaluations: facts.evaluating.len(),
            },
            rate_per_min: cost.rate(counts.evaluated),
            cost,
            failures: failures(facts),
            novelty: Novelty::of(facts),
            models: models(facts),
            operators: operators(facts),
            insights: facts.insights.len(),
            proposer: run.proposer.clone(),
            strategy: run.task.search.strategy.clone(),
            seed: run.seed,
            trust: run.task.trust(),
            sandbox: run.sandbox.clone(),
            started_at: facts.started_at,
            last_event_at: facts.last_at,
            evolve: run.evolve.clone(),
            misfits: facts.misfits.clone(),
        }
    }
}
