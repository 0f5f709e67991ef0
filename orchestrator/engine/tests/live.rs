//! The live loop, on real threads.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod world;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use evolve_core::event::{BudgetKey, Event, Reservation, StopReason};
use evolve_core::facts::{CandidateState, Phase};
use evolve_core::ids::CandidateId;
use evolve_core::outcome::EvalStatus;
use evolve_core::{Facts, Program, Usd};
use evolve_engine::{Begin, Command};
use evolve_testkit::FixedClock;
use world::{TASK, World, count, fold};

fn stop_reason(facts: &Facts) -> &StopReason {
    match &facts.phase {
        Phase::Stopped { reason } => reason,
        other => panic!("not stopped: {other:?}"),
    }
}

#[test]
fn a_run_ends_exactly_at_its_candidates_and_its_journal_folds_to_its_state() {
    let world = World::new(TASK);
    let facts = world.start();
    assert_eq!(facts.counts.evaluated, 40);
    assert_eq!(*stop_reason(&facts), StopReason::Budget { budget: BudgetKey::Candidates });
    assert_eq!(fold(&world.tape.all()).canonical_hash(), facts.canonical_hash());
    assert!(facts.gain(facts.best().unwrap().score().unwrap()).unwrap() > 0.0);
}

#[test]
fn no_program_is_evaluated_twice() {
    let world = World::new(TASK);
    let facts = world.start();
    let mut programs: Vec<_> = facts
        .candidates
        .iter()
        .filter(|c| c.state == CandidateState::Evaluated)
        .filter_map(|c| c.program)
        .collect();
    let all = programs.len();
    programs.sort_unstable();
    programs.dedup();
    assert_eq!(programs.len(), all);
    let duplicate = |e: &Event| matches!(e, Event::Rejected(r) if r.clash.is_some());
    assert!(count(&world.tape.all(), duplicate) > 0, "the proposer does repeat itself");
}

#[test]
fn a_program_in_other_words_costs_no_evaluation_and_is_told_from_a_copy() {
    let mut world = World::new(TASK);
    world.sense = Some(|value| (value / 2.0).floor());
    let facts = world.start();
    let repeats: Vec<_> = facts.candidates.iter().filter_map(|c| c.rejected.as_ref()).collect();
    let said = |words: &str| repeats.iter().filter(|r| r.detail.contains(words)).count();
    assert!(said("in other words") > 0 && said(" again (") > 0, "{repeats:?}");
    let mut normal: Vec<_> = facts
        .candidates
        .iter()
        .filter(|c| c.evaluation.is_some())
        .filter_map(|c| c.normal)
        .collect();
    let all = normal.len();
    normal.sort_unstable();
    normal.dedup();
    assert_eq!(normal.len(), all);
}

#[test]
fn money_is_never_overshot_by_concurrent_calls() {
    for seed in 0..10 {
        let mut world =
            World::new(&TASK.replace("candidates = 40", "usd = 0.01\ncandidates = 100000"));
        world.task.budget.usd = Some(1e-9);
        world.cost = Some(Reservation { usd: Usd(130), tokens: 50 });
        world.seed = seed;
        let facts = world.start();
        assert!(facts.spend.usd <= Usd(1000), "{:?}", facts.spend);
        assert_eq!(*stop_reason(&facts), StopReason::Budget { budget: BudgetKey::Usd });
        assert!(facts.proposing.is_empty());
    }
}

#[test]
fn tokens_are_never_overshot() {
    let mut world = World::new(TASK);
    world.task.budget.tokens = Some(900);
    world.cost = Some(Reservation { usd: Usd(1), tokens: 100 });
    let facts = world.start();
    assert!(facts.spend.tokens <= 900);
    assert_eq!(*stop_reason(&facts), StopReason::Budget { budget: BudgetKey::Tokens });
}

#[test]
fn a_run_without_gains_stops_by_stagnation() {
    let mut world = World::new(TASK);
    world.task.budget.candidates = None;
    world.task.budget.stagnation = Some(15);
    world.bounds = 12.0;
    let facts = world.start();
    let expected = [
        StopReason::Budget { budget: BudgetKey::Stagnation },
        // With few programs left to find, the proposer may run dry first.
        StopReason::Exhausted { detail: "500 proposals in a row were rejected".into() },
    ];
    assert!(expected.contains(stop_reason(&facts)), "{:?}", facts.phase);
}

#[test]
fn a_target_ends_the_run() {
    let mut world = World::new(TASK);
    world.task.objective[0].target = Some(9.0);
    let facts = world.start();
    assert_eq!(*stop_reason(&facts), StopReason::Target);
    assert!(facts.best().unwrap().score().unwrap() >= 9.0);
}

#[test]
fn a_start_that_fails_its_own_evaluation_ends_the_run_at_once() {
    let mut world = World::new(TASK);
    world.start = Some(Program::single("number.txt", "3"));
    let facts = world.start();
    assert_eq!(*stop_reason(&facts), StopReason::BadStart { detail: "crashed it fell".into() });
    assert_eq!(facts.candidates.len(), 1);
}

#[test]
fn a_score_beyond_the_plausible_is_quarantined_and_never_best() {
    let mut world = World::new(TASK);
    world.task.objective[0].plausible_max = Some(20.0);
    let facts = world.start();
    assert!(facts.best().unwrap().score().unwrap() <= 20.0);
    let quarantined: Vec<_> = facts.candidates.iter().filter(|c| c.quarantined.is_some()).collect();
    assert!(!quarantined.is_empty());
    assert!(quarantined.iter().all(|c| c.score().is_none()));
}

#[test]
fn with_noise_the_best_changes_only_on_evidence() {
    let mut demoted = 0;
    for seed in 0..8 {
        let mut world = World::new(&TASK.replace("min = 1, max = 1", "min = 1, max = 6"));
        world.evaluator = Arc::new(world::Score { noise: 20.0, ..Default::default() });
        world.bounds = 12.0;
        world.seed = seed;
        let facts = world.start();
        for (_, id) in &facts.promotions {
            let samples = &facts.candidate(*id).unwrap().evaluation.as_ref().unwrap().samples;
            assert_eq!(samples.len(), 6, "{id} was promoted on less than all repeats");
        }
        demoted += facts.candidates.iter().filter(|c| c.demoted.is_some()).count();
    }
    assert!(demoted > 0, "noise tempted nobody");
}

#[test]
fn a_seedless_run_begins_with_drafts() {
    let mut world = World::new(TASK);
    world.start = None;
    let facts = world.start();
    assert_eq!(facts.counts.evaluated, 40);
    assert!(facts.candidate(CandidateId::START).is_none());
    assert!(facts.best.is_some());
}

#[test]
fn a_host_fault_stops_the_run_and_counts_against_nobody() {
    let mut world = World::new(TASK);
    world.evaluator.faults.store(usize::MAX, Ordering::SeqCst);
    let facts = world.start();
    assert_eq!(*stop_reason(&facts), StopReason::Fault { detail: "the sandbox is down".into() });
    assert_eq!((facts.counts.evaluated, facts.counts.failed), (0, 0));
    // Mended, it goes on where it was.
    world.evaluator.faults.store(0, Ordering::SeqCst);
    let facts = world.resume_from(world.tape.all());
    assert_eq!(facts.counts.evaluated, 40);
}

#[test]
fn a_passing_host_fault_is_retried_without_a_trace_on_the_candidate() {
    let world = World::new(TASK);
    world.evaluator.faults.store(2, Ordering::SeqCst);
    let facts = world.start();
    assert_eq!(facts.counts.evaluated, 40);
    let fault = |e: &Event| matches!(e, Event::Evaluated(e) if e.status == EvalStatus::HostFault);
    assert_eq!(count(&world.tape.all(), fault), 2);
}

#[test]
fn the_wall_budget_is_time_the_run_was_up() {
    let mut world = World::new(TASK);
    let clock = Arc::new(FixedClock::default());
    world.clock = clock.clone();
    world.task.budget.wall = Some(evolve_core::task::Span::seconds(60));
    world.task.budget.candidates = None;
    let mover = Arc::clone(&clock);
    let begin = Begin::New(Box::new(world.started()));
    let facts = world
        .begin_with(begin, move |handle| {
            mover.advance(Duration::from_secs(59));
            // Anything wakes the loop; the clock is looked at after every message.
            mover.advance(Duration::from_secs(2));
            handle.command(Command::Budget { change: "candidates=100000".into() });
        })
        .unwrap();
    assert_eq!(*stop_reason(&facts), StopReason::Budget { budget: BudgetKey::Wall });
}

#[test]
fn stop_drains_and_stop_now_does_not() {
    for command in [Command::Stop, Command::StopNow] {
        let mut world = World::new(TASK);
        world.task.budget.candidates = None;
        let given = command.clone();
        let begin = Begin::New(Box::new(world.started()));
        let facts = world.begin_with(begin, move |handle| handle.command(given)).unwrap();
        assert_eq!(*stop_reason(&facts), StopReason::Interrupted);
        if command == Command::Stop {
            assert!(facts.evaluating.is_empty());
        }
        assert!(facts.proposing.is_empty());
        fold(&world.tape.all());
    }
}

#[test]
fn a_paused_run_waits_and_goes_on() {
    let world = World::new(TASK);
    let begin = Begin::New(Box::new(world.started()));
    let facts = world
        .begin_with(begin, |handle| {
            handle.command(Command::Pause);
            handle.command(Command::Budget { change: "candidates=7".into() });
            handle.command(Command::Unpause);
        })
        .unwrap();
    assert_eq!(facts.counts.evaluated, 7);
    let events = world.tape.all();
    assert_eq!(count(&events, |e| matches!(e, Event::Paused(_))), 1);
    assert_eq!(count(&events, |e| matches!(e, Event::Resumed(_))), 1);
}

#[test]
fn a_journal_that_cannot_be_written_ends_the_run_with_its_reason() {
    let mut world = World::new(TASK);
    world.tape.fail_after = Some(60);
    let begin = Begin::New(Box::new(world.started()));
    let error = world.begin(begin).unwrap_err();
    assert_eq!(error.to_string(), "the disk is full");
    // After space is freed it goes on from what is durable.
    let facts = world.resume_from(world.tape.all());
    assert_eq!(facts.counts.evaluated, 40);
}

#[test]
fn an_epoch_is_a_barrier_for_whatever_workers_are_free() {
    let task = TASK.replace(
        "[budget]",
        "[search]\nstrategy = \"epoch\"\nparameters = { batch = 5 }\n[budget]",
    );
    let world = World::new(&task);
    let facts = world.start();
    assert_eq!(facts.counts.evaluated, 40);
    let mut open = std::collections::BTreeSet::new();
    let mut begun = 0;
    for envelope in world.tape.all() {
        match envelope.event {
            Event::Selected(event) => {
                // The first of an epoch finds nothing of the one before under way.
                assert!(begun % 5 != 0 || open.is_empty(), "{begun}: {open:?}");
                open.insert(event.candidate);
                begun += 1;
            }
            Event::Rejected(event) => {
                open.remove(&event.candidate);
            }
            Event::Evaluated(event) => {
                open.remove(&event.candidate);
            }
            _ => {}
        }
    }
    assert!(begun >= 40);
}
