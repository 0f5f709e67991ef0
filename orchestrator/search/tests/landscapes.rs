//! Whole searches on invented landscapes.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

mod simulate;

use evolve_core::Goal;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use simulate::{End, Run};

const DIMENSIONS: usize = 30;

type Point = [f64; DIMENSIONS];

/// One search by a Gaussian edit of a few coordinates whose step follows the one-fifth rule;
/// the best value of the function at the end.
fn search(strategy: &str, seed: u64, count: usize, function: fn(&Point) -> f64) -> f64 {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let mut points: Vec<Point> = vec![std::array::from_fn(|_| rng.random_range(-2.0..2.0))];
    let start = function(&points[0]);
    let section = simulate::section(strategy);
    let mut run = Run::seeded(&section, simulate::mutate_only(), Goal::Minimize, Some(start), seed);
    let mut step = 0.5;
    run.go(count, 3, |facts, candidate| {
        let parent = candidate.parents()[0];
        let mut point = points[parent.0 as usize];
        for _ in 0..rng.random_range(1..4) {
            let bell: f64 = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
            point[rng.random_range(0..DIMENSIONS)] += step * bell;
        }
        let value = function(&point);
        let before = facts.candidate(parent).and_then(|parent| parent.score()).unwrap();
        step *= if value < before { 1.1 } else { 0.976 };
        step = f64::clamp(step, 1e-9, 1.0);
        points.resize(candidate.id.0 as usize + 1, point);
        End::Score(value)
    });
    run.facts.best().unwrap().score().unwrap()
}

fn bowl(point: &Point) -> f64 {
    point.iter().enumerate().map(|(i, x)| (1.0 + i as f64 / 3.0) * (x - 0.7).powi(2)).sum()
}

/// Many deep holes, each a local optimum for small steps.
fn rugged(point: &Point) -> f64 {
    point.iter().map(|x| x * x + 1.0 - (6.0 * x).cos()).sum()
}

fn mean_log(strategy: &str, count: usize, function: fn(&Point) -> f64) -> f64 {
    let seeds = 0..8;
    seeds.map(|seed| search(strategy, seed, count, function).log10()).sum::<f64>() / 8.0
}

/// How far the logarithm of the best value fell from the start's.
fn progress(strategy: &str, count: usize, function: fn(&Point) -> f64) -> f64 {
    mean_log("best-of-n", 0, function) - mean_log(strategy, count, function)
}

#[test]
fn on_a_smooth_landscape_adaptive_keeps_close_to_hill_climbing() {
    let (greedy, adaptive) = (progress("greedy", 3000, bowl), progress("adaptive", 3000, bowl));
    println!("orders of magnitude in 3000 evaluations: greedy {greedy:.2}, adaptive {adaptive:.2}");
    assert!(adaptive > 0.8 * greedy, "adaptive {adaptive}, greedy {greedy}");
    let (greedy, adaptive) = (progress("greedy", 500, bowl), progress("adaptive", 500, bowl));
    println!("in 500: greedy {greedy:.2}, adaptive {adaptive:.2}");
    assert!(adaptive > 0.7 * greedy, "adaptive {adaptive}, greedy {greedy}");
}

#[test]
fn adaptive_leaves_independent_samples_and_random_parents_far_behind() {
    let adaptive = progress("adaptive", 1000, bowl);
    for baseline in ["random", "best-of-n"] {
        let other = progress(baseline, 1000, bowl);
        println!("orders of magnitude in 1000: adaptive {adaptive:.2}, {baseline} {other:.2}");
        assert!(adaptive > 3.0 * other, "adaptive {adaptive}, {baseline} {other}");
    }
}

#[test]
fn on_a_rugged_landscape_adaptive_loses_nothing_much_to_hill_climbing() {
    let (greedy, adaptive) = (progress("greedy", 3000, rugged), progress("adaptive", 3000, rugged));
    println!("orders of magnitude in 3000 evaluations: greedy {greedy:.2}, adaptive {adaptive:.2}");
    assert!(adaptive > 0.8 * greedy, "adaptive {adaptive}, greedy {greedy}");
}
