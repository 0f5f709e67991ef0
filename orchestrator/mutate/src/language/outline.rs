//! What can be changed in a text, in terms that no language owns.

use std::collections::BTreeSet;
use std::ops::Range;

/// All places of one file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outline {
    /// Stable names of statements: enclosing function, first name, hash of the statement
    /// with numbers and strings blanked and equal neighbours in a collection merged.
    pub stems: Vec<String>,
    /// Numbers.
    pub literals: Vec<Literal>,
    /// Numbers that belong together.
    pub groups: Vec<Group>,
    /// Signs and words with alternatives.
    pub tokens: Vec<Token>,
    /// Simple statements, block by block.
    pub blocks: Vec<Vec<Statement>>,
    /// Subtrees that another program's of the same kind may replace.
    pub subtrees: Vec<Subtree>,
}

/// A place's stable name: an index into [`Outline::stems`] and a count within the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Site {
    pub stem: usize,
    pub ordinal: usize,
}

/// A number.
#[derive(Debug, Clone)]
pub(crate) struct Literal {
    /// With its sign.
    pub range: Range<usize>,
    pub value: f64,
    /// Whether it is written as an integer and must stay one.
    pub integer: bool,
    /// Whether a minus sign before it would bind to more than the number.
    pub unsigned: bool,
    /// How likely it is to matter, against 1 for an ordinary number.
    pub weight: f64,
    pub site: Site,
}

/// Numbers that belong together: a collection's, a statement's, a function's.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// Name of the place.
    pub site: String,
    /// Indices of literals; equal lengths mean a table whose columns have a common scale.
    pub rows: Vec<Vec<usize>>,
}

impl Group {
    /// Number of columns if every row has as many.
    pub(crate) fn columns(&self) -> Option<usize> {
        let first = self.rows.first()?.len();
        (first > 0 && self.rows.iter().all(|row| row.len() == first)).then_some(first)
    }
}

/// A sign or word with alternatives.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// `operator` or `string`.
    pub kind: &'static str,
    pub range: Range<usize>,
    pub alternatives: Vec<String>,
    pub site: Site,
}

/// A simple statement.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub range: Range<usize>,
    pub reads: BTreeSet<String>,
    pub writes: BTreeSet<String>,
    /// Whether it may be deleted or written twice.
    pub expendable: bool,
    pub site: Site,
}

/// A subtree.
#[derive(Debug, Clone)]
pub(crate) struct Subtree {
    /// What may take its place must have the same.
    pub kind: String,
    pub range: Range<usize>,
    pub site: Site,
}
