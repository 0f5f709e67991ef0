//! A run without a past.
#![allow(dead_code)] // each test file uses a part of it

use std::collections::BTreeMap;

use evolve_core::event::{Event, RunStarted, Slots};
use evolve_core::task::parse_task;
use evolve_core::{BlobHash, Envelope, Facts, RunId, Seq};
use jiff::Timestamp;

/// Event 0 of a run that minimises `score`.
pub fn first() -> Envelope {
    let text = "[task]\nname = \"t\"\ndescription = \"d\"\n[program]\npath = \"p.py\"\n\
                [[objective]]\nmetric = \"score\"\ngoal = \"minimize\"\n\
                [[evaluator.stage]]\nrun = [\"a\"]\njudge = [\"b\"]\n";
    let event = Event::RunStarted(RunStarted {
        run: RunId::from("test"),
        task: parse_task(text).unwrap(),
        overrides: Vec::new(),
        program: Some(BlobHash::of(b"start")),
        from: None,
        population: 0,
        seed: 1,
        slots: Slots { proposals: 1, evaluations: 1 },
        proposer: "mutate".to_owned(),
        analyzer: true,
        sandbox: Vec::new(),
        evolve: "test".to_owned(),
        host: BTreeMap::new(),
    });
    Envelope { v: 1, seq: Seq(0), at: Timestamp::UNIX_EPOCH, event }
}

/// The facts after it.
pub fn facts() -> Facts {
    Facts::begin(&first()).unwrap()
}
