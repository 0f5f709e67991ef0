//! What a prompt shows, gathered from facts and blobs.

mod knowledge;
mod words;

use std::sync::Arc;

use evolve_core::event::Operator;
use evolve_core::facts::{CandidateFacts, Evaluation};
use evolve_core::ids::{BlobHash, CandidateId};
use evolve_core::outcome::{EvalStatus, RejectReason};
use evolve_core::ports::{BlobStore, Found, HostFault, ProposalRequest};
use evolve_core::program::Program;
use evolve_mutate::Editable;
use evolve_prompts::{
    Artifact, Best, ClashStep, Context, File, InsightView, KnowledgeView, Metric, ObjectiveView,
    ProgramView, Region, Step, number,
};

use crate::patching::Target;
use crate::proposers::Shared;
pub(crate) use knowledge::retrieve;
pub(crate) use words::step_outcome;
use words::{excerpt_lines, looks_like_failure, outcome};

/// Bytes of one artifact that a prompt shows.
const ARTIFACT: usize = 6_000;
/// Bytes of a failed evaluation's log, and of a successful one's.
const LOG_FAILED: usize = 6_000;
const LOG_OK: usize = 1_500;
/// What the names of metrics begin with that no prompt shows.
const PRIVATE: &str = "private.";
/// Bytes of the evaluator's paragraph.
const FEEDBACK: usize = 3_000;

/// A candidate's program.
pub(crate) fn load_program(
    facts: &CandidateFacts,
    blobs: &dyn BlobStore,
) -> Result<Program, HostFault> {
    let hash = facts
        .program
        .ok_or_else(|| HostFault::new(format!("{} has no program to change", facts.id)))?;
    Program::from_bytes(&blobs.get(hash)?).map_err(|error| {
        HostFault::new(format!("the blob {} of {} is no program: {error}", hash.short(), facts.id))
    })
}

/// The programs of these candidates; what cannot be read is passed over, with a warning.
pub(crate) fn load_programs<'a>(
    candidates: impl Iterator<Item = &'a Arc<CandidateFacts>>,
    blobs: &dyn BlobStore,
) -> Vec<Program> {
    candidates.filter_map(|facts| optional(load_program(facts, blobs))).collect()
}

fn optional<T>(loaded: Result<T, HostFault>) -> Option<T> {
    loaded.inspect_err(|fault| tracing::warn!("left out of a proposal: {fault}")).ok()
}

/// Everything the prompt may say about this proposal, with the knowledge found for it.
pub(crate) fn context(
    shared: &Shared,
    request: &ProposalRequest,
    target: &Target,
    found: Found,
) -> Result<Context, HostFault> {
    let material = Material { shared, request, editable: target.base.as_ref().map(|(_, e)| e) };
    let mut parents = Vec::new();
    for facts in &request.parents {
        let program = load_program(facts, request.blobs.as_ref())?;
        parents.push(material.program(facts, &program, true));
    }
    let files = parents.first().map(|parent: &ProgramView| parent.files.as_slice());
    let files = files.unwrap_or_default();
    Ok(Context {
        operator: request.selection.operator,
        kind: shared.task.task.kind,
        task: shared.task.task.name.clone(),
        description: shared.description.clone(),
        language: shared.language_name.clone(),
        objectives: shared.task.objective.iter().map(ObjectiveView::from).collect(),
        rules: shared.denied.rules(),
        format: target.format,
        several_files: files.len() > 1,
        has_regions: files.iter().any(|file| file.editable && !file.regions.is_empty()),
        parents_shown: request.selection.operator != Operator::Draft && !parents.is_empty(),
        parents,
        best: material.best(),
        inspirations: material.inspirations(),
        lineage: material.lineage(),
        tried: material.tried(),
        taken: material.taken(),
        clash: material.clash(),
        cognition: found.items.into_iter().map(KnowledgeView::from).collect(),
        insights: found.insights.iter().map(InsightView::from).collect(),
        tactic: knowledge::tactic(request).map(InsightView::from),
    })
}

struct Material<'a> {
    shared: &'a Shared,
    request: &'a ProposalRequest,
    editable: Option<&'a Editable>,
}

impl Material<'_> {
    fn program(&self, facts: &CandidateFacts, program: &Program, whole: bool) -> ProgramView {
        let evaluation = facts.evaluation.as_ref();
        let files = program.files.iter().map(|(path, text)| self.file(path, text)).collect();
        let mut view = ProgramView {
            id: facts.id.to_string(),
            outcome: outcome(facts, self.shared.task.primary()),
            change: facts.change.summary.clone(),
            files,
            metrics: Vec::new(),
            feedback: String::new(),
            artifacts: Vec::new(),
        };
        if let (true, Some(evaluation)) = (whole, evaluation) {
            view.metrics = self.metrics(evaluation);
            view.feedback = excerpt_lines(&evaluation.feedback, FEEDBACK);
            view.artifacts = self.artifacts(evaluation);
        }
        view
    }

    fn file(&self, path: &str, text: &str) -> File {
        let info = self.shared.language_name.clone().unwrap_or_default();
        let ranges = self.editable.map(|editable| editable.ranges(path, text));
        let line_of = |at: usize| text[..at].matches('\n').count() + 1;
        let whole = |range: &std::ops::Range<usize>| *range == (0..text.len());
        let regions = match &ranges {
            Some(ranges) if !ranges.iter().all(whole) => ranges
                .iter()
                .filter(|range| !range.is_empty())
                .map(|range| Region { first: line_of(range.start), last: line_of(range.end - 1) })
                .collect(),
            _ => Vec::new(),
        };
        File {
            path: path.to_owned(),
            text: text.to_owned(),
            info,
            editable: ranges.is_none_or(|ranges| !ranges.is_empty()),
            regions,
        }
    }

    /// Primary first, then the other objectives, then the rest by name. Those that the evaluator
    /// calls private are for people.
    fn metrics(&self, evaluation: &Evaluation) -> Vec<Metric> {
        let objectives = &self.shared.task.objective;
        let place = |name: &str| {
            let found = objectives.iter().position(|objective| objective.metric == name);
            found.unwrap_or(objectives.len())
        };
        let mut metrics: Vec<(&String, &f64)> = evaluation.metrics.iter().collect();
        metrics.retain(|(name, _)| !name.starts_with(PRIVATE));
        metrics.sort_by_key(|(name, _)| (place(name), (*name).clone()));
        let view =
            |(name, value): (&String, &f64)| Metric { name: name.clone(), value: number(*value) };
        metrics.into_iter().map(view).collect()
    }

    /// Failures first: by name, and the log of a failed evaluation.
    fn artifacts(&self, evaluation: &Evaluation) -> Vec<Artifact> {
        let failed = evaluation.status != EvalStatus::Ok;
        let mut ranked = Vec::new();
        for (name, hash) in &evaluation.artifacts {
            if let Some(text) = self.text(*hash) {
                let rank = if looks_like_failure(name) { 0 } else { 2 };
                let text = excerpt_lines(&text, ARTIFACT);
                ranked.push((rank, Artifact { name: format!("Artifact `{name}`"), text }));
            }
        }
        if let Some(text) = evaluation.log.and_then(|hash| self.text(hash))
            && !text.trim().is_empty()
        {
            let (rank, size) = if failed { (1, LOG_FAILED) } else { (3, LOG_OK) };
            let name = "What it printed".to_owned();
            ranked.push((rank, Artifact { name, text: excerpt_lines(&text, size) }));
        }
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, artifact)| artifact).collect()
    }

    /// A blob, if it is there and is text.
    fn text(&self, hash: BlobHash) -> Option<String> {
        let bytes = optional(self.request.blobs.get(hash))?;
        if bytes.contains(&0) {
            return None; // a picture, an archive
        }
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn best(&self) -> Option<Best> {
        let best = self.request.best.as_ref()?;
        Some(Best {
            id: best.id.to_string(),
            outcome: outcome(best, self.shared.task.primary()),
            is_parent: self.request.parents.iter().any(|parent| parent.id == best.id),
        })
    }

    fn inspirations(&self) -> Vec<ProgramView> {
        let parents = &self.request.parents;
        let others = self.request.inspirations.iter();
        let others = others.filter(|other| parents.iter().all(|parent| parent.id != other.id));
        others
            .filter_map(|facts| {
                let program = optional(load_program(facts, self.request.blobs.as_ref()))?;
                Some(self.program(facts, &program, false))
            })
            .collect()
    }

    /// The first parent's making and its ancestors'; the start was not made.
    fn lineage(&self) -> Vec<Step> {
        let line = self.request.parents.iter().take(1).chain(&self.request.lineage);
        line.filter(|facts| !facts.parents().is_empty()).map(|facts| self.step(facts)).collect()
    }

    fn tried(&self) -> Vec<Step> {
        let steps = self.request.tried.iter().filter(|facts| clash_of(facts).is_none());
        steps.map(|facts| self.step(facts)).collect()
    }

    /// Ideas of the same round, as far as they are known by now.
    fn taken(&self) -> Vec<Step> {
        let known = self.request.taken.iter().filter(|facts| !facts.change.summary.is_empty());
        known.map(|facts| self.step(facts)).collect()
    }

    fn clash(&self) -> Vec<ClashStep> {
        let clashes = self.request.tried.iter().filter_map(|facts| {
            let same_as = clash_of(facts)?.to_string();
            let change = facts.change.summary.clone();
            Some(ClashStep { id: facts.id.to_string(), same_as, change })
        });
        clashes.collect()
    }

    fn step(&self, facts: &CandidateFacts) -> Step {
        let parent = facts.parents().first().and_then(|id| self.find(*id));
        Step {
            id: facts.id.to_string(),
            change: facts.change.summary.clone(),
            outcome: step_outcome(facts, parent, self.shared.task.primary()),
        }
    }

    /// A candidate among those that came with the request.
    fn find(&self, id: CandidateId) -> Option<&CandidateFacts> {
        let request = self.request;
        let all = request.parents.iter().chain(&request.lineage).chain(&request.inspirations);
        let mut all = all.chain(&request.best).chain(&request.tried);
        all.find(|facts| facts.id == id).map(AsRef::as_ref)
    }
}

/// The candidate that a duplicate repeats.
fn clash_of(facts: &CandidateFacts) -> Option<CandidateId> {
    let rejection = facts.rejected.as_ref()?;
    rejection.clash.filter(|_| rejection.reason == RejectReason::Duplicate)
}
