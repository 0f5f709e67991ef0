//! Failed candidates that a model could mend.

use std::collections::VecDeque;

use evolve_core::event::Operator;
use evolve_core::outcome::EvalStatus;
use evolve_core::{CandidateId, Facts};

/// How many are remembered; older ones are overtaken by events.
const KEPT: usize = 16;
/// How often in a row a program is mended before it is given up.
const DEPTH: usize = 3;

/// Failed candidates, newest last, each offered for one repair.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Repairs {
    failed: VecDeque<CandidateId>,
}

impl Repairs {
    /// Takes note of an evaluation without a score. Without a log or a word on the cause there
    /// is nothing to go by, and a judge's failure is not the program's.
    pub fn failed(&mut self, facts: &Facts, id: CandidateId) {
        let Some(candidate) = facts.candidate(id) else { return };
        let Some(evaluation) = &candidate.evaluation else { return };
        let silent = evaluation.log.is_none()
            && evaluation.detail.is_empty()
            && evaluation.feedback.is_empty();
        let foreign = matches!(
            evaluation.status,
            EvalStatus::Ok | EvalStatus::JudgeFailed | EvalStatus::HostFault
        );
        if silent || foreign || repaired_in_vain(facts, id) {
            return;
        }
        self.failed.push_back(id);
        if self.failed.len() > KEPT {
            self.failed.pop_front();
        }
    }

    /// A repair of this candidate has begun.
    pub fn begun(&mut self, id: CandidateId) {
        self.failed.retain(|other| *other != id);
    }

    pub fn newest(&self) -> Option<CandidateId> {
        self.failed.back().copied()
    }
}

fn repaired_in_vain(facts: &Facts, id: CandidateId) -> bool {
    let mut next = facts.candidate(id);
    for _ in 0..DEPTH {
        match next {
            Some(candidate) if candidate.selection.operator == Operator::Fix => {
                next = candidate.parents().first().and_then(|parent| facts.candidate(*parent));
            }
            _ => return false,
        }
    }
    true
}
