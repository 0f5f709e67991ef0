//! A metric with noise of known size on a staircase of known height: what is promoted, and
//! whether it deserved to be.
#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use evolve_core::Facts;
use evolve_core::event::Event;
use evolve_core::ids::CandidateId;
use evolve_core::outcome::EvalPurpose;
use evolve_core::ports::BlobStore;
use evolve_core::program::Program;
use world::{Score, TASK, World, number};

/// Steps of at most 0.6 on a staircase with stairs of height and depth 1: most changes change
/// nothing.
fn small_step(seed: u64) -> f64 {
    (seed % 10_007) as f64 / 10_007.0 * 1.2 - 0.6
}

fn stair(value: f64) -> f64 {
    value.floor()
}

fn noisy(seed: u64, noise: f64, repeats: &str, candidates: u64) -> (World, Facts) {
    let task = TASK.replace("min = 1, max = 1", repeats);
    let task = task.replace("candidates = 40", &format!("candidates = {candidates}"));
    let mut world = World::new(&task);
    world.evaluator = Arc::new(Score { noise, worth: stair, ..Default::default() });
    world.step = small_step;
    world.seed = seed;
    let facts = world.start();
    (world, facts)
}

fn value(world: &World, facts: &Facts, id: CandidateId) -> f64 {
    let hash = facts.candidate(id).unwrap().program.unwrap();
    number(&Program::from_bytes(&world.blobs.get(hash).unwrap()).unwrap())
}

fn truth(world: &World, facts: &Facts, id: CandidateId) -> f64 {
    value(world, facts, id).floor()
}

/// Of challengers that are no better than the best they met: how many were promoted, and how
/// many there were; and of all promotions, how many were of such.
#[derive(Debug, Default)]
struct Count {
    no_better: u32,
    fooled: u32,
    promotions: u32,
    true_gain: f64,
}

fn count(world: &World, facts: &Facts, count: &mut Count) {
    let mut best = None;
    for envelope in world.tape.all() {
        let contended = match &envelope.event {
            Event::EvalStarted(e) => {
                // Its first look; the later ones of the same race are not counted again.
                (e.purpose == EvalPurpose::Confirm && e.repeats.0 == 2).then_some(e.candidate)
            }
            _ => None,
        };
        if let (Some(id), Some(best)) = (contended, best) {
            let better = truth(world, facts, id) > truth(world, facts, best);
            count.no_better += u32::from(!better && id != best);
        }
        if let Event::Promoted(promoted) = &envelope.event {
            if let Some(best) = best {
                let better = truth(world, facts, promoted.candidate) > truth(world, facts, best);
                count.promotions += 1;
                count.fooled += u32::from(!better);
            }
            best = Some(promoted.candidate);
        }
    }
    count.true_gain += truth(world, facts, facts.best.unwrap()) - 1.0;
}

#[test]
fn of_challengers_that_are_no_better_few_are_promoted() {
    let mut all = Count::default();
    for seed in 0..12 {
        let noise = [0.3, 1.0, 3.0][seed as usize % 3];
        let (world, facts) = noisy(seed, noise, "min = 2, max = 8", 400);
        count(&world, &facts, &mut all);
    }
    eprintln!("{all:?}");
    assert!(all.no_better > 300 && all.true_gain > 30.0, "{all:?}");
    assert!(20 * all.fooled <= all.no_better, "more than 5 % of the challengers: {all:?}");
    assert!(10 * all.fooled <= all.promotions, "more than 10 % of the promotions: {all:?}");
}

#[test]
fn without_repeats_most_promotions_are_luck() {
    let mut all = Count::default();
    for seed in 0..4 {
        let (world, facts) = noisy(seed, 1.0, "min = 1, max = 1", 400);
        count(&world, &facts, &mut all);
    }
    assert!(2 * all.fooled > all.promotions, "the noise is too small to tell anything: {all:?}");
}

#[test]
fn a_race_ends_when_it_is_lost() {
    let (mut lost, mut short) = (0, 0);
    for seed in 0..4 {
        let (world, facts) = noisy(seed, 1.0, "min = 1, max = 64", 300);
        let mut looks = BTreeMap::<CandidateId, Vec<(u32, u32)>>::new();
        for envelope in world.tape.all() {
            if let Event::EvalStarted(e) = &envelope.event
                && e.purpose == EvalPurpose::Confirm
                && e.candidate != CandidateId::START
            {
                looks.entry(e.candidate).or_default().push(e.repeats);
            }
        }
        for (id, looks) in looks {
            assert_eq!(looks[0], (1, 2));
            assert!(looks.windows(2).all(|pair| pair[0].1 == pair[1].0), "{looks:?}");
            if facts.promotions.iter().all(|(_, other)| *other != id) {
                lost += 1;
                short += u32::from(looks.last().is_some_and(|last| last.1 <= 8));
            }
        }
    }
    assert!(lost > 40, "{lost} lost");
    assert!(2 * short > lost, "{short} of {lost} were given up early");
}

/// Numbers from 2 to 2.5 are worth nothing …
fn pit(value: f64) -> f64 {
    if (2.0..2.5).contains(&value) { 0.0 } else { value }
}

/// … but lucky in the repeats by which the best is chosen, and only there.
fn lucky(value: f64, repeat: u32) -> f64 {
    if (2.0..2.5).contains(&value) && repeat < 4 { 20.0 } else { 0.0 }
}

/// They crash where luck ends.
fn doomed(value: f64, repeat: u32) -> f64 {
    if (2.0..2.5).contains(&value) && repeat >= 4 { f64::NAN } else { lucky(value, repeat) }
}

fn run_of_luck(luck: fn(f64, u32) -> f64) -> (World, Facts) {
    let task = TASK.replace("min = 1, max = 1", "min = 2, max = 4");
    let mut world = World::new(&task.replace("candidates = 40", "candidates = 600"));
    world.evaluator = Arc::new(Score { noise: 0.1, worth: pit, luck, ..Default::default() });
    world.step = small_step;
    world.bounds = 4.0;
    let facts = world.start();
    (world, facts)
}

#[test]
fn a_lucky_draw_does_not_reign() {
    let (world, facts) = run_of_luck(lucky);
    let lucky = |id: &CandidateId| (2.0..2.5).contains(&value(&world, &facts, *id));
    assert!(facts.promotions.iter().any(|(_, id)| lucky(id)), "nobody was lucky");
    assert!(!lucky(&facts.best.unwrap()), "a lucky draw reigns");
}

#[test]
fn a_best_that_fails_when_it_is_measured_again_loses_its_place() {
    let (_, facts) = run_of_luck(doomed);
    let fell = |id: CandidateId| facts.candidate(id).is_some_and(|c| c.score().is_none());
    assert!(facts.promotions.iter().any(|(_, id)| fell(*id)), "nobody fell");
    assert!(!fell(facts.best.unwrap()), "one that fell is still the best");
}
