//! Splits a gate into words and signs.

use super::GateError;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Name(String),
    Sign(&'static str),
    End,
}

impl Token {
    /// How it looks, for messages.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Number(value) => format!("`{value}`"),
            Self::Name(name) => format!("`{name}`"),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Longer ones first: `<=` is not `<` and `=`.
const SIGNS: [&str; 15] =
    ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "+", "-", "*", "/"];

/// Tokens with the character (from 1) at which each begins; the last one is the end.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, GateError> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at].is_whitespace() {
            at += 1;
            continue;
        }
        let (token, length) =
            token(&chars[at..]).map_err(|problem| GateError { at: at + 1, problem })?;
        found.push((at + 1, token));
        at += length;
    }
    found.push((chars.len() + 1, Token::End));
    Ok(found)
}

/// The first token of what is left, and how many characters it takes.
fn token(rest: &[char]) -> Result<(Token, usize), String> {
    let first = rest[0];
    if first.is_ascii_digit() || first == '.' {
        return number(rest);
    }
    if first.is_alphabetic() || first == '_' {
        let length = rest.iter().take_while(|c| c.is_alphanumeric() || "_.".contains(**c)).count();
        return Ok((Token::Name(rest[..length].iter().collect()), length));
    }
    if first == '"' {
        let inner = rest[1..].iter().position(|c| *c == '"');
        let inner = inner.ok_or("the quote is not closed; write \"metric name\"")?;
        return Ok((Token::Name(rest[1..=inner].iter().collect()), inner + 2));
    }
    let sign = SIGNS
        .iter()
        .find(|sign| sign.chars().zip(rest).filter(|(a, b)| a == *b).count() == sign.len());
    sign.map(|sign| (Token::Sign(sign), sign.len())).ok_or_else(|| match first {
        '=' => "`=` is not a comparison; write `==`".to_owned(),
        '&' => "`&` has no meaning here; write `&&`".to_owned(),
        '|' => "`|` has no meaning here; write `||`".to_owned(),
        other => format!("`{}` has no meaning in a gate", other.escape_default()),
    })
}

fn number(rest: &[char]) -> Result<(Token, usize), String> {
    let mut length = 0;
    while let Some(c) = rest.get(length) {
        let after_exponent = length > 0 && matches!(rest[length - 1], 'e' | 'E');
        if c.is_ascii_alphanumeric() || *c == '.' || (after_exponent && matches!(c, '+' | '-')) {
            length += 1;
        } else {
            break;
        }
    }
    let text: String = rest[..length].iter().collect();
    let value = text.parse().ok().filter(|value: &f64| value.is_finite());
    value
        .map(|value| (Token::Number(value), length))
        .ok_or_else(|| format!("`{text}` is not a finite number"))
}
