//! Replay: the recorded completions, in the recorded order, through a fresh machine
//! (invariant 3). Every decision the machine makes must be the recorded one.

use evolve_core::event::{Event, Reservation, RunStarted, Selection, StopReason};
use evolve_core::facts::NoRunStarted;
use evolve_core::outcome::RejectReason;
use evolve_core::ports::{
    BlobStore, BoxFuture, HostFault, Journal, NoProgram, Projection, ProposalOutcome,
    ProposalRequest, Proposer,
};
use evolve_core::{Envelope, Facts, Seq};
use std::sync::{Arc, Mutex, PoisonError};

use crate::machine::{Machine, Parts};

/// Events appended to the new journal at once.
const BATCH: usize = 512;

/// The first place where this version decides otherwise than the recorded run did.
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence {
    /// Where.
    pub seq: Seq,
    /// What was recorded.
    pub recorded: Event,
    /// What was decided now; nothing, if no decision was made.
    pub decided: Option<Event>,
}

/// What a replay found.
pub struct Replayed {
    /// The facts at its end.
    pub facts: Facts,
    /// The first divergence; the replay ends there.
    pub divergence: Option<Divergence>,
}

/// Why a replay could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The recorded journal cannot be read, or the new one not written.
    #[error(transparent)]
    Host(#[from] HostFault),
    /// The recorded journal has no beginning.
    #[error(transparent)]
    Begin(#[from] NoRunStarted),
}

/// Where a replay writes.
pub struct Target<'a> {
    /// The new run's journal.
    pub journal: &'a mut dyn Journal,
    /// What follows it.
    pub projection: &'a mut dyn Projection,
    /// The new run's blobs.
    pub blobs: &'a dyn BlobStore,
}

/// Replays `recorded` (its event 0 replaced by `started`) without a model or an evaluator.
/// Reservations come from the record, too.
pub fn replay(
    recorded: impl Iterator<Item = Result<Envelope, HostFault>>,
    source: &dyn BlobStore,
    started: RunStarted,
    parts: Parts,
    target: &mut Target<'_>,
) -> Result<Replayed, ReplayError> {
    let reservation = Arc::new(Mutex::new(Reservation::default()));
    let proposer = Box::new(Recorded { reservation: Arc::clone(&reservation) });
    let mut recorded = recorded;
    let first = recorded.next().ok_or(NoRunStarted)??;
    copy_blobs(&first.event, source, target.blobs)?;
    let mut machine = Machine::begin(started, parts, proposer)?;
    for next in recorded {
        let next = next?;
        if let Event::Selected(selected) = &next.event {
            *reservation.lock().unwrap_or_else(PoisonError::into_inner) = selected.reserved;
        }
        let decided = if cuts_decisions(&next.event) { None } else { machine.decide() };
        let agrees = match &decided {
            Some(event) => *event == next.event,
            None => !is_decision(&next.event),
        };
        if !agrees {
            let divergence = Divergence { seq: next.seq, recorded: next.event, decided };
            finish(&mut machine, target)?;
            let facts = machine.facts;
            return Ok(Replayed { facts, divergence: Some(divergence) });
        }
        copy_blobs(&next.event, source, target.blobs)?;
        machine.record(next.event);
        if machine.facts.next_seq.0.is_multiple_of(BATCH as u64) {
            finish(&mut machine, target)?;
        }
    }
    finish(&mut machine, target)?;
    target.projection.settle(&machine.facts)?;
    Ok(Replayed { facts: machine.facts, divergence: None })
}

fn finish(machine: &mut Machine, target: &mut Target<'_>) -> Result<(), HostFault> {
    let batch = machine.take_batch();
    target.journal.append(&batch)?;
    target.projection.follow(&batch, &machine.facts);
    Ok(())
}

fn copy_blobs(event: &Event, from: &dyn BlobStore, to: &dyn BlobStore) -> Result<(), HostFault> {
    for hash in event.blobs() {
        to.put(&from.get(hash)?)?;
    }
    Ok(())
}

/// Whether decisions that were due before this event may be missing from the record: a
/// process that was killed had not made them, or not made them durable.
fn cuts_decisions(event: &Event) -> bool {
    matches!(event, Event::Resumed(resumed) if resumed.process.is_some())
        || matches!(event, Event::BudgetChanged(_))
}

/// Whether an event follows from the ones before it. The others come from outside: workers,
/// people, the clock.
fn is_decision(event: &Event) -> bool {
    match event {
        Event::Selected(selected) => selected.selection.operator.is_chosen(),
        Event::EvalStarted(_)
        | Event::Quarantined(_)
        | Event::Promoted(_)
        | Event::Demoted(_)
        | Event::AnalysisStarted(_) => true,
        Event::Analyzed(analyzed) => analyzed.analysis.is_none(),
        Event::Rejected(rejected) => rejected.reason == RejectReason::Interrupted,
        Event::Stopped(stopped) => !matches!(
            stopped.reason,
            StopReason::Interrupted
                | StopReason::Budget { budget: evolve_core::event::BudgetKey::Wall }
        ),
        _ => false,
    }
}

/// Stands for the proposer: its proposals come from the record.
struct Recorded {
    reservation: Arc<Mutex<Reservation>>,
}

impl Proposer for Recorded {
    fn reservation(&self, _: &Selection) -> Reservation {
        *self.reservation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn propose(&self, _: ProposalRequest) -> BoxFuture<ProposalOutcome> {
        let why = "a replay makes no proposals of its own";
        let result = Err(NoProgram::new(RejectReason::HostFault, why));
        Box::pin(std::future::ready(ProposalOutcome { shown: Vec::new(), result }))
    }

    fn observe(&mut self, _: &Facts, _: &Envelope) {}
}
