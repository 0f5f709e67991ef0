//! The decisions: a pure function of the facts and of what strategy and proposer learned.

use evolve_core::event::{
    AnalysisStarted, Analyzed, BudgetKey, EvalStarted, Event, Operator, PauseCause, Rejected,
    Reservation, Selected, Selection, StopReason, Stopped,
};
use evolve_core::facts::{CandidateState, Phase};
use evolve_core::ids::CandidateId;
use evolve_core::outcome::{EvalPurpose, EvalStatus, RejectReason};
use evolve_core::ports::{Inquiry, Learned};
use evolve_core::{Facts, Usd, rng};

use crate::machine::Machine;
use crate::verdict::{Step, next_step, remeasure};

/// Host faults in a row after which the run stops and says what to mend.
const FAULTS_BEFORE_STOP: u64 = 3;
/// Proposals without any model's answer, in a row, after which the run stops. Each has
/// already waited through its own retries.
const MODEL_FAILURES_BEFORE_STOP: u64 = 20;
/// Calls that endpoints reject, and proposals that fail, in a row, after which the run stops:
/// waiting does not mend a wrong key or a wrong model name.
const REFUSALS_BEFORE_STOP: u64 = 3;
/// Rejected proposals in a row after which the proposer counts as exhausted.
const REJECTIONS_BEFORE_STOP: u64 = 500;

/// Why no proposal starts now.
enum NoProposal {
    /// All slots are taken, or enough candidates wait.
    Later,
    /// A budget forbids it.
    Budget(BudgetKey),
}

impl Machine {
    /// The next event that follows from the facts, if any does. Recording it changes the
    /// facts; calling this again then gives the next one.
    pub(crate) fn decide(&mut self) -> Option<Event> {
        if let Some(Learned { insights, retired }) = self.take_learned() {
            return Some(Event::Analyzed(Analyzed { insights, retired, ..Analyzed::default() }));
        }
        let facts = &self.facts;
        if let Some(orphan) = facts.orphans.first() {
            return Some(interrupted(facts, *orphan));
        }
        match &facts.phase {
            Phase::Stopped { .. } | Phase::Paused { cause: PauseCause::Asked } => None,
            Phase::Paused { cause: PauseCause::Draining } => {
                let idle = facts.proposing.is_empty()
                    && facts.evaluating.is_empty()
                    && facts.analysing.is_empty();
                idle.then_some(stopped(StopReason::Interrupted))
            }
            Phase::Running => self.decide_running(),
        }
    }

    fn decide_running(&self) -> Option<Event> {
        let facts = &self.facts;
        if let Some(reason) = must_stop(facts) {
            return Some(stopped(reason));
        }
        let mut waiting = false;
        for id in &facts.contenders {
            match next_step(facts, *id) {
                Step::Settle(event) => return Some(event),
                Step::Wait => waiting = true,
                Step::Evaluate(purpose, repeats) => {
                    if has_evaluation_slot(facts) {
                        return Some(eval_started(facts, *id, purpose, repeats));
                    }
                    waiting = true;
                }
            }
        }
        if has_evaluation_slot(facts)
            && let Some((best, repeats)) = remeasure(facts)
        {
            return Some(eval_started(facts, best, EvalPurpose::Confirm, repeats));
        }
        if has_evaluation_slot(facts)
            && let Some(id) = facts.ready.front()
            // What a person injects early waits, too: gains are counted from the start.
            && (*id == CandidateId::START || start_is_known(facts))
        {
            let min = facts.run.task.evaluator.stage.last().map_or(1, |stage| stage.repeats.min);
            return Some(eval_started(facts, *id, EvalPurpose::Search, (0, min)));
        }
        if let Some(event) = self.analyze() {
            return Some(event);
        }
        match self.propose() {
            Ok(event) => Some(event),
            Err(NoProposal::Later) => None,
            Err(NoProposal::Budget(budget)) => {
                let idle = !waiting
                    && facts.proposing.is_empty()
                    && facts.ready.is_empty()
                    && facts.evaluating.is_empty()
                    && facts.analysing.is_empty();
                idle.then_some(stopped(StopReason::Budget { budget }))
            }
        }
    }

    /// An analysis by a model, if there is something to ask and money for it.
    fn analyze(&self) -> Option<Event> {
        let Inquiry { purpose, candidates, reserved } = self.inquiry()?;
        money_budgets(&self.facts, reserved).ok()?;
        let analysis = self.facts.counts.analyses + 1;
        Some(Event::AnalysisStarted(AnalysisStarted { analysis, purpose, candidates, reserved }))
    }

    fn propose(&self) -> Result<Event, NoProposal> {
        let facts = &self.facts;
        if !start_is_known(facts) {
            return Err(NoProposal::Later);
        }
        count_budgets(facts)?;
        if facts.proposing.len() >= facts.slots.proposals as usize
            || facts.ready.len() >= facts.slots.evaluations as usize
        {
            return Err(NoProposal::Later);
        }
        if self.strategy.waits() {
            return Err(NoProposal::Later);
        }
        let (selection, reserved) = if let Some(selection) = given(facts) {
            (selection, Reservation::default())
        } else {
            let selection = self.select();
            let reserved = self.proposer.reservation(&selection);
            (selection, reserved)
        };
        money_budgets(facts, reserved)?;
        Ok(Event::Selected(Selected { candidate: facts.next_candidate(), selection, reserved }))
    }

    fn select(&self) -> Selection {
        let mut rng = rng::derive(self.facts.run.seed, self.facts.next_seq, "select");
        self.strategy.select(&self.facts, &mut rng)
    }
}

/// The selection of a program that the task gives beside its start; nobody has to be asked for
/// it. The islands get them in turn.
fn given(facts: &Facts) -> Option<Selection> {
    let population = facts.run.population as usize;
    let own = facts.candidates.iter().skip(1).filter(|c| c.selection.operator.is_chosen());
    let place = own.take(population).count();
    if place >= population {
        return None;
    }
    let islands = u64::from(facts.run.task.search.islands.max(1));
    Some(Selection {
        operator: Operator::Draft,
        island: (place as u64 % islands) as u32,
        parents: Vec::new(),
        inspirations: Vec::new(),
        models: Vec::new(),
        tactic: None,
    })
}

fn stopped(reason: StopReason) -> Event {
    Event::Stopped(Stopped { reason })
}

/// The rejection of a proposal whose worker is gone. What was reserved and not settled
/// counts as spent: the provider may have answered after all.
fn interrupted(facts: &Facts, candidate: CandidateId) -> Event {
    Event::Rejected(Rejected {
        candidate,
        reason: RejectReason::Interrupted,
        detail: "the run was stopped while the proposal was under way".into(),
        clash: None,
        prompt: None,
        forfeited: facts.proposing.get(&candidate).copied().unwrap_or_default(),
    })
}

fn has_evaluation_slot(facts: &Facts) -> bool {
    facts.evaluating.len() < facts.slots.evaluations as usize
}

fn eval_started(
    facts: &Facts,
    candidate: CandidateId,
    purpose: EvalPurpose,
    repeats: (u32, u32),
) -> Event {
    let attempt = facts.candidate(candidate).map_or(0, |c| c.attempts) + 1;
    Event::EvalStarted(EvalStarted { candidate, attempt, purpose, repeats })
}

/// Reasons that end a run whatever is still under way.
fn must_stop(facts: &Facts) -> Option<StopReason> {
    if let Some(detail) = bad_start(facts) {
        return Some(StopReason::BadStart { detail });
    }
    let best = facts.best().and_then(|best| best.score());
    if best.is_some_and(|score| facts.objective().reaches_target(score)) {
        return Some(StopReason::Target);
    }
    let counts = &facts.counts;
    if counts.faults_in_a_row >= FAULTS_BEFORE_STOP {
        let detail = facts.last_fault.clone();
        return Some(StopReason::Fault { detail });
    }
    if counts.calls_rejected_in_a_row >= REFUSALS_BEFORE_STOP
        && counts.model_failures_in_a_row >= REFUSALS_BEFORE_STOP
    {
        let detail = format!("every model's endpoint rejects the calls: {}", facts.last_fault);
        return Some(StopReason::Fault { detail });
    }
    if counts.model_failures_in_a_row >= MODEL_FAILURES_BEFORE_STOP {
        let detail = format!(
            "{} proposals in a row failed, whatever they were; the last: {}",
            counts.model_failures_in_a_row, facts.last_fault
        );
        return Some(StopReason::Fault { detail });
    }
    if counts.rejected_in_a_row >= REJECTIONS_BEFORE_STOP {
        let detail = format!("{} proposals in a row were rejected", counts.rejected_in_a_row);
        return Some(StopReason::Exhausted { detail });
    }
    None
}

/// What is wrong with the start program, if anything is.
fn bad_start(facts: &Facts) -> Option<String> {
    let start = facts.candidate(CandidateId::START)?;
    if let Some(why) = &start.quarantined {
        return Some(why.clone());
    }
    let evaluation = start.evaluation.as_ref()?;
    (evaluation.status != EvalStatus::Ok)
        .then(|| format!("{} {}", evaluation.status.word(), evaluation.detail))
}

/// Whether there is no start program, or its search evaluation has ended.
fn start_is_known(facts: &Facts) -> bool {
    facts.candidate(CandidateId::START).is_none_or(|start| start.state == CandidateState::Evaluated)
}

/// Whether no candidate more fits the budget, those under way counted.
pub(crate) fn spent_on_candidates(facts: &Facts) -> bool {
    let Some(cap) = facts.budget.candidates else { return false };
    let searching = facts.evaluating.iter().filter(|(id, running)| {
        running.purpose == EvalPurpose::Search && **id != CandidateId::START
    });
    let ready = facts.ready.iter().filter(|id| **id != CandidateId::START);
    let committed = facts.proposing.len() + ready.count() + searching.count();
    facts.counts.evaluated + committed as u64 >= cap
}

fn count_budgets(facts: &Facts) -> Result<(), NoProposal> {
    if spent_on_candidates(facts) {
        return Err(NoProposal::Budget(BudgetKey::Candidates));
    }
    match facts.budget.stagnation {
        Some(cap) if facts.counts.since_gain >= cap => {
            Err(NoProposal::Budget(BudgetKey::Stagnation))
        }
        _ => Ok(()),
    }
}

fn money_budgets(facts: &Facts, reserved: Reservation) -> Result<(), NoProposal> {
    let outstanding = facts.reserved();
    if let Some(cap) = facts.budget.usd
        && !reserved.is_zero()
        && facts.spend.usd + outstanding.usd + reserved.usd > Usd::from_dollars(cap)
    {
        return Err(NoProposal::Budget(BudgetKey::Usd));
    }
    if let Some(cap) = facts.budget.tokens {
        let sum = facts.spend.tokens.saturating_add(outstanding.tokens);
        if !reserved.is_zero() && sum.saturating_add(reserved.tokens) > cap {
            return Err(NoProposal::Budget(BudgetKey::Tokens));
        }
    }
    Ok(())
}
