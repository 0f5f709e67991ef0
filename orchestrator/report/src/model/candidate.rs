//! Everything that is known of one candidate.

use evolve_core::event::{Change, Operator};
use evolve_core::facts::{CandidateFacts, CandidateState};
use evolve_core::ports::BlobStore;
use evolve_core::prediction::verdict;
use evolve_core::{CandidateId, Facts, ModelName, Program, RunId};
use jiff::Timestamp;
use serde::Serialize;

use super::blob::{ARTIFACT_SHOWN, ArtifactView, BlobText, ProgramView, load_program};
use super::diff::{ProgramDiff, program_diff};
use super::export::{detail, no_program};
use super::{EvaluationView, Tokens, VERSION, finite, tally};

/// Bytes of a log that are shown, from its end.
const LOG_SHOWN: usize = 16 * 1024;

/// Answer of `evolve show RUN CANDIDATE --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CandidateView {
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
    /// The primary metric's name.
    pub metric: String,
    /// Its primary metric; none for failures and quarantined results.
    pub score: Option<f64>,
    /// Score minus the start's, turned so that more is better.
    pub gain: Option<f64>,
    /// Score minus the first parent's, turned so that more is better.
    pub step: Option<f64>,
    /// Kind of change.
    pub operator: Operator,
    /// Its parents, with their scores.
    pub parents: Vec<ParentView>,
    /// Programs that were shown for ideas.
    pub inspirations: Vec<CandidateId>,
    /// Candidates it is the first parent of.
    pub children: Vec<CandidateId>,
    /// The candidate it repeats, for duplicates.
    pub clash: Option<CandidateId>,
    /// Its island.
    pub island: u32,
    /// Longest chain of parents behind it.
    pub generation: u32,
    /// The model whose answer it is.
    pub model: Option<ModelName>,
    /// What was changed.
    pub change: Change,
    /// Whether what its proposer expected came true, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expectation: Option<&'static str>,
    /// Key of the insight that gave the direction, where the search stalled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tactic: Option<String>,
    /// Its evaluation: metrics, cases, feedback, usage.
    pub evaluation: Option<EvaluationView>,
    /// Its evaluation on held-out cases.
    pub holdout: Option<EvaluationView>,
    /// Why it did not become, or remain, the best.
    pub demoted: Option<String>,
    /// Cognition items and insights that were shown to the proposer.
    pub shown: Vec<String>,
    /// US dollars for its model calls.
    pub usd: f64,
    /// Tokens of its model calls.
    pub tokens: Tokens,
    /// When it was selected.
    pub selected_at: Timestamp,
    /// Artifacts of its evaluation.
    pub artifacts: Vec<ArtifactView>,
    /// The end of the deciding stage's log.
    pub log: BlobText,
    /// Its program.
    pub program: ProgramView,
    /// What changed against its first parent.
    pub diff: VersusView,
    /// The prompt that led to it.
    pub prompt: BlobText,
    /// Its model calls.
    pub calls: Vec<CallView>,
}

/// A parent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParentView {
    /// Which.
    pub candidate: CandidateId,
    /// Its score.
    pub score: Option<f64>,
}

/// A model call: the request as sent and the answer as received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallView {
    /// The request.
    pub request: BlobText,
    /// The answer.
    pub answer: BlobText,
}

/// What changed against another candidate, or why that cannot be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VersusView {
    /// The other candidate.
    pub against: Option<CandidateId>,
    /// Lines added.
    pub added: usize,
    /// Lines removed.
    pub removed: usize,
    /// A patch in unified format; empty when the programs are equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// The same, line by line. Not part of the answer: the patch says it all.
    #[serde(skip)]
    pub lines: ProgramDiff,
    /// Why there is no patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl VersusView {
    /// What changed from candidate `old` to `new`.
    pub fn of(facts: &Facts, blobs: &dyn BlobStore, old: CandidateId, new: CandidateId) -> Self {
        let programs = Self::program(facts, blobs, old)
            .and_then(|old| Ok((old, Self::program(facts, blobs, new)?)));
        match programs {
            Ok((before, after)) => {
                let lines = program_diff(&before, &after);
                Self {
                    against: Some(old),
                    added: lines.added,
                    removed: lines.removed,
                    patch: Some(lines.unified()),
                    lines,
                    missing: None,
                }
            }
            Err(why) => Self { against: Some(old), missing: Some(why), ..Self::default() },
        }
    }

    fn program(facts: &Facts, blobs: &dyn BlobStore, id: CandidateId) -> Result<Program, String> {
        let candidate =
            facts.candidate(id).ok_or_else(|| format!("the run has no candidate {id}"))?;
        load_program(blobs, candidate.program, no_program(candidate))
            .map_err(|why| format!("the program of {id} is missing: {why}"))
    }
}

impl CandidateView {
    /// Everything known of this candidate, if the run has it.
    pub fn of(facts: &Facts, blobs: &dyn BlobStore, id: CandidateId) -> Option<Self> {
        let candidate = facts.candidate(id)?;
        let score = candidate.score().and_then(finite);
        let selection = &candidate.selection;
        Some(Self {
            version: VERSION,
            run: facts.run.run.clone(),
            candidate: id,
            state: candidate.state,
            status: candidate.word(),
            detail: detail(candidate).to_owned(),
            best: facts.best == Some(id),
            metric: facts.objective().metric.clone(),
            score,
            gain: score.and_then(|score| facts.gain(score)).and_then(finite),
            step: tally::step(facts, candidate),
            operator: selection.operator,
            parents: selection.parents.iter().map(|parent| parent_view(facts, *parent)).collect(),
            inspirations: selection.inspirations.clone(),
            children: children(facts, id),
            clash: candidate.rejected.as_ref().and_then(|rejection| rejection.clash),
            island: selection.island,
            generation: candidate.generation,
            model: candidate.model.clone(),
            change: candidate.change.clone(),
            expectation: verdict(facts, candidate).map(evolve_core::prediction::Verdict::words),
            tactic: selection.tactic.clone(),
            evaluation: candidate.evaluation.as_ref().map(EvaluationView::from),
            holdout: candidate.holdout.as_ref().map(EvaluationView::from),
            demoted: candidate.demoted.clone(),
            shown: candidate.shown.clone(),
            usd: candidate.cost.dollars(),
            tokens: candidate.tokens.into(),
            selected_at: candidate.selected_at,
            artifacts: artifacts(blobs, candidate),
            log: log(blobs, candidate),
            program: ProgramView::load(blobs, candidate.program, no_program(candidate)),
            diff: match candidate.parents().first() {
                Some(parent) => VersusView::of(facts, blobs, *parent, id),
                None => VersusView {
                    missing: Some("it has no parent".to_owned()),
                    ..VersusView::default()
                },
            },
            prompt: match candidate.prompt {
                Some(hash) => BlobText::load(blobs, hash),
                None => BlobText::none("no prompt led to it"),
            },
            calls: calls(blobs, candidate),
        })
    }
}

fn parent_view(facts: &Facts, id: CandidateId) -> ParentView {
    let score = facts.candidate(id).and_then(|parent| parent.score()).and_then(finite);
    ParentView { candidate: id, score }
}

fn children(facts: &Facts, id: CandidateId) -> Vec<CandidateId> {
    let after = usize::try_from(id.0).unwrap_or(usize::MAX).saturating_add(1);
    let younger = facts.candidates.iter().skip(after);
    younger.filter(|child| child.parents().first() == Some(&id)).map(|child| child.id).collect()
}

fn artifacts(blobs: &dyn BlobStore, candidate: &CandidateFacts) -> Vec<ArtifactView> {
    let stored = candidate.evaluation.iter().flat_map(|evaluation| &evaluation.artifacts);
    stored
        .map(|(name, hash)| ArtifactView {
            name: name.clone(),
            content: BlobText::load_artifact(blobs, *hash, ARTIFACT_SHOWN),
        })
        .collect()
}

fn log(blobs: &dyn BlobStore, candidate: &CandidateFacts) -> BlobText {
    match &candidate.evaluation {
        None => BlobText::none("it was not evaluated"),
        Some(evaluation) => match evaluation.log {
            None => BlobText::none("the evaluation printed nothing"),
            Some(hash) => BlobText::tail(blobs, hash, LOG_SHOWN),
        },
    }
}

fn calls(blobs: &dyn BlobStore, candidate: &CandidateFacts) -> Vec<CallView> {
    let calls = candidate.calls.iter();
    calls
        .map(|(request, answer)| CallView {
            request: BlobText::load(blobs, *request),
            answer: match answer {
                Some(hash) => BlobText::load(blobs, *hash),
                None => BlobText::none("no answer came"),
            },
        })
        .collect()
}
