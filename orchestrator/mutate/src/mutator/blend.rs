//! Edits of numbers with the help of other programs: crossover and differences.

use std::collections::HashMap;

use rand::Rng;

use super::Tools;
use super::desk::{Desk, Group, Sketch};
use super::memory::MOVED;
use super::number::normal;

fn values<'d>(desk: &'d Desk<'_>) -> HashMap<&'d str, f64> {
    desk.numbers.iter().map(|number| (number.site.as_str(), number.value)).collect()
}

impl Tools<'_, '_> {
    /// A group in which a donor has other values, and the donor's values for it.
    fn donation(&mut self, kind: &str) -> Option<(usize, Vec<Vec<f64>>)> {
        let donor = values(self.donors.desk(self.donor()?)?);
        let differs = |group: &Group| {
            group.rows.iter().flatten().any(|at| {
                let number = &self.desk.numbers[*at];
                donor
                    .get(number.site.as_str())
                    .is_some_and(|value| value.to_bits() != number.value.to_bits())
            })
        };
        let group = self.group(kind, differs)?;
        Some((group, self.of(group, &donor)))
    }

    /// A donor's values for a group; its own where the donor has none.
    fn of(&self, group: usize, donor: &HashMap<&str, f64>) -> Vec<Vec<f64>> {
        let value = |at: &usize| {
            let number = &self.desk.numbers[*at];
            donor.get(number.site.as_str()).copied().unwrap_or(number.value)
        };
        self.desk.groups[group].rows.iter().map(|row| row.iter().map(value).collect()).collect()
    }

    /// Writes new values into a group; none if nothing changes.
    fn fill(
        &self,
        kind: &str,
        group: usize,
        step: Option<f64>,
        new: impl Fn(usize, usize) -> Option<f64>,
    ) -> Option<Sketch> {
        let group = &self.desk.groups[group];
        let mut sketch =
            Sketch::new(kind, &group.site, step, format!("{kind} of numbers in {}", group.site));
        let mut changed = false;
        for (r, row) in group.rows.iter().enumerate() {
            for (c, at) in row.iter().enumerate() {
                let number = &self.desk.numbers[*at];
                let Some(value) = new(r, c) else { continue };
                if sketch.set(number, value) {
                    changed = true;
                    sketch.note(MOVED, &number.site, (value - number.value) / number.scale);
                }
            }
        }
        changed.then_some(sketch)
    }
}

/// Some rows become a donor's.
pub(super) fn exchange(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let (group, other) = tools.donation("exchange")?;
    let share = tools.rng.random_range(0.05..0.6);
    let taken: Vec<bool> = other.iter().map(|_| tools.rng.random_bool(share)).collect();
    tools.fill("exchange", group, None, |r, c| taken[r].then(|| other[r][c]))
}

/// All numbers move towards a donor's, or away from them.
pub(super) fn blend(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let (group, other) = tools.donation("blend")?;
    let weight = tools.rng.random_range(-0.5..1.0);
    let desk = tools.desk;
    tools.fill("blend", group, Some(weight), |r, c| {
        let own = desk.numbers[desk.groups[group].rows[r][c]].value;
        Some(own + weight * (other[r][c] - own))
    })
}

/// x + F (a - b), the step of differential evolution (Storn and Price, 1997), where a and b
/// are two donors, or the parent and one donor.
pub(super) fn difference(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let (group, a) = tools.donation("difference")?;
    let desk = tools.desk;
    let own: Vec<Vec<f64>> = desk.groups[group]
        .rows
        .iter()
        .map(|row| row.iter().map(|at| desk.numbers[*at].value).collect())
        .collect();
    let second = tools.donor()?;
    let b = tools.of(group, &values(tools.donors.desk(second)?));
    let (from, to) = if a == b || b == own { (a, own.clone()) } else { (a, b) };
    let learned = tools.memory.step("difference", &desk.groups[group].site).unwrap_or(0.5);
    let factor = learned * (0.7 * normal(tools.rng)).exp();
    let share = tools.rng.random_range(0.1..1.0);
    let taken: Vec<bool> = own.iter().map(|_| tools.rng.random_bool(share)).collect();
    tools.fill("difference", group, Some(factor), |r, c| {
        taken[r].then(|| own[r][c] + factor * (to[r][c] - from[r][c]))
    })
}
