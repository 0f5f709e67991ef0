//! Numbers as text, and random steps.

use rand::Rng;
use rand_pcg::Pcg64Mcg;

/// Most significant digits a new number is written with.
const DIGITS: i32 = 10;

/// A draw from the standard normal distribution, by the polar method (Marsaglia and Bray,
/// 1964).
pub(crate) fn normal(rng: &mut Pcg64Mcg) -> f64 {
    loop {
        let (u, v): (f64, f64) = (rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0));
        let s = u * u + v * v;
        if s > 0.0 && s < 1.0 {
            return u * (-2.0 * s.ln() / s).sqrt();
        }
    }
}

/// A positive number between two, each order of magnitude as likely.
pub(crate) fn between((low, high): (f64, f64), rng: &mut Pcg64Mcg) -> f64 {
    low * (high / low).powf(rng.random_range(0.0..1.0))
}

/// A float as text: no more digits than the step that led to it deserves (four beyond the
/// step's first), none beyond ten; reads back as the value that is meant.
pub(crate) fn float(value: f64, step: f64) -> String {
    let magnitude = value.abs().max(f64::MIN_POSITIVE).log10().floor();
    let unit = if step == 0.0 { magnitude } else { step.abs().log10().floor() };
    let digits = (magnitude - unit).clamp(0.0, 300.0) as i32 + 4;
    rounded(value, digits.clamp(3, DIGITS))
}

fn rounded(value: f64, digits: i32) -> String {
    let places = usize::try_from(digits - 1).unwrap_or(0);
    let short: f64 = format!("{value:.places$e}").parse().unwrap_or(value);
    // `-0.0` would be a change of text without a change of value.
    format!("{:?}", if short == 0.0 { 0.0 } else { short })
}

/// An integer as text.
pub(crate) fn integer(value: f64) -> String {
    const LIMIT: f64 = 9e15;
    format!("{}", value.round().clamp(-LIMIT, LIMIT) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;

    proptest! {
        #[test]
        fn a_float_stays_a_float_reads_back_and_is_short(value in prop_oneof![any::<f64>(), -10.0..10.0f64], step in 1e-12..10.0f64) {
            prop_assume!(value.is_finite() && (value == 0.0 || value.abs() > 1e-290) && value.abs() < 1e300);
            let text = float(value, step);
            let read: f64 = text.parse().unwrap();
            prop_assert!(text.contains(['.', 'e']), "{}", text);
            prop_assert!(text.bytes().filter(u8::is_ascii_digit).count() <= 14 || value.abs() >= 1e10 || value.abs() < 1e-4, "{}", text);
            prop_assert!((read - value).abs() <= value.abs() * 1e-9 || (read - value).abs() <= step * 1e-2, "{} {}", value, text);
        }
    }

    #[test]
    fn steps_are_centred_and_of_unit_width() {
        let mut rng = Pcg64Mcg::seed_from_u64(1);
        let draws: Vec<f64> = (0..20_000).map(|_| normal(&mut rng)).collect();
        let mean = draws.iter().sum::<f64>() / 2e4;
        let variance = draws.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / 2e4;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }

    #[test]
    fn integers_have_no_point() {
        assert_eq!(integer(2.6), "3");
        assert_eq!(integer(-1e300), "-9000000000000000");
    }
}
