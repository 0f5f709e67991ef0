//! The normal form: tokens with one blank between them and line ends after `;`, `{` and `}`;
//! lines for the preprocessor by themselves; no comments; local names numbered. A text that
//! sees its own layout, or that is not understood to the last character, is its own normal
//! form.

use super::directives::{Directives, begins, line};
use super::names::renames;
use super::readers::{has_reader, sees_layout};
use super::{Dialect, is_comment, is_whole, is_word};
use crate::language::local::Names;
use crate::language::tree::{NodeId, Tree};

pub(super) fn normalise(dialect: &Dialect, text: &str, tree: &Tree) -> String {
    let directives = Directives::of(dialect, text, tree);
    if directives.quotes || sees_layout(dialect, text, tree) {
        return text.to_owned();
    }
    let names = renames(dialect, text, tree, &directives);
    let out = String::with_capacity(text.len());
    let keep_docs = !dialect.preprocessed && has_reader(text, tree);
    let mut printer =
        Printer { dialect, text, tree, names, keep_docs, out, at: 0, last: None, fresh: true };
    if printer.all().is_none() {
        return text.to_owned();
    }
    printer.end_line();
    printer.out
}

struct Printer<'a> {
    dialect: &'a Dialect,
    text: &'a str,
    tree: &'a Tree,
    names: Names,
    keep_docs: bool,
    out: String,
    /// End of what was looked at.
    at: usize,
    /// The token before, if it touches what follows.
    last: Option<NodeId>,
    fresh: bool,
}

impl Printer<'_> {
    /// Prints all; none if some text is in no token.
    fn all(&mut self) -> Option<()> {
        let tree = self.tree;
        let mut id = 0;
        while id < tree.nodes.len() {
            let node = &tree.nodes[id];
            if is_comment(node.kind) {
                self.gap(node.range.start)?;
                self.comment(id);
                id = node.end;
            } else if begins(self.dialect, self.text, tree, id) {
                self.gap(node.range.start)?;
                id = self.directive(id)?;
            } else if is_whole(node.kind) {
                self.token(id)?;
                id = node.end;
            } else {
                if tree.is_leaf(id) && !tree.text(id, self.text).trim().is_empty() {
                    self.token(id)?;
                }
                id += 1;
            }
        }
        self.gap(self.text.len())
    }

    /// Steps over blanks; none if there is anything else.
    fn gap(&mut self, to: usize) -> Option<()> {
        let gap = self.text.get(self.at..to)?;
        let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}');
        let spliced = gap.contains('\\');
        if spliced {
            let plain = gap.replace("\\\r\n", "").replace("\\\n", "");
            // Whether the tokens around it touch is too fine a point.
            if !self.dialect.preprocessed || plain.is_empty() || !plain.chars().all(blank) {
                return None;
            }
        } else if !gap.chars().all(blank) {
            return None;
        }
        if !gap.is_empty() {
            self.last = None;
        }
        self.at = to;
        Some(())
    }

    fn comment(&mut self, id: NodeId) {
        self.at = self.tree.nodes[id].range.end;
        self.last = None;
        if self.is_kept(id) {
            self.end_line();
            self.out.push_str(self.tree.text(id, self.text).trim_end());
            self.fresh = false;
            self.end_line();
        }
    }

    /// Whether a comment is one for readers that somebody reads, or that stands where it is
    /// refused.
    fn is_kept(&self, id: NodeId) -> bool {
        let tree = self.tree;
        let marker = tree.children(id).find(|part| tree.kind(*part).ends_with("_comment_marker"));
        let Some(marker) = marker else { return false };
        let parent = tree.nodes[id].parent;
        let aside = |other: &NodeId| {
            is_comment(tree.kind(*other)) || tree.kind(*other).ends_with("attribute_item")
        };
        let placed = if tree.kind(marker) == "inner_doc_comment_marker" {
            let before = tree.children(parent).take_while(|other| *other < id);
            matches!(tree.kind(parent), "source_file" | "declaration_list" | "block")
                && before.filter(|other| !aside(other)).all(|other| tree.kind(other) == "{")
        } else {
            let next = tree.children(parent).find(|other| *other > id && !aside(other));
            next.is_some_and(|next| {
                let kind = tree.kind(next);
                kind.ends_with("_item")
                    || matches!(kind, "enum_variant" | "field_declaration" | "macro_definition")
            })
        };
        self.keep_docs || !placed
    }

    /// A line for the preprocessor; the first node behind it.
    fn directive(&mut self, id: NodeId) -> Option<NodeId> {
        let start = self.tree.nodes[id].range.start;
        let (line, length) = line(&self.text[start..]);
        let end = start + length;
        self.end_line();
        self.out.push_str(&line);
        self.fresh = false;
        self.end_line();
        self.last = None;
        self.at = end;
        let mut next = id;
        while self.tree.nodes.get(next).is_some_and(|node| node.range.start < end) {
            let beyond = self.text.get(end..self.tree.nodes[next].range.end).unwrap_or_default();
            if self.tree.is_leaf(next) && !beyond.trim().is_empty() {
                return None;
            }
            next += 1;
        }
        Some(next)
    }

    fn token(&mut self, id: NodeId) -> Option<()> {
        let range = self.tree.nodes[id].range.clone();
        self.gap(range.start)?;
        let own = self.tree.text(id, self.text);
        let joined = self.last.is_some_and(|last| self.joins(last, own));
        if !self.fresh && !joined {
            self.out.push(' ');
        }
        self.fresh = false;
        match (self.names.get(id), own.strip_prefix('-')) {
            (Some(name), _) => self.out.push_str(&name),
            // A sign that the grammar took into the number.
            (None, Some(number))
                if number.starts_with(|c: char| c.is_ascii_digit() || c == '.') =>
            {
                self.out.push_str("- ");
                self.out.push_str(number);
            }
            _ => self.out.push_str(own),
        }
        self.at = range.end;
        self.last = Some(id);
        if matches!(own, ";" | "{" | "}") || self.tree.kind(id) == "shebang" {
            self.end_line();
        }
        Some(())
    }

    /// Whether two tokens that touch might be something else with a blank between them.
    fn joins(&self, last: NodeId, own: &str) -> bool {
        let before = self.tree.text(last, self.text);
        let (Some(end), Some(start)) = (before.chars().last(), own.chars().next()) else {
            return false;
        };
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let quote = |c: char| c == '"' || c == '\'';
        if word(end) && word(start) {
            return true;
        }
        if word(end) && quote(start) {
            let prefixes = self.dialect.prefixes;
            return is_word(before) && prefixes.is_none_or(|known| known.contains(&before));
        }
        if quote(end) && word(start) {
            return self.dialect.suffixes;
        }
        if before.starts_with(|c: char| c.is_ascii_digit()) {
            return matches!(end, 'e' | 'E' | 'p' | 'P') && matches!(start, '+' | '-');
        }
        if end == '>' && self.closes_type(last) {
            return false;
        }
        let longer =
            |sign: &&str| sign.strip_prefix(before).is_some_and(|rest| rest.starts_with(start));
        self.dialect.signs.iter().any(longer)
    }

    /// Whether this ends a list of types, so that it is no part of a longer sign.
    fn closes_type(&self, id: NodeId) -> bool {
        let list = self.tree.nodes[id].parent;
        let closed = self.tree.kind(self.tree.nodes[list].parent);
        match self.tree.kind(list) {
            "type_arguments" | "type_parameters" => true,
            "template_argument_list" => {
                let next = self.tree.nodes.get(id + 1).map(|next| next.parent);
                let outer = next.filter(|next| self.tree.kind(*next) == "template_argument_list");
                let around = outer.map(|outer| self.tree.kind(self.tree.nodes[outer].parent));
                closed == "template_type" && around == Some("template_type")
            }
            _ => false,
        }
    }

    fn end_line(&mut self) {
        if !self.fresh {
            self.out.push('\n');
            self.fresh = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::language;

    fn normal(name: &str, text: &str) -> String {
        let language = language(name).unwrap();
        assert_eq!(language.syntax_error(text), None, "{text}");
        let once = language.normalise(text);
        assert_eq!(language.syntax_error(&once), None, "{once}");
        assert_eq!(language.normalise(&once), once, "not idempotent");
        once
    }

    fn same(name: &str, a: &str, b: &str) {
        assert_eq!(normal(name, a), normal(name, b));
    }

    fn differ(name: &str, a: &str, b: &str) {
        assert_ne!(normal(name, a), normal(name, b));
    }

    /// Bodies of functions.
    fn bodies(name: &str, a: &str, b: &str) -> [String; 2] {
        [a, b].map(|body| {
            let function = if name == "rust" { "fn f() {" } else { "int f() {" };
            normal(name, &format!("{function} {body} }}\n"))
        })
    }

    #[test]
    fn comments_and_layout_do_not_matter() {
        for name in ["c", "cpp"] {
            same(name, "int x=1; // c\n/* d */ int y;\n", "int x = 1;\n\n\nint y; \t\n");
            same(name, "int f(){return -1;}", "int f ( )\r\n{\r\n  return - 1 ;\r\n}\r\n");
            same(name, "#include <math.h> // c\nint x;", "#include  <math.h>\n\n\nint x;\n");
            same(name, "#define N /* c */ 3\n", "\n#define N 3  // count\n\n");
            same(name, "#define A 1 \\\n \nint x;", "#define A 1\nint x;");
            same(name, "#if N /*\n*/ > 2\nint x;\n#endif // N\n", "#if N > 2\n  int x;\n#endif");
            same(
                name,
                "#define F(a) \\\n ((a)+1)\nint x;",
                "#define F(a) \\\r\n ((a)+1)\r\nint x;",
            );
        }
        same("cpp", "std::vector<std::vector<int>> x;", "std::vector < std::vector<int> > x;");
        same("rust", "fn f()->u8{1}", "//! about\n/// more\nfn f() -> u8 {\n  1 // c\n}\n");
        same("rust", "fn f(x: Vec<Vec<u8>>) {}", "fn f(x: Vec<Vec<u8> >) { /* a /* b */ */ }");
        same("rust", "fn f() { let x = vec![1,2]; }", "fn f() { let x = vec![1, /* c */ 2]; }");
    }

    #[test]
    fn local_names_do_not_matter() {
        for name in ["c", "cpp"] {
            same(
                name,
                "double f(double a, int n) { double s = 0; for (int i = 0; i < n; i++) { s += a * i; } return s; }",
                "double f(double x, int m) { double t = 0; for (int k = 0; k < m; k++) { t += x * k; } return t; }",
            );
            same(
                name,
                "#include <stdio.h>\nvoid f(struct p *a, int b[3]) { printf(\"b\", a->b, b[0]); }",
                "#include <stdio.h>\nvoid f(struct p *q, int c[3]) { printf(\"b\", q->b, c[0]); }",
            );
        }
        same(
            "cpp",
            "int f(const V& xs) { int n = 0; for (auto [a, b] : xs) n += g([&](int q) { return q + a + b; }); return std::max(n, 1); }",
            "int f(const V& ys) { int m = 0; for (auto [c, d] : ys) m += g([&](int r) { return r + c + d; }); return std::max(m, 1); }",
        );
        same(
            "rust",
            "fn f(a: &[f64], (p, q): (u8, u8)) -> f64 { let mut s = 0.0; for (i, x) in a.iter().enumerate() { s += x * i as f64; } if let Some(t) = g(p, q) { s + t } else { s } }",
            "fn f(b: &[f64], (u, v): (u8, u8)) -> f64 { let mut r = 0.0; for (j, y) in b.iter().enumerate() { r += y * j as f64; } if let Some(w) = g(u, v) { r + w } else { r } }",
        );
        same(
            "rust",
            "fn f(v: Vec<u8>) { let t = 1; println!(\"n {}\", t); v.iter().map(|&e| match e { 0 => 1, n if n > t => n, m => m + t }); }",
            "fn f(w: Vec<u8>) { let s = 1; println!(\"n {}\", s); w.iter().map(|&d| match d { 0 => 1, k if k > s => k, l => l + s }); }",
        );
        same(
            "rust",
            "fn f(b: S) -> u8 { vec![b.c, b.d()][0] }",
            "fn f(a: S) -> u8 { vec![a.c, a.d()][0] }",
        );
    }

    #[test]
    fn what_behaves_otherwise_stays_apart_in_any_of_the_languages() {
        for name in ["c", "cpp", "rust"] {
            let apart = |a: &str, b: &str| {
                let [a, b] = bodies(name, a, b);
                assert_ne!(a, b);
            };
            apart("x = a - -b;", "x = a - b;");
            apart("x = y.a;", "x = y.b;");
            apart("x = 1;", "z = 1;");
            apart("g(\"a  b\");", "g(\"a b\");");
            apart("g(\"/* a */\");", "g(\"\");");
            apart("g(\"a\");", "g(\"b\");");
            apart("g('a');", "g('b');");
            apart("x = 1;", "x = 1.0;");
        }
    }

    #[test]
    fn c_that_behaves_otherwise_stays_apart() {
        for name in ["c", "cpp"] {
            let d = |a: &str, b: &str| differ(name, a, b);
            d("int x;", "int y;");
            d("struct s { int a; };", "struct s { int b; };");
            d("int a(int x) { return x; }", "int b(int x) { return x; }");
            d("int f(int a, int b) { return a; }", "int f(int a, int b) { return b; }");
            d("int f() { { int a = 1; } return a; }", "int f() { { int b = 1; } return b; }");
            d("int f() { a = 1; int a; }", "int f() { b = 1; int b; }");
            d("int f() { int g(int); return g(1); }", "int f() { int h(int); return h(1); }");
            d("int f() { extern int a; return a; }", "int f() { extern int b; return b; }");
            d("int f() { enum { A, B }; return A; }", "int f() { enum { B, A }; return A; }");
            d("int t, y, z; int f(int t) { return t; }", "int t, z, y; int f(int t) { return t; }");
            d(
                "int t, y, z; int f() { t * y; y = 1; return 0; }",
                "int t, y, z; int f() { t * z; z = 1; return 0; }",
            );
            d("void f(int (*g)(int a)) { a = 1; }", "void f(int (*g)(int b)) { b = 1; }");
            d("#define N 1\nint x;", "#define M 1\nint x;");
            d("#define F(x) x\n", "#define F (x) x\n");
            d(
                "#define STEP a++\nint f(int a) { STEP; return a; }",
                "#define STEP a++\nint f(int b) { STEP; return b; }",
            );
            d(
                "#define S(x) g(x)\nint f(int a) { return S(a); }",
                "#define S(x) g(x)\nint f(int b) { return S(b); }",
            );
            d("#define S(x) #x\nchar *s = S(a+b);", "#define S(x) #x\nchar *s = S(a + b);");
            d(
                "#define V(x) v##x\nint f(int v1, int v2) { return V(1); }",
                "#define V(x) v##x\nint f(int v2, int v1) { return V(1); }",
            );
            d(
                "#include \"m.h\"\nint f(int a) { return SHOW(a); }",
                "#include \"m.h\"\nint f(int b) { return SHOW(b); }",
            );
            d("#define A 1 \\\n\nint x;", "#define A 1 \\\nint x;");
            d("#if A\nint x;\n#endif\n", "#if B\nint x;\n#endif\n");
            d("#if A\nint x;\n#endif\n", "#if A\n#endif\nint x;\n");
            d("#ifdef A\n#else\nint x;\n#endif\n", "#ifdef A\nint x;\n#else\n#endif\n");
            d(
                "int f() {\n#if A\nint a = 1;\n#endif\nreturn a; }",
                "int f() {\n#if A\nint b = 1;\n#endif\nreturn b; }",
            );
            d("int x = __LINE__;\n", "\nint x = __LINE__;\n");
            d(
                "int f(int a) { asm(\"nop\" : : \"r\"(a)); return a; }",
                "int f(int b) { asm(\"nop\" : : \"r\"(b)); return b; }",
            );
            d("int f(int a) { goto a; a: return a; }", "int f(int b) { goto b; b: return b; }");
            d("int f(int *a, int b) { return b / *a; }", "int f(int *a, int b) { return b; }");
            d("int f(int a, int b) { return a+ +b; }", "int f(int a, int b) { return a + b; }");
        }
        let d = |a: &str, b: &str| differ("cpp", a, b);
        d("auto x = R\"(a  b)\";", "auto x = R\"(a b)\";");
        d("int f() { return a<b<c>>d; }", "int f() { return a<b<c> >d; }");
        d("int f(int a) { using n::a; return a; }", "int f(int b) { using n::b; return b; }");
        d(
            "int f() { struct A { int a; }; return 0; }",
            "int f() { struct A { int b; }; return 0; }",
        );
        d(
            "struct A { int a, b; int f() { return a; } };",
            "struct A { int a, b; int f() { return b; } };",
        );
        d("int f(int n) { Foo x(n); return n; }", "int f(int n) { Foo x(m); return n; }");
        d("int f(int n) { Foo x(n); return n; }", "int f(int m) { Foo x(n); return m; }");
        d("int f(int n) { return n::x; }", "int f(int m) { return m::x; }");
    }

    #[test]
    fn rust_that_behaves_otherwise_stays_apart() {
        let d = |a: &str, b: &str| differ("rust", a, b);
        d("const A: u8 = 1;", "const B: u8 = 1;");
        d(
            "fn f(s: S) -> u8 { let S { a, .. } = s; a }",
            "fn f(s: S) -> u8 { let S { b, .. } = s; b }",
        );
        d("fn f(a: u8) -> S { S { a } }", "fn f(b: u8) -> S { S { b } }");
        d("fn f(a: u8) { println!(\"{a}\"); }", "fn f(b: u8) { println!(\"{b}\"); }");
        d(
            "fn f(a: u8, s: S) -> u8 { let S { a, .. } = s; a }",
            "fn f(x: u8, s: S) -> u8 { let S { a, .. } = s; x }",
        );
        d("fn f(a: u8, b: u8) { println!(\"{a}\"); }", "fn f(b: u8, a: u8) { println!(\"{a}\"); }");
        d("fn f(a: u8) { dbg!(a); }", "fn f(b: u8) { dbg!(b); }");
        d(
            "fn f(a: u8) { let n = 1; println!(\"{:1$}\", a, n); println!(\"{:n$}\", a); }",
            "fn f(a: u8) { let m = 1; println!(\"{:1$}\", a, m); println!(\"{:m$}\", a); }",
        );
        d("fn f() { let x = stringify!(a+b); }", "fn f() { let x = stringify!(a + b); }");
        d("fn f() { g(line!()); }", "\nfn f() { g(line!()); }");
        d(
            "fn f() { if let Some(a) = g() { } else { h(a) } }",
            "fn f() { if let Some(b) = g() { } else { h(b) } }",
        );
        d("fn f() { let a = a; h(a) }", "fn f() { let b = b; h(b) }");
        d("fn f() { { let a = 1; } h(a) }", "fn f() { { let b = 1; } h(b) }");
        d(
            "fn f(x: u8) { match x { A => 1, B => 2 } }",
            "fn f(x: u8) { match x { B => 1, A => 2 } }",
        );
        d(
            "const a: u8 = 1; const b: u8 = 2; fn f(x: u8) { match x { a => 1, _ => 2 } }",
            "const a: u8 = 1; const b: u8 = 2; fn f(x: u8) { match x { b => 1, _ => 2 } }",
        );
        d(
            "use crate::k::*; fn f(x: u8) { match x { a => 1, _ => 2 } }",
            "use crate::k::*; fn f(x: u8) { match x { b => 1, _ => 2 } }",
        );
        d("fn f() { let a = 1; fn g() { h(a) } }", "fn f() { let b = 1; fn g() { h(b) } }");
        d("fn f<'a>(x: &'a u8, y: &u8) {}", "fn f<'a>(x: &u8, y: &'a u8) {}");
        d("fn f() { 'a: loop { loop { break 'a; } } }", "fn f() { 'a: loop { loop { break; } } }");
        d("fn f() { let x = r\"a  b\"; }", "fn f() { let x = r\"a b\"; }");
        d("fn f() { let x = b\"a\"; }", "fn f() { let x = \"a\"; }");
        d("m!(a >> b);", "m!(a > > b);");
        d(
            "#[derive(clap::Parser)]\n/// about\nstruct S;",
            "#[derive(clap::Parser)]\n/// other\nstruct S;",
        );
        d("fn f() { let a = 1; my!(a); }", "fn f() { let b = 1; my!(b); }");
        d("fn f(a: u8) -> u8 { return a; }", "fn f(a: u8) -> u8 { a; }");
    }
}
