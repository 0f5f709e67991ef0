//! `evolve npu bench` and `evolve npu report`.

use std::fs;
use std::path::{Path, PathBuf};

use evolve_npu::machine::Machine;
use evolve_npu::run::Limits;
use evolve_npu::suite::{Grade, Graded, Plan, Sample, Spec, Summary, TASKS, grade, summarise};
use serde_json::json;

use super::args::{Bench, Report};
use super::{machine, read, task};
use crate::commands::{print, print_json};
use crate::error::CliError;

/// Grades one program on every shape of its task.
pub(super) fn bench(args: &Bench) -> Result<(), CliError> {
    let (machine, task) = (machine(&args.on.machine)?, task(&args.task)?);
    let source = match &args.file {
        Some(path) => read(path)?,
        None => task.baseline.to_owned(),
    };
    let plan = Plan::new(args.seed, args.inputs, Limits::default());
    let graded = match grade(task, &machine, &source, &plan) {
        Grade::Run(graded) => graded,
        Grade::NotAssembled { shape, errors } => {
            return Err(CliError::usage(format!("{shape}: {errors}")));
        }
    };
    if args.on.json {
        print_json(&json!({
            "version": 1,
            "task": task.name,
            "machine": machine.name,
            "right": graded.is_right(),
            "speedup": graded.speedup(),
            "of_bound": graded.of_bound(),
            "cases": graded.cases,
        }))?;
    } else {
        print(&table(task, &machine, &graded));
    }
    if graded.is_right() {
        return Ok(());
    }
    Err(CliError::failed("the program is wrong on some shape or input"))
}

fn table(task: &Spec, machine: &Machine, graded: &Graded) -> String {
    let mut out = format!(
        "{} on {}\n{:<28} {:>9} {:>9} {:>8} {:>8}\n",
        task.name, machine.name, "shape", "cycles", "naive", "speedup", "of bound"
    );
    for case in &graded.cases {
        if let (Some(cycles), Some(speedup), Some(of_bound)) =
            (case.cycles, case.speedup(), case.of_bound())
        {
            out.push_str(&format!(
                "{:<28} {cycles:>9} {:>9} {speedup:>8.2} {:>7.1}%\n",
                case.shape,
                case.baseline,
                of_bound * 100.0
            ));
        } else {
            let wrong = case.wrong.as_deref().unwrap_or("not run");
            out.push_str(&format!("{:<28} wrong: {wrong}\n", case.shape));
        }
    }
    if let (Some(speedup), Some(of_bound)) = (graded.speedup(), graded.of_bound()) {
        let share = of_bound * 100.0;
        out.push_str(&format!(
            "{:<28} {:>19} {speedup:>8.2} {share:>7.1}%\n",
            "geometric mean", ""
        ));
    }
    out
}

/// A task's row of the report.
struct Row {
    task: &'static Spec,
    samples: Vec<Sample>,
    /// Bound over cycles of the fastest right sample.
    of_bound: Option<f64>,
}

/// The suite's table.
pub(super) fn report(args: &Report) -> Result<(), CliError> {
    let machine = machine(&args.on.machine)?;
    let mut rows = Vec::new();
    for task in &TASKS {
        let sources = match &args.dir {
            Some(dir) => samples(&dir.join(task.name))?,
            None => vec![task.baseline.to_owned()],
        };
        let mut row = Row { task, samples: Vec::new(), of_bound: None };
        for source in sources {
            let plan = Plan::new(1, 2, Limits::default());
            let graded = match grade(task, &machine, &source, &plan) {
                Grade::Run(graded) => Some(graded),
                Grade::NotAssembled { .. } => None,
            };
            let speedup = graded.as_ref().and_then(Graded::speedup);
            let best = row.samples.iter().filter_map(|sample| sample.speedup).fold(0.0, f64::max);
            if speedup.is_some_and(|speedup| speedup > best) {
                row.of_bound = graded.as_ref().and_then(Graded::of_bound);
            }
            row.samples.push(Sample { compiled: graded.is_some(), speedup });
        }
        rows.push(row);
    }
    let samples: Vec<Vec<Sample>> = rows.iter().map(|row| row.samples.clone()).collect();
    let summary = summarise(&samples);
    if args.on.json {
        let tasks: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({ "task": row.task.name, "tier": row.task.tier.name(),
                        "samples": row.samples, "of_bound": row.of_bound })
            })
            .collect();
        return print_json(&json!({
            "version": 1, "machine": machine.name, "tasks": tasks, "summary": summary,
        }));
    }
    print(&lines(&machine, &rows, &summary));
    Ok(())
}

/// The programs of a task's folder; none if there is no folder.
fn samples(folder: &Path) -> Result<Vec<String>, CliError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let failed = |error: std::io::Error| {
        CliError::usage(format!("cannot read {}: {error}", folder.display()))
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "s") {
            files.push(path);
        }
    }
    files.sort();
    files.iter().map(|path| read(path)).collect()
}

fn lines(machine: &Machine, rows: &[Row], summary: &Summary) -> String {
    let mut out = format!(
        "{:<11} {:<10} {:>7} {:>9} {:>6} {:>8} {:>8}   ({})\n",
        "task", "tier", "samples", "assembled", "right", "speedup", "of bound", machine.name
    );
    for row in rows {
        let compiled = row.samples.iter().filter(|sample| sample.compiled).count();
        let right = row.samples.iter().filter(|sample| sample.speedup.is_some()).count();
        let best = row.samples.iter().filter_map(|sample| sample.speedup).max_by(f64::total_cmp);
        let best = best.map_or_else(|| "-".to_owned(), |best| format!("{best:.2}"));
        let share = row.of_bound.map_or_else(|| "-".to_owned(), |x| format!("{:.1}%", x * 100.0));
        out.push_str(&format!(
            "{:<11} {:<10} {:>7} {compiled:>9} {right:>6} {best:>8} {share:>8}\n",
            row.task.name,
            row.task.tier.name(),
            row.samples.len()
        ));
    }
    let at = |name: &str, values: &[(usize, f64)]| {
        values.iter().map(|(k, value)| format!("{name}@{k} {value:.2}")).collect::<Vec<_>>()
    };
    let mut words = at("compile", &summary.compile_at);
    words.extend(at("pass", &summary.pass_at));
    out.push_str(&format!("\n{}\n", words.join("  ")));
    let fast: Vec<_> = summary.fast.iter().map(|(p, x)| format!("fast_{p} {x:.2}")).collect();
    out.push_str(&format!("{}\n", fast.join("  ")));
    let mean = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |x| format!("{x:.3}"));
    out.push_str(&format!(
        "geometric mean of speedups: {} over right ones, {} over all (wrong: 0)\n",
        mean(summary.geomean_right),
        mean(summary.geomean_all)
    ));
    out
}
