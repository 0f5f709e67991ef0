//! What is known that fits a proposal's situation.

use std::fmt::Write as _;

use evolve_core::facts::CandidateFacts;
use evolve_core::knowledge::{Credits, Insight, InsightKind, Situation};
use evolve_core::outcome::EvalStatus;
use evolve_core::ports::{Found, Meter, ProposalRequest, Query};
use std::sync::Arc;

use super::words::{excerpt_lines, looks_like_failure};
use super::{Material, optional};
use crate::proposers::Shared;

/// Insights told to a proposer.
const INSIGHTS: usize = 8;
/// Bytes of a failed evaluation's log, and of an artifact, by which knowledge is looked for.
const LOG: usize = 2_000;
const ARTIFACT: usize = 1_000;
/// Artifacts by which knowledge is looked for.
const ARTIFACTS: usize = 4;

/// What fits the situation; nothing where the task has no base, or it cannot be asked.
pub(crate) async fn retrieve(
    shared: &Shared,
    request: &ProposalRequest,
    credits: &Arc<Credits>,
    meter: Option<Meter>,
) -> Found {
    let insights: Vec<Insight> =
        request.insights.iter().filter(|i| i.kind != InsightKind::Tactic).cloned().collect();
    let Some(base) = &shared.knowledge else {
        return Found { items: Vec::new(), insights: first(insights) };
    };
    let query = Query {
        situation: situation(shared, request),
        top_k: shared.task.cognition.top_k as usize,
        insights: insights.clone(),
        top_insights: INSIGHTS,
        credits: Arc::clone(credits),
        seed: request.seed,
        meter,
    };
    let found = base.retrieve(query).await;
    optional(found).unwrap_or_else(|| Found { items: Vec::new(), insights: first(insights) })
}

fn first(mut insights: Vec<Insight>) -> Vec<Insight> {
    insights.truncate(INSIGHTS);
    insights
}

/// The parent's failures, remarks and analysis; and what the task is about.
fn situation(shared: &Shared, request: &ProposalRequest) -> Situation {
    let material = Material { shared, request, editable: None };
    let mut now = String::new();
    let mut say = |text: &str| {
        if !text.trim().is_empty() {
            let _ = writeln!(now, "{}", text.trim());
        }
    };
    for parent in request.parents.iter().take(2) {
        for text in of_parent(&material, parent) {
            say(&text);
        }
        for insight in request.insights.iter().filter(|i| i.evidence.contains(&parent.id)) {
            say(&insight.claim);
            say(&insight.mechanism);
        }
    }
    if let Some(tactic) = tactic(request) {
        say(&tactic.claim);
        say(&tactic.recommendation);
    }
    Situation { now, task: shared.description.clone() }
}

/// The insight that gives the direction, if the strategy chose one that is still held.
pub(super) fn tactic(request: &ProposalRequest) -> Option<&Insight> {
    let key = request.selection.tactic.as_ref()?;
    request.insights.iter().find(|insight| insight.key == *key)
}

/// Whether an artifact is a picture that is text.
fn is_picture(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("svg"))
}

fn of_parent(material: &Material<'_>, parent: &CandidateFacts) -> Vec<String> {
    let Some(evaluation) = &parent.evaluation else { return Vec::new() };
    let mut texts = vec![evaluation.detail.clone(), evaluation.feedback.clone()];
    if evaluation.status != EvalStatus::Ok {
        texts.push(evaluation.status.word().to_owned());
        texts.extend(
            evaluation.log.and_then(|log| material.text(log)).map(|log| excerpt_lines(&log, LOG)),
        );
    }
    let mut artifacts: Vec<_> = evaluation.artifacts.iter().collect();
    artifacts.sort_by_key(|(name, _)| !looks_like_failure(name));
    for (name, hash) in artifacts.into_iter().take(ARTIFACTS) {
        if let Some(text) = material.text(*hash).filter(|_| !is_picture(name)) {
            texts.push(format!("{name}: {}", excerpt_lines(&text, ARTIFACT)));
        }
    }
    texts
}
