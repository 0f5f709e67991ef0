//! Local names that may be renamed without a change of behaviour.
//!
//! A name gets a number everywhere inside one outermost function if each of its occurrences
//! there is bound inside that function. Names stay where anything else could see them: macros,
//! attributes, nested items, types of the same name, code under conditions of the
//! preprocessor. In a file with macros from elsewhere all names stay.

use std::collections::HashSet;

use super::directives::Directives;
use super::{Dialect, is_comment, is_whole, is_word};
use crate::language::local::Names;
use crate::language::tree::{NodeId, Tree};

pub(super) fn renames(
    dialect: &Dialect,
    text: &str,
    tree: &Tree,
    directives: &Directives,
) -> Names {
    let mut names = Names::default();
    if directives.foreign || has_assembler(text, tree) {
        return names;
    }
    let file = File::of(dialect, text, tree, directives);
    let mut functions = Vec::new();
    let mut id = 0;
    while id < tree.nodes.len() {
        if matches!(tree.kind(id), "function_definition" | "function_item") {
            functions.push(Function::of(&file, id));
            id = tree.nodes[id].end;
        } else {
            id += 1;
        }
    }
    let chosen: HashSet<NodeId> = functions.iter().flatten().map(|(id, _)| *id).collect();
    let mut kept: HashSet<&str> = directives.words.iter().map(String::as_str).collect();
    kept.extend(file.quoted.iter());
    kept.extend(file.words(0).filter(|(id, _)| !chosen.contains(id)).map(|(_, word)| word));
    for function in &functions {
        names.number(function, &kept);
    }
    names
}

fn has_assembler(text: &str, tree: &Tree) -> bool {
    (0..tree.nodes.len()).any(|id| {
        let kind = tree.kind(id);
        kind == "gnu_asm_expression"
            || (kind == "identifier"
                && matches!(tree.text(id, text), "_Pragma" | "__pragma" | "asm" | "__asm"))
    })
}

/// What all functions of a file have in common.
pub(super) struct File<'a> {
    text: &'a str,
    pub tree: &'a Tree,
    directives: &'a Directives,
    /// Words in the braces of texts that macros of Rust may format.
    pub quoted: HashSet<&'a str>,
    /// Names of constants and of what is imported, which no pattern binds.
    pub constants: HashSet<&'a str>,
    /// Names of variables and members of C; a type of that name is in truth a product.
    variables: HashSet<&'a str>,
    /// Whether constants of unknown names are imported.
    pub unknown: bool,
    /// Whether a macro may be another one than its name says.
    pub own_macros: bool,
}

impl<'a> File<'a> {
    fn of(dialect: &Dialect, text: &'a str, tree: &'a Tree, directives: &'a Directives) -> Self {
        let mut file = Self {
            text,
            tree,
            directives,
            quoted: HashSet::new(),
            constants: HashSet::new(),
            variables: HashSet::new(),
            unknown: false,
            own_macros: false,
        };
        if dialect.preprocessed {
            let declared = (0..tree.nodes.len()).filter(|id| {
                let parent = tree.kind(tree.nodes[*id].parent);
                matches!(tree.kind(*id), "identifier" | "field_identifier")
                    && (parent.ends_with("declarator") || parent.ends_with("declaration"))
                    && parent != "function_declarator"
            });
            file.variables = declared.map(|id| tree.text(id, text)).collect();
        } else {
            file.read_items();
        }
        file
    }

    /// The text of a node.
    pub(super) fn source(&self, id: NodeId) -> &'a str {
        self.tree.text(id, self.text)
    }

    /// All words below a node that are no part of a literal.
    fn words(&self, id: NodeId) -> impl Iterator<Item = (NodeId, &'a str)> {
        let (tree, text) = (self.tree, self.text);
        let mut next = id;
        let end = tree.nodes.get(id).map_or(0, |node| node.end);
        std::iter::from_fn(move || {
            while next < end {
                let id = next;
                let kind = tree.kind(id);
                let literal = is_comment(kind) || (is_whole(kind) && !is_label(kind));
                next = if literal { tree.nodes[id].end } else { id + 1 };
                let word = tree.text(id, text);
                if !literal && tree.is_leaf(id) && is_word(word) {
                    return Some((id, word));
                }
            }
            None
        })
    }
}

fn is_label(kind: &str) -> bool {
    matches!(kind, "lifetime" | "label")
}

/// One outermost function.
pub(super) struct Function<'a> {
    pub file: &'a File<'a>,
    pub tree: &'a Tree,
    scopes: Vec<HashSet<&'a str>>,
    /// Occurrences that are bound here.
    seen: Vec<(NodeId, &'a str)>,
    /// Names that stay.
    fixed: HashSet<&'a str>,
    /// Names of fields, which are no occurrences.
    pub fields: HashSet<NodeId>,
    /// Whether nothing here may be renamed.
    pub opaque: bool,
}

impl<'a> Function<'a> {
    fn of(file: &'a File<'a>, id: NodeId) -> Vec<(NodeId, &'a str)> {
        let mut function = Self {
            file,
            tree: file.tree,
            scopes: vec![HashSet::new()],
            seen: Vec::new(),
            fixed: HashSet::new(),
            fields: HashSet::new(),
            opaque: false,
        };
        function.visit_parts(id, id);
        if function.opaque {
            return Vec::new();
        }
        let bound: HashSet<NodeId> = function.seen.iter().map(|(id, _)| *id).collect();
        let elsewhere = file.words(id).filter(|(word, _)| {
            let field = file.tree.kind(*word) == "field_identifier";
            !bound.contains(word) && !field && !function.fields.contains(word)
        });
        let elsewhere: HashSet<&str> = elsewhere.map(|(_, word)| word).collect();
        let stays = |name: &str| {
            elsewhere.contains(name)
                || function.fixed.contains(name)
                || file.quoted.contains(name)
                || file.directives.words.contains(name)
        };
        function.seen.into_iter().filter(|(_, name)| !stays(name)).collect()
    }

    /// The children of the function itself, whose kind is opaque anywhere below it.
    fn visit_parts(&mut self, function: NodeId, id: NodeId) {
        for child in self.tree.children(id) {
            if self.tree.nodes[child].field == "declarator" {
                self.own_declarator(function, child);
            } else {
                self.visit(child);
            }
        }
    }

    /// The function's name stays and its parameters are bound.
    fn own_declarator(&mut self, function: NodeId, id: NodeId) {
        if self.tree.kind(id) == "function_declarator" {
            self.visit_parts(function, id);
        } else if self.tree.is_leaf(id) {
            self.visit(id);
        } else {
            for child in self.tree.children(id) {
                self.own_declarator(function, child);
            }
        }
    }

    /// Visits the children of a node.
    pub(super) fn visit_below(&mut self, id: NodeId) {
        for child in self.tree.children(id) {
            self.visit(child);
        }
    }

    /// Visits the child with this role.
    pub(super) fn visit_field(&mut self, id: NodeId, field: &str) {
        if let Some(child) = self.tree.field(id, field) {
            self.visit(child);
        }
    }

    /// Does something in a scope of its own.
    pub(super) fn scoped(&mut self, inside: impl FnOnce(&mut Self)) {
        self.scopes.push(HashSet::new());
        inside(self);
        self.scopes.pop();
    }

    /// An occurrence; one that nothing binds is found to be elsewhere's.
    pub(super) fn occurs(&mut self, id: NodeId) {
        let name = self.file.source(id);
        if self.scopes.iter().any(|scope| scope.contains(name)) {
            self.seen.push((id, name));
        }
    }

    /// A new name from here on.
    pub(super) fn binds(&mut self, id: NodeId) {
        let name = self.file.source(id);
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name);
        }
        self.seen.push((id, name));
    }

    /// Keeps all names below a node.
    pub(super) fn fix_below(&mut self, id: NodeId) {
        let words = self.file.words(id);
        self.fixed.extend(words.map(|(_, word)| word));
    }

    /// Visits a node.
    pub(super) fn visit(&mut self, id: NodeId) {
        let tree = self.tree;
        match tree.kind(id) {
            "identifier" => self.occurs(id),
            "type_identifier" => {
                self.opaque |= self.file.variables.contains(self.file.source(id));
            }
            kind if is_comment(kind) || is_whole(kind) => {}
            kind if kind.starts_with("preproc_") => self.opaque = true,
            "function_definition" | "ERROR" => self.opaque = true,
            "struct_specifier" | "class_specifier" | "union_specifier" => {
                self.opaque |= tree.field(id, "body").is_some();
                self.fix_below(id);
            }
            "qualified_identifier"
            | "template_argument_list"
            | "template_parameter_list"
            | "type_descriptor"
            | "abstract_function_declarator"
            | "enum_specifier"
            | "type_definition"
            | "alias_declaration"
            | "using_declaration"
            | "namespace_alias_definition"
            | "static_assert_declaration"
            | "attribute_declaration"
            | "attribute_specifier"
            | "ms_declspec_modifier"
            | "requires_clause"
            | "requires_expression"
            | "offsetof_expression" => {
                self.fix_below(id);
            }
            "call_expression" if self.calls_macro(id) => self.fix_below(id),
            "declaration" if self.is_of_elsewhere(id) => self.fix_below(id),
            "compound_statement" | "for_statement" | "if_statement" | "while_statement"
            | "switch_statement" | "do_statement" | "try_statement" | "catch_clause" => {
                self.scoped(|inner| inner.visit_below(id));
            }
            "declaration"
            | "parameter_declaration"
            | "optional_parameter_declaration"
            | "variadic_parameter_declaration"
            | "init_declarator" => self.declaration(id),
            "for_range_loop" => self.range_loop(id),
            "lambda_expression" => self.scoped(|inner| inner.lambda(id)),
            _ => self.visit_of_rust(id),
        }
    }

    fn calls_macro(&self, id: NodeId) -> bool {
        let Some(function) = self.tree.field(id, "function") else { return true };
        let name = self.file.source(function);
        self.tree.kind(function) == "identifier"
            && (name == "assert" || self.file.directives.words.contains(name))
    }

    fn is_of_elsewhere(&self, id: NodeId) -> bool {
        let tree = self.tree;
        tree.children(id).any(|part| {
            tree.kind(part) == "storage_class_specifier" && self.file.source(part) == "extern"
        })
    }

    fn declaration(&mut self, id: NodeId) {
        for child in self.tree.children(id) {
            if self.tree.nodes[child].field == "declarator" {
                self.declarator(child);
            } else {
                self.visit(child);
            }
        }
    }

    fn declarator(&mut self, id: NodeId) {
        let tree = self.tree;
        match tree.kind(id) {
            "identifier" => self.binds(id),
            "init_declarator" => self.declaration(id),
            "pointer_declarator"
            | "reference_declarator"
            | "array_declarator"
            | "parenthesized_declarator"
            | "structured_binding_declarator"
            | "variadic_declarator" => {
                for child in tree.children(id) {
                    if tree.nodes[child].field == "size" {
                        self.visit(child);
                    } else {
                        self.declarator(child);
                    }
                }
            }
            // Of a function, or of a pointer to one, or an object that looks like one.
            _ if tree.nodes[id].named => self.fix_below(id),
            _ => {}
        }
    }

    fn range_loop(&mut self, id: NodeId) {
        self.visit_field(id, "right");
        self.scoped(|inner| {
            for child in inner.tree.children(id) {
                match inner.tree.nodes[child].field {
                    "right" => {}
                    "declarator" => inner.declarator(child),
                    _ => inner.visit(child),
                }
            }
        });
    }

    fn lambda(&mut self, id: NodeId) {
        let tree = self.tree;
        for part in tree.children(id) {
            match tree.kind(part) {
                "lambda_capture_specifier" => {
                    for capture in tree.children(part) {
                        if tree.kind(capture) == "lambda_capture_initializer" {
                            self.visit_field(capture, "right");
                            if let Some(left) = tree.field(capture, "left") {
                                self.declarator(left);
                            }
                        } else {
                            self.visit(capture);
                        }
                    }
                }
                "abstract_function_declarator" => self.visit_below(part),
                _ => self.visit(part),
            }
        }
    }
}
