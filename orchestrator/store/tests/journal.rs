//! The journal keeps what it was given and notices what was changed.

#![allow(clippy::unwrap_used)] // also in the helpers, which clippy does not take for tests

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use common::Writing;
use evolve_core::event::{Envelope, Event};
use evolve_core::facts::Facts;
use evolve_core::ids::{RunId, Seq};
use evolve_core::ports::Journal;
use evolve_core::redact::Redactor;
use evolve_store::{Blobs, JournalWriter, Reader, Recovered, RunDir, StoreError};
use evolve_testkit::generated;
use proptest::prelude::*;

fn new_run(dir: &std::path::Path) -> RunDir {
    RunDir::create(dir, &RunId::from("run")).unwrap()
}

fn open(run: &RunDir) -> Result<(JournalWriter, Recovered), StoreError> {
    JournalWriter::open(run, Arc::new(Blobs::open_writer(run, Redactor::default()).unwrap()))
}

fn write(run: &RunDir, events: &[Envelope]) {
    open(run).unwrap().0.append(events).unwrap();
}

fn read(run: &RunDir) -> Result<Vec<Envelope>, StoreError> {
    Reader::open(run)?.events(Seq(0)).collect()
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_kept_and_the_run_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let run = new_run(dir.path());
    let events = generated::events(1, 6);
    write(&run, &events[..9]);
    let whole = fs::read(run.journal()).unwrap();
    write(&run, &events[9..10]);
    let longer = fs::read(run.journal()).unwrap();
    for length in whole.len()..longer.len() {
        fs::write(run.journal(), &longer[..length]).unwrap();
        assert_eq!(read(&run).unwrap(), events[..9], "a reader at {length}");
        let (mut writer, recovered) = open(&run).unwrap();
        assert_eq!(recovered.facts.unwrap().next_seq, Seq(9), "cut at {length}");
        match recovered.torn {
            None => assert_eq!(length, whole.len()),
            Some(torn) => {
                assert_eq!(fs::read(&torn.kept).unwrap(), longer[whole.len()..length]);
                fs::remove_file(torn.kept).unwrap();
            }
        }
        writer.append(&events[9..12]).unwrap();
        assert_eq!(read(&run).unwrap(), events[..12], "cut at {length}");
    }
}

#[test]
fn zeros_or_garbage_at_the_end_are_a_torn_tail() {
    let events = generated::events(1, 6);
    for tail in [&[0_u8; 300][..], b"\n", b"{}\n", b"garbage\nmore\n", b"{\"v\":1,\"seq\":9,\n\0\0"]
    {
        let dir = tempfile::tempdir().unwrap();
        let run = new_run(dir.path());
        write(&run, &events[..9]);
        let mut bytes = fs::read(run.journal()).unwrap();
        bytes.extend_from_slice(tail);
        fs::write(run.journal(), bytes).unwrap();
        assert_eq!(read(&run).unwrap(), events[..9]);
        let (mut writer, recovered) = open(&run).unwrap();
        assert_eq!(recovered.torn.unwrap().bytes, tail.len() as u64);
        writer.append(&events[9..]).unwrap();
        assert_eq!(read(&run).unwrap(), events);
    }
}

#[test]
fn a_flipped_byte_before_the_last_line_is_an_error_that_names_the_line() {
    let dir = tempfile::tempdir().unwrap();
    let run = new_run(dir.path());
    let events = generated::events(1, 6);
    write(&run, &events[..8]);
    let good = fs::read(run.journal()).unwrap();
    let ends: Vec<usize> =
        good.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at).collect();
    for at in 0..ends[6] {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(run.journal(), &bad).unwrap();
        let line = ends.iter().filter(|end| **end < at).count() as u64 + 1;
        // A writer finds what a reader finds; opening one costs more.
        let writer = if at % 23 == 0 { Some(open(&run).err()) } else { None };
        for error in std::iter::once(read(&run).err()).chain(writer) {
            match error.unwrap_or_else(|| panic!("byte {at} was not noticed")) {
                StoreError::Damaged { line: found, .. } => assert_eq!(found, line, "byte {at}"),
                other => panic!("byte {at}: {other}"),
            }
        }
        assert_eq!(fs::read(run.journal()).unwrap(), bad, "a damaged journal is left alone");
    }
}

#[test]
fn a_lost_doubled_or_foreign_line_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let run = new_run(dir.path());
    let events = generated::events(1, 6);
    write(&run, &events[..8]);
    let good = fs::read_to_string(run.journal()).unwrap();
    let lines: Vec<&str> = good.split_inclusive('\n').collect();
    let without = |n: usize| [&lines[..n], &lines[n + 1..]].concat().concat();
    let doubled = [&lines[..4], &lines[3..]].concat().concat();
    for (bad, line) in [(without(3), 4), (without(0), 1), (doubled, 5)] {
        fs::write(run.journal(), bad).unwrap();
        let error = read(&run).unwrap_err().to_string();
        assert!(error.contains(&format!("line {line} ")), "{error}");
    }
}

#[test]
fn a_line_of_a_newer_version_stops_readers_and_writers_and_is_not_cut() {
    let dir = tempfile::tempdir().unwrap();
    let run = new_run(dir.path());
    let events = generated::events(1, 6);
    write(&run, &events[..5]);
    let body = "{\"v\":99,\"seq\":5,\"event\":\"what-nobody-knows\"";
    let line = format!("{body},\"crc\":\"{:08x}\"}}\n", crc32c::crc32c(body.as_bytes()));
    let mut file = fs::OpenOptions::new().append(true).open(run.journal()).unwrap();
    file.write_all(line.as_bytes()).unwrap();
    let before = fs::read(run.journal()).unwrap();
    for error in [open(&run).err(), read(&run).err()] {
        let error = error.unwrap().to_string();
        assert!(error.contains("newer evolve") && error.contains("line 6"), "{error}");
    }
    assert_eq!(fs::read(run.journal()).unwrap(), before);
}

#[test]
fn events_out_of_order_are_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let run = new_run(dir.path());
    let events = generated::events(1, 6);
    let (mut writer, _) = open(&run).unwrap();
    assert!(writer.append(&events[1..3]).unwrap_err().what.contains("event 1"));
    writer.append(&events[..3]).unwrap();
    let doubled = [events[3].clone(), events[3].clone()];
    assert!(writer.append(&doubled).is_err());
    writer.append(&events[3..]).unwrap();
    assert_eq!(read(&run).unwrap(), events);
}

#[test]
fn a_reader_follows_a_writer_event_by_event() {
    let dir = tempfile::tempdir().unwrap();
    let run = new_run(dir.path());
    let events = generated::events(4, 40);
    let (mut writer, _) = open(&run).unwrap();
    assert!(matches!(Reader::open(&run).err().unwrap(), StoreError::Empty { .. }));
    writer.append(&events[..1]).unwrap();
    let mut reader = Reader::open(&run).unwrap();
    for (n, event) in events.iter().enumerate().skip(1) {
        writer.append(std::slice::from_ref(event)).unwrap();
        assert_eq!(reader.refresh().unwrap(), 1);
        assert_eq!(reader.refresh().unwrap(), 0);
        let from = Seq(n as u64 / 2);
        let tail: Vec<_> = reader.events(from).map(Result::unwrap).collect();
        assert_eq!(tail, events[n / 2..=n]);
    }
    let expected = Facts::fold(&events).unwrap();
    assert_eq!(reader.facts().canonical_hash(), expected.canonical_hash());
    assert_eq!(reader.facts().misfits, Vec::<String>::new());
}

#[test]
fn a_reader_gives_programs_and_texts() {
    let dir = tempfile::tempdir().unwrap();
    let run = common::finished(dir.path(), 5, 30);
    let reader = Reader::open(&run).unwrap();
    let best = reader.facts().best().unwrap();
    let program = reader.program(best).unwrap().unwrap();
    assert_eq!(Some(program.hash()), best.program);
    let (request, _) = reader.facts().candidates.iter().find_map(|c| c.calls.first()).unwrap();
    assert!(reader.text(*request).unwrap().starts_with("You improve a program"));
    let rejected = reader.facts().candidates.iter().find(|c| c.program.is_none()).unwrap();
    assert_eq!(reader.program(rejected).unwrap(), None);
}

#[test]
fn a_snapshot_that_cannot_be_used_is_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let run = common::finished(dir.path(), 5, 30);
    let expected = Reader::open(&run).unwrap().facts().canonical_hash();
    let snapshot = fs::read_dir(run.snapshots()).unwrap().next().unwrap().unwrap().path();
    let good = fs::read(&snapshot).unwrap();
    let mut newer = good.clone();
    newer[8] = 200;
    for bad in [newer, good[..20].to_vec(), Vec::new()] {
        fs::write(&snapshot, bad).unwrap();
        assert_eq!(Reader::open(&run).unwrap().facts().canonical_hash(), expected);
    }
    fs::write(run.snapshots().join("000009999999.zst"), good).unwrap();
    assert_eq!(Reader::open(&run).unwrap().facts().canonical_hash(), expected);
}

/// The writing side of the test below: runs only when that test starts it.
#[test]
fn a_child_that_writes_until_it_is_killed() {
    let Ok(path) = std::env::var("EVOLVE_STORE_TEST_RUN") else { return };
    let seed = std::env::var("EVOLVE_STORE_TEST_SEED").unwrap().parse().unwrap();
    let run = RunDir::create(path.as_ref(), &RunId::from("run"))
        .or_else(|_| RunDir::open(std::path::Path::new(&path).join("run")))
        .unwrap();
    let mut writing = Writing::open(&run);
    let events = generated::run(seed, 400, &*writing.blobs).unwrap();
    let done = writing.facts.as_ref().map_or(0, |facts| facts.next_seq.0) as usize;
    for batch in events[done..].chunks(3) {
        writing.append(batch);
        // Straight to the pipe: the test harness catches what is printed.
        let line = format!("{}\n", batch.last().unwrap().seq);
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
    writing.settle();
}

#[test]
fn nothing_that_an_append_returned_for_is_lost_when_the_process_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let events = generated::events(9, 400);
    let mut after = 1;
    let mut kills = 0;
    loop {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_child_that_writes_until_it_is_killed", "--nocapture"])
            .env("EVOLVE_STORE_TEST_RUN", dir.path())
            .env("EVOLVE_STORE_TEST_SEED", "9")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut promised = None;
        let numbers = output.lines().map_while(Result::ok);
        for number in numbers.filter_map(|line| line.parse::<u64>().ok()).take(after) {
            promised = Some(number);
        }
        let _ = child.kill(); // SIGKILL
        let finished = child.wait().unwrap().success();
        let run = RunDir::open(dir.path().join("run")).unwrap();
        let reader = Reader::open(&run).unwrap();
        let found: Vec<_> = reader.events(Seq(0)).map(Result::unwrap).collect();
        assert!(found.len() as u64 > promised.unwrap_or(0), "promised {promised:?}");
        assert_eq!(found, events[..found.len()]);
        for event in &found {
            if let Event::Proposed(event) = &event.event {
                reader.blobs().get(event.program).unwrap();
            }
        }
        if finished {
            break;
        }
        kills += 1;
        after = after * 2 + 13;
    }
    assert!(kills >= 5, "only {kills} kills");
    let run = RunDir::open(dir.path().join("run")).unwrap();
    let report = evolve_store::verify(&run, evolve_store::VerifyOptions::default()).unwrap();
    assert_eq!(report.findings, [], "after {kills} kills");
    assert_eq!(report.checked.events, events.len() as u64);
    common::git(&run, &["fsck", "--strict"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    #[test]
    fn any_run_is_read_back_however_it_was_cut_into_appends(
        seed in any::<u64>(),
        candidates in 0..40_u64,
        cuts in proptest::collection::vec(1..30_usize, 1..20),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let run = new_run(dir.path());
        let events = generated::events(seed, candidates);
        let (mut rest, mut cuts) = (&events[..], cuts.into_iter().cycle());
        while !rest.is_empty() {
            let (now, later) = rest.split_at(cuts.next().unwrap_or(1).min(rest.len()));
            let (mut writer, recovered) = open(&run).unwrap();
            prop_assert!(recovered.torn.is_none());
            writer.append(now).unwrap();
            rest = later;
        }
        prop_assert_eq!(read(&run).unwrap(), events.clone());
        let expected = Facts::fold(&events).unwrap().canonical_hash();
        prop_assert_eq!(Reader::open(&run).unwrap().facts().canonical_hash(), expected);
    }
}
