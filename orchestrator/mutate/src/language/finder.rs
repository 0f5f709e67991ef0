//! Names and groups of places in a text, the same way for every language.

use std::collections::HashMap;
use std::hash::Hasher;

use super::outline::{Group, Outline, Site};
use super::tree::{NodeId, Tree};
use crate::hash::Fnv;

/// What a language calls the things that names of places are made of.
pub(super) struct Terms {
    /// A number, or a minus sign with one.
    pub number: fn(&Tree, NodeId) -> bool,
    /// Kinds of text literals.
    pub string: fn(&str) -> bool,
    /// Kinds whose elements belong together.
    pub collection: fn(&str) -> bool,
    /// The collection that is a call's.
    pub arguments: fn(&str) -> bool,
    /// Kinds whose children are statements.
    pub block: fn(&str) -> bool,
    /// Whether a child of a block or collection is a statement or element.
    pub statement: fn(&Tree, NodeId) -> bool,
    /// What does not count for the name of the node it is in.
    pub aside: fn(&str) -> bool,
    /// The name of a function, class or the like; none for other nodes.
    pub scope: fn(&Tree, NodeId) -> Option<Option<NodeId>>,
}

/// An outline in the making.
pub(super) struct Finder<'a> {
    text: &'a str,
    tree: &'a Tree,
    terms: &'static Terms,
    pub out: Outline,
    /// Stem of the statement each node is in.
    statements: Vec<usize>,
    /// Hash of each node with numbers and strings blanked.
    hashes: Vec<u64>,
    /// Literal that begins at each node.
    pub literal_at: Vec<Option<usize>>,
    /// Sites given out per stem.
    counts: Vec<usize>,
}

impl<'a> Finder<'a> {
    /// A finder that has named the statements.
    pub(super) fn new(text: &'a str, tree: &'a Tree, terms: &'static Terms) -> Self {
        let mut finder = Self {
            text,
            tree,
            terms,
            out: Outline::default(),
            statements: vec![usize::MAX; tree.nodes.len()],
            hashes: vec![0; tree.nodes.len()],
            literal_at: vec![None; tree.nodes.len()],
            counts: Vec::new(),
        };
        finder.hash_all();
        finder.name_statements();
        finder
    }

    /// The text of a node.
    pub(super) fn source(&self, id: NodeId) -> &'a str {
        self.tree.text(id, self.text)
    }

    /// Whether a node is in no statement.
    pub(super) fn is_outside(&self, id: NodeId) -> bool {
        self.statements[id] == usize::MAX
    }

    /// Begins to count sites anew, for another kind of places.
    pub(super) fn recount(&mut self) {
        self.counts.fill(0);
    }

    /// Children before parents: parents come first in the arena, so backwards.
    fn hash_all(&mut self) {
        for id in (0..self.tree.nodes.len()).rev() {
            let mut hasher = Fnv::new();
            let kind = self.tree.kind(id);
            if (self.terms.number)(self.tree, id) {
                hasher = hasher.text("#");
            } else if (self.terms.string)(kind) {
                hasher = hasher.text("\"");
            } else if self.tree.is_leaf(id) {
                hasher = hasher.text(self.source(id));
            } else {
                hasher = hasher.text(kind);
                let mut last = None;
                // A header's name does not depend on what is in its block.
                let left_out = |id: &NodeId| (self.terms.aside)(self.tree.kind(*id));
                for part in self.tree.children(id).filter(|id| !left_out(id)) {
                    let hash = self.hashes[part];
                    if !(self.terms.collection)(kind) || last != Some(hash) {
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
            let block = id > 0 && (self.terms.block)(self.tree.kind(parent));
            if !(block && (self.terms.statement)(self.tree, id)) {
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
    pub(super) fn scope(&self, id: NodeId) -> String {
        let named = |a: NodeId| (self.terms.scope)(self.tree, a);
        let around: Vec<Option<NodeId>> = self.tree.ancestors(id).filter_map(named).collect();
        let mut scope = String::new();
        for (index, name) in around.iter().rev().enumerate() {
            let name = name.map_or("_", |name| self.source(name));
            scope.push_str(if index == 0 { "" } else { "." });
            scope.extend(name.chars().take(16));
        }
        if !scope.is_empty() {
            scope.push(':');
        }
        scope
    }

    /// The next site of the statement a node is in.
    pub(super) fn site(&mut self, id: NodeId) -> Site {
        let stem = self.statements[id].min(self.out.stems.len());
        let ordinal = self.counts[stem];
        self.counts[stem] += 1;
        Site { stem, ordinal }
    }

    fn below(&self, id: NodeId) -> Vec<usize> {
        self.literal_at[id..self.tree.nodes[id].end].iter().flatten().copied().collect()
    }

    /// Groups the literals that were found: by collection and by function.
    pub(super) fn groups(&mut self) {
        let mut ends = 0; // of the last table, whose rows are no groups of their own
        for id in 1..self.tree.nodes.len() {
            let kind = self.tree.kind(id);
            if id < ends || self.is_outside(id) || !(self.terms.collection)(kind) {
                continue;
            }
            let elements = self.tree.children(id).filter(|c| (self.terms.statement)(self.tree, *c));
            let rows: Vec<Vec<usize>> =
                elements.map(|element| self.below(element)).filter(|row| !row.is_empty()).collect();
            let members = rows.iter().map(Vec::len).sum::<usize>();
            if members < 2 || (rows.len() == 1 && (self.terms.arguments)(kind)) {
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
        self.recount();
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
}
