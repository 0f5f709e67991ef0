//! One repeat of one stage: folders, run, output, judge, result.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evolve_core::ids::Seq;
use evolve_core::objective::Metrics;
use evolve_core::outcome::{EvalStatus, StageReport, Usage};
use evolve_core::ports::{Limits, SandboxCommand, SandboxOutcome};
use evolve_core::program::Program;
use evolve_core::task::{Stage, Trust};
use evolve_core::{env, rng};

use crate::collect::{Refused, collect};
use crate::failure::{Side, Stopped, failure_of, host_or_limit, largest_file};
use crate::result::{LARGEST_RESULT, NoResult, parse};
use crate::scratch::{EvalScratch, private_folder, remove};
use crate::setup::Plan;
use crate::{artifacts, files};

/// Processes a stage's command may have at once.
const PROCESSES: u32 = 512;
/// Bytes kept of what a command prints.
const LOG: usize = 64 * 1024;

/// What all repeats of an evaluation share.
pub(crate) struct Attempt {
    pub plan: Arc<Plan>,
    /// Name of this evaluation, for folders.
    pub name: String,
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

/// The folder of one repeat, removed when the last owner lets go of it. Few and flat: some
/// file systems take milliseconds to remove a folder.
struct Place(EvalScratch);

impl Place {
    fn root(&self) -> &Path {
        self.0.path()
    }

    /// Where `run` runs.
    fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    /// What `run` writes for the judge.
    fn output(&self) -> PathBuf {
        self.root().join("output")
    }

    fn program(&self) -> PathBuf {
        self.root().join("program")
    }

    /// Where the judge runs.
    fn judge(&self) -> PathBuf {
        self.root().join("judge")
    }

    /// The judge's copy of the output.
    fn taken(&self) -> PathBuf {
        self.root().join("taken")
    }
}

/// Where a side that runs in this folder writes the result.
fn result_file(folder: &Path) -> PathBuf {
    folder.join(".result.json")
}

impl Attempt {
    /// Runs one repeat.
    pub(crate) async fn repeat(&self, stage: &Stage, repeat: u32) -> StageReport {
        let mut traces = Traces::default();
        let ended = self.try_repeat(stage, repeat, &mut traces).await;
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

    async fn try_repeat(
        &self,
        stage: &Stage,
        repeat: u32,
        traces: &mut Traces,
    ) -> Result<Given, Stopped> {
        let folder = format!("{}-{}-{repeat}", self.name, stage.name);
        let place = Place(EvalScratch::new(self.plan.scratch.join(folder)));
        let place = Arc::new(place);
        let ended = self.run_and_judge(stage, repeat, &place, traces).await;
        // Nobody needs to wait for the removal.
        tokio::task::spawn_blocking(move || drop(place));
        ended
    }

    async fn run_and_judge(
        &self,
        stage: &Stage,
        repeat: u32,
        place: &Arc<Place>,
        traces: &mut Traces,
    ) -> Result<Given, Stopped> {
        let (plan, program) = (Arc::clone(&self.plan), Arc::clone(&self.program));
        let program = blocking(place, move |place| prepare_run(&plan, &program, place)).await?;
        let in_process = self.plan.task.evaluator.trust == Trust::InProcess;
        let mut env = self.environment(repeat);
        put(&mut env, env::PROGRAM, &program)?;
        put(&mut env, env::OUTPUT, &place.output())?;
        if in_process {
            put(&mut env, env::RESULT, &result_file(&place.work()))?;
        }
        let command = SandboxCommand {
            argv: stage.run.clone(),
            env,
            workdir: place.work(),
            writable: vec![place.output()],
            readable: vec![program],
            limits: limits(stage),
        };
        self.side(Side::Run, stage, place, command, traces).await?;
        if in_process {
            return blocking(place, |place| read_result(Side::Run, &place.work(), &place.output()))
                .await;
        }
        let (plan, largest) = (Arc::clone(&self.plan), stage.resources.output.0);
        blocking(place, move |place| prepare_judge(&plan, place, largest)).await?;
        let mut env = self.environment(repeat);
        put(&mut env, env::OUTPUT, &place.taken())?;
        put(&mut env, env::RESULT, &result_file(&place.judge()))?;
        let command = SandboxCommand {
            argv: stage.judge.clone(),
            env,
            workdir: place.judge(),
            writable: Vec::new(),
            readable: vec![place.taken()],
            limits: limits(stage),
        };
        self.side(Side::Judge, stage, place, command, traces).await?;
        blocking(place, |place| read_result(Side::Judge, &place.judge(), &place.taken())).await
    }

    /// Runs one side's command and sees that it ended well.
    async fn side(
        &self,
        side: Side,
        stage: &Stage,
        place: &Place,
        command: SandboxCommand,
        traces: &mut Traces,
    ) -> Result<(), Stopped> {
        let outcome = self
            .plan
            .sandbox
            .run(command)
            .await
            .map_err(|fault| Stopped::host(format!("`{}`: {fault}", side.word())))?;
        traces.add(side, &outcome);
        failure_of(side, stage, &outcome, place.root()).map_or(Ok(()), Err)
    }

    /// What both sides get.
    fn environment(&self, repeat: u32) -> BTreeMap<String, String> {
        let seed = rng::derive_seed(self.run_seed, Seq(repeat.into()), "repeat");
        let mut env = BTreeMap::from([
            // Folders are used once: compiled files would be written for nobody. Output that
            // is not buffered is there when a command is killed.
            ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
            ("PYTHONUNBUFFERED".to_owned(), "1".to_owned()),
        ]);
        env.extend(self.plan.env.iter().cloned());
        env.insert(env::SEED.to_owned(), seed.to_string());
        env.insert(env::REPEAT.to_owned(), repeat.to_string());
        env.insert(env::DEVICE.to_owned(), "none".to_owned());
        env
    }
}

/// Does file work on a thread where that harms nobody. The folder stays until it is done,
/// even if the evaluation is dropped meanwhile.
async fn blocking<T: Send + 'static>(
    place: &Arc<Place>,
    work: impl FnOnce(&Place) -> Result<T, Stopped> + Send + 'static,
) -> Result<T, Stopped> {
    let place = Arc::clone(place);
    let done = tokio::task::spawn_blocking(move || work(&place));
    done.await.unwrap_or_else(|error| Err(Stopped::host(format!("file work failed: {error}"))))
}

fn limits(stage: &Stage) -> Limits {
    Limits {
        wall: stage.timeout.0,
        memory: stage.resources.memory.0,
        file_size: largest_file(stage),
        processes: PROCESSES,
        log: LOG,
    }
}

fn put(env: &mut BTreeMap<String, String>, name: &str, path: &Path) -> Result<(), Stopped> {
    let text = path.to_str().ok_or_else(|| {
        Stopped::host(format!("{} is not UTF-8; choose another folder", path.display()))
    })?;
    env.insert(name.to_owned(), text.to_owned());
    Ok(())
}

/// Makes the candidate side's folders; returns where the program is.
fn prepare_run(plan: &Plan, program: &Program, place: &Place) -> Result<PathBuf, Stopped> {
    let folder = place.program();
    let fill = || {
        for folder in [place.root(), &place.work(), &place.output(), &folder] {
            private_folder(folder)?;
        }
        files::copy(&plan.task_root, &plan.files.candidate, &place.work())
    };
    fill()
        .map_err(|error| Stopped::host(format!("cannot prepare the candidate's side: {error}")))?;
    let mut made = BTreeSet::new();
    for (path, text) in &program.files {
        Program::check_path(path)
            .map_err(|error| Stopped { status: EvalStatus::Invalid, detail: error.to_string() })?;
        files::make_parents(&folder, Path::new(path), &mut made)
            .and_then(|()| fs::write(folder.join(path), text))
            .map_err(|error| Stopped::host(format!("cannot write the program: {error}")))?;
    }
    Ok(match program.sole() {
        Some((path, _)) if !plan.program_is_folder => folder.join(path),
        _ => folder,
    })
}

/// Takes over the output and makes the judge's folders.
fn prepare_judge(plan: &Plan, place: &Place, largest: u64) -> Result<(), Stopped> {
    let fill = || {
        // Made only now, so that the candidate finds nothing here; what it may have put in
        // these places is its own.
        for folder in [place.judge(), place.taken()] {
            remove(&folder)?;
        }
        private_folder(&place.judge())?;
        files::copy(&plan.task_root, &plan.files.judge, &place.judge())
    };
    fill().map_err(|error| Stopped::host(format!("cannot prepare the judge's side: {error}")))?;
    collect(&place.output(), &place.taken(), largest).map_err(|refused| match refused {
        Refused::Limit(detail) => Stopped { status: EvalStatus::LimitHit, detail },
        Refused::Odd(detail) => Stopped { status: EvalStatus::Invalid, detail },
        Refused::Host(error) => {
            host_or_limit(place.root(), largest, &format!("cannot copy the output: {error}"))
        }
    })
}

/// Reads the result that a side left in its folder, with its artifacts.
fn read_result(side: Side, folder: &Path, output: &Path) -> Result<Given, Stopped> {
    let failed = |detail: String| Stopped { status: EvalStatus::JudgeFailed, detail };
    let word = side.word();
    let file = result_file(folder);
    match fs::symlink_metadata(&file) {
        Ok(meta) if meta.is_file() => {}
        Ok(_) => return Err(failed(format!("`{word}` left a result that is not a plain file"))),
        Err(_) => {
            return Err(failed(format!("`{word}` ended well but wrote no ${}", env::RESULT)));
        }
    }
    let mut bytes = Vec::new();
    fs::File::open(&file)
        .and_then(|file| file.take(LARGEST_RESULT + 1).read_to_end(&mut bytes))
        .map_err(|error| Stopped::host(format!("cannot read the result: {error}")))?;
    let judged = parse(&bytes).map_err(|none| match none {
        NoResult::NotFinite(detail) => Stopped { status: EvalStatus::Invalid, detail },
        NoResult::Garbage(detail) => failed(format!("`{word}`: {detail}")),
    })?;
    let artifacts = artifacts::load(judged.artifacts, &[folder, output])
        .map_err(|why| failed(format!("`{word}`: {why}")))?;
    Ok(Given { metrics: judged.metrics, cases: judged.cases, artifacts, feedback: judged.feedback })
}
