//! Executors own the work: they run futures, store bytes, and send what came of it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};

use evolve_core::event::{
    BreakerChanged, CallSettled, EvalStarted, Evaluated, Event, KnowledgeShown, Proposed, Rejected,
    StageDone,
};
use evolve_core::ids::{BlobHash, CandidateId, ModelName};
use evolve_core::objective::Metrics;
use evolve_core::outcome::{EvalReport, EvalStatus, RejectReason, StageReport};
use evolve_core::ports::{
    BlobStore, BoxFuture, CallSink, EvalRequest, Evaluator, Finding, HostFault, NewProgram,
    NoProgram, ProposalOutcome, StageSink,
};
use evolve_core::{Program, Shape};
use futures::FutureExt;
use tokio::runtime::Handle as Runtime;
use tokio::task::JoinHandle;

use crate::inject::Given;
use crate::message::Message;

/// Work under way, by candidate; a candidate is proposed or evaluated, never both.
pub(crate) struct Executor {
    runtime: Runtime,
    sender: Sender<Message>,
    blobs: Arc<dyn BlobStore>,
    evaluator: Arc<dyn Evaluator>,
    run_seed: u64,
    /// The start program, read when it is first needed.
    start: Arc<Start>,
    tasks: HashMap<CandidateId, JoinHandle<()>>,
    analyses: HashMap<u64, JoinHandle<()>>,
}

impl Executor {
    pub(crate) fn new(
        runtime: Runtime,
        sender: Sender<Message>,
        blobs: Arc<dyn BlobStore>,
        evaluator: Arc<dyn Evaluator>,
        run_seed: u64,
    ) -> Self {
        let start = Arc::new(Start { hash: None, program: OnceLock::new() });
        let (tasks, analyses) = (HashMap::new(), HashMap::new());
        Self { runtime, sender, blobs, evaluator, run_seed, start, tasks, analyses }
    }

    /// Programs are measured against this one.
    pub(crate) fn starting_from(mut self, hash: Option<BlobHash>) -> Self {
        self.start = Arc::new(Start { hash, program: OnceLock::new() });
        self
    }

    pub(crate) fn start_proposal(
        &mut self,
        candidate: CandidateId,
        work: BoxFuture<ProposalOutcome>,
    ) {
        let (sender, blobs) = (self.sender.clone(), Arc::clone(&self.blobs));
        let start = Arc::clone(&self.start);
        let task = self.runtime.spawn(async move {
            let outcome = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
                let why = "the proposer panicked; please report this";
                ProposalOutcome {
                    shown: Vec::new(),
                    result: Err(NoProgram::new(RejectReason::HostFault, why)),
                }
            });
            let _ = sender.send(proposal_message(candidate, outcome, &*blobs, &start));
        });
        self.tasks.insert(candidate, task);
    }

    /// Has a person's program checked and stored.
    pub(crate) fn start_admission(
        &self,
        work: BoxFuture<Result<NewProgram, NoProgram>>,
        given: Given,
    ) {
        let (sender, blobs) = (self.sender.clone(), Arc::clone(&self.blobs));
        let start = Arc::clone(&self.start);
        self.runtime.spawn(async move {
            let checked = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
                let why = "checking it panicked; please report this";
                Err(NoProgram::new(RejectReason::HostFault, why))
            });
            // Its number is given when it is recorded.
            let stored = checked.map_err(|none| none.detail).and_then(|new| {
                proposed(CandidateId::START, new, &*blobs, &start).map_err(|fault| fault.what)
            });
            let _ = sender.send(Message::Given(given, stored));
        });
    }

    pub(crate) fn start_analysis(
        &mut self,
        analysis: u64,
        work: BoxFuture<Result<Vec<Finding>, String>>,
    ) {
        let sender = self.sender.clone();
        let task = self.runtime.spawn(async move {
            let found = AssertUnwindSafe(work).catch_unwind().await;
            let found =
                found.unwrap_or_else(|_| Err("the analyzer panicked; please report this".into()));
            let _ = sender.send(Message::Analysis(analysis, found));
        });
        self.analyses.insert(analysis, task);
    }

    pub(crate) fn start_evaluation(&mut self, started: &EvalStarted, program: BlobHash) {
        let sender = self.sender.clone();
        let (blobs, evaluator) = (Arc::clone(&self.blobs), Arc::clone(&self.evaluator));
        let (started, run_seed) = (started.clone(), self.run_seed);
        let candidate = started.candidate;
        let task = self.runtime.spawn(async move {
            let report = match load(&*blobs, program) {
                Ok(program) => {
                    let request = EvalRequest {
                        candidate,
                        program,
                        purpose: started.purpose,
                        repeats: started.repeats,
                        run_seed,
                    };
                    let stages = Arc::new(Stages {
                        started: started.clone(),
                        blobs: Arc::clone(&blobs),
                        sender: sender.clone(),
                    });
                    let work = AssertUnwindSafe(evaluator.evaluate(request, stages));
                    work.catch_unwind().await.unwrap_or_else(|_| {
                        EvalReport::host_fault("the evaluator panicked; please report this")
                    })
                }
                Err(fault) => EvalReport::host_fault(fault.what),
            };
            let _ = sender.send(Message::Evaluation(stored(&started, report, &*blobs)));
        });
        self.tasks.insert(candidate, task);
    }

    /// Forgets finished work.
    pub(crate) fn ended(&mut self, candidate: CandidateId) {
        self.tasks.remove(&candidate);
    }

    /// Forgets a finished analysis.
    pub(crate) fn analysis_ended(&mut self, analysis: u64) {
        self.analyses.remove(&analysis);
    }

    /// Cancels all work and returns when everything it started is gone.
    pub(crate) fn cancel_all(&mut self) {
        let all = self.tasks.drain().map(|(_, task)| task);
        let all: Vec<_> = all.chain(self.analyses.drain().map(|(_, task)| task)).collect();
        all.iter().for_each(JoinHandle::abort);
        for task in all {
            let _ = self.runtime.block_on(task);
        }
    }
}

/// The program that a run began with.
struct Start {
    hash: Option<BlobHash>,
    program: OnceLock<Option<Program>>,
}

impl Start {
    /// None without one, or when it cannot be read: then shapes are absolute.
    fn program(&self, blobs: &dyn BlobStore) -> Option<&Program> {
        self.program.get_or_init(|| load(blobs, self.hash?).ok()).as_ref()
    }
}

fn load(blobs: &dyn BlobStore, program: BlobHash) -> Result<Program, HostFault> {
    let bytes = blobs.get(program)?;
    Program::from_bytes(&bytes)
        .map_err(|error| HostFault::new(format!("program {program} cannot be read: {error}")))
}

/// The event for a program, which is stored.
fn proposed(
    candidate: CandidateId,
    new: NewProgram,
    blobs: &dyn BlobStore,
    start: &Start,
) -> Result<Proposed, HostFault> {
    let shape = Shape { cluster: new.cluster, ..Shape::of(&new.program, start.program(blobs)) };
    Ok(Proposed {
        candidate,
        program: blobs.put(&new.program.to_bytes())?,
        normal: new.normal,
        shape: Some(shape),
        change: new.change,
        model: new.model,
        prompt: new.prompt,
        repairs: new.repairs,
    })
}

fn proposal_message(
    candidate: CandidateId,
    outcome: ProposalOutcome,
    blobs: &dyn BlobStore,
    start: &Start,
) -> Message {
    let shown = (!outcome.shown.is_empty())
        .then_some(KnowledgeShown { candidate, items: outcome.shown })
        .into_iter()
        .collect();
    let rejected = |reason, detail, prompt| Rejected {
        candidate,
        reason,
        detail,
        clash: None,
        prompt,
        forfeited: evolve_core::event::Reservation::default(),
    };
    let result = match outcome.result {
        Ok(new) => proposed(candidate, new, blobs, start)
            .map_err(|fault| rejected(RejectReason::HostFault, fault.what, None)),
        Err(none) => Err(rejected(none.reason, none.detail, none.prompt)),
    };
    Message::Proposal(candidate, shown, result)
}

/// The event for a report, its bytes stored. If they cannot be stored the result is the
/// host's fault, and the evaluation is redone: a result without its log is half lost.
fn stored(started: &EvalStarted, mut report: EvalReport, blobs: &dyn BlobStore) -> Evaluated {
    if report.status == EvalStatus::Ok && report.samples.iter().any(|s| !s.is_finite()) {
        report.status = EvalStatus::Invalid;
        report.detail = "the primary metric is not a finite number".into();
        report.samples.clear();
    }
    let bytes = store_bytes(&report, blobs);
    let (status, detail, artifacts, log) = match bytes {
        Ok((artifacts, log)) => (report.status, report.detail, artifacts, log),
        Err(fault) => {
            (EvalStatus::HostFault, fault.what, evolve_core::outcome::StoredArtifacts::new(), None)
        }
    };
    Evaluated {
        candidate: started.candidate,
        attempt: started.attempt,
        purpose: started.purpose,
        status,
        detail,
        stage: report.stage,
        metrics: finite(report.metrics),
        cases: finite(report.cases),
        samples: report.samples,
        feedback: report.feedback,
        artifacts,
        log,
        usage: report.usage,
    }
}

type Stored = (evolve_core::outcome::StoredArtifacts, Option<BlobHash>);

fn store_bytes(report: &EvalReport, blobs: &dyn BlobStore) -> Result<Stored, HostFault> {
    let artifacts = report
        .artifacts
        .iter()
        .map(|(name, bytes)| Ok((name.clone(), blobs.put(bytes)?)))
        .collect::<Result<_, HostFault>>()?;
    Ok((artifacts, store_log(&report.log, blobs)?))
}

/// What is not finite is no measurement and has no JSON form.
fn finite(mut metrics: Metrics) -> Metrics {
    metrics.retain(|_, value| value.is_finite());
    metrics
}

fn store_log(log: &[u8], blobs: &dyn BlobStore) -> Result<Option<BlobHash>, HostFault> {
    if log.is_empty() { Ok(None) } else { blobs.put(log).map(Some) }
}

struct Stages {
    started: EvalStarted,
    blobs: Arc<dyn BlobStore>,
    sender: Sender<Message>,
}

impl StageSink for Stages {
    fn stage_done(&self, report: StageReport) {
        // A log that cannot be stored will fail the evaluation's own storing, too.
        let log = store_log(&report.log, &*self.blobs).ok().flatten();
        let _ = self.sender.send(Message::stage(StageDone {
            candidate: self.started.candidate,
            attempt: self.started.attempt,
            purpose: self.started.purpose,
            stage: report.stage,
            repeat: report.repeat,
            status: report.status,
            metrics: finite(report.metrics),
            log,
            usage: report.usage,
        }));
    }
}

/// Reports a proposal's model calls to the dispatcher.
pub(crate) struct Calls {
    pub(crate) sender: Sender<Message>,
}

impl CallSink for Calls {
    fn settled(&self, call: CallSettled) {
        let _ = self.sender.send(Message::call(call));
    }

    fn breaker(&self, model: &ModelName, open: bool, why: &str) {
        let (model, why) = (model.clone(), why.to_owned());
        let event = Event::BreakerChanged(BreakerChanged { model, open, why });
        let _ = self.sender.send(Message::Record(event));
    }
}
