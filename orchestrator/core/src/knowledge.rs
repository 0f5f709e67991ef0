//! Knowledge: prior items shown to proposers, insights learned from experiments, and what both
//! were worth to those who saw them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{Envelope, Event};
use crate::facts::{CandidateFacts, Facts};
use crate::ids::CandidateId;
use crate::outcome::{EvalPurpose, EvalStatus, RejectReason};

/// One piece of prior knowledge, as a prompt receives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CognitionItem {
    /// Its name, unique in the base.
    pub id: String,
    /// One line.
    pub title: String,
    /// The situation that calls for it; what retrieval matches.
    pub trigger: String,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What the prompt receives.
    pub body: String,
}

/// What kind of statement an insight makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InsightKind {
    /// Something that gains.
    Works,
    /// Something that loses.
    Fails,
    /// A recurring failure.
    Bug,
    /// A limit that was met.
    Limit,
    /// A direction to try when the search stalls, made of several of the others.
    Tactic,
}

impl InsightKind {
    /// The word for people and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Fails => "fails",
            Self::Bug => "bug",
            Self::Limit => "limit",
            Self::Tactic => "tactic",
        }
    }
}

/// What the analyzer learned from experiments of this run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Insight {
    /// Stable name within the run; a later insight with the same key replaces the earlier.
    pub key: String,
    /// What is the case.
    pub claim: String,
    /// Why, as far as it is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mechanism: String,
    /// When it holds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The candidates that show it.
    pub evidence: Vec<CandidateId>,
    /// The candidates that speak against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<CandidateId>,
    /// What to do with it.
    pub recommendation: String,
    /// Between 0 and 1.
    pub confidence: f64,
    /// What kind of statement it is.
    pub kind: InsightKind,
}

/// What a proposal is about to work on, as retrieval sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Situation {
    /// What is the case now: the parent's failures, remarks and analysis. Counts most.
    pub now: String,
    /// What the task is about.
    pub task: String,
}

/// What a piece of knowledge was worth to the proposals that saw it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// Proposals that saw it and whose outcome is known.
    pub shown: u32,
    /// Those among them that were better than their parent.
    pub gains: u32,
}

/// The credit of everything that was shown, by id or key, and of proposals that could have
/// seen it and did not. A fold over events: the same events give the same credit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Credits {
    by_name: BTreeMap<String, Credit>,
    /// All proposals by models and commands, whatever they saw.
    all: Credit,
}

impl Credits {
    /// The credits of a run whose facts are known.
    pub fn of(facts: &Facts) -> Self {
        let mut credits = Self::default();
        for candidate in &facts.candidates {
            if let Some(gained) = outcome(facts, candidate) {
                credits.count(&candidate.shown, gained);
            }
        }
        credits
    }

    /// Takes note of an event that was folded into the facts. Call it with every event.
    pub fn observe(&mut self, facts: &Facts, envelope: &Envelope) {
        let ended = match &envelope.event {
            Event::Evaluated(event) if event.purpose == EvalPurpose::Search => event.candidate,
            Event::Rejected(event) => event.candidate,
            _ => return,
        };
        if let Some(candidate) = facts.candidate(ended)
            && let Some(gained) = outcome(facts, candidate)
        {
            self.count(&candidate.shown, gained);
        }
    }

    /// Takes note of one proposal: what it was shown, and whether it gained.
    pub fn count(&mut self, shown: &[String], gained: bool) {
        let add = |credit: &mut Credit| {
            credit.shown += 1;
            credit.gains += u32::from(gained);
        };
        add(&mut self.all);
        for name in shown {
            add(self.by_name.entry(name.clone()).or_default());
        }
    }

    /// The credit of one piece; nothing known is zero of zero.
    pub fn credit(&self, name: &str) -> Credit {
        self.by_name.get(name).copied().unwrap_or_default()
    }

    /// The proposals that did not see it.
    pub fn without(&self, name: &str) -> Credit {
        let with = self.credit(name);
        Credit { shown: self.all.shown - with.shown, gains: self.all.gains - with.gains }
    }

    /// Everything that was shown, by id or key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Credit)> {
        self.by_name.iter().map(|(name, credit)| (name.as_str(), *credit))
    }

    /// All proposals that could have been shown something.
    pub fn all(&self) -> Credit {
        self.all
    }
}

/// Whether a proposal that was made by a prompt gained; none while that is unknown, and where it was
/// the host's doing.
fn outcome(facts: &Facts, candidate: &CandidateFacts) -> Option<bool> {
    // Those of `mutate`, and programs that the task gave, had none.
    candidate.prompt?;
    if let Some(rejection) = &candidate.rejected {
        let own = !matches!(
            rejection.reason,
            RejectReason::Interrupted | RejectReason::HostFault | RejectReason::ModelFailed
        );
        return own.then_some(false);
    }
    let evaluation = candidate.evaluation.as_ref()?;
    (evaluation.status != EvalStatus::HostFault).then(|| facts.gained(candidate))
}
