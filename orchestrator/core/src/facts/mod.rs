//! Facts: the state of a run, folded from its events alone.
//!
//! [`Facts::apply`] is the only way to change it. It never fails: an event that does not fit
//! (which only a damaged or foreign journal holds) is counted in [`Facts::misfits`], and
//! `evolve verify` reports it.

mod candidate;
mod canonical;
mod fold;
mod spend;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use candidate::{CandidateFacts, CandidateState, Evaluation, Rejection};
pub use spend::{ModelSpend, Spend, WallClock};

use crate::event::{Envelope, Operator, PauseCause, RunStarted, Slots, StopReason};
use crate::ids::{BlobHash, CandidateId, ModelName, Seq};
use crate::knowledge::Insight;
use crate::objective::Objective;
use crate::outcome::EvalPurpose;
use crate::task::Budget;

/// Whether a run is at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "kebab-case")]
pub enum Phase {
    /// New work starts.
    Running,
    /// Nothing new starts.
    Paused {
        /// Why.
        cause: PauseCause,
    },
    /// At rest.
    Stopped {
        /// Why.
        reason: StopReason,
    },
}

/// An evaluation under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Counts from 1.
    pub attempt: u32,
    /// Why it runs.
    pub purpose: EvalPurpose,
    /// First and one past the last repeat.
    pub repeats: (u32, u32),
}

/// How many candidates are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)] // a snapshot of an older version lacks the newer counts
pub struct Counts {
    /// Programs proposed, the start not counted.
    pub proposed: u64,
    /// Candidates whose search evaluation ended, failures included, the start not counted.
    pub evaluated: u64,
    /// Evaluated ones that have no score.
    pub failed: u64,
    /// Proposals that became no candidate.
    pub rejected: u64,
    /// Proposals rejected since the last one that was not.
    pub rejected_in_a_row: u64,
    /// Proposals that failed since the last one that did not because no model answered.
    pub model_failures_in_a_row: u64,
    /// Calls that an endpoint rejected (a wrong key, a wrong model name) since the last that
    /// was answered.
    pub calls_rejected_in_a_row: u64,
    /// Evaluated since the last promotion.
    pub since_gain: u64,
    /// Analyses by a model that were begun.
    pub analyses: u64,
    /// Those that failed since the last one that did not.
    pub analyses_failed_in_a_row: u64,
    /// Evaluated since the best was last measured.
    pub since_measured: u64,
    /// Host faults since the last evaluation that was none.
    pub faults_in_a_row: u64,
}

/// The state of a run. See the module's page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Facts {
    /// Event 0.
    pub run: Arc<RunStarted>,
    /// Time of event 0.
    pub started_at: Timestamp,
    /// The next event's position.
    pub next_seq: Seq,
    /// Time of the last event.
    pub last_at: Timestamp,
    /// Worker counts of the process that has the run.
    pub slots: Slots,
    /// The budget as it is now.
    pub budget: Budget,
    /// Whether the run is at work.
    pub phase: Phase,
    /// Every candidate, by number; rejected ones keep their place.
    pub candidates: Vec<Arc<CandidateFacts>>,
    /// Counts.
    pub counts: Counts,
    /// The best candidate.
    pub best: Option<CandidateId>,
    /// Former bests with the event that promoted them, oldest first, the present one last.
    pub promotions: Vec<(Seq, CandidateId)>,
    /// Proposals under way.
    pub proposing: BTreeMap<CandidateId, crate::event::Reservation>,
    /// Proposals whose worker is gone; each awaits its rejection.
    pub orphans: BTreeSet<CandidateId>,
    /// Proposed, not yet evaluated, oldest first.
    pub ready: VecDeque<CandidateId>,
    /// Evaluations under way.
    pub evaluating: BTreeMap<CandidateId, Running>,
    /// Candidates whose score is better than the best's and that await a verdict.
    pub contenders: Vec<CandidateId>,
    /// What was spent.
    pub spend: Spend,
    /// Time the run was up.
    pub wall: WallClock,
    /// Insights by key, newest version.
    pub insights: BTreeMap<String, Insight>,
    /// Analyses by a model under way, by number, with what is left of their reservation.
    #[serde(default)]
    pub analysing: BTreeMap<u64, crate::event::Reservation>,
    /// Models whose breaker is open, with the reason.
    pub open_breakers: BTreeMap<ModelName, String>,
    /// The last thing that failed and was not a candidate's fault.
    #[serde(default)]
    pub last_fault: String,
    /// Events that did not fit; empty in a sound journal. At most 16 are kept.
    pub misfits: Vec<String>,
    /// Program and normal hashes of all proposed candidates. Rebuilt, not stored.
    #[serde(skip)]
    known: HashMap<BlobHash, CandidateId>,
}

/// A journal that does not begin as one must.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal does not begin with run-started at position 0")]
pub struct NoRunStarted;

impl Facts {
    /// The facts after event 0.
    pub fn begin(first: &Envelope) -> Result<Self, NoRunStarted> {
        let crate::event::Event::RunStarted(run) = &first.event else {
            return Err(NoRunStarted);
        };
        if first.seq != Seq(0) {
            return Err(NoRunStarted);
        }
        let mut facts = Self {
            run: Arc::new(run.clone()),
            started_at: first.at,
            next_seq: Seq(1),
            last_at: first.at,
            slots: run.slots,
            budget: run.task.budget.clone(),
            phase: Phase::Running,
            candidates: Vec::new(),
            counts: Counts::default(),
            best: None,
            promotions: Vec::new(),
            proposing: BTreeMap::new(),
            orphans: BTreeSet::new(),
            ready: VecDeque::new(),
            evaluating: BTreeMap::new(),
            contenders: Vec::new(),
            spend: Spend::default(),
            wall: WallClock::started(first.at),
            insights: BTreeMap::new(),
            analysing: BTreeMap::new(),
            open_breakers: BTreeMap::new(),
            last_fault: String::new(),
            misfits: Vec::new(),
            known: HashMap::new(),
        };
        if let Some(program) = run.program {
            facts.candidates.push(Arc::new(CandidateFacts::start(program, first.at)));
            facts.known.insert(program, CandidateId::START);
            facts.ready.push_back(CandidateId::START);
        } else {
            // Number 0 stays empty, so that numbers and places agree.
            facts.candidates.push(Arc::new(CandidateFacts::seedless(first.at)));
        }
        Ok(facts)
    }

    /// Folds a whole journal.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Envelope>) -> Result<Self, NoRunStarted> {
        let mut events = events.into_iter();
        let mut facts = Self::begin(events.next().ok_or(NoRunStarted)?)?;
        for event in events {
            facts.apply(event);
        }
        Ok(facts)
    }

    /// Rebuilds what a snapshot leaves out; call after deserialising.
    pub fn reindex(&mut self) {
        self.known = self
            .candidates
            .iter()
            .filter(|candidate| !matches!(candidate.state, CandidateState::Rejected))
            .rev() // the earliest wins
            .flat_map(|c| c.program.into_iter().chain(c.normal).map(|hash| (hash, c.id)))
            .collect();
    }

    /// The candidate with this number, if the run has it.
    pub fn candidate(&self, id: CandidateId) -> Option<&Arc<CandidateFacts>> {
        let place = usize::try_from(id.0).ok()?;
        self.candidates.get(place).filter(|c| c.state != CandidateState::Absent)
    }

    /// The primary objective.
    pub fn objective(&self) -> &Objective {
        self.run.task.primary()
    }

    /// The best candidate's facts.
    pub fn best(&self) -> Option<&Arc<CandidateFacts>> {
        self.best.and_then(|id| self.candidate(id))
    }

    /// The start's score, once it is known.
    pub fn start_score(&self) -> Option<f64> {
        self.candidate(CandidateId::START).and_then(|start| start.score())
    }

    /// Score of a candidate minus the start's (for a seedless run: minus the first best's),
    /// turned so that more is better.
    pub fn gain(&self, score: f64) -> Option<f64> {
        let reference = self.start_score().or_else(|| {
            let (_, first) = self.promotions.first()?;
            self.candidate(*first)?.score()
        })?;
        Some(self.objective().gain(score, reference))
    }

    /// Whether a candidate is better than its first parent. A parent without a score is bettered
    /// by any score; what has no parent, a draft or a person's program, is compared with the start.
    pub fn gained(&self, candidate: &CandidateFacts) -> bool {
        let Some(score) = candidate.score() else { return false };
        let parent = candidate.parents().first().and_then(|parent| self.candidate(*parent));
        let reference = match parent {
            Some(parent) => parent.score(),
            None if matches!(candidate.selection.operator, Operator::Draft | Operator::Inject) => {
                self.start_score()
            }
            None => None,
        };
        reference.is_none_or(|reference| self.objective().goal.is_better(score, reference))
    }

    /// The candidate that has this program, or one equal to it after normalisation.
    pub fn known_program(&self, hash: BlobHash) -> Option<CandidateId> {
        self.known.get(&hash).copied()
    }

    /// The number the next proposal gets.
    pub fn next_candidate(&self) -> CandidateId {
        CandidateId(self.candidates.len() as u64)
    }

    /// Money and tokens reserved for proposals and analyses under way and not yet spent.
    pub fn reserved(&self) -> crate::event::Reservation {
        let mut sum = crate::event::Reservation::default();
        for reservation in self.proposing.values().chain(self.analysing.values()) {
            sum.usd += reservation.usd;
            sum.tokens = sum.tokens.saturating_add(reservation.tokens);
        }
        sum
    }

    /// The first repeat, of so many, that had no part in choosing a best: `repeats.max` of them
    /// had, so two more make a comparison without their luck; 0 where there are none.
    pub fn unchosen_from(&self, repeats: usize) -> usize {
        let chosen = self.run.task.evaluator.stage.last().map_or(1, |stage| stage.repeats.max);
        if repeats >= chosen as usize + 2 { chosen as usize } else { 0 }
    }

    /// Ancestors along first parents, nearest first, the candidate itself not included.
    pub fn lineage(&self, id: CandidateId) -> impl Iterator<Item = &Arc<CandidateFacts>> {
        let parent_of = |id: CandidateId| {
            let parent = self.candidate(id)?.parents().first().copied()?;
            // Parents are older; anything else is damage and would never end.
            (parent < id).then(|| self.candidate(parent)).flatten()
        };
        std::iter::successors(parent_of(id), move |candidate| parent_of(candidate.id))
    }
}
