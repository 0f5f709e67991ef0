//! Every candidate with everything that is known of it, for other programs.

use std::collections::BTreeMap;

use evolve_core::event::{Change, Operator};
use evolve_core::facts::{CandidateFacts, CandidateState};
use evolve_core::ports::BlobStore;
use evolve_core::{CandidateId, Facts, ModelName, RunId};
use jiff::Timestamp;
use serde::Serialize;

use super::blob::{ARTIFACT_SHOWN, BlobText, ProgramView};
use super::{EvaluationView, Numbers, Tokens, VERSION, finite};

/// A line of `evolve export RUN --jsonl`. The fields keep this order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportLine {
    /// [`VERSION`].
    pub version: u32,
    /// The run.
    pub run: RunId,
    /// The candidate.
    pub candidate: CandidateId,
    /// Where it is on its way: `proposing`, `ready`, `evaluating`, `evaluated`, `rejected`.
    pub state: CandidateState,
    /// One word more exactly: an evaluation's status, `quarantined`, a reason of rejection.
    pub status: &'static str,
    /// Why, in a line; empty when ok.
    pub detail: String,
    /// Whether it is the best of the run.
    pub best: bool,
    /// Its primary metric; none for failures and quarantined results.
    pub score: Option<f64>,
    /// Score minus the start's, turned so that more is better.
    pub gain: Option<f64>,
    /// All metrics, means over the repeats.
    pub metrics: Numbers,
    /// Per-instance scores.
    pub cases: Numbers,
    /// Artifacts by name; texts up to 64 KiB are included.
    pub artifacts: BTreeMap<String, BlobText>,
    /// Kind of change.
    pub operator: Operator,
    /// Its parents.
    pub parents: Vec<CandidateId>,
    /// Programs that were shown for ideas.
    pub inspirations: Vec<CandidateId>,
    /// Its island.
    pub island: u32,
    /// Longest chain of parents behind it.
    pub generation: u32,
    /// The model whose answer it is.
    pub model: Option<ModelName>,
    /// What was changed.
    pub change: Change,
    /// Its evaluation.
    pub evaluation: Option<EvaluationView>,
    /// Its evaluation on held-out cases.
    pub holdout: Option<EvaluationView>,
    /// US dollars for its model calls.
    pub usd: f64,
    /// Tokens of its model calls.
    pub tokens: Tokens,
    /// When it was selected.
    pub selected_at: Timestamp,
    /// Its program.
    pub program: ProgramView,
}

/// Every candidate of the run in the order of their numbers, rejected and unfinished ones
/// included. Blobs are read line by line, so a run of any size can be written out.
pub fn export<'a>(
    facts: &'a Facts,
    blobs: &'a dyn BlobStore,
) -> impl Iterator<Item = ExportLine> + 'a {
    let real = facts.candidates.iter().filter(|c| c.state != CandidateState::Absent);
    real.map(move |candidate| line(facts, blobs, candidate))
}

fn line(facts: &Facts, blobs: &dyn BlobStore, candidate: &CandidateFacts) -> ExportLine {
    let score = candidate.score().and_then(finite);
    let evaluation = candidate.evaluation.as_ref().map(EvaluationView::from);
    let artifacts = candidate.evaluation.iter().flat_map(|evaluation| &evaluation.artifacts);
    ExportLine {
        version: VERSION,
        run: facts.run.run.clone(),
        candidate: candidate.id,
        state: candidate.state,
        status: candidate.word(),
        detail: detail(candidate).to_owned(),
        best: facts.best == Some(candidate.id),
        score,
        gain: score.and_then(|score| facts.gain(score)).and_then(finite),
        metrics: evaluation.as_ref().map(|e| e.metrics.clone()).unwrap_or_default(),
        cases: evaluation.as_ref().map(|e| e.cases.clone()).unwrap_or_default(),
        artifacts: artifacts
            .map(|(name, hash)| {
                (name.clone(), BlobText::load_artifact(blobs, *hash, ARTIFACT_SHOWN))
            })
            .collect(),
        operator: candidate.selection.operator,
        parents: candidate.parents().to_vec(),
        inspirations: candidate.selection.inspirations.clone(),
        island: candidate.selection.island,
        generation: candidate.generation,
        model: candidate.model.clone(),
        change: candidate.change.clone(),
        evaluation,
        holdout: candidate.holdout.as_ref().map(EvaluationView::from),
        usd: candidate.cost.dollars(),
        tokens: candidate.tokens.into(),
        selected_at: candidate.selected_at,
        program: ProgramView::load(blobs, candidate.program, no_program(candidate)),
    }
}

/// One line on why a candidate stands where it does; empty when all is well.
pub(crate) fn detail(candidate: &CandidateFacts) -> &str {
    let rejected = candidate.rejected.as_ref().map(|rejection| rejection.detail.as_str());
    let failed = candidate.evaluation.as_ref().map(|evaluation| evaluation.detail.as_str());
    let quarantined = candidate.quarantined.as_deref();
    quarantined.or(rejected).or(failed.filter(|detail| !detail.is_empty())).unwrap_or_default()
}

/// Why a candidate that has no program has none.
pub(super) fn no_program(candidate: &CandidateFacts) -> &'static str {
    match candidate.state {
        CandidateState::Rejected => "the proposal became no program",
        _ => "it is still being proposed",
    }
}
