//! Where a Python program can be changed.

use std::collections::BTreeSet;

use super::effects::Effects;
use super::is_statement;
use crate::language::finder::{Finder, Terms};
use crate::language::outline::{Literal, Outline, Statement, Subtree, Token};
use crate::language::tree::{NodeId, Tree};

static TERMS: Terms = Terms {
    number: is_number,
    string: |kind| kind == "string",
    collection: |kind| matches!(kind, "list" | "tuple" | "set" | "dictionary" | "argument_list"),
    arguments: |kind| kind == "argument_list",
    block: is_block,
    statement: is_statement,
    // A header's name does not depend on what is in its block.
    aside: |kind| matches!(kind, "comment" | "block" | ","),
    scope: |tree, id| {
        matches!(tree.kind(id), "function_definition" | "class_definition")
            .then(|| tree.field(id, "name"))
    },
};

pub(super) fn outline(text: &str, tree: &Tree) -> Outline {
    let mut sites = Sites { finder: Finder::new(text, tree, &TERMS), text, tree };
    sites.literals();
    sites.finder.groups();
    sites.tokens();
    sites.blocks();
    sites.subtrees();
    sites.finder.out
}

struct Sites<'a> {
    finder: Finder<'a>,
    text: &'a str,
    tree: &'a Tree,
}

fn is_block(kind: &str) -> bool {
    matches!(kind, "module" | "block")
}

/// A number, or a minus sign with one.
fn is_number(tree: &Tree, id: NodeId) -> bool {
    match tree.kind(id) {
        "integer" | "float" => true,
        "unary_operator" => {
            let mut parts = tree.children(id).map(|part| tree.kind(part));
            parts.next() == Some("-") && matches!(parts.next(), Some("integer" | "float"))
        }
        _ => false,
    }
}

impl<'a> Sites<'a> {
    fn literals(&mut self) {
        let mut id = 0;
        while id < self.tree.nodes.len() {
            if is_number(self.tree, id) && !self.finder.is_outside(id) {
                self.literal(id);
                id = self.tree.nodes[id].end;
            } else {
                id += 1;
            }
        }
        self.finder.recount();
    }

    fn literal(&mut self, id: NodeId) {
        let plain: String =
            self.finder.source(id).chars().filter(|c| *c != '_' && !c.is_whitespace()).collect();
        let Ok(value) = plain.parse::<f64>() else { return };
        let integer = !plain.contains(['.', 'e', 'E']);
        // Beyond 2^53 an integer is a constant of some algorithm, and no float can carry it.
        if !value.is_finite() || (integer && value.abs() > 9e15) {
            return;
        }
        let parent = self.tree.nodes[id].parent;
        let role = self.tree.nodes[id].field;
        let power = self.tree.kind(parent) == "binary_operator"
            && role == "left"
            && self.tree.field(parent, "operator").is_some_and(|sign| self.tree.kind(sign) == "**");
        let unsigned = power
            || matches!(self.tree.kind(parent), "attribute" | "unary_operator" | "case_pattern");
        let index = matches!(self.tree.kind(parent), "subscript" | "slice");
        let site = self.finder.site(id);
        self.finder.literal_at[id] = Some(self.finder.out.literals.len());
        self.finder.out.literals.push(Literal {
            range: self.tree.nodes[id].range.clone(),
            value,
            integer,
            unsigned,
            weight: if index { 0.15 } else { 1.0 },
            site,
        });
    }

    fn tokens(&mut self) {
        let strings = self.strings();
        for id in 1..self.tree.nodes.len() {
            let kind = self.tree.kind(id);
            if self.finder.is_outside(id) {
                continue;
            }
            let (kind, alternatives) = if kind == "string" {
                let Some(own) = strings.iter().find(|(at, _)| *at == id).map(|(_, text)| *text)
                else {
                    continue;
                };
                let others: BTreeSet<&str> =
                    strings.iter().map(|(_, text)| *text).filter(|t| *t != own).collect();
                ("string", others.into_iter().map(str::to_owned).collect::<Vec<_>>())
            } else {
                let others = self.sign_alternatives(id);
                ("operator", others.iter().map(|text| (*text).to_owned()).collect())
            };
            if !alternatives.is_empty() {
                let site = self.finder.site(id);
                let range = self.tree.nodes[id].range.clone();
                self.finder.out.tokens.push(Token { kind, range, alternatives, site });
            }
        }
        self.finder.recount();
    }

    fn sign_alternatives(&self, id: NodeId) -> &'static [&'static str] {
        let parent = self.tree.nodes[id].parent;
        match (self.tree.kind(parent), self.tree.kind(id)) {
            ("comparison_operator", "<") => &["<=", ">"],
            ("comparison_operator", "<=") => &["<", ">="],
            ("comparison_operator", ">") => &[">=", "<"],
            ("comparison_operator", ">=") => &[">", "<="],
            ("comparison_operator", "==") => &["!=", "<=", ">="],
            ("comparison_operator", "!=") => &["==", "<", ">"],
            ("binary_operator", "+") => &["-", "*"],
            ("binary_operator", "-") => &["+"],
            ("binary_operator", "*") => &["/", "+"],
            ("binary_operator", "/") => &["*", "//"],
            ("binary_operator", "//") => &["/", "%"],
            ("binary_operator", "%") => &["//"],
            ("augmented_assignment", "+=") => &["-=", "*="],
            ("augmented_assignment", "-=") => &["+="],
            ("augmented_assignment", "*=") => &["/=", "+="],
            ("augmented_assignment", "/=") => &["*="],
            ("boolean_operator", "and") => &["or"],
            ("boolean_operator", "or") => &["and"],
            (_, "true") => &["False"],
            (_, "false") => &["True"],
            ("call", "identifier") if self.tree.nodes[id].field == "function" => {
                match self.finder.source(id) {
                    "min" => &["max"],
                    "max" => &["min"],
                    _ => &[],
                }
            }
            _ => &[],
        }
    }

    /// Short plain strings that look like the values of an option.
    fn strings(&self) -> Vec<(NodeId, &'a str)> {
        let optionlike = |id: &NodeId| {
            let text = self.finder.source(*id);
            let word = text.trim_matches(['"', '\'']);
            let parent = self.tree.nodes[*id].parent;
            let is_key =
                self.tree.nodes[*id].field == "key" || self.tree.kind(parent) == "subscript";
            let plain = word.chars().all(|c| c.is_alphanumeric() || "_-.+".contains(c));
            let quoted = text.len() == word.len() + 2 && !word.is_empty() && word.len() <= 32;
            plain && quoted && !is_key && self.tree.kind(parent) != "expression_statement"
        };
        let strings = (1..self.tree.nodes.len()).filter(|id| self.tree.kind(*id) == "string");
        strings.filter(optionlike).map(|id| (id, self.finder.source(id))).collect()
    }

    fn blocks(&mut self) {
        for id in 0..self.tree.nodes.len() {
            if !is_block(self.tree.kind(id)) {
                continue;
            }
            let mut run = Vec::new();
            for child in self.tree.children(id).filter(|c| is_statement(self.tree, *c)) {
                if let Some(statement) = self.statement(child) {
                    run.push(statement);
                } else if !run.is_empty() {
                    self.finder.out.blocks.push(std::mem::take(&mut run));
                }
            }
            if !run.is_empty() {
                self.finder.out.blocks.push(run);
            }
        }
        self.finder.recount();
    }

    /// Statements whose order may matter only through the names they read and write.
    fn statement(&mut self, id: NodeId) -> Option<Statement> {
        if self.tree.kind(id) != "expression_statement" {
            return None;
        }
        let first = self.tree.children(id).next()?;
        let effects = Effects::of(self.text, self.tree, id, first);
        let range = self.tree.nodes[id].range.clone();
        // A plain assignment may introduce a name that is needed below.
        let expendable = !effects.introduces;
        let site = self.finder.site(id);
        Some(Statement { range, reads: effects.reads, writes: effects.writes, expendable, site })
    }

    fn subtrees(&mut self) {
        for id in 1..self.tree.nodes.len() {
            let kind = self.tree.kind(id);
            if self.finder.is_outside(id) {
                continue;
            }
            let kind = match kind {
                "binary_operator"
                | "comparison_operator"
                | "boolean_operator"
                | "call"
                | "list"
                | "tuple"
                | "list_comprehension"
                | "generator_expression"
                | "conditional_expression"
                | "lambda"
                | "unary_operator"
                | "dictionary" => {
                    if self.tree.nodes[id].end < id + 4 || self.is_target(id) {
                        continue;
                    }
                    kind.to_owned()
                }
                "function_definition" => self.definition(id),
                "assignment" => match self.tree.field(id, "left") {
                    Some(left) => format!("assignment {}", self.finder.source(left)),
                    None => continue,
                },
                _ => continue,
            };
            let site = self.finder.site(id);
            let range = self.tree.nodes[id].range.clone();
            self.finder.out.subtrees.push(Subtree { kind, range, site });
        }
        self.finder.recount();
    }

    /// Whole functions change places only with their namesakes at the same indentation.
    fn definition(&self, id: NodeId) -> String {
        let name = self.tree.field(id, "name").map_or("", |name| self.finder.source(name));
        let start = self.tree.nodes[id].range.start;
        let line = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        format!("function {}{name} {}", self.finder.scope(id), start - line)
    }

    fn is_target(&self, id: NodeId) -> bool {
        let mut below = id;
        for above in self.tree.ancestors(id) {
            let role = self.tree.nodes[below].field;
            if role == "left"
                && matches!(
                    self.tree.kind(above),
                    "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause"
                )
            {
                return true;
            }
            if matches!(self.tree.kind(above), "decorator" | "type")
                || is_block(self.tree.kind(above))
            {
                break;
            }
            below = above;
        }
        false
    }
}
