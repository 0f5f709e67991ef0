//! The best-so-far curve: what is on it.

use evolve_core::facts::CandidateFacts;
use evolve_core::{Facts, Goal, Seq};
use serde::Serialize;

use super::axis::Axis;
use super::rows::{Link, Shown};
use crate::chart::{self, Across, Chart, Line, Series};
use crate::format::{ScoreFormat, count};
use crate::write::ReportError;

/// Dots on the curve; of longer runs some are left out, and the caption says so.
const DOTS: usize = 700;
/// Rows of the curve's table.
const STEPS: usize = 200;

/// A line is drawn if the chart's span does not become more than so many times the span of
/// the scores.
const FARTHEST_LINE: f64 = 4.0;

/// The curve with its caption and its table.
#[derive(Serialize)]
pub(crate) struct Curve {
    /// The drawing; none when there is nothing to draw.
    svg: Option<String>,
    /// What it is drawn against.
    by: &'static str,
    /// What is not seen on it.
    notes: Vec<String>,
    /// Changes of the best, oldest first.
    steps: Vec<Step>,
    /// Older changes that the table leaves out.
    left_out: usize,
}

#[derive(Serialize)]
struct Step {
    candidate: Link,
    score: String,
    gain: String,
    at: String,
}

/// A change of the best: from this candidate number on, this score was the best.
pub(crate) struct Change<'a> {
    /// The candidate number.
    pub(crate) x: f64,
    /// The newest candidate at that time.
    pub(crate) newest: usize,
    /// The event that made it the best.
    pub(crate) seq: Seq,
    /// The best score from then on.
    pub(crate) score: f64,
    /// Whose it is.
    pub(crate) candidate: &'a CandidateFacts,
}

impl Curve {
    /// Against the number of candidates.
    pub(crate) fn of(facts: &Facts, shown: &Shown) -> Result<Self, ReportError> {
        Self::across(facts, shown, Across::Candidates)
    }

    /// Against what is asked for.
    pub(crate) fn across(
        facts: &Facts,
        shown: &Shown,
        across: Across,
    ) -> Result<Self, ReportError> {
        let changes = changes(facts);
        let axis = Axis::of(facts, across);
        let format = ScoreFormat::telling_apart(changes.iter().map(|change| change.score));
        let left_out = changes.len().saturating_sub(STEPS);
        let steps = changes.iter().skip(left_out).map(|change| Step {
            candidate: shown.link(change.candidate.id),
            score: format.score(change.score),
            gain: format.maybe_gain(facts.gain(change.score)),
            at: axis.words(axis.of_change(change)),
        });
        let steps = steps.collect();
        let mut notes = Vec::new();
        let svg = match plot(facts, &axis, &changes, &mut notes) {
            Some(plot) => Some(chart::draw(&plot).map_err(|why| ReportError::Curve { why })?),
            None => None,
        };
        Ok(Self { svg, by: axis.name(), notes, steps, left_out })
    }

    /// The drawing, if there is something to draw.
    pub(super) fn drawing(&self) -> Option<&str> {
        self.svg.as_deref()
    }
}

/// Changes of the best, each at a candidate number: its own, or, when the best fell back to
/// an older candidate, the newest number at that time.
pub(crate) fn changes(facts: &Facts) -> Vec<Change<'_>> {
    let mut x = 0.0f64;
    let mut changes = Vec::new();
    for (seq, id) in &facts.promotions {
        let Some(candidate) = facts.candidate(*id) else { continue };
        let Some(score) = candidate.score().filter(|score| score.is_finite()) else { continue };
        let newest = facts.candidates.partition_point(|c| c.selected < *seq).saturating_sub(1);
        let own = id.0 as f64;
        x = if own >= x { own } else { x.max(newest as f64) };
        changes.push(Change { x, newest, seq: *seq, score, candidate });
    }
    changes
}

fn plot(
    facts: &Facts,
    axis: &Axis<'_>,
    changes: &[Change<'_>],
    notes: &mut Vec<String>,
) -> Option<Chart> {
    let goal = facts.objective().goal;
    let scored: Vec<(f64, f64)> = facts
        .candidates
        .iter()
        .filter_map(|c| Some((axis.of_candidate(c), c.score().filter(|score| score.is_finite())?)))
        .collect();
    let mut lines = lines(facts);
    let (low, high) = range(goal, changes, &scored, &mut lines, notes)?;
    let mut dots = thinned(goal, &scored);
    if dots.len() < scored.len() {
        notes.push(format!(
            "Of {} scores {} are drawn: the best and the middle one of each stretch.",
            count(scored.len() as u64),
            count(dots.len() as u64)
        ));
    }
    let before = dots.len();
    dots.retain(|(_, score)| (low..=high).contains(score));
    if dots.len() < before {
        notes.push("Scores far worse than most lie off the chart; the table has them.".to_owned());
    }
    let doubtful = facts.candidates.iter().filter(|c| c.demoted.is_some()).count();
    if doubtful > 0 {
        notes.push(format!(
            "{} would-be winners did not hold when they were verified: dots beyond the line.",
            count(doubtful as u64)
        ));
    }
    let best = changes.iter().map(|change| (axis.of_change(change), change.score)).collect();
    Some(Chart {
        described_by: "curve-caption",
        across: axis.across,
        first: 0.0,
        last: axis.last(),
        low,
        high,
        series: vec![Series { name: "best".to_owned(), points: best, stairs: true }],
        dots,
        lines,
    })
}

fn lines(facts: &Facts) -> Vec<Line> {
    let objective = facts.objective();
    let known = [
        ("start", facts.start_score(), chart::START),
        ("baseline", objective.baseline, chart::BASELINE),
        ("people", objective.human, chart::HUMAN),
        ("target", objective.target, chart::TARGET),
    ];
    known
        .into_iter()
        .filter_map(|(name, score, colour)| {
            Some(Line { name, score: score.filter(|score| score.is_finite())?, colour })
        })
        .collect()
}

/// The scores between which to draw: all of the best, the better nine tenths of the
/// candidates, so that one disaster does not flatten the curve, and the lines, except those so
/// far away that they would flatten it too: these are taken out of `lines`.
fn range(
    goal: Goal,
    changes: &[Change<'_>],
    scored: &[(f64, f64)],
    lines: &mut Vec<Line>,
    notes: &mut Vec<String>,
) -> Option<(f64, f64)> {
    if scored.is_empty() {
        notes.push("There is nothing to draw yet: no candidate has a score.".to_owned());
        return None;
    }
    let mut ordered: Vec<f64> = scored.iter().map(|(_, score)| *score).collect();
    ordered.sort_by(|a, b| goal.order(*a, *b));
    let usual = [ordered[ordered.len() / 10], ordered[ordered.len() - 1]];
    let (mut low, mut high) = usual
        .into_iter()
        .chain(changes.iter().map(|change| change.score))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), s| (low.min(s), high.max(s)));
    let span = high - low;
    lines.retain(|line| {
        let (wider_low, wider_high) = (low.min(line.score), high.max(line.score));
        let near = span == 0.0 || wider_high - wider_low <= FARTHEST_LINE * span;
        if near {
            (low, high) = (wider_low, wider_high);
        } else {
            notes.push(format!("The {}, {}, is far off the chart.", line.name, line.score));
        }
        near
    });
    // A span below the spacing of floats, or beyond their range, cannot be divided.
    let largest = low.abs().max(high.abs());
    let pad = match (high - low, largest) {
        (_, 0.0) => 1.0,
        (0.0, _) => largest * 0.05,
        (span, _) => span * 0.06,
    };
    let pad = pad.max(largest.max(f64::MIN_POSITIVE) * 1e-9);
    let (low, high) = (low - pad, high + pad);
    if !(high - low).is_finite() {
        notes.push("The scores span more than can be drawn; the table has them.".to_owned());
        return None;
    }
    Some((low, high))
}

/// At most about [`DOTS`] of the scores: the best and the middle one of each stretch.
fn thinned(goal: Goal, scored: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if scored.len() <= DOTS {
        return scored.to_vec();
    }
    let stretch = (2 * scored.len()).div_ceil(DOTS);
    let mut dots = Vec::with_capacity(DOTS + 2);
    for part in scored.chunks(stretch) {
        let mut part = part.to_vec();
        part.sort_by(|a, b| goal.order(b.1, a.1));
        dots.push(part[0]);
        if part.len() > 1 {
            dots.push(part[part.len() / 2]);
        }
    }
    dots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_best_of_each_stretch() {
        let scored: Vec<(f64, f64)> =
            (0..10_000).map(|i| (f64::from(i), f64::from(i % 97))).collect();
        let dots = thinned(Goal::Maximize, &scored);
        assert!(dots.len() <= DOTS + 2 && dots.len() > DOTS / 2);
        assert!(dots.iter().any(|(_, score)| *score > 95.5));
        assert!(thinned(Goal::Minimize, &scored)[0].1 < 0.5);
    }

    fn range_of(scored: &[(f64, f64)], lines: &mut Vec<Line>) -> (Option<(f64, f64)>, usize) {
        let mut notes = Vec::new();
        (range(Goal::Maximize, &[], scored, lines, &mut notes), notes.len())
    }

    #[test]
    fn a_disaster_does_not_flatten_the_curve_and_a_constant_has_height() {
        let mut scored: Vec<(f64, f64)> = (0..20).map(|i| (f64::from(i), f64::from(i))).collect();
        scored[3].1 = -1e12;
        let (low, high) = range_of(&scored, &mut Vec::new()).0.unwrap();
        assert!(low > -10.0 && high < 30.0, "{low} {high}");
        for value in [0.0, 5.0, -1e300, 1e-300] {
            let (low, high) = range_of(&[(0.0, value)], &mut Vec::new()).0.unwrap();
            assert!(low < value && value < high, "{value}");
        }
        let wide = [(0.0, f64::MAX), (1.0, -f64::MAX)];
        assert_eq!(range_of(&wide, &mut Vec::new()), (None, 1));
    }

    #[test]
    fn a_near_target_is_drawn_and_a_far_one_is_told() {
        let scored = [(0.0, 1.0), (1.0, 2.0)];
        let line = |score| Line { name: "target", score, colour: chart::TARGET };
        let mut lines = vec![line(3.0), line(700.0)];
        let (range, notes) = range_of(&scored, &mut lines);
        assert_eq!((lines.len(), lines[0].score, notes), (1, 3.0, 1));
        assert!(range.unwrap().1 < 4.0);
    }
}
