//! Reads a gate: `||` binds least, then `&&`, comparisons, `+ -`, `* /`, and `!` and `-`.

use super::lexer::{Token, tokens};
use super::{Comparison, Condition, GateError, Number, Operation};

/// Longest gate in bytes: more is a mistake, and bounds the depth of the tree.
const LONGEST: usize = 1000;
/// Deepest nesting of parentheses and signs.
const DEEPEST: usize = 64;

pub(super) fn parse(text: &str) -> Result<Condition, GateError> {
    if text.len() > LONGEST {
        let problem = format!("the gate is longer than {LONGEST} bytes");
        return Err(GateError { at: 1, problem });
    }
    if text.trim().is_empty() {
        let problem = "the gate is empty; write for example `valid == 1`".to_owned();
        return Err(GateError { at: 1, problem });
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let whole = parser.or()?.condition()?;
    match parser.peek() {
        (_, Token::End) => Ok(whole),
        (at, Token::Name(word)) if word == "and" || word == "or" => {
            let sign = if word == "and" { "&&" } else { "||" };
            Err(GateError { at, problem: format!("write `{sign}` for `{word}`") })
        }
        (at, token) => {
            let problem = format!("expected `&&`, `||` or the end here, not {}", token.shown());
            Err(GateError { at, problem })
        }
    }
}

/// A part of a gate, with the character at which it begins.
struct Part {
    at: usize,
    kind: Kind,
}

enum Kind {
    Number(Number),
    Condition(Condition),
}

impl Part {
    fn condition(self) -> Result<Condition, GateError> {
        match self.kind {
            Kind::Condition(condition) => Ok(condition),
            Kind::Number(_) => Err(GateError {
                at: self.at,
                problem: "a number is no condition; compare it, for example `valid == 1`"
                    .to_owned(),
            }),
        }
    }

    fn number(self) -> Result<Number, GateError> {
        match self.kind {
            Kind::Number(number) => Ok(number),
            Kind::Condition(_) => Err(GateError {
                at: self.at,
                problem: "expected a number here, not a condition".to_owned(),
            }),
        }
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> (usize, Token) {
        // The end is never taken, so there is always one more.
        self.tokens.get(self.next).cloned().unwrap_or((1, Token::End))
    }

    /// Takes the next token if it is one of these signs.
    fn take(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        let (_, Token::Sign(sign)) = self.peek() else { return None };
        let taken = signs.contains(&sign).then_some(sign);
        self.next += usize::from(taken.is_some());
        taken
    }

    fn or(&mut self) -> Result<Part, GateError> {
        let mut left = self.and()?;
        while self.take(&["||"]).is_some() {
            let (at, right) = (left.at, self.and()?);
            let both = (Box::new(left.condition()?), Box::new(right.condition()?));
            left = Part { at, kind: Kind::Condition(Condition::Or(both.0, both.1)) };
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Part, GateError> {
        let mut left = self.comparison()?;
        while self.take(&["&&"]).is_some() {
            let (at, right) = (left.at, self.comparison()?);
            let both = (Box::new(left.condition()?), Box::new(right.condition()?));
            left = Part { at, kind: Kind::Condition(Condition::And(both.0, both.1)) };
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Part, GateError> {
        const SIGNS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];
        let left = self.sum()?;
        let Some(sign) = self.take(&SIGNS) else { return Ok(left) };
        let (at, right) = (left.at, self.sum()?);
        let comparison = match sign {
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<=" => Comparison::LessOrEqual,
            ">=" => Comparison::GreaterOrEqual,
            "<" => Comparison::Less,
            _ => Comparison::Greater,
        };
        let condition = Condition::Compare(left.number()?, comparison, right.number()?);
        let (next, token) = self.peek();
        if matches!(token, Token::Sign(sign) if SIGNS.contains(&sign)) {
            let problem = "comparisons do not chain; write `0 < x && x < 1`".to_owned();
            return Err(GateError { at: next, problem });
        }
        Ok(Part { at, kind: Kind::Condition(condition) })
    }

    fn sum(&mut self) -> Result<Part, GateError> {
        let mut left = self.product()?;
        while let Some(sign) = self.take(&["+", "-"]) {
            let operation = if sign == "+" { Operation::Add } else { Operation::Subtract };
            left = arithmetic(left, operation, self.product()?)?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Part, GateError> {
        let mut left = self.unary()?;
        while let Some(sign) = self.take(&["*", "/"]) {
            let operation = if sign == "*" { Operation::Multiply } else { Operation::Divide };
            left = arithmetic(left, operation, self.unary()?)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Part, GateError> {
        let at = self.peek().0;
        if self.depth == DEEPEST {
            let problem = format!("nested deeper than {DEEPEST} levels");
            return Err(GateError { at, problem });
        }
        self.depth += 1;
        let part = match self.take(&["!", "-", "("]) {
            Some("!") => {
                let inner = self.unary()?.condition()?;
                Part { at, kind: Kind::Condition(Condition::Not(Box::new(inner))) }
            }
            Some("-") => {
                let inner = self.unary()?.number()?;
                Part { at, kind: Kind::Number(Number::Negative(Box::new(inner))) }
            }
            Some(_) => {
                let inner = self.or()?;
                let (here, token) = self.peek();
                if self.take(&[")"]).is_none() {
                    let problem = format!("expected `)` here, not {}", token.shown());
                    return Err(GateError { at: here, problem });
                }
                Part { at, kind: inner.kind }
            }
            None => self.atom()?,
        };
        self.depth -= 1;
        Ok(part)
    }

    fn atom(&mut self) -> Result<Part, GateError> {
        let (at, token) = self.peek();
        let number = match token {
            Token::Number(value) => Number::Literal(value),
            Token::Name(name) => Number::Metric(name),
            other => {
                let problem = format!("expected a metric or a number here, not {}", other.shown());
                return Err(GateError { at, problem });
            }
        };
        self.next += 1;
        Ok(Part { at, kind: Kind::Number(number) })
    }
}

fn arithmetic(left: Part, operation: Operation, right: Part) -> Result<Part, GateError> {
    let at = left.at;
    let (left, right) = (Box::new(left.number()?), Box::new(right.number()?));
    Ok(Part { at, kind: Kind::Number(Number::Arithmetic(left, operation, right)) })
}
