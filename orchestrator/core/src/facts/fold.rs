//! The fold: one event, one step.

use std::sync::Arc;

use super::{CandidateFacts, CandidateState, Evaluation, Facts, Phase, Rejection, Running};
use crate::event::{
    Analyzed, CallSettled, Envelope, EvalStarted, Evaluated, Event, Operator, Promoted, Proposed,
    Rejected, Reservation, Resumed, Selected, Verdict,
};
use crate::ids::{CandidateId, Seq};
use crate::outcome::{CallStatus, EvalPurpose, EvalStatus, RejectReason};

const MISFITS_KEPT: usize = 16;
/// Candidates that contend anew when the best was measured again.
const RIVALS: usize = 3;

impl Facts {
    /// Folds one event.
    pub fn apply(&mut self, envelope: &Envelope) {
        if envelope.seq != self.next_seq {
            self.misfit(envelope, "is out of order");
        }
        match &envelope.event {
            Event::RunStarted(_) => self.misfit(envelope, "comes a second time"),
            Event::Selected(event) => self.selected(envelope, event),
            Event::CallSettled(event) => self.call_settled(envelope, event),
            Event::KnowledgeShown(event) => {
                self.change(envelope, event.candidate, |c| c.shown.clone_from(&event.items));
            }
            Event::Proposed(event) => self.proposed(envelope, event),
            Event::Rejected(event) => self.rejected(envelope, event),
            Event::EvalStarted(event) => self.eval_started(envelope, event),
            Event::StageDone(_) => {}
            Event::Evaluated(event) => self.evaluated(envelope, event),
            Event::Quarantined(event) => self.quarantined(envelope, event),
            Event::Promoted(event) => self.promoted(envelope, event),
            Event::Demoted(event) => self.demoted(envelope, event),
            Event::AnalysisStarted(event) => {
                self.counts.analyses += 1;
                self.analysing.insert(event.analysis, event.reserved);
            }
            Event::Analyzed(event) => self.analyzed(envelope, event),
            Event::BudgetChanged(event) => self.budget = event.budget.clone(),
            Event::BreakerChanged(event) => {
                if event.open {
                    self.open_breakers.insert(event.model.clone(), event.why.clone());
                } else {
                    self.open_breakers.remove(&event.model);
                }
            }
            Event::Paused(event) => {
                self.phase = Phase::Paused { cause: event.cause };
                if event.cause == crate::event::PauseCause::Asked {
                    self.wall.halt(envelope.at);
                }
            }
            Event::Resumed(event) => self.resumed(envelope, event),
            Event::Stopped(event) => {
                self.phase = Phase::Stopped { reason: event.reason.clone() };
                self.orphans = self.proposing.keys().copied().collect();
                self.abandon_analyses();
                self.wall.halt(envelope.at);
            }
        }
        self.next_seq = Seq(envelope.seq.0 + 1);
        self.last_at = envelope.at;
    }

    fn misfit(&mut self, envelope: &Envelope, what: &str) {
        if self.misfits.len() < MISFITS_KEPT {
            self.misfits.push(format!("event {} {what}", envelope.seq));
        }
    }

    fn change(
        &mut self,
        envelope: &Envelope,
        id: CandidateId,
        edit: impl FnOnce(&mut CandidateFacts),
    ) {
        match self.candidates.get_mut(id.0 as usize) {
            Some(candidate) => edit(Arc::make_mut(candidate)),
            None => self.misfit(envelope, "names a candidate that does not exist"),
        }
    }

    fn selected(&mut self, envelope: &Envelope, event: &Selected) {
        if event.candidate != self.next_candidate() {
            self.misfit(envelope, "selects a number that is not the next");
            return;
        }
        let parents = event.selection.parents.iter();
        let generation = parents
            .filter_map(|id| self.candidate(*id))
            .map(|parent| parent.generation + 1)
            .max()
            .unwrap_or(0);
        let facts = CandidateFacts::selected(event, generation, envelope.seq, envelope.at);
        self.candidates.push(Arc::new(facts));
        self.proposing.insert(event.candidate, event.reserved);
    }

    fn call_settled(&mut self, envelope: &Envelope, event: &CallSettled) {
        self.spend.settle(event);
        match event.status {
            CallStatus::Ok => self.counts.calls_rejected_in_a_row = 0,
            CallStatus::Rejected => {
                self.counts.calls_rejected_in_a_row += 1;
                self.last_fault = format!("{}: {}", event.model, event.detail);
            }
            _ => {}
        }
        let left = match event.analysis {
            Some(analysis) => self.analysing.get_mut(&analysis),
            None => self.proposing.get_mut(&event.candidate),
        };
        if let Some(left) = left {
            left.usd = left.usd.minus(event.cost);
            left.tokens = left.tokens.saturating_sub(event.usage.total());
        }
        if event.analysis.is_some() {
            return; // it is not the candidate's
        }
        self.change(envelope, event.candidate, |c| {
            c.calls.push((event.request, event.response));
            c.tokens += event.usage;
            c.cost += event.cost;
        });
    }

    fn analyzed(&mut self, envelope: &Envelope, event: &Analyzed) {
        if let Some(analysis) = event.analysis {
            if self.analysing.remove(&analysis).is_none() {
                self.misfit(envelope, "ends an analysis that was not under way");
                return;
            }
            let failed = !event.detail.is_empty();
            let counts = &mut self.counts;
            counts.analyses_failed_in_a_row =
                if failed { counts.analyses_failed_in_a_row + 1 } else { 0 };
        }
        for key in &event.retired {
            self.insights.remove(key);
        }
        for insight in &event.insights {
            self.insights.insert(insight.key.clone(), insight.clone());
        }
    }

    /// Ends the analyses of a process that is gone or stops. What they had reserved counts as
    /// spent: the provider may have answered after all.
    fn abandon_analyses(&mut self) {
        for lost in std::mem::take(&mut self.analysing).into_values() {
            self.spend.forfeit(lost);
        }
    }

    fn proposed(&mut self, envelope: &Envelope, event: &Proposed) {
        if self.proposing.remove(&event.candidate).is_none() {
            self.misfit(envelope, "proposes what was not selected");
            return;
        }
        self.counts.proposed += 1;
        let of_a_person = self
            .candidate(event.candidate)
            .is_some_and(|c| c.selection.operator == Operator::Inject);
        // A person's program says nothing about how the proposer does.
        if !of_a_person {
            self.counts.rejected_in_a_row = 0;
            self.counts.model_failures_in_a_row = 0;
        }
        for hash in [Some(event.program), event.normal].into_iter().flatten() {
            self.known.entry(hash).or_insert(event.candidate);
        }
        self.ready.push_back(event.candidate);
        self.change(envelope, event.candidate, |c| {
            c.state = CandidateState::Ready;
            c.program = Some(event.program);
            c.normal = event.normal;
            c.shape = event.shape;
            c.change = event.change.clone();
            c.model.clone_from(&event.model);
            c.prompt = event.prompt;
        });
    }

    fn rejected(&mut self, envelope: &Envelope, event: &Rejected) {
        if self.proposing.remove(&event.candidate).is_none() {
            self.misfit(envelope, "rejects what was not selected");
            return;
        }
        self.orphans.remove(&event.candidate);
        self.counts.rejected += 1;
        self.counts.rejected_in_a_row += 1;
        match event.reason {
            RejectReason::ModelFailed | RejectReason::CommandFailed => {
                self.counts.model_failures_in_a_row += 1;
                self.last_fault.clone_from(&event.detail);
            }
            RejectReason::HostFault => {
                self.counts.faults_in_a_row += 1;
                self.last_fault.clone_from(&event.detail);
            }
            RejectReason::Interrupted => {}
            _ => self.counts.model_failures_in_a_row = 0,
        }
        let Reservation { usd, tokens } = event.forfeited;
        self.spend.forfeit(event.forfeited);
        self.change(envelope, event.candidate, |c| {
            c.state = CandidateState::Rejected;
            c.cost += usd;
            c.tokens.output = c.tokens.output.saturating_add(tokens);
            c.prompt = event.prompt;
            c.rejected = Some(Rejection {
                reason: event.reason,
                detail: event.detail.clone(),
                clash: event.clash,
            });
        });
    }

    fn eval_started(&mut self, envelope: &Envelope, event: &EvalStarted) {
        self.ready.retain(|id| *id != event.candidate);
        let running =
            Running { attempt: event.attempt, purpose: event.purpose, repeats: event.repeats };
        self.evaluating.insert(event.candidate, running);
        self.change(envelope, event.candidate, |c| {
            c.attempts = event.attempt;
            if event.purpose == EvalPurpose::Search {
                c.state = CandidateState::Evaluating;
            }
        });
    }

    fn evaluated(&mut self, envelope: &Envelope, event: &Evaluated) {
        let attempt = self.evaluating.get(&event.candidate).map(|running| running.attempt);
        if attempt != Some(event.attempt) {
            self.misfit(envelope, "ends an evaluation that was not under way");
            return;
        }
        self.evaluating.remove(&event.candidate);
        let (seq, at) = (envelope.seq, envelope.at);
        if event.status == EvalStatus::HostFault {
            // Not the candidate's fault: it goes back to the queue as if never tried.
            self.counts.faults_in_a_row += 1;
            self.last_fault.clone_from(&event.detail);
            if event.purpose == EvalPurpose::Search {
                self.ready.push_front(event.candidate);
                self.change(envelope, event.candidate, |c| c.state = CandidateState::Ready);
            }
            return;
        }
        self.counts.faults_in_a_row = 0;
        match event.purpose {
            EvalPurpose::Search => {
                self.change(envelope, event.candidate, |c| {
                    c.state = CandidateState::Evaluated;
                    c.evaluation = Some(Evaluation::from_event(event, seq, at));
                });
                if event.candidate != CandidateId::START {
                    self.counts.evaluated += 1;
                    self.counts.failed += u64::from(event.status != EvalStatus::Ok);
                    self.counts.since_gain += 1;
                    self.counts.since_measured += 1;
                }
                self.contend(event.candidate);
            }
            EvalPurpose::Confirm => {
                self.change(envelope, event.candidate, |c| {
                    if let Some(evaluation) = &mut c.evaluation {
                        evaluation.extend(event, seq, at);
                    }
                });
                // It may have fallen behind the best, or failed.
                if self.best == Some(event.candidate) {
                    self.best_was_measured(event);
                } else if !self.is_above_best(event.candidate) {
                    self.contenders.retain(|id| *id != event.candidate);
                } else if !self.contenders.contains(&event.candidate) {
                    // A promotion had passed it over while it was measured.
                    self.contenders.push(event.candidate);
                }
            }
            EvalPurpose::Holdout => self.change(envelope, event.candidate, |c| {
                c.holdout = Some(Evaluation::from_event(event, seq, at));
            }),
        }
    }

    /// Lists a candidate whose score is better than the best's.
    fn contend(&mut self, id: CandidateId) {
        if self.is_above_best(id) {
            self.contenders.push(id);
        }
    }

    fn is_above_best(&self, id: CandidateId) -> bool {
        let Some(candidate) = self.candidate(id) else { return false };
        let Some(best) = self.best() else { return candidate.score().is_some() };
        let repeats = |c: &CandidateFacts| c.evaluation.as_ref().map_or(0, |e| e.samples.len());
        let from = self.unchosen_from(repeats(candidate).min(repeats(best)));
        candidate.is_above(best, self.objective().goal, from)
    }

    /// The best was measured on repeats that nobody was chosen by, or failed there. Former
    /// bests that it may have overtaken by luck contend again; where there are none, the highest
    /// scores do.
    fn best_was_measured(&mut self, event: &Evaluated) {
        self.counts.since_measured = 0;
        let goal = self.objective().goal;
        let fresh = event.samples.iter().sum::<f64>() / event.samples.len() as f64;
        let failed = self.best().is_none_or(|best| best.score().is_none());
        let mut others: Vec<(f64, CandidateId)> = Vec::new();
        if failed {
            others.extend(self.candidates.iter().filter_map(|c| Some((c.score()?, c.id))));
        }
        others.sort_by(|(a, _), (b, _)| goal.turned(*b).total_cmp(&goal.turned(*a)));
        let former = self.promotions.iter().rev().map(|(_, id)| *id);
        let mut rivals: Vec<CandidateId> = Vec::with_capacity(RIVALS);
        for id in former.chain(others.into_iter().map(|(_, id)| id)) {
            let score = self.candidate(id).and_then(|c| c.score());
            let above = score.is_some_and(|score| failed || goal.is_better(score, fresh));
            let known = self.best == Some(id) || self.contenders.contains(&id);
            if above && !known && !rivals.contains(&id) && rivals.len() < RIVALS {
                rivals.push(id);
            }
        }
        self.contenders.extend(rivals);
    }

    fn quarantined(&mut self, envelope: &Envelope, event: &Verdict) {
        self.contenders.retain(|id| *id != event.candidate);
        self.change(envelope, event.candidate, |c| c.quarantined = Some(event.why.clone()));
    }

    fn promoted(&mut self, envelope: &Envelope, event: &Promoted) {
        if self.candidate(event.candidate).is_none() {
            self.misfit(envelope, "promotes a candidate that does not exist");
            return;
        }
        self.best = Some(event.candidate);
        self.promotions.push((envelope.seq, event.candidate));
        self.counts.since_gain = 0;
        self.counts.since_measured = 0;
        let contenders = std::mem::take(&mut self.contenders);
        self.contenders = contenders
            .into_iter()
            .filter(|id| *id != event.candidate)
            .filter(|id| self.is_above_best(*id))
            .collect();
    }

    fn demoted(&mut self, envelope: &Envelope, event: &Verdict) {
        self.contenders.retain(|id| *id != event.candidate);
        self.change(envelope, event.candidate, |c| c.demoted = Some(event.why.clone()));
    }

    fn resumed(&mut self, envelope: &Envelope, event: &Resumed) {
        if let Some(slots) = event.process {
            self.slots = slots;
            self.wall.go_on(self.last_at, envelope.at);
            self.counts.rejected_in_a_row = 0;
            self.counts.model_failures_in_a_row = 0;
            self.counts.calls_rejected_in_a_row = 0;
            self.counts.faults_in_a_row = 0;
            self.orphans = self.proposing.keys().copied().collect();
            self.abandon_analyses();
            self.open_breakers.clear();
            // Evaluations of the process that is gone start anew, before waiting ones.
            let interrupted: Vec<_> = std::mem::take(&mut self.evaluating).into_iter().collect();
            for (id, running) in interrupted.into_iter().rev() {
                if running.purpose == EvalPurpose::Search {
                    self.ready.push_front(id);
                    self.change(envelope, id, |c| c.state = CandidateState::Ready);
                }
            }
        } else {
            self.wall.go_on(envelope.at, envelope.at);
        }
        self.phase = Phase::Running;
    }
}
