//! Axes of a grid over descriptors: what a candidate is like, apart from how good it is (Mouret
//! and Clune, "Illuminating search spaces by mapping elites", 2015).

use evolve_core::Facts;
use evolve_core::facts::CandidateFacts;

/// A cell's place on the grid.
pub(crate) type Place = Vec<u16>;

/// The descriptor whose values are names, not amounts: each has a place of its own.
const CLUSTER: &str = "cluster";

/// Descriptors, and the least and greatest value of each so far.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axes {
    names: Vec<String>,
    bins: u16,
    ranges: Vec<(f64, f64)>,
}

impl Axes {
    pub fn new(names: Vec<String>, bins: u16) -> Self {
        let ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); names.len()];
        Self { names, bins: bins.max(1), ranges }
    }

    /// A candidate's descriptors as they are; those it has none of are zero.
    pub fn of(&self, facts: &Facts, candidate: &CandidateFacts) -> Vec<f64> {
        let value = |name: &String| {
            let value = match name.as_str() {
                "score" => candidate.score().map(|score| facts.objective().goal.turned(score)),
                name => candidate.descriptor(name),
            };
            value.filter(|value| value.is_finite()).unwrap_or(0.0)
        };
        self.names.iter().map(value).collect()
    }

    /// Widens the ranges; whether one moved, so that all places have to be found anew.
    pub fn widen(&mut self, at: &[f64]) -> bool {
        let mut moved = false;
        for (value, (low, high)) in at.iter().zip(&mut self.ranges) {
            moved |= *value < *low || *value > *high;
            (*low, *high) = (low.min(*value), high.max(*value));
        }
        moved
    }

    /// The place of these descriptors. A descriptor that never moved has one bin.
    pub fn place(&self, at: &[f64]) -> Place {
        let bin = |((value, name), (low, high)): ((&f64, &String), &(f64, f64))| {
            if name == CLUSTER {
                return *value as u16;
            }
            let span = high - low;
            if !(span > 0.0 && span.is_finite()) {
                return 0;
            }
            let share = ((value - low) / span).clamp(0.0, 1.0);
            ((share * f64::from(self.bins)) as u16).min(self.bins - 1)
        };
        at.iter().zip(&self.names).zip(&self.ranges).map(bin).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_share_bins_that_follow_their_range_and_clusters_have_their_own() {
        let names = ["size", "cluster"].map(str::to_owned).to_vec();
        let mut axes = Axes::new(names, 4);
        assert!(axes.widen(&[1.0, 0.0]));
        assert_eq!(axes.place(&[1.0, 0.0]), [0, 0], "one bin while nothing moved");
        assert!(axes.widen(&[2.0, 40.0]));
        assert!(!axes.widen(&[1.5, 7.0]));
        assert_eq!(axes.place(&[1.0, 7.0]), [0, 7]);
        assert_eq!(axes.place(&[1.5, 40.0]), [2, 40]);
        assert_eq!(axes.place(&[2.0, 39.0]), [3, 39]);
        axes.widen(&[5.0, 0.0]);
        assert_eq!(axes.place(&[2.0, 39.0]), [1, 39], "the range moved");
    }
}
