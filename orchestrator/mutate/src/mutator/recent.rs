//! Parses are kept for a while: the same few parents and donors come again and again, and
//! parsing is most of the cost of a mutation. What is kept never changes an answer.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::language::Syntax;
use crate::language::outline::Outline;
use crate::language::tree::Tree;

/// Texts kept per thread, the most recent ones.
const KEPT: usize = 96;
/// Bytes of text kept per thread; what is made of them is some forty times as large.
const KEPT_BYTES: usize = 512 * 1024;
/// Longer texts are not kept.
const LONGEST: usize = 64 * 1024;

/// A text that parses.
#[derive(Debug)]
pub(super) struct Parsed {
    pub tree: Tree,
    pub outline: Outline,
}

struct Entry {
    language: &'static str,
    text: Box<str>,
    parsed: Option<Rc<Parsed>>,
}

thread_local! {
    static RECENT: RefCell<VecDeque<Entry>> = const { RefCell::new(VecDeque::new()) };
}

/// Tree and places of a text; none if it does not parse.
pub(super) fn parsed(syntax: &'static dyn Syntax, text: &str) -> Option<Rc<Parsed>> {
    let known = RECENT.with_borrow_mut(|recent| {
        let fits = |entry: &Entry| entry.language == syntax.name() && *entry.text == *text;
        let at = recent.iter().position(fits)?;
        let entry = recent.remove(at)?;
        let parsed = entry.parsed.clone();
        recent.push_front(entry);
        Some(parsed)
    });
    if let Some(parsed) = known {
        return parsed;
    }
    let tree = syntax.parse(text);
    let parsed = tree.error.is_none().then(|| {
        let outline = syntax.outline(text, &tree);
        Rc::new(Parsed { tree, outline })
    });
    if text.len() <= LONGEST {
        RECENT.with_borrow_mut(|recent| {
            let mut room = KEPT_BYTES - text.len();
            let fits = recent.iter().take(KEPT - 1).take_while(|entry| {
                room = room.saturating_sub(entry.text.len());
                room > 0
            });
            let kept = fits.count();
            recent.truncate(kept);
            let entry =
                Entry { language: syntax.name(), text: text.into(), parsed: parsed.clone() };
            recent.push_front(entry);
        });
    }
    parsed
}
