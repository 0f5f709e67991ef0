//! One repeat of one stage: folders, run, output, judge, result.

use std::collections::BTreeMap;
use std::sync::Arc;

use evolve_core::device::Gpu;
use evolve_core::ids::Seq;
use evolve_core::objective::Metrics;
use evolve_core::outcome::{EvalStatus, StageReport, Usage};
use evolve_core::program::Program;
use evolve_core::sandbox::{
    EnvValue, Folder, Refused, SandboxCommand, SandboxFile, SandboxOutcome, Session, TakeLimits,
};
use evolve_core::task::{EvaluatorKind, Stage, Trust};
use evolve_core::{env, rng};

use crate::artifacts;
use crate::failure::{Side, Stopped, failure_of};
use crate::peers;
use crate::result::{LARGEST_RESULT, NoResult, parse};
use crate::setup::{Plan, StagePlan};

/// Bytes kept of what a command prints.
const LOG: usize = 64 * 1024;
/// Most files and folders of an output.
const MOST_ENTRIES: usize = 4096;
/// Deepest folder below the output folder.
const DEEPEST: usize = 16;
/// The file that the result is written to, in the folder of the side that writes it.
const RESULT: &str = ".result.json";

/// What all repeats of an evaluation share.
pub(crate) struct Attempt {
    pub plan: Arc<Plan>,
    /// Which of the evaluations side by side this is.
    pub slot: u32,
    pub program: Arc<Program>,
    pub run_seed: u64,
}

/// What is kept whatever the end.
#[derive(Default)]
struct Traces {
    log: Vec<u8>,
    usage: Usage,
}

impl Traces {
    fn add(&mut self, side: Side, outcome: &SandboxOutcome) {
        self.usage = self.usage.plus(outcome.usage);
        if outcome.log.is_empty() {
            return;
        }
        if self.log.last().is_some_and(|byte| *byte != b'\n') {
            self.log.push(b'\n');
        }
        self.log.extend_from_slice(format!("[{}]\n", side.word()).as_bytes());
        self.log.extend_from_slice(&outcome.log);
    }
}

/// A result with its artifacts loaded.
#[derive(Default)]
struct Given {
    metrics: Metrics,
    cases: Metrics,
    artifacts: BTreeMap<String, Vec<u8>>,
    feedback: String,
}

impl Attempt {
    /// Runs one repeat.
    pub(crate) async fn repeat(&self, step: &StagePlan, repeat: u32) -> StageReport {
        let mut traces = Traces::default();
        let stage = &step.stage;
        let ended = self.run_and_judge(step, repeat, &mut traces).await;
        let (status, detail, given) = match ended {
            Ok(given) => (EvalStatus::Ok, String::new(), given),
            Err(stopped) => (stopped.status, stopped.detail, Given::default()),
        };
        StageReport {
            stage: stage.name.clone(),
            repeat,
            status,
            detail,
            metrics: given.metrics,
            cases: given.cases,
            artifacts: given.artifacts,
            feedback: given.feedback,
            log: traces.log,
            usage: traces.usage,
        }
    }

    async fn run_and_judge(
        &self,
        step: &StagePlan,
        repeat: u32,
        traces: &mut Traces,
    ) -> Result<Given, Stopped> {
        let stage = &step.stage;
        let (files, program) = self.program_files()?;
        let kind = self.plan.task.evaluator.kind;
        let in_process = self.plan.task.evaluator.trust == Trust::InProcess;
        let mut env = self.environment(step, repeat);
        place(&mut env, env::PROGRAM, Folder::Program, &program);
        place(&mut env, env::OUTPUT, Folder::Output, "");
        if in_process {
            place(&mut env, env::RESULT, Folder::Work, RESULT);
        }
        let asked = command(stage, &stage.run, env, files, false);
        let mut session = self.open(Side::Run, step).await?;
        self.side(Side::Run, stage, &mut *session, asked, traces).await?;
        if in_process {
            return read_result(kind, Side::Run, &mut *session).await;
        }
        let output = take_output(&mut *session, stage).await?;
        drop(session);
        let mut env = self.environment(step, repeat);
        place(&mut env, env::OUTPUT, Folder::Output, "");
        place(&mut env, env::RESULT, Folder::Work, RESULT);
        let asked = command(stage, &stage.judge, env, output, true);
        let mut session = self.open(Side::Judge, step).await?;
        self.side(Side::Judge, stage, &mut *session, asked, traces).await?;
        read_result(kind, Side::Judge, &mut *session).await
    }

    async fn open(&self, side: Side, step: &StagePlan) -> Result<Box<dyn Session>, Stopped> {
        let spec = self.plan.spec(side, step, self.slot).map_err(Stopped::host)?;
        let opened = self.plan.sandbox.open(spec).await;
        opened.map_err(|fault| Stopped::host(format!("`{}`: {fault}", side.word())))
    }

    /// Runs one side's command and sees that it ended well.
    async fn side(
        &self,
        side: Side,
        stage: &Stage,
        session: &mut dyn Session,
        command: SandboxCommand,
        traces: &mut Traces,
    ) -> Result<(), Stopped> {
        let outcome = session
            .run(command)
            .await
            .map_err(|fault| Stopped::host(format!("`{}`: {fault}", side.word())))?;
        traces.add(side, &outcome);
        failure_of(side, stage, &outcome).map_or(Ok(()), Err)
    }

    /// The program's files, and its path below their folder (empty for the folder itself).
    fn program_files(&self) -> Result<(Vec<SandboxFile>, String), Stopped> {
        let mut files = Vec::new();
        for (path, text) in &self.program.files {
            Program::check_path(path).map_err(|error| Stopped {
                status: EvalStatus::Invalid,
                detail: error.to_string(),
            })?;
            files.push(SandboxFile {
                folder: Folder::Program,
                path: path.clone(),
                bytes: Arc::from(text.as_bytes()),
                executable: false,
            });
        }
        let sole = self.program.sole().filter(|_| !self.plan.program_is_folder);
        Ok((files, sole.map(|(path, _)| path.to_owned()).unwrap_or_default()))
    }

    /// What both sides get.
    fn environment(&self, step: &StagePlan, repeat: u32) -> BTreeMap<String, EnvValue> {
        let seed = rng::derive_seed(self.run_seed, Seq(repeat.into()), "repeat");
        let text = |text: String| EnvValue::Text(text);
        let gpus = self.plan.lease(&step.stage, self.slot).unwrap_or_default();
        let mut env = BTreeMap::from([
            (env::SEED.to_owned(), text(seed.to_string())),
            (env::REPEAT.to_owned(), text(repeat.to_string())),
            (env::DEVICE.to_owned(), text(device_names(&gpus))),
        ]);
        if !gpus.is_empty() {
            let uuids: Vec<_> = gpus.iter().map(|gpu| gpu.uuid.as_str()).collect();
            env.insert("CUDA_VISIBLE_DEVICES".to_owned(), text(uuids.join(",")));
        }
        env
    }
}

/// What a command calls its accelerators: it sees no others.
fn device_names(gpus: &[Gpu]) -> String {
    let names: Vec<String> = (0..gpus.len()).map(|i| format!("cuda:{i}")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(",") }
}

fn place(env: &mut BTreeMap<String, EnvValue>, name: &str, folder: Folder, path: &str) {
    env.insert(name.to_owned(), EnvValue::Place(folder, path.to_owned()));
}

fn command(
    stage: &Stage,
    argv: &[String],
    env: BTreeMap<String, EnvValue>,
    files: Vec<SandboxFile>,
    output_is_given: bool,
) -> SandboxCommand {
    SandboxCommand {
        argv: argv.to_vec(),
        env,
        files,
        output_is_given,
        wall: stage.timeout.0,
        log: LOG,
    }
}

/// Takes over the output of the candidate's side.
async fn take_output(
    session: &mut dyn Session,
    stage: &Stage,
) -> Result<Vec<SandboxFile>, Stopped> {
    let limits =
        TakeLimits { bytes: stage.resources.output.0, entries: MOST_ENTRIES, depth: DEEPEST };
    let taken = session.take(Folder::Output, limits).await;
    let taken = taken.map_err(|fault| Stopped::host(format!("the output: {fault}")))?;
    let mut files = taken.map_err(|refused| match refused {
        Refused::TooLarge => Stopped {
            status: EvalStatus::LimitHit,
            detail: format!("the output is larger than {}", stage.resources.output),
        },
        Refused::Limit(detail) => Stopped { status: EvalStatus::LimitHit, detail },
        Refused::Odd(detail) => Stopped { status: EvalStatus::Invalid, detail },
    })?;
    // It is data for the judge, whatever it was before.
    for file in &mut files {
        file.executable = false;
    }
    Ok(files)
}

/// Reads the result that a side left, with its artifacts.
async fn read_result(
    kind: EvaluatorKind,
    side: Side,
    session: &mut dyn Session,
) -> Result<Given, Stopped> {
    let failed = |detail: String| Stopped { status: EvalStatus::JudgeFailed, detail };
    let word = side.word();
    let bytes = session
        .read(Folder::Work, RESULT.to_owned(), LARGEST_RESULT + 1)
        .await
        .map_err(|fault| Stopped::host(format!("the result: {fault}")))?
        .ok_or_else(|| failed(format!("`{word}` ended well but wrote no ${}", env::RESULT)))?;
    let judged = match kind {
        // The simulated accelerator has no commands, and so no result file.
        EvaluatorKind::Command | EvaluatorKind::BuiltinNpu => parse(&bytes),
        EvaluatorKind::SkydiscoverContainer => peers::parse_container(&bytes),
        EvaluatorKind::Harbor => peers::parse_reward(&bytes),
    };
    let judged = judged.map_err(|none| match none {
        NoResult::NotFinite(detail) => Stopped { status: EvalStatus::Invalid, detail },
        NoResult::Garbage(detail) => failed(format!("`{word}`: {detail}")),
    })?;
    let artifacts = artifacts::load(judged.artifacts, session)
        .await
        .map_err(|why| failed(format!("`{word}`: {why}")))?;
    Ok(Given { metrics: judged.metrics, cases: judged.cases, artifacts, feedback: judged.feedback })
}
