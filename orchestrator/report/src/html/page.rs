//! Everything on the page, as the template takes it: texts that are ready to be shown.

use evolve_core::ports::BlobStore;
use evolve_core::task::{TaskConfig, Trust};
use evolve_core::{CandidateId, Facts};
use serde::Serialize;

use super::Extras;
use super::budgets::{Budget, Failure, Model, Operator, budgets, failures, models, operators};
use super::curve::Curve;
use super::programs::Best;
use super::rows::{Link, Rows, Shown};
use super::run::{Card, Insight, Repeat, Worth, cards, insights, predictions, repeat, worth};
use crate::bench::Beside;
use crate::format::{ScoreFormat, count, moment, one_line, printable, stamp};
use crate::model::{LineageView, Moment, RunState, Status};
use crate::text::goal;
use crate::write::ReportError;

/// Steps on the path to the best that are shown.
pub(crate) const PATH: usize = 300;

/// The page's data.
#[derive(Serialize)]
pub(crate) struct Page {
    task: String,
    run: String,
    description: String,
    /// A metric's name, for example `sum_of_radii`.
    metric: String,
    goal: &'static str,
    state: &'static str,
    /// `ok`, `bad` or `open`, for the style only.
    tone: &'static str,
    state_note: String,
    trust: &'static str,
    trust_note: String,
    sandbox: Vec<String>,
    misfits: Vec<String>,
    started: String,
    last_event: String,
    made: String,
    cards: Vec<Card>,
    curve: Curve,
    /// After how many candidates the run is laid beside a bench; empty where it is not.
    beside_at: String,
    beside: Vec<[String; 4]>,
    budgets: Vec<Budget>,
    failures: Vec<Failure>,
    /// What was proposed that was there before.
    novelty: Option<String>,
    best: Option<Best>,
    path: Vec<PathStep>,
    path_left_out: usize,
    candidates: Rows,
    insights: Vec<Insight>,
    insights_left_out: usize,
    worth: Vec<Worth>,
    predictions: String,
    models: Vec<Model>,
    operators: Vec<Operator>,
    repeat: Repeat,
}

/// A step on the path to the best.
#[derive(Serialize)]
pub(crate) struct PathStep {
    candidate: Link,
    operator: &'static str,
    model: String,
    change: String,
    status: &'static str,
    score: String,
    step: String,
    gain: String,
}

impl Page {
    pub(crate) fn of(
        facts: &Facts,
        blobs: &dyn BlobStore,
        now: &Moment,
        extras: &Extras,
    ) -> Result<Self, ReportError> {
        let status = Status::of(facts, now, None);
        let shown = Shown::of(facts);
        let task = &facts.run.task;
        let beside = extras.beside.as_ref();
        let (tone, state_note) = state(&status);
        let (insights, insights_left_out) = insights(facts, &shown);
        let (path, path_left_out) =
            facts.best.map_or_else(Default::default, |best| path(facts, best, &shown, PATH));
        Ok(Self {
            task: one_line(&status.task, 120),
            run: one_line(status.run.as_str(), 200),
            description: task.task.description.as_deref().map_or_else(String::new, |text| {
                printable(&text.chars().take(4_000).collect::<String>()).into_owned()
            }),
            metric: one_line(&status.objective.metric, 80),
            goal: goal(status.objective.goal),
            state: status.state.word(),
            tone,
            state_note,
            trust: status.trust,
            trust_note: trust_note(task),
            sandbox: status.sandbox.iter().map(|line| one_line(line, 400)).collect(),
            misfits: status.misfits.iter().map(|line| one_line(line, 200)).collect(),
            started: moment(status.started_at, now.now),
            last_event: moment(status.last_event_at, now.now),
            made: stamp(now.now),
            cards: cards(&status, facts),
            curve: Curve::of(facts, &shown)?,
            beside_at: beside.map_or_else(String::new, |beside| count(beside.candidates)),
            beside: beside.map(Beside::cells).unwrap_or_default(),
            budgets: budgets(&status),
            failures: failures(&status, &shown),
            novelty: status.novelty.sentence(),
            best: Best::of(facts, blobs),
            path,
            path_left_out,
            candidates: Rows::of(facts, &shown),
            insights,
            insights_left_out,
            worth: worth(facts),
            predictions: predictions(facts),
            models: models(&status),
            operators: operators(&status),
            repeat: repeat(facts, now, extras, true),
        })
    }
}

/// A run's state: its tone for the style, and a sentence.
pub(crate) fn state(status: &Status) -> (&'static str, String) {
    match (&status.stopped, status.state) {
        (Some(stop), _) => {
            let bad = matches!(stop.reason, "fault" | "bad-start");
            (if bad { "bad" } else { "ok" }, one_line(&stop.detail, 600))
        }
        (None, RunState::Gone) => {
            ("bad", "its process ended without a word; `evolve resume` goes on".to_owned())
        }
        (None, RunState::Running) => ("open", "this page shows one moment of it".to_owned()),
        (None, RunState::Paused) => ("open", "nothing new starts".to_owned()),
        (None, _) => ("open", "what is under way ends, then it stops".to_owned()),
    }
}

/// The path to the best, oldest first, so many of its newest steps, and how many are left out.
pub(crate) fn path(
    facts: &Facts,
    best: CandidateId,
    shown: &Shown,
    most: usize,
) -> (Vec<PathStep>, usize) {
    let Some(view) = LineageView::of(facts, best) else { return (Vec::new(), 0) };
    let left_out = view.steps.len().saturating_sub(most);
    let format = ScoreFormat::telling_apart(view.steps.iter().filter_map(|step| step.score));
    let steps = view.steps.into_iter().skip(left_out);
    let steps = steps
        .map(|step| PathStep {
            candidate: shown.link(step.candidate),
            operator: step.operator.word(),
            model: step.model.map_or_else(String::new, |model| one_line(model.as_str(), 40)),
            change: one_line(&step.change, 300),
            status: step.status,
            score: format.maybe(step.score),
            step: format.maybe_gain(step.step),
            gain: format.maybe_gain(step.gain),
        })
        .collect();
    (steps, left_out)
}

/// What the word of trust means.
pub(crate) fn trust_note(task: &TaskConfig) -> String {
    let writes = match task.evaluator.trust {
        Trust::Split => {
            "candidates run in one sandbox and are judged in another; only the judge writes results"
        }
        Trust::InProcess => {
            "the candidate shares a process with the judge and could have written its own result: \
             believe these scores as far as you believe the programs"
        }
    };
    let shares = if task.shares_cache() {
        "; all candidates share a cache, so that one could have left something there for the next"
    } else {
        ""
    };
    format!("{writes}{shares}")
}
