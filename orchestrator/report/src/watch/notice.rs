//! Notable events in words.

use std::collections::{BTreeMap, VecDeque};

use evolve_core::event::{Envelope, Event, PauseCause, Promoted, StopReason};
use evolve_core::outcome::{CallStatus, EvalStatus, RejectReason};
use evolve_core::{CandidateId, Facts};
use jiff::Timestamp;

use crate::format::{ScoreFormat, one_line};

/// Notices that are kept.
const KEPT: usize = 500;
/// Longest notice, in characters.
const LONGEST: usize = 400;

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// A gain.
    Good,
    /// Something to know.
    Plain,
    /// A failure.
    Bad,
}

/// One notable event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When it was written.
    pub at: Timestamp,
    /// What happened, in one printable line.
    pub words: String,
    /// How much it matters.
    pub weight: Weight,
}

/// What the facts do not keep of the newest events: the notable ones in words, and when the
/// evaluations under way began.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    notices: VecDeque<Notice>,
    begun: BTreeMap<CandidateId, Timestamp>,
}

impl Tail {
    /// Takes an event in. `facts`: those that hold it.
    pub fn add(&mut self, facts: &Facts, event: &Envelope) {
        match &event.event {
            Event::EvalStarted(started) => {
                self.begun.insert(started.candidate, event.at);
            }
            Event::Evaluated(ended) => {
                self.begun.remove(&ended.candidate);
            }
            _ => {}
        }
        for (weight, words) in told(facts, &event.event) {
            let words = one_line(&words, LONGEST);
            self.notices.push_back(Notice { at: event.at, words, weight });
        }
        while self.notices.len() > KEPT {
            self.notices.pop_front();
        }
    }

    /// The notable events, oldest first.
    pub fn notices(&self) -> impl Iterator<Item = &Notice> {
        self.notices.iter()
    }

    /// When the evaluation under way of this candidate began, if that was seen.
    pub fn begun(&self, candidate: CandidateId) -> Option<Timestamp> {
        self.begun.get(&candidate).copied()
    }
}

/// An event in words; nothing for the daily round of selections, proposals and evaluations.
fn told(facts: &Facts, event: &Event) -> Vec<(Weight, String)> {
    use Weight::{Bad, Good, Plain};
    let one = |weight, words| vec![(weight, words)];
    match event {
        Event::RunStarted(_) => one(Plain, "the run began".to_owned()),
        Event::Promoted(promoted) => one(Good, promotion(facts, promoted)),
        Event::CallSettled(call) if call.status != CallStatus::Ok => {
            one(Bad, because(format!("{}: call ", call.model), call.status.word(), &call.detail))
        }
        // A repeated program is the daily bread of a search.
        Event::Rejected(no) if no.reason != RejectReason::Duplicate => {
            one(Bad, because(format!("{} ", no.candidate), no.reason.word(), &no.detail))
        }
        Event::Evaluated(ended) if ended.status != EvalStatus::Ok => {
            one(Bad, because(format!("{} ", ended.candidate), ended.status.word(), &ended.detail))
        }
        Event::Quarantined(verdict) => {
            one(Bad, because(format!("{} ", verdict.candidate), "quarantined", &verdict.why))
        }
        Event::Demoted(verdict) => {
            one(Bad, because(format!("{} ", verdict.candidate), "demoted", &verdict.why))
        }
        Event::Analyzed(analysis) => {
            let learned = analysis.insights.iter();
            let mut told: Vec<_> =
                learned.map(|insight| (Plain, format!("insight: {}", insight.claim))).collect();
            if !analysis.detail.is_empty() {
                told.push((Bad, format!("an analysis found nothing: {}", analysis.detail)));
            }
            told
        }
        Event::BudgetChanged(changed) => one(Plain, format!("budget changed: {}", changed.change)),
        Event::BreakerChanged(breaker) => {
            let (weight, state) = if breaker.open { (Bad, "off") } else { (Good, "on again") };
            one(weight, because(format!("{} is ", breaker.model), state, &breaker.why))
        }
        Event::Paused(paused) => {
            let words = match paused.cause {
                PauseCause::Asked => "paused",
                PauseCause::Draining => "draining: what is under way ends, then it stops",
            };
            one(Plain, words.to_owned())
        }
        Event::Resumed(resumed) => {
            let words =
                if resumed.process.is_some() { "resumed by a new process" } else { "unpaused" };
            one(Plain, because(String::new(), words, &resumed.note))
        }
        Event::Stopped(stopped) => {
            let weight = match stopped.reason {
                StopReason::Target => Good,
                StopReason::Fault { .. } | StopReason::BadStart { .. } => Bad,
                _ => Plain,
            };
            one(weight, format!("stopped: {}", crate::model::stop_words(&stopped.reason).1))
        }
        _ => Vec::new(),
    }
}

/// What became of something and why; a reason that begins with the same word says it alone.
fn because(what: String, word: &str, why: &str) -> String {
    match why {
        "" => what + word,
        why if why.starts_with(word) => what + why,
        why => format!("{what}{word}: {why}"),
    }
}

fn promotion(facts: &Facts, promoted: &Promoted) -> String {
    let before = promoted.previous.and_then(|id| Some((id, facts.candidate(id)?.score()?)));
    let (id, score) = (promoted.candidate, promoted.score);
    match before {
        Some((previous, old)) if previous != id => {
            let format = ScoreFormat::telling_apart([score, old]);
            let gain = facts.objective().gain(score, old);
            format!(
                "{id} is the best: {} ({} over {previous})",
                format.score(score),
                format.gain(gain)
            )
        }
        _ => format!("{id} is the best: {}", ScoreFormat::telling_apart([score]).score(score)),
    }
}
