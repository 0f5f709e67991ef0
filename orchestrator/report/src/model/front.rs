//! The Pareto front of a run with several objectives.

use std::cmp::Ordering;

use evolve_core::facts::CandidateFacts;
use evolve_core::{CandidateId, Facts, Objective, RunId};
use serde::Serialize;

use super::{Numbers, VERSION, finite};

/// Most points whose hypervolume is computed: it takes longer than their number.
const MEASURED: usize = 200;

/// A candidate that no other beats in every objective.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FrontPoint {
    /// Which.
    pub candidate: CandidateId,
    /// Its value by objective.
    pub values: Numbers,
    /// Whether it is the run's best.
    pub is_best: bool,
}

/// Answer of `evolve best RUN --front --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Front {
    /// [`VERSION`].
    pub version: u32,
    /// The run.
    pub run: RunId,
    /// The objectives, the primary one first.
    pub objectives: Vec<Objective>,
    /// Best by the primary objective first.
    pub points: Vec<FrontPoint>,
    /// The volume that the points dominate beyond the start, as a multiple of what the start's
    /// distance to the best value of each objective spans: 1 would be a point that is best in
    /// all. None without a start, or where an objective did not gain on it.
    pub hypervolume: Option<f64>,
}

impl Front {
    /// The front over all believed results that have every objective.
    pub fn of(facts: &Facts) -> Self {
        let objectives = &facts.run.task.objective;
        let mut all: Vec<(CandidateId, Vec<f64>)> = facts
            .candidates
            .iter()
            .filter_map(|candidate| Some((candidate.id, turned(objectives, candidate)?)))
            .collect();
        // Who comes later can only be dominated by who came before.
        all.sort_by(|a, b| descending(&a.1, &b.1).then(a.0.cmp(&b.0)));
        let mut points: Vec<(CandidateId, Vec<f64>)> = Vec::new();
        for (id, values) in all {
            if !points.iter().any(|(_, other)| covers(other, &values)) {
                points.push((id, values));
            }
        }
        let start = facts.candidate(CandidateId::START);
        let start = start.and_then(|start| turned(objectives, start));
        let hypervolume = start.and_then(|start| relative_volume(&points, &start));
        let view = |(id, values): &(CandidateId, Vec<f64>)| FrontPoint {
            candidate: *id,
            values: objectives
                .iter()
                .zip(values)
                .map(|(o, value)| (o.metric.clone(), finite(o.goal.turned(*value))))
                .collect(),
            is_best: facts.best == Some(*id),
        };
        Self {
            version: VERSION,
            run: facts.run.run.clone(),
            objectives: objectives.clone(),
            points: points.iter().map(view).collect(),
            hypervolume,
        }
    }
}

/// A candidate's values, turned so that more is better. The primary one is the mean over its
/// repeats.
fn turned(objectives: &[Objective], candidate: &CandidateFacts) -> Option<Vec<f64>> {
    let score = candidate.score().filter(|score| score.is_finite())?;
    let metrics = &candidate.evaluation.as_ref()?.metrics;
    let value = |(i, objective): (usize, &Objective)| {
        let value = if i == 0 { Some(score) } else { objective.score(metrics) };
        value.map(|value| objective.goal.turned(value) + 0.0)
    };
    objectives.iter().enumerate().map(value).collect()
}

fn descending(a: &[f64], b: &[f64]) -> Ordering {
    let each = a.iter().zip(b).map(|(a, b)| b.total_cmp(a));
    each.fold(Ordering::Equal, Ordering::then)
}

/// Whether the first is at least as good in every objective.
fn covers(one: &[f64], other: &[f64]) -> bool {
    one.iter().zip(other).all(|(one, other)| one >= other)
}

fn relative_volume(points: &[(CandidateId, Vec<f64>)], start: &[f64]) -> Option<f64> {
    let best = |i: usize| points.iter().map(|(_, values)| values[i]).fold(start[i], f64::max);
    let spans: Vec<f64> = (0..start.len()).map(|i| best(i) - start[i]).collect();
    if spans.iter().any(|span| !(*span > 0.0 && span.is_finite())) {
        return None;
    }
    let scaled = points.iter().take(MEASURED).map(|(_, values)| {
        let share = |(i, value): (usize, &f64)| ((value - start[i]) / spans[i]).max(0.0);
        values.iter().enumerate().map(share).collect::<Vec<f64>>()
    });
    finite(volume(&scaled.collect::<Vec<_>>()))
}

/// The volume between the origin and the points, exactly: by slices along the last axis (Zitzler
/// 1999, hypervolume by slicing objectives).
fn volume(points: &[Vec<f64>]) -> f64 {
    let Some(dimensions) = points.first().map(Vec::len) else { return 0.0 };
    if dimensions == 1 {
        return points.iter().map(|point| point[0]).fold(0.0, f64::max);
    }
    let mut order: Vec<&Vec<f64>> = points.iter().collect();
    order.sort_by(|a, b| b[dimensions - 1].total_cmp(&a[dimensions - 1]));
    let mut sum = 0.0;
    for (i, point) in order.iter().enumerate() {
        let top = point[dimensions - 1];
        let bottom = order.get(i + 1).map_or(0.0, |next| next[dimensions - 1]);
        if top > bottom {
            let slice = order[..=i].iter().map(|point| point[..dimensions - 1].to_vec());
            sum += (top - bottom) * volume(&slice.collect::<Vec<_>>());
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_those_of_the_union_of_boxes() {
        let close = |points: &[Vec<f64>], expected: f64| {
            assert!((volume(points) - expected).abs() < 1e-12, "{points:?}: {}", volume(points));
        };
        close(&[], 0.0);
        close(&[vec![1.0, 1.0]], 1.0);
        // 3×1 and 1×2 share 1×1.
        close(&[vec![3.0, 1.0], vec![1.0, 2.0]], 4.0);
        // Who is covered adds nothing.
        close(&[vec![3.0, 1.0], vec![1.0, 2.0], vec![0.5, 0.5]], 4.0);
        // Boxes 2×1×1, 1×2×1 and 1×1×2 share the unit cube: 6 − 2.
        close(&[vec![2.0, 1.0, 1.0], vec![1.0, 2.0, 1.0], vec![1.0, 1.0, 2.0]], 4.0);
    }

    #[test]
    fn the_front_of_the_best_in_all_spans_everything() {
        let points = [(CandidateId(1), vec![2.0, 5.0]), (CandidateId(2), vec![1.0, 5.0])];
        assert_eq!(relative_volume(&points, &[0.0, 1.0]), Some(1.0));
        assert_eq!(relative_volume(&points, &[0.0, 5.0]), None, "nobody gained on the second");
    }
}
