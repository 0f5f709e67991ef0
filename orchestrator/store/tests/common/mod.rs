//! Runs on disk for tests.
#![allow(dead_code)] // every test file uses a part of it

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use evolve_core::event::Envelope;
use evolve_core::facts::Facts;
use evolve_core::ids::RunId;
use evolve_core::ports::{Journal, Projection};
use evolve_core::redact::Redactor;
use evolve_store::{Blobs, JournalWriter, Projections, RunDir, RunLock};
use evolve_testkit::generated;

/// A run that is being written.
pub struct Writing {
    pub run: RunDir,
    pub blobs: Arc<Blobs>,
    pub journal: JournalWriter,
    pub facts: Option<Facts>,
    pub projections: Projections,
    pub lock: RunLock,
}

impl Writing {
    pub fn create(dir: &Path) -> Self {
        Self::open(&RunDir::create(dir, &RunId::from("run")).unwrap())
    }

    pub fn open(run: &RunDir) -> Self {
        let lock = RunLock::lock(run).unwrap();
        let blobs = Arc::new(Blobs::open_writer(run, Redactor::default()).unwrap());
        let (journal, recovered) = JournalWriter::open(run, Arc::clone(&blobs)).unwrap();
        let facts = recovered.facts;
        let projections = Projections::open(run, Arc::clone(&blobs), facts.as_ref()).unwrap();
        Self { run: run.clone(), blobs, journal, facts, projections, lock }
    }

    /// As the dispatcher does: journal, fold, tell the projections.
    pub fn append(&mut self, events: &[Envelope]) {
        for batch in events.chunks(7) {
            self.journal.append(batch).unwrap();
            for event in batch {
                match &mut self.facts {
                    Some(facts) => facts.apply(event),
                    none => *none = Some(Facts::begin(event).unwrap()),
                }
            }
            self.projections.follow(batch, self.facts.as_ref().unwrap());
        }
    }

    pub fn settle(&mut self) {
        self.projections.settle(self.facts.as_ref().unwrap()).unwrap();
    }
}

/// A finished run of so many proposals.
pub fn finished(dir: &Path, seed: u64, candidates: u64) -> RunDir {
    let mut writing = Writing::create(dir);
    let events = generated::run(seed, candidates, &*writing.blobs).unwrap();
    writing.append(&events);
    writing.settle();
    writing.run
}

/// What a git command prints.
pub fn git(run: &RunDir, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(run.lineage())
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {}", text(&output.stderr));
    text(&output.stdout) + &text(&output.stderr)
}
