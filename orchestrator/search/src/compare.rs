//! Whether a challenger is really better than the best (invariant 8).
//!
//! Paired one-sided t-test: with differences `d_i = challenger_i - best_i`, turned so that more
//! is better, `t = mean(d) / (s_d / sqrt(n))` follows Student's t with `n - 1` degrees of freedom
//! when there is no difference (Student, "The probable error of a mean", Biometrika 6, 1908).
//! Pairs share a seed, so what the seed does to both cancels out.

use evolve_core::Goal;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Largest accepted probability that a candidate that is no better passes one comparison.
pub const ALPHA: f64 = 0.01;

/// What the samples say of a challenger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// It is better.
    Better,
    /// It is worse, or exactly as good.
    NotBetter,
    /// The samples do not decide; more repeats may.
    Undecided,
}

/// Compares a challenger's samples with the best's; the same index is the same seed.
///
/// - One sample each: nothing is known of noise, so the strict order decides.
/// - At least two pairs: all differences equal decide by their sign, else the paired one-sided
///   t-test at [`ALPHA`], in both directions; longer lists count up to the common length.
/// - One sample against several: a single draw never wins unless the several are all equal; it
///   can lose, by Student's two-sample test, whose variance then comes from the several alone.
/// - Samples that are not finite, or none, never win; against such a best any number wins.
pub fn compare(goal: Goal, challenger: &[f64], best: &[f64]) -> Comparison {
    let sound = |samples: &[f64]| !samples.is_empty() && samples.iter().all(|x| x.is_finite());
    if !sound(challenger) {
        return Comparison::NotBetter;
    }
    if !sound(best) {
        return Comparison::Better;
    }
    match (challenger, best) {
        ([one], [other]) => by_sign(goal.turned(*one) - goal.turned(*other)),
        ([one], many) => one_against_many(goal, *one, many, false),
        (many, [one]) => one_against_many(goal, *one, many, true),
        _ => paired(goal, challenger, best),
    }
}

fn by_sign(difference: f64) -> Comparison {
    if difference > 0.0 { Comparison::Better } else { Comparison::NotBetter }
}

fn paired(goal: Goal, challenger: &[f64], best: &[f64]) -> Comparison {
    let differences: Vec<f64> =
        challenger.iter().zip(best).map(|(a, b)| goal.turned(*a) - goal.turned(*b)).collect();
    let (mean, variance) = moments(&differences);
    if variance == 0.0 {
        return by_sign(mean);
    }
    let n = differences.len() as f64;
    decide(mean / (variance / n).sqrt(), n - 1.0)
}

/// `s^2 (1 + 1/n)` is the variance of the difference between one draw and the mean of `n`
/// others of equal variance; it has `n - 1` degrees of freedom (Student's two-sample test, to
/// which Welch's cannot be reduced here: one draw has no variance of its own).
fn one_against_many(goal: Goal, one: f64, many: &[f64], many_challenge: bool) -> Comparison {
    let turned: Vec<f64> = many.iter().map(|x| goal.turned(*x)).collect();
    let (mean, variance) = moments(&turned);
    let sign = if many_challenge { 1.0 } else { -1.0 };
    let difference = sign * (mean - goal.turned(one));
    if variance == 0.0 {
        return by_sign(difference);
    }
    let n = turned.len() as f64;
    match decide(difference / (variance * (1.0 + 1.0 / n)).sqrt(), n - 1.0) {
        Comparison::Better => Comparison::Undecided, // not without repeats on both sides
        other => other,
    }
}

fn decide(t: f64, freedom: f64) -> Comparison {
    // Overflow in the moments of astronomically large samples leaves nothing to decide on.
    let Ok(student) = StudentsT::new(0.0, 1.0, freedom) else { return Comparison::Undecided };
    if t.is_nan() {
        Comparison::Undecided
    } else if student.sf(t) < ALPHA {
        Comparison::Better
    } else if student.cdf(t) < ALPHA {
        Comparison::NotBetter
    } else {
        Comparison::Undecided
    }
}

/// Mean and unbiased variance of at least two numbers; exactly zero variance when all are equal.
#[allow(clippy::float_cmp)] // exactly equal is what deterministic measurements are
fn moments(numbers: &[f64]) -> (f64, f64) {
    let n = numbers.len() as f64;
    if numbers.iter().all(|x| *x == numbers[0]) {
        return (numbers[0], 0.0);
    }
    let mean = numbers.iter().sum::<f64>() / n;
    let squares: f64 = numbers.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, squares / (n - 1.0))
}
