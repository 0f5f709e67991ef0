//! Made-up contexts on which templates are tried before a run starts.

use evolve_core::event::Operator;
use evolve_core::outcome::RejectReason;
use evolve_core::task::TaskKind;

use crate::analysis::{Analysis, Experiment};
use crate::context::{
    Artifact, Best, ClashStep, Context, File, Format, InsightView, KnowledgeView, Metric,
    ObjectiveView, ProgramView, Region, Repair, Step,
};

const KINDS: [TaskKind; 5] = [
    TaskKind::Architecture,
    TaskKind::Scheduler,
    TaskKind::Kernel,
    TaskKind::Math,
    TaskKind::Other,
];

const OPERATORS: [Operator; 5] =
    [Operator::Diff, Operator::Rewrite, Operator::Crossover, Operator::Fix, Operator::Draft];

/// For every operator and kind: once with every section filled, once with none, and once for
/// edits in place.
pub(crate) fn contexts() -> Vec<Context> {
    let mut all = Vec::new();
    for kind in KINDS {
        for operator in OPERATORS {
            all.push(full(operator, kind));
            all.push(bare(operator, kind));
            all.push(Context { format: Format::Edit, ..full(operator, kind) });
        }
    }
    all
}

pub(crate) fn repairs() -> Vec<Repair> {
    let reasons = [
        RejectReason::PatchFailed,
        RejectReason::Syntax,
        RejectReason::OutsideRegion,
        RejectReason::TooLarge,
        RejectReason::Denied,
        RejectReason::Unusable,
        RejectReason::NoChange,
        RejectReason::Duplicate,
    ];
    reasons
        .into_iter()
        .flat_map(|reason| {
            [Format::Diff, Format::Files, Format::Edit].map(|format| Repair {
                reason,
                problem: "line 3: text not found".into(),
                format,
                several_files: format == Format::Diff,
                has_regions: format == Format::Files,
                parents_shown: format == Format::Diff,
            })
        })
        .collect()
}

/// With everything filled, and with nothing.
pub(crate) fn analyses() -> Vec<Analysis> {
    let whole = full(Operator::Diff, TaskKind::Other);
    let filled = |synthesis| Analysis {
        task: whole.task.clone(),
        description: whole.description.clone(),
        objectives: whole.objectives.clone(),
        synthesis,
        most: 4,
        insights: whole.insights.clone(),
        best: whole.best.clone(),
        experiments: vec![Experiment {
            id: "c000004".into(),
            parent: "c000001".into(),
            operator: "diff".into(),
            idea: "a".into(),
            prediction: "b".into(),
            verdict: "it did not".into(),
            outcome: "ok".into(),
            changed: vec![Metric { name: "score".into(), value: "1 → 2".into() }],
            diff: "-a\n+b\n".into(),
            log: "done".into(),
        }],
    };
    let mut empty = filled(false);
    empty.insights.clear();
    empty.best = None;
    empty.experiments.clear();
    vec![filled(false), filled(true), empty]
}

fn bare(operator: Operator, kind: TaskKind) -> Context {
    let mut context = full(operator, kind);
    context.language = None;
    context.rules.clear();
    context.objectives.truncate(1);
    context.several_files = false;
    context.has_regions = false;
    context.best = None;
    context.inspirations.clear();
    context.lineage.clear();
    context.tried.clear();
    context.taken.clear();
    context.clash.clear();
    context.cognition.clear();
    context.insights.clear();
    context.tactic = None;
    for parent in &mut context.parents {
        parent.metrics.clear();
        parent.feedback.clear();
        parent.artifacts.clear();
    }
    context
}

fn full(operator: Operator, kind: TaskKind) -> Context {
    let program = |id: &str| ProgramView {
        id: id.into(),
        outcome: "ok, score 1.5".into(),
        change: "smaller step".into(),
        files: vec![File {
            path: "program.py".into(),
            text: "x = 1\n".into(),
            info: "python".into(),
            editable: true,
            regions: vec![Region { first: 1, last: 1 }],
        }],
        metrics: vec![Metric { name: "score".into(), value: "1.5".into() }],
        feedback: "could grow".into(),
        artifacts: vec![Artifact { name: "log".into(), text: "done".into() }],
    };
    let step = |id: &str| Step { id: id.into(), change: "a".into(), outcome: "ok".into() };
    let objective = |metric: &str| ObjectiveView {
        metric: metric.into(),
        goal: "maximize",
        target: Some("2".into()),
        plausible_max: Some("3".into()),
    };
    let parents = match operator {
        Operator::Draft => Vec::new(),
        Operator::Crossover => vec![program("c000001"), program("c000002")],
        _ => vec![program("c000001")],
    };
    let format = match operator {
        Operator::Diff | Operator::Fix => Format::Diff,
        _ => Format::Files,
    };
    Context {
        operator,
        kind,
        task: "sample".into(),
        description: "A sample.".into(),
        language: Some("python".into()),
        objectives: vec![objective("score"), objective("speed")],
        rules: vec!["`import os`: no files".into()],
        format,
        several_files: true,
        has_regions: true,
        parents_shown: operator != Operator::Draft,
        parents,
        best: Some(Best { id: "c000009".into(), outcome: "score 2".into(), is_parent: false }),
        inspirations: vec![program("c000003")],
        lineage: vec![step("c000001")],
        tried: vec![step("c000004")],
        taken: vec![Step {
            id: "c000009".into(),
            change: "a table".into(),
            outcome: "not evaluated yet".into(),
        }],
        clash: vec![ClashStep { id: "c5".into(), same_as: "c2".into(), change: "a".into() }],
        cognition: vec![KnowledgeView { id: "a".into(), title: "b".into(), body: "c".into() }],
        insights: vec![InsightView {
            key: "k".into(),
            kind: "works".into(),
            confidence: "0.5".into(),
            claim: "a".into(),
            mechanism: "c".into(),
            scope: "d".into(),
            recommendation: "b".into(),
        }],
        tactic: Some(InsightView {
            key: "t".into(),
            kind: "tactic".into(),
            confidence: "0.5".into(),
            claim: "a".into(),
            mechanism: String::new(),
            scope: String::new(),
            recommendation: "b".into(),
        }),
    }
}
