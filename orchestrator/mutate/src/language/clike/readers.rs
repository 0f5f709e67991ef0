//! Programs that read their own text.

use super::{Dialect, is_comment, is_whole, words};
use crate::language::tree::Tree;

/// Whether a program sees its own layout.
pub(super) fn sees_layout(dialect: &Dialect, text: &str, tree: &Tree) -> bool {
    let mut id = 0;
    while id < tree.nodes.len() {
        if is_comment(tree.kind(id)) || is_whole(tree.kind(id)) {
            id = tree.nodes[id].end;
            continue;
        }
        if tree.is_leaf(id) {
            let called = tree.nodes.get(id + 1).is_some_and(|next| next.kind == "!");
            let watches = |word: &str| {
                let plain = |watcher: &&str| **watcher == *word;
                let macros = |watcher: &&str| called && watcher.strip_suffix('!') == Some(word);
                dialect.watchers.iter().any(|watcher| plain(watcher) || macros(watcher))
            };
            if words(tree.text(id, text)).any(watches) {
                return true;
            }
        }
        id += 1;
    }
    false
}

/// Whether an attribute that is not the compiler's own may read the comments for readers.
pub(super) fn has_reader(text: &str, tree: &Tree) -> bool {
    const OWN: &[&str] = &[
        "allow",
        "cfg",
        "cfg_attr",
        "cold",
        "deny",
        "deprecated",
        "doc",
        "expect",
        "feature",
        "forbid",
        "inline",
        "macro_export",
        "must_use",
        "no_mangle",
        "no_std",
        "non_exhaustive",
        "repr",
        "should_panic",
        "target_feature",
        "test",
        "track_caller",
        "warn",
    ];
    const DERIVED: &[&str] =
        &["Clone", "Copy", "Debug", "Default", "Eq", "Hash", "Ord", "PartialEq", "PartialOrd"];
    (0..tree.nodes.len()).filter(|id| tree.kind(*id) == "attribute").any(|id| {
        let mut found = words(tree.text(id, text));
        match found.next() {
            Some("derive") => !found.all(|word| DERIVED.contains(&word)),
            Some(name) => !OWN.contains(&name),
            None => true,
        }
    })
}
