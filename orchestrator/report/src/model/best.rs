//! The best candidate.

use evolve_core::facts::CandidateFacts;
use evolve_core::{CandidateId, Facts, Objective, RunId};
use serde::Serialize;

use super::{EvaluationView, Numbers, VERSION, finite, numbers};

/// The best candidate of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Best {
    /// Which.
    pub candidate: CandidateId,
    /// Its primary metric, the mean over its repeats.
    pub score: Option<f64>,
    /// All its metrics.
    pub metrics: Numbers,
    /// Where its program was written, if it was.
    pub path: Option<String>,
    /// Score minus the start's, turned so that more is better.
    pub gain: Option<f64>,
}

impl Best {
    /// The best candidate, if there is one yet. `path`: where its program was written.
    pub fn of(facts: &Facts, path: Option<&str>) -> Option<Self> {
        facts.best().map(|best| Self::from(facts, best, path))
    }

    fn from(facts: &Facts, best: &CandidateFacts, path: Option<&str>) -> Self {
        let score = best.score().and_then(finite);
        let metrics = best.evaluation.as_ref().map(|evaluation| numbers(&evaluation.metrics));
        Self {
            candidate: best.id,
            score,
            metrics: metrics.unwrap_or_default(),
            path: path.map(str::to_owned),
            gain: score.and_then(|score| facts.gain(score)).and_then(finite),
        }
    }
}

/// Answer of `evolve best RUN --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BestView {
    /// [`VERSION`].
    pub version: u32,
    /// The run.
    pub run: RunId,
    /// The candidate.
    #[serde(flatten)]
    pub best: Best,
    /// The primary objective.
    pub objective: Objective,
    /// The start's score.
    pub start_score: Option<f64>,
    /// Where the score lies between the task's baseline (0) and target (1), if it gives both.
    pub normalised: Option<f64>,
    /// How often it was measured.
    pub repeats: usize,
    /// Its evaluation on held-out cases, if the task has them.
    pub holdout: Option<EvaluationView>,
}

impl BestView {
    /// The best candidate, if there is one yet. `path`: where its program was written.
    pub fn of(facts: &Facts, path: Option<&str>) -> Option<Self> {
        let candidate = facts.best()?;
        let best = Best::from(facts, candidate, path);
        Some(Self {
            version: VERSION,
            run: facts.run.run.clone(),
            objective: facts.objective().clone(),
            start_score: facts.start_score().and_then(finite),
            normalised: best
                .score
                .and_then(|score| facts.objective().normalised(score))
                .and_then(finite),
            repeats: candidate.evaluation.as_ref().map_or(0, |e| e.samples.len()),
            holdout: candidate.holdout.as_ref().map(EvaluationView::from),
            best,
        })
    }
}
