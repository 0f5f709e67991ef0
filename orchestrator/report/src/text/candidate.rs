//! One candidate, its difference to another, and how it came to be.

use crate::format::{ScoreFormat, bytes, count, duration, moment, one_line};
use crate::model::{
    BlobText, CandidateView, EvaluationView, LineageView, Moment, Numbers, VersusView,
};

use super::status::dollars;
use super::table::{Column, Table};
use super::{field, lines};

/// What `evolve show RUN CANDIDATE` prints.
pub fn candidate(view: &CandidateView, now: &Moment) -> String {
    let mut out = String::new();
    head(&mut out, view, now);
    if let Some(evaluation) = &view.evaluation {
        evaluated(&mut out, "evaluation", evaluation);
    }
    if let Some(holdout) = &view.holdout {
        evaluated(&mut out, "held-out evaluation", holdout);
    }
    artifacts(&mut out, view);
    section(&mut out, "log (end)", &view.log);
    match view.diff.against {
        Some(parent) => out.push_str(&format!("\n== diff against {parent}\n")),
        None => out.push_str("\n== diff\n"),
    }
    out.push_str(&diff(&view.diff));
    if let Some(why) = &view.program.missing {
        out.push_str(&format!("\n== program\n({})\n", one_line(why, 600)));
    }
    for (path, text) in &view.program.files {
        out.push_str(&format!("\n== program: {}\n{}", one_line(path, 300), lines(text)));
    }
    section(&mut out, "prompt", &view.prompt);
    for (i, call) in view.calls.iter().enumerate() {
        let n = i + 1;
        section(&mut out, &format!("request {n}"), &call.request);
        section(&mut out, &format!("answer {n}"), &call.answer);
    }
    out
}

fn head(out: &mut String, view: &CandidateView, now: &Moment) {
    let scores = view.score.into_iter().chain(view.parents.iter().filter_map(|p| p.score));
    let format = ScoreFormat::telling_apart(scores);
    let best = if view.best { " (the best)" } else { "" };
    field(out, "candidate", &format!("{}{best}", view.candidate));
    let mut status = view.status.to_owned();
    if !view.detail.is_empty() {
        status += &format!(": {}", one_line(&view.detail, 600));
    }
    if let Some(clash) = view.clash {
        status += &format!(" (repeats {clash})");
    }
    field(out, "status", &status);
    if let Some(score) = view.score {
        let mut text = format!("{} {}", one_line(&view.metric, 60), format.score(score));
        if let Some(gain) = view.gain {
            text += &format!(", gain {} over the start", format.gain(gain));
        }
        if let Some(step) = view.step {
            text += &format!(", {} over its parent", format.gain(step));
        }
        field(out, "score", &text);
    }
    if let Some(why) = &view.demoted {
        field(out, "demoted", &one_line(why, 600));
    }
    let by = view.model.as_ref().map(|model| format!(" by {}", one_line(model.as_str(), 100)));
    field(out, "operator", &(view.operator.word().to_owned() + &by.unwrap_or_default()));
    if !view.change.summary.is_empty() {
        field(out, "change", &one_line(&view.change.summary, 600));
    }
    if !view.change.prediction.is_empty() {
        let verdict = view.expectation.map(|words| format!(" ({words})")).unwrap_or_default();
        field(out, "expected", &(one_line(&view.change.prediction, 600) + &verdict));
    }
    if let Some(tactic) = &view.tactic {
        field(out, "direction", &one_line(tactic, 100));
    }
    let parents: Vec<String> = view
        .parents
        .iter()
        .map(|parent| format!("{} ({})", parent.candidate, format.maybe(parent.score)))
        .collect();
    if !parents.is_empty() {
        field(out, "parents", &parents.join(" "));
    }
    ids(out, "ideas from", &view.inspirations);
    ids(out, "children", &view.children);
    field(out, "place", &format!("island {}, generation {}", view.island, view.generation));
    if !view.shown.is_empty() {
        field(out, "shown", &one_line(&view.shown.join(", "), 600));
    }
    if !view.calls.is_empty() {
        let tokens = view.tokens.input.saturating_add(view.tokens.output);
        let calls = match view.calls.len() {
            1 => "1 call".to_owned(),
            n => format!("{n} calls"),
        };
        let text = format!("{} · {} tokens · {calls}", dollars(view.usd), count(tokens));
        field(out, "cost", &text);
    }
    field(out, "selected", &moment(view.selected_at, now.now));
}

fn ids(out: &mut String, name: &str, ids: &[evolve_core::CandidateId]) {
    const SHOWN: usize = 12;
    if ids.is_empty() {
        return;
    }
    let shown: Vec<String> = ids.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = ids.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    field(out, name, &(shown.join(" ") + &more));
}

fn evaluated(out: &mut String, title: &str, view: &EvaluationView) {
    out.push_str(&format!("\n== {title}\n"));
    let stage = view.stage.as_ref().map(|s| format!(" in stage {}", one_line(s.as_str(), 60)));
    field(out, "ended", &format!("{}{}", view.status, stage.unwrap_or_default()));
    let time = |seconds: Option<f64>| seconds.map_or_else(|| "–".to_owned(), duration);
    field(
        out,
        "used",
        &format!(
            "{} ({} CPU) · {} peak{} · attempt {}",
            time(view.wall_s),
            time(view.cpu_s),
            bytes(view.peak_memory),
            view.energy_j.map_or_else(String::new, |joules| format!(" · {joules:.1} J")),
            view.attempts
        ),
    );
    if view.samples.len() > 1 {
        let format = ScoreFormat::telling_apart(view.samples.iter().copied().flatten());
        let samples: Vec<_> = view.samples.iter().map(|sample| format.maybe(*sample)).collect();
        field(out, "repeats", &samples.join(" "));
    }
    values(out, "metric", &view.metrics);
    values(out, "case", &view.cases);
    if !view.feedback.is_empty() {
        field(out, "feedback", &one_line(&view.feedback, 2_000));
    }
}

fn values(out: &mut String, title: &str, values: &Numbers) {
    if values.is_empty() {
        return;
    }
    let mut table = Table::new(&[(title, Column::Rest), ("value", Column::Left)]);
    for (name, value) in values {
        table.row([name.clone(), value.map_or_else(|| "–".to_owned(), |v| v.to_string())]);
    }
    out.push_str(&table.render(2));
}

fn artifacts(out: &mut String, view: &CandidateView) {
    if view.artifacts.is_empty() {
        return;
    }
    out.push_str("\n== artifacts\n");
    let mut table = Table::new(&[
        ("name", Column::Rest),
        ("size", Column::Right),
        ("blob", Column::Left),
        ("note", Column::Left),
    ]);
    for artifact in &view.artifacts {
        let content = &artifact.content;
        table.row([
            artifact.name.clone(),
            content.bytes.map_or_else(|| "–".to_owned(), |n| bytes(n as u64)),
            content.hash.map(|hash| hash.short()).unwrap_or_default(),
            one_line(content.missing.as_deref().unwrap_or_default(), 60),
        ]);
    }
    out.push_str(&table.render(0));
    for artifact in &view.artifacts {
        if let Some(text) = &artifact.content.text {
            out.push_str(&format!("-- {}\n{}", one_line(&artifact.name, 300), lines(text)));
        }
    }
}

fn section(out: &mut String, title: &str, blob: &BlobText) {
    out.push_str(&format!("\n== {title}\n"));
    if let Some(why) = &blob.missing {
        out.push_str(&format!("({})\n", one_line(why, 600)));
    }
    if blob.cut > 0 {
        out.push_str(&format!("({} before this are left out)\n", bytes(blob.cut as u64)));
    }
    if let Some(text) = &blob.text {
        out.push_str(&lines(text));
    }
}

/// What `evolve diff` prints: the patch, or why there is none.
pub fn diff(view: &VersusView) -> String {
    match (&view.patch, &view.missing) {
        (Some(patch), _) if patch.is_empty() => "(the programs are equal)\n".to_owned(),
        (Some(patch), _) => lines(patch),
        (None, why) => format!("({})\n", one_line(why.as_deref().unwrap_or("no diff"), 600)),
    }
}

/// What `evolve lineage RUN CANDIDATE` prints.
pub fn lineage(view: &LineageView) -> String {
    let format = ScoreFormat::telling_apart(view.steps.iter().filter_map(|step| step.score));
    let mut table = Table::new(&[
        ("candidate", Column::Left),
        ("operator", Column::Left),
        ("score", Column::Right),
        ("gain", Column::Right),
        ("step", Column::Right),
        ("change", Column::Rest),
    ]);
    for step in &view.steps {
        let failed = step.score.is_none();
        table.row([
            step.candidate.to_string(),
            step.operator.word().to_owned(),
            if failed { step.status.to_owned() } else { format.maybe(step.score) },
            format.maybe_gain(step.gain),
            format.maybe_gain(step.step),
            step.change.clone(),
        ]);
    }
    table.render(0)
}
