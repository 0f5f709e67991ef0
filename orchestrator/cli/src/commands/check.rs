//! `evolve check`: every mistake explained, and a dry run of the evaluator.

use std::sync::{Arc, Mutex, PoisonError};

use evolve_core::outcome::{EvalPurpose, EvalReport, EvalStatus, StageReport};
use evolve_core::ports::{EvalRequest, Evaluator, StageSink};
use evolve_core::{CandidateId, Program};
use serde_json::json;

use crate::args::Check;
use crate::commands::start::{check_requirements, sandbox_kind};
use crate::commands::{print, print_json};
use crate::error::{CliError, Exit};
use crate::knowledge;
use crate::notify;
use crate::sandboxes::Sandboxes;
use crate::session::{self, ProposerKind, Wiring};
use crate::task_folder::TaskFolder;

/// Validates, dry-runs, prints.
pub fn check(args: &Check) -> Result<(), CliError> {
    match check_all(args) {
        Ok(done) if args.json => print_json(&done.json),
        Ok(done) => {
            print(&done.text);
            Ok(())
        }
        Err(error) => {
            if args.json {
                print_json(&json!({ "version": 1, "ok": false, "problems": error.to_json() }))?;
            }
            Err(error)
        }
    }
}

struct Done {
    text: String,
    json: serde_json::Value,
}

fn check_all(args: &Check) -> Result<Done, CliError> {
    let mut folder = TaskFolder::open_as(&args.task, &args.peer)?;
    if let Some(kind) = args.sandbox {
        folder.config.sandbox.kind = sandbox_kind(kind);
    }
    let description = folder.description()?;
    let program = folder.program()?;
    let population = folder.population()?.len();
    let task = Arc::new(folder.config.clone());
    let kind = ProposerKind::of(&task);
    folder.notes.extend(notify::webhook(&task).err());
    // Proposer, prompts and cognition are built as a run would, then let go.
    let scratch = tempfile::tempdir()
        .map_err(|error| CliError::failed(format!("cannot make a temporary folder: {error}")))?;
    let wiring = Wiring {
        task: Arc::clone(&task),
        description,
        proposer: kind,
        analyzer: true,
        task_root: folder.root.clone(),
    };
    let base = knowledge::base(&wiring, &scratch.path().join("index"))?;
    let sandboxes = Sandboxes::open(&task, &folder.root, args.json)?;
    let proposers = session::proposers(
        &wiring,
        Some(Arc::new(base)),
        knowledge::embedder(&wiring)?,
        &sandboxes.sandbox,
    )?;
    session::parts(&task, kind, knowledge::analyzer(&wiring, &proposers)?)?;
    check_requirements(&task, &sandboxes)?;
    let evaluator = session::evaluator(&task, &folder.root, &sandboxes.sandbox)?;
    let Some(program) = program else {
        let mut text =
            format!("{}: the task is valid; it has no start program to dry-run\n", task.task.name);
        let notes = &folder.notes;
        for note in notes {
            text += &format!("  note: {note}\n");
        }
        let json = json!({ "version": 1, "ok": true, "notes": notes, "start": null });
        return Ok(Done { text, json });
    };
    let mut done = dry_run(&folder, &*evaluator, &sandboxes.runtime, &program)?;
    if population > 0 {
        done.text += &format!("  population: {population} programs are measured first\n");
    }
    Ok(done)
}

fn dry_run(
    folder: &TaskFolder,
    evaluator: &dyn Evaluator,
    runtime: &tokio::runtime::Runtime,
    program: &Program,
) -> Result<Done, CliError> {
    let task = &folder.config;
    let stages = Arc::new(Stages::default());
    let evaluate = |purpose, repeats| {
        let request = EvalRequest {
            candidate: CandidateId::START,
            program: program.clone(),
            purpose,
            repeats,
            run_seed: task.search.seed,
        };
        let sink = Arc::clone(&stages) as Arc<dyn StageSink>;
        runtime.block_on(evaluator.evaluate(request, sink))
    };
    let min = task.evaluator.stage.last().map_or(1, |stage| stage.repeats.min);
    let report = evaluate(EvalPurpose::Search, (0, min));
    fail_unless_ok("the start program", &report)?;
    let held = match &task.evaluator.holdout {
        Some(stage) => {
            let held = evaluate(EvalPurpose::Holdout, (0, stage.repeats.min));
            fail_unless_ok("the start program, on held-out cases,", &held)?;
            Some(held)
        }
        None => None,
    };
    let objective = task.primary();
    let score = objective.score(&report.metrics);
    let noise = noise(task, &report, || evaluate(EvalPurpose::Confirm, (1, 2)));
    let mut text = format!("{}: the task is valid\n", task.task.name);
    for (stage, seconds) in stages.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        text += &format!("  stage {stage}: ok in {seconds:.2} s\n");
    }
    for (name, value) in &report.metrics {
        text += &format!("  {name} = {value}\n");
    }
    if let (Some(score), Some(baseline)) = (score, objective.baseline)
        && (score - baseline).abs() > 1e-3 * baseline.abs().max(1e-9)
    {
        text += &format!("  note: the start scores {score}, but `baseline` says {baseline}\n");
    }
    let mut notes = folder.notes.clone();
    notes.extend(warnings(&report.log));
    notes.extend(noise.map(|other| {
        format!(
            "measured twice, the start scores {} and {other}; with `repeats` at 1 the best may be \
             luck: give the deciding stage repeats, for example {{ min = 2, max = 8 }}",
            score.unwrap_or(f64::NAN)
        )
    }));
    for note in &notes {
        text += &format!("  note: {note}\n");
    }
    let json = json!({
        "version": 1,
        "ok": true,
        "notes": notes,
        "noisy": noise.is_some(),
        "start": { "score": score, "metrics": report.metrics, "wall_s": report.usage.wall_s },
        "holdout": held.map(|held| held.metrics),
    });
    Ok(Done { text, json })
}

/// The score of a second measurement, where that differs and the task measures everybody once.
fn noise(
    task: &evolve_core::task::TaskConfig,
    first: &EvalReport,
    again: impl FnOnce() -> EvalReport,
) -> Option<f64> {
    if task.evaluator.stage.last().is_none_or(|stage| stage.repeats.max > 1) {
        return None;
    }
    let score = |report: &EvalReport| task.primary().score(&report.metrics);
    let second = again();
    let (one, other) = (score(first)?, score(&second)?);
    (second.status == EvalStatus::Ok && one.to_bits() != other.to_bits()).then_some(other)
}

/// What the driver of a task of another system warns of.
fn warnings(log: &[u8]) -> Vec<String> {
    let log = String::from_utf8_lossy(log);
    let lines = log.lines().filter_map(|line| line.strip_prefix("evolve: warning: "));
    lines.map(|line| evolve_report::format::one_line(line, 300)).collect()
}

fn fail_unless_ok(what: &str, report: &EvalReport) -> Result<(), CliError> {
    if report.status == EvalStatus::Ok {
        return Ok(());
    }
    let stage = report.stage.as_ref().map(|s| format!(" in stage `{s}`")).unwrap_or_default();
    let exit = if report.status == EvalStatus::HostFault { Exit::Failed } else { Exit::Usage };
    let message = format!("{what} ends as {}{stage}: {}", report.status.word(), report.detail);
    let log = String::from_utf8_lossy(&report.log);
    let error = CliError::new(exit, message);
    let tail: Vec<_> = log.lines().rev().take(12).collect();
    if tail.is_empty() {
        return Err(error);
    }
    let tail: Vec<_> =
        tail.into_iter().rev().map(|l| evolve_report::format::one_line(l, 200)).collect();
    Err(error.help(format!("the log ends with\n{}", tail.join("\n"))))
}

#[derive(Default)]
struct Stages(Mutex<Vec<(String, f64)>>);

impl StageSink for Stages {
    fn stage_done(&self, report: StageReport) {
        let mut stages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if report.status == EvalStatus::Ok {
            stages.push((report.stage.to_string(), report.usage.wall_s));
        }
    }
}
