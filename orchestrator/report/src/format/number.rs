//! Numbers with units, and scores with enough digits to tell two apart.

/// How a set of scores is written: one style for all, with as many digits as it takes to
/// tell any two of them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreFormat {
    scientific: bool,
    digits: usize,
}

/// Digits after the point that a 64-bit float can need in scientific style.
const MOST_DIGITS: i32 = 16;
/// Significant digits shown even when fewer would tell the scores apart.
const USUAL_DIGITS: i32 = 5;

impl ScoreFormat {
    /// A format for these scores; those that are not finite do not count.
    pub fn telling_apart(scores: impl IntoIterator<Item = f64>) -> Self {
        let mut scores: Vec<f64> = scores.into_iter().filter(|score| score.is_finite()).collect();
        scores.sort_by(f64::total_cmp);
        scores.dedup_by_key(|score| score.to_bits());
        let largest = scores.iter().fold(0.0f64, |most, score| most.max(score.abs()));
        if largest == 0.0 {
            return Self { scientific: false, digits: 0 };
        }
        let magnitude = largest.log10().floor() as i32;
        let whole = scores.iter().all(|score| score.fract() == 0.0);
        if whole && magnitude < 12 {
            return Self { scientific: false, digits: 0 };
        }
        let scientific = !(-4..9).contains(&magnitude);
        let (least, most) = if scientific {
            (USUAL_DIGITS - 1, MOST_DIGITS)
        } else {
            (USUAL_DIGITS - 1 - magnitude, MOST_DIGITS - magnitude)
        };
        let told_apart = |digits: &usize| {
            let format = Self { scientific, digits: *digits };
            let written: Vec<String> = scores.iter().map(|score| format.score(*score)).collect();
            written.windows(2).all(|pair| pair[0] != pair[1])
        };
        let (least, most) = (least.max(0) as usize, most.max(0) as usize);
        let digits = (least..=most).find(told_apart).unwrap_or(most);
        Self { scientific, digits }
    }

    /// A score.
    pub fn score(self, value: f64) -> String {
        let digits = self.digits;
        if !value.is_finite() {
            return value.to_string();
        }
        if self.scientific { format!("{value:.digits$e}") } else { format!("{value:.digits$}") }
    }

    /// A gain: always signed.
    pub fn gain(self, value: f64) -> String {
        let text = self.score(value);
        if text.starts_with('-') || !value.is_finite() { text } else { format!("+{text}") }
    }

    /// A score, or a dash where there is none.
    pub fn maybe(self, value: Option<f64>) -> String {
        value.map_or_else(|| "–".to_owned(), |value| self.score(value))
    }

    /// A gain, or a dash where there is none.
    pub fn maybe_gain(self, value: Option<f64>) -> String {
        value.map_or_else(|| "–".to_owned(), |value| self.gain(value))
    }
}

/// A whole number with separators between the thousands.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in bytes with a binary unit.
pub fn bytes(n: u64) -> String {
    for (shift, unit) in [(40u32, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if n >= 1 << shift {
            return format!("{:.1} {unit}", n as f64 / (1u64 << shift) as f64);
        }
    }
    format!("{n} B")
}

/// How much of a limit was used, in percent; never `100 %` before it is reached.
pub fn percent(used: f64, limit: f64) -> u32 {
    if limit <= 0.0 || used >= limit {
        return 100;
    }
    ((used / limit * 100.0).max(0.0) as u32).min(99)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_scores_get_the_digits_that_tell_them_apart() {
        let format = ScoreFormat::telling_apart([2.635_862_7, 2.635_862_8, 0.5]);
        assert_eq!(format.score(2.635_862_7), "2.6358627");
        assert_eq!(format.score(0.5), "0.5000000");
        let format = ScoreFormat::telling_apart([2.0, 2.5]);
        assert_eq!(format.score(2.5), "2.5000");
    }

    #[test]
    fn neighbouring_floats_differ_as_text() {
        for base in [1.0f64, 1e-7, 3.3e12, 123_456.789, 1e300, -2.5] {
            let next = f64::from_bits(base.to_bits() + 1);
            let format = ScoreFormat::telling_apart([base, next]);
            assert_ne!(format.score(base), format.score(next), "{base:e}");
        }
    }

    #[test]
    fn whole_scores_stay_whole_and_odd_ones_do_not_panic() {
        let format = ScoreFormat::telling_apart([1200.0, 3.0]);
        assert_eq!(format.score(1200.0), "1200");
        assert_eq!(format.gain(3.0), "+3");
        let format = ScoreFormat::telling_apart([f64::NAN, f64::INFINITY]);
        assert_eq!(format.score(f64::NAN), "NaN");
        assert_eq!(format.maybe(None), "–");
        let format = ScoreFormat::telling_apart([1.5e-12, 2.5e-12]);
        assert_eq!(format.score(1.5e-12), "1.5000e-12");
    }

    #[test]
    fn counts_sizes_and_percents_read_well() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(12), "12 B");
        assert_eq!(percent(199.9, 200.0), 99);
        assert_eq!(percent(0.0, 0.0), 100);
    }
}
