//! A place in a line's tokens.

use super::lexer::{Lexeme, Token};

/// A mistake in a line: place in characters from 0, and what is wrong.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mistake {
    pub at: usize,
    pub len: usize,
    pub what: String,
    pub help: Option<String>,
}

/// Reads a line's tokens one by one.
pub(super) struct Cursor<'a> {
    tokens: &'a [Lexeme],
    next: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(tokens: &'a [Lexeme]) -> Self {
        Self { tokens, next: 0 }
    }

    pub(super) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next).map(|lexeme| &lexeme.token)
    }

    pub(super) fn peek_second(&self) -> Option<&'a Token> {
        self.tokens.get(self.next + 1).map(|lexeme| &lexeme.token)
    }

    pub(super) fn skip(&mut self) {
        self.next += 1;
    }

    pub(super) fn is_done(&self) -> bool {
        self.next >= self.tokens.len()
    }

    pub(super) fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    pub(super) fn take(&mut self, sign: &str) -> bool {
        let is = self.is(sign);
        self.next += usize::from(is);
        is
    }

    pub(super) fn need(&mut self, sign: &str) -> Result<(), Mistake> {
        if self.take(sign) {
            return Ok(());
        }
        Err(self.here(format!("expected `{sign}`, found {}", self.found())))
    }

    pub(super) fn need_end(&self) -> Result<(), Mistake> {
        if self.is_done() {
            return Ok(());
        }
        Err(self.here(format!("expected the end of the line, found {}", self.found())))
    }

    /// The next token, as a message names it.
    pub(super) fn found(&self) -> String {
        match self.peek() {
            None => "the end of the line".to_owned(),
            Some(Token::Word(word)) => format!("`{word}`"),
            Some(Token::Int(value)) => format!("`{value}`"),
            Some(Token::Float(value)) => format!("`{value:?}`"),
            Some(Token::Sign(sign)) => format!("`{sign}`"),
        }
    }

    /// Where the next token is, for [`Cursor::since`].
    pub(super) fn mark(&self) -> usize {
        self.next
    }

    /// Goes back to a mark.
    pub(super) fn rewind(&mut self, mark: usize) {
        self.next = mark;
    }

    /// A mistake at the next token.
    pub(super) fn here(&self, what: String) -> Mistake {
        let (at, len) = if let Some(lexeme) = self.tokens.get(self.next) {
            (lexeme.at, lexeme.len)
        } else {
            (self.tokens.last().map_or(0, |last| last.at + last.len), 1)
        };
        Mistake { at, len, what, help: None }
    }

    /// A mistake in the tokens from a mark to here.
    pub(super) fn since(&self, mark: usize, what: String) -> Mistake {
        let last = self.next.min(self.tokens.len()).saturating_sub(1);
        match (self.tokens.get(mark), self.tokens.get(last)) {
            (Some(first), Some(last)) if last.at >= first.at => {
                Mistake { at: first.at, len: last.at + last.len - first.at, what, help: None }
            }
            _ => self.here(what),
        }
    }
}
