//! The dispatcher's state.

use std::sync::Arc;

use evolve_core::event::{Event, JOURNAL_VERSION, RunStarted};
use evolve_core::facts::NoRunStarted;
use evolve_core::ports::{
    AnalysisRequest, Analyzer, BoxFuture, Clock, Finding, Inquiry, Learned, Proposer,
};
use evolve_core::{Envelope, Facts, Seq};
use evolve_search::Strategy;

/// What decides, besides the events and the proposer.
pub struct Parts {
    /// Decides parents, inspirations, operator, models, island.
    pub strategy: Box<dyn Strategy>,
    /// Learns insights; none with `--no-analyzer`.
    pub analyzer: Option<Box<dyn Analyzer>>,
    /// Gives events their time.
    pub clock: Arc<dyn Clock>,
}

/// Facts, and caches of the fold that strategy, proposer and analyzer keep.
pub struct Machine {
    pub(crate) facts: Facts,
    pub(crate) strategy: Box<dyn Strategy>,
    pub(crate) proposer: Box<dyn Proposer>,
    analyzer: Option<Box<dyn Analyzer>>,
    clock: Arc<dyn Clock>,
    learned: Learned,
    batch: Vec<Envelope>,
}

impl Machine {
    /// A machine for a new run; event 0 is in the batch.
    pub fn begin(
        started: RunStarted,
        parts: Parts,
        proposer: Box<dyn Proposer>,
    ) -> Result<Self, NoRunStarted> {
        let first = Envelope {
            v: JOURNAL_VERSION,
            seq: Seq(0),
            at: parts.clock.now(),
            event: Event::RunStarted(started),
        };
        let mut machine = Self::after(&first, parts, proposer)?;
        machine.batch.push(first);
        Ok(machine)
    }

    /// A machine that has lived through these events.
    pub fn rebuild<E>(
        events: impl IntoIterator<Item = Result<Envelope, E>>,
        parts: Parts,
        proposer: Box<dyn Proposer>,
    ) -> Result<Self, RebuildError<E>> {
        let mut events = events.into_iter();
        let first = events.next().ok_or(RebuildError::Begin(NoRunStarted))?;
        let first = first.map_err(RebuildError::Read)?;
        let mut machine = Self::after(&first, parts, proposer).map_err(RebuildError::Begin)?;
        for event in events {
            machine.fold(&event.map_err(RebuildError::Read)?);
        }
        // What the analyzer found was recorded, or fell with the process.
        machine.learned = Learned::default();
        Ok(machine)
    }

    fn after(
        first: &Envelope,
        parts: Parts,
        proposer: Box<dyn Proposer>,
    ) -> Result<Self, NoRunStarted> {
        let Parts { strategy, analyzer, clock } = parts;
        let facts = Facts::begin(first)?;
        let mut machine = Self {
            facts,
            strategy,
            proposer,
            analyzer,
            clock,
            learned: Learned::default(),
            batch: Vec::new(),
        };
        machine.observe(first);
        Ok(machine)
    }

    /// The facts so far.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// Records an event: gives it place and time and folds it.
    pub fn record(&mut self, event: Event) -> &Envelope {
        let envelope = Envelope {
            v: JOURNAL_VERSION,
            seq: self.facts.next_seq,
            at: self.clock.now().max(self.facts.last_at),
            event,
        };
        self.fold(&envelope);
        self.batch.push(envelope);
        &self.batch[self.batch.len() - 1]
    }

    /// The events recorded since the last call, which are not durable yet.
    pub fn take_batch(&mut self) -> Vec<Envelope> {
        std::mem::take(&mut self.batch)
    }

    /// What statistics found since the last call.
    pub(crate) fn take_learned(&mut self) -> Option<Learned> {
        (self.learned != Learned::default()).then(|| std::mem::take(&mut self.learned))
    }

    /// What a model would be asked now.
    pub(crate) fn inquiry(&self) -> Option<Inquiry> {
        self.analyzer.as_ref()?.inquire(&self.facts)
    }

    /// Begins an analysis that was decided.
    pub(crate) fn analysis(
        &self,
        request: AnalysisRequest,
    ) -> Option<BoxFuture<Result<Vec<Finding>, String>>> {
        Some(self.analyzer.as_ref()?.analyze(request))
    }

    /// What findings come to, beside what is known.
    pub(crate) fn merge(&self, findings: Vec<Finding>) -> Learned {
        self.analyzer.as_ref().map(|a| a.merge(&self.facts, findings)).unwrap_or_default()
    }

    fn fold(&mut self, envelope: &Envelope) {
        self.facts.apply(envelope);
        self.observe(envelope);
    }

    fn observe(&mut self, envelope: &Envelope) {
        if let Event::Resumed(resumed) = &envelope.event
            && resumed.process.is_some()
        {
            self.learned = Learned::default(); // it fell with the process that found it
        }
        self.strategy.observe(&self.facts, envelope);
        self.proposer.observe(&self.facts, envelope);
        if let Some(analyzer) = &mut self.analyzer {
            let Learned { insights, retired } = analyzer.observe(&self.facts, envelope);
            self.learned.insights.extend(insights);
            self.learned.retired.extend(retired);
        }
    }
}

/// A journal from which no machine can be rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError<E> {
    /// It has no beginning.
    #[error(transparent)]
    Begin(NoRunStarted),
    /// It cannot be read.
    #[error("the journal cannot be read: {0}")]
    Read(E),
}
