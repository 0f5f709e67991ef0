//! `evolve insights list|export`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use evolve_core::facts::Facts;
use evolve_core::knowledge::{Credits, Insight, InsightKind};
use evolve_core::words::ShortTexts;
use evolve_core::{CandidateId, RunId};
use evolve_report::KnowledgeWorth;
use evolve_store::{Reader, list_runs, resolve_run};
use serde_json::{Value, json};

use crate::args::{self, InsightsCommand};
use crate::commands::{print, print_json};
use crate::error::{CliError, Exit};
use crate::session::store_error;

/// Likeness of two runs' claims from which on they count as one.
const SAME_CLAIM: f64 = 0.7;
/// Confidence that a second run must have.
const SURE: f64 = 0.5;

/// Lists or exports.
pub fn insights(runs: &Path, args: &args::Insights) -> Result<Exit, CliError> {
    match &args.what {
        InsightsCommand::List(args) => list(runs, args),
        InsightsCommand::Export(args) => export(runs, args),
    }
}

fn open(runs: &Path, run: &str) -> Result<(RunId, Reader), CliError> {
    let dir = resolve_run(runs, run).map_err(store_error)?;
    let reader = Reader::open(&dir).map_err(store_error)?;
    Ok((dir.id().clone(), reader))
}

fn by_confidence(facts: &Facts) -> Vec<&Insight> {
    let mut all: Vec<_> = facts.insights.values().collect();
    all.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| a.key.cmp(&b.key)));
    all
}

fn list(runs: &Path, args: &args::StatusArgs) -> Result<Exit, CliError> {
    let (id, reader) = open(runs, &args.run)?;
    let credits = Credits::of(reader.facts());
    let all = by_confidence(reader.facts());
    if args.json {
        let worth = |insight: &Insight| KnowledgeWorth::of(&credits, &insight.key);
        let listed: Result<Vec<Value>, serde_json::Error> = all
            .iter()
            .map(|insight| {
                let mut value = serde_json::to_value(insight)?;
                value["worth"] = serde_json::to_value(worth(insight))?;
                Ok(value)
            })
            .collect();
        let listed =
            listed.map_err(|error| CliError::failed(format!("cannot write JSON: {error}")))?;
        print_json(&json!({ "version": 2, "run": id, "insights": listed }))?;
        return Ok(Exit::Done);
    }
    if all.is_empty() {
        print("no insight yet\n");
    }
    for insight in all {
        print(&words(insight, &KnowledgeWorth::of(&credits, &insight.key)));
    }
    Ok(Exit::Done)
}

fn words(insight: &Insight, worth: &KnowledgeWorth) -> String {
    let mut text = format!(
        "{:3.0} %  {} ({})\n       {}\n",
        insight.confidence * 100.0,
        insight.key,
        insight.kind.word(),
        insight.claim
    );
    // Writing into a text cannot fail.
    for (what, said) in [
        ("why: ", &insight.mechanism),
        ("holds when: ", &insight.scope),
        ("so: ", &insight.recommendation),
    ] {
        if !said.is_empty() {
            let _ = writeln!(text, "       {what}{said}");
        }
    }
    let ids =
        |ids: &[CandidateId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    if !insight.evidence.is_empty() {
        let _ = writeln!(text, "       evidence: {}", ids(&insight.evidence));
    }
    if !insight.against.is_empty() {
        let _ = writeln!(text, "       against: {}", ids(&insight.against));
    }
    if worth.shown > 0 {
        let _ = writeln!(text, "       {}", worth.words());
    }
    text
}

/// Why an insight may become an item.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Confirmed {
    ByPerson,
    ByRun(RunId),
}

fn export(runs: &Path, args: &args::InsightsExport) -> Result<Exit, CliError> {
    let (id, reader) = open(runs, &args.run)?;
    let facts = reader.facts();
    let all = args.confirm.iter().any(|key| key == "all");
    if let Some(unknown) =
        args.confirm.iter().find(|key| *key != "all" && !facts.insights.contains_key(*key))
    {
        return Err(CliError::new(Exit::NotFound, format!("{id} has no insight `{unknown}`"))
            .help(format!("`evolve insights list {id}` shows them with their keys")));
    }
    let others = other_runs(runs, &id, facts)?;
    let mut written = Vec::new();
    let mut left = 0;
    for insight in by_confidence(facts).into_iter().filter(|i| i.kind != InsightKind::Tactic) {
        let confirmed = if all || args.confirm.contains(&insight.key) {
            Some(Confirmed::ByPerson)
        } else {
            others
                .iter()
                .find(|(_, other)| confirms(other, insight))
                .map(|(run, _)| Confirmed::ByRun(run.clone()))
        };
        match confirmed {
            Some(confirmed) => {
                let path = write(&args.out, &id, facts, insight, &confirmed)?;
                written.push((insight.key.clone(), path));
            }
            None => left += 1,
        }
    }
    if args.json {
        let items: Vec<Value> =
            written.iter().map(|(key, path)| json!({ "key": key, "path": path })).collect();
        print_json(&json!({ "version": 1, "run": id, "written": items, "unconfirmed": left }))?;
    } else {
        for (key, path) in &written {
            print(&format!("{key}: {}\n", path.display()));
        }
        if left > 0 {
            eprintln!(
                "{left} insights are not confirmed: read them with `evolve insights list {id}`, and \
                 name the keys of those you believe with --confirm"
            );
        }
    }
    Ok(if written.is_empty() { Exit::NotFound } else { Exit::Done })
}

/// The facts of other runs of the same task; one that cannot be read confirms nothing.
fn other_runs(runs: &Path, id: &RunId, facts: &Facts) -> Result<Vec<(RunId, Facts)>, CliError> {
    let name = &facts.run.task.task.name;
    let mut found = Vec::new();
    for dir in list_runs(runs).map_err(store_error)? {
        if dir.id() == id {
            continue;
        }
        if let Ok(reader) = Reader::open(&dir)
            && reader.facts().run.task.task.name == *name
            && reader.facts().run.from.is_none()
        {
            found.push((dir.id().clone(), reader.facts().clone()));
        }
    }
    Ok(found)
}

/// Whether another run found the same, and was sure of it.
fn confirms(other: &Facts, insight: &Insight) -> bool {
    let same: Vec<&Insight> = other
        .insights
        .values()
        .filter(|held| held.kind == insight.kind && held.confidence >= SURE)
        .collect();
    let mut texts = ShortTexts::default();
    for held in &same {
        texts.add(&held.claim);
    }
    texts.like(&insight.claim).first().is_some_and(|(_, likeness)| *likeness >= SAME_CLAIM)
}

fn write(
    out: &Path,
    run: &RunId,
    facts: &Facts,
    insight: &Insight,
    confirmed: &Confirmed,
) -> Result<PathBuf, CliError> {
    let cannot = |what: &str, path: &Path, error: std::io::Error| {
        CliError::failed(format!("cannot {what} {}: {error}", path.display()))
    };
    std::fs::create_dir_all(out).map_err(|error| cannot("make", out, error))?;
    let task = &facts.run.task.task.name;
    let id = item_id(task, insight);
    let path = out.join(format!("{id}.md"));
    if path.exists() {
        return Err(CliError::usage(format!("{} exists already", path.display()))
            .help("remove or rename it, or give another --out"));
    }
    let text = item(&id, run, task, insight, confirmed);
    evolve_cognition::parse_item(&text, &path)
        .map_err(|bad| CliError::failed(format!("the item would not be one: {bad}")))?;
    std::fs::write(&path, text).map_err(|error| cannot("write", &path, error))?;
    Ok(path)
}

fn item_id(task: &str, insight: &Insight) -> String {
    let words = evolve_core::words::words(&insight.claim)
        .filter(|word| word.is_ascii())
        .take(5)
        .collect::<Vec<_>>()
        .join("-");
    let id: String = format!("{task}-{words}-{}", insight.key);
    let id: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    // The key, at the end, makes it unique.
    let excess = id.len().saturating_sub(80);
    id[excess..].trim_matches('-').to_owned()
}

fn item(id: &str, run: &RunId, task: &str, insight: &Insight, confirmed: &Confirmed) -> String {
    let quoted = |text: &str| {
        let plain: String = text.chars().filter(|c| !c.is_control()).collect();
        format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
    };
    let by = match confirmed {
        Confirmed::ByPerson => "confirmed by a person".to_owned(),
        Confirmed::ByRun(other) => format!("confirmed by {other}"),
    };
    let ids: Vec<String> = insight.evidence.iter().map(ToString::to_string).collect();
    let mut body = format!("**Insight.** {}\n", insight.claim);
    for (head, text) in [
        ("Why it works.", &insight.mechanism),
        ("How.", &insight.recommendation),
        ("Limits.", &insight.scope),
    ] {
        if !text.is_empty() {
            let _ = write!(body, "\n**{head}** {text}\n");
        }
    }
    let trigger = if insight.scope.is_empty() {
        format!("{task}: {}", insight.claim)
    } else {
        format!("{task}: {}; {}", insight.scope, insight.claim)
    };
    format!(
        "---\nid: {id}\ntitle: {}\ntags: [{}, {}]\ntrigger: {}\nsource: {{ title: {} }}\n---\n{body}",
        quoted(&insight.claim),
        quoted(task),
        insight.kind.word(),
        quoted(&trigger),
        quoted(&format!(
            "run {run}, {}, confidence {:.2}, {by}",
            if ids.is_empty() { "statistics".to_owned() } else { ids.join(" ") },
            insight.confidence
        )),
    )
}
