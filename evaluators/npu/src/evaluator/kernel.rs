//! Grading a kernel.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use evolve_core::objective::Metrics;

use super::{Verdict, WORK};
use crate::machine::Machine;
use crate::run::Limits;
use crate::suite::{Case, Grade, Graded, Plan, Spec, profile};
use crate::timeline::svg;

pub(super) fn judge(
    task: &Spec,
    machine: &Machine,
    text: &str,
    (seed, inputs): (u64, u32),
    cancel: &AtomicBool,
) -> Verdict {
    let limits = Limits { work: WORK, cancel: Some(cancel) };
    let plan = Plan::new(seed, inputs.into(), limits);
    let graded = match grade(task, machine, text, &plan) {
        Ok(graded) => graded,
        Err(verdict) => return verdict,
    };
    if let Some(case) = graded.cases.iter().find(|case| case.wrong.is_some()) {
        let wrong = case.wrong.clone().unwrap_or_default();
        return Verdict::wrong(format!("{}: {wrong}", case.shape), feedback(&graded));
    }
    // A bound that is beaten is a mistake of the simulator, never a better kernel.
    if let Some(case) = graded.cases.iter().find(|case| case.of_bound().is_some_and(|x| x > 1.0)) {
        let why = format!("{}: faster than the machine can be; please report it", case.shape);
        return Verdict::wrong(why, "");
    }
    let (Some(speedup), Some(of_bound)) = (graded.speedup(), graded.of_bound()) else {
        return Verdict::wrong("no shape was graded", "");
    };
    let cycles: u64 = graded.cases.iter().filter_map(|case| case.cycles).sum();
    let energy: f64 = graded.cases.iter().filter_map(|case| case.energy_nj).sum();
    let metrics = Metrics::from([
        ("speedup".to_owned(), speedup),
        ("of_bound".to_owned(), of_bound),
        ("cycles".to_owned(), cycles as f64),
        ("energy_nj".to_owned(), energy),
    ]);
    let speedups =
        graded.cases.iter().filter_map(|case| Some((case.shape.clone(), case.speedup()?)));
    Verdict {
        wrong: None,
        metrics,
        cases: speedups.collect(),
        feedback: feedback(&graded),
        artifacts: artifacts(task, machine, text, &graded, &limits),
    }
}

fn grade(task: &Spec, machine: &Machine, text: &str, plan: &Plan<'_>) -> Result<Graded, Verdict> {
    match crate::suite::grade(task, machine, text, plan) {
        Grade::Run(graded) => Ok(graded),
        Grade::NotAssembled { shape, errors } => {
            let first = errors
                .0
                .first()
                .map_or_else(String::new, |error| format!("line {}: {}", error.line, error.what));
            Err(Verdict::wrong(
                format!("it does not assemble: {first}"),
                format!("{shape}\n{errors}"),
            ))
        }
    }
}

/// A line a shape: how fast, how near to the bound, where the time went.
fn feedback(graded: &Graded) -> String {
    graded.cases.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn line(case: &Case) -> String {
    let (Some(cycles), Some(speedup), Some(of_bound)) =
        (case.cycles, case.speedup(), case.of_bound())
    else {
        return format!("{}: {}", case.shape, case.wrong.as_deref().unwrap_or("not run"));
    };
    let stalls: Vec<_> =
        case.stalls.iter().take(3).map(|(cause, lost)| format!("{cause} {lost}")).collect();
    format!(
        "{}: {cycles} cycles, {speedup:.2} times the naive program, {:.0} % of the bound; lost: {}",
        case.shape,
        of_bound * 100.0,
        stalls.join(", ")
    )
}

/// The profile of the shape that is farthest from its bound, and a picture of it.
fn artifacts(
    task: &Spec,
    machine: &Machine,
    text: &str,
    graded: &Graded,
    limits: &Limits<'_>,
) -> BTreeMap<String, Vec<u8>> {
    let far = |case: &Case| case.of_bound().unwrap_or(0.0);
    let worst = graded.cases.iter().enumerate().min_by(|a, b| far(a.1).total_cmp(&far(b.1)));
    let profiled =
        worst.and_then(|(at, _)| profile(task, &task.shapes[at], machine, text, limits).ok());
    let Some(profile) = profiled else { return BTreeMap::new() };
    BTreeMap::from([
        ("profile".to_owned(), profile.table(machine).into_bytes()),
        ("timeline.svg".to_owned(), svg(&profile.spans, profile.counters.cycles).into_bytes()),
    ])
}
