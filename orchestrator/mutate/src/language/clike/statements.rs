//! Simple statements, and what they read and write.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::directives::Directives;
use super::{Dialect, is_comment};
use crate::language::finder::Finder;
use crate::language::outline::Statement;
use crate::language::tree::{NodeId, Tree};

/// Stands for all that a statement of unknown effect may touch.
const ANYTHING: &str = "*";

/// Finds the simple statements of all blocks.
pub(super) fn blocks(
    dialect: &Dialect,
    finder: &mut Finder<'_>,
    tree: &Tree,
    directives: &Directives,
) {
    let effects = Effects::new(dialect, finder, tree, directives);
    for id in 0..tree.nodes.len() {
        if !matches!(tree.kind(id), "compound_statement" | "block") {
            continue;
        }
        let mut run = Vec::new();
        for child in tree.children(id).filter(|c| tree.nodes[*c].named) {
            if is_comment(tree.kind(child)) {
                continue;
            }
            if let Some((reads, writes, expendable)) = effects.of(finder, child) {
                let range = tree.nodes[child].range.clone();
                let site = finder.site(child);
                run.push(Statement { range, reads, writes, expendable, site });
            } else if !run.is_empty() {
                finder.out.blocks.push(std::mem::take(&mut run));
            }
        }
        if !run.is_empty() {
            finder.out.blocks.push(run);
        }
    }
    finder.recount();
}

type Effect = (BTreeSet<String>, BTreeSet<String>, bool);

struct Effects<'a> {
    tree: &'a Tree,
    preprocessed: bool,
    /// For each outermost function of C, the variables that are numbers and nothing else.
    numbers: HashMap<NodeId, HashSet<&'a str>>,
    /// Whether a sign or the end of a scope may run code of the program's own.
    overloaded: bool,
}

impl<'a> Effects<'a> {
    fn new(
        dialect: &Dialect,
        finder: &Finder<'a>,
        tree: &'a Tree,
        directives: &Directives,
    ) -> Self {
        let mut effects = Self {
            tree,
            preprocessed: dialect.preprocessed,
            numbers: HashMap::new(),
            overloaded: directives.foreign,
        };
        for id in 0..tree.nodes.len() {
            match tree.kind(id) {
                "function_definition" if dialect.preprocessed => {
                    let known = effects.variables(finder, id, directives);
                    effects.numbers.insert(id, known);
                }
                "impl_item" => {
                    let name = tree.field(id, "trait").map(|name| finder.source(name));
                    effects.overloaded |= name.is_some_and(|name| !is_plain_trait(name));
                }
                "macro_definition" => effects.overloaded = true,
                _ => {}
            }
        }
        effects
    }

    /// The names that a function declares as numbers each time it declares them.
    fn variables(
        &self,
        finder: &Finder<'a>,
        function: NodeId,
        directives: &Directives,
    ) -> HashSet<&'a str> {
        let tree = self.tree;
        let (mut known, mut other) = (HashSet::new(), HashSet::new());
        for id in function..tree.nodes[function].end {
            if tree.kind(id) != "identifier" || !is_declared(tree, id) {
                continue;
            }
            let parent = tree.nodes[id].parent;
            let declaration = if tree.kind(parent) == "init_declarator" {
                tree.nodes[parent].parent
            } else {
                parent
            };
            let macros = directives.words.contains(finder.source(id));
            let set = if !macros && self.is_number(finder, declaration) {
                &mut known
            } else {
                &mut other
            };
            set.insert(finder.source(id));
        }
        known.retain(|name| !other.contains(name));
        known
    }

    /// Whether a declaration is of numbers, kept by nobody else.
    fn is_number(&self, finder: &Finder<'_>, declaration: NodeId) -> bool {
        let tree = self.tree;
        let declares = matches!(tree.kind(declaration), "declaration" | "parameter_declaration");
        declares
            && tree.children(declaration).all(|part| match tree.kind(part) {
                "primitive_type"
                | "identifier"
                | "init_declarator"
                | ","
                | ";"
                | "sized_type_specifier" => true,
                "type_qualifier" => matches!(finder.source(part), "const" | "constexpr"),
                _ => false,
            })
    }

    /// What a statement reads and writes and whether it may go or come twice; none for one
    /// that is not simple.
    fn of(&self, finder: &Finder<'_>, id: NodeId) -> Option<Effect> {
        let tree = self.tree;
        let whole = finder.source(id).ends_with(';');
        if !whole
            || !matches!(tree.kind(id), "expression_statement" | "declaration" | "let_declaration")
        {
            return None;
        }
        let known = self.plain(finder, id);
        let expendable = match tree.kind(id) {
            "expression_statement" => {
                let first = tree.children(id).next()?;
                match tree.kind(first) {
                    "call_expression"
                    | "update_expression"
                    | "macro_invocation"
                    | "compound_assignment_expr" => true,
                    "assignment_expression" => {
                        let sign =
                            tree.field(first, "operator").map_or("=", |sign| tree.kind(sign));
                        let left = tree.field(first, "left")?;
                        sign != "=" || tree.kind(left) != "identifier"
                    }
                    _ => return None,
                }
            }
            _ if known.is_none() => return None,
            _ => false,
        };
        let anything = || BTreeSet::from([ANYTHING.to_owned()]);
        Some(match known {
            Some((mut reads, writes)) => {
                reads.extend(anything());
                (reads, writes, expendable)
            }
            None => (anything(), anything(), expendable),
        })
    }

    /// What a statement over numbers reads and writes.
    fn plain(
        &self,
        finder: &Finder<'_>,
        id: NodeId,
    ) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
        if self.overloaded {
            return None;
        }
        let tree = self.tree;
        let function = tree.ancestors(id).filter(|a| tree.kind(*a) == "function_definition").last();
        let known = if self.preprocessed { Some(self.numbers.get(&function?)?) } else { None };
        let is_known = |name: &str| known.is_none_or(|known| known.contains(name));
        let (targets, values) = self.parts(id)?;
        let (mut reads, mut writes) = (BTreeSet::new(), BTreeSet::new());
        for target in targets {
            let name = finder.source(target);
            if tree.kind(target) != "identifier" || !is_known(name) {
                return None;
            }
            writes.insert(name.to_owned());
        }
        for value in values {
            // A bare name may give its value away.
            if tree.kind(id) == "let_declaration" && tree.kind(value) == "identifier" {
                return None;
            }
            for part in value..tree.nodes[value].end {
                let name = finder.source(part);
                match tree.kind(part) {
                    "identifier" if is_known(name) => {
                        reads.insert(name.to_owned());
                    }
                    "*" if tree.kind(tree.nodes[part].parent) == "unary_expression" => return None,
                    kind if tree.nodes[part].named && !is_pure(kind) => return None,
                    _ => {}
                }
            }
        }
        Some((reads, writes))
    }

    /// What a statement assigns to, and the expressions it computes.
    fn parts(&self, id: NodeId) -> Option<(Vec<NodeId>, Vec<NodeId>)> {
        let tree = self.tree;
        match tree.kind(id) {
            "expression_statement" => {
                let first = tree.children(id).next()?;
                let compound = match tree.kind(first) {
                    "assignment_expression" => {
                        tree.field(first, "operator").is_some_and(|sign| tree.kind(sign) != "=")
                    }
                    "compound_assignment_expr" => true,
                    _ => return None,
                };
                let left = tree.field(first, "left")?;
                let mut values = vec![tree.field(first, "right")?];
                values.extend(compound.then_some(left));
                Some((vec![left], values))
            }
            "let_declaration" if tree.field(id, "alternative").is_none() => {
                Some((vec![tree.field(id, "pattern")?], vec![tree.field(id, "value")?]))
            }
            "declaration" => {
                let (mut targets, mut values) = (Vec::new(), Vec::new());
                for declared in tree.children(id).filter(|c| tree.nodes[*c].field == "declarator") {
                    if tree.kind(declared) == "init_declarator" {
                        targets.push(tree.field(declared, "declarator")?);
                        values.push(tree.field(declared, "value")?);
                    } else {
                        targets.push(declared);
                    }
                }
                Some((targets, values))
            }
            _ => None,
        }
    }
}

/// A trait whose code no sign and no end of a scope runs.
fn is_plain_trait(name: &str) -> bool {
    let bare = name.split('<').next().unwrap_or_default();
    let bare = bare.rsplit("::").next().unwrap_or_default().trim();
    matches!(bare, "Clone" | "Copy" | "Default" | "Debug" | "Display")
}

/// Whether a name is declared here, other than as a function.
fn is_declared(tree: &Tree, id: NodeId) -> bool {
    let parent = tree.kind(tree.nodes[id].parent);
    let role = tree.nodes[id].field == "declarator";
    let held = parent.ends_with("_declarator")
        && parent != "init_declarator"
        && parent != "array_declarator";
    role || held || matches!(parent, "lambda_capture_initializer" | "for_range_loop")
}

/// Expressions that only compute.
fn is_pure(kind: &str) -> bool {
    matches!(
        kind,
        "number_literal"
            | "integer_literal"
            | "float_literal"
            | "boolean_literal"
            | "true"
            | "false"
            | "binary_expression"
            | "unary_expression"
            | "parenthesized_expression"
            | "conditional_expression"
            | "cast_expression"
            | "type_cast_expression"
            | "type_descriptor"
            | "primitive_type"
            | "sized_type_specifier"
    )
}

#[cfg(test)]
mod tests {
    use crate::language::outline::{Outline, Statement};
    use crate::language::syntax;

    fn outline(name: &str, text: &str) -> Outline {
        let language = syntax(name).unwrap();
        let tree = language.parse(text);
        assert_eq!(tree.error, None, "{text}");
        language.outline(text, &tree)
    }

    fn independent(a: &Statement, b: &Statement) -> bool {
        a.writes.is_disjoint(&b.reads)
            && a.writes.is_disjoint(&b.writes)
            && a.reads.is_disjoint(&b.writes)
    }

    /// Whether the last two statements of the first block may change places.
    fn may_swap(name: &str, text: &str) -> bool {
        let outline = outline(name, text);
        let Some([.., a, b]) = outline.blocks.first().map(Vec::as_slice) else { return false };
        independent(a, b)
    }

    #[test]
    fn statements_over_numbers_may_change_places() {
        for name in ["c", "cpp"] {
            assert!(may_swap(name, "void f(int a, int b) { a = 1; b = 2; }"));
            assert!(may_swap(name, "void f(int a, int b, double c) { a = c * 2; b += c; }"));
            assert!(may_swap(name, "void f() { int a = 1; unsigned long b = 2; }"));
        }
        assert!(may_swap("rust", "fn f(c: u8) { let a = c * 2; let mut b = 2; }"));
        assert!(may_swap("rust", "fn f() { a = 1; b += c; }"));
    }

    #[test]
    fn statements_that_may_depend_stay_in_order() {
        for name in ["c", "cpp"] {
            for text in [
                "void f(int a, int b) { a = 1; b = a; }",
                "void f(int a, int b) { b = a; a = 1; }",
                "void f(int a) { a = 1; a = 2; }",
                "int a; void f(int b) { a = 1; b = 2; }",
                "void f(int *a, int b) { *a = 1; b = 2; }",
                "void f(int *a, int b) { a[0] = 1; b = 2; }",
                "void f(int a, int b) { a = g(); b = h(); }",
                "void f(int a, int b) { g(&a); b = a; }",
                "void f(int a, int b) { g(&a); a = b; }",
                "void f(int b) { g(); h(); }",
                "void f(volatile int a, int b) { a = 1; b = 2; }",
                "void f(T a, T b) { a = 1; b = 2; }",
                "void f(int a, int b) { a = b++; b = 2; }",
                "#define a b\nvoid f(int a, int b) { a = 1; b = 2; }",
                "#include \"m.h\"\nvoid f(int a, int b) { a = 1; b = 2; }",
                "void f(int a, int b) { a = 1; if (b) g(); b = 2; }",
            ] {
                assert!(!may_swap(name, text), "{text}");
            }
        }
        assert!(!may_swap("cpp", "void f(int &a, int b) { a = 1; b = 2; }"));
        assert!(!may_swap("cpp", "void f(int a, int b) { { int &b = a; } a = 1; b = 2; }"));
        assert!(!may_swap("cpp", "void f(int b) { int &a = b; a = 1; b = 2; }"));
        assert!(!may_swap("cpp", "void f(int b) { auto &[a, c] = d; a = 1; b = 2; }"));
        for text in [
            "fn f() { a = 1; b = a; }",
            "fn f() { *a = 1; b = 2; }",
            "fn f() { a[0] = 1; b = 2; }",
            "fn f() { a.x = 1; b = 2; }",
            "fn f() { let a = g(); let b = 2; }",
            "fn f() { let a = c; let b = d; }",
            "fn f() { let Some(a) = 1 else { return; }; let b = 2; }",
            "impl Add for S {} fn f() { let a = c + 1; let b = c + 2; }",
            "fn f() { g(); h(); }",
        ] {
            assert!(!may_swap("rust", text), "{text}");
        }
    }

    #[test]
    fn what_declares_or_leaves_is_not_expendable() {
        let expendable = |name: &str, text: &str| -> Vec<String> {
            let blocks = outline(name, text).blocks;
            let found = blocks.into_iter().flatten().filter(|s| s.expendable);
            found.map(|s| text[s.range].to_owned()).collect()
        };
        for name in ["c", "cpp"] {
            let text = "int f() { int a = 1; a = 2; a += 3; g(a); p[a] = 1; a++; return a; }";
            assert_eq!(expendable(name, text), ["a += 3;", "g(a);", "p[a] = 1;", "a++;"]);
        }
        let text = "fn f() { let a = 1; a = 2; a += 3; g(a); m!(a); for i in a { } return a; }";
        assert_eq!(expendable("rust", text), ["a += 3;", "g(a);", "m!(a);"]);
    }
}
