//! The Pareto front of a run with several objectives.

use axum::extract::{Path, Query, State};
use axum::response::Html;
use evolve_core::{CandidateId, Facts};
use serde::{Deserialize, Serialize};

use super::Site;
use super::answer::{Failure, run_page};
use super::overview::links;
use crate::format::{ScoreFormat, one_line};
use crate::html::rows::Link;
use crate::model::Front;
use crate::text::goal;

/// Points that are drawn besides the front.
const DOTS: usize = 600;
/// Rows of the table.
const ROWS: usize = 300;

/// Which axes are asked for.
#[derive(Deserialize, Serialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    x: String,
    y: String,
}

/// A point of the picture, in thousandths of its sides.
#[derive(Serialize)]
struct Point {
    x: f64,
    y: f64,
    front: bool,
    best: bool,
    link: Link,
    words: String,
}

#[derive(Serialize)]
struct FrontRow {
    link: Link,
    best: bool,
    values: Vec<(String, String)>,
}

#[derive(Serialize)]
struct FrontPage {
    objectives: Vec<(String, &'static str)>,
    rows: Vec<FrontRow>,
    left_out: usize,
    hypervolume: String,
    points: Vec<Point>,
    x_ends: (String, String),
    y_ends: (String, String),
}

/// Where two values lie between the least and the greatest; better is right and up.
fn points(facts: &Facts, front: &Front, x: usize, y: usize) -> (Vec<Point>, [f64; 4]) {
    let objectives = &facts.run.task.objective;
    let values = |id: CandidateId| {
        let candidate = facts.candidate(id)?;
        candidate.score()?;
        let metrics = &candidate.evaluation.as_ref()?.metrics;
        Some((objectives[x].score(metrics)?, objectives[y].score(metrics)?))
    };
    let on_front: std::collections::BTreeSet<_> =
        front.points.iter().map(|point| point.candidate).collect();
    let stride = facts.candidates.len().div_ceil(DOTS).max(1);
    let others = facts.candidates.iter().step_by(stride).map(|c| c.id);
    let others = others.filter(|id| !on_front.contains(id)).map(|id| (id, false));
    let all: Vec<_> = others
        .chain(front.points.iter().take(DOTS).map(|point| (point.candidate, true)))
        .filter_map(|(id, front)| Some((id, front, values(id)?)))
        .collect();
    let mut ends = [f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY];
    for (_, _, (a, b)) in &all {
        ends = [ends[0].min(*a), ends[1].max(*a), ends[2].min(*b), ends[3].max(*b)];
    }
    let links = links(facts);
    let place = |value: f64, low: f64, high: f64, turned: bool| {
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        let share = if turned { 1.0 - share } else { share };
        (share * 1000.0).round()
    };
    let less = |i: usize| objectives[i].goal == evolve_core::Goal::Minimize;
    let points = all.into_iter().map(|(id, front, (a, b))| Point {
        x: place(a, ends[0], ends[1], less(x)),
        y: 1000.0 - place(b, ends[2], ends[3], less(y)),
        front,
        best: facts.best == Some(id),
        link: links.link(id),
        words: format!("{id}: {a} and {b}"),
    });
    (points.collect(), ends)
}

/// `/runs/RUN/front`
pub(super) async fn page(
    State(site): State<Site>,
    Path(run): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Failure> {
    run_page(site, run, "front-page.html", "Pareto front", move |live, _, context| {
        let facts = live.facts();
        let front = Front::of(facts);
        let objectives = &front.objectives;
        let pick = |wanted: &str, place: usize| {
            let found = objectives.iter().position(|objective| objective.metric == wanted);
            found.unwrap_or(place.min(objectives.len() - 1))
        };
        let (x, y) = (pick(&asked.x, 0), pick(&asked.y, 1));
        let (points, ends) = points(facts, &front, x, y);
        let formats: Vec<_> = objectives
            .iter()
            .map(|o| {
                let values =
                    front.points.iter().filter_map(|point| *point.values.get(&o.metric)?);
                ScoreFormat::telling_apart(values)
            })
            .collect();
        let links = links(facts);
        let rows = front.points.iter().take(ROWS).map(|point| FrontRow {
            link: links.link(point.candidate),
            best: point.is_best,
            values: objectives
                .iter()
                .zip(&formats)
                .map(|(o, format)| {
                    let value = point.values.get(&o.metric).copied().flatten();
                    (value.map(|x| x.to_string()).unwrap_or_default(), format.maybe(value))
                })
                .collect(),
        });
        let end = |value: f64| if value.is_finite() { format!("{value:.4}") } else { "–".into() };
        // Better is right and up: of what should be small the largest value is at the left.
        let ordered = |i: usize, low: f64, high: f64| match objectives[i].goal {
            evolve_core::Goal::Maximize => (end(low), end(high)),
            evolve_core::Goal::Minimize => (end(high), end(low)),
        };
        context.insert(
            "page",
            &FrontPage {
                objectives: objectives
                    .iter()
                    .map(|o| (one_line(&o.metric, 80), goal(o.goal)))
                    .collect(),
                rows: rows.collect(),
                left_out: front.points.len().saturating_sub(ROWS),
                hypervolume: front
                    .hypervolume
                    .map_or_else(|| "–".to_owned(), |v| format!("{v:.4}")),
                points,
                x_ends: ordered(x, ends[0], ends[1]),
                y_ends: ordered(y, ends[2], ends[3]),
            },
        );
        context.insert(
            "asked",
            &Asked { x: objectives[x].metric.clone(), y: objectives[y].metric.clone() },
        );
        Ok(())
    })
    .await
}
