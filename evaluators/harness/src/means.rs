//! Means over the repeats of a stage.

use evolve_core::objective::Metrics;

/// Collects the values of each repeat.
#[derive(Debug, Default)]
pub(crate) struct Means {
    repeats: Vec<Metrics>,
}

impl Means {
    pub(crate) fn add(&mut self, values: &Metrics) {
        self.repeats.push(values.clone());
    }

    /// The means of what every repeat has; a value that only some have says nothing that
    /// could be compared.
    pub(crate) fn values(&self) -> Metrics {
        let Some(first) = self.repeats.first() else { return Metrics::new() };
        first
            .keys()
            .filter_map(|name| {
                let values: Option<Vec<f64>> =
                    self.repeats.iter().map(|repeat| repeat.get(name).copied()).collect();
                Some((name.clone(), mean(&values?)))
            })
            .collect()
    }
}

/// The mean; finite if all values are.
fn mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    // A sum may be too large for a number whose mean is not.
    if mean.is_finite() { mean } else { values.iter().map(|value| value / n).sum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_some_repeats_lack_are_left_out() {
        let mut means = Means::default();
        means.add(&[("a".to_owned(), 1.0), ("b".to_owned(), 1.0)].into());
        means.add(&[("a".to_owned(), 2.0), ("c".to_owned(), 1.0)].into());
        assert_eq!(means.values(), [("a".to_owned(), 1.5)].into());
        assert_eq!(Means::default().values(), Metrics::new());
    }

    #[test]
    fn means_stay_finite_and_single_values_exact() {
        assert_eq!(mean(&[f64::MAX, f64::MAX]).to_bits(), f64::MAX.to_bits());
        assert_eq!(mean(&[0.1]).to_bits(), 0.1_f64.to_bits());
    }
}
