//! What was spent: money, tokens, time, energy, and on what.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::Html;
use evolve_core::Facts;
use evolve_core::facts::CandidateFacts;
use serde::Serialize;

use super::Site;
use super::answer::{Failure, run_page};
use crate::chart::{self, Across, Chart, Series};
use crate::format::{count, duration};
use crate::html::budgets::{Budget, Model, Operator, budgets, models, operators};
use crate::html::run::Card;
use crate::model::Status;
use crate::text::dollars;

/// Points of the chart.
const POINTS: usize = 300;

#[derive(Serialize)]
struct Spent {
    name: String,
    candidates: String,
    usd: String,
    tokens: String,
    time: String,
    cpu: String,
    energy: String,
}

#[derive(Default, Clone, Copy)]
struct Sum {
    candidates: u64,
    usd: f64,
    tokens: u64,
    wall_s: f64,
    cpu_s: f64,
    joules: f64,
}

impl Sum {
    fn add(&mut self, candidate: &CandidateFacts) {
        self.candidates += 1;
        self.usd += candidate.cost.dollars();
        self.tokens += candidate.tokens.total();
        let evaluations = candidate.evaluation.iter().chain(&candidate.holdout);
        for usage in evaluations.map(|evaluation| evaluation.usage) {
            self.wall_s += usage.wall_s;
            self.cpu_s += usage.cpu_s;
            self.joules += usage.energy_j.unwrap_or_default();
        }
    }

    fn row(self, name: String) -> Spent {
        Spent {
            name,
            candidates: count(self.candidates),
            usd: dollars(self.usd),
            tokens: count(self.tokens),
            time: duration(self.wall_s),
            cpu: duration(self.cpu_s),
            energy: energy(self.joules),
        }
    }
}

fn energy(joules: f64) -> String {
    match joules {
        0.0 => "not counted".to_owned(),
        joules if joules < 3_600.0 => format!("{joules:.0} J"),
        joules => format!("{:.2} Wh", joules / 3_600.0),
    }
}

fn by<K: Ord>(facts: &Facts, key: impl Fn(&CandidateFacts) -> K) -> BTreeMap<K, Sum> {
    let mut sums: BTreeMap<K, Sum> = BTreeMap::new();
    for candidate in &facts.candidates {
        sums.entry(key(candidate)).or_default().add(candidate);
    }
    sums
}

/// What it was for, seen from its end.
fn outcome(facts: &Facts, candidate: &CandidateFacts) -> &'static str {
    match candidate.score() {
        Some(_) if facts.gained(candidate) => "better than the parent",
        Some(_) => "no better than the parent",
        None if candidate.rejected.is_some() => "rejected before evaluation",
        None if candidate.evaluation.is_some() => "failed in evaluation",
        None => "under way",
    }
}

/// Money over candidates.
fn money(facts: &Facts) -> Option<String> {
    let mut sum = 0.0;
    let mut points = vec![(0.0, 0.0)];
    let stride = facts.candidates.len().div_ceil(POINTS).max(1);
    for part in facts.candidates.chunks(stride) {
        sum += part.iter().map(|c| c.cost.dollars()).sum::<f64>();
        points.push((part[part.len() - 1].id.0 as f64, sum));
    }
    if sum <= 0.0 {
        return None;
    }
    let chart = Chart {
        described_by: "money-caption",
        across: Across::Candidates,
        first: 0.0,
        last: facts.candidates.len().saturating_sub(1).max(1) as f64,
        low: 0.0,
        high: sum * 1.05,
        series: vec![Series { name: "USD".to_owned(), points, stairs: false }],
        dots: Vec::new(),
        lines: Vec::new(),
    };
    chart::draw(&chart).ok()
}

#[derive(Serialize)]
struct CostPage {
    cards: Vec<Card>,
    money: Option<String>,
    budgets: Vec<Budget>,
    models: Vec<Model>,
    operators: Vec<Operator>,
    by_operator: Vec<Spent>,
    by_outcome: Vec<Spent>,
}

fn cards(facts: &Facts, status: &Status, total: Sum) -> Vec<Card> {
    let card = |label, value, note: String| Card { label, value, note };
    let forfeited = facts.spend.forfeited.usd.dollars();
    let per = |gain: f64| format!("{} per unit of gain", dollars(status.cost.usd / gain));
    let gain = status.best.as_ref().and_then(|best| best.gain).filter(|gain| *gain > 0.0);
    vec![
        card("Money", dollars(status.cost.usd), gain.map(per).unwrap_or_default()),
        card(
            "Tokens",
            count(status.cost.tokens),
            match forfeited {
                0.0 => String::new(),
                usd => format!("{} counted as spent though never answered", dollars(usd)),
            },
        ),
        card("Time up", duration(status.cost.wall_s), "pauses left out".to_owned()),
        card(
            "Time in evaluations",
            duration(total.wall_s),
            format!("{} CPU", duration(total.cpu_s)),
        ),
        card(
            "Energy",
            energy(total.joules),
            "of processors and GPUs, where the machine counts".into(),
        ),
    ]
}

/// `/runs/RUN/cost`
pub(super) async fn page(
    State(site): State<Site>,
    Path(run): Path<String>,
) -> Result<Html<String>, Failure> {
    run_page(site, run, "cost-page.html", "Cost and energy", move |live, status, context| {
        let facts = live.facts();
        let mut total = Sum::default();
        facts.candidates.iter().for_each(|candidate| total.add(candidate));
        let by_operator = by(facts, |c| c.selection.operator);
        let by_outcome = by(facts, |c| outcome(facts, c));
        context.insert(
            "page",
            &CostPage {
                cards: cards(facts, status, total),
                money: money(facts),
                budgets: budgets(status),
                models: models(status),
                operators: operators(status),
                by_operator: by_operator
                    .into_iter()
                    .map(|(operator, sum)| sum.row(operator.word().to_owned()))
                    .collect(),
                by_outcome: by_outcome
                    .into_iter()
                    .map(|(name, sum)| sum.row(name.to_owned()))
                    .collect(),
            },
        );
        Ok(())
    })
    .await
}
