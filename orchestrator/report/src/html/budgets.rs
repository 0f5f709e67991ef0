//! Budgets, failures, models, operators: the page's smaller tables.

use serde::Serialize;

use super::rows::{Link, Shown};
use crate::format::{ScoreFormat, count, one_line, percent};
use crate::model::Status;
use crate::text::{amount, dollars};

/// A limit and how much of it is used.
#[derive(Serialize)]
pub(crate) struct Budget {
    key: &'static str,
    used: String,
    limit: String,
    reserved: String,
    share: u32,
}

pub(crate) fn budgets(status: &Status) -> Vec<Budget> {
    let rows = status.budget.iter();
    rows.map(|(key, row)| Budget {
        key,
        used: amount(key, row.used.value()),
        limit: amount(key, row.limit.value()),
        reserved: match row.reserved.value() {
            0.0 => String::new(),
            reserved => amount(key, reserved),
        },
        share: percent(row.used.value(), row.limit.value()),
    })
    .collect()
}

/// Failures of one kind.
#[derive(Serialize)]
pub(crate) struct Failure {
    kind: &'static str,
    phase: &'static str,
    count: String,
    /// Length of its bar, in percent of the most frequent one.
    share: u32,
    latest: Link,
    detail: String,
}

pub(crate) fn failures(status: &Status, shown: &Shown) -> Vec<Failure> {
    let most = status.failures.iter().map(|failure| failure.count).max().unwrap_or(1);
    let rows = status.failures.iter();
    rows.map(|failure| Failure {
        kind: failure.kind,
        phase: failure.phase.word(),
        count: count(failure.count),
        share: (failure.count * 100).div_ceil(most.max(1)) as u32,
        latest: shown.link(failure.latest),
        detail: one_line(&failure.detail, 300),
    })
    .collect()
}

/// A model's use.
#[derive(Serialize)]
pub(crate) struct Model {
    name: String,
    calls: String,
    failed: String,
    input: String,
    cached: String,
    output: String,
    cost: String,
    proposed: String,
    improved: String,
    breaker: String,
}

pub(crate) fn models(status: &Status) -> Vec<Model> {
    let rows = status.models.iter();
    rows.map(|model| Model {
        name: one_line(model.model.as_str(), 80),
        calls: count(model.calls),
        failed: count(model.failed),
        input: count(model.tokens.input),
        cached: count(model.tokens.cached),
        output: count(model.tokens.output),
        cost: dollars(model.usd),
        proposed: count(model.proposed),
        improved: count(model.improved),
        breaker: model.breaker.as_deref().map(|why| one_line(why, 200)).unwrap_or_default(),
    })
    .collect()
}

/// An operator's use.
#[derive(Serialize)]
pub(crate) struct Operator {
    name: &'static str,
    selected: String,
    rejected: String,
    evaluated: String,
    failed: String,
    improved: String,
    best_step: String,
}

pub(crate) fn operators(status: &Status) -> Vec<Operator> {
    let steps = status.operators.iter().filter_map(|operator| operator.best_step);
    let format = ScoreFormat::telling_apart(steps);
    let rows = status.operators.iter();
    rows.map(|operator| Operator {
        name: operator.operator.word(),
        selected: count(operator.selected),
        rejected: count(operator.rejected),
        evaluated: count(operator.evaluated),
        failed: count(operator.failed),
        improved: count(operator.improved),
        best_step: format.maybe_gain(operator.best_step),
    })
    .collect()
}
