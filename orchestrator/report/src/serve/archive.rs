//! The archive: a grid over two descriptors, and the islands.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::response::Html;
use evolve_core::task::ParameterValue;
use evolve_core::{CandidateId, Facts};
use serde::{Deserialize, Serialize};

use super::Site;
use super::answer::{Failure, run_page};
use super::overview::links;
use crate::format::{ScoreFormat, count, one_line};
use crate::html::rows::Link;

/// Cells along each axis.
const BINS: usize = 16;
/// Steps of colour.
const SHADES: usize = 9;
/// What every candidate has.
const OWN: [&str; 4] = ["complexity", "distance", "size", "generation"];

/// Which grid is asked for.
#[derive(Deserialize, Serialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    x: String,
    y: String,
    island: String,
}

/// A cell that has a candidate.
#[derive(Serialize)]
struct Cell {
    /// Place from the left and from the bottom.
    column: usize,
    row: usize,
    /// 0 for the worst elite to 8 for the best, by rank.
    shade: usize,
    elite: Link,
    score: String,
    count: String,
}

#[derive(Serialize)]
struct Grid {
    x: String,
    y: String,
    bins: usize,
    x_low: String,
    x_high: String,
    y_low: String,
    y_high: String,
    cells: Vec<Cell>,
    filled: usize,
}

/// The descriptors that can be axes: the strategy's own first.
fn descriptors(facts: &Facts) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    if let Some(ParameterValue::Names(own)) = facts.run.task.search.parameters.get("descriptors") {
        names.extend(own.iter().filter(|name| *name != "score").cloned());
    }
    names.extend(OWN.iter().map(ToString::to_string));
    let metrics = facts.best().and_then(|best| best.evaluation.as_ref());
    names.extend(metrics.into_iter().flat_map(|evaluation| evaluation.metrics.keys().cloned()));
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

fn grid(facts: &Facts, x: &str, y: &str, island: Option<u32>) -> Grid {
    let points: Vec<(f64, f64, f64, CandidateId)> = facts
        .candidates
        .iter()
        .filter(|c| island.is_none_or(|island| c.selection.island == island))
        .filter_map(|c| {
            let score = c.score().filter(|score| score.is_finite())?;
            Some((c.descriptor(x)?, c.descriptor(y)?, score, c.id))
        })
        .collect();
    let range = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    };
    let (x_low, x_high) = range(&mut points.iter().map(|p| p.0));
    let (y_low, y_high) = range(&mut points.iter().map(|p| p.1));
    let bin = |value: f64, low: f64, high: f64| {
        let share = (value - low) / (high - low);
        if share.is_finite() { ((share * BINS as f64) as usize).min(BINS - 1) } else { 0 }
    };
    let goal = facts.objective().goal;
    let mut cells: BTreeMap<(usize, usize), (f64, CandidateId, u64)> = BTreeMap::new();
    for (px, py, score, id) in points {
        let at = (bin(px, x_low, x_high), bin(py, y_low, y_high));
        let cell = cells.entry(at).or_insert((score, id, 0));
        cell.2 += 1;
        if goal.is_better(score, cell.0) {
            (cell.0, cell.1) = (score, id);
        }
    }
    let mut scores: Vec<f64> = cells.values().map(|(score, _, _)| *score).collect();
    scores.sort_by(|a, b| goal.order(*a, *b));
    scores.dedup();
    let format = ScoreFormat::telling_apart(scores.iter().copied());
    let top = scores.len().saturating_sub(1).max(1);
    let links = links(facts);
    let filled = cells.len();
    let cells = cells.into_iter().map(|((column, row), (score, id, n))| Cell {
        column,
        row: BINS - 1 - row,
        shade: scores.partition_point(|s| goal.is_better(score, *s)) * (SHADES - 1) / top,
        elite: links.link(id),
        score: format.score(score),
        count: count(n),
    });
    let words =
        |value: f64| if value.is_finite() { format!("{value:.3}") } else { "–".to_owned() };
    Grid {
        x: one_line(x, 60),
        y: one_line(y, 60),
        bins: BINS,
        x_low: words(x_low),
        x_high: words(x_high),
        y_low: words(y_low),
        y_high: words(y_high),
        cells: cells.collect(),
        filled,
    }
}

/// An island.
#[derive(Serialize)]
struct Island {
    number: u32,
    candidates: String,
    evaluated: String,
    failed: String,
    best: Option<Link>,
    score: String,
    gain: String,
    /// Candidates since its best.
    since: String,
    /// Candidates whose first parent lives elsewhere, by where.
    arrivals: String,
}

#[derive(Default)]
struct Tally {
    candidates: u64,
    evaluated: u64,
    failed: u64,
    best: Option<(f64, CandidateId)>,
    since: u64,
    arrivals: BTreeMap<u32, u64>,
}

fn islands(facts: &Facts) -> Vec<Island> {
    let goal = facts.objective().goal;
    let mut all: BTreeMap<u32, Tally> = BTreeMap::new();
    for candidate in facts.candidates.iter().skip(1) {
        let tally = all.entry(candidate.selection.island).or_default();
        tally.candidates += 1;
        let from = candidate.parents().first().and_then(|id| facts.candidate(*id));
        // The start belongs to every island.
        if let Some(from) = from.filter(|from| from.id != CandidateId::START) {
            let home = from.selection.island;
            if home != candidate.selection.island {
                *tally.arrivals.entry(home).or_default() += 1;
            }
        }
        if candidate.evaluation.is_none() {
            continue;
        }
        tally.evaluated += 1;
        tally.since += 1;
        match candidate.score() {
            None => tally.failed += 1,
            Some(score) if tally.best.is_none_or(|(best, _)| goal.is_better(score, best)) => {
                tally.best = Some((score, candidate.id));
                tally.since = 0;
            }
            Some(_) => {}
        }
    }
    let scores = all.values().filter_map(|tally| tally.best.map(|(score, _)| score));
    let format = ScoreFormat::telling_apart(scores);
    let links = links(facts);
    all.into_iter()
        .map(|(number, tally)| Island {
            number,
            candidates: count(tally.candidates),
            evaluated: count(tally.evaluated),
            failed: count(tally.failed),
            best: tally.best.map(|(_, id)| links.link(id)),
            score: format.maybe(tally.best.map(|(score, _)| score)),
            gain: format.maybe_gain(tally.best.and_then(|(score, _)| facts.gain(score))),
            since: count(tally.since),
            arrivals: tally
                .arrivals
                .iter()
                .map(|(from, n)| format!("{} from {from}", count(*n)))
                .collect::<Vec<_>>()
                .join(", "),
        })
        .collect()
}

/// `/runs/RUN/archive`
pub(super) async fn page(
    State(site): State<Site>,
    Path(run): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Failure> {
    run_page(site, run, "archive-page.html", "Archive", move |live, _, context| {
        let facts = live.facts();
        let names = descriptors(facts);
        let pick = |wanted: &str, place: usize| {
            names.iter().find(|name| *name == wanted).unwrap_or(&names[place]).clone()
        };
        let (x, y) = (pick(&asked.x, 0), pick(&asked.y, 1));
        let island: Option<u32> = asked.island.parse().ok();
        context.insert("grid", &grid(facts, &x, &y, island));
        context.insert("names", &names);
        context.insert("asked", &Asked { x, y, island: asked.island });
        context.insert("islands", &islands(facts));
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scored_candidate_is_in_a_cell_and_the_elite_is_its_best() {
        let facts = Facts::fold(&evolve_testkit::generated::events(3, 400)).unwrap();
        let grid = grid(&facts, "complexity", "distance", None);
        let inside: u64 =
            grid.cells.iter().map(|c| c.count.replace(',', "").parse::<u64>().unwrap()).sum();
        let scored = facts.candidates.iter().filter(|c| c.score().is_some() && c.shape.is_some());
        assert_eq!(inside as usize, scored.count());
        assert!(grid.cells.iter().all(|c| c.column < BINS && c.row < BINS && c.shade < SHADES));
        if inside > 0 {
            assert!(grid.cells.iter().any(|c| c.shade == SHADES - 1 || grid.filled == 1));
        }
    }

    #[test]
    fn islands_count_every_candidate_once() {
        let facts = Facts::fold(&evolve_testkit::generated::events(3, 400)).unwrap();
        let islands = islands(&facts);
        let sum: u64 = islands.iter().map(|i| i.candidates.parse::<u64>().unwrap()).sum();
        assert_eq!(sum, facts.candidates.len() as u64 - 1);
    }
}
