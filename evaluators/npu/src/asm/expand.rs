//! Lines, directives and labels: everything above a single statement.

use std::collections::HashMap;

use super::cursor::{Cursor, Mistake};
use super::error::{AsmError, AsmErrors, MOST_ERRORS};
use super::expr::{self, Names, Num};
use super::lexer::{Lexeme, Token, lex};
use super::operands::{file_of, label, statement};
use super::{LONGEST_SOURCE, MOST_INSTRUCTIONS};
use crate::isa::{Arg, Program};
use crate::machine::Machine;

/// Blocks within each other.
const DEEPEST: usize = 16;
/// Lines that are read, repetitions included.
const MOST_LINES: usize = 1 << 18;

struct Line<'a> {
    text: &'a str,
    tokens: Vec<Lexeme>,
    /// Of a line that begins a block: the line that ends it.
    end: usize,
    /// Of an `.if`: its `.else`.
    other: Option<usize>,
}

/// A branch whose goal is not known yet.
struct Fixup {
    inst: usize,
    name: String,
    line: usize,
    at: usize,
    len: usize,
}

/// Too many mistakes, or too much to read.
struct GivenUp;

/// The assembler at work.
pub(super) struct Expansion<'a> {
    machine: &'a Machine,
    source: &'a str,
    names: Names,
    /// Names that a program cannot define: they are the machine's or the task's.
    fixed: Vec<String>,
    labels: HashMap<String, u32>,
    fixups: Vec<Fixup>,
    program: Program,
    errors: Vec<AsmError>,
    lines_read: usize,
}

impl<'a> Expansion<'a> {
    pub(super) fn new(source: &'a str, machine: &'a Machine, constants: &[(String, i64)]) -> Self {
        let mut names = Names::new();
        for (name, value) in machine.constants() {
            names.insert(name.to_owned(), Num::Int(value));
        }
        for (name, value) in constants {
            names.insert(name.clone(), Num::Int(*value));
        }
        names.insert("inf".to_owned(), Num::Float(f64::INFINITY));
        names.insert("nan".to_owned(), Num::Float(f64::NAN));
        Self {
            machine,
            source,
            fixed: names.keys().cloned().collect(),
            names,
            labels: HashMap::new(),
            fixups: Vec::new(),
            program: Program::default(),
            errors: Vec::new(),
            lines_read: 0,
        }
    }

    pub(super) fn run(mut self) -> Result<Program, AsmErrors> {
        if self.source.len() > LONGEST_SOURCE {
            let what = format!("the source is longer than {LONGEST_SOURCE} bytes");
            self.error(0, "", Mistake { at: 0, len: 1, what, help: None });
            return Err(AsmErrors(self.errors));
        }
        let mut lines = Vec::new();
        for (at, text) in self.source.lines().enumerate() {
            let tokens = lex(text).unwrap_or_else(|(column, len, what)| {
                self.error(at, text, Mistake { at: column, len, what, help: None });
                Vec::new()
            });
            lines.push(Line { text, tokens, end: at, other: None });
        }
        // Where blocks are not whole, their lines cannot be told apart.
        if self.pair(&mut lines) && self.block(&lines, 0, lines.len(), 0).is_ok() {
            self.resolve(&lines);
        }
        if self.errors.is_empty() {
            return Ok(self.program);
        }
        self.errors.sort_by_key(|error| (error.line, error.column));
        self.errors.dedup();
        self.errors.truncate(MOST_ERRORS);
        Err(AsmErrors(self.errors))
    }

    fn error(&mut self, line: usize, text: &str, mistake: Mistake) {
        self.errors.push(AsmError {
            line: line + 1,
            column: mistake.at + 1,
            length: mistake.len,
            what: mistake.what,
            help: mistake.help,
            text: text.to_owned(),
        });
    }

    /// Finds the end of every block; false if one has none.
    fn pair(&mut self, lines: &mut [Line<'_>]) -> bool {
        let mut open: Vec<usize> = Vec::new();
        let mut whole = true;
        for at in 0..lines.len() {
            let Some(word) = first_word(&lines[at]) else { continue };
            let begins = open.last().and_then(|begin| first_word(&lines[*begin]));
            let what = match (word, begins) {
                (".rept" | ".if", _) => {
                    open.push(at);
                    continue;
                }
                (".endr", Some(".rept")) | (".endif", Some(".if")) => {
                    if let Some(begin) = open.pop() {
                        lines[begin].end = at;
                    }
                    continue;
                }
                (".else", Some(".if")) => {
                    let begin = open.last().copied().unwrap_or(at);
                    if lines[begin].other.is_none() {
                        lines[begin].other = Some(at);
                        continue;
                    }
                    "this `.if` has an `.else` already".to_owned()
                }
                (".endr" | ".endif" | ".else", None) => format!("`{word}` without its beginning"),
                (".endr" | ".endif" | ".else", Some(begins)) => {
                    format!(
                        "`{word}` does not end the block it is in, which begins with `{begins}`"
                    )
                }
                _ => continue,
            };
            let len = word.len();
            self.error(at, lines[at].text, Mistake { at: 0, len, what, help: None });
            return false;
        }
        for begin in open {
            let word = if first_word(&lines[begin]) == Some(".if") { ".endif" } else { ".endr" };
            let what = format!("this block has no `{word}`");
            self.error(begin, lines[begin].text, Mistake { at: 0, len: 5, what, help: None });
            whole = false;
        }
        whole
    }

    /// Reads the lines of a block.
    fn block(
        &mut self,
        lines: &[Line<'_>],
        from: usize,
        to: usize,
        depth: usize,
    ) -> Result<(), GivenUp> {
        let mut at = from;
        while at < to {
            let line = &lines[at];
            self.count(line, at, depth)?;
            match first_word(line) {
                Some(".rept") => {
                    self.repeat(lines, at, depth)?;
                    at = line.end;
                }
                Some(".if") => {
                    self.choose(lines, at, depth)?;
                    at = line.end;
                }
                _ => {
                    if let Err(mistake) = self.line(line, at) {
                        self.error(at, line.text, mistake);
                    }
                }
            }
            at += 1;
        }
        Ok(())
    }

    /// Counts a line that is read, and gives up when it is one too many.
    fn count(&mut self, line: &Line<'_>, at: usize, depth: usize) -> Result<(), GivenUp> {
        self.lines_read += 1;
        let what = if self.lines_read > MOST_LINES {
            format!("more than {MOST_LINES} lines, repetitions included")
        } else if self.program.insts.len() > MOST_INSTRUCTIONS {
            format!("more than {MOST_INSTRUCTIONS} instructions, repetitions included")
        } else if depth > DEEPEST {
            format!("blocks are nested deeper than {DEEPEST}")
        } else if self.errors.len() >= MOST_ERRORS {
            return Err(GivenUp);
        } else {
            return Ok(());
        };
        self.error(at, line.text, Mistake { at: 0, len: 1, what, help: None });
        Err(GivenUp)
    }

    /// `.rept count (, name)`
    fn repeat(&mut self, lines: &[Line<'_>], at: usize, depth: usize) -> Result<(), GivenUp> {
        let line = &lines[at];
        let mut cursor = Cursor::new(&line.tokens);
        cursor.skip();
        let head = expr::integer(&mut cursor, &self.names).and_then(|count| {
            let name = if cursor.take(",") { Some(self.name(&mut cursor)?) } else { None };
            cursor.need_end()?;
            if !(0..=MOST_INSTRUCTIONS as i64).contains(&count) {
                let what = format!("cannot repeat {count} times; 0 to {MOST_INSTRUCTIONS}");
                return Err(cursor.since(1, what));
            }
            Ok((count, name))
        });
        let (count, name) = match head {
            Ok(head) => head,
            Err(mut mistake) => {
                mistake.help.get_or_insert_with(|| "usage: .rept count, i".to_owned());
                self.error(at, line.text, mistake);
                return Ok(());
            }
        };
        let hidden = name.as_ref().and_then(|name| self.names.get(name).copied());
        for i in 0..count {
            if let Some(name) = &name {
                self.names.insert(name.clone(), Num::Int(i));
            }
            // A repetition of nothing is work, too.
            self.count(line, at, depth)?;
            self.block(lines, at + 1, line.end, depth + 1)?;
        }
        if let Some(name) = name {
            match hidden {
                Some(value) => self.names.insert(name, value),
                None => self.names.remove(&name),
            };
        }
        Ok(())
    }

    /// `.if condition`
    fn choose(&mut self, lines: &[Line<'_>], at: usize, depth: usize) -> Result<(), GivenUp> {
        let line = &lines[at];
        let mut cursor = Cursor::new(&line.tokens);
        cursor.skip();
        let condition = expr::number(&mut cursor, &self.names)
            .and_then(|value| cursor.need_end().map(|()| value.as_f64() != 0.0));
        let (from, to) = match condition {
            Ok(true) => (at + 1, line.other.unwrap_or(line.end)),
            Ok(false) => (line.other.map_or(line.end, |other| other + 1), line.end),
            Err(mistake) => {
                self.error(at, line.text, mistake);
                return Ok(());
            }
        };
        self.block(lines, from, to, depth + 1)
    }

    /// A line that is neither the begin nor the end of a block.
    fn line(&mut self, line: &Line<'_>, at: usize) -> Result<(), Mistake> {
        let mut cursor = Cursor::new(&line.tokens);
        let start = cursor.mark();
        if is_label(line) {
            let name = label(&mut cursor, &self.names)?;
            cursor.need(":")?;
            if file_of(&name).is_some() {
                return Err(cursor.since(start, format!("`{name}` is a register, not a label")));
            }
            let here = self.program.insts.len() as u32;
            if self.labels.insert(name.clone(), here).is_some() {
                return Err(cursor.since(start, format!("the label `{name}` is there twice")));
            }
        }
        match cursor.peek() {
            None => Ok(()),
            Some(Token::Word(word)) if word == ".equ" => self.define(&mut cursor),
            Some(Token::Word(word)) if word.starts_with('.') => Err(cursor.here(format!(
                "there is no directive `{word}`; there are .equ, .rept, .endr, .if, .else, .endif"
            ))),
            Some(_) => {
                let inst = self.program.insts.len();
                let statement = statement(&mut cursor, &self.names, self.machine, at as u32 + 1)?;
                if let Some((name, column, len)) = statement.goal {
                    self.fixups.push(Fixup { inst, name, line: at, at: column, len });
                }
                self.program.insts.push(statement.inst);
                Ok(())
            }
        }
    }

    /// `.equ name, value`
    fn define(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Mistake> {
        cursor.skip();
        let defined = self.name(cursor).and_then(|name| {
            cursor.need(",")?;
            let value = expr::number(cursor, &self.names)?;
            cursor.need_end()?;
            Ok((name, value))
        });
        match defined {
            Ok((name, value)) => {
                self.names.insert(name, value);
                Ok(())
            }
            Err(mut mistake) => {
                mistake.help.get_or_insert_with(|| "usage: .equ NAME, value".to_owned());
                Err(mistake)
            }
        }
    }

    /// A name that the program may define.
    fn name(&self, cursor: &mut Cursor<'_>) -> Result<String, Mistake> {
        let start = cursor.mark();
        match cursor.peek() {
            Some(Token::Word(word)) => {
                cursor.skip();
                let why = if file_of(word).is_some() {
                    "is a register"
                } else if self.fixed.contains(word) {
                    "is defined by the machine or the task"
                } else if word.contains('.') {
                    "has a point in it"
                } else {
                    return Ok(word.clone());
                };
                Err(cursor.since(start, format!("`{word}` {why}; choose another name")))
            }
            _ => Err(cursor.here(format!("expected a name, found {}", cursor.found()))),
        }
    }

    /// Puts the places of labels into the branches.
    fn resolve(&mut self, lines: &[Line<'_>]) {
        for fixup in std::mem::take(&mut self.fixups) {
            if let Some(goal) = self.labels.get(&fixup.name) {
                if let Some(last) = self.program.insts[fixup.inst].args.last_mut() {
                    *last = Arg::To(*goal);
                }
                continue;
            }
            let near = super::nearest(&fixup.name, self.labels.keys().map(String::as_str));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            let what = format!("there is no label `{}`", fixup.name);
            let mistake = Mistake { at: fixup.at, len: fixup.len, what, help };
            let text = lines.get(fixup.line).map_or("", |line| line.text);
            self.error(fixup.line, text, mistake);
        }
    }
}

fn first_word<'a>(line: &'a Line<'_>) -> Option<&'a str> {
    match line.tokens.first().map(|lexeme| &lexeme.token) {
        Some(Token::Word(word)) => Some(word),
        _ => None,
    }
}

/// Whether a line begins with a label: a word, maybe a number in parentheses, and a colon.
fn is_label(line: &Line<'_>) -> bool {
    let colon = line.tokens.iter().position(|lexeme| lexeme.token == Token::Sign(":"));
    let open = line.tokens.get(1).map(|lexeme| &lexeme.token);
    match colon {
        Some(1) => true,
        Some(_) => open == Some(&Token::Sign("(")),
        None => false,
    }
}
