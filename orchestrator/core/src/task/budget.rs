//! Budgets and their changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Span;

/// `[budget]`: the first one reached stops the run, cleanly.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Evaluated candidates, failures included; not the start, not duplicates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<u64>,
    /// US dollars for model calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// Time the run was up; at its end running evaluations are cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall: Option<Span>,
    /// Model tokens, prompts and answers together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Candidates without a real gain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stagnation: Option<u64>,
}

impl Budget {
    /// Applies `KEY=VALUE`; `KEY=none` lifts a limit. The error says what was expected.
    pub fn apply(&mut self, change: &str) -> Result<(), String> {
        let (key, value) = change
            .split_once('=')
            .ok_or_else(|| format!("`{change}` is not KEY=VALUE (for example candidates=500)"))?;
        let value = (value != "none").then_some(value);
        match key {
            "candidates" => self.candidates = value.map(|v| count(key, v)).transpose()?,
            "tokens" => self.tokens = value.map(|v| count(key, v)).transpose()?,
            "stagnation" => self.stagnation = value.map(|v| count(key, v)).transpose()?,
            "usd" => self.usd = value.map(money).transpose()?,
            "wall" => self.wall = value.map(Span::parse).transpose()?,
            _ => {
                return Err(format!(
                    "unknown budget `{key}`; there are candidates, usd, wall, tokens, stagnation"
                ));
            }
        }
        Ok(())
    }
}

fn count(key: &str, value: &str) -> Result<u64, String> {
    let digits: String = value.chars().filter(|c| *c != '_').collect();
    digits.parse().map_err(|_| format!("`{key}` takes a whole number, not `{value}`"))
}

fn money(value: &str) -> Result<f64, String> {
    value
        .parse()
        .ok()
        .filter(|usd: &f64| usd.is_finite() && *usd >= 0.0)
        .ok_or_else(|| format!("`usd` takes an amount of dollars, not `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_apply_and_lift() {
        let mut budget = Budget::default();
        for change in ["candidates=1_000", "usd=2.5", "wall=8h", "tokens=5", "stagnation=7"] {
            budget.apply(change).unwrap();
        }
        assert_eq!(budget.candidates, Some(1000));
        assert_eq!(budget.wall, Some(Span::seconds(8 * 3600)));
        budget.apply("usd=none").unwrap();
        assert_eq!(budget.usd, None);
    }

    #[test]
    fn wrong_changes_are_explained() {
        let mut budget = Budget::default();
        for change in ["candidates", "candidates=-1", "usd=NaN", "usd=-1", "wall=5", "time=5s"] {
            assert!(budget.apply(change).is_err(), "{change}");
        }
        assert_eq!(budget, Budget::default());
    }
}
