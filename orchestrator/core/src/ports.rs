//! Ports: what one room needs of another, as traits. Futures are boxed, so that this crate
//! needs no async runtime. **Dropping a future cancels the work and ends everything it
//! started.**

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;

use crate::event::{CallSettled, Change, Envelope, Reservation, Selection};
use crate::facts::{CandidateFacts, Facts};
use crate::ids::{BlobHash, CandidateId, ModelName, Seq};
use crate::knowledge::{CognitionItem, Insight};
use crate::outcome::{EvalPurpose, EvalReport, RejectReason, StageReport};
use crate::program::Program;

/// A boxed future that may move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A port's failure that is the host's, not a candidate's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct HostFault {
    /// What happened, where, and what to do.
    pub what: String,
}

impl HostFault {
    /// A fault with its description.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

/// Tells the time. Only `at` fields, wall budgets and displays depend on it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Content-addressed storage. Cheap to share; all methods may be called from any thread.
pub trait BlobStore: Send + Sync {
    /// Stores bytes (secrets redacted) and returns the hash of what was stored. The bytes
    /// are durable once a journal entry that was appended afterwards is durable.
    fn put(&self, bytes: &[u8]) -> Result<BlobHash, HostFault>;
    /// The bytes with this hash.
    fn get(&self, hash: BlobHash) -> Result<Vec<u8>, HostFault>;
}

/// The journal's writing side. One owner: the dispatcher.
pub trait Journal: Send {
    /// Appends events and returns when they, and all blobs put before, are durable.
    fn append(&mut self, events: &[Envelope]) -> Result<(), HostFault>;
}

/// What is kept in step with the journal, behind it: database, lineage, index, snapshots.
pub trait Projection: Send {
    /// Takes note of events that are durable, with the facts after them. Must be quick:
    /// slow work goes to a thread of its own.
    fn follow(&mut self, events: &[Envelope], facts: &Facts);
    /// Brings everything up to date and returns when that is done.
    fn settle(&mut self, facts: &Facts) -> Result<(), HostFault>;
}

/// Everything a proposer may need for one proposal. Programs and texts are loaded from
/// `blobs` when the work runs.
#[derive(Clone)]
pub struct ProposalRequest {
    /// The candidate it may become.
    pub candidate: CandidateId,
    /// Seed of all draws.
    pub seed: u64,
    /// What the strategy decided.
    pub selection: Selection,
    /// The parents, in the selection's order.
    pub parents: Vec<Arc<CandidateFacts>>,
    /// Programs shown for ideas.
    pub inspirations: Vec<Arc<CandidateFacts>>,
    /// The first parent's ancestors, nearest first, at most a few.
    pub lineage: Vec<Arc<CandidateFacts>>,
    /// Recent proposals that failed or lost against their parent, newest first, at most a few.
    pub tried: Vec<Arc<CandidateFacts>>,
    /// What others of the same round have already proposed, at most a few.
    pub taken: Vec<Arc<CandidateFacts>>,
    /// The best candidate so far.
    pub best: Option<Arc<CandidateFacts>>,
    /// Insights of this run, most confident first, at most a few.
    pub insights: Vec<Insight>,
    /// Storage for prompts, answers and programs.
    pub blobs: Arc<dyn BlobStore>,
    /// Where every model call is reported as soon as it ended.
    pub calls: Arc<dyn CallSink>,
}

/// Takes settled model calls and breaker changes while a proposal is under way.
pub trait CallSink: Send + Sync {
    /// A call ended and was paid for.
    fn settled(&self, call: CallSettled);
    /// A model's breaker opened or closed.
    fn breaker(&self, model: &ModelName, open: bool, why: &str);
}

/// A program that came of a proposal.
#[derive(Debug, Clone, PartialEq)]
pub struct NewProgram {
    /// The files.
    pub program: Program,
    /// Hash after normalisation, if the language is known.
    pub normal: Option<BlobHash>,
    /// What was changed.
    pub change: Change,
    /// The model whose answer it is.
    pub model: Option<ModelName>,
    /// The prompt that led to it.
    pub prompt: Option<BlobHash>,
    /// How often the answer had to be sent back.
    pub repairs: u32,
}

/// Why no program came of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoProgram {
    /// The kind.
    pub reason: RejectReason,
    /// One line for people and prompts.
    pub detail: String,
    /// The prompt that was tried.
    pub prompt: Option<BlobHash>,
}

impl NoProgram {
    /// Without a prompt.
    pub fn new(reason: RejectReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), prompt: None }
    }
}

/// What came of a proposal.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposalOutcome {
    /// Ids of cognition items and keys of insights that were shown.
    pub shown: Vec<String>,
    /// The program, or why there is none.
    pub result: Result<NewProgram, NoProgram>,
}

/// Makes candidates. Learned state changes only in [`Proposer::observe`], and a proposal
/// uses the state as it was when [`Proposer::propose`] was called, so that the same events
/// lead to the same proposals however the work is scheduled.
pub trait Proposer: Send {
    /// The most that a proposal for this selection can cost.
    fn reservation(&self, selection: &Selection) -> Reservation;
    /// Begins a proposal. Called by the dispatcher: must return at once; the future works.
    fn propose(&self, request: ProposalRequest) -> BoxFuture<ProposalOutcome>;
    /// Learns from an event that was folded into the facts.
    fn observe(&mut self, facts: &Facts, event: &Envelope);
}

/// One evaluation to run.
#[derive(Debug, Clone)]
pub struct EvalRequest {
    /// Which candidate; for folder names and messages only.
    pub candidate: CandidateId,
    /// Its program.
    pub program: Program,
    /// Why it runs; decides which stages do.
    pub purpose: EvalPurpose,
    /// First and one past the last repeat.
    pub repeats: (u32, u32),
    /// Seed of the run; a repeat's seed depends on it and the repeat's number alone.
    pub run_seed: u64,
}

/// Takes finished stages while an evaluation is under way.
pub trait StageSink: Send + Sync {
    /// A stage (one repeat of it) ended.
    fn stage_done(&self, report: StageReport);
}

/// Runs the evaluator's stages on a program.
pub trait Evaluator: Send + Sync {
    /// Begins an evaluation.
    fn evaluate(&self, request: EvalRequest, stages: Arc<dyn StageSink>) -> BoxFuture<EvalReport>;
}

/// Learns insights from the events of a run, deterministically.
pub trait Analyzer: Send {
    /// Takes note of an event that was folded into the facts; now and then returns new or
    /// changed insights.
    fn observe(&mut self, facts: &Facts, event: &Envelope) -> Vec<Insight>;
}

/// Finds prior knowledge for a situation.
pub trait KnowledgeBase: Send + Sync {
    /// The items whose trigger fits best, best first, at most `top_k`.
    fn retrieve(&self, situation: &str, top_k: usize) -> Result<Vec<CognitionItem>, HostFault>;
}

/// Knows a programming language.
pub trait Language: Send + Sync {
    /// Its name in `task.toml`.
    fn name(&self) -> &'static str;
    /// Where the text does not parse, if it does not: line (from 1) and a short reason.
    fn syntax_error(&self, text: &str) -> Option<(usize, String)>;
    /// Whether every program that is right also parses here. Without its preprocessor's and
    /// its macros' work done, a text of C, C++ or Rust may be right and not parse: only a
    /// compiler can reject it.
    fn is_certain(&self) -> bool;
    /// The text without comments, blank space and names that do not matter; equal programs
    /// by this measure do the same.
    fn normalise(&self, text: &str) -> String;
    /// Whether [`Language::change`] knows changes of its own.
    fn changes(&self) -> bool {
        false
    }
    /// One change without a model, for a language that no grammar is known of. None if there
    /// is none to make.
    fn change(&self, _text: &str, _wish: &Wish<'_>) -> Option<OwnChange> {
        None
    }
}

/// What a language's own change may do.
pub struct Wish<'a> {
    /// Bytes of the text that may change.
    pub free: &'a [Range<usize>],
    /// Other programs' texts of the same file, most useful first.
    pub donors: &'a [&'a str],
    /// Seed of all draws.
    pub seed: u64,
    /// How often changes of a kind, at a place, won lately, per try; above 0.
    pub promise: &'a dyn Fn(&str, &str) -> f64,
}

/// A change that a language made itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnChange {
    /// The whole text after it.
    pub text: String,
    /// What kind of change it is.
    pub kind: String,
    /// The stable name of its place.
    pub site: String,
    /// One line on what was done.
    pub summary: String,
}

/// The results database of a live run.
pub trait ProgramDatabase: Send {
    /// Stores what is known of candidates now.
    fn store(&mut self, candidates: &[Arc<CandidateFacts>], upto: Seq) -> Result<(), HostFault>;
    /// One candidate.
    fn load(&self, id: CandidateId) -> Result<Option<CandidateFacts>, HostFault>;
    /// Makes everything stored so far durable.
    fn flush(&mut self) -> Result<(), HostFault>;
}
