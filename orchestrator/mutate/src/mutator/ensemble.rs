//! Draws from a distribution over all numbers of a group.
//!
//! What a distribution is worth shows late: until it has found its way, its draws lose
//! against the best program of a run, however well it goes on. So draws have a share of all
//! tries of their own, which does not depend on their single wins: it is halved each time that a
//! distribution ends without having led the run. The share grows from none, for a short run has
//! no time for what pays late.

use rand::Rng;

use super::Tools;
use super::desk::{Desk, Group, Number, Sketch};
use super::draws::{Beginning, DISTRIBUTION, MAX_NUMBERS};
use super::memory::Memory;
use super::number::between;

/// Share of draws among all tries for very many numbers, while distributions lead …
const SHARE: f64 = 0.75;
/// … and the count of numbers for which it is half of that: a program of few numbers has more
/// to gain elsewhere.
const FEW: f64 = 5.0;
/// Bounds of the step of a new distribution, in units of the numbers' scales.
const FIRST_STEP: (f64, f64) = (0.02, 0.1);
/// The same where most of the numbers stand alone, so that the scales tell little.
const FIRST_STEP_ALONE: (f64, f64) = (0.05, 0.5);
/// Evaluations after which draws have half of their share.
const WAITS: f64 = 100.0;
/// Digits beyond the distribution's step: its narrowest direction may be much narrower.
const FINER: f64 = 1e-2;

/// The numbers of a group that are not whole; none if they are too few or too many.
fn members<'d>(desk: &'d Desk<'_>, group: &Group) -> Option<Vec<&'d Number>> {
    let all = group.rows.iter().flatten().map(|at| &desk.numbers[*at]);
    let members: Vec<&Number> = all.filter(|number| !number.integer).collect();
    (2..=MAX_NUMBERS).contains(&members.len()).then_some(members)
}

fn sites<'d>(members: &[&'d Number]) -> Vec<&'d str> {
    members.iter().map(|number| number.site.as_str()).collect()
}

/// What draws of a group are worth: how often they have a score, and led the run; at most 1.
fn worth(memory: &Memory, group: &Group, members: &[&Number]) -> f64 {
    memory.scored(&group.site) * memory.draws().trust(&sites(members))
}

/// The share of all tries that should be draws.
pub(super) fn share(desk: &Desk<'_>, memory: &Memory) -> f64 {
    let of = |group| {
        let members = members(desk, group)?;
        let count = members.len() as f64;
        Some(count / (count + FEW) * worth(memory, group, &members))
    };
    let most = desk.groups.iter().filter_map(of).fold(0.0, f64::max);
    let clock = memory.clock() as f64;
    SHARE * most * clock / (clock + WAITS)
}

/// All numbers of a group that are not whole, drawn from the distribution over them; begins
/// one at the parent where there is none.
pub(super) fn draw(tools: &mut Tools<'_, '_>) -> Option<Sketch> {
    let desk = tools.desk;
    let weigh = |group: &Group| match members(desk, group) {
        Some(members) => members.len() as f64 * worth(tools.memory, group, &members),
        None => 0.0,
    };
    let weights: Vec<f64> = desk.groups.iter().map(weigh).collect();
    let group = &desk.groups[tools.pick(&weights)?];
    let members = members(desk, group)?;
    let sites = sites(&members);
    let seed: u32 = tools.rng.random();
    let summary = format!("drew the numbers of {} from their distribution", group.site);
    let mut sketch = Sketch::new(DISTRIBUTION, &group.site, None, summary);
    let (values, steps): (Vec<f64>, Vec<f64>);
    if let Some(live) = tools.memory.draws().of(&sites) {
        sketch.change.edits = live.told(&group.site, seed);
        (values, steps) = (live.draw(seed), live.steps().collect());
    } else {
        let alone = members.iter().filter(|number| number.is_alone()).count();
        let bounds = if 2 * alone > members.len() { FIRST_STEP_ALONE } else { FIRST_STEP };
        let step = between(bounds, tools.rng);
        let mean: Vec<f64> = members.iter().map(|number| number.value).collect();
        let scales: Vec<f64> = members.iter().map(|number| number.scale).collect();
        let begins = Beginning { sites: &sites, values: &mean, scales: &scales, step };
        sketch.change.edits = begins.told(&group.site, seed);
        (values, steps) = (begins.draw(seed), scales.iter().map(|scale| scale * step).collect());
    }
    let mut changed = false;
    for ((number, value), step) in members.iter().zip(values).zip(steps) {
        changed |= sketch.set_within(number, value, FINER * step);
    }
    changed.then_some(sketch)
}
