//! Money and tokens, counted exactly.

use std::fmt;
use std::ops::{Add, AddAssign};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An amount of US dollars in whole picodollars (1e-12 USD).
///
/// Prices are given per million tokens, so the price of one token is a whole number of
/// picodollars down to 1e-6 USD per million tokens, and sums are exact.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Usd(pub u64);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount given in dollars; negative and non-finite amounts count as zero.
    pub fn from_dollars(dollars: f64) -> Self {
        Self((dollars * 1e12).round() as u64)
    }

    /// The amount in dollars.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e12
    }

    /// This amount `n` times, saturating.
    #[must_use]
    pub fn times(self, n: u64) -> Self {
        Self(self.0.saturating_mul(n))
    }

    /// The difference, never below zero.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = self.dollars();
        if self.0 == 0 || dollars >= 1.0 {
            write!(f, "${dollars:.2}")
        } else {
            write!(f, "${dollars:.5}")
        }
    }
}

/// What one model call used, in tokens, as the provider counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenUsage {
    /// Prompt tokens, cached ones included.
    pub input: u64,
    /// The part of `input` that the provider served from its cache.
    #[serde(default)]
    pub cached: u64,
    /// Completion tokens, reasoning included.
    pub output: u64,
}

impl TokenUsage {
    /// All tokens that count against a token budget.
    pub fn total(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

impl AddAssign for TokenUsage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.cached = self.cached.saturating_add(other.cached);
        self.output = self.output.saturating_add(other.output);
    }
}

/// USD per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Prompt tokens.
    pub input: f64,
    /// Prompt tokens served from the provider's cache; the input price if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<f64>,
    /// Completion tokens.
    pub output: f64,
}

impl Price {
    /// What this usage costs. Fractions of a picodollar are rounded up, so that the meter
    /// never counts less than was spent.
    pub fn cost(&self, usage: TokenUsage) -> Usd {
        let cached = usage.cached.min(usage.input);
        let fresh = usage.input - cached;
        let part = |tokens: u64, per_million: f64| (tokens as f64 * per_million * 1e6).ceil();
        Usd((part(fresh, self.input)
            + part(cached, self.cached.unwrap_or(self.input))
            + part(usage.output, self.output)) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_counts_cached_tokens_once() {
        let price = Price { input: 0.25, cached: Some(0.025), output: 2.0 };
        let usage = TokenUsage { input: 1_000_000, cached: 400_000, output: 500_000 };
        assert_eq!(price.cost(usage), Usd::from_dollars(0.15 + 0.01 + 1.0));
    }

    #[test]
    fn a_provider_that_reports_more_cached_than_input_does_not_underflow() {
        let price = Price { input: 1.0, cached: None, output: 1.0 };
        let usage = TokenUsage { input: 10, cached: 50, output: 0 };
        assert_eq!(price.cost(usage), Usd::from_dollars(1e-5));
    }

    #[test]
    fn odd_amounts_are_zero_not_garbage() {
        assert_eq!(Usd::from_dollars(-1.0), Usd::ZERO);
        assert_eq!(Usd::from_dollars(f64::NAN), Usd::ZERO);
        assert_eq!(Usd(5).minus(Usd(7)), Usd::ZERO);
    }
}
