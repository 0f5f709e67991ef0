//! One finished run, and its best so far as a step function.

use evolve_core::{CandidateId, Facts, Goal};
use serde::{Deserialize, Serialize};

use crate::model::{RunState, stop_of};

/// From this number of evaluated candidates on, this score was the best.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Evaluated candidates, the start not counted; 0 is the start.
    pub candidates: u64,
    /// The best score so far, in the task's own unit.
    pub score: f64,
}

/// A finished run of one strategy on one task with one seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchRun {
    /// The task's name. Runs of one task share a goal and a metric.
    pub task: String,
    /// The strategy's name.
    pub strategy: String,
    /// Seed of every random draw.
    pub seed: u64,
    /// Whether more or less is better.
    pub goal: Goal,
    /// The start's score; none if it failed or the run is seedless.
    pub start: Option<f64>,
    /// The best so far, a point for each time it improved.
    pub curve: Vec<Point>,
    /// Candidates whose evaluation ended, failures included, the start not counted.
    pub evaluated: u64,
    /// Evaluated ones that have no score.
    pub failed: u64,
    /// Proposals that became no candidate.
    pub rejected: u64,
    /// Seconds the run was up, pauses left out.
    pub wall_s: f64,
    /// CPU seconds of its evaluations, the start's included.
    pub cpu_s: f64,
    /// US dollars.
    pub usd: f64,
    /// Model tokens.
    pub tokens: u64,
    /// Why it came to rest, in a few words.
    pub state: String,
}

impl BenchRun {
    /// Under another name than its strategy's, where strategies are not what is compared.
    #[must_use]
    pub fn called(mut self, name: String) -> Self {
        self.strategy = name;
        self
    }

    /// What the facts of a run say. Only results that are believed count: a former best that was
    /// quarantined, or that did not hold when it was measured again, is no part of the curve.
    ///
    /// A candidate counts as evaluated from its last evaluation on, so that confirming ones can
    /// move a point by a few candidates.
    pub fn of(facts: &Facts) -> Self {
        let run = &facts.run;
        let counts = &facts.counts;
        let usage = |c: &evolve_core::facts::CandidateFacts| {
            let both = [c.evaluation.as_ref(), c.holdout.as_ref()];
            both.into_iter().flatten().map(|e| e.usage.cpu_s).sum::<f64>()
        };
        Self {
            task: run.task.task.name.clone(),
            strategy: run.task.search.strategy.clone(),
            seed: run.seed,
            goal: facts.objective().goal,
            start: facts.start_score().filter(|score| score.is_finite()),
            curve: curve(facts),
            evaluated: counts.evaluated,
            failed: counts.failed,
            rejected: counts.rejected,
            wall_s: facts.wall.up(facts.last_at).as_secs_f64(),
            cpu_s: facts.candidates.iter().map(|c| usage(c)).sum(),
            usd: facts.spend.usd.dollars(),
            tokens: facts.spend.tokens,
            state: stop_of(facts).map_or_else(
                || RunState::of(facts, crate::Process::Unknown).word().to_owned(),
                |stop| stop.detail,
            ),
        }
    }
}

/// Each promotion that is still believed and that improved the best.
fn curve(facts: &Facts) -> Vec<Point> {
    let goal = facts.objective().goal;
    let mut ended: Vec<_> = facts
        .candidates
        .iter()
        .filter(|c| c.id != CandidateId::START)
        .filter_map(|c| c.evaluation.as_ref().map(|evaluation| evaluation.seq))
        .collect();
    ended.sort_unstable();
    let mut curve: Vec<Point> = Vec::new();
    for (seq, id) in &facts.promotions {
        let Some(candidate) = facts.candidate(*id) else { continue };
        if candidate.demoted.is_some() && facts.best != Some(*id) {
            continue;
        }
        let Some(score) = candidate.score().filter(|score| score.is_finite()) else { continue };
        let candidates = ended.partition_point(|end| end < seq) as u64;
        match curve.last_mut() {
            Some(last) if !goal.is_better(score, last.score) => {}
            Some(last) if last.candidates == candidates => last.score = score,
            _ => curve.push(Point { candidates, score }),
        }
    }
    curve
}

/// A run's best so far, turned so that more is better: a rising step function.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Steps {
    /// From so many candidates on, this score; both rise strictly.
    points: Vec<(u64, f64)>,
}

impl Steps {
    /// Of any run: points may be in any order, repeat or be no numbers. The start is point 0.
    pub(super) fn of(run: &BenchRun) -> Self {
        let start = run.start.map(|score| Point { candidates: 0, score });
        let mut all: Vec<(u64, f64)> = start
            .into_iter()
            .chain(run.curve.iter().copied())
            .filter(|point| point.score.is_finite())
            // Adding zero takes away the sign of zero.
            .map(|point| (point.candidates, run.goal.turned(point.score) + 0.0))
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        let mut points: Vec<(u64, f64)> = Vec::with_capacity(all.len());
        for point in all {
            if points.last().is_none_or(|last| point.1 > last.1) {
                points.push(point);
            }
        }
        Self { points }
    }

    /// The best after `t` candidates; minus infinity while there is none.
    pub(super) fn at(&self, t: u64) -> f64 {
        let after = self.points.partition_point(|point| point.0 <= t);
        after.checked_sub(1).map_or(f64::NEG_INFINITY, |place| self.points[place].1)
    }

    /// The best of all; minus infinity if there is none.
    pub(super) fn best(&self) -> f64 {
        self.points.last().map_or(f64::NEG_INFINITY, |point| point.1)
    }

    /// The first score: the start's, or that of the first success.
    pub(super) fn first(&self) -> Option<f64> {
        self.points.first().map(|point| point.1)
    }

    /// Where the last improvement is.
    pub(super) fn last_candidate(&self) -> u64 {
        self.points.last().map_or(0, |point| point.0)
    }

    /// Mean over t = 1…`horizon` of (best(t) − worst) / (best − worst), 0 while there is none:
    /// the area under the normalised curve, between 0 and 1. None without a span or a horizon.
    pub(super) fn area(&self, worst: f64, best: f64, horizon: u64) -> Option<f64> {
        // Halves, so that the span of two huge scores is still a number.
        let span = best / 2.0 - worst / 2.0;
        if horizon == 0 || !span.is_finite() || span <= 0.0 {
            return None;
        }
        let mut sum = 0.0;
        for (place, (from, score)) in self.points.iter().enumerate() {
            let end = self.points.get(place + 1).map_or(horizon + 1, |next| next.0);
            let length = end.min(horizon + 1).saturating_sub((*from).max(1));
            let height = ((score / 2.0 - worst / 2.0) / span).clamp(0.0, 1.0);
            sum += height * length as f64;
        }
        Some((sum / horizon as f64).clamp(0.0, 1.0))
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // small fractions are exact
pub(super) mod tests {
    use super::*;

    pub(crate) fn run(
        strategy: &str,
        seed: u64,
        start: Option<f64>,
        curve: &[(u64, f64)],
    ) -> BenchRun {
        BenchRun {
            task: "task".into(),
            strategy: strategy.into(),
            seed,
            goal: Goal::Maximize,
            start,
            curve: curve
                .iter()
                .map(|(candidates, score)| Point { candidates: *candidates, score: *score })
                .collect(),
            evaluated: 10,
            failed: 1,
            rejected: 2,
            wall_s: 5.0,
            cpu_s: 2.0,
            usd: 0.5,
            tokens: 100,
            state: "the candidates budget was used up".into(),
        }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn the_best_so_far_is_a_step_function_that_holds_to_the_end() {
        let steps = Steps::of(&run("a", 1, Some(1.0), &[(3, 2.0), (7, 4.0)]));
        let at: Vec<f64> = [0, 2, 3, 6, 7, 99].map(|t| steps.at(t)).to_vec();
        assert_eq!(at, [1.0, 1.0, 2.0, 2.0, 4.0, 4.0]);
        let none = Steps::of(&run("a", 1, None, &[(3, 2.0)]));
        assert_eq!((none.at(2), none.at(3)), (f64::NEG_INFINITY, 2.0));
        assert_eq!(Steps::of(&run("a", 1, None, &[])).best(), f64::NEG_INFINITY);
    }

    #[test]
    fn a_curve_in_disorder_is_put_in_order() {
        let wild = [(7, 4.0), (3, 2.0), (3, 1.5), (5, f64::NAN), (6, 1.0), (9, 4.0)];
        let steps = Steps::of(&run("a", 1, Some(f64::INFINITY), &wild));
        assert_eq!(steps.points, [(3, 2.0), (7, 4.0)]);
    }

    #[test]
    fn less_is_better_turns_the_steps() {
        let mut run = run("a", 1, Some(5.0), &[(2, 3.0), (4, 0.0)]);
        run.goal = Goal::Minimize;
        assert_eq!(Steps::of(&run).points, [(0, -5.0), (2, -3.0), (4, 0.0)]);
        assert!(Steps::of(&run).at(4).is_sign_positive(), "zero has no sign");
    }

    #[test]
    fn the_area_is_the_mean_of_the_normalised_steps() {
        // Candidates 1, 2: 0; 3…6: 1/3; 7…10: 1. Sum 4/3 + 4, of 10.
        let steps = Steps::of(&run("a", 1, Some(1.0), &[(3, 2.0), (7, 4.0)]));
        assert!(close(steps.area(1.0, 4.0, 10).unwrap(), 16.0 / 30.0));
        // Nothing until 3, then the best: 8 of 10.
        let steps = Steps::of(&run("a", 1, None, &[(3, 4.0)]));
        assert!(close(steps.area(1.0, 4.0, 10).unwrap(), 0.8));
        assert_eq!(steps.area(4.0, 4.0, 10), None);
        assert_eq!(steps.area(1.0, 4.0, 0), None);
        let huge = Steps::of(&run("a", 1, Some(-f64::MAX), &[(6, f64::MAX)]));
        assert!(close(huge.area(-f64::MAX, f64::MAX, 10).unwrap(), 0.5));
    }
}
