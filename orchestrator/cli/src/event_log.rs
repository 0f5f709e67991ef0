//! The steps of a run as log lines.

use evolve_core::event::{CallSettled, Envelope, Evaluated, Event, Operator, PauseCause};
use evolve_core::outcome::{CallStatus, EvalPurpose, EvalStatus};
use evolve_core::{CandidateId, Facts};
use evolve_engine::Observer;
use evolve_report::model::stop_of;
use tracing::{debug, info, warn};

/// Writes a line for each step that matters.
pub struct EventLog;

impl Observer for EventLog {
    fn update(&mut self, facts: &Facts, events: &[Envelope]) {
        for envelope in events {
            log(facts, envelope);
        }
    }
}

fn log(facts: &Facts, envelope: &Envelope) {
    let seq = envelope.seq.0;
    match &envelope.event {
        Event::RunStarted(event) => {
            let task = &event.task.task.name;
            info!(seq, task, seed = event.seed, proposer = event.proposer, "run started");
        }
        Event::Selected(event) => {
            let (candidate, operator) = (event.candidate, event.selection.operator);
            if operator == Operator::Inject {
                info!(seq, %candidate, "a person's program was injected");
            } else {
                debug!(seq, %candidate, operator = operator.word(), "candidate selected");
            }
        }
        Event::CallSettled(event) => call(seq, event),
        Event::Rejected(event) => {
            let reason = event.reason.word();
            debug!(seq, candidate = %event.candidate, reason, "proposal rejected: {}", event.detail);
        }
        Event::Evaluated(event) => evaluated(facts, seq, event),
        Event::Promoted(event) if event.candidate == CandidateId::START => {
            info!(seq, candidate = %event.candidate, score = event.score, "the start was measured");
        }
        Event::Promoted(event) => {
            let (score, gain) = (event.score, event.gain);
            info!(seq, candidate = %event.candidate, score, gain, "new best");
        }
        Event::Demoted(event) => {
            debug!(seq, candidate = %event.candidate, "it did not become the best: {}", event.why);
        }
        Event::Quarantined(event) => {
            warn!(seq, candidate = %event.candidate, "quarantined: {}", event.why);
        }
        Event::BudgetChanged(event) => info!(seq, change = event.change, "budget changed"),
        Event::BreakerChanged(event) if event.open => {
            warn!(seq, model = %event.model, "breaker opened: {}", event.why);
        }
        Event::BreakerChanged(event) => info!(seq, model = %event.model, "breaker closed"),
        Event::Paused(event) if event.cause == PauseCause::Asked => info!(seq, "run paused"),
        Event::Paused(_) => info!(seq, "run is stopping when what is under way has ended"),
        Event::Resumed(event) if event.process.is_some() => {
            info!(seq, note = event.note, "run resumed");
        }
        Event::Resumed(_) => info!(seq, "run unpaused"),
        Event::Stopped(_) => stopped(facts, seq),
        _ => {}
    }
}

fn call(seq: u64, event: &CallSettled) {
    let (candidate, model, status) = (event.candidate, &event.model, event.status.word());
    if event.status == CallStatus::Ok {
        let latency_ms = event.latency_ms;
        debug!(seq, %candidate, %model, latency_ms, usd = event.cost.dollars(), "model call ended");
    } else {
        warn!(seq, %candidate, %model, status, "model call failed: {}", event.detail);
    }
}

fn evaluated(facts: &Facts, seq: u64, event: &Evaluated) {
    let (candidate, status) = (event.candidate, event.status.word());
    if event.status == EvalStatus::HostFault {
        warn!(seq, %candidate, "evaluation failed by the host's fault: {}", event.detail);
    } else if event.purpose == EvalPurpose::Search {
        let score = facts.candidate(candidate).and_then(|c| c.score());
        let wall_s = event.usage.wall_s;
        debug!(seq, %candidate, status, score, wall_s, "candidate evaluated");
    } else {
        let purpose = if event.purpose == EvalPurpose::Confirm { "confirm" } else { "holdout" };
        debug!(seq, %candidate, status, purpose, "candidate measured again");
    }
}

/// A fault is the command's last word, too; the line is for who reads logs alone.
fn stopped(facts: &Facts, seq: u64) {
    let Some(stop) = stop_of(facts) else { return };
    let evaluated = facts.counts.evaluated;
    let best = facts.best.map(|best| best.to_string()).unwrap_or_default();
    let reason = stop.reason;
    let usd = facts.spend.usd.dollars();
    info!(seq, reason, evaluated, best, usd, "run stopped: {}", stop.detail);
}
