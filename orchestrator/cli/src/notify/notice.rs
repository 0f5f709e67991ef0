//! What is told, in JSON.

use evolve_core::event::{Envelope, Event, PauseCause, StopReason};
use evolve_core::facts::Facts;
use evolve_core::ids::RunId;
use evolve_core::task::Occasion;
use evolve_core::{CandidateId, Seq};
use evolve_report::format::{ScoreFormat, one_line};
use evolve_report::model::{Process, RunState, stop_of};
use jiff::Timestamp;
use serde::Serialize;

/// Version of the JSON.
const VERSION: u32 = 1;
/// Longest message.
const MESSAGE: usize = 500;

/// One notice. Documented in `docs/operations.md`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Notice {
    version: u32,
    run: String,
    task: String,
    event: &'static str,
    state: &'static str,
    candidate: Option<CandidateId>,
    score: Option<f64>,
    gain: Option<f64>,
    message: String,
    at: Timestamp,
    /// The whole in a line: what chat servers show.
    text: String,
    /// Its place in the journal; none for what no event says.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<Seq>,
}

impl Notice {
    /// What an event is worth telling of, if anything.
    pub(super) fn of(facts: &Facts, envelope: &Envelope) -> Option<Self> {
        let (occasion, message) = match &envelope.event {
            // That the start is the first best is no news.
            Event::Promoted(event) if event.candidate != CandidateId::START => {
                let digits = ScoreFormat::telling_apart([event.score, event.score - event.gain]);
                let (score, gain) = (digits.score(event.score), digits.gain(event.gain));
                (Occasion::Best, format!("new best {score} ({gain}) by {}", event.candidate))
            }
            Event::Paused(event) if event.cause == PauseCause::Asked => {
                (Occasion::Pause, "paused".to_owned())
            }
            Event::Stopped(event) => {
                let occasion = match event.reason {
                    StopReason::Fault { .. } | StopReason::BadStart { .. } => Occasion::Fault,
                    StopReason::Interrupted => Occasion::Pause,
                    StopReason::Target
                    | StopReason::Budget { .. }
                    | StopReason::Exhausted { .. } => Occasion::Done,
                };
                (occasion, format!("stopped: {}", stop_of(facts)?.detail))
            }
            _ => return None,
        };
        let mut notice = Self {
            state: RunState::of(facts, Process::Alive).word(),
            candidate: facts.best,
            score: facts.best().and_then(|best| best.score()),
            seq: Some(envelope.seq),
            ..Self::new(&facts.run.run, &facts.run.task.task.name, occasion, &message, envelope.at)
        };
        notice.gain = notice.score.and_then(|score| facts.gain(score));
        // Of several bests in one batch each is told as it was.
        if let Event::Promoted(event) = &envelope.event {
            notice.candidate = Some(event.candidate);
            notice.score = Some(event.score);
            notice.gain = Some(event.gain);
        }
        Some(notice)
    }

    /// The loop could not go on.
    pub(super) fn failure(run: &RunId, task: &str, why: &str) -> Self {
        let message = format!("stopped: {why}");
        Self::new(run, task, Occasion::Fault, &message, Timestamp::now())
    }

    fn new(run: &RunId, task: &str, occasion: Occasion, message: &str, at: Timestamp) -> Self {
        let message = one_line(message, MESSAGE);
        Self {
            version: VERSION,
            run: run.to_string(),
            task: task.to_owned(),
            event: occasion.word(),
            state: RunState::Stopped.word(),
            candidate: None,
            score: None,
            gain: None,
            text: format!("evolve: {task} ({run}): {message}"),
            message,
            at,
            seq: None,
        }
    }

    pub(super) fn is_of(&self, occasion: Occasion) -> bool {
        self.event == occasion.word()
    }
}
