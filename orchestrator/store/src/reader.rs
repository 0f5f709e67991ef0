//! Reading a run, also while it is being written.

use std::sync::Arc;

use evolve_core::event::Envelope;
use evolve_core::facts::{CandidateFacts, Facts};
use evolve_core::ids::{BlobHash, Seq};
use evolve_core::ports::BlobStore;
use evolve_core::program::Program;

use crate::blobs::Blobs;
use crate::error::StoreError;
use crate::journal::{JournalMap, Lines};
use crate::recover::{State, recover};
use crate::run_dir::RunDir;

/// A run as a reader sees it. Takes no lock, writes nothing, opens neither sled nor git.
pub struct Reader {
    run: RunDir,
    map: JournalMap,
    facts: Facts,
    blobs: Arc<Blobs>,
}

impl Reader {
    /// Reads the newest snapshot and the journal's events after it. A line that is just
    /// being written is left for the next [`Reader::refresh`].
    pub fn open(run: &RunDir) -> Result<Self, StoreError> {
        // Side by side: of a long run each takes a part of a second.
        let (state, blobs) = std::thread::scope(|scope| {
            let opening = scope.spawn(|| Blobs::open_reader(run));
            (recover(run), opening.join())
        });
        let State { map, facts, .. } = state?;
        let facts = facts.ok_or_else(|| StoreError::Empty { path: run.journal() })?;
        let blobs = Arc::new(blobs.unwrap_or_else(|_| Blobs::open_reader(run))?);
        Ok(Self { run: run.clone(), map, facts, blobs })
    }

    /// The run's folder.
    pub fn run(&self) -> &RunDir {
        &self.run
    }

    /// The facts as of the last look.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Looks for events that were written since, and returns how many there are.
    pub fn refresh(&mut self) -> Result<u64, StoreError> {
        let before = self.facts.next_seq;
        self.map.follow()?;
        if self.map.events < before.0 {
            // The writer took back what it could not make durable: read everything anew.
            *self = Self::open(&self.run)?;
            return Ok(0);
        }
        let mut new = 0;
        for event in self.map.lines(before)? {
            self.facts.apply(&event?);
            new += 1;
        }
        Ok(new)
    }

    /// The events from this position on, as of the last look.
    pub fn events(&self, from: Seq) -> Events {
        match self.map.lines(from) {
            Ok(lines) => Events { lines: Some(lines), error: None },
            Err(error) => Events { lines: None, error: Some(error) },
        }
    }

    /// The run's blobs, for reading.
    pub fn blobs(&self) -> Arc<dyn BlobStore> {
        Arc::clone(&self.blobs) as Arc<dyn BlobStore>
    }

    /// A candidate's program; none if its proposal did not lead to one.
    pub fn program(&self, candidate: &CandidateFacts) -> Result<Option<Program>, StoreError> {
        let Some(hash) = candidate.program else { return Ok(None) };
        let program = Program::from_bytes(&self.blobs.load(hash)?).map_err(|error| {
            StoreError::Blob { hash, what: format!("is not a program: {error}") }
        })?;
        Ok(Some(program))
    }

    /// A blob as text; what is not UTF-8 in it is replaced.
    pub fn text(&self, hash: BlobHash) -> Result<String, StoreError> {
        let bytes = self.blobs.load(hash)?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}

/// Events of a journal, one after the other; nothing follows an error.
pub struct Events {
    lines: Option<Lines>,
    error: Option<StoreError>,
}

impl Iterator for Events {
    type Item = Result<Envelope, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.error.take() {
            return Some(Err(error));
        }
        self.lines.as_mut()?.next()
    }
}
