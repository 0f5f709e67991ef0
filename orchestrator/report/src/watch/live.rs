//! A run that is followed while it is written.

use evolve_core::{CandidateId, Facts, Seq};
use evolve_store::{Reader, RunDir, StoreError};
use jiff::Timestamp;

use super::notice::Tail;
use super::view::View;
use crate::model::{CandidateView, Moment};
use crate::text;

/// Events that are read again when a run is opened, for what the facts do not keep.
const LOOK_BACK: u64 = 5_000;

/// A run that is followed while it is written. Takes no lock.
pub struct Live {
    reader: Reader,
    tail: Tail,
}

impl Live {
    /// Opens a run.
    pub fn open(run: &RunDir) -> Result<Self, StoreError> {
        let reader = Reader::open(run)?;
        let from = Seq(reader.facts().next_seq.0.saturating_sub(LOOK_BACK));
        let mut live = Self { reader, tail: Tail::default() };
        live.read_from(from)?;
        Ok(live)
    }

    /// Looks for what was written since; whether there was anything.
    pub fn refresh(&mut self) -> Result<bool, StoreError> {
        let before = self.reader.facts().next_seq;
        self.reader.refresh()?;
        let after = self.reader.facts().next_seq;
        if after < before {
            // The writer took back what it could not make durable.
            self.tail = Tail::default();
            self.read_from(Seq(after.0.saturating_sub(LOOK_BACK)))?;
        } else {
            self.read_from(before)?;
        }
        Ok(after != before)
    }

    fn read_from(&mut self, from: Seq) -> Result<(), StoreError> {
        if from >= self.reader.facts().next_seq {
            return Ok(());
        }
        for event in self.reader.events(from) {
            self.tail.add(self.reader.facts(), &event?);
        }
        Ok(())
    }

    /// The facts as of the last look.
    pub fn facts(&self) -> &Facts {
        self.reader.facts()
    }

    /// The run's folder.
    pub fn run(&self) -> &RunDir {
        self.reader.run()
    }

    /// The time, and whether a process has the run.
    pub fn moment(&self) -> Moment {
        Moment::of(self.run())
    }

    /// What there is to see.
    pub fn view(&self, moment: &Moment) -> View {
        View::of(self.facts(), &self.tail, moment)
    }

    /// What `evolve show` prints of a candidate; none if the run has no such candidate.
    pub fn show(&self, candidate: CandidateId) -> Option<String> {
        let blobs = self.reader.blobs();
        let view = CandidateView::of(self.facts(), &*blobs, candidate)?;
        Some(text::candidate(&view, &Moment::at(Timestamp::now())))
    }
}
