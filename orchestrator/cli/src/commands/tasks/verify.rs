//! `evolve tasks verify`: every promise of the shipped tasks, through the real evaluator and
//! sandbox.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use evolve_core::outcome::{EvalPurpose, EvalReport, EvalStatus, StageReport};
use evolve_core::ports::{EvalRequest, Evaluator, StageSink};
use evolve_core::task::TaskConfig;
use evolve_core::{CandidateId, Program};
use serde::Serialize;
use serde_json::json;

use crate::args::{Global, TasksVerify};
use crate::commands::start::{check_requirements, sandbox_kind};
use crate::commands::{print, print_json};
use crate::error::{CliError, Exit};
use crate::sandboxes::Sandboxes;
use crate::session;
use crate::shipped::{Cheat, KnownProgram, Role, Shipped};

/// How much longer than in a run a stage may take: scores are promised here, not times, and the
/// machine may be busy.
const PATIENCE: u32 = 6;

/// One promise, kept or not.
#[derive(Debug, Serialize)]
struct Check {
    what: String,
    path: String,
    expected: String,
    found: String,
    ok: bool,
    wall_s: f64,
}

/// What was found of one task.
#[derive(Debug, Serialize)]
struct Verified {
    name: String,
    /// Why nothing of it was run.
    left_out: Option<String>,
    checks: Vec<Check>,
}

/// Verifies the tasks asked for; `common` are hostile programs for all of them.
pub fn verify(
    global: &Global,
    args: &TasksVerify,
    as_json: bool,
    all: &[Shipped],
    common: &[Cheat],
) -> Result<Exit, CliError> {
    let mut verified = Vec::new();
    for task in asked_for(all, &args.names)? {
        let one = one_task(args, task, common)?;
        if !as_json {
            print(&told(&one, global.quiet));
        }
        verified.push(one);
    }
    let broken = verified.iter().flat_map(|task| &task.checks).filter(|check| !check.ok).count();
    if as_json {
        print_json(&json!({ "version": 1, "ok": broken == 0, "tasks": verified }))?;
    } else {
        let checks: usize = verified.iter().map(|task| task.checks.len()).sum();
        let left_out = verified.iter().filter(|task| task.left_out.is_some()).count();
        print(&format!(
            "{} tasks, {checks} programs: {} as expected, {broken} not; tasks left out: {left_out}\n",
            verified.len(),
            checks - broken,
        ));
    }
    if broken == 0 {
        return Ok(Exit::Done);
    }
    Err(CliError::failed(format!("{broken} programs did not end as verify.toml expects"))
        .help("the lines that begin with NOT say which, and what came of them"))
}

/// The tasks of these names, by the task's or the folder's; all if there are none.
fn asked_for<'a>(all: &'a [Shipped], names: &[String]) -> Result<Vec<&'a Shipped>, CliError> {
    let is = |task: &Shipped, name: &str| {
        task.task.config.task.name == name
            || task.task.root.file_name().is_some_and(|folder| folder == name)
    };
    for name in names {
        if !all.iter().any(|task| is(task, name)) {
            return Err(CliError::new(Exit::NotFound, format!("there is no task `{name}`"))
                .help("`evolve tasks` lists them"));
        }
    }
    let wanted = |task: &&Shipped| names.is_empty() || names.iter().any(|name| is(task, name));
    Ok(all.iter().filter(wanted).collect())
}

fn one_task(args: &TasksVerify, shipped: &Shipped, common: &[Cheat]) -> Result<Verified, CliError> {
    let mut config = shipped.task.config.clone();
    if let Some(kind) = args.sandbox {
        config.sandbox.kind = sandbox_kind(kind);
    }
    for stage in config.evaluator.stage.iter_mut().chain(&mut config.evaluator.holdout) {
        stage.timeout.0 = stage.timeout.0.saturating_mul(PATIENCE);
    }
    let name = config.task.name.clone();
    let bench = match Bench::open(config, &shipped.task.root) {
        Ok(bench) => bench,
        Err(NotOpened::LeftOut(why)) => {
            return Ok(Verified { name, left_out: Some(why), checks: Vec::new() });
        }
        Err(NotOpened::Failed(error)) => return Err(error),
    };
    let mut checks = Vec::new();
    let mut start = None;
    let programs = &shipped.promises.program;
    for program in programs.iter().filter(|program| !(args.quick && program.slow)) {
        let (check, score) = bench.known(program, EvalPurpose::Search, program.score)?;
        checks.push(check);
        if program.role == Role::Start {
            start = score;
        }
        if let (Some(held), false) = (program.holdout, args.quick) {
            checks.push(bench.known(program, EvalPurpose::Holdout, held)?.0);
        }
    }
    // Those for all tasks are written in Python.
    let python = bench.task.language().is_some_and(|language| language == "python");
    let common = if python { common } else { &[] };
    let cheats = shipped.promises.cheat.iter().chain(common);
    for cheat in cheats.filter(|cheat| !(args.quick && cheat.slow)) {
        // The second time, it may have left something behind.
        for _ in 0..if args.quick { 1 } else { 2 } {
            checks.push(bench.hostile(cheat, start)?);
        }
    }
    Ok(Verified { name, left_out: None, checks })
}

fn told(task: &Verified, quiet: bool) -> String {
    let mut text = match &task.left_out {
        Some(why) => return format!("{}: left out: {why}\n", task.name),
        None => format!("{}\n", task.name),
    };
    for check in task.checks.iter().filter(|check| !(quiet && check.ok)) {
        let mark = if check.ok { "   " } else { "NOT" };
        text += &format!(
            "  {mark} {:<8} {:<36} {} ({:.1} s)",
            check.what, check.path, check.found, check.wall_s
        );
        if !check.ok {
            text += &format!("; expected {}", check.expected);
        }
        text.push('\n');
    }
    text
}

/// A task that is ready to evaluate.
struct Bench {
    task: Arc<TaskConfig>,
    evaluator: Arc<dyn Evaluator>,
    sandboxes: Sandboxes,
}

enum NotOpened {
    LeftOut(String),
    Failed(CliError),
}

impl From<CliError> for NotOpened {
    fn from(error: CliError) -> Self {
        Self::Failed(error)
    }
}

impl Bench {
    fn open(config: TaskConfig, root: &Path) -> Result<Self, NotOpened> {
        let task = Arc::new(config);
        let sandboxes = Sandboxes::open(&task, root, true)?;
        check_requirements(&task, &sandboxes).map_err(|error| match error.exit {
            Exit::Usage => NotOpened::LeftOut(error.message),
            _ => NotOpened::Failed(error),
        })?;
        let evaluator = session::evaluator(&task, root, &sandboxes.sandbox)?;
        Ok(Self { task, evaluator, sandboxes })
    }

    /// Evaluates the program in a file as a candidate.
    fn evaluate(&self, file: &Path, purpose: EvalPurpose) -> Result<(EvalReport, f64), CliError> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            CliError::usage(format!("cannot read the program {}: {error}", file.display()))
                .help("correct its path in verify.toml")
        })?;
        let path = self.task.program.as_ref().map_or("program.py", |program| &program.path);
        let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let evaluator = &self.task.evaluator;
        let stage = match purpose {
            EvalPurpose::Holdout => evaluator.holdout.as_ref(),
            _ => evaluator.stage.last(),
        };
        let request = EvalRequest {
            candidate: CandidateId::START,
            program: Program::single(name, text),
            purpose,
            repeats: (0, stage.map_or(1, |stage| stage.repeats.min)),
            run_seed: self.task.search.seed,
        };
        let began = Instant::now();
        let report = self.evaluator.evaluate(request, Arc::new(Nobody));
        let report = self.sandboxes.runtime.block_on(report);
        if report.status == EvalStatus::HostFault {
            return Err(CliError::failed(format!("{}: {}", self.task.task.name, report.detail)));
        }
        Ok((report, began.elapsed().as_secs_f64()))
    }

    /// A program that must have this score. Its score comes along, if it has one.
    fn known(
        &self,
        program: &KnownProgram,
        purpose: EvalPurpose,
        expected: f64,
    ) -> Result<(Check, Option<f64>), CliError> {
        let (report, wall_s) = self.evaluate(&program.path, purpose)?;
        let verdict = self.verdict(&report);
        let (found, score) = match verdict {
            Verdict::Scored(score) => (format!("{score:.10}"), Some(score)),
            other => (other.to_string(), None),
        };
        let near = |score: f64| (score - expected).abs() <= program.tolerance * expected.abs();
        let held = if purpose == EvalPurpose::Holdout { ", held out" } else { "" };
        let check = Check {
            what: format!("{}{held}", program.role.word()),
            path: Self::shown(&program.path),
            expected: format!("{expected:.10}"),
            found,
            ok: score.is_some_and(near),
            wall_s,
        };
        Ok((check, score))
    }

    /// A program that must fail in its way. `start` is the score that it must not exceed.
    fn hostile(&self, cheat: &Cheat, start: Option<f64>) -> Result<Check, CliError> {
        let (report, wall_s) = self.evaluate(&cheat.path, EvalPurpose::Search)?;
        let goal = self.task.primary().goal;
        let verdict = self.verdict(&report);
        let found = match verdict {
            Verdict::Scored(score) if start.is_some_and(|start| !goal.is_better(score, start)) => {
                format!("no-gain: {score:.6}")
            }
            Verdict::Scored(score) => format!("a gain: {score:.6}"),
            ref other => other.to_string(),
        };
        let has_no_score = matches!(verdict, Verdict::Failed(..));
        let word = found.split(':').next().unwrap_or_default();
        let ok = word == cheat.ends || (cheat.ends == "no-score" && has_no_score);
        Ok(Check {
            what: "cheat".to_owned(),
            path: Self::shown(&cheat.path),
            expected: cheat.ends.clone(),
            found: evolve_report::format::one_line(&found, 120),
            ok,
            wall_s,
        })
    }

    fn verdict(&self, report: &EvalReport) -> Verdict {
        if report.status != EvalStatus::Ok {
            return Verdict::Failed(report.status, report.detail.clone());
        }
        let objective = self.task.primary();
        match objective.score(&report.metrics) {
            None => Verdict::Failed(EvalStatus::Invalid, "it has no score".to_owned()),
            Some(score) if objective.is_too_good(score) => Verdict::TooGood(score),
            Some(score) => Verdict::Scored(score),
        }
    }

    /// A file by its folder and name.
    fn shown(file: &Path) -> String {
        let parts: Vec<_> = file.components().rev().take(2).collect();
        let parts: Vec<_> = parts
            .iter()
            .rev()
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        parts.join("/")
    }
}

/// What a run would make of an evaluation.
enum Verdict {
    Scored(f64),
    /// Beyond `plausible_max`.
    TooGood(f64),
    Failed(EvalStatus, String),
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scored(score) => write!(f, "{score:.10}"),
            Self::TooGood(score) => write!(f, "quarantined: {score}"),
            Self::Failed(status, why) => write!(f, "{}: {why}", status.word()),
        }
    }
}

/// Stages are of no interest here.
struct Nobody;

impl StageSink for Nobody {
    fn stage_done(&self, _: StageReport) {}
}
