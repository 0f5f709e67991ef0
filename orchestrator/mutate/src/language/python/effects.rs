//! What a Python statement reads and writes, by the names in it.

use std::collections::BTreeSet;

use crate::language::tree::{NodeId, Tree};

/// A name that no program can have: what calls may change and nobody sees.
const ELSEWHERE: &str = "()";
/// Functions that change nothing, not even what they are given.
const PURE: &[&str] = &["abs", "bool", "float", "int", "len", "round"];
/// The same, where they are given the things to compare one by one and not an iterator.
const PURE_OF_SEVERAL: &[&str] = &["max", "min"];

/// Names by their use. A call that is not known may change whatever its statement names.
pub(super) struct Effects {
    pub reads: BTreeSet<String>,
    pub writes: BTreeSet<String>,
    /// Whether it is an assignment that may introduce a name.
    pub introduces: bool,
}

impl Effects {
    /// Of a statement that begins with this expression or assignment.
    pub(super) fn of(text: &str, tree: &Tree, id: NodeId, first: NodeId) -> Self {
        let names = |id: NodeId| -> BTreeSet<String> {
            let inner = id..tree.nodes[id].end;
            let inner = inner.filter(|n| tree.kind(*n) == "identifier");
            inner.map(|n| tree.text(n, text).to_owned()).collect()
        };
        let kind = tree.kind(first);
        let target = matches!(kind, "assignment" | "augmented_assignment")
            .then(|| tree.field(first, "left"))
            .flatten();
        let plain = kind == "assignment" && target.is_some_and(|t| tree.kind(t) == "identifier");
        let mut writes = target.map(names).unwrap_or_default();
        let mut reads = names(id);
        if plain {
            let right = tree.field(first, "right").map(names).unwrap_or_default();
            reads.retain(|name| right.contains(name));
        }
        let acts =
            |id| matches!(tree.kind(id), "await" | "yield") || is_unknown_call(text, tree, id);
        if (id..tree.nodes[id].end).any(acts) {
            writes.extend(reads.iter().cloned());
            writes.insert(ELSEWHERE.to_owned());
            reads.insert(ELSEWHERE.to_owned());
        }
        Self { reads, writes, introduces: plain }
    }
}

/// Whether a node is a call that may change what it is given, or something else.
fn is_unknown_call(text: &str, tree: &Tree, id: NodeId) -> bool {
    if tree.kind(id) != "call" {
        return false;
    }
    let function = tree.field(id, "function").map_or("", |function| tree.text(function, text));
    if PURE_OF_SEVERAL.contains(&function) {
        let given = tree.field(id, "arguments").into_iter().flat_map(|list| tree.children(list));
        let given: Vec<&str> =
            given.filter(|part| tree.nodes[*part].named).map(|part| tree.kind(part)).collect();
        return given.len() < 2
            || given.iter().any(|kind| kind.contains("splat") || *kind == "keyword_argument");
    }
    !PURE.contains(&function) && !function.starts_with("math.")
}

#[cfg(test)]
mod tests {
    use crate::language::outline::Statement;
    use crate::language::syntax;

    /// Whether the two statements of a text may change places.
    fn may_swap(text: &str) -> bool {
        let language = syntax("python").unwrap();
        let tree = language.parse(text);
        assert_eq!(tree.error, None, "{text}");
        let outline = language.outline(text, &tree);
        let [a, b] = outline.blocks[0].as_slice() else { panic!("{text}") };
        let apart = |a: &Statement, b: &Statement| a.writes.is_disjoint(&b.reads);
        apart(a, b) && apart(b, a) && a.writes.is_disjoint(&b.writes)
    }

    #[test]
    fn a_call_may_change_what_it_is_given_and_what_it_is_called_on() {
        for text in [
            "xs.append(1)\ny = xs[0]\n",
            "y = xs[0]\nxs.append(1)\n",
            "shuffle(xs)\ny = xs[0]\n",
            "y = next(it)\nz = it\n",
            "y = max(it)\nz = it\n",
            "y = max(*it)\nz = it\n",
            "y = [f(x) for x in xs]\nz = xs[0]\n",
            "rng.a.seed(1)\nx = rng\n",
            "x += xs.pop()\ny = xs\n",
        ] {
            assert!(!may_swap(text), "{text}");
        }
    }

    #[test]
    fn two_calls_that_are_not_known_stay_in_order() {
        for text in ["f(a)\ng(b)\n", "x = f()\ny = g()\n", "x = next(a)\nb.push(1)\n"] {
            assert!(!may_swap(text), "{text}");
        }
    }

    #[test]
    fn what_only_computes_may_change_places() {
        for text in [
            "x = a + 1\ny = a * 2\n",
            "x = len(a)\ny = math.sqrt(a)\n",
            "x = min(a, b)\ny = max(a, 1, c)\n",
            "x = f(a)\ny = b\n",
            "x = len(a)\nb.append(1)\n",
        ] {
            assert!(may_swap(text), "{text}");
        }
        for text in ["x = a\ny = x\n", "x = a\na = 1\n", "x = 1\nx = 2\n", "a[0] = 1\ny = a\n"] {
            assert!(!may_swap(text), "{text}");
        }
    }
}
