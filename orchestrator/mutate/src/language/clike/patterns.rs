//! Where Rust binds names.

use super::names::{File, Function};
use super::words;
use crate::language::tree::{NodeId, Tree};

/// Macros of the standard library that take values and show no code.
const PLAIN: &[&str] =
    &["vec", "format", "print", "println", "eprint", "eprintln", "write", "writeln"];

impl File<'_> {
    /// Reads what items of a Rust file mean for names in functions.
    pub(super) fn read_items(&mut self) {
        let tree = self.tree;
        for id in 0..tree.nodes.len() {
            match tree.kind(id) {
                "const_item" | "static_item" | "enum_variant" | "struct_item" => {
                    self.constants.extend(tree.field(id, "name").map(|name| self.source(name)));
                }
                "use_declaration" => {
                    self.constants.extend(words(self.source(id)));
                    let first = words(self.source(id)).find(|word| !matches!(*word, "pub" | "use"));
                    let known = matches!(first, Some("std" | "core" | "alloc"));
                    self.unknown |= !known && has_wildcard(tree, id);
                }
                "macro_definition" | "extern_crate_declaration" => self.own_macros = true,
                "string_content" if self.is_in_macro(id) => {
                    for braced in self.source(id).split('{').skip(1) {
                        let braced = braced.split('}').next().unwrap_or_default();
                        self.quoted.extend(words(braced));
                    }
                }
                _ => {}
            }
        }
    }

    fn is_in_macro(&self, id: NodeId) -> bool {
        self.tree.ancestors(id).any(|above| self.tree.kind(above) == "token_tree")
    }
}

fn has_wildcard(tree: &Tree, id: NodeId) -> bool {
    (id..tree.nodes[id].end).any(|part| tree.kind(part) == "use_wildcard")
}

impl Function<'_> {
    /// Visits a node that is no part of C or C++.
    pub(super) fn visit_of_rust(&mut self, id: NodeId) {
        let tree = self.tree;
        match tree.kind(id) {
            "function_item"
            | "function_signature_item"
            | "impl_item"
            | "mod_item"
            | "trait_item"
            | "struct_item"
            | "enum_item"
            | "union_item"
            | "const_item"
            | "static_item"
            | "macro_definition"
            | "foreign_mod_item"
            | "type_item"
            | "use_wildcard" => self.opaque = true,
            "use_declaration"
            | "attribute_item"
            | "inner_attribute_item"
            | "scoped_identifier"
            | "type_arguments"
            | "type_parameters"
            | "shorthand_field_initializer" => {
                self.opaque |=
                    tree.kind(id) == "use_declaration" && self.file.source(id).contains('*');
                self.fix_below(id);
            }
            "block" => self.scoped(|inner| inner.visit_below(id)),
            "parameter" => {
                self.visit_field(id, "type");
                self.bind_field(id);
            }
            "let_declaration" => {
                for field in ["type", "value", "alternative"] {
                    self.visit_field(id, field);
                }
                self.bind_field(id);
            }
            "let_condition" => {
                self.visit_field(id, "value");
                self.bind_refutable(id);
            }
            "if_expression" => {
                self.scoped(|inner| {
                    inner.visit_field(id, "condition");
                    inner.visit_field(id, "consequence");
                });
                self.visit_field(id, "alternative");
            }
            "while_expression" => self.scoped(|inner| inner.visit_below(id)),
            "for_expression" => {
                self.visit_field(id, "value");
                self.scoped(|inner| {
                    inner.bind_field(id);
                    inner.visit_field(id, "body");
                });
            }
            "match_arm" => self.scoped(|inner| {
                inner.bind_refutable(id);
                inner.visit_field(id, "value");
            }),
            "closure_expression" => self.scoped(|inner| inner.closure(id)),
            "macro_invocation" => self.macro_call(id),
            _ => self.visit_below(id),
        }
    }

    fn closure(&mut self, id: NodeId) {
        let tree = self.tree;
        for part in tree.children(id) {
            if tree.kind(part) != "closure_parameters" {
                self.visit(part);
                continue;
            }
            for parameter in tree.children(part) {
                if tree.kind(parameter) == "parameter" {
                    self.visit(parameter);
                } else {
                    self.bind(parameter);
                }
            }
        }
    }

    fn bind_field(&mut self, id: NodeId) {
        if let Some(pattern) = self.tree.field(id, "pattern") {
            self.bind(pattern);
        }
    }

    /// A pattern in which a name may be a constant's.
    fn bind_refutable(&mut self, id: NodeId) {
        let Some(pattern) = self.tree.field(id, "pattern") else { return };
        if self.file.unknown {
            self.fix_below(pattern);
        }
        self.bind(pattern);
    }

    fn bind(&mut self, id: NodeId) {
        let tree = self.tree;
        match tree.kind(id) {
            "identifier" => {
                let name = self.file.source(id);
                let lower = name.starts_with(|c: char| c.is_lowercase() || c == '_');
                if lower && !self.file.constants.contains(name) {
                    self.binds(id);
                }
            }
            "tuple_pattern"
            | "slice_pattern"
            | "ref_pattern"
            | "mut_pattern"
            | "reference_pattern"
            | "or_pattern"
            | "captured_pattern"
            | "tuple_struct_pattern"
            | "struct_pattern"
            | "field_pattern"
            | "match_pattern" => {
                for child in tree.children(id) {
                    match tree.nodes[child].field {
                        "type" => {}
                        "condition" => self.visit(child),
                        _ => self.bind(child),
                    }
                }
            }
            _ => self.visit(id),
        }
    }

    /// A macro's arguments are values only where it is a known one and they look like values.
    fn macro_call(&mut self, id: NodeId) {
        let tree = self.tree;
        let name = tree.field(id, "macro").map_or("", |name| self.file.source(name));
        let known =
            PLAIN.contains(&name) && !self.file.own_macros && !self.file.constants.contains(name);
        let leaves: Vec<NodeId> =
            (id..tree.nodes[id].end).filter(|leaf| tree.is_leaf(*leaf)).collect();
        let arguments = leaves.get(2..).unwrap_or_default();
        let code = |leaf: &NodeId| {
            matches!(tree.kind(*leaf), "{" | "}" | "|" | "||" | "let" | "=>" | "!" | "fn")
        };
        if !known || arguments.iter().any(code) {
            self.fix_below(id);
            return;
        }
        for (index, leaf) in arguments.iter().enumerate() {
            let beside = |at: Option<usize>| {
                at.and_then(|at| arguments.get(at)).map_or("", |leaf| self.file.source(*leaf))
            };
            let (before, after) = (beside(index.checked_sub(1)), beside(Some(index + 1)));
            if tree.kind(*leaf) != "identifier" {
            } else if before == "." {
                self.fields.insert(*leaf);
            } else if before == "::" || matches!(after, ":" | "::" | "=" | "'") {
                self.fix_below(*leaf);
            } else {
                self.occurs(*leaf);
            }
        }
    }
}
