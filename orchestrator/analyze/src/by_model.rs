//! Asks a model what the newest experiments show.

mod describe;

use std::sync::Arc;

use evolve_core::event::{AnalysisPurpose, Envelope, Event};
use evolve_core::knowledge::InsightKind;
use evolve_core::outcome::{EvalPurpose, EvalStatus};
use evolve_core::ports::{AnalysisRequest, BoxFuture, Finding, Inquiry, LanguageModel, Question};
use evolve_core::task::TaskConfig;
use evolve_core::{CandidateId, Facts};
use evolve_prompts::{Analysis, Prompts};

use crate::answer::{MOST_FINDINGS, findings};
use describe::Describer;

/// Experiments told in one analysis; of a flood of cheap ones the most telling.
const MOST_EXPERIMENTS: usize = 10;
/// Experiments told in a synthesis: the best, for what they had in common.
const SYNTHESIS_EXPERIMENTS: usize = 4;
/// Candidates that are remembered until there is money for an analysis.
const MOST_WAITING: usize = 2_000;
/// Insights that are worth a synthesis.
const WORTH_SYNTHESIS: usize = 4;
/// Failed analyses in a row after which it is asked more and more rarely.
const PATIENCE: u64 = 2;

/// What an analyzer that asks a model works with.
#[derive(Clone)]
pub struct ModelSetup {
    /// The task, resolved.
    pub task: Arc<TaskConfig>,
    /// Its description, also where `task.toml` names a file for it.
    pub description: String,
    /// The templates.
    pub prompts: Prompts,
    /// Who is asked.
    pub model: Arc<dyn LanguageModel>,
}

/// See the module's page.
pub(crate) struct ByModel {
    setup: Arc<ModelSetup>,
    /// Evaluated and not yet told to the model, oldest first.
    waiting: Vec<CandidateId>,
    /// Analyses since the last synthesis.
    since_synthesis: u32,
}

impl ByModel {
    pub fn new(setup: ModelSetup) -> Self {
        Self { setup: Arc::new(setup), waiting: Vec::new(), since_synthesis: 0 }
    }

    pub fn observe(&mut self, envelope: &Envelope) {
        match &envelope.event {
            Event::Evaluated(event)
                if event.purpose == EvalPurpose::Search
                    && event.status != EvalStatus::HostFault
                    && event.candidate != CandidateId::START =>
            {
                self.waiting.push(event.candidate);
                if self.waiting.len() > MOST_WAITING {
                    self.waiting.remove(0);
                }
            }
            Event::AnalysisStarted(event) => match event.purpose {
                AnalysisPurpose::Learn => {
                    self.waiting.clear();
                    self.since_synthesis += 1;
                }
                AnalysisPurpose::Synthesis => self.since_synthesis = 0,
            },
            _ => {}
        }
    }

    /// One analysis at a time, after every so many evaluations.
    pub fn inquire(&self, facts: &Facts) -> Option<Inquiry> {
        if !facts.analysing.is_empty() {
            return None;
        }
        let section = &self.setup.task.analyzer;
        let failures = facts.counts.analyses_failed_in_a_row;
        let patience = 1_usize << failures.saturating_sub(PATIENCE).min(6);
        if self.waiting.len() < (section.every as usize).saturating_mul(patience) {
            return None;
        }
        let insights =
            facts.insights.values().filter(|insight| insight.kind != InsightKind::Tactic).count();
        let synthesis = self.since_synthesis >= section.synthesis && insights >= WORTH_SYNTHESIS;
        let (purpose, candidates) = if synthesis {
            (AnalysisPurpose::Synthesis, best(facts))
        } else {
            (AnalysisPurpose::Learn, telling(facts, &self.waiting))
        };
        if candidates.is_empty() {
            return None;
        }
        Some(Inquiry { purpose, candidates, reserved: self.setup.model.reservation() })
    }

    pub fn analyze(&self, request: AnalysisRequest) -> BoxFuture<Result<Vec<Finding>, String>> {
        let setup = Arc::clone(&self.setup);
        Box::pin(async move { ask(&setup, request).await })
    }
}

async fn ask(setup: &ModelSetup, request: AnalysisRequest) -> Result<Vec<Finding>, String> {
    let known: Vec<CandidateId> =
        request.candidates.iter().chain(&request.parents).map(|facts| facts.id).collect();
    let tactics = request.purpose == AnalysisPurpose::Synthesis;
    let (system, user) = prompt(setup, &request)?;
    let question = Question { system, user, seed: request.seed };
    let answer = setup.model.ask(question, request.meter).await?;
    findings(&answer, &known, tactics)
}

/// The two messages, with as much of each experiment as there is room for.
fn prompt(setup: &ModelSetup, request: &AnalysisRequest) -> Result<(String, String), String> {
    let room = setup.model.room();
    let mut needed = 0;
    for detail in describe::DETAILS {
        let describer = Describer { request, task: &setup.task, detail };
        let analysis = Analysis {
            task: setup.task.task.name.clone(),
            description: setup.description.clone(),
            objectives: setup.task.objective.iter().map(Into::into).collect(),
            synthesis: request.purpose == AnalysisPurpose::Synthesis,
            most: MOST_FINDINGS,
            insights: request.insights.iter().map(Into::into).collect(),
            best: describer.best(),
            experiments: describer.experiments(),
        };
        let messages = setup.prompts.analysis(&analysis).map_err(|error| error.to_string())?;
        needed = setup.model.count(&messages.0) + setup.model.count(&messages.1);
        if needed <= room {
            return Ok(messages);
        }
    }
    Err(format!(
        "even the shortest account of the experiments needs about {needed} tokens, more than the \
         {room} that fit; raise `prompts.max_tokens` in task.toml"
    ))
}

/// Of many the most telling: what gained, then what failed, then the newest; oldest first.
fn telling(facts: &Facts, waiting: &[CandidateId]) -> Vec<CandidateId> {
    let mut ranked: Vec<(u8, std::cmp::Reverse<CandidateId>)> = waiting
        .iter()
        .filter_map(|id| facts.candidate(*id))
        .map(|candidate| {
            let rank = match candidate.score() {
                Some(_) if facts.gained(candidate) => 0,
                None => 1,
                Some(_) => 2,
            };
            (rank, std::cmp::Reverse(candidate.id))
        })
        .collect();
    ranked.sort_unstable();
    let mut chosen: Vec<_> =
        ranked.into_iter().take(MOST_EXPERIMENTS).map(|(_, id)| id.0).collect();
    chosen.sort_unstable();
    chosen
}

/// The newest promoted ones.
fn best(facts: &Facts) -> Vec<CandidateId> {
    let newest = facts.promotions.iter().rev().map(|(_, id)| *id);
    let mut chosen: Vec<_> = newest.take(SYNTHESIS_EXPERIMENTS).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}
