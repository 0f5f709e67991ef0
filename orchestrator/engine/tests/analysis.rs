//! Analyses by a model: beside the other work, within the budget, and never lost or paid twice.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod world;

use evolve_core::event::{BudgetKey, Event, Reservation, StopReason};
use evolve_core::facts::Phase;
use evolve_core::{Envelope, Facts, Usd};
use world::{Reader, TASK, World, count, fold};

fn world() -> World {
    let mut world = World::new(TASK);
    world.cost = Some(Reservation { usd: Usd(130), tokens: 50 });
    world.reader = Some(Reader::new(Reservation { usd: Usd(90), tokens: 20 }));
    world
}

/// Analyses under way at once, at most.
fn side_by_side(events: &[Envelope]) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for event in events {
        match &event.event {
            Event::AnalysisStarted(_) => open += 1,
            Event::Analyzed(analyzed) if analyzed.analysis.is_some() => open -= 1,
            _ => {}
        }
        most = most.max(open);
    }
    most
}

#[test]
fn what_a_model_finds_becomes_insights_one_analysis_at_a_time() {
    let world = world();
    let facts = world.start();
    let events = world.tape.all();
    assert_eq!(facts.counts.evaluated, 40);
    assert!(facts.counts.analyses >= 5 && !facts.insights.is_empty(), "{:?}", facts.counts);
    assert_eq!(side_by_side(&events), 1);
    assert!(facts.analysing.is_empty(), "the last one was waited for");
    let ended = count(&events, |e| matches!(e, Event::Analyzed(a) if a.analysis.is_some()));
    assert_eq!(ended as u64, facts.counts.analyses);
    assert_eq!(fold(&events).canonical_hash(), facts.canonical_hash());
    // Its money is the run's, and no candidate's.
    let of_candidates: u64 = facts.candidates.iter().map(|c| c.cost.0).sum();
    let of_reader = facts.spend.models[&"reader".into()].cost.0;
    assert_eq!(facts.spend.usd.0, of_candidates + of_reader);
    assert!(of_reader > 0);
}

#[test]
fn analyses_do_not_overshoot_the_budget_and_the_run_goes_on_without_them() {
    for seed in 0..10 {
        let mut world = world();
        world.seed = seed;
        world.task.budget.candidates = None;
        world.task.budget.usd = Some(1e-9);
        let facts = world.start();
        assert!(facts.spend.usd <= Usd(1000), "{:?}", facts.spend);
        let Phase::Stopped { reason } = &facts.phase else { panic!("{:?}", facts.phase) };
        assert_eq!(*reason, StopReason::Budget { budget: BudgetKey::Usd });
        assert!(facts.analysing.is_empty() && facts.reserved().is_zero());
    }
    let mut poor = world();
    poor.reader = Some(Reader::new(Reservation { usd: Usd(1_000_000), tokens: 20 }));
    poor.task.budget.usd = Some(1e-7);
    let facts = poor.start();
    assert_eq!((facts.counts.analyses, facts.counts.evaluated), (0, 40));
}

#[test]
fn a_crash_during_an_analysis_counts_what_it_reserved_as_spent() {
    let mut world = world();
    world.start();
    let events = world.tape.all();
    let starts: Vec<usize> = (0..events.len())
        .filter(|i| matches!(events[*i].event, Event::AnalysisStarted(_)))
        .collect();
    for at in starts.into_iter().step_by(3) {
        // The journal ends with the start of an analysis: nothing of it is on record.
        let prefix = events[..=at].to_vec();
        let before: Facts = fold(&prefix);
        let reserved = before.analysing.values().next().unwrap().usd;
        let facts = world.resume_from(prefix);
        assert_eq!(facts.counts.evaluated, 40);
        assert!(facts.spend.forfeited.usd >= reserved, "{:?}", facts.spend);
        assert!(facts.analysing.is_empty());
        let all = world.tape.all();
        assert_eq!(fold(&all).canonical_hash(), facts.canonical_hash());
    }
}
