//! One self-contained page of a bench. All text goes through the template engine's escaping and
//! [`printable`]; the only markup that does not are the charts, which hold numbers and fixed
//! words alone.

use serde::Serialize;
use tera::{Context, Tera};

use super::digits::Digits;
use super::{Bench, Estimate, Settings, Superiority, TaskBench, chart};
use crate::format::{one_line, printable};
use crate::write::ReportError;

const TEMPLATES: [(&str, &str); 2] =
    [("bench.html", include_str!("../../templates/bench.html")), ("style.css", crate::html::STYLE)];

/// The page.
pub fn page(bench: &Bench) -> Result<String, ReportError> {
    let failed = |error: tera::Error| ReportError::Template { why: error.to_string() };
    let tasks = bench.tasks.iter().enumerate().map(|(i, task)| TaskPage::of(task, i));
    let tasks =
        tasks.collect::<Result<Vec<_>, _>>().map_err(|why| ReportError::Template { why })?;
    let overall = bench.overall.iter().map(|line| {
        let auc = line.auc.map_or_else(|| "–".to_owned(), |auc| format!("{auc:.3}"));
        vec![
            one_line(&line.strategy, 60),
            format!("{:.2}", line.mean_rank),
            format!("{} of {}", line.first, line.tasks),
            auc,
        ]
    });
    let seeds = bench.tasks.iter().flat_map(|task| &task.strategies).map(|s| s.seeds);
    let mut tera = Tera::default();
    tera.add_raw_templates(TEMPLATES).map_err(failed)?;
    let mut context = Context::new();
    context.insert("tasks", &tasks);
    context.insert("overall", &overall.collect::<Vec<_>>());
    context.insert("several", &(bench.tasks.len() > 1));
    let (least, most) = (seeds.clone().min().unwrap_or(0), seeds.max().unwrap_or(0));
    let seeds = if least == most { most.to_string() } else { format!("{least} to {most}") };
    context.insert("seeds", &seeds);
    context.insert("settings", &shown(&bench.settings));
    tera.render("bench.html", &context).map_err(failed)
}

/// The settings with foreign text made printable.
fn shown(settings: &Settings) -> Settings {
    let clean = |text: &str| printable(text).into_owned();
    Settings {
        command: clean(&settings.command),
        version: clean(&settings.version),
        date: clean(&settings.date),
        machine: clean(&settings.machine),
        ..settings.clone()
    }
}

/// A table: titles, and rows whose first cell names them.
#[derive(Debug, Serialize)]
struct Sheet {
    titles: Vec<String>,
    rows: Vec<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct TaskPage {
    id: String,
    name: String,
    goal: &'static str,
    horizon: u64,
    scored: bool,
    chart: Option<String>,
    names: Vec<String>,
    results: Sheet,
    score_at: Sheet,
    pairs: Sheet,
    auc_pairs: Sheet,
    costs: Sheet,
    plans: Sheet,
    runs: Sheet,
}

impl TaskPage {
    fn of(task: &TaskBench, place: usize) -> Result<Self, String> {
        let id = format!("task-{place}");
        let digits = Digits::between(task.worst, task.best);
        Ok(Self {
            chart: chart::draw(task, &format!("{id}-caption"))?,
            id,
            name: one_line(&task.task, 100),
            goal: match task.goal {
                evolve_core::Goal::Maximize => "more is better",
                evolve_core::Goal::Minimize => "less is better",
            },
            horizon: task.horizon,
            scored: task.best.is_some(),
            names: task.strategies.iter().map(|s| one_line(&s.strategy, 60)).collect(),
            results: results(task, digits),
            score_at: score_at(task, digits),
            pairs: matrix(task, |pair| pair.best),
            auc_pairs: matrix(task, |pair| pair.auc),
            costs: costs(task),
            plans: plans(task, digits),
            runs: runs(task, digits),
        })
    }
}

fn titles(titles: &[&str]) -> Vec<String> {
    titles.iter().map(|title| (*title).to_owned()).collect()
}

/// A number with its interval.
fn with_band(estimate: &Estimate, write: impl Fn(Option<f64>) -> String) -> String {
    match (estimate.low, estimate.high) {
        (None, None) => write(estimate.value),
        (low, high) => format!("{} [{}, {}]", write(estimate.value), write(low), write(high)),
    }
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

fn results(task: &TaskBench, digits: Digits) -> Sheet {
    let rows = task.strategies.iter().map(|s| {
        vec![
            one_line(&s.strategy, 60),
            format!("{} of {}", s.scored, s.seeds),
            with_band(&s.median, |value| digits.score(value)),
            digits.score(s.mean),
            digits.score(s.min),
            digits.score(s.max),
            with_band(&s.auc, share),
            format!("{:.1}", s.rank),
        ]
    });
    Sheet {
        titles: titles(&[
            "strategy",
            "seeds with a score",
            "median best",
            "mean",
            "lowest",
            "highest",
            "area under the curve",
            "rank",
        ]),
        rows: rows.collect(),
    }
}

fn score_at(task: &TaskBench, digits: Digits) -> Sheet {
    let numbers = task.strategies.first().map(|s| s.score_at.as_slice()).unwrap_or_default();
    let mut head = titles(&["strategy"]);
    head.extend(numbers.iter().map(|point| point.candidates.to_string()));
    let rows = task.strategies.iter().map(|s| {
        let scores = s.score_at.iter();
        let cells = scores.map(|point| with_band(&point.score, |value| digits.score(value)));
        std::iter::once(one_line(&s.strategy, 60)).chain(cells).collect()
    });
    Sheet { titles: head, rows: rows.collect() }
}

/// Row against column.
fn matrix(task: &TaskBench, of: fn(&super::Pair) -> Superiority) -> Sheet {
    let names: Vec<String> = task.strategies.iter().map(|s| s.strategy.clone()).collect();
    let mut head = titles(&["better than"]);
    head.extend(names.iter().map(|name| one_line(name, 60)));
    let cell = |a: &String, b: &String| {
        let pair = task.pairs.iter().find(|pair| pair.a == *a && pair.b == *b);
        pair.map_or_else(|| "·".to_owned(), |pair| superiority(&of(pair)))
    };
    let row = |a: &String| {
        let cells = names.iter().map(|b| cell(a, b));
        std::iter::once(one_line(a, 60)).chain(cells).collect()
    };
    Sheet { titles: head, rows: names.iter().map(row).collect() }
}

/// A probability with its interval.
pub(super) fn superiority(of: &Superiority) -> String {
    match (of.low, of.high) {
        (Some(low), Some(high)) => format!("{:.2} [{low:.2}, {high:.2}]", of.value),
        _ => format!("{:.2}", of.value),
    }
}

fn costs(task: &TaskBench) -> Sheet {
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
    };
    let rows = task.strategies.iter().map(|s| {
        let cost = &s.cost;
        let states = s.states.iter().map(|(state, n)| format!("{} ({n})", one_line(state, 80)));
        vec![
            one_line(&s.strategy, 60),
            number(cost.evaluated, 1),
            number(cost.failed, 1),
            number(cost.rejected, 1),
            number(cost.wall_s, 1),
            number(cost.cpu_s, 1),
            number(cost.candidates_per_s, 2),
            number(cost.usd, 4),
            number(cost.tokens, 0),
            states.collect::<Vec<_>>().join(", "),
        ]
    });
    Sheet {
        titles: titles(&[
            "strategy",
            "evaluated",
            "without a score",
            "rejected",
            "wall s",
            "CPU s",
            "candidates/s",
            "USD",
            "tokens",
            "ended by",
        ]),
        rows: rows.collect(),
    }
}

fn plans(task: &TaskBench, digits: Digits) -> Sheet {
    let mut rows = Vec::new();
    for strategy in &task.strategies {
        for plan in &strategy.plans {
            for split in &plan.splits {
                let best = plan.best_runs == Some(split.runs);
                rows.push(vec![
                    one_line(&strategy.strategy, 60),
                    plan.total.to_string(),
                    split.runs.to_string(),
                    split.candidates.to_string(),
                    with_band(&split.expected, |value| digits.score(value)),
                    if best { "best".to_owned() } else { String::new() },
                ]);
            }
        }
    }
    Sheet {
        titles: titles(&[
            "strategy",
            "candidates in all",
            "runs",
            "candidates each",
            "expected best",
            "",
        ]),
        rows,
    }
}

fn runs(task: &TaskBench, digits: Digits) -> Sheet {
    let rows = task.runs.iter().map(|run| {
        vec![
            one_line(&run.strategy, 60),
            run.seed.to_string(),
            digits.score(run.start),
            digits.score(run.best),
            share(run.auc),
            run.evaluated.to_string(),
            run.failed.to_string(),
            run.rejected.to_string(),
            run.wall_s.map_or_else(|| "–".to_owned(), |wall| format!("{wall:.1}")),
            one_line(&run.state, 80),
        ]
    });
    Sheet {
        titles: titles(&[
            "strategy",
            "seed",
            "start",
            "best",
            "area",
            "evaluated",
            "without a score",
            "rejected",
            "wall s",
            "ended by",
        ]),
        rows: rows.collect(),
    }
}
