//! A person's own program becomes a candidate of a live run.
//!
//! It is checked by the proposer, as an answer of a model is, beside the loop; then the
//! dispatcher records its selection and its proposal in one batch. Both come from outside, so
//! no decision is made for them, and a replay takes them from the record.

use std::sync::Arc;

use evolve_core::event::{BudgetKey, Event, Operator, Proposed, Reservation, Selected, Selection};
use evolve_core::facts::{CandidateState, Phase};
use evolve_core::ids::CandidateId;
use evolve_core::ports::GivenProgram;
use evolve_core::{Facts, Program};
use serde::{Deserialize, Serialize};

use crate::control::Reply;
use crate::decide::spent_on_candidates;
use crate::dispatcher::Dispatcher;
use crate::message::Answer;

/// A program for a live run, with what a person says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inject {
    /// The files.
    pub program: Program,
    /// What it does, in one line.
    pub note: String,
    /// The candidate that it changes; none if it was written from nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CandidateId>,
    /// The island it is for; default: the parent's, else 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub island: Option<u32>,
}

/// A program that is being checked, or was.
pub(crate) struct Given {
    parent: Option<CandidateId>,
    island: u32,
    place: Option<Answer>,
}

impl Dispatcher {
    /// Has a program checked, if the run can take one at all. The answer is given when it is a
    /// candidate, durably, or when it is known why not.
    pub(crate) fn examine(&mut self, inject: Inject, place: Option<Answer>) {
        let facts = self.machine.facts();
        let island = match place_for(facts, &inject) {
            Ok(island) => island,
            Err(why) => return self.refuse(place, why),
        };
        let parent = inject.parent.and_then(|id| facts.candidate(id));
        let given = GivenProgram {
            base: parent.and_then(|parent| parent.program).or(facts.run.program),
            program: inject.program,
            note: inject.note,
            blobs: Arc::clone(&self.blobs),
        };
        let work = self.machine.proposer.admit(given);
        self.executor.start_admission(work, Given { parent: inject.parent, island, place });
    }

    /// Records a program that passed its checks.
    pub(crate) fn inject(&mut self, given: Given, checked: Result<Proposed, String>) {
        let Given { parent, island, place } = given;
        let facts = self.machine.facts();
        let proposed = match checked.and_then(|new| admitted(facts, new)) {
            Ok(proposed) => proposed,
            Err(why) => return self.refuse(place, why),
        };
        let candidate = facts.next_candidate();
        let selection = Selection {
            operator: Operator::Inject,
            island,
            parents: parent.into_iter().collect(),
            inspirations: Vec::new(),
            models: Vec::new(),
            tactic: None,
        };
        let reserved = Reservation::default();
        self.machine.record(Event::Selected(Selected { candidate, selection, reserved }));
        self.decide();
        self.machine.record(Event::Proposed(Proposed { candidate, ..proposed }));
        let waits = match self.machine.facts().phase {
            Phase::Running => "it waits for its evaluation",
            _ => "it is evaluated when the run goes on",
        };
        self.answer(place, Reply::ok(format!("{candidate} is injected; {waits}")));
    }

    fn refuse(&mut self, place: Option<Answer>, why: String) {
        self.answer(place, Reply::no(why));
    }

    pub(crate) fn answer(&mut self, place: Option<Answer>, reply: Reply) {
        if let Some(place) = place {
            self.replies.push((place, reply));
        }
    }
}

impl Given {
    /// The place for the answer, where the run has stopped meanwhile.
    pub(crate) fn into_place(self) -> Option<Answer> {
        self.place
    }
}

/// The island of a program that the run can take; else why it cannot.
fn place_for(facts: &Facts, inject: &Inject) -> Result<u32, String> {
    can_take(facts)?;
    let parent = match inject.parent {
        None => None,
        Some(id) => {
            let known = facts.candidate(id).filter(|c| c.program.is_some());
            let sound = known.filter(|c| c.state != CandidateState::Rejected);
            Some(sound.ok_or_else(|| format!("there is no program {id} to be its parent"))?)
        }
    };
    let Some(island) = inject.island else {
        return Ok(parent.map_or(0, |parent| parent.selection.island));
    };
    let begun = facts.candidates.iter().any(|c| c.selection.island == island);
    if begun || island < facts.run.task.search.islands {
        return Ok(island);
    }
    Err(format!("the run has no island {island}"))
}

/// Whether the run takes programs now; else why not.
fn can_take(facts: &Facts) -> Result<(), String> {
    match facts.phase {
        Phase::Stopped { .. } => Err("the run has stopped; `evolve resume` goes on with it".into()),
        Phase::Paused { cause: evolve_core::event::PauseCause::Draining } => {
            Err("the run is stopping and takes no program any more; `evolve resume` it afterwards"
                .into())
        }
        Phase::Running | Phase::Paused { .. } => Ok(()),
    }
}

/// What was checked, if the run can still take it and does not have it already.
fn admitted(facts: &Facts, new: Proposed) -> Result<Proposed, String> {
    can_take(facts)?;
    if let Some(clash) = facts.known_program(new.program) {
        return Err(format!("it is a duplicate of {clash}"));
    }
    if let Some(clash) = new.normal.and_then(|normal| facts.known_program(normal)) {
        return Err(format!(
            "it is a duplicate of {clash}: only layout, comments or local names differ"
        ));
    }
    if spent_on_candidates(facts) {
        let key = BudgetKey::Candidates.word();
        let cap = facts.budget.candidates.unwrap_or_default();
        return Err(format!(
            "the budget of {cap} candidates is used up, those under way included; \
             `evolve budget {} {key}=…` raises it",
            facts.run.run
        ));
    }
    Ok(new)
}
