//! A program laid out for mutation: its editable places with names and scales.

use std::ops::Range;
use std::rc::Rc;

use evolve_core::event::{Change, Edit};
use evolve_core::program::Program;

use super::number;
use super::recent::{Parsed, parsed};
use crate::language::outline::{Site, Statement, Subtree, Token};
use crate::language::tree::Tree;
use crate::language::{Syntax, is_of};
use crate::regions::Editable;

/// A program's places.
pub(super) struct Desk<'a> {
    pub files: Vec<File<'a>>,
    pub numbers: Vec<Number>,
    pub groups: Vec<Group>,
}

/// One file that parses and may change.
pub(super) struct File<'a> {
    pub path: &'a str,
    pub text: &'a str,
    prefix: String,
    parsed: Rc<Parsed>,
    ranges: Vec<Range<usize>>,
}

/// A number that may change.
#[derive(Debug, Clone)]
pub(super) struct Number {
    pub file: usize,
    pub range: Range<usize>,
    pub value: f64,
    pub integer: bool,
    pub unsigned: bool,
    /// Whether it is written with a sign.
    pub signed: bool,
    pub weight: f64,
    pub site: String,
    /// What a step of 1 means for it: its column's spread, or its size.
    pub scale: f64,
}

impl Number {
    /// Whether no table tells what a step of it means, so that its own size has to.
    pub(super) fn is_alone(&self) -> bool {
        (self.scale / self.value.abs() - 1.0).abs() < 1e-12
    }
}

/// Numbers that belong together; indices into [`Desk::numbers`].
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub site: String,
    pub rows: Vec<Vec<usize>>,
    /// Numbers per row, when all rows are alike and there are several.
    pub columns: Option<usize>,
}

impl<'a> Desk<'a> {
    /// Lays out the files of the language that parse.
    pub(super) fn new(
        syntax: &'static dyn Syntax,
        program: &'a Program,
        editable: &Editable,
    ) -> Self {
        let mut files = Vec::new();
        for (path, text) in &program.files {
            let ranges = editable.ranges(path, text);
            if ranges.is_empty() || !is_of(syntax.name(), path, program) {
                continue;
            }
            if let Some(parsed) = parsed(syntax, text) {
                let prefix =
                    if program.files.len() > 1 { format!("{path}/") } else { String::new() };
                files.push(File { path, text, prefix, parsed, ranges });
            }
        }
        let mut desk = Self { files, numbers: Vec::new(), groups: Vec::new() };
        for file in 0..desk.files.len() {
            desk.lay_out(file);
        }
        desk.set_scales();
        desk
    }

    fn lay_out(&mut self, index: usize) {
        let file = &self.files[index];
        let mut places = vec![None; file.parsed.outline.literals.len()];
        for (literal, place) in file.parsed.outline.literals.iter().zip(&mut places) {
            if !file.may_change(&literal.range) {
                continue;
            }
            *place = Some(self.numbers.len());
            self.numbers.push(Number {
                file: index,
                range: literal.range.clone(),
                value: literal.value,
                integer: literal.integer,
                unsigned: literal.unsigned,
                signed: file.text[literal.range.clone()].starts_with('-'),
                weight: literal.weight,
                site: file.site(literal.site),
                scale: 1.0,
            });
        }
        for group in &file.parsed.outline.groups {
            let kept =
                |row: &Vec<usize>| row.iter().map(|at| places[*at]).collect::<Option<Vec<_>>>();
            let rows: Vec<Vec<usize>> = group.rows.iter().filter_map(kept).collect();
            if rows.iter().map(Vec::len).sum::<usize>() > 1 {
                let columns = group.columns().filter(|_| rows.len() > 1);
                self.groups.push(Group {
                    site: format!("{}{}", file.prefix, group.site),
                    rows,
                    columns,
                });
            }
        }
    }

    fn set_scales(&mut self) {
        for number in &mut self.numbers {
            number.scale = number.value.abs();
        }
        for group in &self.groups {
            for column in 0..group.columns.unwrap_or(0) {
                let members = || group.rows.iter().map(|row| row[column]);
                let values = || members().map(|at| self.numbers[at].value);
                let (low, high) =
                    values().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
                // A column of few numbers says little about its scale.
                if group.rows.len() >= 4 && high > low {
                    for at in members() {
                        self.numbers[at].scale = high - low;
                    }
                }
            }
        }
        for group in self.groups.iter().rev() {
            let mut sizes: Vec<f64> =
                group.rows.iter().flatten().map(|at| self.numbers[*at].scale).collect();
            sizes.retain(|size| *size > 0.0);
            sizes.sort_by(f64::total_cmp);
            let Some(typical) = sizes.get(sizes.len() / 2) else { continue };
            for at in group.rows.iter().flatten() {
                let number = &mut self.numbers[*at];
                if number.scale == 0.0 {
                    number.scale = *typical;
                }
            }
        }
        for number in &mut self.numbers {
            if number.scale == 0.0 || !number.scale.is_finite() {
                number.scale = 1.0;
            }
        }
    }

    /// The tokens that may change, with their files.
    pub(super) fn tokens(&self, kind: &str) -> Vec<(usize, &Token)> {
        let all = |f: &'_ File<'a>| f.parsed.outline.tokens.len();
        let mut found = Vec::with_capacity(self.files.iter().map(all).sum());
        for (index, file) in self.files.iter().enumerate() {
            let fits = |token: &&Token| token.kind == kind && file.may_change(&token.range);
            found
                .extend(file.parsed.outline.tokens.iter().filter(fits).map(|token| (index, token)));
        }
        found
    }

    /// The simple statements that may change, block by block, with their files.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (usize, Vec<&Statement>)> {
        self.files.iter().enumerate().flat_map(|(index, file)| {
            file.parsed.outline.blocks.iter().map(move |block| {
                (index, block.iter().filter(|s| file.may_change(&s.range)).collect())
            })
        })
    }

    /// The subtrees that may change, with their files.
    pub(super) fn subtrees(&self) -> impl Iterator<Item = (usize, &Subtree)> {
        self.files.iter().enumerate().flat_map(|(index, file)| {
            let fits = |subtree: &&Subtree| file.may_change(&subtree.range);
            file.parsed.outline.subtrees.iter().filter(fits).map(move |subtree| (index, subtree))
        })
    }
}

impl File<'_> {
    pub(super) fn may_change(&self, range: &Range<usize>) -> bool {
        self.ranges.iter().any(|free| free.start <= range.start && range.end <= free.end)
    }

    pub(super) fn site(&self, site: Site) -> String {
        let stem = self.parsed.outline.stems.get(site.stem).map_or("_", String::as_str);
        format!("{}{stem}.{}", self.prefix, site.ordinal)
    }
}

/// One replacement of text.
#[derive(Debug, Clone)]
pub(super) struct Replacement {
    pub file: usize,
    pub range: Range<usize>,
    pub text: String,
    /// Whether one number without sign took the place of another.
    plain: bool,
}

impl Replacement {
    /// Adds a blank where a sign or bracket gave way to a word or digit beside another one:
    /// `return-1` must not become `return4`.
    fn keep_apart(&mut self, text: &str) {
        let in_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let old = text.get(self.range.clone()).unwrap_or_default();
        let before = text.get(..self.range.start).and_then(|before| before.chars().next_back());
        let after = text.get(self.range.end..).and_then(|after| after.chars().next());
        let (first, last) = (self.text.chars().next(), self.text.chars().next_back());
        if in_word(before) && in_word(first) && !in_word(old.chars().next()) {
            self.text.insert(0, ' ');
            self.plain = false;
        }
        if in_word(after) && in_word(last) && !in_word(old.chars().next_back()) {
            self.text.push(' ');
            self.plain = false;
        }
    }
}

/// A change in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct Sketch {
    pub replacements: Vec<Replacement>,
    pub change: Change,
}

/// Most edits a change names; what is beyond is not learned from.
pub(super) const MAX_EDITS: usize = 32;

impl Sketch {
    /// A change that begins with this edit, which stands for the whole.
    pub(super) fn new(kind: &str, site: &str, step: Option<f64>, summary: String) -> Self {
        let edit = Edit { kind: kind.to_owned(), site: site.to_owned(), step };
        Self {
            replacements: Vec::new(),
            change: Change { summary, edits: vec![edit], ..Change::default() },
        }
    }

    /// Replaces text.
    pub(super) fn replace(&mut self, file: usize, range: Range<usize>, text: String) {
        self.replacements.push(Replacement { file, range, text, plain: false });
    }

    /// Names one more edit.
    pub(super) fn note(&mut self, kind: &str, site: &str, step: f64) {
        if self.change.edits.len() < MAX_EDITS {
            self.change.edits.push(Edit {
                kind: kind.to_owned(),
                site: site.to_owned(),
                step: Some(step),
            });
        }
    }

    /// Writes a number anew; false if that would change nothing.
    pub(super) fn set(&mut self, number: &Number, value: f64) -> bool {
        self.set_within(number, value, value - number.value)
    }

    /// Writes a number anew, with the digits that a step of this size deserves.
    pub(super) fn set_within(&mut self, number: &Number, value: f64, step: f64) -> bool {
        let value = if number.unsigned { value.abs() } else { value };
        if !value.is_finite() {
            return false;
        }
        let text = if number.integer { number::integer(value) } else { number::float(value, step) };
        if text.parse() == Ok(number.value) {
            return false;
        }
        let plain = !number.signed && !text.starts_with('-');
        let range = number.range.clone();
        self.replacements.push(Replacement { file: number.file, range, text, plain });
        true
    }

    /// The program after the change; none if replacements overlap.
    pub(super) fn apply(&mut self, desk: &Desk<'_>, parent: &Program) -> Option<Program> {
        let mut program = parent.clone();
        self.replacements.sort_by_key(|r| (r.file, r.range.start));
        let overlap = |pair: &[Replacement]| {
            pair[0].file == pair[1].file && pair[0].range.end > pair[1].range.start
        };
        if self.replacements.windows(2).any(overlap) {
            return None;
        }
        for (index, file) in desk.files.iter().enumerate() {
            let mut text = String::with_capacity(file.text.len() + 64);
            let mut at = 0;
            for replacement in self.replacements.iter_mut().filter(|r| r.file == index) {
                replacement.keep_apart(file.text);
                text.push_str(file.text.get(at..replacement.range.start)?);
                text.push_str(&replacement.text);
                at = replacement.range.end;
            }
            text.push_str(file.text.get(at..)?);
            program.files.insert(file.path.to_owned(), text);
        }
        Some(program)
    }

    /// The tree of a file after [`Sketch::apply`], where it can be told without parsing: a
    /// number in the place of a number changes nothing but lengths.
    pub(super) fn tree_after(&self, index: usize, file: &File<'_>) -> Option<Tree> {
        let mine: Vec<&Replacement> =
            self.replacements.iter().filter(|r| r.file == index).collect();
        if !mine.iter().all(|r| r.plain) {
            return None;
        }
        let mut tree = file.parsed.tree.clone();
        // Ends of the replaced, and how far what follows is moved: forth and back.
        let mut ends: Vec<(usize, usize, usize)> = Vec::with_capacity(mine.len());
        for replacement in mine {
            let (forth, back) = ends.last().map_or((0, 0), |(_, forth, back)| (*forth, *back));
            let (new, old) = (replacement.text.len(), replacement.range.len());
            ends.push((replacement.range.end, forth + new, back + old));
        }
        let moved = |at: usize| {
            // Ends of a replaced number count as behind it, its start as before.
            let before = ends.partition_point(|(end, ..)| *end <= at);
            let last = before.checked_sub(1).and_then(|before| ends.get(before));
            last.map_or(at, |(_, forth, back)| at + forth - back)
        };
        for node in &mut tree.nodes {
            node.range = moved(node.range.start)..moved(node.range.end);
        }
        Some(tree)
    }
}
