//! How the scores of a task are written: about four digits of their span, which is what a
//! comparison is about, in one style for all.

/// A style for the scores of one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digits {
    scientific: bool,
    after: usize,
}

impl Digits {
    /// For scores between these two, in any order.
    pub(super) fn between(a: Option<f64>, b: Option<f64>) -> Self {
        let (a, b) = (a.or(b).unwrap_or(0.0), b.or(a).unwrap_or(0.0));
        let largest = a.abs().max(b.abs());
        if largest == 0.0 {
            return Self { scientific: false, after: 2 };
        }
        let span = (a - b).abs();
        let magnitude = largest.log10().floor();
        // The place of the last digit; a span below the spacing of floats tells nothing.
        let last = if span > 0.0 { span.log10().floor() } else { magnitude } - 3.0;
        let scientific = !(-4.0..9.0).contains(&magnitude);
        let after = if scientific { magnitude - last } else { -last };
        Self { scientific, after: after.clamp(0.0, 15.0) as usize }
    }

    /// A score; a dash where there is none.
    pub(super) fn score(self, value: Option<f64>) -> String {
        let after = self.after;
        match value {
            Some(value) if self.scientific => format!("{value:.after$e}"),
            Some(value) => {
                let text = format!("{value:.after$}");
                // A small negative number is no negative zero.
                let zero =
                    text.starts_with('-') && !text.contains(|c: char| ('1'..='9').contains(&c));
                if zero { text[1..].to_owned() } else { text }
            }
            None => "–".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_have_four_digits_of_their_span() {
        let write = |a, b, value| Digits::between(Some(a), Some(b)).score(Some(value));
        assert_eq!(write(0.9, 2.6, 2.635_862_7), "2.636");
        assert_eq!(write(2.6358, 2.6360, 2.635_862_7), "2.6358627");
        assert_eq!(write(-500.0, 1200.0, 17.25), "17");
        assert_eq!(write(1e-9, 2e-9, 1.5e-9), "1.500e-9");
        assert_eq!(write(5.0, 5.0, 5.0), "5.000");
        assert_eq!(write(0.0, 0.0, 0.0), "0.00");
        assert_eq!(write(-1.0, 1.0, -0.000_01), "0.000");
        assert_eq!(Digits::between(None, None).score(None), "–");
        assert!(write(-f64::MAX, f64::MAX, 1.0).len() < 20);
    }
}
