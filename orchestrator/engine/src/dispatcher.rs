//! The live loop: one thread that owns the machine, commits what it recorded, and only then
//! lets anything act on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use evolve_core::event::{
    AnalysisStarted, Analyzed, BudgetChanged, BudgetKey, CallSettled, EvalStarted, Event,
    PauseCause, Paused, Rejected, Resumed, RunStarted, Selected, StopReason, Stopped,
};
use evolve_core::facts::{NoRunStarted, Phase};
use evolve_core::ids::CandidateId;
use evolve_core::outcome::RejectReason;
use evolve_core::ports::{
    BlobStore, BoxFuture, Evaluator, Finding, HostFault, Journal, Learned, Projection,
    ProposalOutcome, Proposer,
};
use evolve_core::{Envelope, Facts};
use tokio::runtime::Handle as Runtime;

use crate::control::{self, Command, Reply};
use crate::executor::{Calls, Executor};
use crate::machine::{Machine, Parts, RebuildError};
use crate::message::{Answer, Handle, Message};
use crate::request::{analysis_request, proposal_request};

/// Messages taken into one commit at most, so that a flood still reaches the disk in time.
const BATCH: usize = 256;
/// How often observers hear of the run when nothing happens.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// Watches a live run, for progress displays.
pub trait Observer: Send {
    /// Called after every commit with its events, and now and then without any.
    fn update(&mut self, facts: &Facts, events: &[Envelope]);
}

/// How the loop begins.
pub enum Begin {
    /// A new run.
    New(Box<RunStarted>),
    /// A run that exists: its events so far.
    Resume {
        /// All events, from 0.
        events: Box<dyn Iterator<Item = Result<Envelope, HostFault>> + Send>,
        /// Changes of the budget, `KEY=VALUE`, validated.
        budget: Vec<BudgetChanged>,
        /// The event that says a new process has the run.
        resumed: Resumed,
    },
}

/// Everything the loop works with.
pub struct EngineSetup {
    /// How it begins.
    pub begin: Begin,
    /// Calls that were paid for before the loop begins.
    pub settled: Vec<CallSettled>,
    /// Strategy, analyzer, clock.
    pub parts: Parts,
    /// Makes candidates.
    pub proposer: Box<dyn Proposer>,
    /// The truth.
    pub journal: Box<dyn Journal>,
    /// What follows it.
    pub projection: Box<dyn Projection>,
    /// Programs, prompts, logs.
    pub blobs: Arc<dyn BlobStore>,
    /// Judges candidates.
    pub evaluator: Arc<dyn Evaluator>,
    /// Where the work runs.
    pub runtime: Runtime,
    /// Where live commands arrive; none for a run that cannot be steered.
    pub socket: Option<PathBuf>,
    /// Who watches.
    pub observer: Box<dyn Observer>,
    /// Called once with the handle for signals.
    pub on_handle: Box<dyn FnOnce(Handle) + Send>,
}

/// Why a run could not go on. It is resumable.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The journal or a projection could not be written.
    #[error(transparent)]
    Host(#[from] HostFault),
    /// The journal has no beginning.
    #[error(transparent)]
    Begin(#[from] NoRunStarted),
    /// The control socket could not be opened.
    #[error("cannot open the control socket {path}: {error}")]
    Socket {
        /// The socket.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
}

/// Runs until the run comes to rest, and returns the facts then. Blocks; call it from a
/// thread that is not a worker of `runtime`.
pub fn run(setup: EngineSetup) -> Result<Facts, EngineError> {
    let EngineSetup { begin, parts, proposer, journal, projection, blobs, evaluator, .. } = setup;
    let (sender, receiver) = channel();
    let listener = match &setup.socket {
        Some(path) => Some(open_socket(path, &setup.runtime)?),
        None => None,
    };
    let mut machine = start_machine(begin, parts, proposer)?;
    for call in setup.settled {
        machine.record(Event::CallSettled(call));
    }
    let (seed, start) = (machine.facts().run.seed, machine.facts().run.program);
    let executor =
        Executor::new(setup.runtime.clone(), sender.clone(), Arc::clone(&blobs), evaluator, seed)
            .starting_from(start);
    let mut dispatcher = Dispatcher {
        machine,
        journal,
        projection,
        blobs,
        executor,
        observer: setup.observer,
        sender: sender.clone(),
        replies: Vec::new(),
        actions: Vec::new(),
    };
    (setup.on_handle)(Handle { sender: sender.clone() });
    let server =
        listener.map(|listener| setup.runtime.spawn(control::serve(listener, sender.clone())));
    let result = dispatcher.run(&receiver);
    if let Some(server) = server {
        server.abort();
    }
    if let Some(path) = &setup.socket {
        let _ = std::fs::remove_file(path);
    }
    dispatcher.executor.cancel_all();
    result?;
    dispatcher.projection.settle(&dispatcher.machine.facts)?;
    Ok(dispatcher.machine.facts)
}

fn open_socket(path: &Path, runtime: &Runtime) -> Result<tokio::net::UnixListener, EngineError> {
    let _entered = runtime.enter();
    control::listen(path).map_err(|error| EngineError::Socket { path: path.to_owned(), error })
}

fn start_machine(
    begin: Begin,
    parts: Parts,
    proposer: Box<dyn Proposer>,
) -> Result<Machine, EngineError> {
    match begin {
        Begin::New(started) => Ok(Machine::begin(*started, parts, proposer)?),
        Begin::Resume { events, budget, resumed } => {
            let mut machine = Machine::rebuild(events, parts, proposer).map_err(rebuild_error)?;
            for change in budget {
                machine.record(Event::BudgetChanged(change));
            }
            machine.record(Event::Resumed(resumed));
            Ok(machine)
        }
    }
}

fn rebuild_error(error: RebuildError<HostFault>) -> EngineError {
    match error {
        RebuildError::Begin(error) => EngineError::Begin(error),
        RebuildError::Read(fault) => EngineError::Host(fault),
    }
}

/// Work that waits until the events that call for it are durable.
enum Action {
    Propose(CandidateId, BoxFuture<ProposalOutcome>),
    Evaluate(EvalStarted),
    Analyze(u64, BoxFuture<Result<Vec<Finding>, String>>),
}

pub(crate) struct Dispatcher {
    pub(crate) machine: Machine,
    journal: Box<dyn Journal>,
    projection: Box<dyn Projection>,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) executor: Executor,
    observer: Box<dyn Observer>,
    sender: Sender<Message>,
    pub(crate) replies: Vec<(Answer, Reply)>,
    actions: Vec<Action>,
}

impl Dispatcher {
    fn run(&mut self, receiver: &Receiver<Message>) -> Result<(), EngineError> {
        self.decide();
        self.commit()?;
        while !self.at_rest() {
            match receiver.recv_timeout(self.patience()) {
                Ok(message) => {
                    self.take(message);
                    for message in receiver.try_iter().take(BATCH) {
                        self.take(message);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break, // we hold a sender: never
            }
            self.check_wall();
            self.commit()?;
        }
        Ok(())
    }

    fn at_rest(&self) -> bool {
        matches!(self.machine.facts().phase, Phase::Stopped { .. })
    }

    /// Takes one message. After each the decisions it allows are made, so that they depend
    /// on the order of messages alone and not on how they happened to be batched.
    fn take(&mut self, message: Message) {
        if self.at_rest() {
            let place = match message {
                Message::Control(_, place) => place,
                Message::Given(given, _) => given.into_place(),
                _ => None,
            };
            self.answer(place, Reply::no("the run has stopped; `evolve resume` goes on with it"));
            return; // work that ended after the stop is redone on resume
        }
        match message {
            Message::Record(event) => {
                self.machine.record(event);
            }
            Message::Proposal(candidate, shown, result) => {
                self.executor.ended(candidate);
                for event in shown {
                    self.machine.record(Event::KnowledgeShown(event));
                    self.decide();
                }
                let event = match result {
                    Ok(proposed) => {
                        self.duplicate(&proposed).map_or(Event::Proposed(proposed), Event::Rejected)
                    }
                    Err(rejected) => Event::Rejected(rejected),
                };
                self.machine.record(event);
            }
            Message::Analysis(analysis, found) => self.analyzed(analysis, found),
            Message::Evaluation(evaluated) => {
                self.executor.ended(evaluated.candidate);
                self.machine.record(Event::Evaluated(evaluated));
            }
            Message::Control(command, place) => self.obey(command, place),
            Message::Given(given, checked) => self.inject(given, checked),
        }
        self.decide();
    }

    fn analyzed(&mut self, analysis: u64, found: Result<Vec<Finding>, String>) {
        self.executor.analysis_ended(analysis);
        let (findings, detail) = match found {
            Ok(findings) => (findings, String::new()),
            Err(why) => (Vec::new(), why),
        };
        let Learned { insights, retired } = self.machine.merge(findings);
        let analysis = Some(analysis);
        self.machine.record(Event::Analyzed(Analyzed { analysis, insights, retired, detail }));
    }

    /// The rejection of a program that is known already: it costs no evaluation.
    fn duplicate(&self, new: &evolve_core::event::Proposed) -> Option<Rejected> {
        let facts = self.machine.facts();
        let known = |hash| facts.known_program(hash);
        let summary = &new.change.summary;
        let (clash, detail) = if let Some(clash) = known(new.program) {
            (clash, format!("it is {clash} again ({summary})"))
        } else {
            let clash = new.normal.and_then(known)?;
            let what = "only layout, comments or local names differ";
            (clash, format!("it is {clash} in other words: {what} ({summary})"))
        };
        Some(Rejected {
            candidate: new.candidate,
            reason: RejectReason::Duplicate,
            detail,
            clash: Some(clash),
            prompt: new.prompt,
            forfeited: evolve_core::event::Reservation::default(),
        })
    }

    fn obey(&mut self, command: Command, place: Option<Answer>) {
        let reply = match command {
            Command::Pause => self.pause(),
            Command::Unpause => self.unpause(),
            Command::Stop => {
                let draining = Phase::Paused { cause: PauseCause::Draining };
                if self.machine.facts().phase != draining {
                    self.machine.record(Event::Paused(Paused { cause: PauseCause::Draining }));
                }
                Reply::ok("stopping when what is under way has ended")
            }
            Command::StopNow => {
                self.machine.record(Event::Stopped(Stopped { reason: StopReason::Interrupted }));
                Reply::ok("stopped")
            }
            Command::Budget { change } => self.change_budget(change),
            Command::Inject(inject) => return self.examine(inject, place),
        };
        self.answer(place, reply);
    }

    fn pause(&mut self) -> Reply {
        if self.machine.facts().phase != Phase::Running {
            return Reply::no("the run is not running");
        }
        self.machine.record(Event::Paused(Paused { cause: PauseCause::Asked }));
        Reply::ok("paused; what is under way ends")
    }

    fn unpause(&mut self) -> Reply {
        if self.machine.facts().phase != (Phase::Paused { cause: PauseCause::Asked }) {
            return Reply::no("the run is not paused");
        }
        self.machine.record(Event::Resumed(Resumed { process: None, note: String::new() }));
        Reply::ok("running")
    }

    fn change_budget(&mut self, change: String) -> Reply {
        let mut budget = self.machine.facts().budget.clone();
        match budget.apply(&change) {
            Ok(()) => {
                let text = format!("budget is now {change}");
                self.machine.record(Event::BudgetChanged(BudgetChanged { budget, change }));
                Reply::ok(text)
            }
            Err(error) => Reply::no(error),
        }
    }

    /// Makes decisions until none follows, and notes the work they call for.
    pub(crate) fn decide(&mut self) {
        while let Some(event) = self.machine.decide() {
            let seq = self.machine.record(event.clone()).seq;
            match event {
                Event::Selected(selected) => self.note_proposal(&selected, seq),
                Event::EvalStarted(started) => self.actions.push(Action::Evaluate(started)),
                Event::AnalysisStarted(started) => self.note_analysis(&started, seq),
                _ => {}
            }
        }
    }

    fn note_proposal(&mut self, selected: &Selected, seq: evolve_core::Seq) {
        let calls = Arc::new(Calls { sender: self.sender.clone() });
        let blobs = Arc::clone(&self.blobs);
        let taken = self.machine.strategy.taken(selected.candidate);
        let request = proposal_request(&self.machine.facts, selected, seq, blobs, calls, &taken);
        // Begun now, so that it sees what the proposer knows now; polled once durable.
        let work = self.machine.proposer.propose(request);
        self.actions.push(Action::Propose(selected.candidate, work));
    }

    fn note_analysis(&mut self, started: &AnalysisStarted, seq: evolve_core::Seq) {
        let calls = Arc::new(Calls { sender: self.sender.clone() });
        let blobs = Arc::clone(&self.blobs);
        let request = analysis_request(&self.machine.facts, started, seq, blobs, calls);
        if let Some(work) = self.machine.analysis(request) {
            self.actions.push(Action::Analyze(started.analysis, work));
        }
    }

    /// Makes the batch durable, then lets it act.
    fn commit(&mut self) -> Result<(), EngineError> {
        let batch = self.machine.take_batch();
        if !batch.is_empty() {
            self.journal.append(&batch)?;
            self.projection.follow(&batch, &self.machine.facts);
        }
        self.observer.update(&self.machine.facts, &batch);
        for (place, reply) in self.replies.drain(..) {
            place(reply);
        }
        let at_rest = self.at_rest();
        for action in std::mem::take(&mut self.actions) {
            match action {
                _ if at_rest => {}
                Action::Propose(candidate, work) => self.executor.start_proposal(candidate, work),
                Action::Evaluate(started) => self.start_evaluation(&started),
                Action::Analyze(analysis, work) => self.executor.start_analysis(analysis, work),
            }
        }
        Ok(())
    }

    fn start_evaluation(&mut self, started: &EvalStarted) {
        let candidate = self.machine.facts.candidate(started.candidate);
        if let Some(program) = candidate.and_then(|c| c.program) {
            self.executor.start_evaluation(started, program);
        }
    }

    /// Time until the wall budget ends, at most a heartbeat.
    fn patience(&self) -> Duration {
        self.wall_left().map_or(HEARTBEAT, |left| left.min(HEARTBEAT))
    }

    fn wall_left(&self) -> Option<Duration> {
        let facts = self.machine.facts();
        let cap = facts.budget.wall?.0;
        Some(cap.saturating_sub(facts.wall.up(self.machine.now())))
    }

    fn check_wall(&mut self) {
        if !self.at_rest() && self.wall_left().is_some_and(|left| left.is_zero()) {
            let reason = StopReason::Budget { budget: BudgetKey::Wall };
            self.machine.record(Event::Stopped(Stopped { reason }));
            self.decide();
        }
    }
}
