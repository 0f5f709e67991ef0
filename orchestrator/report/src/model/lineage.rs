//! How a candidate came to be.

use evolve_core::event::Operator;
use evolve_core::facts::CandidateFacts;
use evolve_core::{CandidateId, Facts, ModelName, RunId};
use serde::Serialize;

use super::{VERSION, finite, tally};

/// The path from the start, or from a draft, to a candidate along first parents.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineageView {
    /// [`VERSION`].
    pub version: u32,
    /// The run.
    pub run: RunId,
    /// Where the path ends.
    pub candidate: CandidateId,
    /// Oldest first.
    pub steps: Vec<LineageStep>,
}

/// One candidate on the path.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineageStep {
    /// Which.
    pub candidate: CandidateId,
    /// All its parents; the path goes on from the first.
    pub parents: Vec<CandidateId>,
    /// Kind of change.
    pub operator: Operator,
    /// The model whose answer it is.
    pub model: Option<ModelName>,
    /// What was changed, in a line.
    pub change: String,
    /// Where it stands.
    pub status: &'static str,
    /// Its score.
    pub score: Option<f64>,
    /// Score minus the start's, turned so that more is better.
    pub gain: Option<f64>,
    /// Score minus the first parent's, turned so that more is better.
    pub step: Option<f64>,
}

impl LineageView {
    /// The path to this candidate, if the run has it.
    pub fn of(facts: &Facts, id: CandidateId) -> Option<Self> {
        let last = facts.candidate(id)?;
        let mut path = vec![last];
        path.extend(facts.lineage(id));
        Some(Self {
            version: VERSION,
            run: facts.run.run.clone(),
            candidate: id,
            steps: path.into_iter().rev().map(|candidate| step(facts, candidate)).collect(),
        })
    }
}

fn step(facts: &Facts, candidate: &CandidateFacts) -> LineageStep {
    let score = candidate.score().and_then(finite);
    LineageStep {
        candidate: candidate.id,
        parents: candidate.parents().to_vec(),
        operator: candidate.selection.operator,
        model: candidate.model.clone(),
        change: candidate.change.summary.clone(),
        status: candidate.word(),
        score,
        gain: score.and_then(|score| facts.gain(score)).and_then(finite),
        step: tally::step(facts, candidate),
    }
}
