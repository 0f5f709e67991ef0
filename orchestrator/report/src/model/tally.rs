//! Counts over all candidates: failures by kind, models, operators.

use std::collections::BTreeMap;

use evolve_core::event::Operator;
use evolve_core::facts::{CandidateFacts, CandidateState};
use evolve_core::outcome::{EvalStatus, RejectReason};
use evolve_core::{CandidateId, Facts, ModelName, TokenUsage};
use serde::Serialize;

use super::finite;
use crate::format::count;

/// Where a candidate failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The proposal became no candidate program.
    Proposal,
    /// The evaluation gave no score.
    Evaluation,
}

impl Phase {
    /// The word for people and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Proposal => "proposal",
            Self::Evaluation => "evaluation",
        }
    }
}

/// All failures of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureKind {
    /// Where it happened.
    pub phase: Phase,
    /// The kind: an evaluation's status (`timed-out`, …), `quarantined`, or the reason of a
    /// rejection (`duplicate`, …).
    pub kind: &'static str,
    /// How many.
    pub count: u64,
    /// The latest of them.
    pub latest: CandidateId,
    /// One line on the latest.
    pub detail: String,
}

/// Failures by kind, most frequent first. The start counts when it failed.
pub fn failures(facts: &Facts) -> Vec<FailureKind> {
    let mut kinds: BTreeMap<(Phase, &'static str), FailureKind> = BTreeMap::new();
    for candidate in &facts.candidates {
        let Some((phase, kind, detail)) = failure(candidate) else { continue };
        let entry = kinds.entry((phase, kind)).or_insert_with(|| FailureKind {
            phase,
            kind,
            count: 0,
            latest: candidate.id,
            detail: String::new(),
        });
        entry.count += 1;
        entry.latest = candidate.id;
        detail.clone_into(&mut entry.detail);
    }
    let mut kinds: Vec<_> = kinds.into_values().collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
    kinds
}

fn failure(candidate: &CandidateFacts) -> Option<(Phase, &'static str, &str)> {
    if let Some(rejection) = &candidate.rejected {
        return Some((Phase::Proposal, rejection.reason.word(), &rejection.detail));
    }
    if let Some(why) = &candidate.quarantined {
        return Some((Phase::Evaluation, "quarantined", why));
    }
    let evaluation = candidate.evaluation.as_ref()?;
    let failed = evaluation.status != EvalStatus::Ok;
    failed.then_some((Phase::Evaluation, evaluation.status.word(), &evaluation.detail))
}

/// How often something was proposed that was there before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Novelty {
    /// Proposals turned away before an evaluation: the same program, or the same in other words.
    pub duplicates: u64,
    /// Ideas that were had before without success, and were sent back to the model; of proposals
    /// that became a candidate.
    pub ideas_sent_back: u64,
    /// Those for which another idea came.
    pub ideas_replaced: u64,
}

impl Novelty {
    /// Of all candidates.
    pub fn of(facts: &Facts) -> Self {
        let mut novelty = Self::default();
        for candidate in &facts.candidates {
            let rejected = candidate.rejected.as_ref();
            let duplicate = rejected.is_some_and(|r| r.reason == RejectReason::Duplicate);
            novelty.duplicates += u64::from(duplicate);
            if let Some(repeated) = candidate.change.repeated {
                novelty.ideas_sent_back += 1;
                novelty.ideas_replaced += u64::from(!repeated.kept);
            }
        }
        novelty
    }

    /// In a sentence; none where nothing was repeated.
    pub fn sentence(&self) -> Option<String> {
        let mut parts = Vec::new();
        let plural =
            |n: u64, one: &'static str, many: &'static str| if n == 1 { one } else { many };
        if self.duplicates > 0 {
            let what = plural(self.duplicates, "duplicate was", "duplicates were");
            parts.push(format!(
                "{} {what} turned away before an evaluation",
                count(self.duplicates)
            ));
        }
        if self.ideas_sent_back > 0 {
            let what = plural(self.ideas_sent_back, "idea", "ideas");
            let (all, other) = (count(self.ideas_sent_back), count(self.ideas_replaced));
            parts.push(format!(
                "{all} {what} had before went back to the model, {other} became another"
            ));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// Tokens as the provider counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// Prompt tokens, cached ones included.
    pub input: u64,
    /// The part of `input` that came from the provider's cache.
    pub cached: u64,
    /// Completion tokens.
    pub output: u64,
}

impl From<TokenUsage> for Tokens {
    fn from(usage: TokenUsage) -> Self {
        Self { input: usage.input, cached: usage.cached, output: usage.output }
    }
}

/// What one model was asked, what that cost, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelUse {
    /// Its name.
    pub model: ModelName,
    /// Calls, failed ones included.
    pub calls: u64,
    /// Failed calls.
    pub failed: u64,
    /// Tokens.
    pub tokens: Tokens,
    /// US dollars.
    pub usd: f64,
    /// Programs that came of its answers.
    pub proposed: u64,
    /// Those that score better than their first parent.
    pub improved: u64,
    /// Why it is not asked for now, if so.
    pub breaker: Option<String>,
}

/// Every model that was called or that the task names, by name.
pub fn models(facts: &Facts) -> Vec<ModelUse> {
    let mut models: BTreeMap<&ModelName, ModelUse> = BTreeMap::new();
    let named = facts.run.task.model.iter().map(|model| &model.name);
    for name in named.chain(facts.spend.models.keys()) {
        let spend = facts.spend.models.get(name).copied().unwrap_or_default();
        let entry = ModelUse {
            model: name.clone(),
            calls: spend.calls,
            failed: spend.failed,
            tokens: spend.tokens.into(),
            usd: spend.cost.dollars(),
            proposed: 0,
            improved: 0,
            breaker: facts.open_breakers.get(name).cloned(),
        };
        models.insert(name, entry);
    }
    for candidate in &facts.candidates {
        if let Some(entry) = candidate.model.as_ref().and_then(|name| models.get_mut(name)) {
            entry.proposed += 1;
            entry.improved += u64::from(step(facts, candidate).is_some_and(|gain| gain > 0.0));
        }
    }
    models.into_values().collect()
}

/// What came of one kind of change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperatorUse {
    /// The kind.
    pub operator: Operator,
    /// Proposals that were begun.
    pub selected: u64,
    /// Proposals that became no candidate program.
    pub rejected: u64,
    /// Candidates that were evaluated.
    pub evaluated: u64,
    /// Evaluated ones that have no score.
    pub failed: u64,
    /// Candidates that score better than their first parent.
    pub improved: u64,
    /// The largest gain over a first parent.
    pub best_step: Option<f64>,
}

/// Every operator that was used; the start does not count.
pub fn operators(facts: &Facts) -> Vec<OperatorUse> {
    let mut operators: BTreeMap<Operator, OperatorUse> = BTreeMap::new();
    for candidate in facts.candidates.iter().skip(1) {
        let operator = candidate.selection.operator;
        let entry = operators.entry(operator).or_insert_with(|| OperatorUse {
            operator,
            selected: 0,
            rejected: 0,
            evaluated: 0,
            failed: 0,
            improved: 0,
            best_step: None,
        });
        entry.selected += 1;
        entry.rejected += u64::from(candidate.rejected.is_some());
        let evaluated = candidate.state == CandidateState::Evaluated;
        entry.evaluated += u64::from(evaluated);
        entry.failed += u64::from(evaluated && candidate.score().is_none());
        if let Some(gain) = step(facts, candidate) {
            entry.improved += u64::from(gain > 0.0);
            entry.best_step = Some(entry.best_step.map_or(gain, |best| best.max(gain)));
        }
    }
    operators.into_values().collect()
}

/// Gain of a candidate over its first parent, turned so that more is better.
pub(super) fn step(facts: &Facts, candidate: &CandidateFacts) -> Option<f64> {
    let parent = facts.candidate(*candidate.parents().first()?)?;
    finite(facts.objective().gain(candidate.score()?, parent.score()?))
}
