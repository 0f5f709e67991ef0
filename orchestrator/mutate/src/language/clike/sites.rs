//! Where a program can be changed.

use super::directives::Directives;
use super::{Dialect, is_comment, is_whole, number, statements};
use crate::language::finder::{Finder, Terms};
use crate::language::outline::{Literal, Outline, Subtree, Token};
use crate::language::tree::{NodeId, Tree};

static TERMS: Terms = Terms {
    number: is_number,
    string: is_whole,
    collection: |kind| {
        is_arguments(kind)
            || matches!(
                kind,
                "initializer_list"
                    | "array_expression"
                    | "tuple_expression"
                    | "field_initializer_list"
                    | "token_tree"
            )
    },
    arguments: is_arguments,
    block: is_block,
    statement: is_statement,
    // A header's name does not depend on what is in its block.
    aside: |kind| is_comment(kind) || kind == "," || is_block(kind),
    scope: |tree, id| {
        let named = match tree.kind(id) {
            "function_definition" => return Some(name_of_function(tree, id)),
            "function_item"
            | "mod_item"
            | "trait_item"
            | "namespace_definition"
            | "class_specifier"
            | "struct_specifier" => "name",
            "impl_item" => "type",
            _ => return None,
        };
        Some(tree.field(id, named))
    },
};

fn is_arguments(kind: &str) -> bool {
    matches!(kind, "argument_list" | "arguments")
}

fn is_block(kind: &str) -> bool {
    matches!(
        kind,
        "translation_unit"
            | "compound_statement"
            | "declaration_list"
            | "field_declaration_list"
            | "preproc_if"
            | "preproc_ifdef"
            | "preproc_else"
            | "preproc_elif"
            | "preproc_elifdef"
            | "source_file"
            | "block"
    )
}

fn is_statement(tree: &Tree, id: NodeId) -> bool {
    let node = &tree.nodes[id];
    let aside = is_comment(node.kind) || node.kind.starts_with("preproc_");
    node.named && !aside && !matches!(node.field, "condition" | "name")
}

fn is_literal(kind: &str) -> bool {
    matches!(kind, "number_literal" | "integer_literal" | "float_literal")
}

/// A number, or a minus sign with one.
fn is_number(tree: &Tree, id: NodeId) -> bool {
    match tree.kind(id) {
        kind if is_literal(kind) => true,
        "unary_expression" => {
            let mut parts = tree.children(id).map(|part| tree.kind(part));
            parts.next() == Some("-") && parts.next().is_some_and(is_literal)
        }
        _ => false,
    }
}

/// The name of a function of C, behind stars and parentheses.
fn name_of_function(tree: &Tree, id: NodeId) -> Option<NodeId> {
    let declarator = tree.field(id, "declarator")?;
    (declarator..tree.nodes[declarator].end).find(|part| {
        matches!(
            tree.kind(*part),
            "identifier"
                | "field_identifier"
                | "qualified_identifier"
                | "operator_name"
                | "destructor_name"
        )
    })
}

pub(super) fn outline(dialect: &Dialect, text: &str, tree: &Tree) -> Outline {
    let finder = Finder::new(text, tree, &TERMS);
    let mut sites = Sites { dialect, finder, text, tree };
    sites.literals();
    sites.finder.groups();
    sites.tokens();
    let directives = Directives::of(dialect, text, tree);
    statements::blocks(dialect, &mut sites.finder, tree, &directives);
    sites.subtrees();
    sites.finder.out
}

struct Sites<'a> {
    dialect: &'a Dialect,
    finder: Finder<'a>,
    text: &'a str,
    tree: &'a Tree,
}

impl Sites<'_> {
    /// Whether a node is where nothing may change: for the preprocessor, in a pattern, a
    /// label, an attribute, the body of a macro, the value of an enumerator.
    fn is_fixed(&self, id: NodeId) -> bool {
        let tree = self.tree;
        let mut below = id;
        for above in tree.ancestors(id) {
            let (kind, role) = (tree.kind(above), tree.nodes[below].field);
            let fixed = match kind {
                "enumerator"
                | "enum_variant"
                | "bitfield_clause"
                | "attribute"
                | "attribute_declaration"
                | "attribute_specifier"
                | "macro_definition"
                | "user_defined_literal"
                | "static_assert_declaration"
                | "gnu_asm_expression"
                | "alignas_qualifier"
                | "range_pattern" => true,
                "case_statement" => role == "value",
                "field_expression" => role == "field" && is_literal(tree.kind(below)),
                "match_pattern" => role != "condition",
                _ if kind.starts_with("preproc_") => role == "condition" || !is_block(kind),
                _ => role == "pattern",
            };
            if fixed {
                return true;
            }
            if is_block(kind) {
                return false;
            }
            below = above;
        }
        false
    }

    fn literals(&mut self) {
        let mut id = 0;
        while id < self.tree.nodes.len() {
            if is_number(self.tree, id) && !self.finder.is_outside(id) {
                if !self.is_fixed(id) {
                    self.literal(id);
                }
                id = self.tree.nodes[id].end;
            } else {
                id += 1;
            }
        }
        self.finder.recount();
    }

    fn literal(&mut self, id: NodeId) {
        let mut range = self.tree.nodes[id].range.clone();
        let written = self.finder.source(id);
        let bare = written.strip_prefix('-').map_or(written, str::trim_start);
        let Some(number) = number::read(self.dialect, bare) else { return };
        let before = self.text[..range.start].chars().next_back().unwrap_or(' ');
        let touches_word = before.is_alphanumeric() || before == '_';
        let mut signed = bare.len() < written.len();
        let bound = signed && touches_word;
        if bound {
            // Without its sign it would become a part of the word.
            range.start = range.end - bare.len();
            signed = false;
        }
        range.end -= number.suffix;
        let parent = self.tree.nodes[id].parent;
        let kind = self.tree.kind(parent);
        let index =
            matches!(kind, "subscript_expression" | "subscript_argument_list" | "index_expression");
        let place = index
            || matches!(
                kind,
                "array_declarator"
                    | "new_declarator"
                    | "array_type"
                    | "field_expression"
                    | "template_argument_list"
                    | "type_arguments"
                    | "unary_expression"
            );
        if kind == "token_tree" && self.is_after_point(id, parent) {
            return;
        }
        let negative_whole = number.integer && !self.dialect.preprocessed && !signed;
        let unsigned = number.unsigned || place || negative_whole || bound || before == '-';
        let site = self.finder.site(id);
        self.finder.literal_at[id] = Some(self.finder.out.literals.len());
        self.finder.out.literals.push(Literal {
            range,
            value: if signed { -number.value } else { number.value },
            integer: number.integer,
            unsigned: unsigned && !signed,
            weight: if index { 0.15 } else { 1.0 },
            site,
        });
    }

    /// Whether this is the name of a field of a tuple.
    fn is_after_point(&self, id: NodeId, parent: NodeId) -> bool {
        let before = self.tree.children(parent).take_while(|part| *part < id).last();
        before.is_some_and(|before| self.tree.kind(before) == ".")
    }

    fn tokens(&mut self) {
        for id in 1..self.tree.nodes.len() {
            if self.finder.is_outside(id) || !self.tree.is_leaf(id) {
                continue;
            }
            let alternatives = self.alternatives(id);
            if alternatives.is_empty() || self.is_fixed(id) {
                continue;
            }
            let range = self.tree.nodes[id].range.clone();
            let sign = |c: Option<char>| c.is_some_and(|c| "+-*/%&|<>=!".contains(c));
            let own = self.text[range.clone()].chars().next();
            // Two signs that touch may be one.
            let crowded = sign(own)
                && (sign(self.text[..range.start].chars().next_back())
                    || sign(self.text[range.end..].chars().next()));
            let pad = if crowded { " " } else { "" };
            let alternatives =
                alternatives.iter().map(|text| format!("{pad}{text}{pad}")).collect();
            let site = self.finder.site(id);
            self.finder.out.tokens.push(Token { kind: "operator", range, alternatives, site });
        }
        self.finder.recount();
    }

    fn alternatives(&self, id: NodeId) -> &'static [&'static str] {
        let parent = self.tree.kind(self.tree.nodes[id].parent);
        let text = self.finder.source(id);
        match (parent, text) {
            ("binary_expression", "<") => &["<=", ">"],
            ("binary_expression", "<=") => &["<", ">="],
            ("binary_expression", ">") => &[">=", "<"],
            ("binary_expression", ">=") => &[">", "<="],
            ("binary_expression", "==") => &["!=", "<=", ">="],
            ("binary_expression", "!=") => &["==", "<", ">"],
            ("binary_expression", "+") => &["-", "*"],
            ("binary_expression", "-") => &["+"],
            ("binary_expression", "*") => &["/", "+"],
            ("binary_expression", "/") => &["*"],
            ("binary_expression", "%") => &["/"],
            ("binary_expression", "&&") => &["||"],
            ("binary_expression", "||") => &["&&"],
            ("assignment_expression" | "compound_assignment_expr", "+=") => &["-=", "*="],
            ("assignment_expression" | "compound_assignment_expr", "-=") => &["+="],
            ("assignment_expression" | "compound_assignment_expr", "*=") => &["/=", "+="],
            ("assignment_expression" | "compound_assignment_expr", "/=") => &["*="],
            (_, "true") if self.tree.kind(id) == "true" => &["false"],
            (_, "false") if self.tree.kind(id) == "false" => &["true"],
            (_, "min") if self.is_called(id) => &["max"],
            (_, "max") if self.is_called(id) => &["min"],
            (_, "fmin") if self.is_called(id) => &["fmax"],
            (_, "fmax") if self.is_called(id) => &["fmin"],
            _ => &[],
        }
    }

    /// Whether this is the name of what is called.
    fn is_called(&self, id: NodeId) -> bool {
        let tree = self.tree;
        let mut at = id;
        while matches!(
            tree.kind(tree.nodes[at].parent),
            "qualified_identifier" | "scoped_identifier" | "field_expression"
        ) {
            if !matches!(tree.nodes[at].field, "name" | "field") {
                return false;
            }
            at = tree.nodes[at].parent;
        }
        tree.nodes[at].field == "function"
    }

    fn subtrees(&mut self) {
        for id in 1..self.tree.nodes.len() {
            if self.finder.is_outside(id) {
                continue;
            }
            let Some(kind) = self.subtree(id) else { continue };
            let range = self.tree.nodes[id].range.clone();
            // What takes its place may begin with a star.
            if self.text[..range.start].ends_with('/') || self.is_fixed(id) {
                continue;
            }
            let site = self.finder.site(id);
            self.finder.out.subtrees.push(Subtree { kind, range, site });
        }
        self.finder.recount();
    }

    /// The kind of a subtree that may be replaced.
    fn subtree(&self, id: NodeId) -> Option<String> {
        let tree = self.tree;
        let kind = tree.kind(id);
        let large = tree.nodes[id].end >= id + 4;
        match kind {
            "binary_expression" if large && !self.is_target(id) => {
                let sign = tree.field(id, "operator").map_or("", |sign| tree.kind(sign));
                let class = match sign {
                    "&&" | "||" => "condition",
                    "<" | "<=" | ">" | ">=" | "==" | "!=" => "comparison",
                    _ => "value",
                };
                Some(format!("binary_expression {class}"))
            }
            "call_expression"
            | "conditional_expression"
            | "unary_expression"
            | "initializer_list"
            | "array_expression"
            | "tuple_expression"
            | "lambda_expression"
            | "closure_expression"
            | "range_expression"
                if large && !self.is_target(id) =>
            {
                Some(kind.to_owned())
            }
            "function_definition" | "function_item" => {
                let name = if kind == "function_item" {
                    tree.field(id, "name")
                } else {
                    name_of_function(tree, id)
                };
                let name = self.finder.source(name?);
                Some(format!("function {}{name} {}", self.finder.scope(id), self.indent(id)))
            }
            "assignment_expression" => {
                let left = self.finder.source(tree.field(id, "left")?);
                let sign = tree.field(id, "operator").map_or("=", |sign| tree.kind(sign));
                (sign == "=").then(|| format!("assignment {left}"))
            }
            "let_declaration" => {
                let pattern = self.finder.source(tree.field(id, "pattern")?);
                Some(format!("let {pattern}"))
            }
            _ => None,
        }
    }

    /// Whole functions change places only with their namesakes at the same indentation.
    fn indent(&self, id: NodeId) -> usize {
        let start = self.tree.nodes[id].range.start;
        start - self.text[..start].rfind('\n').map_or(0, |at| at + 1)
    }

    /// Whether this is what is assigned to, called or referred to.
    fn is_target(&self, id: NodeId) -> bool {
        let tree = self.tree;
        let mut below = id;
        for above in tree.ancestors(id) {
            let role = tree.nodes[below].field;
            match tree.kind(above) {
                "assignment_expression" | "compound_assignment_expr" if role == "left" => {
                    return true;
                }
                "update_expression" | "pointer_expression" | "reference_expression" => return true,
                "call_expression" if role == "function" && below == id => return true,
                kind if is_block(kind) || is_arguments(kind) => return false,
                _ => {}
            }
            below = above;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use crate::language::outline::{Group, Outline};
    use crate::language::syntax;

    fn outline(name: &str, text: &str) -> Outline {
        let language = syntax(name).unwrap();
        let tree = language.parse(text);
        assert_eq!(tree.error, None, "{text}");
        language.outline(text, &tree)
    }

    /// The texts of the numbers that may change; `u` behind one that must not be negative.
    fn numbers(name: &str, text: &str) -> Vec<String> {
        let show = |sign: bool| if sign { "u" } else { "" };
        let found = outline(name, text).literals.into_iter();
        found.map(|l| format!("{}{}", &text[l.range], show(l.unsigned))).collect()
    }

    /// The signs that may change, with what they may become.
    fn signs(name: &str, text: &str) -> Vec<String> {
        let found = outline(name, text).tokens.into_iter();
        found.map(|t| format!("{} {}", &text[t.range], t.alternatives.join(" "))).collect()
    }

    #[test]
    fn numbers_are_found_where_they_may_change() {
        for name in ["c", "cpp"] {
            let text = "double t[2] = {1.5f, -2, 10u};\nint f() { return-3 + x[4] + 0x1F; }\n";
            assert_eq!(numbers(name, text), ["2u", "1.5", "-2", "10u", "3u", "4u", "0x1F"]);
            let text = "void f() { for (int i = 0; i < 10; i++) g(-1.0, i - 7); }";
            assert_eq!(numbers(name, text), ["0", "10", "-1.0", "7"]);
        }
        assert_eq!(numbers("cpp", "std::array<int, 3> a{1'000, 2};"), ["3u", "1'000", "2"]);
        let text = "const T: [f64; 2] = [1.0, -2.5];\nfn f() { let x = vec![1_0, 2f64]; g(-3, x[4].0, 2.0.sqrt(), 5u8) }";
        let found = ["2u", "1.0", "-2.5", "1_0u", "2", "-3", "4u", "2.0u", "5u"];
        assert_eq!(numbers("rust", text), found);
    }

    #[test]
    fn numbers_that_name_something_stay() {
        for name in ["c", "cpp"] {
            let text = "#define N 3\n#if N > 2\nenum e { A = 1 };\n#endif\n#pragma omp x(4)\nstruct s { int b : 5; };\nvoid f() { switch (x) { case 6: g(\"7\", '8'); } }\n";
            assert_eq!(numbers(name, text), [""; 0]);
        }
        let text = "enum E { A = 1 }\nmacro_rules! m { () => { 2 } }\n#[repr(align(8))]\nstruct S;\nfn f() { match x { 3 | 4..=5 if y => g(x.6, \"7\", '8'), _ => h!(x.0, x.1.2) } }\n";
        assert_eq!(numbers("rust", text), [""; 0]);
    }

    #[test]
    fn tables_are_groups_with_columns() {
        let c = "static double T[3][2] = {{1.0, 2.0}, {3.0, -4.0}, {5.0, 6.0}};\n";
        let rust = "const T: [[f64; 2]; 3] = [[1.0, 2.0], [3.0, -4.0], [5.0, 6.0]];\n";
        let list = "fn f() { let t = vec![(1.0, 2.0), (3.0, -4.0), (5.0, 6.0)]; }\n";
        for (name, text) in [("c", c), ("cpp", c), ("rust", rust), ("rust", list)] {
            let outline = outline(name, text);
            let table = outline.groups.iter().find(|group| group.rows.len() == 3);
            assert_eq!(table.and_then(Group::columns), Some(2), "{text}");
        }
    }

    #[test]
    fn signs_and_words_are_found_where_they_may_change() {
        for name in ["c", "cpp"] {
            let text = "#if A < B\n#endif\nint f(int *p) { x += *p * -y; return a < b && true; }\n";
            assert_eq!(signs(name, text), ["+= -= *=", "* / +", "< <= >", "&& ||", "true false"]);
            assert_eq!(signs(name, "int f() { return a/ *p+-b; }")[1], "+  -   * ");
        }
        let text = "std::vector<int> f() { return std::max(a, b.min(\"a < b\")) << !c; }";
        assert_eq!(signs("cpp", text), ["max min", "min max"]);
        let text =
            "fn f<T>(x: &T, max: u8) { let m = a.max(*x) > f64::min(b, -c) || false; x -= max; }";
        assert_eq!(
            signs("rust", text),
            ["max min", "> >= <", "min max", "|| &&", "false true", "-= +="]
        );
    }

    #[test]
    fn subtrees_are_found_by_kind() {
        let kinds = |name: &str, text: &str| -> Vec<String> {
            outline(name, text)
                .subtrees
                .into_iter()
                .map(|s| format!("{}: {}", s.kind, &text[s.range]))
                .collect()
        };
        for name in ["c", "cpp"] {
            let text = "int g(int a) { x = a * 2; y[a + 1] += (a < 2) ? h(a) : a; }";
            let found = [
                &format!("function g {text}").replace("g int", "g 0: int"),
                "assignment x: x = a * 2",
                "binary_expression value: a * 2",
                "conditional_expression: (a < 2) ? h(a) : a",
                "binary_expression comparison: a < 2",
                "call_expression: h(a)",
            ];
            assert_eq!(kinds(name, text), found);
        }
        let text = "fn g(a: u8) { let b = a * 2; y[a + 1] = a < 2; }";
        let found = [
            &format!("function g 0: {text}"),
            "let b: let b = a * 2;",
            "binary_expression value: a * 2",
            "assignment y[a + 1]: y[a + 1] = a < 2",
            "binary_expression comparison: a < 2",
        ];
        assert_eq!(kinds("rust", text), found);
    }
}
