//! Database, lineage and snapshots follow the journal, whatever happens to them.

#![allow(clippy::unwrap_used)] // also in the helpers, which clippy does not take for tests

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use common::{Writing, finished, git};
use evolve_core::event::{Envelope, Event, Operator};
use evolve_core::ids::CandidateId;
use evolve_store::{Reader, RunDir, Severity, VerifyOptions, VerifyReport, verify};
use evolve_testkit::generated;

fn check(run: &RunDir) -> VerifyReport {
    verify(run, VerifyOptions::default()).unwrap()
}

fn refs(run: &RunDir) -> BTreeMap<String, String> {
    git(run, &["show-ref"])
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(id, name)| (name.to_owned(), id.to_owned()))
        .collect()
}

#[test]
fn git_finds_the_lineage_sound_and_shows_how_the_best_came_to_be() {
    let dir = tempfile::tempdir().unwrap();
    let run = finished(dir.path(), 7, 150);
    let fsck = git(&run, &["fsck", "--strict", "--full"]);
    assert!(!fsck.contains("error") && !fsck.contains("dangling"), "{fsck}");

    let reader = Reader::open(&run).unwrap();
    let facts = reader.facts();
    let evaluated = facts.candidates.iter().filter(|c| c.evaluation.is_some());
    let mut expected: BTreeSet<String> =
        evaluated.map(|c| format!("refs/candidates/{}", c.id)).collect();
    expected.insert("refs/heads/best".to_owned());
    assert_eq!(refs(&run).into_keys().collect::<BTreeSet<_>>(), expected);
    assert!(!run.lineage().join("refs/candidates").exists(), "references are packed");

    let best = facts.best().unwrap();
    let line = git(
        &run,
        &["log", "--first-parent", "--format=%(trailers:key=Candidate,valueonly)", "best"],
    );
    let line: Vec<&str> = line.split_whitespace().collect();
    let mut ancestors = vec![best.id.to_string()];
    ancestors.extend(facts.lineage(best.id).map(|c| c.id.to_string()));
    assert_eq!(line, ancestors);
    assert!(git(&run, &["log", "--graph", "--oneline", "best"]).contains(&best.id.to_string()));
    assert_eq!(git(&run, &["symbolic-ref", "HEAD"]).trim(), "refs/heads/best");
}

#[test]
fn a_commit_says_what_its_candidate_is() {
    let dir = tempfile::tempdir().unwrap();
    let run = finished(dir.path(), 7, 150);
    let reader = Reader::open(&run).unwrap();
    let facts = reader.facts();
    let trailers = |id: CandidateId| {
        let name = format!("refs/candidates/{id}");
        let text = git(&run, &["log", "-1", "--format=%(trailers:only)", &name]);
        let pairs = text.lines().filter_map(|line| line.split_once(": "));
        pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect::<BTreeMap<_, _>>()
    };
    let best = facts.best().unwrap();
    let said = trailers(best.id);
    assert_eq!(said["Candidate"], best.id.to_string());
    assert_eq!(said["Status"], "ok");
    assert_eq!(said["Operator"], best.selection.operator.word());
    assert_eq!(said["Cost"], best.cost.to_string());
    assert!(said.contains_key("Score") && said.contains_key("Metric-touching-pairs"), "{said:?}");
    let failed = facts
        .candidates
        .iter()
        .find(|c| c.evaluation.as_ref().is_some_and(|e| e.samples.is_empty()) && c.model.is_some())
        .unwrap();
    let said = trailers(failed.id);
    assert_eq!(said["Status"], failed.word());
    assert_eq!(said["Model"], failed.model.as_ref().unwrap().as_str());
    assert!(!said.contains_key("Score"));

    // The tree is the program.
    let name = format!("refs/candidates/{}:lib/grid.py", best.id);
    let program = reader.program(best).unwrap().unwrap();
    assert_eq!(git(&run, &["show", &name]), program.files["lib/grid.py"]);

    // A crossover has two parents, a draft none.
    let parents = |operator| {
        let made = facts.candidates.iter().filter(|c| c.evaluation.is_some());
        let made = made.filter(|c| c.selection.operator == operator);
        let most = made.max_by_key(|c| c.parents().len()).unwrap();
        let name = format!("refs/candidates/{}", most.id);
        git(&run, &["log", "-1", "--format=%P", &name]).split_whitespace().count()
    };
    assert_eq!(parents(Operator::Crossover), 2);
    assert_eq!(parents(Operator::Draft), 0);
    assert_eq!(parents(Operator::Start), 0);
}

#[test]
fn what_was_deleted_or_damaged_comes_back_equal() {
    let dir = tempfile::tempdir().unwrap();
    let run = finished(dir.path(), 8, 120);
    let before = check(&run);
    assert_eq!(before.findings, []);
    let commits = refs(&run);
    let damages: [(&str, &dyn Fn()); 6] = [
        ("database", &|| fs::remove_dir_all(run.database()).unwrap()),
        ("lineage", &|| fs::remove_dir_all(run.lineage()).unwrap()),
        ("lineage", &|| fs::remove_file(run.lineage().join("evolve-lineage.json")).unwrap()),
        ("lineage", &|| fs::write(run.lineage().join("packed-refs"), "").unwrap()),
        ("lineage", &|| fs::remove_dir_all(run.lineage().join("objects")).unwrap()),
        ("database", &|| {
            for entry in fs::read_dir(run.database()).unwrap().flatten() {
                if entry.path().is_file() {
                    fs::write(entry.path(), [0x5a; 5_000]).unwrap();
                }
            }
        }),
    ];
    for (part, damage) in damages {
        damage();
        let found = check(&run);
        assert!(!found.ok(), "{part}");
        assert!(found.findings.iter().all(|f| f.part == part), "{:?}", found.findings);
        let repaired = verify(&run, VerifyOptions { repair: true }).unwrap();
        assert_eq!(repaired.repaired, [part]);
        assert_eq!(repaired.findings, []);
        assert_eq!(repaired.canonical_hash, before.canonical_hash);
        assert_eq!(repaired.checked, before.checked);
        assert_eq!(refs(&run), commits);
        git(&run, &["fsck", "--strict"]);
    }
    fs::remove_dir_all(run.snapshots()).unwrap();
    let repaired = verify(&run, VerifyOptions { repair: true }).unwrap();
    assert_eq!(repaired.repaired, ["snapshots"]);
    assert_eq!(repaired.checked.snapshots, 1);
    assert_eq!(repaired.findings, []);
}

#[test]
fn projections_that_a_crash_left_behind_catch_up() {
    let dir = tempfile::tempdir().unwrap();
    let whole = finished(&dir.path().join("whole"), 11, 200);
    let mut writing = Writing::create(&dir.path().join("crashed"));
    let events = generated::run(11, 200, &*writing.blobs).unwrap();
    let run = writing.run.clone();
    for part in events.chunks(events.len() / 5 + 1) {
        writing.append(part);
        drop(writing); // without settling
        let found = check(&run);
        assert!(found.ok(), "{:?}", found.findings);
        assert!(found.findings.iter().all(|f| f.severity == Severity::Note));
        writing = Writing::open(&run);
    }
    writing.settle();
    drop(writing);
    let found = check(&run);
    assert_eq!(found.findings, []);
    assert_eq!(found.canonical_hash, check(&whole).canonical_hash);
    assert_eq!(refs(&run), refs(&whole), "the same events give the same commits");
}

#[test]
fn projections_that_were_deleted_are_rebuilt_when_the_run_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut writing = Writing::create(dir.path());
    let events = generated::run(12, 80, &*writing.blobs).unwrap();
    let (first, second) = events.split_at(events.len() / 2);
    writing.append(first);
    writing.settle();
    let run = writing.run.clone();
    drop(writing);
    for gone in [run.database(), run.lineage(), run.snapshots()] {
        fs::remove_dir_all(gone).unwrap();
    }
    let mut writing = Writing::open(&run);
    writing.append(second);
    writing.settle();
    drop(writing);
    assert_eq!(check(&run).findings, []);
}

#[test]
fn events_that_the_projections_were_not_told_of_are_found_in_the_journal() {
    use evolve_core::ports::{Journal, Projection};
    let dir = tempfile::tempdir().unwrap();
    let mut writing = Writing::create(dir.path());
    let events = generated::run(12, 60, &*writing.blobs).unwrap();
    writing.append(&events[..100]);
    writing.journal.append(&events[100..150]).unwrap();
    let facts = writing.facts.as_mut().unwrap();
    events[100..150].iter().for_each(|event| facts.apply(event));
    writing.append(&events[150..]);
    writing.projections.settle(writing.facts.as_ref().unwrap()).unwrap();
    let run = writing.run.clone();
    drop(writing);
    assert_eq!(check(&run).findings, []);
}

#[test]
fn many_settlings_do_not_leave_many_files() {
    let dir = tempfile::tempdir().unwrap();
    let mut writing = Writing::create(dir.path());
    let events = generated::run(13, 120, &*writing.blobs).unwrap();
    for part in events.chunks(8) {
        writing.append(part);
        writing.settle();
    }
    let run = writing.run.clone();
    drop(writing);
    let count = |dir: std::path::PathBuf| fs::read_dir(dir).unwrap().count();
    assert!(count(run.lineage().join("objects/pack")) < 60);
    assert_eq!(count(run.snapshots()), 2);
    assert_eq!(check(&run).findings, []);
    git(&run, &["fsck", "--strict", "--full"]);
}

#[test]
fn a_programs_odd_paths_do_not_make_the_lineage_unsound() {
    use evolve_core::ports::BlobStore;
    let dir = tempfile::tempdir().unwrap();
    let mut writing = Writing::create(dir.path());
    let mut events = generated::events(14, 0);
    let paths = [
        ".git/config",
        "a",
        "a/b",
        ".GITmodules",
        "x/.git\u{200d}",
        "git~1",
        "ä ö/ü",
        "a.b/c",
        "a-b",
        "..",
        "x//y",
        "",
        "/etc/passwd",
        ".gitattributes",
        "x/.gitignore ",
    ];
    let files = paths.map(|path| (path.to_owned(), path.to_owned()));
    let program = evolve_core::Program { files: files.into() };
    let hash = writing.blobs.put(&program.to_bytes()).unwrap();
    let Event::RunStarted(start) = &mut events[0].event else { panic!("event 0") };
    start.program = Some(hash);
    for event in &mut events {
        match &mut event.event {
            Event::StageDone(event) => event.log = None,
            Event::Evaluated(event) => (event.log, event.artifacts) = (None, BTreeMap::new()),
            _ => {}
        }
    }
    writing.append(&events);
    writing.settle();
    let run = writing.run.clone();
    drop(writing);
    let fsck = git(&run, &["fsck", "--strict"]);
    assert!(!fsck.contains("error") && !fsck.contains("warning"), "{fsck}");
    assert_eq!(git(&run, &["ls-tree", "-r", "--name-only", "best"]).lines().count(), paths.len());
    assert_eq!(check(&run).findings, []);
}

#[test]
fn evaluations_that_a_killed_process_left_wait_again_in_the_database_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut writing = Writing::create(dir.path());
    let events = generated::run(15, 90, &*writing.blobs).unwrap();
    let taken_over = |e: &&Envelope| matches!(&e.event, Event::Resumed(r) if r.process.is_some());
    let at = events.iter().find(taken_over).unwrap().seq.0 as usize;
    writing.append(&events[..at]);
    writing.settle();
    assert!(!writing.facts.as_ref().unwrap().evaluating.is_empty());
    writing.append(&events[at..=at]);
    writing.settle();
    let run = writing.run.clone();
    drop(writing);
    assert_eq!(check(&run).findings, []);
}
