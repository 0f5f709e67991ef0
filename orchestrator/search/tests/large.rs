//! Populations of 100,000 candidates, and what a strategy keeps of them.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

mod simulate;

use std::alloc::System;

use evolve_core::{Envelope, Facts, Goal};
use evolve_search::{Strategy, build, strategies};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use simulate::{End, Run, mutate_only, section};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Scores of all sizes and kinds: a slow climb, ties, losses, failures.
fn any_end(rng: &mut Pcg64Mcg, number: u64) -> End {
    match rng.random_range(0..20u8) {
        0 => End::Failed,
        1 => End::Score(0.0),
        2 => End::Score(-1e300 * rng.random::<f64>()),
        _ => End::Score((number as f64).sqrt() + 3.0 * rng.random::<f64>()),
    }
}

#[test]
fn decisions_stay_sound_at_a_hundred_thousand_candidates() {
    const COUNT: usize = 100_000;
    for info in strategies() {
        let mut rng = Pcg64Mcg::seed_from_u64(5);
        let mut run = Run::new(&section(info.name), mutate_only(), Goal::Maximize, Some(0.0));
        run.journal = Vec::new();
        for _ in 0..100 {
            run.go(COUNT / 100, 3, |_, candidate| any_end(&mut rng, candidate.id.0));
            run.journal.clear();
        }
        assert!(run.facts.candidates.len() >= COUNT, "{}", info.name);
        for seed in 0..100 {
            let selection = run.strategy.select(&run.facts, &mut Pcg64Mcg::seed_from_u64(seed));
            let parent = run.facts.candidate(selection.parents[0]).unwrap();
            assert!(parent.score().is_some_and(f64::is_finite), "{}: {selection:?}", info.name);
        }
    }
}

/// Feeds a journal; the bytes that the strategy holds at the end.
fn bytes_held(strategy: &mut dyn Strategy, journal: &[Envelope]) -> usize {
    let mut facts = Facts::begin(&journal[0]).unwrap();
    let mut held = 0isize;
    for event in &journal[1..] {
        facts.apply(event);
        let region = Region::new(ALLOCATOR);
        strategy.observe(&facts, event);
        let change = region.change();
        held += change.bytes_allocated.cast_signed() - change.bytes_deallocated.cast_signed();
    }
    usize::try_from(held).unwrap()
}

#[test]
fn a_strategy_keeps_at_most_a_kilobyte_of_each_candidate() {
    const COUNT: usize = 10_000;
    for info in strategies() {
        let mut rng = Pcg64Mcg::seed_from_u64(6);
        let section = section(info.name);
        let mut run = Run::new(&section, mutate_only(), Goal::Maximize, Some(0.0));
        run.go(COUNT, 3, |_, candidate| any_end(&mut rng, candidate.id.0));
        let mut fresh = build(&section, mutate_only()).unwrap();
        let each = bytes_held(&mut *fresh, &run.journal) / COUNT;
        eprintln!("{}: {each} bytes of each candidate", info.name);
        assert!(each <= 1024, "{}: {each} bytes", info.name);
    }
}
