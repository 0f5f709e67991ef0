//! What a program looks like from afar: the descriptors by which a grid of programs is ordered.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::program::Program;

/// Measured against the start program, so that the start is at (1, 1, 0); in a run without one,
/// absolute, and as far away as can be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Bytes, as a multiple of the start's.
    pub size: f64,
    /// Words and signs, as a multiple of the start's.
    pub complexity: f64,
    /// The share of lines that are not the start's: 1 − 2m / (a + b) for m lines in common of
    /// a and b; the order of lines does not count.
    pub distance: f64,
    /// The same number for programs whose lines besides the start's mean much the same, by their
    /// embedding. None for programs without such lines, and where no strategy asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<u32>,
}

impl Shape {
    /// The start's own.
    pub const START: Self = Self { size: 1.0, complexity: 1.0, distance: 0.0, cluster: None };

    /// A program's, against the run's start if it has one.
    pub fn of(program: &Program, start: Option<&Program>) -> Self {
        let Some(start) = start else {
            let (size, complexity) = (program.size() as f64, words(program) as f64);
            return Self { size, complexity, distance: 1.0, cluster: None };
        };
        let ratio = |own: usize, first: usize| own as f64 / first.max(1) as f64;
        Self {
            size: ratio(program.size(), start.size()),
            complexity: ratio(words(program), words(start)),
            distance: distance(program, start),
            cluster: None,
        }
    }
}

/// Runs of letters and digits, and every other visible character by itself.
fn words(program: &Program) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut count = 0;
    for text in program.files.values() {
        let mut inside = false;
        for c in text.chars() {
            let goes_on = inside && is_part(c);
            count += usize::from(!c.is_whitespace() && !goes_on);
            inside = is_part(c);
        }
    }
    count
}

fn distance(program: &Program, start: &Program) -> f64 {
    let lines = |program: &Program| {
        let mut counts: HashMap<(String, String), usize> = HashMap::new();
        for (path, text) in &program.files {
            for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                *counts.entry((path.clone(), line.to_owned())).or_default() += 1;
            }
        }
        counts
    };
    let (own, first) = (lines(program), lines(start));
    let all: usize = own.values().chain(first.values()).sum();
    let common: usize =
        own.iter().map(|(line, n)| first.get(line).copied().unwrap_or(0).min(*n)).sum();
    if all == 0 { 0.0 } else { 1.0 - 2.0 * common as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(text: &str) -> Program {
        Program::single("p.py", text)
    }

    #[test]
    fn the_start_is_where_it_is_said_to_be() {
        let start = program("x = 1\ny = x + 2\n");
        assert_eq!(Shape::of(&start, Some(&start)), Shape::START);
    }

    #[test]
    #[allow(clippy::float_cmp)] // small fractions are exact
    fn programs_are_measured_against_the_start() {
        let start = program("x = 1\ny = 2\n");
        let shape = Shape::of(&program("x = 1\n\n  y = 22\nz = 3\nw = 4\n"), Some(&start));
        // Six words and signs against twelve; of two and four lines one is common.
        assert_eq!((shape.complexity, shape.distance), (2.0, 1.0 - 2.0 / 6.0));
        assert!(shape.size > 2.0);
        let alone = Shape::of(&program("f(a_1)"), None);
        assert_eq!((alone.size, alone.complexity, alone.distance), (6.0, 4.0, 1.0));
        assert_eq!(Shape::of(&program(""), Some(&program(""))).distance, 0.0);
    }
}
