//! What a run knows and how it learns: cognition items with their retrieval, and the analyzer.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use evolve_analyze::{ModelSetup, RunAnalyzer};
use evolve_cognition::Base;
use evolve_core::event::CallSettled;
use evolve_core::knowledge::CognitionItem;
use evolve_core::ports::{Analyzer, BlobStore, CallSink, Embedder, LanguageModel, Meter};
use evolve_core::task::{EvaluatorKind, TaskConfig};
use evolve_core::{CandidateId, ModelName, Usd};
use evolve_prompts::Prompts;
use evolve_propose::{Keys, Proposers, ServedEmbedder, SilentModel};
use evolve_store::RunDir;
use tokio::runtime::Runtime;

use crate::error::CliError;
use crate::session::{ProposerKind, Wiring};

fn items(task: &TaskConfig, task_root: &Path) -> Result<Vec<CognitionItem>, CliError> {
    if task.cognition.top_k == 0 {
        return Ok(Vec::new());
    }
    let mut items = evolve_cognition::load(task_root, &task.cognition.sources)
        .map_err(|error| CliError::usage(error.to_string()))?;
    if task.evaluator.kind == EvaluatorKind::BuiltinNpu {
        // The manual of the simulated accelerator; items of the task take its places.
        let known = |id: &str| items.iter().any(|item| item.id == id);
        let manual: Vec<_> =
            evolve_npu::manual().into_iter().filter(|item| !known(&item.id)).collect();
        items.extend(manual);
    }
    Ok(items)
}

/// Whether a run's index is whole and of its task's items; true when the task has none.
pub fn is_sound(task: &TaskConfig, dir: &RunDir) -> Result<bool, CliError> {
    Ok(Base::verify(&dir.index(), &items(task, &dir.task())?))
}

/// Builds a run's index anew where it is not sound.
pub fn repair(task: &TaskConfig, dir: &RunDir) -> Result<(), CliError> {
    open(task, &dir.task(), &dir.index()).map(|_| ())
}

fn open(task: &TaskConfig, task_root: &Path, index: &Path) -> Result<Base, CliError> {
    Base::open_or_build(index, items(task, task_root)?)
        .map_err(|error| CliError::failed(error.to_string()))
}

/// Prior knowledge of a task, indexed below `index`, without calls to anybody.
pub fn base(wiring: &Wiring, index: &Path) -> Result<Base, CliError> {
    open(&wiring.task, &wiring.task_root, index)
}

/// The same with embeddings, where the task names a server for them. What those of the items
/// cost is returned, to be recorded; within what the budget leaves.
pub fn base_with_embeddings(
    wiring: &Wiring,
    embedder: Option<Arc<dyn Embedder>>,
    index: &Path,
    blobs: &Arc<dyn BlobStore>,
    left: Option<Usd>,
    runtime: &Runtime,
) -> Result<(Base, Vec<CallSettled>), CliError> {
    let base = base(wiring, index)?;
    let Some(embedder) = embedder else { return Ok((base, Vec::new())) };
    let worst = embedder.reservation().usd.times(base.items().len() as u64);
    if left.is_some_and(|left| worst > left) {
        tracing::warn!("the budget has no room for embeddings of the cognition items");
        return Ok((base, Vec::new()));
    }
    let calls = Arc::new(Collected::default());
    let meter = Meter {
        candidate: CandidateId::START,
        analysis: None,
        blobs: Arc::clone(blobs),
        calls: Arc::clone(&calls) as Arc<dyn CallSink>,
    };
    let base = runtime.block_on(base.with_embedder(embedder, Some(meter)));
    let settled = std::mem::take(&mut *calls.0.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((base, settled))
}

/// Calls that are recorded once the run has begun.
#[derive(Default)]
struct Collected(Mutex<Vec<CallSettled>>);

impl CallSink for Collected {
    fn settled(&self, call: CallSettled) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }

    fn breaker(&self, _: &ModelName, _: bool, _: &str) {}
}

/// Who turns texts into vectors, where the task names somebody and somebody reads.
pub fn embedder(wiring: &Wiring) -> Result<Option<Arc<dyn Embedder>>, CliError> {
    let task = &wiring.task;
    let section = task.embedding.as_ref().filter(|_| wiring.proposer != ProposerKind::Mutate);
    let Some(section) = section else { return Ok(None) };
    let usage = |error: evolve_propose::SetupError| CliError::usage(error.to_string());
    let keys = Keys::from_env(task).map_err(usage)?;
    let embedder = ServedEmbedder::new(section, &keys).map_err(usage)?;
    Ok(Some(Arc::new(embedder)))
}

/// The analyzer of a live run; none with `--no-analyzer`.
pub fn analyzer(
    wiring: &Wiring,
    proposers: &Proposers,
) -> Result<Option<Box<dyn Analyzer>>, CliError> {
    if !wiring.analyzer {
        return Ok(None);
    }
    let name = wiring.task.analyzer.model.as_ref();
    let model = name.and_then(|name| proposers.language_model(name));
    let setup = match model {
        Some(model) => Some(setup(wiring, model)?),
        None => None,
    };
    Ok(Some(Box::new(RunAnalyzer::new(setup))))
}

fn setup(wiring: &Wiring, model: Arc<dyn LanguageModel>) -> Result<ModelSetup, CliError> {
    let folder = wiring.task.prompts.folder.as_ref();
    let folder = folder.map(|folder| wiring.task_root.join(folder));
    let prompts = Prompts::load(folder.as_deref());
    Ok(ModelSetup {
        task: Arc::clone(&wiring.task),
        description: wiring.description.clone(),
        prompts: prompts.map_err(|error| CliError::usage(error.to_string()))?,
        model,
    })
}

/// The analyzer of a replay: it decides what it would ask, and asks nobody.
pub fn silent_analyzer(
    task: &Arc<TaskConfig>,
    kind: ProposerKind,
) -> Result<Box<dyn Analyzer>, CliError> {
    let seen = Arc::new(kind.view_of(task));
    let name = seen.analyzer.model.as_ref();
    let setup = match name.and_then(|name| SilentModel::of(&seen, name)) {
        Some(model) => Some(ModelSetup {
            task: Arc::clone(&seen),
            description: String::new(),
            prompts: Prompts::shipped().map_err(|error| CliError::failed(error.to_string()))?,
            model: Arc::new(model),
        }),
        None => None,
    };
    Ok(Box::new(RunAnalyzer::new(setup)))
}
