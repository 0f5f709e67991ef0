//! C, C++ and Rust: one code and a table for each.

mod directives;
mod names;
mod normal;
mod number;
mod patterns;
mod readers;
mod sites;
mod statements;

use std::sync::LazyLock;

use super::Syntax;
use super::outline::Outline;
use super::tree::{Grammar, NodeId, Tree};
use directives::Directives;

/// What sets one of the languages apart.
pub(super) struct Dialect {
    name: &'static str,
    extensions: &'static [&'static str],
    grammar: &'static LazyLock<Grammar>,
    /// Whether lines that begin with `#` are for a preprocessor.
    preprocessed: bool,
    /// Signs that are one where their characters touch, and two where a blank parts them.
    signs: &'static [&'static str],
    /// Words that are part of a literal whose quote they touch; none means any word.
    prefixes: Option<&'static [&'static str]>,
    /// Whether a word that touches a closing quote is part of the literal.
    suffixes: bool,
    /// Words by which a program sees its own layout; with `!`, macros.
    watchers: &'static [&'static str],
}

/// C.
pub(super) static C: Dialect = Dialect {
    name: "c",
    extensions: &["c", "h"],
    grammar: &C_GRAMMAR,
    preprocessed: true,
    signs: C_SIGNS,
    prefixes: Some(C_PREFIXES),
    suffixes: false,
    watchers: C_WATCHERS,
};

/// C++.
pub(super) static CPP: Dialect = Dialect {
    name: "cpp",
    extensions: &["cc", "cpp", "cxx", "hpp", "hh", "h"],
    grammar: &CPP_GRAMMAR,
    preprocessed: true,
    signs: C_SIGNS,
    prefixes: Some(C_PREFIXES),
    suffixes: true,
    watchers: C_WATCHERS,
};

/// Rust.
pub(super) static RUST: Dialect = Dialect {
    name: "rust",
    extensions: &["rs"],
    grammar: &RUST_GRAMMAR,
    preprocessed: false,
    signs: &[
        "//", "/*", "<<=", ">>=", "...", "..=", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=",
        "*=", "/=", "%=", "^=", "&=", "|=", "<<", ">>", "->", "=>", "::", "..",
    ],
    prefixes: None,
    suffixes: true,
    watchers: &["line!", "column!", "stringify!", "caller"],
};

static C_GRAMMAR: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::new(tree_sitter_c::LANGUAGE.into()));
static CPP_GRAMMAR: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::new(tree_sitter_cpp::LANGUAGE.into()));
static RUST_GRAMMAR: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::new(tree_sitter_rust::LANGUAGE.into()));

const C_SIGNS: &[&str] = &[
    "//", "/*", "<<=", ">>=", "<=>", "->*", "...", "##", "++", "--", "->", ".*", "::", "<<", ">>",
    "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=", "<:", ":>",
    "<%", "%>", "%:",
];
const C_PREFIXES: &[&str] = &["L", "u", "U", "u8", "R", "LR", "uR", "UR", "u8R"];
const C_WATCHERS: &[&str] = &[
    "__LINE__",
    "source_location",
    "__builtin_LINE",
    "__builtin_COLUMN",
    "__builtin_source_location",
];

impl Syntax for Dialect {
    fn name(&self) -> &'static str {
        self.name
    }

    fn extensions(&self) -> &'static [&'static str] {
        self.extensions
    }

    fn parse(&self, text: &str) -> Tree {
        let mut tree = LazyLock::force(self.grammar).parse(text);
        if tree.error.is_none() {
            let macros = self.preprocessed && Directives::of(self, text, &tree).macros;
            tree.error = if macros { None } else { beyond_grammar(&tree, text) };
        }
        tree
    }

    fn is_certain(&self) -> bool {
        false
    }

    fn normalise(&self, text: &str, tree: &Tree) -> String {
        normal::normalise(self, text, tree)
    }

    fn outline(&self, text: &str, tree: &Tree) -> Outline {
        sites::outline(self, text, tree)
    }

    fn nothing(&self) -> &'static str {
        ";"
    }

    fn between(&self) -> &'static str {
        " "
    }
}

/// What the grammars let pass and the languages do not: statements outside of functions, and
/// `break` and `continue` outside of loops. Macros may make any of these right.
fn beyond_grammar(tree: &Tree, text: &str) -> Option<(usize, String)> {
    let wrong = |id: NodeId, why: &str| {
        let line = text[..tree.nodes[id].range.start].matches('\n').count() + 1;
        Some((line, why.to_owned()))
    };
    for id in (0..tree.nodes.len()).filter(|id| tree.nodes[*id].named) {
        let found = match tree.kind(id) {
            "return_statement" | "return_expression" if function_around(tree, id).is_none() => {
                wrong(id, "`return` outside a function")
            }
            "break_statement" | "continue_statement" | "continue_expression"
                if !in_loop(tree, id) =>
            {
                wrong(id, "`break` or `continue` outside a loop")
            }
            "if_statement" | "for_statement" | "while_statement" | "do_statement"
            | "switch_statement" | "for_range_loop"
                if function_around(tree, id).is_none() =>
            {
                wrong(id, "a statement outside a function")
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn is_function(kind: &str) -> bool {
    matches!(
        kind,
        "function_definition" | "function_item" | "lambda_expression" | "closure_expression"
    )
}

fn function_around(tree: &Tree, id: NodeId) -> Option<NodeId> {
    tree.ancestors(id).find(|a| is_function(tree.kind(*a)) || is_macro(tree.kind(*a)))
}

/// What a macro makes of its parts is not known.
fn is_macro(kind: &str) -> bool {
    matches!(kind, "macro_definition" | "macro_invocation" | "token_tree" | "ERROR")
}

fn in_loop(tree: &Tree, id: NodeId) -> bool {
    let continues = tree.kind(id).starts_with("continue");
    for above in tree.ancestors(id) {
        match tree.kind(above) {
            "for_statement" | "for_range_loop" | "while_statement" | "do_statement"
            | "for_expression" | "while_expression" | "loop_expression" => return true,
            "switch_statement" if !continues => return true,
            kind if is_macro(kind) => return true,
            kind if is_function(kind) => return false,
            _ => {}
        }
    }
    false
}

fn is_comment(kind: &str) -> bool {
    matches!(kind, "comment" | "line_comment" | "block_comment")
}

/// A text literal, or another node whose characters belong together.
fn is_whole(kind: &str) -> bool {
    matches!(
        kind,
        "string_literal"
            | "raw_string_literal"
            | "char_literal"
            | "system_lib_string"
            | "user_defined_literal"
            | "lifetime"
            | "label"
            | "shebang"
    )
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The words of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| is_word(word))
}

#[cfg(test)]
mod tests {
    use crate::language::{self, language};

    #[test]
    fn what_does_not_parse_is_told_with_its_line() {
        for (name, text, line) in [
            ("c", "int x = 1;\nint f( {\n", 2),
            ("c", "int x = (1;\n", 1),
            ("c", "int f() {\n  x = 1;\n", 2),
            ("c", "int x;\nreturn 1;\n", 2),
            ("c", "int x;\n\nfor (;;) {}\n", 3),
            ("c", "void f() {\n  break;\n}\n", 2),
            ("c", "void f() {\n  switch (1) { case 1: continue; }\n}\n", 2),
            ("cpp", "struct A {\n  int x\n};\n", 2),
            ("cpp", "void f() {\n  for (;;) { g([] { break; }); }\n}\n", 2),
            ("cpp", "auto x = std::vector<int>{1, 2;\n", 1),
            ("rust", "fn f() {\n  let x = ;\n}\n", 2),
            ("rust", "fn f() {\n", 1),
            ("rust", "fn f() {}\n\nlet x = 1\n", 3),
            ("rust", "fn f() {\n  loop { g(|| continue); }\n}\n", 2),
        ] {
            let error = language(name).unwrap().syntax_error(text);
            assert_eq!(error.as_ref().map(|(line, _)| *line), Some(line), "{text}: {error:?}");
        }
        let deep = format!("int x = {}1{};\n", "(".repeat(5000), ")".repeat(5000));
        assert!(language("c").unwrap().syntax_error(&deep).is_some());
    }

    #[test]
    fn macros_may_make_right_what_looks_wrong() {
        for text in [
            "#include \"each.h\"\nvoid f() { EACH(x) { break; } }\n",
            "#define EACH(x) for (;;)\nvoid f() { EACH(x) { break; } }\n",
        ] {
            assert_eq!(language("c").unwrap().syntax_error(text), None);
        }
        let text = "macro_rules! m { ($e:expr) => { return $e }; }\nfn f() { m!(break) }\n";
        assert_eq!(language("rust").unwrap().syntax_error(text), None);
    }

    #[test]
    fn files_are_known_by_their_extensions() {
        for (name, file) in
            [("c", "a.c"), ("c", "a.h"), ("cpp", "a.hh"), ("cpp", "a.cxx"), ("rust", "a.rs")]
        {
            let extension = file.rsplit_once('.').unwrap().1;
            assert!(language::syntax(name).unwrap().extensions().contains(&extension));
        }
    }
}
