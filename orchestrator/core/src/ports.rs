//! Ports: what one room needs of another, as traits. Futures are boxed, so that this crate
//! needs no async runtime. **Dropping a future cancels the work and ends everything it
//! started.**

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;

use crate::event::{AnalysisPurpose, CallSettled, Change, Envelope, Reservation, Selection};
use crate::facts::{CandidateFacts, Facts};
use crate::ids::{BlobHash, CandidateId, ModelName, Seq};
use crate::knowledge::{CognitionItem, Credits, Insight, Situation};
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
    /// Insights of this run, most confident first; those worth showing are chosen from them.
    pub insights: Vec<Insight>,
    /// Recent proposals of models and commands that failed or lost against their parent, newest
    /// first: their ideas are not to be repeated.
    pub lost: Vec<Arc<CandidateFacts>>,
    /// Storage for prompts, answers and programs.
    pub blobs: Arc<dyn BlobStore>,
    /// Where every model call is reported as soon as it ended.
    pub calls: Arc<dyn CallSink>,
}

impl ProposalRequest {
    /// Where its calls are written down and reported.
    pub fn meter(&self) -> Meter {
        Meter {
            candidate: self.candidate,
            analysis: None,
            blobs: Arc::clone(&self.blobs),
            calls: Arc::clone(&self.calls),
        }
    }
}

/// Where a model's calls are written down, and reported as soon as they ended.
#[derive(Clone)]
pub struct Meter {
    /// For which proposal; of an analysis, the newest candidate it is about.
    pub candidate: CandidateId,
    /// For which analysis, if for one.
    pub analysis: Option<u64>,
    /// Storage for requests and answers.
    pub blobs: Arc<dyn BlobStore>,
    /// Where settled calls are reported.
    pub calls: Arc<dyn CallSink>,
}

/// What a language model is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The system message.
    pub system: String,
    /// The user's message.
    pub user: String,
    /// Seed of the waits between tries.
    pub seed: u64,
}

/// A language model that answers questions other than for a program. The only way to a model
/// for who is not `propose`.
pub trait LanguageModel: Send + Sync {
    /// The most that a question of at most [`LanguageModel::room`] tokens can cost, all tries
    /// together.
    fn reservation(&self) -> Reservation;
    /// How many tokens a question may have.
    fn room(&self) -> u64;
    /// How many tokens a text has, rather too many than too few.
    fn count(&self, text: &str) -> u64;
    /// Asks, with retries, within the reservation. The error is one line on why nobody answered.
    fn ask(&self, question: Question, meter: Meter) -> BoxFuture<Result<String, String>>;
}

/// Turns texts into vectors, such that texts of like meaning have like vectors.
pub trait Embedder: Send + Sync {
    /// What computes them. Vectors of different names cannot be compared.
    fn name(&self) -> String;
    /// The most that one text can cost.
    fn reservation(&self) -> Reservation;
    /// A vector for each text, in their order, all of one length. Calls that cost something are
    /// reported to `meter`.
    fn embed(
        &self,
        texts: Vec<String>,
        meter: Option<Meter>,
    ) -> BoxFuture<Result<Vec<Vec<f32>>, HostFault>>;
}

/// Takes settled model calls and breaker changes while a proposal is under way.
pub trait CallSink: Send + Sync {
    /// A call ended and was paid for.
    fn settled(&self, call: CallSettled);
    /// A model's breaker opened or closed.
    fn breaker(&self, model: &ModelName, open: bool, why: &str);
}

/// A program that a person gives.
pub struct GivenProgram {
    /// The files.
    pub program: Program,
    /// What was changed, in the person's words.
    pub note: String,
    /// The program whose fixed parts it must keep: its parent's, else the start's; none where
    /// there is neither.
    pub base: Option<BlobHash>,
    /// Storage for programs.
    pub blobs: Arc<dyn BlobStore>,
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
    /// See [`Shape::cluster`](crate::shape::Shape::cluster).
    pub cluster: Option<u32>,
}

impl NewProgram {
    /// One that no model wrote.
    pub fn of(program: Program, normal: Option<BlobHash>, change: Change) -> Self {
        Self { program, normal, change, model: None, prompt: None, repairs: 0, cluster: None }
    }
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
    /// Begins the static checks of a program that a person gives: those that an answer of a
    /// model has to pass. Must return at once, as [`Proposer::propose`].
    fn admit(&self, given: GivenProgram) -> BoxFuture<Result<NewProgram, NoProgram>> {
        let _ = given;
        let none = NoProgram::new(RejectReason::Unusable, "programs from outside are not taken");
        Box::pin(std::future::ready(Err(none)))
    }
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

/// What is worth asking a model about now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// What it is for.
    pub purpose: AnalysisPurpose,
    /// The candidates it is about, oldest first; never empty.
    pub candidates: Vec<CandidateId>,
    /// The most that it can cost.
    pub reserved: Reservation,
}

/// An analysis that is to be made.
pub struct AnalysisRequest {
    /// What it is for.
    pub purpose: AnalysisPurpose,
    /// The candidates it is about, oldest first.
    pub candidates: Vec<Arc<CandidateFacts>>,
    /// Their first parents, as far as they have any.
    pub parents: Vec<Arc<CandidateFacts>>,
    /// The insights held now.
    pub insights: Vec<Insight>,
    /// Seed of all draws.
    pub seed: u64,
    /// Where its calls are written down and reported.
    pub meter: Meter,
}

/// What a model's answer says, before it is compared with what is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The insight; its key is made when it is taken up.
    pub insight: Insight,
    /// Keys of insights that it confirms.
    pub confirms: Vec<String>,
    /// Keys of insights that it contradicts.
    pub contradicts: Vec<String>,
    /// Keys of insights that it says better, and which are to go.
    pub replaces: Vec<String>,
}

/// New and changed insights, and the keys of those that are no longer held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Learned {
    /// New insights, and old ones with other evidence or confidence.
    pub insights: Vec<Insight>,
    /// Keys that are no longer held.
    pub retired: Vec<String>,
}

/// Learns insights from the events of a run. What it does by itself is deterministic; what a
/// model finds for it is recorded.
pub trait Analyzer: Send {
    /// Takes note of an event that was folded into the facts; now and then returns new or
    /// changed insights.
    fn observe(&mut self, facts: &Facts, event: &Envelope) -> Learned;
    /// What it would ask a model now; none without a model, or when there is nothing new.
    fn inquire(&self, facts: &Facts) -> Option<Inquiry>;
    /// Begins an analysis. Called by the dispatcher: must return at once; the future works. The
    /// error is one line on why nothing was found.
    fn analyze(&self, request: AnalysisRequest) -> BoxFuture<Result<Vec<Finding>, String>>;
    /// Compares what was found with what is known: like claims are merged, contradictions
    /// lower confidence.
    fn merge(&self, facts: &Facts, findings: Vec<Finding>) -> Learned;
}

/// What retrieval is asked for.
pub struct Query {
    /// What the proposal is about to work on.
    pub situation: Situation,
    /// Most items wanted.
    pub top_k: usize,
    /// The insights from which to choose.
    pub insights: Vec<Insight>,
    /// Most insights wanted.
    pub top_insights: usize,
    /// What items and insights were worth so far.
    pub credits: Arc<Credits>,
    /// Seed of all draws.
    pub seed: u64,
    /// Where calls for embeddings are reported, in a run.
    pub meter: Option<Meter>,
}

/// What retrieval found, best first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Items whose trigger fits the situation.
    pub items: Vec<CognitionItem>,
    /// Insights that fit it.
    pub insights: Vec<Insight>,
}

/// Finds knowledge for a situation.
pub trait KnowledgeBase: Send + Sync {
    /// The most that one retrieval can cost, for embeddings.
    fn reservation(&self) -> Reservation;
    /// What fits best.
    fn retrieve(&self, query: Query) -> BoxFuture<Result<Found, HostFault>>;
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

/// A text that people may search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is: `program`, `log`, `insight`, ….
    pub kind: String,
    /// Which one: a candidate's name, an insight's key.
    pub key: String,
    /// One line.
    pub title: String,
    /// What is searched.
    pub text: String,
}

/// A document that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// What it is.
    pub kind: String,
    /// Which one.
    pub key: String,
    /// One line.
    pub title: String,
    /// The part of its text that fits best.
    pub excerpt: String,
    /// Bytes of the excerpt that were looked for, in order and apart.
    pub marks: Vec<Range<usize>>,
}

/// Texts that can be searched by words. Not kept: made anew by whoever needs it.
pub trait SearchIndex: Send {
    /// Adds documents; they are found when this returns.
    fn add(&mut self, documents: &[Document]) -> Result<(), HostFault>;
    /// The documents that fit the words best, best first, and how many fit at all. Words are
    /// what is between signs and blanks; all of them must occur.
    fn find(
        &self,
        words: &str,
        kind: Option<&str>,
        most: usize,
    ) -> Result<(Vec<Hit>, usize), HostFault>;
}

/// Makes empty indexes.
pub type NewIndex = Arc<dyn Fn() -> Result<Box<dyn SearchIndex>, HostFault> + Send + Sync>;
