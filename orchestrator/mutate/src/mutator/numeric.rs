//! Edits of numbers without another program's help.

use rand::Rng;

use super::Tools;
use super::desk::{Group, Number, Sketch};
use super::memory::{LINE, LITERAL, MOVED};
use super::number::{between, normal};

/// Spread of the logarithm of a step around the learned one.
const SPREAD: f64 = 0.7;
/// Share of steps that forget what was learned: small steps win often and little, and a
/// search that only makes those cannot leave the place it is in.
const FRESH: f64 = 0.2;
/// Bounds of a first step of a number that stands alone, as a share of it: nothing tells what
/// size matters, so all orders of magnitude are as likely.
const ALONE: (f64, f64) = (0.05, 1.5);

impl Tools<'_, '_> {
    /// A step size near the learned one.
    fn size(&mut self, kind: &str, site: &str, default: f64) -> f64 {
        let learned = self.memory.step(kind, site).unwrap_or(default);
        let learned = if self.rng.random_bool(FRESH) { default } else { learned };
        (learned * (SPREAD * normal(self.rng)).exp()).clamp(1e-9, 3.0)
    }

    /// A group by size and by what edits of this kind won there.
    pub(super) fn group(&mut self, kind: &str, fits: impl Fn(&Group) -> bool) -> Option<usize> {
        let weight = |group: &Group| {
            let members = group.rows.iter().map(Vec::len).sum::<usize>() as f64;
            if fits(group) {
                members.sqrt() * self.memory.place_promise(kind, &group.site)
            } else {
                0.0
            }
        };
        let weights: Vec<f64> = self.desk.groups.iter().map(weight).collect();
        self.pick(&weights)
    }

    fn table(&mut self, kind: &str) -> Option<usize> {
        self.group(kind, |group| group.columns.is_some() && group.rows.len() > 2)
    }
}

/// Moves one number by a step in units of its scale; false if that changes nothing.
fn shift(sketch: &mut Sketch, number: &Number, step: f64) -> bool {
    let changed = sketch.set(number, number.value + moved_by(number, step));
    if changed {
        sketch.note(MOVED, &number.site, step);
    }
    changed
}

/// A step of an integer is at least one.
fn moved_by(number: &Number, step: f64) -> f64 {
    let by = step * number.scale;
    if number.integer && by.abs() < 1.0 { by.signum() } else { by }
}

/// One number: a log-normal or a normal step of learned size.
pub(super) fn literal(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let weigh = |n: &Number| n.weight * tools.memory.place_promise(LITERAL, &n.site);
    let weights: Vec<f64> = desk.numbers.iter().map(weigh).collect();
    let number = &desk.numbers[tools.pick(&weights)?];
    let default = if number.is_alone() { between(ALONE, tools.rng) } else { 0.2 };
    let size = tools.size(LITERAL, &number.site, default);
    let z = normal(tools.rng) * size;
    let value = if number.is_alone() && !number.integer && tools.rng.random_bool(0.7) {
        number.value * z.exp()
    } else {
        number.value + moved_by(number, z)
    };
    let step = (value - number.value) / number.scale;
    let summary = format!("changed one number by {:+.2e} ({})", value - number.value, number.site);
    let mut sketch = Sketch::new(LITERAL, &number.site, Some(step), summary);
    sketch.set(number, value).then_some(sketch)
}

/// One row of a table.
pub(super) fn row(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let group = &desk.groups[tools.table("row")?];
    let site = |row: &Vec<usize>| desk.numbers[row[0]].site.as_str();
    let weights: Vec<f64> =
        group.rows.iter().map(|row| tools.memory.place_promise("row", site(row))).collect();
    let row = &group.rows[tools.pick(&weights)?];
    let length = tools.size("row", site(row), 0.1);
    let mut sketch =
        Sketch::new("row", site(row), Some(length), format!("moved one row of {}", group.site));
    let mut changed = false;
    for at in row {
        let step = length * normal(tools.rng);
        changed |= shift(&mut sketch, &desk.numbers[*at], step);
    }
    changed.then_some(sketch)
}

/// Puts one row of a table somewhere else in the range of its columns: rather one that is
/// crowded, rather where few others are.
pub(super) fn resample(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let group = &desk.groups[tools.table("resample")?];
    let points: Vec<Vec<f64>> = group
        .rows
        .iter()
        .map(|row| row.iter().map(|at| desk.numbers[*at].value).collect())
        .collect();
    let scales: Vec<f64> = group.rows[0].iter().map(|at| desk.numbers[*at].scale).collect();
    let columns = 0..scales.len();
    let range = |column: usize| {
        points
            .iter()
            .fold((f64::MAX, f64::MIN), |(low, high), p| (low.min(p[column]), high.max(p[column])))
    };
    let ranges: Vec<(f64, f64)> = columns.map(range).collect();
    let room = |point: &[f64], but: usize| {
        let others = points.iter().enumerate().filter(|(row, _)| *row != but);
        others.map(|(_, other)| gap(point, other, &scales)).fold(f64::MAX, f64::min)
    };
    let trials = 1 << tools.rng.random_range(0..4);
    let rows = (0..trials.min(4)).map(|_| tools.rng.random_range(0..points.len()));
    let rows: Vec<usize> = rows.collect();
    let row =
        rows.into_iter().min_by(|a, b| room(&points[*a], *a).total_cmp(&room(&points[*b], *b)))?;
    let places: Vec<Vec<f64>> = (0..trials)
        .map(|_| {
            ranges.iter().map(|(l, h)| l + (h - l) * tools.rng.random_range(-0.02..1.02)).collect()
        })
        .collect();
    let place = places.into_iter().max_by(|a, b| room(a, row).total_cmp(&room(b, row)))?;
    let mut sketch = Sketch::new(
        "resample",
        &group.site,
        None,
        format!("placed one row of {} anew", group.site),
    );
    let mut changed = false;
    // Now and then the others make room.
    let push = if tools.rng.random_bool(0.5) { tools.rng.random_range(0.0..0.15) } else { 0.0 };
    for (other, members) in group.rows.iter().enumerate() {
        let away = gap(&points[other], &place, &scales);
        for (column, at) in members.iter().enumerate() {
            let number = &desk.numbers[*at];
            if other == row {
                changed |= sketch.set(number, place[column]);
            } else if push > 0.0 && away > 0.0 && away < 3.0 * push {
                let by = push * (-(away / push) / 2.0).exp() / away;
                changed |= sketch.set(number, number.value + by * (number.value - place[column]));
            }
        }
    }
    changed.then_some(sketch)
}

fn gap(a: &[f64], b: &[f64], scales: &[f64]) -> f64 {
    a.iter().zip(b).zip(scales).map(|((a, b), scale)| ((a - b) / scale).powi(2)).sum::<f64>().sqrt()
}

/// Many numbers of a group at once: each of a random subset takes a normal step.
pub(super) fn joint(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let group = &desk.groups[tools.group("joint", |_| true)?];
    let most = group.rows.len();
    // Small subsets are as likely as large ones, by order of magnitude.
    let chosen = (most as f64).powf(tools.rng.random_range(0.0..=1.0)).round() as usize;
    let rows = rand::seq::index::sample(tools.rng, most, chosen.clamp(1, most)).into_vec();
    move_rows(tools, "joint", group, &rows, "moved some numbers at random")
}

/// The rows nearest to one row, each by itself.
pub(super) fn cluster(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let group = &desk.groups[tools.table("cluster")?];
    let centre = tools.rng.random_range(0..group.rows.len());
    let mut rows: Vec<(f64, usize)> =
        (0..group.rows.len()).map(|row| (tools.distance(group, centre, row), row)).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let chosen = tools.rng.random_range(2..=rows.len().min(9));
    let rows: Vec<usize> = rows.iter().take(chosen).map(|(_, row)| *row).collect();
    move_rows(tools, "cluster", group, &rows, "moved neighbouring rows")
}

fn move_rows(
    tools: &mut Tools<'_, '_>,
    kind: &str,
    group: &Group,
    rows: &[usize],
    what: &str,
) -> Option<Sketch> {
    let desk = tools.desk;
    let members = rows.iter().map(|row| group.rows[*row].len()).sum::<usize>().max(1);
    // The learned size is the length of the whole step, so that it holds for any subset.
    let size = tools.size(kind, &group.site, 0.15);
    let each = size / (members as f64).sqrt();
    let mut sketch =
        Sketch::new(kind, &group.site, Some(size), format!("{what} of {}", group.site));
    let mut changed = false;
    for at in rows.iter().flat_map(|row| &group.rows[*row]) {
        let step = each * normal(tools.rng);
        changed |= shift(&mut sketch, &desk.numbers[*at], step);
    }
    changed.then_some(sketch)
}

/// A part of the table moves by one random affine map (a shift, and now and then a turn, a
/// shear or a swelling), in full near a row and less farther away.
pub(super) fn drift(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let group = &desk.groups[tools.table("drift")?];
    let columns = group.columns?;
    let centre = tools.rng.random_range(0..group.rows.len());
    let reach = tools.rng.random_range(0.1..0.6);
    let size = tools.size("drift", &group.site, 0.05);
    let push: Vec<f64> = (0..columns).map(|_| size * normal(tools.rng)).collect();
    let bend = if tools.rng.random_bool(0.5) { size / reach } else { 0.0 };
    let turn: Vec<f64> = (0..columns * columns).map(|_| bend * normal(tools.rng)).collect();
    let summary = format!("moved a part of {} together", group.site);
    let mut sketch = Sketch::new("drift", &group.site, Some(size), summary);
    let mut changed = false;
    for row in 0..group.rows.len() {
        let share = (-(tools.distance(group, centre, row) / reach).powi(2)).exp();
        if share < 0.03 {
            continue;
        }
        let away: Vec<f64> = (0..columns)
            .map(|column| {
                let (own, mid) = (
                    &desk.numbers[group.rows[row][column]],
                    &desk.numbers[group.rows[centre][column]],
                );
                (own.value - mid.value) / mid.scale
            })
            .collect();
        for (column, at) in group.rows[row].iter().enumerate() {
            let turned: f64 =
                away.iter().zip(&turn[column * columns..]).map(|(away, turn)| away * turn).sum();
            changed |= shift(&mut sketch, &desk.numbers[*at], share * (push[column] + turned));
        }
    }
    changed.then_some(sketch)
}

/// A whole column is shifted, or stretched about its mean.
pub(super) fn stretch(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let group = &desk.groups[tools.table("stretch")?];
    let columns = group.columns?;
    let size = tools.size("stretch", &group.site, 0.05);
    let only = tools.rng.random_bool(0.5).then(|| tools.rng.random_range(0..columns));
    let (shift, factor) = (0.3 * size * normal(tools.rng), 1.0 + size * normal(tools.rng));
    let summary = format!("stretched {}", group.site);
    let mut sketch = Sketch::new("stretch", &group.site, Some(size), summary);
    let mut changed = false;
    for column in (0..columns).filter(|column| only.is_none_or(|only| only == *column)) {
        let values = || group.rows.iter().map(|row| &desk.numbers[row[column]]);
        let mean = values().map(|n| n.value).sum::<f64>() / group.rows.len() as f64;
        for number in values() {
            let value = mean + factor * (number.value - mean) + shift * number.scale;
            changed |= sketch.set(number, value);
        }
    }
    changed.then_some(sketch)
}

/// Goes on in the direction of the last wins.
pub(super) fn line(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let pulls: Vec<f64> = desk.numbers.iter().map(|n| tools.memory.pull(&n.site)).collect();
    let length = pulls.iter().map(|pull| pull * pull).sum::<f64>().sqrt();
    if length < 1e-9 {
        return None;
    }
    let factor = tools.size(LINE, "", 0.7) * if tools.rng.random_bool(0.9) { 1.0 } else { -1.0 };
    let summary = format!("went on in the direction of the last wins, by {factor:+.2}");
    let mut sketch = Sketch::new(LINE, "", Some(factor), summary);
    let mut changed = false;
    for (number, pull) in desk.numbers.iter().zip(&pulls) {
        if pull.abs() > 0.02 * length {
            changed |= shift(&mut sketch, number, factor * pull);
        }
    }
    changed.then_some(sketch)
}

/// Two numbers, or two rows of a table, change places.
pub(super) fn swap(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let group = &desk.groups[tools.group("swap", |group| group.rows.len() > 1)?];
    let pair = rand::seq::index::sample(tools.rng, group.rows.len(), 2);
    let (one, other) = (&group.rows[pair.index(0)], &group.rows[pair.index(1)]);
    let mut sketch =
        Sketch::new("swap", &group.site, None, format!("swapped two places of {}", group.site));
    let mut changed = false;
    for (a, b) in one.iter().zip(other) {
        let (a, b) = (&desk.numbers[*a], &desk.numbers[*b]);
        changed |= sketch.set(a, b.value);
        changed |= sketch.set(b, a.value);
    }
    changed.then_some(sketch)
}
