//! Where a Python program can be changed.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hasher;

use super::is_statement;
use crate::hash::Fnv;
use crate::language::outline::{Group, Literal, Outline, Site, Statement, Subtree, Token};
use crate::language::tree::{NodeId, Tree};

pub(super) fn outline(text: &str, tree: &Tree) -> Outline {
    let mut finder = Finder {
        text,
        tree,
        out: Outline::default(),
        statements: vec![usize::MAX; tree.nodes.len()],
        hashes: vec![0; tree.nodes.len()],
        literal_at: vec![None; tree.nodes.len()],
        counts: Vec::new(),
    };
    finder.hash_all();
    finder.name_statements();
    finder.literals();
    finder.groups();
    finder.tokens();
    finder.blocks();
    finder.subtrees();
    finder.out
}

struct Finder<'a> {
    text: &'a str,
    tree: &'a Tree,
    out: Outline,
    /// Stem of the statement each node is in.
    statements: Vec<usize>,
    /// Hash of each node with numbers and strings blanked.
    hashes: Vec<u64>,
    /// Literal that begins at each node.
    literal_at: Vec<Option<usize>>,
    /// Sites given out per stem.
    counts: Vec<usize>,
}

fn is_collection(kind: &str) -> bool {
    matches!(kind, "list" | "tuple" | "set" | "dictionary" | "argument_list")
}

fn is_block(kind: &str) -> bool {
    matches!(kind, "module" | "block")
}

impl<'a> Finder<'a> {
    fn source(&self, id: NodeId) -> &'a str {
        self.tree.text(id, self.text)
    }

    /// A number, or a minus sign with one.
    fn is_number(&self, id: NodeId) -> bool {
        match self.tree.kind(id) {
            "integer" | "float" => true,
            "unary_operator" => {
                let mut parts = self.tree.children(id).map(|part| self.tree.kind(part));
                parts.next() == Some("-") && matches!(parts.next(), Some("integer" | "float"))
            }
            _ => false,
        }
    }

    /// Children before parents: parents come first in the arena, so backwards.
    fn hash_all(&mut self) {
        for id in (0..self.tree.nodes.len()).rev() {
            let mut hasher = Fnv::new();
            let kind = self.tree.kind(id);
            if self.is_number(id) {
                hasher = hasher.text("#");
            } else if kind == "string" {
                hasher = hasher.text("\"");
            } else if self.tree.is_leaf(id) {
                hasher = hasher.text(self.source(id));
            } else {
                hasher = hasher.text(kind);
                let mut last = None;
                // A header's name does not depend on what is in its block.
                let left_out =
                    |id: &NodeId| matches!(self.tree.kind(*id), "comment" | "block" | ",");
                for part in self.tree.children(id).filter(|id| !left_out(id)) {
                    let hash = self.hashes[part];
                    if !is_collection(kind) || last != Some(hash) {
                        hasher = hasher.number(hash);
                    }
                    last = Some(hash);
                }
            }
            self.hashes[id] = hasher.finish();
        }
    }

    fn name_statements(&mut self) {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for id in 0..self.tree.nodes.len() {
            let parent = self.tree.nodes[id].parent;
            if !(id > 0 && is_block(self.tree.kind(parent)) && is_statement(self.tree, id)) {
                self.statements[id] = self.statements[parent];
                continue;
            }
            let end = self.tree.nodes[id].end;
            let head = (id..end)
                .find(|inner| self.tree.kind(*inner) == "identifier")
                .map_or("_", |head| self.source(head));
            let head: String = head.chars().take(16).collect();
            let mut name = format!("{}{head}~{:04x}", self.scope(id), self.hashes[id] & 0xffff);
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            if *count > 1 {
                name = format!("{name}+{count}");
            }
            self.statements[id] = self.out.stems.len();
            self.out.stems.push(name);
        }
        self.counts = vec![0; self.out.stems.len() + 1];
    }

    /// The functions and classes around a node, as `outer.inner:`.
    fn scope(&self, id: NodeId) -> String {
        let named =
            |a: &NodeId| matches!(self.tree.kind(*a), "function_definition" | "class_definition");
        let around: Vec<NodeId> = self.tree.ancestors(id).filter(named).collect();
        let mut scope = String::new();
        for (index, above) in around.iter().rev().enumerate() {
            let name = self.tree.field(*above, "name").map_or("_", |name| self.source(name));
            scope.push_str(if index == 0 { "" } else { "." });
            scope.extend(name.chars().take(16));
        }
        if !scope.is_empty() {
            scope.push(':');
        }
        scope
    }

    fn site(&mut self, id: NodeId) -> Site {
        let stem = self.statements[id].min(self.out.stems.len());
        let ordinal = self.counts[stem];
        self.counts[stem] += 1;
        Site { stem, ordinal }
    }

    fn literals(&mut self) {
        let mut id = 0;
        while id < self.tree.nodes.len() {
            if self.is_number(id) && self.statements[id] != usize::MAX {
                self.literal(id);
                id = self.tree.nodes[id].end;
            } else {
                id += 1;
            }
        }
        self.counts.fill(0);
    }

    fn literal(&mut self, id: NodeId) {
        let plain: String =
            self.source(id).chars().filter(|c| *c != '_' && !c.is_whitespace()).collect();
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
        let site = self.site(id);
        self.literal_at[id] = Some(self.out.literals.len());
        self.out.literals.push(Literal {
            range: self.tree.nodes[id].range.clone(),
            value,
            integer,
            unsigned,
            weight: if index { 0.15 } else { 1.0 },
            site,
        });
    }

    fn below(&self, id: NodeId) -> Vec<usize> {
        self.literal_at[id..self.tree.nodes[id].end].iter().flatten().copied().collect()
    }

    fn groups(&mut self) {
        let mut ends = 0; // of the last table, whose rows are no groups of their own
        for id in 1..self.tree.nodes.len() {
            if id < ends || self.statements[id] == usize::MAX || !is_collection(self.tree.kind(id))
            {
                continue;
            }
            let elements = self.tree.children(id).filter(|c| is_statement(self.tree, *c));
            let rows: Vec<Vec<usize>> =
                elements.map(|element| self.below(element)).filter(|row| !row.is_empty()).collect();
            let members = rows.iter().map(Vec::len).sum::<usize>();
            if members < 2 || (rows.len() == 1 && self.tree.kind(id) == "argument_list") {
                continue;
            }
            let stem = self.statements[id];
            self.counts[stem] += 1;
            let site = format!("{}[{}]", self.out.stems[stem], self.counts[stem]);
            let group = Group { site, rows };
            if group.columns().is_some_and(|_| group.rows.len() > 1) {
                ends = self.tree.nodes[id].end;
            }
            self.out.groups.push(group);
        }
        self.counts.fill(0);
        self.function_groups();
    }

    /// All numbers of each function, and of the module outside of functions.
    fn function_groups(&mut self) {
        let mut by_scope: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, literal) in self.out.literals.iter().enumerate() {
            let stem = &self.out.stems[literal.site.stem];
            let scope = stem.rsplit_once(':').map_or("", |(scope, _)| scope);
            by_scope.entry(scope.to_owned()).or_default().push(index);
        }
        let mut scopes: Vec<_> =
            by_scope.into_iter().filter(|(_, members)| members.len() > 1).collect();
        scopes.sort();
        for (scope, members) in scopes {
            if self.out.groups.iter().any(|group| group.rows.iter().flatten().eq(members.iter())) {
                continue;
            }
            let rows = members.into_iter().map(|member| vec![member]).collect();
            self.out.groups.push(Group { site: format!("{scope}:*"), rows });
        }
    }

    fn tokens(&mut self) {
        let strings = self.strings();
        for id in 1..self.tree.nodes.len() {
            let kind = self.tree.kind(id);
            if self.statements[id] == usize::MAX {
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
                let site = self.site(id);
                let range = self.tree.nodes[id].range.clone();
                self.out.tokens.push(Token { kind, range, alternatives, site });
            }
        }
        self.counts.fill(0);
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
                match self.source(id) {
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
            let text = self.source(*id);
            let word = text.trim_matches(['"', '\'']);
            let parent = self.tree.nodes[*id].parent;
            let is_key =
                self.tree.nodes[*id].field == "key" || self.tree.kind(parent) == "subscript";
            let plain = word.chars().all(|c| c.is_alphanumeric() || "_-.+".contains(c));
            let quoted = text.len() == word.len() + 2 && !word.is_empty() && word.len() <= 32;
            plain && quoted && !is_key && self.tree.kind(parent) != "expression_statement"
        };
        let strings = (1..self.tree.nodes.len()).filter(|id| self.tree.kind(*id) == "string");
        strings.filter(optionlike).map(|id| (id, self.source(id))).collect()
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
                    self.out.blocks.push(std::mem::take(&mut run));
                }
            }
            if !run.is_empty() {
                self.out.blocks.push(run);
            }
        }
        self.counts.fill(0);
    }

    /// Statements whose order may matter only through the names they read and write.
    fn statement(&mut self, id: NodeId) -> Option<Statement> {
        if self.tree.kind(id) != "expression_statement" {
            return None;
        }
        let first = self.tree.children(id).next()?;
        let target = matches!(self.tree.kind(first), "assignment" | "augmented_assignment")
            .then(|| self.tree.field(first, "left"))
            .flatten();
        let names = |id: NodeId| {
            let inner = id..self.tree.nodes[id].end;
            inner.filter(|n| self.tree.kind(*n) == "identifier").map(|n| self.source(n).to_owned())
        };
        let writes: BTreeSet<String> = target.map(|t| names(t).collect()).unwrap_or_default();
        let mut reads: BTreeSet<String> = names(id).collect();
        let plain = target.is_some_and(|t| self.tree.kind(t) == "identifier");
        if plain && self.tree.kind(first) == "assignment" {
            let right: BTreeSet<String> = self
                .tree
                .field(first, "right")
                .map(|right| names(right).collect())
                .unwrap_or_default();
            reads.retain(|name| right.contains(name));
        }
        let range = self.tree.nodes[id].range.clone();
        // A plain assignment may introduce a name that is needed below.
        let expendable = !plain || self.tree.kind(first) == "augmented_assignment";
        let site = self.site(id);
        Some(Statement { range, reads, writes, expendable, site })
    }

    fn subtrees(&mut self) {
        for id in 1..self.tree.nodes.len() {
            let kind = self.tree.kind(id);
            if self.statements[id] == usize::MAX {
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
                    Some(left) => format!("assignment {}", self.source(left)),
                    None => continue,
                },
                _ => continue,
            };
            let site = self.site(id);
            let range = self.tree.nodes[id].range.clone();
            self.out.subtrees.push(Subtree { kind, range, site });
        }
        self.counts.fill(0);
    }

    /// Whole functions change places only with their namesakes at the same indentation.
    fn definition(&self, id: NodeId) -> String {
        let name = self.tree.field(id, "name").map_or("", |name| self.source(name));
        let start = self.tree.nodes[id].range.start;
        let line = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        format!("function {}{name} {}", self.scope(id), start - line)
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
