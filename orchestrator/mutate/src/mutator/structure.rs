//! Edits of signs, words, statements and subtrees.

use rand::Rng;

use super::Tools;
use super::desk::{Number, Sketch};
use crate::language::outline::Statement;

/// A sign becomes another one.
pub(super) fn operator(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    token(tools, "operator")
}

/// A string becomes another one that occurs in the file.
pub(super) fn string(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    token(tools, "string")
}

fn token(tools: &mut Tools<'_, '_>, kind: &str) -> Option<Sketch> {
    let desk = tools.desk;
    let tokens = desk.tokens(kind);
    let sites: Vec<String> =
        tokens.iter().map(|(file, t)| desk.files[*file].site(t.site)).collect();
    let weights: Vec<f64> =
        sites.iter().map(|site| tools.memory.place_promise(kind, site)).collect();
    let chosen = tools.pick(&weights)?;
    let (file, token) = tokens[chosen];
    let new = &token.alternatives[tools.rng.random_range(0..token.alternatives.len())];
    let old = &desk.files[file].text[token.range.clone()];
    let summary = format!("{old} became {new} ({})", sites[chosen]);
    let mut sketch = Sketch::new(kind, &sites[chosen], None, summary);
    sketch.replace(file, token.range.clone(), new.clone());
    Some(sketch)
}

/// How often a loop runs: a whole number that bounds a range.
pub(super) fn bound(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let weigh = |n: &Number| {
        if n.integer { n.weight * tools.memory.place_promise("bound", &n.site) } else { 0.0 }
    };
    let weights: Vec<f64> = desk.numbers.iter().map(weigh).collect();
    let number = &desk.numbers[tools.pick(&weights)?];
    let value = match tools.rng.random_range(0..5) {
        0 => number.value * 2.0,
        1 => (number.value / 2.0).trunc(),
        2 | 3 => number.value + 1.0,
        _ => number.value - 1.0,
    };
    let summary =
        format!("changed a whole number from {} to {value} ({})", number.value, number.site);
    let mut sketch = Sketch::new("bound", &number.site, None, summary);
    sketch.set(number, value).then_some(sketch)
}

fn independent(a: &Statement, b: &Statement) -> bool {
    a.writes.is_disjoint(&b.reads)
        && a.writes.is_disjoint(&b.writes)
        && a.reads.is_disjoint(&b.writes)
}

/// Two neighbouring statements that do not depend on each other change places.
pub(super) fn order(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let mut pairs = Vec::new();
    for (file, block) in desk.blocks() {
        for pair in block.windows(2) {
            let between = desk.files[file].text.get(pair[0].range.end..pair[1].range.start);
            let adjacent = between.is_some_and(|text| text.trim().is_empty());
            if adjacent && independent(pair[0], pair[1]) {
                pairs.push((file, pair[0].clone(), pair[1].clone()));
            }
        }
    }
    if pairs.is_empty() {
        return None;
    }
    let (file, a, b) = pairs.swap_remove(tools.rng.random_range(0..pairs.len()));
    let text = |range: &std::ops::Range<usize>| desk.files[file].text[range.clone()].to_owned();
    let site = desk.files[file].site(a.site);
    let mut sketch = Sketch::new("order", &site, None, format!("swapped two statements ({site})"));
    sketch.replace(file, a.range.clone(), text(&b.range));
    sketch.replace(file, b.range.clone(), text(&a.range));
    Some(sketch)
}

/// A statement is written twice, or deleted.
pub(super) fn statement(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let mut found: Vec<(usize, &Statement)> = Vec::new();
    for (file, block) in desk.blocks() {
        found.extend(block.into_iter().filter(|s| s.expendable).map(|s| (file, s)));
    }
    if found.is_empty() {
        return None;
    }
    let (file, statement) = found[tools.rng.random_range(0..found.len())];
    let home = &desk.files[file];
    let site = home.site(statement.site);
    let body = home.text[statement.range.clone()].to_owned();
    let twice = tools.rng.random_bool(0.5);
    let summary = format!("{} a statement ({site})", if twice { "repeated" } else { "deleted" });
    let kind = if twice { "repeat" } else { "delete" };
    let mut sketch = Sketch::new(kind, &site, None, summary);
    let start = home.text[..statement.range.start].rfind('\n').map_or(0, |at| at + 1);
    let indent = &home.text[start..statement.range.start];
    let new = match (twice, indent.trim().is_empty()) {
        (true, true) => {
            let end = if home.text.contains("\r\n") { "\r\n" } else { "\n" };
            format!("{body}{end}{indent}{body}")
        }
        (true, false) => format!("{body}{}{body}", tools.donors.syntax.between()),
        (false, _) => tools.donors.syntax.nothing().to_owned(),
    };
    sketch.replace(file, statement.range.clone(), new);
    Some(sketch)
}

/// A subtree becomes one of the same kind, of a donor or from elsewhere in the program.
pub(super) fn splice(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let here: Vec<_> = desk.subtrees().collect();
    if here.is_empty() {
        return None;
    }
    let (file, target) = here[tools.rng.random_range(0..here.len())];
    let old = desk.files[file].text.get(target.range.clone())?;
    let from = match tools.donor() {
        Some(donor) if tools.rng.random_bool(0.8) => tools.donors.desk(donor)?,
        _ => desk,
    };
    let fits = from.subtrees().filter(|(_, subtree)| subtree.kind == target.kind);
    let texts: Vec<&str> = fits
        .filter_map(|(file, subtree)| from.files[file].text.get(subtree.range.clone()))
        .filter(|text| *text != old)
        .collect();
    if texts.is_empty() {
        return None;
    }
    let new = texts[tools.rng.random_range(0..texts.len())];
    let site = desk.files[file].site(target.site);
    let kind = target.kind.split(' ').next().unwrap_or_default();
    let mut sketch =
        Sketch::new("splice", &site, None, format!("took a {kind} from elsewhere ({site})"));
    sketch.replace(file, target.range.clone(), new.to_owned());
    Some(sketch)
}
