//! All runs of the folder.

use axum::Json;
use axum::extract::State;
use axum::response::Html;
use jiff::Timestamp;
use serde::Serialize;

use super::Site;
use super::answer::{Failure, aside, base, frame};
use crate::format::{ScoreFormat, count, duration, moment, one_line};
use crate::model::{RunLine, RunList};
use crate::text::dollars;

/// A run's row.
#[derive(Serialize)]
pub(super) struct Row {
    run: String,
    href: String,
    task: String,
    state: &'static str,
    tone: &'static str,
    why: String,
    metric: String,
    score: String,
    score_value: String,
    gain: String,
    gain_value: String,
    evaluated: String,
    evaluated_value: u64,
    rate: String,
    rate_value: String,
    cost: String,
    cost_value: f64,
    time: String,
    time_value: f64,
    last: String,
    last_value: i64,
}

impl Row {
    pub(super) fn of(line: &RunLine, now: Timestamp) -> Self {
        let format = ScoreFormat::telling_apart(
            line.score
                .into_iter()
                .chain(line.score.zip(line.gain).map(|(score, gain)| score - gain)),
        );
        let value = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
        let bad = line.stopped.as_ref().is_some_and(|s| matches!(s.reason, "fault" | "bad-start"));
        Self {
            run: one_line(line.run.as_str(), 120),
            href: base(line.run.as_str()),
            task: one_line(&line.task, 80),
            state: line.state.word(),
            tone: match () {
                () if line.state.is_live() => "open",
                () if bad || line.stopped.is_none() => "bad",
                () => "ok",
            },
            why: line.stopped.as_ref().map_or_else(String::new, |stop| one_line(&stop.detail, 160)),
            metric: one_line(&line.metric, 40),
            score: format.maybe(line.score),
            score_value: value(line.score),
            gain: format.maybe_gain(line.gain),
            gain_value: value(line.gain),
            evaluated: count(line.evaluated),
            evaluated_value: line.evaluated,
            rate: line.rate_per_min.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.1}")),
            rate_value: value(line.rate_per_min),
            cost: dollars(line.cost.usd),
            cost_value: line.cost.usd,
            time: duration(line.cost.wall_s),
            time_value: line.cost.wall_s,
            last: moment(line.last_event_at, now),
            last_value: line.last_event_at.as_second(),
        }
    }
}

/// The rows of all runs that can be read, newest first.
pub(super) fn rows(site: &Site) -> Result<Vec<Row>, Failure> {
    let now = Timestamp::now();
    Ok(site.runs.lines()?.0.iter().map(|line| Row::of(line, now)).collect())
}

/// `/`
pub(super) async fn page(State(site): State<Site>) -> Result<Html<String>, Failure> {
    aside(move || {
        let (lines, broken) = site.runs.lines()?;
        let now = Timestamp::now();
        let mut context = frame("Runs", None);
        let rows: Vec<Row> = lines.iter().map(|line| Row::of(line, now)).collect();
        let broken: Vec<_> =
            broken.iter().map(|b| (one_line(&b.run, 120), one_line(&b.why, 400))).collect();
        context.insert("rows", &rows);
        context.insert("broken", &broken);
        Ok(site.pages.render("list.html", &context)?)
    })
    .await
}

/// `/api/runs`
pub(super) async fn api(State(site): State<Site>) -> Result<Json<RunList>, Failure> {
    aside(move || {
        let (lines, broken) = site.runs.lines()?;
        Ok(Json(RunList::new(lines, broken)))
    })
    .await
}
