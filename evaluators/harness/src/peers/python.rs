//! What can be seen of a Python file without running it.

use std::collections::BTreeSet;

/// Modules that start threads or take devices when they are imported, which a fork does not
/// survive.
const NOT_WARM: [&str; 9] =
    ["torch", "jax", "jaxlib", "tensorflow", "ray", "cupy", "triton", "mpi4py", "faulthandler"];

/// The modules that unindented lines import, as they are named there.
pub(super) fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let is_module = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
    };
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("import ") {
            let names = rest.split('#').next().unwrap_or_default().split(',');
            let names = names.filter_map(|name| name.split_whitespace().next());
            found.extend(names.filter(|name| is_module(name)).map(str::to_owned));
        } else if let Some(rest) = line.strip_prefix("from ")
            && let Some((name, _)) = rest.split_once(" import")
            && is_module(name.trim())
        {
            found.insert(name.trim().to_owned());
        }
    }
    found
}

/// Whether a module may be imported before the fork.
pub(super) fn may_be_warm(module: &str) -> bool {
    let root = module.split('.').next().unwrap_or(module);
    root != "__future__" && root != "__main__" && !NOT_WARM.contains(&root)
}

/// Whether an unindented line defines this function.
pub(super) fn defines(text: &str, function: &str) -> bool {
    text.lines().any(|line| {
        let rest = line.strip_prefix("async ").unwrap_or(line);
        let name = rest.strip_prefix("def ").map(str::trim_start);
        name.and_then(|name| name.strip_prefix(function))
            .is_some_and(|after| after.trim_start().starts_with('('))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_of_unindented_lines_are_seen() {
        let text = "import os, sys as s  # both\nfrom a.b import c\nfrom . import d\n\
                    from .e import f\nif x:\n    import hidden\nimport numpy as np\nfrom q import (\n";
        let found: Vec<_> = imports(text).into_iter().collect();
        assert_eq!(found, ["a.b", "numpy", "os", "q", "sys"]);
        assert!(may_be_warm("numpy") && !may_be_warm("torch.nn") && !may_be_warm("__future__"));
    }

    #[test]
    fn functions_are_found_by_their_whole_name() {
        let text =
            "def evaluate_stage1(p):\n    pass\nasync def evaluate (p):\n  def inner(): pass\n";
        assert!(defines(text, "evaluate_stage1") && defines(text, "evaluate"));
        assert!(!defines(text, "evaluate_stage2") && !defines(text, "inner"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(import |from |def |[a-z., #\n]){0,40}") {
            imports(&text);
            defines(&text, "evaluate");
        }
    }
}
