//! The best-so-far curve: its points and the scores between which it is drawn.

use evolve_core::Facts;

use crate::format::one_line;

/// The target is drawn if the span does not become more than so many times that of the curve.
const FARTHEST_TARGET: f64 = 4.0;

/// The curve, ready to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    /// What is drawn.
    pub metric: String,
    /// Corners of the steps: candidate number and score.
    pub steps: Vec<(f64, f64)>,
    /// The target, where it lies on the drawing.
    pub target: Option<f64>,
    /// The last candidate's number.
    pub last: f64,
    /// Lowest and highest score drawn.
    pub range: (f64, f64),
}

impl Curve {
    pub(super) fn of(facts: &Facts) -> Self {
        let last = facts.candidates.len().saturating_sub(1).max(1) as f64;
        let mut steps: Vec<(f64, f64)> = Vec::new();
        for (seq, id) in &facts.promotions {
            let score = facts.candidate(*id).and_then(|candidate| candidate.score());
            let Some(score) = score.filter(|score| score.is_finite()) else { continue };
            let before = steps.last().copied();
            // A best that fell back to an older candidate changed when the newest was selected.
            let newest = facts.candidates.partition_point(|c| c.selected < *seq).saturating_sub(1);
            let (own, reached) = (id.0 as f64, before.map_or(0.0, |(x, _)| x));
            let x = if own >= reached { own } else { reached.max(newest as f64) };
            if let Some((_, old)) = before {
                steps.push((x, old));
            }
            steps.push((x, score));
        }
        if let Some((_, score)) = steps.last().copied() {
            steps.push((last, score));
        }
        let scores = steps.iter().map(|(_, score)| *score);
        let (low, high) = scores.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), score| {
            (low.min(score), high.max(score))
        });
        let (target, range) = ranged(low, high, facts.objective().target);
        Self { metric: one_line(&facts.objective().metric, 40), steps, target, last, range }
    }
}

fn ranged(low: f64, high: f64, target: Option<f64>) -> (Option<f64>, (f64, f64)) {
    if low > high {
        return (None, (0.0, 1.0)); // no score yet
    }
    let target = target.filter(|target| {
        let span = high.max(*target) - low.min(*target);
        target.is_finite() && span.is_finite() && span <= (high - low) * FARTHEST_TARGET
    });
    let (low, high) = target.map_or((low, high), |target| (low.min(target), high.max(target)));
    let span = high - low;
    // A flat curve is drawn in the middle, not on the frame.
    let room = if span > 0.0 { 0.0 } else { (high.abs() * 0.01).max(1e-9) };
    let (low, high) = (low - room, high + room);
    let drawable = (high - low).is_finite() && high > low;
    if drawable { (target, (low, high)) } else { (None, (0.0, 1.0)) }
}
