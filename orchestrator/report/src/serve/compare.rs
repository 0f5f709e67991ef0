//! Runs side by side.

use axum::extract::{Query, State};
use axum::response::Html;
use evolve_core::Facts;
use serde::Serialize;

use super::Site;
use super::answer::{Failure, aside, base, encoded, frame};
use crate::chart::{self, Across, Chart, MOST_SERIES, Series};
use crate::format::{ScoreFormat, count, duration, one_line};
use crate::html::axis::Axis;
use crate::html::curve::changes;
use crate::model::{Moment, Status};
use crate::text::dollars;

/// A run beside others.
#[derive(Serialize)]
struct Column {
    letter: String,
    run: String,
    href: String,
    /// Its name as a part of an address.
    query: String,
    task: String,
    metric: String,
    state: &'static str,
    score: String,
    gain: String,
    candidates: String,
    failed: String,
    rate: String,
    cost: String,
    time: String,
    strategy: String,
    proposer: String,
    models: String,
    seed: String,
}

/// What is kept of a run while others are read.
struct Side {
    status: Status,
    task: String,
    models: String,
    /// Gain of the best, by what it is drawn against.
    curve: Vec<(f64, f64)>,
    last: f64,
}

fn side(facts: &Facts, moment: &Moment, across: Across) -> Side {
    let axis = Axis::of(facts, across);
    let models = facts.run.task.model.iter().map(|model| one_line(model.name.as_str(), 40));
    let curve = changes(facts)
        .iter()
        .filter_map(|change| Some((axis.of_change(change), facts.gain(change.score)?)))
        .collect();
    Side {
        status: Status::of(facts, moment, None),
        task: one_line(&facts.run.task.task.name, 80),
        models: models.collect::<Vec<_>>().join(", "),
        curve,
        last: axis.last(),
    }
}

fn drawn(sides: &[Side], across: Across) -> Option<String> {
    let gains = || sides.iter().flat_map(|side| side.curve.iter().map(|(_, gain)| *gain));
    let (low, high) = gains()
        .filter(|gain| gain.is_finite())
        .fold((0.0f64, 0.0f64), |(l, h), g| (l.min(g), h.max(g)));
    if high <= low || !(high - low).is_finite() {
        return None;
    }
    let series = sides.iter().take(MOST_SERIES).zip('A'..).map(|(side, letter)| Series {
        name: letter.to_string(),
        points: side.curve.clone(),
        stairs: true,
    });
    let chart = Chart {
        described_by: "compare-caption",
        across,
        first: 0.0,
        last: sides.iter().map(|side| side.last).fold(1e-6, f64::max),
        low: low - (high - low) * 0.03,
        high: high + (high - low) * 0.06,
        series: series.collect(),
        dots: Vec::new(),
        lines: Vec::new(),
    };
    chart::draw(&chart).ok()
}

fn column(side: &Side, letter: char) -> Column {
    let status = &side.status;
    let best = status.best.as_ref();
    let score = best.and_then(|best| best.score);
    let format = ScoreFormat::telling_apart(score.into_iter().chain(status.start_score));
    Column {
        letter: letter.to_string(),
        run: one_line(status.run.as_str(), 120),
        href: base(status.run.as_str()),
        query: encoded(status.run.as_str()),
        task: side.task.clone(),
        metric: one_line(&status.objective.metric, 60),
        state: status.state.word(),
        score: format.maybe(score),
        gain: format.maybe_gain(best.and_then(|best| best.gain)),
        candidates: count(status.candidates.evaluated),
        failed: count(status.candidates.failed),
        rate: status.rate_per_min.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.1}")),
        cost: dollars(status.cost.usd),
        time: duration(status.cost.wall_s),
        strategy: one_line(&status.strategy, 60),
        proposer: one_line(&status.proposer, 60),
        models: side.models.clone(),
        seed: status.seed.to_string(),
    }
}

/// `/compare?run=A&run=B&x=candidates`
pub(super) async fn page(
    State(site): State<Site>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Html<String>, Failure> {
    let values = |wanted: &str| -> Vec<String> {
        pairs.iter().filter(|(key, _)| key == wanted).map(|(_, value)| value.clone()).collect()
    };
    let mut runs = values("run");
    runs.truncate(MOST_SERIES);
    let axis = values("x").pop().unwrap_or_default();
    let (across, axis) = match axis.as_str() {
        "time" => (Across::Time, "time"),
        "usd" => (Across::Usd, "usd"),
        _ => (Across::Candidates, "candidates"),
    };
    aside(move || {
        let sides = runs
            .iter()
            .map(|run| site.runs.with(run, |live| Ok(side(live.facts(), &live.moment(), across))))
            .collect::<Result<Vec<Side>, Failure>>()?;
        let mixed =
            sides.windows(2).any(|pair| pair[0].status.objective != pair[1].status.objective);
        let all: Vec<(String, String, bool)> = site
            .runs
            .lines()?
            .0
            .iter()
            .map(|line| {
                let run = line.run.as_str();
                (run.to_owned(), one_line(&line.task, 60), runs.iter().any(|chosen| chosen == run))
            })
            .collect();
        let columns: Vec<Column> =
            sides.iter().zip('A'..).map(|(side, letter)| column(side, letter)).collect();
        let mut context = frame("Compare runs", None);
        context.insert("columns", &columns);
        context.insert("svg", &drawn(&sides, across));
        context.insert("axis", axis);
        context.insert("mixed", &mixed);
        context.insert("all", &all);
        context.insert("most", &MOST_SERIES);
        Ok(site.pages.render("compare-page.html", &context)?)
    })
    .await
}
