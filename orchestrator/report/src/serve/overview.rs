//! A run at a glance, its curve, and what it takes to repeat it.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Html;
use evolve_core::Facts;
use evolve_core::outcome::EvalPurpose;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Site;
use super::answer::{Failure, aside, base, run_page};
use super::live::latest;
use crate::chart::Across;
use crate::format::{ago, one_line, printable};
use crate::html::Extras;
use crate::html::budgets::{Budget, budgets};
use crate::html::budgets::{Failure as FailureRow, failures};
use crate::html::curve::Curve;
use crate::html::page::{PathStep, path, trust_note};
use crate::html::rows::{Link, Shown};
use crate::html::run::{Card, Repeat, cards, repeat};
use crate::model::Status;
use crate::text::goal;

/// Steps of the path to the best here; the lineage's page has more.
const PATH: usize = 40;
/// Candidates of the largest run whose canonical hash is made for a page.
const HASHED: usize = 5_000;

/// What is under way in a slot.
#[derive(Serialize)]
pub(super) struct Slot {
    what: &'static str,
    candidate: Link,
    detail: String,
    since: String,
}

/// Links to the candidates' own pages.
pub(super) fn links(facts: &Facts) -> Shown {
    Shown::Pages(format!("{}/candidates", base(facts.run.run.as_str())))
}

/// What is under way, slot by slot; then what waits.
pub(super) fn slots(facts: &Facts, now: Timestamp) -> Vec<Slot> {
    let links = links(facts);
    let since = |id| facts.candidate(id).map_or_else(String::new, |c| ago(c.selected_at, now));
    let proposing = facts.proposing.keys().map(|id| {
        let candidate = facts.candidate(*id);
        let operator = candidate.map_or("", |c| c.selection.operator.word());
        let model = candidate.and_then(|c| c.selection.models.first());
        let model = model.map_or_else(String::new, |m| format!(" by {}", one_line(m.as_str(), 40)));
        Slot {
            what: "proposal",
            candidate: links.link(*id),
            detail: format!("{operator}{model}"),
            since: since(*id),
        }
    });
    let evaluating = facts.evaluating.iter().map(|(id, running)| {
        let purpose = match running.purpose {
            EvalPurpose::Search => "first measurement",
            EvalPurpose::Confirm => "measured again",
            EvalPurpose::Holdout => "held-out cases",
        };
        let (from, to) = running.repeats;
        let repeats =
            if to - from > 1 { format!(", repeats {} to {to}", from + 1) } else { String::new() };
        let attempt = if running.attempt > 1 {
            format!(", attempt {}", running.attempt)
        } else {
            String::new()
        };
        Slot {
            what: "evaluation",
            candidate: links.link(*id),
            detail: format!("{purpose}{repeats}{attempt}"),
            since: since(*id),
        }
    });
    let waiting = facts.ready.iter().map(|id| Slot {
        what: "waiting",
        candidate: links.link(*id),
        detail: String::new(),
        since: since(*id),
    });
    proposing.chain(evaluating).chain(waiting).collect()
}

#[derive(Serialize)]
struct Overview {
    description: String,
    metric: String,
    goal: &'static str,
    trust: &'static str,
    trust_note: String,
    sandbox: Vec<String>,
    misfits: Vec<String>,
    cards: Vec<Card>,
    curve: Curve,
    budgets: Vec<Budget>,
    failures: Vec<FailureRow>,
    novelty: Option<String>,
    path: Vec<PathStep>,
    path_left_out: usize,
}

/// Which curve is asked for.
#[derive(Deserialize)]
pub(super) struct Axis {
    #[serde(default)]
    x: String,
}

impl Axis {
    fn across(&self) -> Across {
        match self.x.as_str() {
            "time" => Across::Time,
            "usd" => Across::Usd,
            _ => Across::Candidates,
        }
    }

    fn word(&self) -> &'static str {
        match self.across() {
            Across::Time => "time",
            Across::Usd => "usd",
            Across::Candidates => "candidates",
        }
    }
}

/// `/runs/RUN`
pub(super) async fn page(
    State(site): State<Site>,
    Path(run): Path<String>,
    Query(axis): Query<Axis>,
) -> Result<Html<String>, Failure> {
    run_page(site, run, "overview-page.html", "Overview", move |live, status, context| {
        let facts = live.facts();
        let shown = links(facts);
        let task = &facts.run.task;
        let (path, path_left_out) =
            facts.best.map_or_else(Default::default, |best| path(facts, best, &shown, PATH));
        context.insert(
            "page",
            &Overview {
                description: task.task.description.as_deref().map_or_else(String::new, |text| {
                    printable(&text.chars().take(4_000).collect::<String>()).into_owned()
                }),
                metric: one_line(&status.objective.metric, 80),
                goal: goal(status.objective.goal),
                trust: status.trust,
                trust_note: trust_note(task),
                sandbox: status.sandbox.iter().map(|line| one_line(line, 400)).collect(),
                misfits: status.misfits.iter().map(|line| one_line(line, 200)).collect(),
                cards: cards(status, facts),
                curve: Curve::across(facts, &shown, axis.across())?,
                budgets: budgets(status),
                failures: failures(status, &shown),
                novelty: status.novelty.sentence(),
                path,
                path_left_out,
            },
        );
        context.insert("axis", axis.word());
        context.insert("slots", &slots(facts, live.moment().now));
        context.insert("counts", &facts.slots);
        context.insert("latest", &latest(live));
        Ok(())
    })
    .await
}

#[derive(Serialize)]
struct Progress {
    metric: String,
    goal: &'static str,
    curve: Curve,
    budgets: Vec<Budget>,
}

/// `/runs/RUN/curve`: the part of the page that has the curve and the budgets.
pub(super) async fn curve(
    State(site): State<Site>,
    Path(run): Path<String>,
    Query(axis): Query<Axis>,
) -> Result<Html<String>, Failure> {
    run_page(site, run, "progress-part.html", "", move |live, status, context| {
        let facts = live.facts();
        context.insert(
            "page",
            &Progress {
                metric: one_line(&status.objective.metric, 80),
                goal: goal(status.objective.goal),
                curve: Curve::across(facts, &links(facts), axis.across())?,
                budgets: budgets(status),
            },
        );
        context.insert("axis", axis.word());
        Ok(())
    })
    .await
}

#[derive(Serialize)]
struct RepeatPage {
    repeat: Repeat,
}

/// `/runs/RUN/repeat`
pub(super) async fn repeat_page(
    State(site): State<Site>,
    Path(run): Path<String>,
) -> Result<Html<String>, Failure> {
    run_page(site, run, "repeat-page.html", "To repeat it", move |live, _, context| {
        let facts = live.facts();
        let hashed = facts.candidates.len() <= HASHED;
        let repeat = repeat(facts, &live.moment(), &Extras::default(), hashed);
        context.insert("page", &RepeatPage { repeat });
        Ok(())
    })
    .await
}

/// `/api/runs/RUN`
pub(super) async fn api(
    State(site): State<Site>,
    Path(run): Path<String>,
) -> Result<Json<Status>, Failure> {
    aside(move || {
        site.runs.with(&run, |live| Ok(Json(Status::of(live.facts(), &live.moment(), None))))
    })
    .await
}
