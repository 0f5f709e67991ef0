//! What becomes of a candidate that looks better than the best (invariant 8: a gain must
//! be real).

use evolve_core::Facts;
use evolve_core::event::{Event, Promoted, Verdict};
use evolve_core::facts::CandidateFacts;
use evolve_core::ids::CandidateId;
use evolve_core::outcome::{EvalPurpose, EvalStatus};
use evolve_search::{Comparison, compare};

/// The next step for a contender.
#[allow(clippy::large_enum_variant)] // made, matched and gone
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// An evaluation of it is under way.
    Wait,
    /// More evidence is needed.
    Evaluate(EvalPurpose, (u32, u32)),
    /// It is settled.
    Settle(Event),
}

/// Decides the next step, from facts alone.
pub(crate) fn next_step(facts: &Facts, id: CandidateId) -> Step {
    let Some(candidate) = facts.candidate(id) else {
        return Step::Settle(demoted(id, "it is unknown".into()));
    };
    if facts.evaluating.contains_key(&id) {
        return Step::Wait;
    }
    let Some(score) = candidate.score() else {
        return Step::Settle(demoted(id, "it has no score".into()));
    };
    let objective = facts.objective();
    if objective.is_too_good(score) {
        let bound = objective.plausible_max.unwrap_or(f64::NAN);
        let why = format!("{} = {score} lies beyond plausible_max = {bound}", objective.metric);
        return Step::Settle(Event::Quarantined(Verdict { candidate: id, why }));
    }
    let samples = samples(candidate);
    let wanted = repeats_wanted(facts);
    if (samples.len() as u32) < wanted {
        return Step::Evaluate(EvalPurpose::Confirm, (samples.len() as u32, wanted));
    }
    if let Some(lost) = lost_to_best(facts, candidate) {
        return Step::Settle(demoted(id, lost));
    }
    if facts.run.task.evaluator.holdout.is_some() {
        match &candidate.holdout {
            None => return Step::Evaluate(EvalPurpose::Holdout, (0, holdout_repeats(facts))),
            Some(held) if held.status != EvalStatus::Ok => {
                let why =
                    format!("it fails on held-out cases: {} {}", held.status.word(), held.detail);
                return Step::Settle(Event::Quarantined(Verdict { candidate: id, why }));
            }
            Some(_) => {}
        }
        if let Some(lost) = lost_on_holdout(facts, candidate) {
            return Step::Settle(demoted(id, lost));
        }
    }
    Step::Settle(Event::Promoted(Promoted {
        candidate: id,
        score,
        gain: facts.gain(score).unwrap_or(0.0),
        previous: facts.best,
    }))
}

fn demoted(candidate: CandidateId, why: String) -> Event {
    Event::Demoted(Verdict { candidate, why })
}

fn samples(candidate: &CandidateFacts) -> &[f64] {
    candidate.evaluation.as_ref().map_or(&[], |evaluation| &evaluation.samples)
}

fn held_samples(candidate: &CandidateFacts) -> &[f64] {
    candidate.holdout.as_ref().map_or(&[], |evaluation| &evaluation.samples)
}

/// Repeats of the last stage that a would-be winner needs.
fn repeats_wanted(facts: &Facts) -> u32 {
    facts.run.task.evaluator.stage.last().map_or(1, |stage| stage.repeats.max)
}

fn holdout_repeats(facts: &Facts) -> u32 {
    facts.run.task.evaluator.holdout.as_ref().map_or(1, |stage| stage.repeats.min)
}

/// Why it did not beat the best, if it did not.
fn lost_to_best(facts: &Facts, candidate: &CandidateFacts) -> Option<String> {
    let best = facts.best()?;
    let verdict = compare(facts.objective().goal, samples(candidate), samples(best));
    (verdict != Comparison::Better).then(|| {
        format!(
            "over {} repeats it is not better than {} beyond the noise",
            samples(candidate).len(),
            best.id
        )
    })
}

/// Why its gain does not carry over to the held-out cases, if it does not.
fn lost_on_holdout(facts: &Facts, candidate: &CandidateFacts) -> Option<String> {
    let best = facts.best()?;
    let verdict = compare(facts.objective().goal, held_samples(best), held_samples(candidate));
    (verdict == Comparison::Better)
        .then(|| format!("on held-out cases it is worse than {}", best.id))
}
