//! Python.

mod effects;
mod names;
mod normal;
mod sites;

use std::sync::LazyLock;

use super::Syntax;
use super::outline::Outline;
use super::tree::{Grammar, NodeId, Tree};

static GRAMMAR: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::new(tree_sitter_python::LANGUAGE.into()));

/// Python 3.
pub(super) struct Python;

impl Syntax for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["py", "pyi"]
    }

    fn parse(&self, text: &str) -> Tree {
        let mut tree = GRAMMAR.parse(text);
        if tree.error.is_none() {
            tree.error = beyond_grammar(&tree, text);
        }
        tree
    }

    fn is_certain(&self) -> bool {
        true
    }

    fn normalise(&self, text: &str, tree: &Tree) -> String {
        normal::normalise(text, tree)
    }

    fn outline(&self, text: &str, tree: &Tree) -> Outline {
        sites::outline(text, tree)
    }

    fn nothing(&self) -> &'static str {
        "pass"
    }

    fn between(&self) -> &'static str {
        "; "
    }
}

/// What the grammar lets pass and Python 3 does not: empty blocks, Python 2 statements,
/// `return`, `break` and `continue` in the wrong place.
fn beyond_grammar(tree: &Tree, text: &str) -> Option<(usize, String)> {
    let wrong = |id: NodeId, why: &str| {
        let line = text[..tree.nodes[id].range.start].matches('\n').count() + 1;
        Some((line, why.to_owned()))
    };
    for id in 0..tree.nodes.len() {
        let node = &tree.nodes[id];
        if !node.named {
            continue;
        }
        let found = match node.kind {
            "block" if !tree.children(id).any(|c| is_statement(tree, c)) => {
                wrong(node.parent, "an indented block is expected here")
            }
            "print_statement" | "exec_statement" => {
                wrong(id, "this is a Python 2 statement; call it with parentheses")
            }
            "return_statement" if enclosing_function(tree, id).is_none() => {
                wrong(id, "`return` outside a function")
            }
            "break_statement" | "continue_statement" if !in_loop(tree, id) => {
                wrong(id, "`break` or `continue` outside a loop")
            }
            "integer" if is_python2_number(tree.text(id, text)) => {
                wrong(id, "this number is written as in Python 2")
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn is_python2_number(text: &str) -> bool {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let octal = digits.len() > 1 && digits.bytes().all(|b| b.is_ascii_digit());
    digits.ends_with(['l', 'L'])
        || (octal && digits.starts_with('0') && digits.bytes().any(|b| b != b'0'))
}

/// Whether a child of a module or block is a statement.
fn is_statement(tree: &Tree, id: NodeId) -> bool {
    tree.nodes[id].named && !matches!(tree.kind(id), "comment" | "line_continuation")
}

/// The nearest function around a node; a class between them hides it.
fn enclosing_function(tree: &Tree, id: NodeId) -> Option<NodeId> {
    tree.ancestors(id)
        .find(|a| matches!(tree.kind(*a), "function_definition" | "class_definition"))
        .filter(|a| tree.kind(*a) == "function_definition")
}

fn in_loop(tree: &Tree, id: NodeId) -> bool {
    let mut below = id;
    for above in tree.ancestors(id) {
        match tree.kind(above) {
            "function_definition" | "class_definition" => return false,
            // The `else` of a loop is outside of it.
            "for_statement" | "while_statement" if tree.nodes[below].field == "body" => {
                return true;
            }
            _ => {}
        }
        below = above;
    }
    false
}
