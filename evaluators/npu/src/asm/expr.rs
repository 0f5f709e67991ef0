//! Constant expressions, evaluated where they stand.

use std::collections::HashMap;

use super::cursor::{Cursor, Mistake};
use super::lexer::Token;

/// A constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Num {
    Int(i64),
    Float(f64),
}

impl Num {
    pub(super) fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// Names of constants that are known.
pub(super) type Names = HashMap<String, Num>;

/// Parentheses and signs within each other.
const DEEPEST: usize = 64;

/// Operators, weakest first.
const LEVELS: [&[&str]; 8] = [
    &["||"],
    &["&&"],
    &["|", "^"],
    &["&"],
    &["==", "!=", "<", "<=", ">", ">="],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

/// Reads an expression.
pub(super) fn number(cursor: &mut Cursor<'_>, names: &Names) -> Result<Num, Mistake> {
    binary(cursor, names, 0, 0)
}

/// Reads an expression whose value is an integer.
pub(super) fn integer(cursor: &mut Cursor<'_>, names: &Names) -> Result<i64, Mistake> {
    let start = cursor.mark();
    match number(cursor, names)? {
        Num::Int(value) => Ok(value),
        Num::Float(value) => {
            Err(cursor.since(start, format!("expected an integer, found the number {value:?}")))
        }
    }
}

fn binary(
    cursor: &mut Cursor<'_>,
    names: &Names,
    level: usize,
    depth: usize,
) -> Result<Num, Mistake> {
    let Some(signs) = LEVELS.get(level) else { return unary(cursor, names, depth) };
    let start = cursor.mark();
    let mut left = binary(cursor, names, level + 1, depth)?;
    while let Some(sign) = signs.iter().find(|sign| cursor.is(sign)) {
        cursor.skip();
        let right = binary(cursor, names, level + 1, depth)?;
        left = apply(sign, left, right).map_err(|why| cursor.since(start, why))?;
    }
    Ok(left)
}

fn unary(cursor: &mut Cursor<'_>, names: &Names, depth: usize) -> Result<Num, Mistake> {
    let start = cursor.mark();
    if depth > DEEPEST {
        return Err(cursor.here(format!("the expression is nested deeper than {DEEPEST}")));
    }
    if cursor.take("-") {
        return match unary(cursor, names, depth + 1)? {
            Num::Int(value) => value
                .checked_neg()
                .map(Num::Int)
                .ok_or_else(|| cursor.since(start, "the value does not fit in 64 bits".to_owned())),
            Num::Float(value) => Ok(Num::Float(-value)),
        };
    }
    if cursor.take("(") {
        let value = binary(cursor, names, 0, depth + 1)?;
        cursor.need(")")?;
        return Ok(value);
    }
    match cursor.peek().cloned() {
        Some(Token::Int(value)) => {
            cursor.skip();
            Ok(Num::Int(value))
        }
        Some(Token::Float(value)) => {
            cursor.skip();
            Ok(Num::Float(value))
        }
        Some(Token::Word(word)) => {
            cursor.skip();
            if cursor.is("(") {
                return call(cursor, names, &word, start, depth);
            }
            names.get(&word).copied().ok_or_else(|| {
                let mut mistake = cursor.since(start, format!("`{word}` is not defined"));
                let known = names.keys().map(String::as_str);
                mistake.help = super::nearest(&word, known)
                    .map(|near| format!("did you mean `{near}`?"))
                    .or_else(|| Some(format!("define it before: .equ {word}, 16")));
                mistake
            })
        }
        _ => Err(cursor.here(format!("expected a number or a name, found {}", cursor.found()))),
    }
}

/// A function of one or two arguments.
fn call(
    cursor: &mut Cursor<'_>,
    names: &Names,
    name: &str,
    start: usize,
    depth: usize,
) -> Result<Num, Mistake> {
    cursor.need("(")?;
    let first = binary(cursor, names, 0, depth + 1)?;
    let second = if cursor.take(",") { Some(binary(cursor, names, 0, depth + 1)?) } else { None };
    cursor.need(")")?;
    let up = |a: i64, b: i64| {
        if b <= 0 {
            return Err(format!("{name} needs a divisor above 0"));
        }
        Ok(a.div_euclid(b) + i64::from(a.rem_euclid(b) > 0))
    };
    let value = match (name, first, second) {
        ("min", Num::Int(a), Some(Num::Int(b))) => Ok(Num::Int(a.min(b))),
        ("max", Num::Int(a), Some(Num::Int(b))) => Ok(Num::Int(a.max(b))),
        ("min", a, Some(b)) => Ok(Num::Float(a.as_f64().min(b.as_f64()))),
        ("max", a, Some(b)) => Ok(Num::Float(a.as_f64().max(b.as_f64()))),
        ("cdiv", Num::Int(a), Some(Num::Int(b))) => up(a, b).map(Num::Int),
        ("align", Num::Int(a), Some(Num::Int(b))) => up(a, b).and_then(|count| {
            count.checked_mul(b).map(Num::Int).ok_or("the value does not fit in 64 bits".to_owned())
        }),
        ("sqrt", a, None) => Ok(Num::Float(libm::sqrt(a.as_f64()))),
        _ => Err(format!(
            "there is no function `{name}` of such arguments; there are min(a, b), max(a, b), \
             cdiv(int, int), align(int, int), sqrt(a)"
        )),
    };
    value.map_err(|why| cursor.since(start, why))
}

fn apply(sign: &str, left: Num, right: Num) -> Result<Num, String> {
    if let (Num::Int(a), Num::Int(b)) = (left, right) {
        return integers(sign, a, b).map(Num::Int);
    }
    let (a, b) = (left.as_f64(), right.as_f64());
    let truth = |is: bool| Ok(Num::Int(i64::from(is)));
    match sign {
        "+" => Ok(Num::Float(a + b)),
        "-" => Ok(Num::Float(a - b)),
        "*" => Ok(Num::Float(a * b)),
        "/" => Ok(Num::Float(a / b)),
        "<" => truth(a < b),
        "<=" => truth(a <= b),
        ">" => truth(a > b),
        ">=" => truth(a >= b),
        _ => Err(format!("`{sign}` needs integers on both sides")),
    }
}

fn integers(sign: &str, a: i64, b: i64) -> Result<i64, String> {
    let shift = || u32::try_from(b).ok().filter(|bits| *bits < 63);
    let value = match sign {
        "+" => a.checked_add(b),
        "-" => a.checked_sub(b),
        "*" => a.checked_mul(b),
        "/" | "%" if b == 0 => return Err("division by 0".to_owned()),
        "/" => a.checked_div(b),
        "%" => a.checked_rem(b),
        "<<" => shift().and_then(|bits| a.checked_mul(1 << bits)),
        ">>" => shift().map(|bits| a >> bits),
        "&" => Some(a & b),
        "|" => Some(a | b),
        "^" => Some(a ^ b),
        "==" => Some(i64::from(a == b)),
        "!=" => Some(i64::from(a != b)),
        "<" => Some(i64::from(a < b)),
        "<=" => Some(i64::from(a <= b)),
        ">" => Some(i64::from(a > b)),
        ">=" => Some(i64::from(a >= b)),
        "&&" => Some(i64::from(a != 0 && b != 0)),
        _ => Some(i64::from(a != 0 || b != 0)),
    };
    value.ok_or_else(|| "the value does not fit in 64 bits".to_owned())
}
