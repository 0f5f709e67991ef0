//! Gates: conditions on metrics, written in `task.toml`.
//!
//! `valid == 1 && sum_of_radii > 0.9`: comparisons of metrics and numbers with `+ - * /`,
//! joined by `&&`, `||`, `!` and parentheses. `==` means equal to the last bit. A metric whose
//! name is not a plain word is written in quotes: `"top 1" > 0.5`.

mod lexer;
mod parser;

use evolve_core::objective::Metrics;

/// A mistake in a gate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: {problem}")]
pub struct GateError {
    /// Which character of the gate, from 1.
    pub at: usize,
    /// What is wrong, and what to write.
    pub problem: String,
}

/// What a gate says to metrics.
#[derive(Debug, Clone, PartialEq)]
pub enum GateVerdict {
    /// Go on.
    Open,
    /// Stop here; the metrics that it depends on, for people.
    Closed(String),
    /// It cannot be decided: a metric is missing, or a number is not finite.
    Undecided(String),
}

/// A gate that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    text: String,
    condition: Condition,
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Compare(Number, Comparison, Number),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

#[derive(Debug, Clone, PartialEq)]
enum Number {
    Literal(f64),
    Metric(String),
    Negative(Box<Number>),
    Arithmetic(Box<Number>, Operation, Box<Number>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Gate {
    /// Reads a gate.
    ///
    /// # Errors
    /// When it is not one; the error says where and why.
    pub fn parse(text: &str) -> Result<Self, GateError> {
        Ok(Self { text: text.to_owned(), condition: parser::parse(text)? })
    }

    /// The gate as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says to these metrics. The right side of `&&` and `||` is looked at only if
    /// the left one does not decide.
    pub fn judge(&self, metrics: &Metrics) -> GateVerdict {
        match holds(&self.condition, metrics) {
            Ok(true) => GateVerdict::Open,
            Ok(false) => {
                let mut names = Vec::new();
                names_in(&self.condition, &mut names);
                let values: Vec<String> = names
                    .iter()
                    .filter_map(|name| Some(format!("{name} = {}", metrics.get(*name)?)))
                    .collect();
                GateVerdict::Closed(values.join(", "))
            }
            Err(why) => GateVerdict::Undecided(why),
        }
    }
}

fn holds(condition: &Condition, metrics: &Metrics) -> Result<bool, String> {
    Ok(match condition {
        Condition::Compare(left, comparison, right) => {
            let (left, right) = (value(left, metrics)?, value(right, metrics)?);
            compare(left, *comparison, right)
        }
        Condition::Not(inner) => !holds(inner, metrics)?,
        Condition::And(left, right) => holds(left, metrics)? && holds(right, metrics)?,
        Condition::Or(left, right) => holds(left, metrics)? || holds(right, metrics)?,
    })
}

#[allow(clippy::float_cmp)] // equality is what the gate's author asked for
fn compare(left: f64, comparison: Comparison, right: f64) -> bool {
    match comparison {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
    }
}

fn value(number: &Number, metrics: &Metrics) -> Result<f64, String> {
    let value = match number {
        Number::Literal(value) => *value,
        Number::Metric(name) => *metrics
            .get(name)
            .ok_or_else(|| format!("it names `{name}`, which the result does not have"))?,
        Number::Negative(inner) => -value(inner, metrics)?,
        Number::Arithmetic(left, operation, right) => {
            let (left, right) = (value(left, metrics)?, value(right, metrics)?);
            match operation {
                Operation::Add => left + right,
                Operation::Subtract => left - right,
                Operation::Multiply => left * right,
                Operation::Divide => left / right,
            }
        }
    };
    // A comparison with NaN is false and its negation true: neither may open a gate.
    if value.is_finite() { Ok(value) } else { Err(format!("it computes {value}")) }
}

fn names_in<'a>(condition: &'a Condition, names: &mut Vec<&'a str>) {
    match condition {
        Condition::Compare(left, _, right) => {
            names_in_number(left, names);
            names_in_number(right, names);
        }
        Condition::Not(inner) => names_in(inner, names),
        Condition::And(left, right) | Condition::Or(left, right) => {
            names_in(left, names);
            names_in(right, names);
        }
    }
}

fn names_in_number<'a>(number: &'a Number, names: &mut Vec<&'a str>) {
    match number {
        Number::Metric(name) if !names.contains(&name.as_str()) => names.push(name),
        Number::Literal(_) | Number::Metric(_) => {}
        Number::Negative(inner) => names_in_number(inner, names),
        Number::Arithmetic(left, _, right) => {
            names_in_number(left, names);
            names_in_number(right, names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn verdict(gate: &str) -> GateVerdict {
        let metrics = [("valid", 1.0), ("score", 0.5), ("top 1", 0.25), ("zero", 0.0)];
        let metrics = metrics.map(|(name, value)| (name.to_owned(), value)).into();
        Gate::parse(gate).unwrap().judge(&metrics)
    }

    #[test]
    fn open_gates_open() {
        for gate in [
            "valid == 1 && score > 0.4",
            "valid==1&&score>.4",
            "score >= 0.5 && score <= 5e-1 && score != 1",
            "!(score < 0.5)",
            "valid == 0 || score == 0.5",
            "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9",
            "10 - 4 - 3 == 3 && 8 / 4 / 2 == 1",
            "-score < 0 && - -score > 0",
            "\"top 1\" == 0.25",
            "valid == 0 && score == 1 || score > 0",
            "valid == 1 || missing > 0",
        ] {
            assert_eq!(verdict(gate), GateVerdict::Open, "{gate}");
        }
    }

    #[test]
    fn closed_gates_show_the_values_they_depend_on() {
        assert_eq!(
            verdict("valid == 1 && score > 0.9 && score < 2"),
            GateVerdict::Closed("valid = 1, score = 0.5".into())
        );
        assert_eq!(verdict("valid == 0 && missing > 0"), GateVerdict::Closed("valid = 1".into()));
    }

    #[test]
    fn what_is_missing_or_not_finite_never_opens_a_gate() {
        for gate in ["missing > 0", "!(missing > 0)", "!(zero / zero > 0)", "1 / zero > 0"] {
            assert!(matches!(verdict(gate), GateVerdict::Undecided(_)), "{gate}");
        }
    }

    #[test]
    fn mistakes_are_explained_where_they_are() {
        for (gate, at, word) in [
            ("", 1, "empty"),
            ("valid", 1, "compare it"),
            ("valid = 1", 7, "`==`"),
            ("valid == 1 & score > 0", 12, "`&&`"),
            ("valid == 1 and score > 0", 12, "`&&`"),
            ("0 < score < 1", 11, "chain"),
            ("!valid == 1", 2, "compare it"),
            ("(score > 1", 11, "`)`"),
            ("score > 1)", 10, "`)`"),
            ("score >", 8, "expected"),
            ("score > 1.2.3", 9, "number"),
            ("score > 1e999", 9, "number"),
            ("score > $x", 9, "`$`"),
            ("\"open", 1, "quote"),
            ("(score > 1) + 1 > 2", 1, "number"),
        ] {
            let error = Gate::parse(gate).unwrap_err();
            assert_eq!(error.at, at, "{gate}: {error}");
            assert!(error.problem.contains(word), "{gate}: {error}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = format!("{}score > 1{}", "(".repeat(400), ")".repeat(400));
        assert!(Gate::parse(&deep).unwrap_err().problem.contains("nested"));
        let long = format!("score > 1{}", " + 1".repeat(2000));
        assert!(Gate::parse(&long).unwrap_err().problem.contains("longer"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-a-z0-9.\"()!&|=<>+*/ éµ]{0,60}") {
            let metrics = [("a".to_owned(), 1.0)].into();
            match Gate::parse(&text) {
                Ok(gate) => { let _ = gate.judge(&metrics); }
                Err(error) => prop_assert!(error.at >= 1 && error.at <= text.chars().count() + 1),
            }
        }

        #[test]
        fn any_text_at_all_is_read_or_refused(text in any::<String>()) {
            let _ = Gate::parse(&text);
        }
    }
}
