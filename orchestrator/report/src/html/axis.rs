//! What the best-so-far curve is drawn against: candidates, time or money.

use evolve_core::facts::{CandidateFacts, Facts};
use evolve_core::{CandidateId, Seq};
use jiff::Timestamp;

use super::curve::Change;
use crate::chart::Across;
use crate::format::{count, duration};
use crate::text::dollars;

/// A horizontal axis of a run.
pub(crate) struct Axis<'a> {
    facts: &'a Facts,
    /// What it counts.
    pub(crate) across: Across,
    /// What was spent on candidates up to an event, by rising event; empty unless it is needed.
    spent: Vec<(Seq, f64)>,
}

impl<'a> Axis<'a> {
    /// The axis of a run.
    pub(crate) fn of(facts: &'a Facts, across: Across) -> Self {
        let spent = if across == Across::Usd { spent(facts) } else { Vec::new() };
        Self { facts, across, spent }
    }

    /// Its name in a sentence.
    pub(crate) fn name(&self) -> &'static str {
        match self.across {
            Across::Candidates => "candidate number",
            Across::Time => "time since the start",
            Across::Usd => "US dollars spent on candidates",
        }
    }

    /// Where a candidate's result lies.
    pub(crate) fn of_candidate(&self, candidate: &CandidateFacts) -> f64 {
        match self.across {
            Across::Candidates => candidate.id.0 as f64,
            Across::Time => self.since_start(ended(candidate).1),
            Across::Usd => self.spent_by(ended(candidate).0),
        }
    }

    /// Where a change of the best lies.
    pub(crate) fn of_change(&self, change: &Change<'_>) -> f64 {
        match self.across {
            Across::Candidates => change.x,
            Across::Usd => self.spent_by(change.seq),
            Across::Time => {
                // One that fell back to an older candidate came after the newest one was begun.
                let own = ended(change.candidate).1;
                let newest = self.facts.candidates.get(change.newest).map(|c| c.selected_at);
                let fell_back = change.candidate.id < CandidateId(change.x as u64);
                self.since_start(newest.filter(|_| fell_back).unwrap_or(own).max(own))
            }
        }
    }

    /// The right end.
    pub(crate) fn last(&self) -> f64 {
        let last = match self.across {
            Across::Candidates => self.facts.candidates.len().saturating_sub(1) as f64,
            Across::Time => self.since_start(self.facts.last_at),
            Across::Usd => self.spent.last().map_or(0.0, |(_, usd)| *usd),
        };
        // A chart has a width even before anything happened.
        last.max(if self.across == Across::Candidates { 1.0 } else { 1e-6 })
    }

    /// A place in words.
    pub(crate) fn words(&self, x: f64) -> String {
        match self.across {
            Across::Candidates => count(x as u64),
            Across::Time => duration(x),
            Across::Usd => dollars(x),
        }
    }

    fn since_start(&self, at: Timestamp) -> f64 {
        at.duration_since(self.facts.started_at).as_secs_f64().max(0.0)
    }

    fn spent_by(&self, seq: Seq) -> f64 {
        let upto = self.spent.partition_point(|(at, _)| *at <= seq);
        upto.checked_sub(1).map_or(0.0, |last| self.spent[last].1)
    }
}

/// When a candidate's fate was known, as far as the facts tell.
fn ended(candidate: &CandidateFacts) -> (Seq, Timestamp) {
    match &candidate.evaluation {
        Some(evaluation) => (evaluation.seq, evaluation.at),
        None => (candidate.selected, candidate.selected_at),
    }
}

fn spent(facts: &Facts) -> Vec<(Seq, f64)> {
    let mut costs: Vec<(Seq, f64)> =
        facts.candidates.iter().map(|c| (ended(c).0, c.cost.dollars())).collect();
    costs.sort_by_key(|(seq, _)| *seq);
    let mut sum = 0.0;
    for (_, usd) in &mut costs {
        sum += *usd;
        *usd = sum;
    }
    costs
}
