//! Everything a live run works with, put together for `start` and `resume`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evolve_core::event::{Operator, StopReason};
use evolve_core::facts::Phase;
use evolve_core::ports::{Analyzer, BlobStore, Embedder, Evaluator, KnowledgeBase, SystemClock};
use evolve_core::redact::Redactor;
use evolve_core::sandbox::Sandbox;
use evolve_core::task::{EvaluatorKind, TaskConfig};
use evolve_core::{Envelope, Facts, Program, Usd};
use evolve_engine::{Begin, EngineError, EngineSetup, Observer, Parts, run};
use evolve_evaluators::{Harness, HarnessSetup};
use evolve_npu::NpuEvaluator;
use evolve_prompts::Prompts;
use evolve_propose::{CommandSetup, Keys, Patience, ProposerSetup, Proposers};
use evolve_report::Moment;
use evolve_search::Menu;
use evolve_store::{Blobs, JournalWriter, Projections, RunDir, RunLock, StoreError};
use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::args::Global;
use crate::error::{CliError, Exit};
use crate::event_log::EventLog;
use crate::knowledge;
use crate::logging;
use crate::notify::{self, Notifications};
use crate::progress::Progress;
use crate::sandboxes::Sandboxes;
use crate::signals;
use crate::task_folder::{TaskFolder, write_program};

/// Who proposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposerKind {
    /// The models of the task, with `mutate` beside them.
    Model,
    /// The task's own command, with `mutate` beside it.
    Command,
    /// Syntax-aware edits alone.
    Mutate,
}

impl ProposerKind {
    /// The word in `--proposer` and in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Command => "command",
            Self::Mutate => "mutate",
        }
    }

    /// Who proposes where nobody says otherwise.
    pub fn of(task: &TaskConfig) -> Self {
        if task.command.is_some() {
            Self::Command
        } else if task.model.is_empty() {
            Self::Mutate
        } else {
            Self::Model
        }
    }

    /// The task as this kind sees it: without a command when models are asked directly;
    /// without models, and with no operator that needs one, when `mutate` works alone.
    pub fn view_of(self, task: &TaskConfig) -> TaskConfig {
        let mut task = task.clone();
        if self != Self::Command {
            task.command = None;
        }
        if self == Self::Mutate {
            task.model.clear();
            task.search.operators.retain(|operator, _| *operator == Operator::Mutate);
        }
        task
    }

    /// What a journal recorded.
    pub fn from_word(word: &str) -> Self {
        match word {
            "model" => Self::Model,
            "command" => Self::Command,
            _ => Self::Mutate,
        }
    }
}

/// A store's error with the exit code and hint it deserves.
#[allow(clippy::needless_pass_by_value)] // the shape map_err asks for
pub fn store_error(error: StoreError) -> CliError {
    let exit = match &error {
        StoreError::Locked { .. } => Exit::Locked,
        StoreError::NoRun { .. } | StoreError::Empty { .. } => Exit::NotFound,
        StoreError::Ambiguous { .. } => Exit::Usage,
        _ => Exit::Failed,
    };
    CliError::new(exit, error.to_string())
}

/// Keeps the keys of a task's models, and a secret webhook, out of what is written.
pub fn redactor(task: &TaskConfig) -> Redactor {
    Redactor::new(Keys::known(task).into_iter().chain(notify::secret(task)))
}

/// A runtime for the work of a run.
pub fn runtime() -> Result<Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::failed(format!("cannot start worker threads: {error}")))
}

/// What this host is, for the journal; never part of a decision.
pub fn host() -> BTreeMap<String, String> {
    let mut host = BTreeMap::from([
        ("system".to_owned(), format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
        (
            "cores".to_owned(),
            std::thread::available_parallelism().map_or(0, usize::from).to_string(),
        ),
    ]);
    if let Some(memory) = crate::slots::memory() {
        host.insert("memory".to_owned(), format!("{} MiB", memory >> 20));
    }
    if let Ok(name) = std::fs::read_to_string("/proc/sys/kernel/hostname") {
        host.insert("name".to_owned(), name.trim().to_owned());
    }
    host
}

/// What is needed besides the run's folder.
pub struct Wiring {
    /// The configuration the run has.
    pub task: Arc<TaskConfig>,
    /// The description in full.
    pub description: String,
    /// Who proposes.
    pub proposer: ProposerKind,
    /// Whether the analyzer is at work.
    pub analyzer: bool,
    /// The frozen task folder.
    pub task_root: PathBuf,
}

/// What proposes: every mistake in models, keys, operators and templates is found here. The
/// task's own command, if it proposes, runs in the sandbox.
pub fn proposers(
    wiring: &Wiring,
    knowledge: Option<Arc<dyn KnowledgeBase>>,
    embedder: Option<Arc<dyn Embedder>>,
    sandbox: &Arc<dyn Sandbox>,
) -> Result<Proposers, CliError> {
    let usage = |error: &dyn std::fmt::Display| CliError::usage(error.to_string());
    let task = wiring.proposer.view_of(&wiring.task);
    let folder = task.prompts.folder.as_ref().map(|folder| wiring.task_root.join(folder));
    let prompts = Prompts::load(folder.as_deref()).map_err(|error| usage(&error))?;
    let keys = Keys::from_env(&task).map_err(|error| usage(&error))?;
    let frozen = TaskFolder::frozen(wiring.task_root.clone(), task.clone());
    let population = frozen.population()?;
    let spec = evolve_evaluators::command_spec(&task, &wiring.task_root);
    let spec = spec.map_err(|error| usage(&error))?;
    let command = task.command.clone().zip(spec).map(|(section, spec)| CommandSetup {
        section,
        sandbox: Arc::clone(sandbox),
        spec,
    });
    Proposers::new(ProposerSetup {
        task: Arc::new(task),
        description: wiring.description.clone(),
        prompts,
        knowledge,
        embedder,
        keys,
        clock: Arc::new(SystemClock),
        patience: Patience::default(),
        command,
        population,
        languages: evolve_npu::languages(),
    })
    .map_err(|error| usage(&error))
}

/// Strategy, analyzer and clock for a task.
pub fn parts(
    task: &TaskConfig,
    proposer: ProposerKind,
    analyzer: Option<Box<dyn Analyzer>>,
) -> Result<Parts, CliError> {
    let task = proposer.view_of(task);
    let strategy = evolve_search::build(&task.search, menu(&task)?)
        .map_err(|error| CliError::usage(error.to_string()))?;
    Ok(Parts { strategy, analyzer, clock: Arc::new(SystemClock) })
}

/// Operators and models a strategy may choose from.
fn menu(task: &TaskConfig) -> Result<Menu, CliError> {
    let operators = evolve_propose::default_operators(task, &evolve_npu::languages());
    if operators.iter().all(|(_, weight)| *weight <= 0.0) {
        return Err(CliError::usage("no operator is left to propose with").help(
            "without a model only `mutate` works, and only for languages it knows (python, c, cpp, rust, npu, npu-machine); \
             add a [[model]], or give `mutate` a weight in [search.operators]",
        ));
    }
    let models = task.model.iter().map(|model| (model.name.clone(), model.weight)).collect();
    Ok(Menu { operators, models })
}

/// A run's folder, open for writing.
pub struct Opened {
    /// The folder.
    pub dir: RunDir,
    /// Blobs.
    pub blobs: Arc<Blobs>,
    journal: JournalWriter,
    projection: Projections,
    lock: RunLock,
}

impl Opened {
    /// Locks the run and opens what it writes to.
    pub fn open(dir: RunDir, task: &TaskConfig, facts: Option<&Facts>) -> Result<Self, CliError> {
        let lock = RunLock::lock(&dir).map_err(store_error)?;
        Self::open_locked(dir, lock, task, facts)
    }

    /// The same with a lock that is held already.
    pub fn open_locked(
        dir: RunDir,
        lock: RunLock,
        task: &TaskConfig,
        facts: Option<&Facts>,
    ) -> Result<Self, CliError> {
        let blobs = Arc::new(Blobs::open_writer(&dir, redactor(task)).map_err(store_error)?);
        let (journal, _) = JournalWriter::open(&dir, Arc::clone(&blobs)).map_err(store_error)?;
        let projection = Projections::open(&dir, Arc::clone(&blobs), facts).map_err(store_error)?;
        Ok(Self { dir, blobs, journal, projection, lock })
    }

    /// The parts of a replay's target.
    pub fn into_parts(self) -> (RunDir, Arc<Blobs>, JournalWriter, Projections, RunLock) {
        (self.dir, self.blobs, self.journal, self.projection, self.lock)
    }
}

/// What runs a task's evaluations: its commands in the sandbox, or a built-in evaluator.
pub fn evaluator(
    task: &Arc<TaskConfig>,
    task_root: &Path,
    sandbox: &Arc<dyn Sandbox>,
) -> Result<Arc<dyn Evaluator>, CliError> {
    let usage = |error: &dyn std::fmt::Display| CliError::usage(error.to_string());
    Ok(match task.evaluator.kind {
        EvaluatorKind::Command | EvaluatorKind::SkydiscoverContainer | EvaluatorKind::Harbor => {
            Arc::new(
                Harness::new(HarnessSetup {
                    task: Arc::clone(task),
                    task_root: task_root.to_owned(),
                    sandbox: Arc::clone(sandbox),
                    gpus: evolve_sandbox::gpus(),
                })
                .map_err(|error| usage(&error))?,
            )
        }
        EvaluatorKind::BuiltinNpu => {
            Arc::new(NpuEvaluator::new(task, task_root).map_err(|error| usage(&error))?)
        }
    })
}

/// What the run is called at a daemon: its folder, which tells `evolve gc` whether it lives.
fn name_of(dir: &RunDir) -> String {
    dir.root().canonicalize().unwrap_or_else(|_| dir.root().to_owned()).display().to_string()
}

/// Several that watch, in their order.
struct Observers(Vec<Box<dyn Observer>>);

impl Observer for Observers {
    fn update(&mut self, facts: &Facts, events: &[Envelope]) {
        self.0.iter_mut().for_each(|observer| observer.update(facts, events));
    }
}

/// Drives a run to its rest, writes its report and best program, and tells the person.
pub fn drive(
    global: &Global,
    opened: Opened,
    wiring: &Wiring,
    sandboxes: Sandboxes,
    begin: Begin,
    json: bool,
) -> Result<Exit, CliError> {
    let (runtime, sandbox) = (&sandboxes.runtime, &sandboxes.sandbox);
    let Opened { dir, blobs, journal, projection, lock } = opened;
    let evaluator = evaluator(&wiring.task, &wiring.task_root, sandbox)?;
    let stored = Arc::clone(&blobs) as Arc<dyn BlobStore>;
    let left = budget_left(&wiring.task, &begin);
    let embedder = knowledge::embedder(wiring)?;
    let asked = embedder.clone();
    let (base, settled) =
        knowledge::base_with_embeddings(wiring, asked, &dir.index(), &stored, left, runtime)?;
    let proposer = Box::new(proposers(wiring, Some(Arc::new(base)), embedder, sandbox)?);
    let analyzer = knowledge::analyzer(wiring, &proposer)?;
    let parts = parts(&wiring.task, wiring.proposer, analyzer)?;
    runtime.block_on(sandbox.take_over(&name_of(&dir)))?;
    let (workers, quiet) = (runtime.handle().clone(), global.quiet);
    logging::of_run(dir.id());
    let told = Notifications::start(&wiring.task, dir.id(), runtime);
    let mut observers: Vec<Box<dyn Observer>> =
        vec![Box::new(EventLog), Box::new(Progress::new(quiet))];
    observers.extend(told.watch().map(|watch| Box::new(watch) as _));
    let result = run(EngineSetup {
        begin,
        settled,
        parts,
        proposer,
        journal: Box::new(journal),
        projection: Box::new(projection),
        blobs: Arc::clone(&blobs) as Arc<dyn BlobStore>,
        evaluator,
        runtime: runtime.handle().clone(),
        socket: Some(dir.control_socket()),
        observer: Box::new(Observers(observers)),
        on_handle: Box::new(move |handle| signals::watch(&workers, handle, quiet)),
    });
    if let Err(error) = &result {
        told.failed(&error.to_string());
    }
    told.finish(runtime);
    drop(sandboxes);
    let facts = result.map_err(|error| engine_error(error, &dir))?;
    finish(&dir, &facts, &*blobs)?;
    drop(lock);
    crate::commands::read::summary(&dir, &facts, json, quiet)?;
    match &facts.phase {
        Phase::Stopped { reason: StopReason::Fault { detail } } => {
            Err(CliError::new(Exit::Fault, format!("the run stopped: {detail}"))
                .help(format!("mend it, then `evolve resume {}`; nothing is lost", dir.id())))
        }
        Phase::Stopped { reason: StopReason::BadStart { detail } } => Err(CliError::new(
            Exit::Usage,
            format!("the start program fails its own evaluation: {detail}"),
        )
        .help(format!(
            "`evolve show {} c0` has its log; mend program or evaluator, then start anew",
            dir.id()
        ))),
        _ => Ok(crate::commands::read::exit_of(&facts)),
    }
}

/// The money that may be spent before the run has begun; of one that goes on none, for what it
/// needs was made when it began.
fn budget_left(task: &TaskConfig, begin: &Begin) -> Option<Usd> {
    match begin {
        Begin::New(_) => task.budget.usd.map(Usd::from_dollars),
        Begin::Resume { .. } => task.budget.usd.map(|_| Usd::ZERO),
    }
}

#[allow(clippy::needless_pass_by_value)] // the shape map_err asks for
fn engine_error(error: EngineError, dir: &RunDir) -> CliError {
    CliError::new(Exit::Fault, format!("the run stopped: {error}"))
        .help(format!("nothing recorded is lost; mend it, then `evolve resume {}`", dir.id()))
}

/// Writes the report and the best program beside the journal.
fn finish(dir: &RunDir, facts: &Facts, blobs: &dyn BlobStore) -> Result<(), CliError> {
    let moment = Moment::at(Timestamp::now());
    evolve_report::write_report(facts, blobs, &dir.report(), &moment)
        .map_err(|error| CliError::failed(error.to_string()))?;
    if let Some(hash) = facts.best().and_then(|best| best.program) {
        let bytes = blobs.get(hash)?;
        let program = Program::from_bytes(&bytes).map_err(|error| {
            CliError::failed(format!("the best program cannot be read: {error}"))
        })?;
        let folder = best_folder(dir);
        std::fs::create_dir_all(&folder).map_err(|error| {
            CliError::failed(format!("cannot make {}: {error}", folder.display()))
        })?;
        write_program(&program, &folder)?;
    }
    Ok(())
}

/// Where the best program lies after a run.
pub fn best_folder(dir: &RunDir) -> PathBuf {
    dir.report().join("best")
}

/// Path of the best program of a run, when it was written.
pub fn best_path(dir: &RunDir, program: &Program) -> PathBuf {
    let folder = best_folder(dir);
    program.sole().map_or(folder.clone(), |(name, _)| folder.join(name))
}
