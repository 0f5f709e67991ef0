//! All candidates of a run: filtered, sorted, a hundred at a time.

use std::cmp::Ordering;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Html;
use evolve_core::facts::{CandidateFacts, CandidateState};
use evolve_core::{Facts, ModelName};
use serde::{Deserialize, Serialize};

use super::Site;
use super::answer::{Failure, encoded, run_page};
use super::overview::links;
use crate::format::{ScoreFormat, count, one_line};
use crate::html::rows::{Link, Row, row};

/// Rows of one page.
const ROWS: usize = 100;

/// A candidate's row with the way to its page.
#[derive(Serialize)]
pub(super) struct Line {
    link: Link,
    #[serde(flatten)]
    row: Row,
}

impl Line {
    /// Rows for these candidates.
    pub(super) fn all<'a>(
        facts: &Facts,
        candidates: impl Iterator<Item = &'a Arc<CandidateFacts>>,
    ) -> Vec<Self> {
        let candidates: Vec<_> = candidates.collect();
        let format = ScoreFormat::telling_apart(candidates.iter().filter_map(|c| c.score()));
        let links = links(facts);
        candidates
            .into_iter()
            .map(|c| Self { link: links.link(c.id), row: row(facts, c, format) })
            .collect()
    }
}

/// What is asked for.
#[derive(Deserialize, Serialize, Default)]
#[serde(default)]
pub(super) struct Wanted {
    /// `score`, `id`, `time`, `usd` or `generation`.
    sort: String,
    status: String,
    operator: String,
    island: String,
    model: String,
    /// Words that must occur.
    q: String,
    /// From 1.
    page: usize,
}

impl Wanted {
    fn has(&self, candidate: &CandidateFacts) -> bool {
        let model = || candidate.model.as_ref().map(shown);
        candidate.state != CandidateState::Absent
            && (self.status.is_empty() || candidate.word() == self.status)
            && (self.operator.is_empty() || candidate.selection.operator.word() == self.operator)
            && (self.island.is_empty() || candidate.selection.island.to_string() == self.island)
            && (self.model.is_empty() || model().is_some_and(|model| model == self.model))
            && self.q.split_whitespace().all(|word| mentions(candidate, &word.to_lowercase()))
    }

    fn order(&self, facts: &Facts, a: &CandidateFacts, b: &CandidateFacts) -> Ordering {
        let time = |c: &CandidateFacts| c.evaluation.as_ref().map(|e| e.usage.wall_s);
        let most = |a: Option<f64>, b: Option<f64>| {
            b.unwrap_or(f64::NEG_INFINITY).total_cmp(&a.unwrap_or(f64::NEG_INFINITY))
        };
        let first = match self.sort.as_str() {
            "id" => b.id.cmp(&a.id),
            "time" => most(time(a), time(b)),
            "usd" => b.cost.cmp(&a.cost),
            "generation" => b.generation.cmp(&a.generation),
            _ => {
                let score = |c: &CandidateFacts| c.score().unwrap_or(f64::NAN);
                facts.objective().goal.order(score(b), score(a))
            }
        };
        first.then(b.id.cmp(&a.id))
    }

    /// The address of another page of the same.
    fn href(&self, page: usize) -> String {
        let pairs = [
            ("sort", &self.sort),
            ("status", &self.status),
            ("operator", &self.operator),
            ("island", &self.island),
            ("model", &self.model),
            ("q", &self.q),
        ];
        let set = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        let parts = set.map(|(key, value)| format!("{key}={}&", encoded(value)));
        format!("?{}page={page}", parts.collect::<String>())
    }
}

/// A model's name as the page has it.
fn shown(model: &ModelName) -> String {
    one_line(model.as_str(), 80)
}

fn mentions(candidate: &CandidateFacts, word: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(word);
    has(&candidate.id.to_string())
        || has(&candidate.change.summary)
        || candidate.rejected.as_ref().is_some_and(|rejection| has(&rejection.detail))
        || candidate.evaluation.as_ref().is_some_and(|evaluation| has(&evaluation.detail))
        || candidate.quarantined.as_deref().is_some_and(has)
}

/// What there is to choose from.
#[derive(Serialize, Default)]
struct Choices {
    statuses: Vec<String>,
    operators: Vec<String>,
    islands: Vec<String>,
    models: Vec<String>,
}

impl Choices {
    fn of(facts: &Facts) -> Self {
        use std::collections::BTreeSet;
        let (mut statuses, mut operators) = (BTreeSet::new(), BTreeSet::new());
        let (mut islands, mut models) = (BTreeSet::new(), BTreeSet::new());
        for c in facts.candidates.iter().filter(|c| c.state != CandidateState::Absent) {
            statuses.insert(c.word());
            operators.insert(c.selection.operator.word());
            islands.insert(c.selection.island);
            models.extend(&c.model);
        }
        let text = |words: BTreeSet<&str>| words.into_iter().map(str::to_owned).collect();
        Self {
            statuses: text(statuses),
            operators: text(operators),
            islands: islands.into_iter().map(|island| island.to_string()).collect(),
            models: models.into_iter().map(shown).collect(),
        }
    }
}

/// `/runs/RUN/candidates`
pub(super) async fn page(
    State(site): State<Site>,
    Path(run): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Html<String>, Failure> {
    run_page(site, run, "candidates-page.html", "Candidates", move |live, _, context| {
        let facts = live.facts();
        let mut found: Vec<&Arc<CandidateFacts>> =
            facts.candidates.iter().filter(|candidate| wanted.has(candidate)).collect();
        found.sort_by(|a, b| wanted.order(facts, a, b));
        let pages = found.len().div_ceil(ROWS).max(1);
        let number = wanted.page.clamp(1, pages);
        let rows = Line::all(facts, found.iter().skip((number - 1) * ROWS).take(ROWS).copied());
        context.insert("rows", &rows);
        context.insert("found", &count(found.len() as u64));
        context.insert("number", &number);
        context.insert("pages", &pages);
        context.insert("before", &(number > 1).then(|| wanted.href(number - 1)));
        context.insert("after", &(number < pages).then(|| wanted.href(number + 1)));
        context.insert("wanted", &wanted);
        context.insert("choices", &Choices::of(facts));
        Ok(())
    })
    .await
}
