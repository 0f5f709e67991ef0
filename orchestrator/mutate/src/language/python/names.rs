//! Local names that may be renamed without a change of behaviour.
//!
//! Renaming a name to a new one everywhere inside one outermost function keeps its meaning
//! if every occurrence there is bound inside that function. On top of this rule, names are
//! kept wherever something could see them: parameters (callers may pass them by keyword),
//! names that occur as a word in any string, functions with classes, `match` or imports of
//! that name, and whole files that look at frames or namespaces.

use std::collections::{BTreeSet, HashSet};

use crate::language::local::Names;
use crate::language::tree::{NodeId, Tree};

/// Names that read or write variables by name; with one of them in a file all names stay.
const LOOKERS: &[&str] = &[
    "eval",
    "exec",
    "locals",
    "vars",
    "globals",
    "dir",
    "inspect",
    "_getframe",
    "currentframe",
    "f_locals",
    "f_globals",
    "settrace",
    "setprofile",
    "co_varnames",
    "__code__",
    "__closure__",
    "numexpr",
    "compile",
];

pub(super) fn renames(text: &str, tree: &Tree) -> Names {
    let identifiers = || (0..tree.nodes.len()).filter(|id| tree.kind(*id) == "identifier");
    if identifiers().any(|id| LOOKERS.contains(&tree.text(id, text))) {
        return Names::default();
    }
    let mut kept = words_in_strings(text, tree);
    let mut chosen: Vec<(NodeId, &str)> = Vec::new();
    let mut functions: Vec<usize> = Vec::new();
    let mut id = 0;
    while id < tree.nodes.len() {
        if tree.kind(id) == "function_definition" {
            functions.push(chosen.len());
            chosen.extend(Function::of(text, tree, id, &kept));
            id = tree.nodes[id].end;
        } else {
            id += 1;
        }
    }
    let renamed: HashSet<NodeId> = chosen.iter().map(|(id, _)| *id).collect();
    kept.extend(identifiers().filter(|id| !renamed.contains(id)).map(|id| tree.text(id, text)));
    functions.push(chosen.len());
    let mut names = Names::default();
    for function in functions.windows(2) {
        names.number(&chosen[function[0]..function[1]], &kept);
    }
    names
}

fn words_in_strings<'a>(text: &'a str, tree: &Tree) -> HashSet<&'a str> {
    let contents = (0..tree.nodes.len()).filter(|id| tree.kind(*id) == "string_content");
    contents
        .filter(|id| !is_docstring(tree, *id))
        .flat_map(|id| tree.text(id, text).split(|c: char| !(c.is_alphanumeric() || c == '_')))
        .filter(|word| !word.is_empty())
        .collect()
}

fn is_docstring(tree: &Tree, content: NodeId) -> bool {
    let string = tree.nodes[content].parent;
    let statement = tree.nodes[string].parent;
    tree.kind(statement) == "expression_statement" && tree.children(statement).count() == 1
}

/// The scopes of one outermost function.
struct Function<'a> {
    text: &'a str,
    tree: &'a Tree,
    /// Parent of each scope; the first is its own.
    scopes: Vec<usize>,
    /// Bindings: (scope, name).
    bound: HashSet<(usize, &'a str)>,
    /// Occurrences: (node, scope, name), in order.
    seen: Vec<(NodeId, usize, &'a str)>,
    /// Names that stay.
    fixed: BTreeSet<&'a str>,
    /// Whether nothing here may be renamed.
    opaque: bool,
}

impl<'a> Function<'a> {
    fn of(
        text: &'a str,
        tree: &'a Tree,
        id: NodeId,
        kept: &HashSet<&'a str>,
    ) -> Vec<(NodeId, &'a str)> {
        let mut function = Self {
            text,
            tree,
            scopes: vec![0],
            bound: HashSet::new(),
            seen: Vec::new(),
            fixed: BTreeSet::new(),
            opaque: false,
        };
        function.parameters(id, 0, 0, false);
        for child in tree.children(id).filter(|c| tree.nodes[*c].field == "body") {
            function.visit(child, 0);
        }
        if function.opaque {
            return Vec::new();
        }
        let mut unbound: HashSet<&str> = HashSet::new();
        for (_, scope, name) in &function.seen {
            if !function.resolves(*scope, name) {
                unbound.insert(name);
            }
        }
        let stays = |name: &str| {
            kept.contains(name)
                || unbound.contains(name)
                || function.fixed.contains(name)
                || name.starts_with("__")
        };
        let seen = function.seen.iter().filter(|(_, _, name)| !stays(name));
        seen.map(|(id, _, name)| (*id, *name)).collect()
    }

    fn resolves(&self, mut scope: usize, name: &'a str) -> bool {
        loop {
            if self.bound.contains(&(scope, name)) {
                return true;
            }
            if scope == 0 {
                return false;
            }
            scope = self.scopes[scope];
        }
    }

    fn open(&mut self, parent: usize) -> usize {
        self.scopes.push(parent);
        self.scopes.len() - 1
    }

    fn name(&self, id: NodeId) -> &'a str {
        self.tree.text(id, self.text)
    }

    fn occurs(&mut self, id: NodeId, scope: usize) {
        let name = self.name(id);
        self.seen.push((id, scope, name));
    }

    /// All identifiers of a target that are bound by it; the rest of it is only read.
    fn bind(&mut self, id: NodeId, scope: usize) {
        match self.tree.kind(id) {
            "identifier" => {
                let name = self.name(id);
                self.bound.insert((scope, name));
            }
            "pattern_list"
            | "tuple_pattern"
            | "list_pattern"
            | "list_splat_pattern"
            | "tuple"
            | "list"
            | "expression_list"
            | "as_pattern_target"
            | "parenthesized_expression" => {
                for child in self.tree.children(id) {
                    self.bind(child, scope);
                }
            }
            _ => {}
        }
    }

    fn visit(&mut self, id: NodeId, scope: usize) {
        let tree = self.tree;
        match tree.kind(id) {
            "identifier" => return self.occurs(id, scope),
            "class_definition"
            | "match_statement"
            | "type_parameter"
            | "type_alias_statement"
            | "wildcard_import" => {
                self.opaque = true;
            }
            "attribute" => return self.visit_field(id, "object", scope),
            "keyword_argument" => return self.visit_field(id, "value", scope),
            "import_statement"
            | "import_from_statement"
            | "global_statement"
            | "nonlocal_statement" => {
                for inner in id..tree.nodes[id].end {
                    if tree.kind(inner) == "identifier" {
                        let name = self.name(inner);
                        self.fixed.insert(name);
                    }
                }
                return;
            }
            "interpolation" if tree.children(id).any(|c| tree.kind(c) == "=") => self.fix_below(id),
            "function_definition" => return self.nested(id, scope),
            "lambda" => return self.lambda(id, scope),
            "list_comprehension"
            | "set_comprehension"
            | "dictionary_comprehension"
            | "generator_expression" => {
                return self.comprehension(id, scope);
            }
            "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => {
                if let Some(left) = tree.field(id, "left") {
                    self.bind(left, scope);
                }
            }
            // `as` in a `with` statement; a comprehension's walrus binds further out, so it stays.
            "as_pattern" | "except_clause" => {
                if let Some(alias) = tree.field(id, "alias") {
                    self.bind(alias, scope);
                }
            }
            "named_expression" => self.fix_below(id),
            _ => {}
        }
        for child in tree.children(id) {
            self.visit(child, scope);
        }
    }

    fn visit_field(&mut self, id: NodeId, field: &str, scope: usize) {
        if let Some(child) = self.tree.field(id, field) {
            self.visit(child, scope);
        }
    }

    fn fix_below(&mut self, id: NodeId) {
        for inner in id..self.tree.nodes[id].end {
            if self.tree.kind(inner) == "identifier" {
                let name = self.name(inner);
                self.fixed.insert(name);
            }
        }
    }

    /// A function's parameters belong to `inner`, its defaults and types to `outer`. Unless
    /// `free`, their names stay.
    fn parameters(&mut self, id: NodeId, outer: usize, inner: usize, free: bool) {
        let tree = self.tree;
        for part in tree.children(id) {
            match tree.nodes[part].field {
                "parameters" => {
                    for parameter in tree.children(part) {
                        self.parameter(parameter, outer, inner, free);
                    }
                }
                "return_type" => self.visit(part, outer),
                "type_parameters" => self.opaque = true,
                _ => {}
            }
        }
    }

    fn parameter(&mut self, id: NodeId, outer: usize, inner: usize, free: bool) {
        let tree = self.tree;
        match tree.kind(id) {
            "identifier" => {
                let name = self.name(id);
                self.bound.insert((inner, name));
                self.occurs(id, inner);
                if !free {
                    self.fixed.insert(name);
                }
            }
            "default_parameter"
            | "typed_default_parameter"
            | "typed_parameter"
            | "list_splat_pattern"
            | "dictionary_splat_pattern"
            | "tuple_pattern" => {
                for child in tree.children(id) {
                    if matches!(tree.nodes[child].field, "value" | "type") {
                        self.visit(child, outer);
                    } else {
                        self.parameter(child, outer, inner, free);
                    }
                }
            }
            _ => {}
        }
    }

    fn nested(&mut self, id: NodeId, scope: usize) {
        let inner = self.open(scope);
        let mut free = false;
        if let Some(name) = self.tree.field(id, "name") {
            let text = self.name(name);
            self.bound.insert((scope, text));
            free = self.only_called_by_place(text);
            self.occurs(name, scope);
        }
        self.parameters(id, scope, inner, free);
        self.visit_field(id, "body", inner);
    }

    /// Whether every mention of this function is a call without keywords, and it is defined once.
    fn only_called_by_place(&self, function: &str) -> bool {
        let tree = self.tree;
        let mut defined = 0;
        let mentions = (0..tree.nodes.len())
            .filter(|id| tree.kind(*id) == "identifier" && self.name(*id) == function);
        for mention in mentions {
            let parent = tree.nodes[mention].parent;
            match (tree.kind(parent), tree.nodes[mention].field) {
                ("function_definition", "name")
                    if tree.kind(tree.nodes[parent].parent) != "decorated_definition" =>
                {
                    defined += 1;
                }
                ("call", "function") => {
                    let Some(arguments) = tree.field(parent, "arguments") else { return false };
                    let by_name =
                        |c: NodeId| matches!(tree.kind(c), "keyword_argument" | "dictionary_splat");
                    if tree.children(arguments).any(by_name) {
                        return false;
                    }
                }
                _ => return false,
            }
        }
        defined == 1
    }

    fn lambda(&mut self, id: NodeId, scope: usize) {
        let inner = self.open(scope);
        // Sorting functions call their key by place; other callers are unknown.
        let parent = self.tree.nodes[id].parent;
        let key = self.tree.kind(parent) == "keyword_argument"
            && self.tree.field(parent, "name").is_some_and(|name| self.name(name) == "key");
        self.parameters(id, scope, inner, key);
        self.visit_field(id, "body", inner);
    }

    /// The first iterable belongs to the scope around, everything else to the comprehension.
    fn comprehension(&mut self, id: NodeId, scope: usize) {
        let tree = self.tree;
        let inner = self.open(scope);
        let first = tree.children(id).find(|c| tree.kind(*c) == "for_in_clause");
        for child in tree.children(id) {
            if Some(child) != first {
                self.visit(child, inner);
                continue;
            }
            for part in tree.children(child) {
                if tree.nodes[part].field == "right" {
                    self.visit(part, scope);
                } else {
                    if tree.nodes[part].field == "left" {
                        self.bind(part, inner);
                    }
                    self.visit(part, inner);
                }
            }
        }
    }
}
