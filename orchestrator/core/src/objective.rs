//! Objectives and the order of scores.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Metric values by name, as an evaluation gave them. Always finite once accepted.
pub type Metrics = BTreeMap<String, f64>;

/// Which way a metric should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// More is better.
    Maximize,
    /// Less is better.
    Minimize,
}

impl Goal {
    /// The value turned so that more is better.
    pub fn turned(self, value: f64) -> f64 {
        match self {
            Self::Maximize => value,
            Self::Minimize => -value,
        }
    }

    /// A total order in which `Greater` means better. NaN is worse than everything, and so
    /// are infinities, which no real measurement gives; they never win against a number.
    pub fn order(self, a: f64, b: f64) -> Ordering {
        match (a.is_finite(), b.is_finite()) {
            (true, true) => plain(self.turned(a)).total_cmp(&plain(self.turned(b))),
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => Ordering::Equal,
        }
    }

    /// Whether `a` is strictly better than `b`.
    pub fn is_better(self, a: f64, b: f64) -> bool {
        self.order(a, b) == Ordering::Greater
    }
}

/// Without the sign of zero: -0.0 and 0.0 are the same measurement.
fn plain(value: f64) -> f64 {
    value + 0.0
}

/// A metric with a direction. The first objective of a task is the primary one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// The metric's name in the evaluator's result.
    pub metric: String,
    /// Which way it should go.
    pub goal: Goal,
    /// The run stops when the best score reaches this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// Score of the start as known beforehand; with `target` gives a normalised score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// Score of the best design that people made: a line beside the curves, no part of any
    /// decision and of no prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human: Option<f64>,
    /// A score better than this is quarantined, not believed (a proven or physical bound).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plausible_max: Option<f64>,
}

impl Objective {
    /// This objective's value among the metrics, if it is there and finite.
    pub fn score(&self, metrics: &Metrics) -> Option<f64> {
        metrics.get(&self.metric).copied().filter(|value| value.is_finite())
    }

    /// Score minus the start's score, turned so that more is better.
    pub fn gain(&self, score: f64, start: f64) -> f64 {
        self.goal.turned(score) - self.goal.turned(start)
    }

    /// Whether the score is as good as the target or better.
    pub fn reaches_target(&self, score: f64) -> bool {
        self.target.is_some_and(|target| !self.goal.is_better(target, score))
    }

    /// Whether the score is better than anything plausible.
    pub fn is_too_good(&self, score: f64) -> bool {
        self.plausible_max.is_some_and(|bound| self.goal.is_better(score, bound))
    }

    /// Where the score lies between baseline (0) and target (1), when both are given.
    pub fn normalised(&self, score: f64) -> Option<f64> {
        let (baseline, target) = (self.baseline?, self.target?);
        let span = self.gain(target, baseline);
        (span != 0.0).then(|| self.gain(score, baseline) / span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_score() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>(),
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(f64::NEG_INFINITY),
            Just(0.0),
            Just(-0.0),
            -10.0..10.0f64,
        ]
    }

    fn any_goal() -> impl Strategy<Value = Goal> {
        prop_oneof![Just(Goal::Maximize), Just(Goal::Minimize)]
    }

    proptest! {
        #[test]
        fn the_order_is_total(goal in any_goal(), a in any_score(), b in any_score(), c in any_score()) {
            prop_assert_eq!(goal.order(a, b), goal.order(b, a).reverse());
            if goal.order(a, b).is_le() && goal.order(b, c).is_le() {
                prop_assert!(goal.order(a, c).is_le());
            }
        }

        #[test]
        fn what_is_not_finite_never_beats_a_number(goal in any_goal(), a in any_score(), b in -1e300..1e300f64) {
            if !a.is_finite() {
                prop_assert!(!goal.is_better(a, b));
                prop_assert!(goal.is_better(b, a));
            }
        }

        #[test]
        fn sign_and_scale_do_not_matter(goal in any_goal(), a in -1e6..1e6f64, b in -1e6..1e6f64, scale in 1e-3..1e3f64, shift in -1e3..1e3f64) {
            let flipped = match goal { Goal::Maximize => Goal::Minimize, Goal::Minimize => Goal::Maximize };
            prop_assert_eq!(goal.is_better(a, b), flipped.is_better(-a, -b));
            let (x, y) = (a * scale + shift, b * scale + shift);
            if (a - b).abs() > 1e-6 {
                prop_assert_eq!(goal.is_better(a, b), goal.is_better(x, y));
            }
        }

        #[test]
        fn a_tie_is_no_gain(goal in any_goal(), a in any_score()) {
            prop_assert!(!goal.is_better(a, a));
        }
    }

    #[test]
    fn zero_is_zero_whatever_its_sign() {
        assert!(!Goal::Maximize.is_better(0.0, -0.0));
        assert!(!Goal::Minimize.is_better(-0.0, 0.0));
    }

    #[test]
    fn a_minimised_objective_reaches_its_target_from_above() {
        let objective = Objective {
            metric: "loss".into(),
            goal: Goal::Minimize,
            target: Some(1.0),
            baseline: Some(3.0),
            human: None,
            plausible_max: Some(0.5),
        };
        assert!(!objective.reaches_target(1.1));
        assert!(objective.reaches_target(1.0));
        assert!(objective.is_too_good(0.4));
        assert_eq!(objective.normalised(2.0), Some(0.5));
        assert!(!objective.reaches_target(f64::NAN));
    }
}
