//! An experiment in words: what was changed, what was expected, what was measured.

use evolve_core::facts::{CandidateFacts, Evaluation};
use evolve_core::outcome::EvalStatus;
use evolve_core::ports::AnalysisRequest;
use evolve_core::prediction::expectation;
use evolve_core::task::TaskConfig;
use evolve_core::{CandidateId, Program};
use evolve_prompts::{Best, Experiment, Metric, number};
use similar::TextDiff;

/// How much is told of each experiment, from much to little: bytes of a diff and of a log.
pub(super) const DETAILS: [(usize, usize); 5] =
    [(3_000, 1_500), (1_500, 800), (700, 400), (300, 200), (0, 120)];
/// Metrics and cases told of each.
const CHANGED: usize = 8;

pub(super) struct Describer<'a> {
    pub request: &'a AnalysisRequest,
    pub task: &'a TaskConfig,
    pub detail: (usize, usize),
}

impl Describer<'_> {
    pub fn best(&self) -> Option<Best> {
        let all = self.request.candidates.iter().chain(&self.request.parents);
        let scored = all.filter_map(|facts| Some((facts, facts.score()?)));
        let goal = self.task.primary().goal;
        let (best, score) = scored.max_by(|a, b| goal.order(a.1, b.1))?;
        let outcome = format!("`{}` = {}", self.task.primary().metric, number(score));
        Some(Best { id: best.id.to_string(), outcome, is_parent: false })
    }

    pub fn experiments(&self) -> Vec<Experiment> {
        self.request.candidates.iter().map(|facts| self.experiment(facts)).collect()
    }

    fn experiment(&self, facts: &CandidateFacts) -> Experiment {
        let parent = facts.parents().first().and_then(|id| self.parent(*id));
        let verdict = parent.and_then(|parent| expectation(self.task, facts, parent));
        Experiment {
            id: facts.id.to_string(),
            parent: parent.map(|parent| parent.id.to_string()).unwrap_or_default(),
            operator: facts.selection.operator.word().to_owned(),
            idea: facts.change.summary.clone(),
            prediction: facts.change.prediction.clone(),
            verdict: verdict.map(|verdict| verdict.words().to_owned()).unwrap_or_default(),
            outcome: self.outcome(facts, parent),
            changed: changed(facts, parent),
            diff: parent.and_then(|parent| self.diff(facts, parent)).unwrap_or_default(),
            log: self.log(facts),
        }
    }

    fn parent(&self, id: CandidateId) -> Option<&CandidateFacts> {
        self.request.parents.iter().find(|facts| facts.id == id).map(AsRef::as_ref)
    }

    fn outcome(&self, facts: &CandidateFacts, parent: Option<&CandidateFacts>) -> String {
        let metric = &self.task.primary().metric;
        let before = parent.map(|parent| match parent.score() {
            Some(score) => format!("; its parent's was {}", number(score)),
            None => "; its parent had none".to_owned(),
        });
        let before = before.unwrap_or_default();
        if let Some(why) = &facts.quarantined {
            return format!("not believed: {why}");
        }
        match (facts.score(), &facts.evaluation) {
            (Some(score), _) => format!("`{metric}` = {}{before}", number(score)),
            (None, Some(evaluation)) => {
                format!("{}: {}{before}", evaluation.status.word(), evaluation.detail)
            }
            (None, None) => "not evaluated".to_owned(),
        }
    }

    fn diff(&self, facts: &CandidateFacts, parent: &CandidateFacts) -> Option<String> {
        let (most, _) = self.detail;
        if most == 0 {
            return None;
        }
        let load = |facts: &CandidateFacts| {
            let bytes = self.request.meter.blobs.get(facts.program?).ok()?;
            Program::from_bytes(&bytes).ok()
        };
        let (before, after) = (load(parent)?, load(facts)?);
        let mut text = String::new();
        for (path, new) in &after.files {
            let old = before.files.get(path).map_or("", String::as_str);
            if old != new {
                let diff = TextDiff::from_lines(old, new);
                text.push_str(
                    &diff.unified_diff().context_radius(2).header(path, path).to_string(),
                );
            }
        }
        Some(cut(&text, most))
    }

    fn log(&self, facts: &CandidateFacts) -> String {
        let Some(evaluation) = &facts.evaluation else { return String::new() };
        let mut parts = vec![evaluation.feedback.clone()];
        if evaluation.status != EvalStatus::Ok {
            parts.extend(evaluation.log.and_then(|hash| {
                let bytes = self.request.meter.blobs.get(hash).ok()?;
                Some(tail(&String::from_utf8_lossy(&bytes), self.detail.1))
            }));
        }
        parts.retain(|part| !part.trim().is_empty());
        cut(&parts.join("\n"), self.detail.1)
    }
}

/// What differs from the parent, most different in proportion first.
fn changed(facts: &CandidateFacts, parent: Option<&CandidateFacts>) -> Vec<Metric> {
    let Some(own) = &facts.evaluation else { return Vec::new() };
    let before = parent.and_then(|parent| parent.evaluation.as_ref());
    let pairs = |of: fn(&Evaluation) -> &evolve_core::objective::Metrics| {
        let olds = before.map(of);
        let pair = move |(name, new): (&String, &f64)| {
            let old = olds.and_then(|olds| olds.get(name)).copied();
            (name.clone(), old, *new)
        };
        of(own).iter().map(pair).collect::<Vec<_>>()
    };
    let mut all = pairs(|e| &e.metrics);
    all.extend(
        pairs(|e| &e.cases).into_iter().map(|(n, old, new)| (format!("case {n}"), old, new)),
    );
    all.retain(|(_, old, new)| *old != Some(*new));
    let change = |old: Option<f64>, new: f64| {
        old.map_or(f64::INFINITY, |old| (new - old).abs() / (old.abs() + new.abs() + 1e-300))
    };
    all.sort_by(|a, b| change(b.1, b.2).total_cmp(&change(a.1, a.2)).then(a.0.cmp(&b.0)));
    let shown = all.into_iter().take(CHANGED).map(|(name, old, new)| {
        let value =
            old.map_or_else(|| number(new), |old| format!("{} → {}", number(old), number(new)));
        Metric { name, value }
    });
    shown.collect()
}

/// The first bytes of a text, whole lines where there are any.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let head = &text[..text.floor_char_boundary(most)];
    let end = head.rfind('\n').filter(|end| *end > most / 2).unwrap_or(head.len());
    format!("{}\n[… left out …]", &head[..end])
}

fn tail(text: &str, most: usize) -> String {
    text[text.ceil_char_boundary(text.len().saturating_sub(most))..].to_owned()
}
