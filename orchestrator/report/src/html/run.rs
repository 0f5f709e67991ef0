//! What the run was: cards, insights, and all it takes to repeat it.

use evolve_core::Facts;
use evolve_core::facts::Phase;
use serde::Serialize;

use super::Extras;
use super::rows::{Link, Shown};
use crate::format::{ScoreFormat, count, duration, one_line, percent, printable};
use crate::methods::{commands, methods};
use crate::model::{KnowledgeWorth, Moment, Predictions, Status};
use crate::text::dollars;

/// Insights on the page, most confident first.
const INSIGHTS: usize = 60;
/// Candidates named as an insight's evidence.
const EVIDENCE: usize = 6;

/// A number of the summary.
#[derive(Serialize)]
pub(crate) struct Card {
    /// What it is.
    pub(crate) label: &'static str,
    /// How much.
    pub(crate) value: String,
    /// More about it; may be empty.
    pub(crate) note: String,
}

pub(crate) fn cards(status: &Status, facts: &Facts) -> Vec<Card> {
    let card = |label, value: String, note: String| Card { label, value, note };
    let objective = &status.objective;
    let best = status.best.as_ref();
    let score = best.and_then(|best| best.score);
    let format = ScoreFormat::telling_apart(
        score.into_iter().chain(status.start_score).chain(objective.target),
    );
    let target = match (objective.target, score.and_then(|score| objective.normalised(score))) {
        (Some(target), Some(way)) => {
            format!("{:.1} % of the way to {}", way * 100.0, format.score(target))
        }
        (Some(target), None) => format!("target {}", format.score(target)),
        (None, _) => String::new(),
    };
    let start = match status.start_score {
        Some(start) => format!("start {}", format.score(start)),
        None if facts.run.program.is_none() => "over the first draft; there was no start".into(),
        None => "the start has no score".to_owned(),
    };
    let counts = &status.candidates;
    let rate = status.rate_per_min.map(|rate| format!("{rate:.1} candidates per minute"));
    let failed = percent(counts.failed as f64, counts.evaluated.max(1) as f64);
    vec![
        card("Best score", format.maybe(score), target),
        card("Gain", format.maybe_gain(best.and_then(|best| best.gain)), start),
        card(
            "Evaluated",
            count(counts.evaluated),
            format!("of {} proposed", count(counts.proposed)),
        ),
        card(
            "Failed",
            count(counts.failed),
            format!("{failed} % of evaluated; {} proposals rejected", count(counts.rejected)),
        ),
        card("Cost", dollars(status.cost.usd), format!("{} tokens", count(status.cost.tokens))),
        card("Time up", duration(status.cost.wall_s), rate.unwrap_or_default()),
    ]
}

/// An insight.
#[derive(Serialize)]
pub(crate) struct Insight {
    kind: &'static str,
    claim: String,
    recommendation: String,
    confidence: String,
    evidence: Vec<Link>,
    more_evidence: usize,
}

/// What an item or an insight was worth.
#[derive(Serialize)]
pub(crate) struct Worth {
    name: String,
    shown: String,
    gains: String,
    others: String,
    difference: String,
}

/// The most shown ones.
pub(crate) fn worth(facts: &Facts) -> Vec<Worth> {
    let percent = |share: f64| format!("{:+.0}", share * 100.0);
    let rows = KnowledgeWorth::all(facts).into_iter().take(INSIGHTS).map(|worth| Worth {
        name: one_line(&worth.name, 120),
        shown: count(worth.shown.into()),
        gains: count(worth.gains.into()),
        others: format!("{} of {}", count(worth.others_gains.into()), count(worth.others.into())),
        difference: match (worth.difference, worth.interval) {
            (Some(difference), Some((low, high))) => {
                format!("{} ({} to {})", percent(difference), percent(low), percent(high))
            }
            _ => "–".to_owned(),
        },
    });
    rows.collect()
}

/// How often proposers were right; empty where nothing can be compared.
pub(crate) fn predictions(facts: &Facts) -> String {
    let Predictions { compared, came_true } = Predictions::of(facts);
    if compared == 0 {
        return String::new();
    }
    format!(
        "Of {} expectations of proposers that could be compared with a measurement, {} came true.",
        count(compared.into()),
        count(came_true.into())
    )
}

pub(crate) fn insights(facts: &Facts, shown: &Shown) -> (Vec<Insight>, usize) {
    let mut all: Vec<_> = facts.insights.values().collect();
    all.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.key.cmp(&b.key)));
    let left_out = all.len().saturating_sub(INSIGHTS);
    let insights = all.into_iter().take(INSIGHTS).map(|insight| Insight {
        kind: insight.kind.word(),
        claim: one_line(&insight.claim, 600),
        recommendation: one_line(&insight.recommendation, 600),
        confidence: format!("{:.0} %", insight.confidence * 100.0),
        evidence: insight.evidence.iter().take(EVIDENCE).map(|id| shown.link(*id)).collect(),
        more_evidence: insight.evidence.len().saturating_sub(EVIDENCE),
    });
    (insights.collect(), left_out)
}

/// All it takes to repeat the run.
#[derive(Serialize)]
pub(crate) struct Repeat {
    facts: Vec<(&'static str, String)>,
    host: Vec<(String, String)>,
    overrides: Vec<String>,
    methods: Vec<String>,
    commands: Vec<(String, &'static str)>,
    config: String,
}

/// What it takes to repeat a run. `hashed`: with the canonical hash, which takes a while of a
/// large run.
pub(crate) fn repeat(facts: &Facts, now: &Moment, extras: &Extras, hashed: bool) -> Repeat {
    let run = &facts.run;
    let mut rows = vec![
        ("Run", run.run.to_string()),
        ("Version", run.evolve.clone()),
        ("Seed", run.seed.to_string()),
        ("Strategy", run.task.search.strategy.clone()),
        ("Proposer", run.proposer.clone()),
        ("Analyzer", if run.analyzer { "on" } else { "off" }.to_owned()),
        (
            "Side by side",
            format!("{} proposals, {} evaluations", facts.slots.proposals, facts.slots.evaluations),
        ),
        (
            "Start program",
            run.program.map_or_else(|| "none (seedless)".to_owned(), |hash| hash.to_string()),
        ),
    ];
    if let Some(from) = &run.from {
        rows.push(("Start taken from", from.clone()));
    }
    if let Some(program) = facts.best().and_then(|best| best.program) {
        rows.push(("Best program", program.to_string()));
    }
    rows.push(("Events", count(facts.next_seq.0)));
    rows.push((
        "Canonical hash",
        if hashed {
            facts.canonical_hash().to_string()
        } else {
            format!("`evolve verify {}` tells", run.run)
        },
    ));
    if let Some(journal) = &extras.journal {
        rows.push(("Journal (BLAKE3)", journal.clone()));
    }
    let at_rest = matches!(facts.phase, Phase::Stopped { .. });
    if !at_rest {
        rows.push(("Note", "the run has not come to rest: hashes are of this moment".to_owned()));
    }
    let config = serde_json::to_string_pretty(&run.task).unwrap_or_default();
    Repeat {
        facts: rows.into_iter().map(|(name, value)| (name, one_line(&value, 300))).collect(),
        host: run.host.iter().map(|(k, v)| (one_line(k, 60), one_line(v, 300))).collect(),
        overrides: run.overrides.iter().map(|text| one_line(text, 300)).collect(),
        methods: methods(facts, now),
        commands: commands(facts)
            .into_iter()
            .map(|(command, promise)| (one_line(&command, 2_000), promise))
            .collect(),
        config: printable(&config).into_owned(),
    }
}
