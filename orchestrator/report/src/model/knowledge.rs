//! What cognition items and insights were worth to the proposals that saw them.

use evolve_core::facts::Facts;
use evolve_core::knowledge::{Credit, Credits};
use evolve_core::prediction::{Verdict, verdict};
use serde::Serialize;

/// The gains of proposals that saw a piece of knowledge, beside those of the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KnowledgeWorth {
    /// An item's id or an insight's key.
    pub name: String,
    /// Proposals that saw it and whose outcome is known.
    pub shown: u32,
    /// Those among them that were better than their parent.
    pub gains: u32,
    /// Proposals that did not see it.
    pub others: u32,
    /// Those among them that were better than their parent.
    pub others_gains: u32,
    /// Share of gains among those that saw it minus the share among the others; none where one
    /// of the two is empty.
    pub difference: Option<f64>,
    /// Its 95 % interval: Newcombe's method 10 (R. G. Newcombe, "Interval estimation for the
    /// difference between independent proportions", Statistics in Medicine 17, 1998).
    pub interval: Option<(f64, f64)>,
}

impl KnowledgeWorth {
    /// Of one piece.
    pub fn of(credits: &Credits, name: &str) -> Self {
        let (with, without) = (credits.credit(name), credits.without(name));
        let both = with.shown > 0 && without.shown > 0;
        Self {
            name: name.to_owned(),
            shown: with.shown,
            gains: with.gains,
            others: without.shown,
            others_gains: without.gains,
            difference: both.then(|| share(with) - share(without)),
            interval: both.then(|| newcombe(with, without)),
        }
    }

    /// Of everything that was shown, most often shown first.
    pub fn all(facts: &Facts) -> Vec<Self> {
        let credits = Credits::of(facts);
        let mut all: Vec<Self> = credits.iter().map(|(name, _)| Self::of(&credits, name)).collect();
        all.sort_by(|a, b| b.shown.cmp(&a.shown).then_with(|| a.name.cmp(&b.name)));
        all
    }

    /// In one line.
    pub fn words(&self) -> String {
        let mut text = format!("shown {} times, gained {}", self.shown, self.gains);
        if let (Some(difference), Some((low, high))) = (self.difference, self.interval) {
            let percent = |share: f64| format!("{:+.0}", share * 100.0);
            text += &format!(
                "; {} points against the {} others ({} to {})",
                percent(difference),
                self.others,
                percent(low),
                percent(high)
            );
        }
        text
    }
}

/// How often what proposers expected came true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Predictions {
    /// Expectations that could be compared with a measurement.
    pub compared: u32,
    /// Those among them that came true.
    pub came_true: u32,
}

impl Predictions {
    /// Of a run.
    pub fn of(facts: &Facts) -> Self {
        let mut predictions = Self::default();
        let verdicts = facts.candidates.iter().filter_map(|candidate| verdict(facts, candidate));
        for verdict in verdicts {
            predictions.compared += 1;
            predictions.came_true += u32::from(verdict == Verdict::CameTrue);
        }
        predictions
    }
}

fn share(credit: Credit) -> f64 {
    f64::from(credit.gains) / f64::from(credit.shown.max(1))
}

fn newcombe(a: Credit, b: Credit) -> (f64, f64) {
    let (low_a, high_a) = wilson(a);
    let (low_b, high_b) = wilson(b);
    let (p, q) = (share(a), share(b));
    let low = p - q - ((p - low_a).powi(2) + (high_b - q).powi(2)).sqrt();
    let high = p - q + ((high_a - p).powi(2) + (q - low_b).powi(2)).sqrt();
    (low.max(-1.0), high.min(1.0))
}

/// Wilson's score interval at 95 %.
fn wilson(credit: Credit) -> (f64, f64) {
    crate::bench::wilson(share(credit), credit.shown.max(1) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_difference_agrees_with_the_published_example() {
        // Newcombe 1998, table II, comparison (a): 56/70 and 48/80, method 10: 0.0524 to 0.3339.
        let (low, high) =
            newcombe(Credit { shown: 70, gains: 56 }, Credit { shown: 80, gains: 48 });
        assert!((low - 0.0524).abs() < 5e-4 && (high - 0.3339).abs() < 5e-4, "{low} {high}");
    }
}
