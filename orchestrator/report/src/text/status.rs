//! Where a run stands, and its best.

use crate::format::{ScoreFormat, count, duration, moment, one_line, percent};
use crate::model::{BestView, BudgetUse, FailureKind, ModelUse, Moment, RunState, Status};

use super::field;
use super::table::{Column, Table};

/// What `evolve status RUN` prints.
pub fn status(status: &Status, now: &Moment) -> String {
    let mut out = String::new();
    field(&mut out, "run", &one_line(status.run.as_str(), 200));
    field(&mut out, "task", &one_line(&status.task, 200));
    field(&mut out, "state", &state_line(status));
    field(&mut out, "best", &best_line(status));
    let c = &status.candidates;
    field(
        &mut out,
        "candidates",
        &format!(
            "{} proposed · {} evaluated · {} failed · {} rejected",
            count(c.proposed),
            count(c.evaluated),
            count(c.failed),
            count(c.rejected)
        ),
    );
    let way = &status.under_way;
    if way.proposals + way.waiting + way.evaluations > 0 {
        let text = format!(
            "{} proposals · {} evaluations · {} waiting",
            way.proposals, way.evaluations, way.waiting
        );
        field(&mut out, "under way", &text);
    }
    field(&mut out, "cost", &cost_line(status));
    field(
        &mut out,
        "search",
        &format!("{} · {} · seed {}", status.strategy, status.proposer, status.seed),
    );
    field(&mut out, "trust", status.trust);
    for (i, line) in status.sandbox.iter().enumerate() {
        field(&mut out, if i == 0 { "sandbox" } else { "" }, &one_line(line, 400));
    }
    if let Some(novelty) = status.novelty.sentence() {
        field(&mut out, "repeated", &novelty);
    }
    field(&mut out, "started", &moment(status.started_at, now.now));
    field(&mut out, "last event", &moment(status.last_event_at, now.now));
    for misfit in &status.misfits {
        field(&mut out, "damage", &one_line(misfit, 200));
    }
    budgets(&mut out, status);
    failures(&mut out, &status.failures);
    models(&mut out, &status.models);
    out
}

fn state_line(status: &Status) -> String {
    match (&status.stopped, status.state) {
        (Some(stop), _) => format!("stopped: {}", one_line(&stop.detail, 600)),
        (None, RunState::Gone) => "gone: its process ended; `evolve resume` goes on".to_owned(),
        (None, RunState::Paused) => "paused; `evolve unpause` goes on".to_owned(),
        (None, RunState::Draining) => "draining: what is under way ends, then it stops".to_owned(),
        (None, state) => state.word().to_owned(),
    }
}

fn best_line(status: &Status) -> String {
    let Some(best) = &status.best else { return "none yet".to_owned() };
    let format = ScoreFormat::telling_apart(
        best.score.into_iter().chain(status.start_score).chain(status.objective.target),
    );
    let objective = &status.objective;
    let metric = one_line(&objective.metric, 60);
    let mut line = format!("{}: {metric} {}", best.candidate, format.maybe(best.score));
    if let Some(gain) = best.gain {
        line += &format!(", gain {}", format.gain(gain));
    }
    if let Some(start) = status.start_score {
        line += &format!(" over the start's {}", format.score(start));
    }
    if let Some(target) = objective.target {
        line += &format!(", target {}", format.score(target));
    }
    line + &format!(" ({})", goal(objective.goal))
}

pub(crate) fn goal(goal: evolve_core::Goal) -> &'static str {
    match goal {
        evolve_core::Goal::Maximize => "more is better",
        evolve_core::Goal::Minimize => "less is better",
    }
}

fn cost_line(status: &Status) -> String {
    let cost = &status.cost;
    let mut line = format!(
        "{} · {} tokens · up {}",
        dollars(cost.usd),
        count(cost.tokens),
        duration(cost.wall_s)
    );
    if let Some(rate) = status.rate_per_min {
        line += &format!(" · {rate:.1} candidates/min");
    }
    line
}

/// An amount of money, with more digits when it is small.
pub(crate) fn dollars(usd: f64) -> String {
    evolve_core::Usd::from_dollars(usd).to_string()
}

/// A limit's amount with its unit.
pub(crate) fn amount(key: &str, value: f64) -> String {
    match key {
        "usd" => dollars(value),
        "wall" => duration(value),
        _ => count(value as u64),
    }
}

fn budgets(out: &mut String, status: &Status) {
    if status.budget.is_empty() {
        return;
    }
    let mut table = Table::new(&[
        ("budget", Column::Left),
        ("used", Column::Right),
        ("limit", Column::Right),
        ("", Column::Right),
        ("", Column::Left),
    ]);
    for (key, BudgetUse { limit, used, .. }) in &status.budget {
        let share = percent(used.value(), limit.value());
        let filled = share as usize / 5;
        let bar = format!("[{}{}]", "#".repeat(filled), ".".repeat(20 - filled));
        let (used, limit) = (amount(key, used.value()), amount(key, limit.value()));
        table.row([(*key).to_owned(), used, limit, format!("{share} %"), bar]);
    }
    out.push('\n');
    out.push_str(&table.render(0));
}

fn failures(out: &mut String, failures: &[FailureKind]) {
    if failures.is_empty() {
        return;
    }
    let mut table = Table::new(&[
        ("failure", Column::Left),
        ("of", Column::Left),
        ("count", Column::Right),
        ("latest", Column::Left),
        ("what was seen", Column::Rest),
    ]);
    for failure in failures {
        table.row([
            failure.kind.to_owned(),
            failure.phase.word().to_owned(),
            count(failure.count),
            failure.latest.to_string(),
            failure.detail.clone(),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(0));
}

fn models(out: &mut String, models: &[ModelUse]) {
    if models.is_empty() {
        return;
    }
    let mut table = Table::new(&[
        ("model", Column::Rest),
        ("calls", Column::Right),
        ("failed", Column::Right),
        ("in", Column::Right),
        ("cached", Column::Right),
        ("out", Column::Right),
        ("cost", Column::Right),
        ("better", Column::Right),
    ]);
    for model in models {
        let name = match &model.breaker {
            Some(why) => format!("{} (off: {why})", model.model),
            None => model.model.to_string(),
        };
        table.row([
            name,
            count(model.calls),
            count(model.failed),
            count(model.tokens.input),
            count(model.tokens.cached),
            count(model.tokens.output),
            dollars(model.usd),
            format!("{}/{}", count(model.improved), count(model.proposed)),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(0));
}

/// What `evolve best RUN` prints.
pub fn best(view: &BestView) -> String {
    let best = &view.best;
    let objective = &view.objective;
    let format = ScoreFormat::telling_apart(
        best.score.into_iter().chain(view.start_score).chain(objective.target),
    );
    let mut out = String::new();
    field(&mut out, "best", &best.candidate.to_string());
    let metric = one_line(&objective.metric, 60);
    let mut score = format!("{metric} {} ({})", format.maybe(best.score), goal(objective.goal));
    if view.repeats > 1 {
        score += &format!(", mean of {} repeats", view.repeats);
    }
    field(&mut out, "score", &score);
    if let Some(gain) = best.gain {
        let over =
            view.start_score.map(|start| format!(" over the start's {}", format.score(start)));
        field(&mut out, "gain", &(format.gain(gain) + &over.unwrap_or_default()));
    }
    if let (Some(share), Some(target)) = (view.normalised, objective.target) {
        let text = format!("{:.1} % of the way from baseline to {target}", share * 100.0);
        field(&mut out, "target", &text);
    }
    if let Some(holdout) = &view.holdout {
        let held = holdout.metrics.get(&objective.metric).copied().flatten();
        let text = format!("{}, {metric} {}", holdout.status, format.maybe(held));
        field(&mut out, "held out", &text);
    }
    for (i, (name, value)) in best.metrics.iter().enumerate() {
        let value = value.map_or_else(|| "–".to_owned(), |value| value.to_string());
        let line = format!("{} {value}", one_line(name, 60));
        field(&mut out, if i == 0 { "metrics" } else { "" }, &line);
    }
    if let Some(path) = &best.path {
        field(&mut out, "program", &one_line(path, 4_000));
    }
    out
}
