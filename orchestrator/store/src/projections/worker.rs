//! The thread that owns database and lineage.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use evolve_core::event::{Envelope, Event};
use evolve_core::facts::{CandidateFacts, CandidateState, Facts};
use evolve_core::ids::{CandidateId, Seq};
use evolve_core::knowledge::Insight;
use evolve_core::ports::{HostFault, ProgramDatabase};

use super::{Batch, Message, changed, told};
use crate::blobs::Blobs;
use crate::database::SledDatabase;
use crate::disk::remove_dir;
use crate::error::StoreError;
use crate::journal::JournalMap;
use crate::lineage::Lineage;
use crate::run_dir::RunDir;
use crate::snapshot;

/// Changed candidates are written to the database when there are so many, or when nothing
/// happens.
const DATABASE_BATCH: usize = 256;
const IDLE: Duration = Duration::from_millis(500);
/// So that a slow run's lineage can be looked at, too.
const LINEAGE_AGE: Duration = Duration::from_mins(1);

pub(super) struct Worker {
    run: RunDir,
    blobs: Arc<Blobs>,
    /// None: it could not be opened or written, and is rebuilt when the run settles.
    database: Option<SledDatabase>,
    lineage: Option<Lineage>,
    candidates: BTreeMap<CandidateId, Arc<CandidateFacts>>,
    /// None where it was retired.
    insights: BTreeMap<String, Option<Insight>>,
    /// The next event.
    next: Seq,
    lineage_written: Instant,
}

impl Worker {
    /// Opens the projections, anew where they cannot be used.
    pub(super) fn new(run: RunDir, blobs: Arc<Blobs>) -> Self {
        let mut worker = Self {
            run,
            blobs,
            database: None,
            lineage: None,
            candidates: BTreeMap::new(),
            insights: BTreeMap::new(),
            next: Seq(0),
            lineage_written: Instant::now(),
        };
        worker.database = usable("results database", || open_database(&worker.run));
        worker.lineage = usable("lineage", || open_lineage(&worker.run));
        worker
    }

    /// Brings both up to these facts, whose events are in the journal.
    pub(super) fn catch_up(&mut self, facts: &Facts) {
        if let Err(error) = self.try_catch_up(facts) {
            tracing::warn!("database and lineage stay behind: {error}");
        }
    }

    fn try_catch_up(&mut self, facts: &Facts) -> Result<(), StoreError> {
        // One that is ahead of the journal belongs to events that were never durable.
        if self.database.as_ref().is_some_and(|db| !db.upto().is_ok_and(|s| s <= facts.next_seq)) {
            self.database = usable("results database", || new_database(&self.run));
        }
        if self.lineage.as_ref().is_some_and(|lineage| lineage.next() > facts.next_seq) {
            self.lineage = usable("lineage", || Lineage::create(&self.run));
        }
        let lineage_from = self.lineage.as_ref().map_or(facts.next_seq, Lineage::next);
        let database_from = self.database.as_ref().map(SledDatabase::upto).transpose()?;
        let database_from = database_from.unwrap_or(facts.next_seq);
        let mut touched = BTreeSet::new();
        let mut analyzed = Vec::new();
        let from = lineage_from.min(database_from);
        if from < facts.next_seq {
            let map = JournalMap::read(&self.run.journal())?;
            for event in map.lines(from)? {
                let event = event?;
                if event.seq >= facts.next_seq {
                    break;
                }
                if event.seq >= database_from {
                    touched.extend(changed(&event, facts));
                    if let Event::Analyzed(event) = &event.event {
                        analyzed.extend(told(event));
                    }
                }
                if event.seq >= lineage_from {
                    self.tell_lineage(&event);
                }
            }
        }
        let found = touched.into_iter().filter_map(|id| facts.candidate(id).cloned());
        self.candidates.extend(found.map(|candidate| (candidate.id, candidate)));
        self.insights.extend(analyzed);
        self.next = facts.next_seq;
        self.write_database();
        Ok(())
    }

    /// Serves until the run lets go of its projections.
    pub(super) fn serve(&mut self, inbox: &Receiver<Message>) {
        loop {
            match inbox.recv_timeout(IDLE) {
                Ok(Message::Follow(batch)) => self.follow(*batch),
                Ok(Message::Snapshot(facts)) => self.write_snapshot(&facts).unwrap_or_default(),
                Ok(Message::Settle(facts, answer)) => {
                    let _ = answer.send(self.settle(&facts));
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.write_database();
                    if self.lineage_written.elapsed() >= LINEAGE_AGE {
                        self.write_lineage();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn follow(&mut self, batch: Batch) {
        if batch.events.first().is_none_or(|first| first.seq > self.next) {
            // Events were left out: stay behind, and catch up from the journal when settling.
            return;
        }
        let next = self.next;
        for event in batch.events.iter().filter(|event| event.seq >= next) {
            self.tell_lineage(event);
        }
        let new = batch.candidates.into_iter().map(|candidate| (candidate.id, candidate));
        self.candidates.extend(new);
        self.insights.extend(batch.insights);
        if let Some(last) = batch.events.last() {
            self.next = self.next.max(Seq(last.seq.0 + 1));
        }
        if self.candidates.len() >= DATABASE_BATCH {
            self.write_database();
        }
        if self.lineage_written.elapsed() >= LINEAGE_AGE {
            self.write_lineage();
        }
    }

    fn tell_lineage(&mut self, event: &Envelope) {
        let Some(lineage) = &mut self.lineage else { return };
        if lineage.next() == event.seq {
            lineage.apply(event);
            if lineage.is_due() {
                self.write_lineage();
            }
        }
    }

    fn write_database(&mut self) {
        let Some(database) = &self.database else {
            // It is rebuilt from the journal.
            self.candidates.clear();
            self.insights.clear();
            return;
        };
        if self.candidates.is_empty() && self.insights.is_empty() {
            return;
        }
        let written = guarded("results database", || {
            let candidates = self.candidates.values().map(AsRef::as_ref);
            let insights = self.insights.iter().map(|(key, insight)| (key, insight.as_ref()));
            database.write(candidates, insights, self.next)
        });
        if written.is_none() {
            self.database = None;
        }
        self.candidates.clear();
        self.insights.clear();
    }

    fn write_lineage(&mut self) {
        self.lineage_written = Instant::now();
        let Some(lineage) = &mut self.lineage else { return };
        if !lineage.has_waiting() {
            return;
        }
        if guarded("lineage", || lineage.flush(&*self.blobs)).is_none() {
            self.lineage = None;
        }
    }

    fn write_snapshot(&self, facts: &Facts) -> Result<(), HostFault> {
        snapshot::write(&self.run, facts, self.blobs.redactor()).map_err(|error| {
            tracing::warn!("no snapshot was written: {error}");
            error.into()
        })
    }

    fn settle(&mut self, facts: &Facts) -> Result<(), HostFault> {
        if self.database.is_none() {
            self.database = usable("results database", || new_database(&self.run));
        }
        if self.lineage.is_none() {
            self.lineage = usable("lineage", || Lineage::create(&self.run));
        }
        self.write_database();
        self.try_catch_up(facts)?;
        let database = self.database.as_mut().ok_or_else(|| gone("results database"))?;
        if database.upto()? < facts.next_seq {
            database.store(&[], facts.next_seq)?;
        }
        database.flush()?;
        let lineage = self.lineage.as_mut().ok_or_else(|| gone("lineage"))?;
        lineage.flush(&*self.blobs)?;
        self.lineage_written = Instant::now();
        let newest = snapshot::list(&self.run)?.first().map_or(Seq(0), |(seq, _)| *seq);
        if newest == facts.next_seq { Ok(()) } else { self.write_snapshot(facts) }
    }
}

fn gone(what: &str) -> HostFault {
    HostFault::new(format!(
        "the {what} cannot be written; the journal has everything: look at the log for the reason, \
         then run `evolve verify --repair`"
    ))
}

/// The candidates that a database holds: all that exist.
pub(crate) fn rows(facts: &Facts) -> impl Iterator<Item = &CandidateFacts> {
    facts.candidates.iter().map(AsRef::as_ref).filter(|c| c.state != CandidateState::Absent)
}

fn open_database(run: &RunDir) -> Result<SledDatabase, StoreError> {
    SledDatabase::open(&run.database()).or_else(|error| {
        tracing::warn!("{error}: it is rebuilt from the journal");
        new_database(run)
    })
}

fn new_database(run: &RunDir) -> Result<SledDatabase, StoreError> {
    remove_dir(&run.database())?;
    SledDatabase::open(&run.database())
}

fn open_lineage(run: &RunDir) -> Result<Lineage, StoreError> {
    if !run.lineage().exists() {
        return Lineage::create(run);
    }
    Lineage::open(run).or_else(|error| {
        tracing::warn!("{error}: it is rebuilt from the journal");
        Lineage::create(run)
    })
}

fn usable<T>(what: &str, open: impl FnOnce() -> Result<T, StoreError>) -> Option<T> {
    guarded(what, open)
}

/// Runs what may fail or panic (sled does both on damaged files) without taking the thread
/// along.
fn guarded<T>(what: &str, work: impl FnOnce() -> Result<T, StoreError>) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            tracing::warn!("the {what} falls behind until the run settles: {error}");
            None
        }
        Err(_) => {
            tracing::warn!("the {what} falls behind until the run settles: its library panicked");
            None
        }
    }
}
