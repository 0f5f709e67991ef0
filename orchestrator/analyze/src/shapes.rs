//! Whether what programs look like from afar goes with their scores.

use std::collections::VecDeque;

use evolve_core::facts::CandidateFacts;
use evolve_core::knowledge::{Insight, InsightKind};
use evolve_core::{CandidateId, Goal};

use crate::findings::Said;

/// Scored candidates that are compared: the newest.
const WINDOW: usize = 200;
/// Fewest that say anything.
const FEWEST: usize = 24;
/// |t| beyond which a rank correlation is no chance: two-sided 5 % of the normal distribution,
/// shared among the three descriptors and some twenty looks at them.
const STRICT: f64 = 3.3;
/// Candidates cited.
const EVIDENCE: usize = 6;

/// The descriptors: name, what more of it is called, and less.
pub(crate) const DESCRIPTORS: [(&str, &str, &str); 3] = [
    ("size", "longer programs", "shorter programs"),
    ("complexity", "programs of more words and signs", "programs of fewer words and signs"),
    ("distance", "programs further from the start", "programs closer to the start"),
];

/// Descriptors and scores of the newest scored candidates.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Shapes {
    seen: VecDeque<(CandidateId, [f64; 3], f64)>,
}

impl Shapes {
    pub fn count(&mut self, candidate: &CandidateFacts, goal: Goal) {
        let (Some(shape), Some(score)) = (candidate.shape, candidate.score()) else { return };
        let descriptors = [shape.size, shape.complexity, shape.distance];
        self.seen.push_back((candidate.id, descriptors, goal.turned(score)));
        if self.seen.len() > WINDOW {
            self.seen.pop_front();
        }
    }

    /// What is said of each descriptor now; a name with nothing to say has no names.
    pub fn findings(&self) -> Vec<(Insight, Said)> {
        (0..DESCRIPTORS.len()).map(|which| self.finding(which)).collect()
    }

    fn finding(&self, which: usize) -> (Insight, Said) {
        let (name, more, less) = DESCRIPTORS[which];
        let values: Vec<f64> = self.seen.iter().map(|(_, all, _)| all[which]).collect();
        let scores: Vec<f64> = self.seen.iter().map(|(_, _, score)| *score).collect();
        let rho = spearman(&values, &scores).filter(|_| values.len() >= FEWEST).unwrap_or(0.0);
        let n = values.len() as f64;
        let t = rho * ((n - 2.0).max(0.0) / (1.0 - rho * rho).max(1e-9)).sqrt();
        let stands_out = t.abs() > STRICT;
        let (better, worse) = if rho > 0.0 { (more, less) } else { (less, more) };
        let mut best: Vec<&(CandidateId, [f64; 3], f64)> = self.seen.iter().collect();
        best.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
        let insight = Insight {
            key: format!("shape-{name}"),
            claim: format!(
                "of the last {} programs with a score, {better} score better than {worse} (rank \
                 correlation {:.2})",
                values.len(),
                rho.abs()
            ),
            mechanism: String::new(),
            scope: String::new(),
            evidence: best.into_iter().take(EVIDENCE).map(|one| one.0).collect(),
            against: Vec::new(),
            recommendation: format!("prefer {better} where nothing else decides"),
            confidence: (rho.abs().clamp(0.0, 0.99) * 100.0).round() / 100.0,
            kind: InsightKind::Limit,
        };
        let names = if stands_out { vec![better.to_owned()] } else { Vec::new() };
        (insight, Said::new(names, self.seen.len() as u32))
    }
}

/// Spearman's rank correlation (C. Spearman, 1904): Pearson's of the ranks, ties at their mean
/// rank. None where either side is constant.
fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (ranks(a), ranks(b));
    let mean = |ranks: &[f64]| ranks.iter().sum::<f64>() / ranks.len().max(1) as f64;
    let (of_a, of_b) = (mean(&a), mean(&b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(&b) {
        ab += (x - of_a) * (y - of_b);
        aa += (x - of_a).powi(2);
        bb += (y - of_b).powi(2);
    }
    (aa > 0.0 && bb > 0.0).then(|| ab / (aa * bb).sqrt())
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|i, j| values[*i].total_cmp(&values[*j]));
    let mut ranks = vec![0.0; values.len()];
    let mut at = 0;
    while at < order.len() {
        let same = order[at..]
            .iter()
            .take_while(|i| values[**i].total_cmp(&values[order[at]]).is_eq())
            .count();
        for place in &order[at..at + same.max(1)] {
            ranks[*place] = at as f64 + (same.max(1) as f64 - 1.0) / 2.0;
        }
        at += same.max(1);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_correlation_agrees_with_values_by_hand() {
        let near = |a: Option<f64>, b: f64| (a.unwrap() - b).abs() < 1e-12;
        assert!(near(spearman(&[1.0, 2.0, 3.0, 4.0], &[10.0, 20.0, 30.0, 1e9]), 1.0));
        assert!(near(spearman(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), -1.0));
        // Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3: 4.5 / √(4.5 · 5).
        assert!(near(
            spearman(&[1.0, 2.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0]),
            4.5 / 22.5_f64.sqrt()
        ));
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[], &[]), None);
    }
}
