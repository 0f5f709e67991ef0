//! A person's programs in a live run, seen from the loop.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod world;

use evolve_core::event::{Event, Operator, Reservation};
use evolve_core::ports::{BlobStore, HostFault};
use evolve_core::{CandidateId, Envelope, Facts, Program, Seq, Usd};
use evolve_engine::{Begin, Command, Handle, Inject, Target, replay};
use evolve_testkit::MemoryBlobs;
use world::{Nothing, TASK, Tape, World, fold};

fn inject(text: &str, parent: Option<u64>) -> Command {
    Command::Inject(Inject {
        program: Program::single("number.txt", text),
        note: format!("{text}, by hand"),
        parent: parent.map(CandidateId),
        island: None,
    })
}

fn begin(world: &World, on_handle: impl FnOnce(Handle) + Send + 'static) -> Facts {
    world.begin_with(Begin::New(Box::new(world.started())), on_handle).unwrap()
}

fn replayed(world: &World) -> Facts {
    let (mut tape, blobs) = (Tape::default(), MemoryBlobs::default());
    let mut target = Target { journal: &mut tape, projection: &mut Nothing, blobs: &blobs };
    let recorded = world.tape.all().into_iter().map(Ok::<_, HostFault>);
    let source: &dyn BlobStore = &*world.blobs;
    let result = replay(recorded, source, world.started(), world.parts(), &mut target).unwrap();
    assert_eq!(result.divergence, None);
    result.facts
}

fn injected(facts: &Facts) -> Vec<CandidateId> {
    let all = facts.candidates.iter().filter(|c| c.selection.operator == Operator::Inject);
    all.map(|c| c.id).collect()
}

#[test]
fn programs_given_at_any_time_count_cost_nothing_and_replay_bit_for_bit() {
    for (seed, strategy) in ["adaptive", "epoch", "ucb", "map-elites"].into_iter().enumerate() {
        let mut world = World::new(TASK);
        world.seed = seed as u64;
        world.task.search.strategy = strategy.into();
        world.cost = Some(Reservation { usd: Usd(100), tokens: 10 });
        let facts = begin(&world, |handle| {
            handle.command(inject("400.25", None));
            std::thread::spawn(move || {
                for number in 0..12 {
                    handle.command(inject(&format!("{number}.5"), Some(0)));
                    std::thread::yield_now();
                }
            });
        });
        let own = injected(&facts);
        assert!(!own.is_empty(), "{strategy}");
        assert_eq!(facts.counts.evaluated, 40, "{strategy}");
        assert!(facts.best().unwrap().score().unwrap() >= 400.25, "{strategy}");
        for id in own {
            let candidate = facts.candidate(id).unwrap();
            assert_eq!(candidate.cost, Usd(0));
            assert!(candidate.change.summary.ends_with(", by hand"));
        }
        assert_eq!(fold(&world.tape.all()).canonical_hash(), facts.canonical_hash());
        assert_eq!(replayed(&world).canonical_hash(), facts.canonical_hash(), "{strategy}");
    }
}

#[test]
fn what_is_known_or_no_program_or_over_the_budget_leaves_no_event() {
    let mut world = World::new(TASK);
    world.sense = Some(f64::floor);
    let facts = begin(&world, |handle| {
        handle.command(inject("1", None)); // the start
        handle.command(inject("many", None));
        handle.command(inject("300.5", None));
        handle.command(inject("300.75", None)); // the same in other words
        handle.command(inject("301.5", Some(999)));
    });
    assert_eq!(injected(&facts).len(), 1, "{:?}", injected(&facts));

    let mut full = World::new(TASK);
    full.task.budget.candidates = Some(0);
    let facts = begin(&full, |handle| handle.command(inject("300.5", None)));
    assert_eq!((injected(&facts).len(), facts.counts.evaluated), (0, 0));
}

#[test]
fn a_crash_between_selection_and_program_loses_the_program_alone() {
    let mut world = World::new(TASK);
    begin(&world, |handle| handle.command(inject("400.25", None)));
    let events = world.tape.all();
    let at = events.iter().position(is_injection).unwrap();
    assert!(matches!(events[at + 1].event, Event::Proposed(_)), "they are not in one batch");
    let facts = world.resume_from(events[..=at].to_vec());
    assert_eq!(facts.counts.evaluated, 40);
    let lost = facts.candidate(injected(&facts)[0]).unwrap();
    assert_eq!(lost.word(), "interrupted");
    assert_eq!(replayed(&world).canonical_hash(), facts.canonical_hash());
    // And with the program it is there, and measured.
    let facts = world.resume_from(events[..=at + 1].to_vec());
    assert_eq!(facts.candidate(injected(&facts)[0]).unwrap().word(), "ok");
    assert!(facts.best().unwrap().score().unwrap() >= 400.25);
}

#[test]
fn a_program_given_before_the_start_is_measured_waits_for_it() {
    let mut world = World::new(TASK);
    begin(&world, |handle| handle.command(inject("400.25", None)));
    let events = world.tape.all();
    let at = events.iter().position(is_injection).unwrap();
    let mut early = vec![events[0].clone(), events[at].clone(), events[at + 1].clone()];
    for (place, envelope) in early.iter_mut().enumerate() {
        envelope.seq = Seq(place as u64);
        match &mut envelope.event {
            Event::Selected(event) => event.candidate = CandidateId(1),
            Event::Proposed(event) => event.candidate = CandidateId(1),
            _ => {}
        }
    }
    let facts = world.resume_from(early);
    let place = |what: fn(&Event) -> bool| world.tape.all().iter().position(|e| what(&e.event));
    let start = place(|e| matches!(e, Event::Evaluated(e) if e.candidate == CandidateId::START));
    let own = place(|e| matches!(e, Event::EvalStarted(e) if e.candidate == CandidateId(1)));
    assert!(start.unwrap() < own.unwrap());
    assert_eq!(facts.candidate(CandidateId(1)).unwrap().word(), "ok");
}

fn is_injection(envelope: &Envelope) -> bool {
    matches!(&envelope.event, Event::Selected(s) if s.selection.operator == Operator::Inject)
}
