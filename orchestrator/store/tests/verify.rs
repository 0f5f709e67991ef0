//! `verify` finds what is wrong, says what to do, and never makes it worse.

#![allow(clippy::unwrap_used)] // also in the helpers, which clippy does not take for tests

mod common;

use std::fs;

use common::{Writing, finished};
use evolve_core::facts::Facts;
use evolve_store::{Severity, StoreError, VerifyOptions, verify};
use evolve_testkit::generated;

#[test]
fn a_sound_run_is_said_to_be_sound_with_what_was_counted() {
    let dir = tempfile::tempdir().unwrap();
    let run = finished(dir.path(), 3, 60);
    let report = verify(&run, VerifyOptions::default()).unwrap();
    let events = generated::events(3, 60);
    let facts = Facts::fold(&events).unwrap();
    assert!(report.ok());
    assert_eq!(report.findings, []);
    assert_eq!(report.canonical_hash, Some(facts.canonical_hash()));
    assert_eq!(report.checked.events, events.len() as u64);
    assert_eq!(report.checked.candidates, 60);
    assert_eq!(report.checked.rows, 61);
    assert_eq!(report.checked.commits, facts.counts.evaluated + 1);
    assert_eq!(report.checked.snapshots, 1);
    assert!(report.checked.blobs > 100);
    assert!(serde_json::to_string(&report).unwrap().contains("\"findings\":[]"));
}

#[test]
fn a_lost_blob_is_named_with_the_event_that_needs_it_and_nothing_is_rebuilt_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let run = finished(dir.path(), 3, 30);
    let segment = run.blobs().join("000001.seg");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[70] ^= 1; // in the first blob: the start program
    fs::write(&segment, bytes).unwrap();
    let report = verify(&run, VerifyOptions::default()).unwrap();
    assert!(!report.ok());
    let blob = report.findings.iter().find(|f| f.part == "blobs").unwrap();
    assert!(blob.what.contains("start program") && blob.what.contains("event 0"), "{}", blob.what);
    assert!(report.findings.iter().any(|f| f.part == "lineage" && f.advice.contains("blobs")));
    let repaired = verify(&run, VerifyOptions { repair: true }).unwrap();
    assert_eq!(repaired.repaired, Vec::<&str>::new());
    assert!(run.lineage().join("packed-refs").exists());
}

#[test]
fn a_damaged_journal_is_a_finding_that_names_the_line_and_repair_leaves_it_alone() {
    let dir = tempfile::tempdir().unwrap();
    let run = finished(dir.path(), 3, 30);
    let mut bytes = fs::read(run.journal()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(run.journal(), &bytes).unwrap();
    for repair in [false, true] {
        let report = verify(&run, VerifyOptions { repair }).unwrap();
        assert!(!report.ok());
        assert!(report.findings[0].what.contains("line "), "{:?}", report.findings);
        assert_eq!(report.canonical_hash, None);
        assert_eq!(fs::read(run.journal()).unwrap(), bytes);
    }
}

#[test]
fn a_torn_tail_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let run = finished(dir.path(), 3, 30);
    let mut bytes = fs::read(run.journal()).unwrap();
    bytes.extend_from_slice(b"{\"v\":1,\"se");
    fs::write(run.journal(), bytes).unwrap();
    let report = verify(&run, VerifyOptions::default()).unwrap();
    assert!(report.ok());
    assert_eq!(report.findings[0].severity, Severity::Note);
    assert!(report.findings[0].what.contains("10 bytes"), "{:?}", report.findings);
}

#[test]
fn events_that_do_not_fit_are_damage() {
    let dir = tempfile::tempdir().unwrap();
    let mut writing = Writing::create(dir.path());
    let mut events = generated::run(3, 20, &*writing.blobs).unwrap();
    // An evaluation that ends twice.
    let place = events
        .iter()
        .position(|event| matches!(event.event, evolve_core::Event::Evaluated(_)))
        .unwrap();
    events.insert(place, events[place].clone());
    for (seq, event) in events.iter_mut().enumerate() {
        event.seq = evolve_core::Seq(seq as u64);
    }
    writing.append(&events);
    writing.settle();
    let run = writing.run.clone();
    drop(writing);
    let report = verify(&run, VerifyOptions::default()).unwrap();
    assert!(!report.ok());
    let finding = &report.findings[0];
    assert!(finding.part == "journal" && finding.what.contains("not under way"), "{finding:?}");
}

#[test]
fn a_snapshot_of_other_facts_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let run = finished(&dir.path().join("a"), 3, 30);
    let other = finished(&dir.path().join("b"), 4, 30);
    let path = |run: &evolve_store::RunDir| {
        fs::read_dir(run.snapshots()).unwrap().next().unwrap().unwrap().path()
    };
    let (mine, theirs) = (path(&run), path(&other));
    // Whole and readable, but under the wrong name.
    fs::copy(theirs, mine).unwrap();
    let report = verify(&run, VerifyOptions::default()).unwrap();
    assert!(report.findings.iter().any(|f| f.part == "snapshots"), "{:?}", report.findings);
    let repaired = verify(&run, VerifyOptions { repair: true }).unwrap();
    assert_eq!(repaired.repaired, ["snapshots"]);
    assert!(repaired.ok());
}

#[test]
fn a_live_run_can_be_verified_but_not_repaired() {
    let dir = tempfile::tempdir().unwrap();
    let mut writing = Writing::create(dir.path());
    let events = generated::run(3, 30, &*writing.blobs).unwrap();
    writing.append(&events);
    let report = verify(&writing.run, VerifyOptions::default()).unwrap();
    assert!(report.ok());
    assert_eq!(report.live.as_ref().unwrap().pid, std::process::id());
    assert!(report.findings[0].what.contains("in use"), "{:?}", report.findings);
    let error = verify(&writing.run, VerifyOptions { repair: true }).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    writing.settle();
}
