//! The evaluator `builtin:npu`: grades kernels, or machines, in evolve's own process. A
//! candidate is a text that is assembled and simulated, step by step and within a limit; none
//! of it ever runs on the host, so no sandbox is needed to keep it from the judge.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use evolve_core::objective::Metrics;
use evolve_core::outcome::{EvalPurpose, EvalReport, EvalStatus, StageReport, Usage};
use evolve_core::ports::{BoxFuture, EvalRequest, Evaluator, StageSink};
use evolve_core::task::{NpuSection, TaskConfig};

mod kernel;
mod workload;

use crate::machine::{Machine, MachineError, PRESETS};
use crate::suite::{Spec, TASKS};

/// Work of one run, in the units of [`crate::run::Limits`]: some hundred times what the
/// slowest naive program takes.
const WORK: u64 = 20_000_000;
/// Distance of the seeds of held-out inputs from those of the search.
const HELD_OUT: u64 = 0x9e37_79b9_7f4a_7c15;

/// An `[evaluator.npu]` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The section is missing.
    #[error("`builtin:npu` needs `[evaluator.npu]` in task.toml")]
    Missing,
    /// No task of the suite has this name.
    #[error("evaluator.npu: the suite has no task `{name}`; there are {known}")]
    NoKernel {
        /// The name.
        name: String,
        /// All names.
        known: String,
    },
    /// The machine's file cannot be read.
    #[error("evaluator.npu.machine: cannot read {path}: {source}; presets: edge16, server128")]
    Unreadable {
        /// The file, as task.toml names it.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The machine is not valid.
    #[error("evaluator.npu.machine: {0}")]
    Machine(#[from] MachineError),
}

/// What is evolved.
enum Subject {
    /// A kernel of the suite's task.
    Kernel(&'static Spec),
    /// A machine, for weighted tasks.
    Machine(Vec<(&'static Spec, f64)>),
}

struct Plan {
    subject: Subject,
    machine: Machine,
    section: NpuSection,
    primary: Vec<String>,
}

/// Grades candidates of one task.
pub struct NpuEvaluator {
    plan: Arc<Plan>,
}

impl NpuEvaluator {
    /// Reads what the task says; machines that are files are taken from its folder.
    pub fn new(task: &TaskConfig, root: &Path) -> Result<Self, SetupError> {
        let section = task.evaluator.npu.clone().ok_or(SetupError::Missing)?;
        let find = |name: &str| {
            Spec::find(name).ok_or_else(|| SetupError::NoKernel {
                name: name.to_owned(),
                known: TASKS.iter().map(|task| task.name).collect::<Vec<_>>().join(", "),
            })
        };
        let subject = match &section.kernel {
            Some(name) => Subject::Kernel(find(name)?),
            None => Subject::Machine(
                section
                    .workload
                    .iter()
                    .map(|(name, weight)| Ok((find(name)?, *weight)))
                    .collect::<Result<_, SetupError>>()?,
            ),
        };
        let primary = task.objective.iter().map(|objective| objective.metric.clone()).collect();
        let machine = machine(&section.machine, root)?;
        Ok(Self { plan: Arc::new(Plan { subject, machine, section, primary }) })
    }
}

/// A preset, or a description in the task's folder.
fn machine(name: &str, root: &Path) -> Result<Machine, SetupError> {
    if PRESETS.iter().any(|(preset, _)| *preset == name) {
        return Ok(Machine::preset(name)?);
    }
    let unreadable = |source| SetupError::Unreadable { path: name.to_owned(), source };
    let inside = Path::new(name).components().all(|c| matches!(c, std::path::Component::Normal(_)));
    if !inside {
        let outside = std::io::Error::other("it is not a path inside the task folder");
        return Err(unreadable(outside));
    }
    Ok(Machine::parse(&std::fs::read_to_string(root.join(name)).map_err(unreadable)?)?)
}

/// What came of grading a text.
struct Verdict {
    /// Why there is no score, if there is none.
    wrong: Option<String>,
    metrics: Metrics,
    cases: Metrics,
    feedback: String,
    artifacts: BTreeMap<String, Vec<u8>>,
}

impl Verdict {
    fn wrong(detail: impl Into<String>, feedback: impl Into<String>) -> Self {
        Self {
            wrong: Some(detail.into()),
            metrics: Metrics::new(),
            cases: Metrics::new(),
            feedback: feedback.into(),
            artifacts: BTreeMap::new(),
        }
    }
}

/// Stops the work when nobody waits for it any more.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Evaluator for NpuEvaluator {
    fn evaluate(&self, request: EvalRequest, stages: Arc<dyn StageSink>) -> BoxFuture<EvalReport> {
        let plan = Arc::clone(&self.plan);
        Box::pin(async move {
            let first = plan.primary.first().cloned().unwrap_or_default();
            let cancel = Arc::new(AtomicBool::new(false));
            let stop = StopOnDrop(Arc::clone(&cancel));
            let (sender, receiver) = futures::channel::oneshot::channel();
            let work = move || {
                let report = plan.stage(&request, &cancel);
                // Whoever asked may be gone.
                let _ = sender.send(report);
            };
            let thread = std::thread::Builder::new().name("npu".to_owned()).spawn(work);
            if let Err(error) = thread {
                return EvalReport::host_fault(format!("cannot start a thread: {error}"));
            }
            let Ok(report) = receiver.await else {
                return EvalReport::host_fault("the simulator's thread ended without a result");
            };
            drop(stop);
            let total = whole(&report, &first);
            stages.stage_done(report);
            total
        })
    }
}

/// The evaluation that consists of this one stage; `primary` is the first objective's metric.
fn whole(stage: &StageReport, primary: &str) -> EvalReport {
    let score = stage.metrics.get(primary).filter(|_| stage.status == EvalStatus::Ok);
    EvalReport {
        status: stage.status,
        detail: stage.detail.clone(),
        stage: (stage.status != EvalStatus::Ok).then(|| stage.stage.clone()),
        metrics: stage.metrics.clone(),
        cases: stage.cases.clone(),
        samples: score.copied().into_iter().collect(),
        feedback: stage.feedback.clone(),
        artifacts: stage.artifacts.clone(),
        log: stage.log.clone(),
        usage: stage.usage,
    }
}

impl Plan {
    fn stage(&self, request: &EvalRequest, cancel: &AtomicBool) -> StageReport {
        let start = Instant::now();
        let holdout = request.purpose == EvalPurpose::Holdout;
        let mut files = request.program.files.values();
        let verdict = match (files.next(), files.next()) {
            (Some(text), None) => self.judge(text, request.run_seed, holdout, cancel),
            _ => Verdict::wrong("the program must be one file", ""),
        };
        let missing = self.primary.iter().find(|name| !verdict.metrics.contains_key(*name));
        let (status, detail) = match (&verdict.wrong, missing) {
            (Some(wrong), _) => (EvalStatus::Invalid, wrong.clone()),
            (None, Some(name)) => {
                let known: Vec<_> = verdict.metrics.keys().cloned().collect();
                let known = known.join(", ");
                (EvalStatus::Invalid, format!("there is no metric `{name}`, only {known}"))
            }
            (None, None) => (EvalStatus::Ok, String::new()),
        };
        let seconds = start.elapsed().as_secs_f64();
        StageReport {
            stage: if holdout { "holdout" } else { "grade" }.into(),
            repeat: request.repeats.0,
            status,
            detail,
            metrics: verdict.metrics,
            cases: verdict.cases,
            artifacts: verdict.artifacts,
            log: verdict.feedback.clone().into_bytes(),
            feedback: verdict.feedback,
            usage: Usage { wall_s: seconds, cpu_s: seconds, ..Usage::default() },
        }
    }

    fn judge(&self, text: &str, seed: u64, holdout: bool, cancel: &AtomicBool) -> Verdict {
        match &self.subject {
            Subject::Kernel(task) => {
                let seed = if holdout { seed.wrapping_add(HELD_OUT) } else { seed };
                kernel::judge(task, &self.machine, text, (seed, self.section.inputs), cancel)
            }
            Subject::Machine(tasks) => {
                workload::judge(tasks, &self.machine, &self.section, text, cancel)
            }
        }
    }
}
