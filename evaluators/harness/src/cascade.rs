//! One evaluation: the stages in order, their repeats, and what they add up to.

use std::ops::Range;
use std::sync::Arc;

use evolve_core::objective::{Metrics, Objective};
use evolve_core::outcome::{EvalPurpose, EvalReport, EvalStatus, StageReport, Usage};
use evolve_core::ports::{EvalRequest, StageSink};
use evolve_core::task::Stage;

use crate::gate::{Gate, GateVerdict};
use crate::means::Means;
use crate::setup::{Plan, StagePlan};
use crate::stage::Attempt;

/// A stage with the repeats that are asked of it.
struct Step<'a> {
    plan: &'a StagePlan,
    repeats: Range<u32>,
    /// Whether it gives the score.
    decides: bool,
}

/// Runs an evaluation in a slot.
pub(crate) async fn evaluate(
    plan: Arc<Plan>,
    slot: u32,
    request: EvalRequest,
    sink: Arc<dyn StageSink>,
) -> EvalReport {
    let steps = match steps(&plan, &request) {
        Ok(steps) => steps,
        Err(why) => return EvalReport::host_fault(why),
    };
    let attempt = Attempt {
        plan: Arc::clone(&plan),
        slot,
        program: Arc::new(request.program),
        run_seed: request.run_seed,
    };
    let mut total = EvalReport { status: EvalStatus::Ok, ..EvalReport::host_fault("") };
    for step in &steps {
        if !run_step(&attempt, step, &plan.task.objective, &*sink, &mut total).await {
            total.samples.clear();
            break;
        }
    }
    total
}

fn steps<'a>(plan: &'a Plan, request: &EvalRequest) -> Result<Vec<Step<'a>>, &'static str> {
    let asked = request.repeats.0..request.repeats.1;
    let own = |stage: &Stage| 0..stage.repeats.min;
    let (last, earlier) = plan.stages.split_last().ok_or("the task has no stage to run")?;
    let steps = match request.purpose {
        EvalPurpose::Holdout => {
            let plan = plan.holdout.as_ref().ok_or("the task has no [evaluator.holdout] to run")?;
            vec![Step { plan, repeats: own(&plan.stage), decides: true }]
        }
        EvalPurpose::Confirm => vec![Step { plan: last, repeats: asked, decides: true }],
        EvalPurpose::Search => earlier
            .iter()
            .map(|plan| Step { plan, repeats: own(&plan.stage), decides: false })
            .chain([Step { plan: last, repeats: asked, decides: true }])
            .collect(),
    };
    if steps.iter().any(|step| step.repeats.is_empty()) {
        return Err("an evaluation without repeats was asked for");
    }
    Ok(steps)
}

/// Runs one stage's repeats; says whether to go on.
async fn run_step(
    attempt: &Attempt,
    step: &Step<'_>,
    objectives: &[Objective],
    sink: &dyn StageSink,
    total: &mut EvalReport,
) -> bool {
    let (mut metrics, mut cases) = (Means::default(), Means::default());
    for repeat in step.repeats.clone() {
        let mut report = attempt.repeat(step.plan, repeat).await;
        if report.status == EvalStatus::Ok && step.decides {
            need_objectives(objectives, &total.metrics, &mut report);
        }
        if report.status == EvalStatus::Ok {
            metrics.add(&report.metrics);
            cases.add(&report.cases);
            if let Some(score) = objectives.first().filter(|_| step.decides) {
                total.samples.extend(score.score(&report.metrics));
            }
        }
        let measured = report.status == EvalStatus::Ok;
        if measured && repeat + 1 == step.repeats.end {
            total.metrics.extend(metrics.values());
            total.cases.extend(cases.values());
            ask_gate(step.plan.gate.as_ref(), &total.metrics, &mut report);
        }
        let go_on = report.status == EvalStatus::Ok;
        absorb(total, &report, measured);
        sink.stage_done(report);
        if !go_on {
            return false;
        }
    }
    true
}

/// A stage that gives the score must give the primary metric itself, in every repeat; the
/// other objectives may come from earlier stages.
fn need_objectives(objectives: &[Objective], earlier: &Metrics, report: &mut StageReport) {
    let missing = objectives.iter().enumerate().find(|(i, objective)| {
        let here = report.metrics.contains_key(&objective.metric);
        !here && (*i == 0 || !earlier.contains_key(&objective.metric))
    });
    if let Some((_, objective)) = missing {
        report.status = EvalStatus::Invalid;
        report.detail = format!("the judge gave no `{}`", objective.metric);
        if !report.feedback.is_empty() {
            report.detail = crate::text::line(&format!("{}: {}", report.detail, report.feedback));
        }
    }
}

fn ask_gate(gate: Option<&Gate>, metrics: &Metrics, report: &mut StageReport) {
    let Some(gate) = gate else { return };
    let text = gate.text();
    (report.status, report.detail) = match gate.judge(metrics) {
        GateVerdict::Open => return,
        GateVerdict::Closed(values) => {
            (EvalStatus::Gated, format!("the gate `{text}` is closed: {values}"))
        }
        GateVerdict::Undecided(why) => {
            (EvalStatus::Invalid, format!("the gate `{text}` cannot be decided: {why}"))
        }
    };
}

/// Adds one repeat of a stage to the whole; `measured` if it was stopped by its gate at most.
fn absorb(total: &mut EvalReport, report: &StageReport, measured: bool) {
    total.usage = Usage::plus(total.usage, report.usage);
    total.log.clone_from(&report.log);
    if !report.feedback.is_empty() {
        total.feedback.clone_from(&report.feedback);
    }
    total.artifacts.extend(report.artifacts.clone());
    if report.status == EvalStatus::Ok {
        return;
    }
    total.status = report.status;
    total.detail.clone_from(&report.detail);
    total.stage = Some(report.stage.clone());
    if !measured {
        // Otherwise the means are there already.
        total.metrics.extend(report.metrics.clone());
        total.cases.extend(report.cases.clone());
    }
}
