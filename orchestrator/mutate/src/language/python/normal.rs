//! The normal form: one statement a line, one blank between tokens, one blank a level of
//! indentation; no comments, docstrings, semicolons or needless `pass`; local names numbered.

use super::is_statement;
use super::names::renames;
use crate::language::local::Names;
use crate::language::tree::{NodeId, Tree};

/// Words in a program that may look at its own docstrings.
const DOC_READERS: &[&str] =
    &["__doc__", "doctest", "docopt", "help", "inspect", "pydoc", "getdoc"];

pub(super) fn normalise(text: &str, tree: &Tree) -> String {
    let keep_docs = DOC_READERS.iter().any(|word| text.contains(word));
    let names = renames(text, tree);
    let out = String::with_capacity(text.len());
    let mut printer = Printer { text, tree, names, keep_docs, out, indent: 0, fresh_line: true };
    if !tree.nodes.is_empty() {
        printer.statements(0);
    }
    printer.out
}

struct Printer<'a> {
    text: &'a str,
    tree: &'a Tree,
    names: Names,
    keep_docs: bool,
    out: String,
    indent: usize,
    fresh_line: bool,
}

impl Printer<'_> {
    fn statements(&mut self, block: NodeId) {
        let tree = self.tree;
        let mut empty = true;
        for child in tree.children(block).filter(|child| is_statement(tree, *child)) {
            let idle = tree.kind(child) == "pass_statement"
                || (!self.keep_docs && self.is_bare_string(child));
            if idle {
                continue;
            }
            empty = false;
            self.node(child);
            self.end_line();
        }
        if empty && block != 0 {
            self.token("pass");
            self.end_line();
        }
    }

    /// A string that is a whole statement: a docstring, or a comment in disguise.
    fn is_bare_string(&self, id: NodeId) -> bool {
        let mut children = self.tree.children(id);
        if self.tree.kind(id) != "expression_statement" {
            return false;
        }
        let (Some(only), None) = (children.next(), children.next()) else { return false };
        let parts = self.tree.nodes[only].end;
        let plain = !(only..parts).any(|part| self.tree.kind(part) == "interpolation");
        plain && matches!(self.tree.kind(only), "string" | "concatenated_string")
    }

    fn node(&mut self, id: NodeId) {
        let tree = self.tree;
        match tree.kind(id) {
            "comment" | "line_continuation" | ";" => {}
            "string" => {
                let text = self.string(id);
                self.token(&text);
            }
            "block" => {
                self.end_line();
                self.indent += 1;
                self.statements(id);
                self.indent -= 1;
            }
            "decorator" => {
                self.children(id);
                self.end_line();
            }
            "identifier" => {
                let own = tree.text(id, self.text);
                let name = self.names.get(id).map_or_else(|| own.to_owned(), String::from);
                self.token(&name);
            }
            kind if tree.is_leaf(id) => {
                let token = if tree.nodes[id].named { tree.text(id, self.text) } else { kind };
                self.token(token);
            }
            _ => self.children(id),
        }
    }

    fn children(&mut self, id: NodeId) {
        let tree = self.tree;
        for child in tree.children(id) {
            self.node(child);
        }
    }

    /// A string as it is, but for renamed names in its interpolations.
    fn string(&self, id: NodeId) -> String {
        let range = self.tree.nodes[id].range.clone();
        let mut out = String::with_capacity(range.len());
        let mut at = range.start;
        for inner in id..self.tree.nodes[id].end {
            if let Some(name) = self.names.get(inner) {
                let place = &self.tree.nodes[inner].range;
                out.push_str(&self.text[at..place.start]);
                out.push_str(&name);
                at = place.end;
            }
        }
        out.push_str(&self.text[at..range.end]);
        // A line end inside a string is `\n` for Python, however the file is written.
        out.replace("\r\n", "\n")
    }

    fn token(&mut self, token: &str) {
        if self.fresh_line {
            self.out.extend(std::iter::repeat_n(' ', self.indent));
        } else {
            self.out.push(' ');
        }
        self.out.push_str(token);
        self.fresh_line = false;
    }

    fn end_line(&mut self) {
        if !self.fresh_line {
            self.out.push('\n');
            self.fresh_line = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::language;

    fn normal(text: &str) -> String {
        let python = language("python").unwrap();
        assert_eq!(python.syntax_error(text), None, "{text}");
        let once = python.normalise(text);
        assert_eq!(python.syntax_error(&once), None, "{once}");
        assert_eq!(python.normalise(&once), once, "not idempotent");
        once
    }

    fn same(a: &str, b: &str) {
        assert_eq!(normal(a), normal(b));
    }

    fn differ(a: &str, b: &str) {
        assert_ne!(normal(a), normal(b));
    }

    #[test]
    fn comments_docstrings_and_layout_do_not_matter() {
        same("x=1;y=[1,\n  2]  # c\n", "# c\n\nx = 1\ny = [1, 2]\n");
        same("def f(a):\n    \"\"\"doc\"\"\"\n    return a\n", "def f(a): return a\n");
        same("if x:\n\ty()\nelse:\n\tpass\n", "if x:\n    y()\nelse:\n    'nothing'\n");
        same("class A:\n    '''doc'''\n", "class A: pass\n");
        same("x = 1 + \\\n  2\n", "x = 1 + 2\n");
        same("x = a not  in b\r\n", "x = a not in b\n");
    }

    #[test]
    fn local_names_do_not_matter() {
        same("def f(a):\n    b = a\n    return b\n", "def f(a):\n    c = a\n    return c\n");
        same(
            "def f(n):\n    t = 0\n    for i in range(n):\n        t += i\n    return [t * j for j in range(i)]\n",
            "def f(n):\n    s = 0\n    for k in range(n):\n        s += k\n    return [s * q for q in range(k)]\n",
        );
        same(
            "def f():\n    def g(x):\n        return x\n    return g(1)\n",
            "def f():\n    def h(y):\n        return y\n    return h(1)\n",
        );
        same(
            "def f(a):\n    b = a\n    return f'{b:.2f}'\n",
            "def f(a):\n    c = a\n    return f'{c:.2f}'\n",
        );
        same(
            "def f(a):\n    return sorted(a, key=lambda p: p[0])\n",
            "def f(a):\n    return sorted(a, key=lambda q: q[0])\n",
        );
    }

    #[test]
    fn what_behaves_otherwise_stays_apart() {
        differ("x = 1\n", "y = 1\n");
        differ("def f(a):\n    return a\n", "def f(b):\n    return b\n"); // callable as f(a=1)
        differ("def f(a):\n    a.x = 1\n", "def f(a):\n    a.y = 1\n");
        differ(
            "def f(a):\n    b = a\n    c = a\n    return b\n",
            "def f(a):\n    b = a\n    c = a\n    return c\n",
        );
        differ(
            "def f():\n    b = 1\n    return locals()\n",
            "def f():\n    c = 1\n    return locals()\n",
        );
        differ(
            "def f():\n    b = 1\n    return eval('b')\n",
            "def f():\n    c = 1\n    return eval('b')\n",
        );
        differ("def f():\n    global b\n    b = 1\n", "def f():\n    global c\n    c = 1\n");
        differ(
            "def f():\n    b = 1\n    return f'{b=}'\n",
            "def f():\n    c = 1\n    return f'{c=}'\n",
        );
        differ(
            "def f():\n    b = 1\n    return g(b=b)\n",
            "def f():\n    c = 1\n    return g(c=c)\n",
        );
        differ(
            "def f():\n    b = 1\n    return q('@b')\n",
            "def f():\n    c = 1\n    return q('@b')\n",
        );
        differ("def f():\n    return [n for n in n]\n", "def f():\n    return [m for m in m]\n");
        differ(
            "def f():\n    def g(a=n):\n        n = 1\n    return g()\n",
            "def f():\n    def g(a=m):\n        m = 1\n    return g()\n",
        );
        differ(
            "def f():\n    def g(x):\n        return x\n    return g\n",
            "def f():\n    def g(y):\n        return y\n    return g\n",
        );
        differ(
            "def f():\n    import math\n    return math.pi\n",
            "def f():\n    import cmath\n    return cmath.pi\n",
        );
        differ(
            "def f():\n    class A:\n        b = 1\n    return A\n",
            "def f():\n    class A:\n        c = 1\n    return A\n",
        );
        differ("'doc'\nprint(__doc__)\n", "'cod'\nprint(__doc__)\n");
        differ("x = 'a  b'\n", "x = 'a b'\n");
        differ("if a:\n    b()\n    c()\n", "if a:\n    b()\nc()\n");
        differ("x = 1,\n", "x = 1\n");
    }

    #[test]
    fn what_python_3_refuses_is_a_syntax_error() {
        let python = language("python").unwrap();
        for (text, line) in [
            ("def f(:\n  pass\n", 1),
            ("x = 1\nif x:\n\ny = 2\n", 2),
            ("print 1\n", 1),
            ("x = 1\nreturn x\n", 2),
            ("for i in x:\n    pass\nelse:\n    break\n", 4),
            ("x = 010\n", 1),
            ("x = (1\n", 1),
        ] {
            let error = python.syntax_error(text);
            assert_eq!(error.as_ref().map(|(line, _)| *line), Some(line), "{text}: {error:?}");
        }
        let deep = format!("x = {}1{}\n", "(".repeat(5000), ")".repeat(5000));
        assert!(python.syntax_error(&deep).is_some());
    }
}
