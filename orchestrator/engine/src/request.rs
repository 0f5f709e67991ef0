//! From a selection to what a proposer is given.

use std::collections::BTreeSet;
use std::sync::Arc;

use evolve_core::event::{AnalysisStarted, Operator, Selected};
use evolve_core::facts::{CandidateFacts, CandidateState};
use evolve_core::ids::CandidateId;
use evolve_core::ports::{AnalysisRequest, BlobStore, CallSink, Meter, ProposalRequest};
use evolve_core::{Facts, Seq, rng};

/// Ancestors told to a proposer.
const LINEAGE: usize = 8;
/// Failed or lost attempts told to a proposer.
const TRIED: usize = 6;
/// How far back attempts are looked for, so that the cost does not grow with the run.
const TRIED_WINDOW: usize = 200;
/// How far back lost ideas are looked for, and how many are told.
const LOST_WINDOW: usize = 1_000;
const LOST: usize = 300;

/// The request for a selection that was recorded at `seq`.
pub(crate) fn proposal_request(
    facts: &Facts,
    selected: &Selected,
    seq: Seq,
    blobs: Arc<dyn BlobStore>,
    calls: Arc<dyn CallSink>,
    taken: &[CandidateId],
) -> ProposalRequest {
    let all = |ids: &[CandidateId]| {
        ids.iter().filter_map(|id| facts.candidate(*id)).cloned().collect::<Vec<_>>()
    };
    let parent = selected.selection.parents.first();
    ProposalRequest {
        candidate: selected.candidate,
        seed: rng::derive_seed(facts.run.seed, seq, "propose"),
        selection: selected.selection.clone(),
        parents: all(&selected.selection.parents),
        inspirations: all(&selected.selection.inspirations),
        lineage: parent
            .map(|id| facts.lineage(*id).take(LINEAGE).cloned().collect())
            .unwrap_or_default(),
        tried: tried(facts, parent.copied()),
        taken: all(taken),
        best: facts.best().cloned(),
        insights: insights(facts),
        lost: if selected.selection.operator == Operator::Mutate {
            Vec::new()
        } else {
            lost(facts)
        },
        blobs,
        calls,
    }
}

/// The request for an analysis that was recorded at `seq`.
pub(crate) fn analysis_request(
    facts: &Facts,
    started: &AnalysisStarted,
    seq: Seq,
    blobs: Arc<dyn BlobStore>,
    calls: Arc<dyn CallSink>,
) -> AnalysisRequest {
    let candidates: Vec<_> =
        started.candidates.iter().filter_map(|id| facts.candidate(*id)).cloned().collect();
    let parents: BTreeSet<CandidateId> =
        candidates.iter().filter_map(|c| c.parents().first().copied()).collect();
    AnalysisRequest {
        purpose: started.purpose,
        parents: parents.into_iter().filter_map(|id| facts.candidate(id)).cloned().collect(),
        insights: insights(facts),
        seed: rng::derive_seed(facts.run.seed, seq, "analyze"),
        meter: Meter {
            candidate: candidates.last().map_or(CandidateId::START, |c| c.id),
            analysis: Some(started.analysis),
            blobs,
            calls,
        },
        candidates,
    }
}

/// What models and commands proposed lately and what came to nothing, newest first.
fn lost(facts: &Facts) -> Vec<Arc<CandidateFacts>> {
    let of_words = |c: &&Arc<CandidateFacts>| {
        c.selection.operator.is_chosen()
            && c.selection.operator != Operator::Mutate
            && !c.change.summary.is_empty()
            && c.prompt.is_some()
    };
    let ended = |c: &&Arc<CandidateFacts>| c.state == CandidateState::Evaluated && !facts.gained(c);
    let recent = facts.candidates.iter().rev().take(LOST_WINDOW);
    recent.filter(of_words).filter(ended).take(LOST).cloned().collect()
}

/// Recent children of the same parent that failed or lost; then others that failed.
fn tried(facts: &Facts, parent: Option<CandidateId>) -> Vec<Arc<CandidateFacts>> {
    let goal = facts.objective().goal;
    let disappointing = |c: &&Arc<CandidateFacts>| {
        let of_parent = c.parents().first().copied() == parent;
        match (c.state, c.score()) {
            (CandidateState::Rejected, _) => of_parent,
            (CandidateState::Evaluated, None) => true,
            (CandidateState::Evaluated, Some(score)) => {
                let parent = parent.and_then(|id| facts.candidate(id)).and_then(|p| p.score());
                of_parent && parent.is_some_and(|parent| !goal.is_better(score, parent))
            }
            _ => false,
        }
    };
    let recent = facts.candidates.iter().rev().take(TRIED_WINDOW).filter(disappointing);
    let mut found: Vec<_> = recent.cloned().collect();
    found.sort_by_key(|c| (c.parents().first().copied() != parent, std::cmp::Reverse(c.id)));
    found.truncate(TRIED);
    found
}

fn insights(facts: &Facts) -> Vec<evolve_core::knowledge::Insight> {
    let mut all: Vec<_> = facts.insights.values().cloned().collect();
    all.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| a.key.cmp(&b.key)));
    all
}
