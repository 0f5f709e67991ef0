//! The table of candidates: the best and the latest.

use std::collections::BTreeSet;

use evolve_core::facts::{CandidateFacts, CandidateState};
use evolve_core::{CandidateId, Facts};
use serde::Serialize;

use crate::format::{ScoreFormat, count, duration, one_line};

/// Rows for the best candidates, and as many for the latest.
const ROWS: usize = 200;

/// A candidate's name, and where more about it is.
#[derive(Serialize)]
pub(crate) struct Link {
    /// For example `c000042`.
    pub(crate) id: String,
    /// Where its row or its page is; none where there is no such place.
    pub(crate) href: Option<String>,
}

/// The candidates that more is said about.
pub(crate) enum Shown {
    /// These have a row on the page.
    Rows(BTreeSet<CandidateId>),
    /// Each has a page below this address.
    Pages(String),
}

impl Shown {
    /// The candidates with the best scores, the latest, and the path to the best.
    pub(crate) fn of(facts: &Facts) -> Self {
        let goal = facts.objective().goal;
        let real = || facts.candidates.iter().filter(|c| c.state != CandidateState::Absent);
        let mut scored: Vec<(f64, CandidateId)> =
            real().filter_map(|c| Some((c.score()?, c.id))).collect();
        scored.sort_by(|a, b| goal.order(b.0, a.0).then(a.1.cmp(&b.1)));
        let mut ids: BTreeSet<_> = scored.into_iter().take(ROWS).map(|(_, id)| id).collect();
        ids.extend(real().rev().take(ROWS).map(|c| c.id));
        ids.extend(facts.best);
        Self::Rows(ids)
    }

    /// A link to a candidate.
    pub(crate) fn link(&self, id: CandidateId) -> Link {
        let href = match self {
            Self::Rows(rows) => rows.contains(&id).then(|| format!("#{id}")),
            Self::Pages(base) => Some(format!("{base}/{id}")),
        };
        Link { id: id.to_string(), href }
    }

    fn rows(&self) -> impl Iterator<Item = CandidateId> {
        let rows = match self {
            Self::Rows(rows) => Some(rows.iter().copied()),
            Self::Pages(_) => None,
        };
        rows.into_iter().flatten()
    }
}

/// The table of candidates.
#[derive(Serialize)]
pub(crate) struct Rows {
    list: Vec<Row>,
    /// How many candidates the run has.
    total: String,
    /// What the table leaves out; empty when nothing.
    note: String,
}

/// A candidate's row.
#[derive(Serialize)]
pub(crate) struct Row {
    id: String,
    best: bool,
    status: &'static str,
    /// `ok`, `bad` or `open`, for the style only: the word says it too.
    tone: &'static str,
    score: String,
    /// The score as the script sorts it; empty when there is none.
    score_value: String,
    gain: String,
    gain_value: String,
    operator: &'static str,
    model: String,
    parents: String,
    island: u32,
    generation: u32,
    time: String,
    time_value: String,
    what: String,
}

impl Rows {
    pub(crate) fn of(facts: &Facts, shown: &Shown) -> Self {
        let goal = facts.objective().goal;
        let mut candidates: Vec<&CandidateFacts> =
            shown.rows().filter_map(|id| facts.candidate(id)).map(AsRef::as_ref).collect();
        candidates.sort_by(|a, b| {
            let nothing = f64::NAN;
            let (x, y) = (a.score().unwrap_or(nothing), b.score().unwrap_or(nothing));
            goal.order(y, x)
                .then(a.score().is_none().cmp(&b.score().is_none()))
                .then(a.id.cmp(&b.id))
        });
        let format = ScoreFormat::telling_apart(candidates.iter().filter_map(|c| c.score()));
        let total = facts.candidates.iter().filter(|c| c.state != CandidateState::Absent).count();
        let note = if candidates.len() < total {
            format!(
                "{} of {} are shown: the {ROWS} best, the {ROWS} latest. evolve export has all.",
                count(candidates.len() as u64),
                count(total as u64)
            )
        } else {
            String::new()
        };
        let list = candidates.into_iter().map(|candidate| row(facts, candidate, format)).collect();
        Self { list, total: count(total as u64), note }
    }
}

/// The row of a candidate.
pub(crate) fn row(facts: &Facts, candidate: &CandidateFacts, format: ScoreFormat) -> Row {
    let score = candidate.score();
    let gain = score.and_then(|score| facts.gain(score));
    let wall = candidate.evaluation.as_ref().map(|evaluation| evaluation.usage.wall_s);
    let value = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
    let evaluated = candidate.state == CandidateState::Evaluated;
    let rejected = candidate.rejected.is_some();
    let parents: Vec<String> = candidate.parents().iter().map(ToString::to_string).collect();
    Row {
        id: candidate.id.to_string(),
        best: facts.best == Some(candidate.id),
        status: candidate.word(),
        tone: match (score, evaluated || rejected) {
            (Some(_), _) => "ok",
            (None, true) => "bad",
            (None, false) => "open",
        },
        score: format.maybe(score),
        score_value: value(score),
        gain: format.maybe_gain(gain),
        gain_value: value(gain),
        operator: candidate.selection.operator.word(),
        model: candidate.model.as_ref().map_or_else(String::new, |m| one_line(m.as_str(), 40)),
        parents: parents.join(" "),
        island: candidate.selection.island,
        generation: candidate.generation,
        time: wall.map_or_else(|| "–".to_owned(), duration),
        time_value: value(wall),
        what: what(candidate),
    }
}

/// What was changed, and what went wrong.
fn what(candidate: &CandidateFacts) -> String {
    let change = one_line(&candidate.change.summary, 160);
    let trouble = candidate
        .quarantined
        .as_deref()
        .or(candidate.rejected.as_ref().map(|rejection| rejection.detail.as_str()))
        .or(candidate.demoted.as_deref())
        .or(candidate.evaluation.as_ref().map(|evaluation| evaluation.detail.as_str()))
        .map(|text| one_line(text, 200))
        .unwrap_or_default();
    match (change.is_empty(), trouble.is_empty()) {
        (_, true) => change,
        (true, false) => trouble,
        (false, false) => format!("{change} — {trouble}"),
    }
}
