//! Assembly as a language of evolved programs.

use std::collections::BTreeMap;

use evolve_core::ports::{Language, OwnChange, Wish};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::edits::{Draft, KINDS};
use super::lines::lines;
use crate::asm::{LONGEST_SOURCE, words};
use crate::isa::Spec;

/// Tries of one call before it gives up.
const TRIES: usize = 40;

/// The language `npu`.
pub(super) struct Assembly;

impl Language for Assembly {
    fn name(&self) -> &'static str {
        "npu"
    }

    /// Only what no constant could mend: whether a name is known depends on task and machine.
    fn syntax_error(&self, text: &str) -> Option<(usize, String)> {
        if text.len() > LONGEST_SOURCE {
            return Some((1, format!("longer than {LONGEST_SOURCE} bytes")));
        }
        for (at, line) in text.lines().enumerate() {
            let Some((words, plain)) = words(line) else {
                return Some((at + 1, "holds a sign that has no meaning".to_owned()));
            };
            let statement = match plain.split_once(':') {
                Some((_, statement)) => statement.trim(),
                None => plain.as_str(),
            };
            let first = statement.split(' ').next().unwrap_or_default();
            let directive =
                matches!(first, "" | ".equ" | ".rept" | ".endr" | ".if" | ".else" | ".endif");
            let name = first.split('.').next().unwrap_or_default();
            if !directive && (words.is_empty() || Spec::find(name).is_none()) {
                return Some((at + 1, format!("there is no instruction `{name}`")));
            }
        }
        None
    }

    fn is_certain(&self) -> bool {
        true
    }

    /// Without comments and blanks, and with labels numbered in the order of their lines.
    fn normalise(&self, text: &str) -> String {
        let plain: Vec<String> =
            text.lines().filter_map(|line| words(line).map(|(_, plain)| plain)).collect();
        let mut labels = BTreeMap::new();
        for line in &plain {
            if let Some((label, _)) = line.split_once(" :").filter(|(l, _)| !l.contains(' ')) {
                let number = labels.len();
                labels.entry(label.to_owned()).or_insert_with(|| format!("label{number}"));
            }
        }
        let mut out = String::new();
        for line in plain.iter().filter(|line| !line.is_empty()) {
            let named = line.split(' ').map(|word| labels.get(word).map_or(word, String::as_str));
            out.push_str(&named.collect::<Vec<_>>().join(" "));
            out.push('\n');
        }
        out
    }

    fn changes(&self) -> bool {
        true
    }

    fn change(&self, text: &str, wish: &Wish<'_>) -> Option<OwnChange> {
        let mut rng = Pcg64Mcg::seed_from_u64(wish.seed);
        let lines = lines(text, wish.free);
        let weights = KINDS.map(|(kind, prior, _)| prior * (wish.promise)(kind, "").max(1e-6));
        for _ in 0..TRIES {
            let mut left = rng.random_range(0.0..weights.iter().sum());
            let chosen = weights.iter().position(|weight| {
                left -= weight;
                left < 0.0
            });
            let (kind, _, make) = KINDS[chosen.unwrap_or(0)];
            let mut draft = Draft { text, lines: &lines, rng: &mut rng, promise: wish.promise };
            let Some(edit) = make(&mut draft) else { continue };
            let mut out = String::with_capacity(text.len() + 64);
            let mut at = 0;
            for (range, new) in &edit.pieces {
                out.push_str(&text[at..range.start]);
                out.push_str(new);
                at = range.end;
            }
            out.push_str(&text[at..]);
            if out != text {
                let (site, summary) = (edit.site, edit.summary);
                return Some(OwnChange { text: out, kind: kind.to_owned(), site, summary });
            }
        }
        None
    }
}
