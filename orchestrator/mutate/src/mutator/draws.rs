//! Distributions that are under way, one per group of numbers, as the journal tells of them.
//!
//! A child that is a draw names its generation and the seed of its normal numbers, so the
//! draw can be made again when its score is known; the first child of a distribution also
//! names where it begins, because a memory never sees a program.

use std::sync::Arc;

use evolve_core::event::Edit;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use super::distribution::{Distribution, Drawn};
use super::number::normal;
use crate::hash::Fnv;
use std::hash::Hasher;

/// The operator that draws all numbers of a group anew.
pub(super) const DISTRIBUTION: &str = "distribution";
/// Names of the edits by which a draw can be made again: its generation and its seed …
const GENERATION: &str = "generation";
const SEED: &str = "seed";
/// … and of those by which a distribution begins: each number's value and scale.
const MEAN: &str = "mean";
const SCALE: &str = "scale";

/// Most numbers of a distribution; the cost of a draw grows with the square.
pub(super) const MAX_NUMBERS: usize = 128;
/// Most distributions at a time; the longest untouched goes first.
const MAX_LIVE: usize = 4;
/// A spread, in units of the numbers' scales, below which digits would be lost.
const CONVERGED: f64 = 1e-8;
/// Generations without any score after which a distribution ends that never had one.
const HOPELESS: u32 = 8;
/// Most groups whose ended distributions are remembered.
const MAX_ENDED: usize = 32;

/// All distributions under way.
#[derive(Debug, Clone)]
pub(super) struct Draws {
    live: Vec<Live>,
    /// Generations so far, which are numbered throughout a run.
    generations: u32,
    /// By group, the latest first: how many in a row ended without the best of the run.
    in_vain: Vec<(u64, i32)>,
}

impl Default for Draws {
    fn default() -> Self {
        Self { live: Vec::new(), generations: 1, in_vain: Vec::new() }
    }
}

/// One distribution.
#[derive(Debug, Clone)]
pub(super) struct Live {
    /// Of the names of its numbers.
    key: u64,
    scales: Arc<Vec<f64>>,
    current: Arc<Distribution>,
    generation: u32,
    /// Seeds and scores of this generation so far; no score is minus infinity.
    drawn: Vec<(u32, f64)>,
    /// The best mean score of a generation's better half, and generations since.
    peak: f64,
    stale: u32,
    /// Whether a draw was the best of the run.
    led: bool,
    touched: u32,
}

/// Where a new distribution begins.
pub(super) struct Beginning<'a> {
    pub sites: &'a [&'a str],
    pub values: &'a [f64],
    pub scales: &'a [f64],
    pub step: f64,
}

impl Draws {
    /// The distribution over these numbers, if there is one.
    pub(super) fn of(&self, sites: &[&str]) -> Option<&Live> {
        let key = key(sites);
        self.live.iter().find(|live| live.key == key)
    }

    /// What the last distributions over these numbers were good for, at most 1.
    pub(super) fn trust(&self, sites: &[&str]) -> f64 {
        let key = key(sites);
        let known = self.in_vain.iter().find(|(other, _)| *other == key);
        known.map_or(1.0, |(_, count)| 0.5f64.powi(*count))
    }

    /// Learns the score of a draw, where larger is better; `leads` if it is the best so far.
    pub(super) fn observe(&mut self, edits: &[Edit], score: Option<f64>, leads: bool) {
        let Some(told) = Told::read(edits) else { return };
        if told.generation == 0 {
            self.begin(&told);
        }
        let generation = if told.generation == 0 { self.generations } else { told.generation };
        let Some(place) = self.live.iter().position(|live| live.generation == generation) else {
            return; // late: its generation is over
        };
        let live = &mut self.live[place];
        live.drawn.push((told.seed, score.unwrap_or(f64::NEG_INFINITY)));
        live.led |= leads;
        live.touched = self.generations;
        if live.drawn.len() < live.current.offspring() {
            return;
        }
        self.generations += 1;
        live.generation = self.generations;
        if live.learn() {
            let live = self.live.remove(place);
            self.ended(live.key, live.led);
        }
    }

    fn ended(&mut self, key: u64, led: bool) {
        let place = self.in_vain.iter().position(|(other, _)| *other == key);
        let before = place.map_or(0, |place| self.in_vain.remove(place).1);
        self.in_vain.insert(0, (key, if led { 0 } else { (before + 1).min(8) }));
        self.in_vain.truncate(MAX_ENDED);
    }

    fn begin(&mut self, told: &Told<'_>) {
        let sound = |numbers: &[f64]| numbers.iter().all(|number| number.is_finite());
        let positive = told.scales.iter().all(|scale| *scale > 0.0);
        let count = told.values.len();
        let whole = (2..=MAX_NUMBERS).contains(&count) && told.scales.len() == count;
        if !(whole && positive && sound(&told.values) && sound(&told.scales) && told.step > 0.0) {
            return;
        }
        let key = key(&told.sites);
        if self.live.iter().any(|live| live.key == key) {
            return; // several began before the first was known
        }
        if self.live.len() >= MAX_LIVE {
            let oldest = (0..self.live.len()).min_by_key(|place| self.live[*place].touched);
            oldest.map(|place| self.live.remove(place));
        }
        self.generations += 1;
        let mean = told.values.iter().zip(&told.scales).map(|(value, scale)| value / scale);
        self.live.push(Live {
            key,
            current: Arc::new(Distribution::new(mean.collect(), told.step.min(1.0))),
            scales: Arc::new(told.scales.clone()),
            generation: self.generations,
            drawn: Vec::new(),
            peak: f64::NEG_INFINITY,
            stale: 0,
            led: false,
            touched: self.generations,
        });
    }
}

impl Live {
    /// Learns from a generation; true if the distribution has done what it can.
    fn learn(&mut self) -> bool {
        let mut scores: Vec<f64> = self.drawn.iter().map(|(_, score)| *score).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        let better = &scores[..scores.len().div_ceil(2)];
        let mean = better.iter().sum::<f64>() / better.len() as f64;
        let flat = better[0] <= better[better.len() - 1] && better[0].is_finite();
        self.stale = if mean > self.peak { 0 } else { self.stale + 1 };
        self.peak = self.peak.max(mean);
        let dimensions = self.scales.len();
        let drawn = self.drawn.drain(..);
        let drawn = drawn.map(|(seed, score)| Drawn { z: normals(seed, dimensions), score });
        let drawn: Vec<Drawn> = drawn.collect();
        let patience = 20 + 10 * dimensions / drawn.len();
        Arc::make_mut(&mut self.current).learn(drawn);
        let hopeless = self.stale > HOPELESS && self.peak == f64::NEG_INFINITY;
        flat || hopeless || self.stale as usize > patience || self.current.widest() < CONVERGED
    }

    /// The values that a seed draws.
    pub(super) fn draw(&self, seed: u32) -> Vec<f64> {
        drawn(&self.current, &self.scales, seed)
    }

    /// The typical step of each number.
    pub(super) fn steps(&self) -> impl Iterator<Item = f64> {
        self.scales.iter().map(|scale| scale * self.current.step)
    }

    /// The edits that name a draw.
    pub(super) fn told(&self, site: &str, seed: u32) -> Vec<Edit> {
        told(site, self.current.step, self.generation, seed)
    }
}

impl Beginning<'_> {
    /// The values that a seed draws.
    pub(super) fn draw(&self, seed: u32) -> Vec<f64> {
        let mean = self.values.iter().zip(self.scales).map(|(value, scale)| value / scale);
        drawn(&Distribution::new(mean.collect(), self.step), self.scales, seed)
    }

    /// The edits that name the first draw of all.
    pub(super) fn told(&self, site: &str, seed: u32) -> Vec<Edit> {
        let mut edits = told(site, self.step, 0, seed);
        for ((site, value), scale) in self.sites.iter().zip(self.values).zip(self.scales) {
            edits.push(edit(MEAN, site, *value));
            edits.push(edit(SCALE, site, *scale));
        }
        edits
    }
}

/// What the edits of a draw say.
struct Told<'a> {
    generation: u32,
    seed: u32,
    step: f64,
    sites: Vec<&'a str>,
    values: Vec<f64>,
    scales: Vec<f64>,
}

impl<'a> Told<'a> {
    fn read(edits: &'a [Edit]) -> Option<Self> {
        let first = edits.first().filter(|first| first.kind == DISTRIBUTION)?;
        let mut told = Self {
            generation: 0,
            seed: 0,
            step: first.step?,
            sites: Vec::new(),
            values: Vec::new(),
            scales: Vec::new(),
        };
        for edit in &edits[1..] {
            let step = edit.step?;
            match edit.kind.as_str() {
                GENERATION => told.generation = step as u32,
                SEED => told.seed = step as u32,
                MEAN => {
                    told.sites.push(&edit.site);
                    told.values.push(step);
                }
                SCALE => told.scales.push(step),
                _ => {}
            }
        }
        Some(told)
    }
}

fn told(site: &str, step: f64, generation: u32, seed: u32) -> Vec<Edit> {
    vec![
        edit(DISTRIBUTION, site, step),
        edit(GENERATION, site, f64::from(generation)),
        edit(SEED, site, f64::from(seed)),
    ]
}

fn edit(kind: &str, site: &str, step: f64) -> Edit {
    Edit { kind: kind.to_owned(), site: site.to_owned(), step: Some(step) }
}

fn drawn(distribution: &Distribution, scales: &[f64], seed: u32) -> Vec<f64> {
    let place = distribution.at(&normals(seed, scales.len()));
    place.iter().zip(scales).map(|(value, scale)| value * scale).collect()
}

fn normals(seed: u32, count: usize) -> Vec<f64> {
    let mut rng = Pcg64Mcg::seed_from_u64(u64::from(seed));
    (0..count).map(|_| normal(&mut rng)).collect()
}

fn key(sites: &[&str]) -> u64 {
    sites.iter().fold(Fnv::new(), |hash, site| hash.text(site)).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITES: &[&str] = &["a", "b", "c"];

    fn beginning(sites: &'static [&'static str]) -> Beginning<'static> {
        Beginning { sites, values: &[1.0, -20.0, 0.5], scales: &[0.1, 5.0, 1.0], step: 0.2 }
    }

    /// Draws until the distribution ends, at most so many; each is worth what `score` says.
    fn run(draws: &mut Draws, most: u32, score: fn(&[f64]) -> Option<f64>, leads: bool) -> u32 {
        for seed in 0..most {
            let (values, edits) = match draws.of(SITES) {
                Some(live) => (live.draw(seed), live.told("g", seed)),
                None if seed > 0 => return seed,
                None => (beginning(SITES).draw(seed), beginning(SITES).told("g", seed)),
            };
            draws.observe(&edits, score(&values), leads);
        }
        most
    }

    fn near(values: &[f64]) -> f64 {
        let away = [values[0] - 1.2, (values[1] + 18.0) / 50.0, values[2]];
        -away.iter().map(|x| x * x).sum::<f64>()
    }

    #[test]
    fn a_distribution_that_is_told_by_edits_draws_the_same_and_finds_the_best() {
        let mut draws = Draws::default();
        draws.observe(&beginning(SITES).told("g", 7), Some(0.0), false);
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close(&draws.of(SITES).unwrap().draw(9), &beginning(SITES).draw(9)));
        let mut draws = Draws::default();
        run(&mut draws, 900, |x| Some(near(x)), false);
        let found = draws.of(SITES).unwrap().draw(1);
        assert!(near(&found) > -1e-6, "{found:?}");
    }

    #[test]
    fn late_draws_and_other_numbers_change_nothing() {
        let mut draws = Draws::default();
        draws.observe(&beginning(SITES).told("g", 7), Some(0.0), false);
        let early = draws.of(SITES).unwrap().told("g", 1);
        assert!(draws.of(&["a", "b"]).is_none());
        run(&mut draws, 40, |x| Some(near(x)), false);
        let before = draws.of(SITES).unwrap().draw(1);
        for _ in 0..100 {
            draws.observe(&early, Some(1e9), true);
        }
        assert_eq!(before, draws.of(SITES).unwrap().draw(1));
    }

    #[test]
    fn it_ends_where_nothing_changes_or_nothing_works_and_trust_follows() {
        let mut draws = Draws::default();
        assert!(run(&mut draws, 1000, |_| Some(1.0), false) < 30);
        assert!((draws.trust(SITES) - 0.5).abs() < 1e-12 && draws.trust(&["x"]) > 0.9);
        assert!(run(&mut draws, 1000, |_| None, false) < 200);
        assert!((draws.trust(SITES) - 0.25).abs() < 1e-12);
        assert!(run(&mut draws, 5000, |x| Some(near(x)), true) < 5000);
        assert!(draws.trust(SITES) > 0.9);
    }

    #[test]
    fn the_number_of_distributions_is_bounded() {
        let mut draws = Draws::default();
        for name in 0..20 {
            let sites: Vec<String> = (0..3).map(|place| format!("{name}.{place}")).collect();
            let sites: Vec<&str> = sites.iter().map(String::as_str).collect();
            let begins = Beginning { sites: &sites, ..beginning(SITES) };
            draws.observe(&begins.told("g", 1), Some(1.0), false);
            draws.ended(name, false);
            assert!(draws.of(&sites).is_some());
        }
        assert_eq!(draws.live.len(), MAX_LIVE);
        (0..100).for_each(|name| draws.ended(name, false));
        assert_eq!(draws.in_vain.len(), MAX_ENDED);
    }

    #[test]
    fn odd_edits_from_a_journal_do_no_harm() {
        for odd in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
            let mut draws = Draws::default();
            for place in 0..9 {
                let mut edits = beginning(SITES).told("g", 1);
                edits[place].step = Some(odd);
                draws.observe(&edits, Some(odd), false);
                edits[place].step = None;
                draws.observe(&edits, Some(1.0), false);
            }
            draws.observe(&[], Some(1.0), false);
            run(&mut draws, 100, |x| Some(near(x)), false);
        }
    }
}
