//! Machine descriptions as a language of evolved programs.

use evolve_core::ports::{Language, OwnChange, Wish};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::machine::Machine;

const FLOWS: [&str; 3] = ["weight-stationary", "output-stationary", "input-stationary"];
/// Tries of one call before it gives up.
const TRIES: usize = 40;

/// The language `npu-machine`.
pub(super) struct Description;

impl Language for Description {
    fn name(&self) -> &'static str {
        "npu-machine"
    }

    fn syntax_error(&self, text: &str) -> Option<(usize, String)> {
        let error = Machine::parse(text).err()?;
        let reason = error.to_string();
        let line = match &error {
            crate::machine::MachineError::Toml(error) => error
                .span()
                .map_or(1, |span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1),
            _ => 1,
        };
        Some((line, reason.lines().next().unwrap_or_default().to_owned()))
    }

    fn is_certain(&self) -> bool {
        true
    }

    /// The machine itself, written anew; its name does not matter.
    fn normalise(&self, text: &str) -> String {
        match Machine::parse(text) {
            Ok(machine) => toml::to_string(&Machine { name: "machine".to_owned(), ..machine })
                .unwrap_or_else(|_| text.to_owned()),
            Err(_) => text.to_owned(),
        }
    }

    fn changes(&self) -> bool {
        true
    }

    /// A number, or two of them, become larger or smaller; or the dataflow changes.
    fn change(&self, text: &str, wish: &Wish<'_>) -> Option<OwnChange> {
        let mut rng = Pcg64Mcg::seed_from_u64(wish.seed);
        let keys = keys(text, wish);
        for _ in 0..TRIES {
            let count = if rng.random_bool(0.4) { 2 } else { 1 };
            let (mut lines, mut said, mut site) =
                (text.lines().map(str::to_owned).collect::<Vec<_>>(), Vec::new(), String::new());
            for _ in 0..count {
                let key = pick(&keys, &mut rng)?;
                let Some(new) = value(&key.value, &mut rng) else { continue };
                lines[key.line] = format!("{} = {new}", key.name);
                said.push(format!("{} from {} to {new}", key.name, key.value));
                site.clone_from(&key.site);
            }
            let out = lines.join("\n") + "\n";
            if !said.is_empty() && out != text && Machine::parse(&out).is_ok() {
                let (kind, summary) = ("size".to_owned(), format!("changed {}", said.join(", ")));
                return Some(OwnChange { text: out, kind, site, summary });
            }
        }
        None
    }
}

/// A line `name = value`.
struct Key {
    line: usize,
    name: String,
    value: String,
    site: String,
    weight: f64,
}

fn keys(text: &str, wish: &Wish<'_>) -> Vec<Key> {
    let (mut start, mut table, mut found) = (0, String::new(), Vec::new());
    for (line, raw) in text.split_inclusive('\n').enumerate() {
        let range = start..start + raw.trim_end().len();
        start += raw.len();
        let plain = raw.split('#').next().unwrap_or_default().trim();
        if let Some(name) = plain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = format!("{name}.");
        } else if let Some((name, value)) = plain.split_once('=') {
            let free = wish.free.iter().any(|f| f.start <= range.start && range.end <= f.end);
            let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
            let site = format!("{table}{name}");
            if free {
                let weight = (wish.promise)("size", &site);
                found.push(Key { line, name, value, site, weight });
            }
        }
    }
    found
}

fn pick<'a>(keys: &'a [Key], rng: &mut Pcg64Mcg) -> Option<&'a Key> {
    let sum: f64 = keys.iter().map(|key| key.weight).sum();
    if sum <= 0.0 || !sum.is_finite() {
        return None;
    }
    let mut left = rng.random_range(0.0..sum);
    keys.iter().find(|key| {
        left -= key.weight;
        left < 0.0
    })
}

/// Another value of the same kind; none for names and lists.
fn value(old: &str, rng: &mut Pcg64Mcg) -> Option<String> {
    if let Some(flow) = old.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let others: Vec<&str> = FLOWS.into_iter().filter(|other| *other != flow).collect();
        let known = FLOWS.contains(&flow);
        return known.then(|| format!("\"{}\"", others[rng.random_range(0..others.len())]));
    }
    let number: i64 = old.parse().ok()?;
    let new = match rng.random_range(0..6) {
        0 | 1 => number * 2,
        2 | 3 => number / 2,
        4 => number + 1,
        _ => number - 1,
    };
    (new > 0 && new != number).then(|| new.to_string())
}
