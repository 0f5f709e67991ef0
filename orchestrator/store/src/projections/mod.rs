//! What is kept in step with the journal, behind it: the results database, the lineage and
//! the snapshots, all on one thread of their own.

mod worker;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use evolve_core::event::{Analyzed, Envelope, Event};
use evolve_core::facts::{CandidateFacts, Facts};
use evolve_core::ids::{CandidateId, Seq};
use evolve_core::knowledge::Insight;
use evolve_core::ports::{HostFault, Projection};

use crate::blobs::Blobs;
use crate::error::StoreError;
use crate::run_dir::RunDir;
use crate::snapshot;
use worker::Worker;

pub(crate) use worker::rows;

/// The projections of a run. Only the holder of the run's lock may have them.
///
/// They are complete after [`Projection::settle`]; a crash leaves them behind, and they
/// catch up when they are opened again. One that is missing, damaged or of another version
/// is rebuilt from the journal. Dropping them without settling is like a crash.
pub struct Projections {
    messages: Option<SyncSender<Message>>,
    worker: Option<JoinHandle<()>>,
    snapshot: Seq,
}

/// So many batches may wait before the dispatcher waits too.
const BACKLOG: usize = 4_096;

enum Message {
    /// Durable events, and what they changed.
    Follow(Box<Batch>),
    /// The facts are to become a snapshot.
    Snapshot(Box<Facts>),
    /// Bring everything up to these facts and answer.
    Settle(Box<Facts>, SyncSender<Result<(), HostFault>>),
}

struct Batch {
    events: Vec<Envelope>,
    candidates: Vec<Arc<CandidateFacts>>,
    /// By key; none where it was retired. The last word on a key counts.
    insights: Vec<(String, Option<Insight>)>,
}

impl Projections {
    /// Starts the thread. `facts` are those after the journal's last event; none in a new
    /// run. Catching up happens on the thread.
    pub fn open(
        run: &RunDir,
        blobs: Arc<Blobs>,
        facts: Option<&Facts>,
    ) -> Result<Self, StoreError> {
        let snapshot = snapshot::list(run)?.first().map_or(Seq(0), |(seq, _)| *seq);
        let (messages, inbox) = sync_channel(BACKLOG);
        let run = run.clone();
        let facts = facts.cloned();
        let worker = std::thread::Builder::new()
            .name("projections".to_owned())
            .spawn(move || work(run, blobs, facts, &inbox))
            .map_err(StoreError::io("start a thread for", std::path::Path::new("projections")))?;
        Ok(Self { messages: Some(messages), worker: Some(worker), snapshot })
    }

    fn send(&self, message: Message) -> Result<(), HostFault> {
        let sent = self.messages.as_ref().is_some_and(|messages| messages.send(message).is_ok());
        if sent {
            return Ok(());
        }
        Err(HostFault::new(
            "the thread that keeps database and lineage has died; the journal has everything: \
             resume, or run `evolve verify --repair`",
        ))
    }
}

fn work(run: RunDir, blobs: Arc<Blobs>, facts: Option<Facts>, inbox: &Receiver<Message>) {
    let mut worker = Worker::new(run, blobs);
    if let Some(facts) = facts {
        worker.catch_up(&facts);
    }
    worker.serve(inbox);
}

impl Projection for Projections {
    fn follow(&mut self, events: &[Envelope], facts: &Facts) {
        let batch = Box::new(Batch::new(events, facts));
        // A dead thread is reported when the run settles.
        let _ = self.send(Message::Follow(batch));
        if snapshot::is_due(self.snapshot, facts.next_seq) {
            self.snapshot = facts.next_seq;
            let _ = self.send(Message::Snapshot(Box::new(facts.clone())));
        }
    }

    fn settle(&mut self, facts: &Facts) -> Result<(), HostFault> {
        let (answer, outcome) = sync_channel(1);
        self.send(Message::Settle(Box::new(facts.clone()), answer))?;
        self.snapshot = facts.next_seq;
        outcome.recv().unwrap_or_else(|_| {
            Err(HostFault::new("the thread that keeps database and lineage died while settling"))
        })
    }
}

impl Drop for Projections {
    fn drop(&mut self) {
        self.messages = None; // ends the thread
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

impl Batch {
    fn new(events: &[Envelope], facts: &Facts) -> Self {
        let mut ids: Vec<CandidateId> =
            events.iter().flat_map(|event| changed(event, facts)).collect();
        ids.sort_unstable();
        ids.dedup();
        let candidates = ids.into_iter().filter_map(|id| facts.candidate(id).cloned()).collect();
        let insights = events.iter().flat_map(|event| match &event.event {
            Event::Analyzed(event) => told(event),
            _ => Vec::new(),
        });
        Self { events: events.to_vec(), candidates, insights: insights.collect() }
    }
}

/// What an event says of insights, in the order in which it counts.
fn told(event: &Analyzed) -> Vec<(String, Option<Insight>)> {
    let retired = event.retired.iter().map(|key| (key.clone(), None));
    let held = event.insights.iter().map(|insight| (insight.key.clone(), Some(insight.clone())));
    retired.chain(held).collect()
}

/// The candidates whose facts an event may have changed; `facts` are those after it, or
/// later ones if what follows is asked about, too.
fn changed(envelope: &Envelope, facts: &Facts) -> Vec<CandidateId> {
    let one = match &envelope.event {
        Event::RunStarted(_) => CandidateId::START,
        Event::Selected(event) => event.candidate,
        Event::CallSettled(event) => event.candidate,
        Event::KnowledgeShown(event) => event.candidate,
        Event::Proposed(event) => event.candidate,
        Event::Rejected(event) => event.candidate,
        Event::EvalStarted(event) => event.candidate,
        Event::Evaluated(event) => event.candidate,
        Event::Quarantined(event) | Event::Demoted(event) => event.candidate,
        // What was under evaluation waits again.
        Event::Resumed(event) if event.process.is_some() => {
            return facts.ready.iter().copied().collect();
        }
        Event::StageDone(_)
        | Event::Promoted(_)
        | Event::AnalysisStarted(_)
        | Event::Analyzed(_)
        | Event::BudgetChanged(_)
        | Event::BreakerChanged(_)
        | Event::Paused(_)
        | Event::Resumed(_)
        | Event::Stopped(_) => return Vec::new(),
    };
    vec![one]
}
