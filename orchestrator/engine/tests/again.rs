//! Crashes, resumes and replays.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod world;

use evolve_core::event::{Event, Reservation};
use evolve_core::ports::{BlobStore, HostFault};
use evolve_core::{Envelope, Facts, Usd};
use evolve_engine::{Replayed, Target, replay};
use evolve_testkit::MemoryBlobs;
use proptest::prelude::*;
use world::{Nothing, Reader, TASK, Tape, World, fold};

fn replayed(world: &World, recorded: Vec<Envelope>) -> (Replayed, Tape) {
    let mut tape = Tape::default();
    let blobs = MemoryBlobs::default();
    let mut target = Target { journal: &mut tape, projection: &mut Nothing, blobs: &blobs };
    let recorded = recorded.into_iter().map(Ok::<_, HostFault>);
    let source: &dyn BlobStore = &*world.blobs;
    let result = replay(recorded, source, world.started(), world.parts(), &mut target).unwrap();
    (result, tape)
}

fn assert_replays(world: &World, facts: &Facts) {
    let (result, tape) = replayed(world, world.tape.all());
    assert_eq!(result.divergence, None);
    assert_eq!(result.facts.canonical_hash(), facts.canonical_hash());
    let events = |tape: &[Envelope]| tape.iter().map(|e| e.event.clone()).collect::<Vec<_>>();
    assert_eq!(events(&tape.all()), events(&world.tape.all()));
}

#[test]
fn a_replay_of_a_live_run_makes_the_same_decisions() {
    for seed in 0..8 {
        let mut world = World::new(TASK);
        world.seed = seed;
        world.cost = Some(Reservation { usd: Usd(100), tokens: 10 });
        let reserved = Reservation { usd: Usd(70), tokens: 5 };
        world.reader = (seed % 2 == 1).then(|| Reader::new(reserved));
        let facts = world.start();
        assert!(world.reader.is_none() || facts.counts.analyses > 0);
        assert_replays(&world, &facts);
    }
}

#[test]
fn another_seed_decides_otherwise_and_the_replay_says_where() {
    let mut world = World::new(TASK);
    world.start();
    world.seed = 43;
    let (result, _) = replayed(&world, world.tape.all());
    assert!(result.divergence.is_some());
}

#[test]
fn money_in_flight_at_a_crash_counts_as_spent() {
    let mut world = World::new(TASK);
    world.cost = Some(Reservation { usd: Usd(1000), tokens: 10 });
    world.start();
    let events = world.tape.all();
    let cut = 1 + events.iter().rposition(|e| matches!(e.event, Event::Selected(_))).unwrap();
    let before = Facts::fold(&events[..cut]).unwrap();
    let outstanding = before.reserved().usd;
    assert!(outstanding >= Usd(1000));
    let facts = world.resume_from(events[..cut].to_vec());
    assert!(facts.spend.forfeited.usd >= Usd(1000));
    assert_replays(&world, &facts);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Killed anywhere, again and again: nothing recorded is lost or counted twice, the
    /// budget is met exactly, and the whole can be replayed.
    #[test]
    fn a_run_killed_anywhere_resumes_to_the_same_end(cuts in proptest::collection::vec(0.05..1.0f64, 1..5), seed in 0u64..1000) {
        let mut world = World::new(TASK);
        world.seed = seed;
        let mut facts = world.start();
        for cut in cuts {
            let events = world.tape.all();
            let kept = ((events.len() as f64 * cut) as usize).max(1);
            let done: Vec<_> = evaluated(&events[..kept]);
            facts = world.resume_from(events[..kept].to_vec());
            let all = world.tape.all();
            prop_assert!(done.iter().all(|d| evaluated(&all).contains(d)));
        }
        let events = world.tape.all();
        let mut ids = evaluated(&events);
        let n = ids.len();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), n, "a candidate was counted twice");
        prop_assert_eq!(facts.counts.evaluated, 40);
        prop_assert_eq!(fold(&events).canonical_hash(), facts.canonical_hash());
        assert_replays(&world, &facts);
    }
}

fn evaluated(events: &[Envelope]) -> Vec<u64> {
    events
        .iter()
        .filter_map(|e| match &e.event {
            Event::Evaluated(e) => Some(e.candidate.0),
            _ => None,
        })
        .collect()
}
