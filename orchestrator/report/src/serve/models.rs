//! Models and operators: what was chosen over time, what came of it, how fast and how sure.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Html;
use evolve_core::facts::{CandidateFacts, CandidateState};
use evolve_core::outcome::CallStatus;
use evolve_core::prediction::{Verdict, verdict};
use evolve_core::{Facts, Goal};
use serde::Serialize;

use super::Site;
use super::answer::{Failure, run_page};
use super::calls::CallLog;
use crate::chart::{self, Across, Chart, MOST_SERIES, Series};
use crate::format::{count, duration, moment, one_line};
use crate::html::budgets::{Model, Operator, models, operators};
use crate::text::dollars;

/// Windows of the charts over time.
const WINDOWS: usize = 40;
/// How long a page may wait for the journal's calls; the rest is read with the next look.
const PATIENCE: Duration = Duration::from_millis(400);
/// Breaker changes that are shown, newest first.
const BREAKERS: usize = 40;

/// Shares of something over the run.
#[derive(Serialize)]
struct Shares {
    svg: String,
    names: Vec<String>,
    /// First candidate number of the window, then a share in percent for each name.
    rows: Vec<(String, Vec<String>)>,
}

/// How often each name was chosen in each stretch of the run; none where there was no choice.
fn shares(
    facts: &Facts,
    name: impl Fn(&CandidateFacts) -> Option<String>,
    caption: &'static str,
) -> Option<Shares> {
    let chosen: Vec<(u64, String)> = facts
        .candidates
        .iter()
        .skip(1)
        .filter(|c| c.state != CandidateState::Absent)
        .filter_map(|c| Some((c.id.0, name(c)?)))
        .collect();
    let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, name) in &chosen {
        *totals.entry(name).or_default() += 1;
    }
    if totals.len() < 2 {
        return None;
    }
    let mut names: Vec<&str> = totals.keys().copied().collect();
    names.sort_by_key(|name| std::cmp::Reverse(totals[name]));
    names.truncate(MOST_SERIES);
    let window = chosen.len().div_ceil(WINDOWS).max(1);
    let mut points: Vec<Vec<(f64, f64)>> = vec![Vec::new(); names.len()];
    let mut rows = Vec::new();
    for part in chosen.chunks(window) {
        let share = |name: &&str| {
            let n = part.iter().filter(|(_, chosen)| chosen == name).count();
            n as f64 * 100.0 / part.len() as f64
        };
        let at = part[part.len() / 2].0 as f64;
        for (points, name) in points.iter_mut().zip(&names) {
            points.push((at, share(name)));
        }
        let row = names.iter().map(|name| format!("{:.0}", share(name)));
        rows.push((count(part[0].0), row.collect()));
    }
    let last = facts.candidates.len().saturating_sub(1).max(1) as f64;
    let series = names.iter().zip(points).map(|(name, points)| Series {
        name: (*name).to_owned(),
        points,
        stairs: false,
    });
    let svg = chart::draw(&Chart {
        described_by: caption,
        across: Across::Candidates,
        first: 0.0,
        last,
        low: 0.0,
        high: 100.0,
        series: series.collect(),
        dots: Vec::new(),
        lines: Vec::new(),
    });
    Some(Shares { svg: svg.ok()?, names: names.into_iter().map(str::to_owned).collect(), rows })
}

/// What a model's calls were like.
#[derive(Serialize)]
struct Service {
    model: String,
    calls: String,
    median: String,
    slow: String,
    slowest: String,
    errors: String,
}

fn services(log: &CallLog) -> Vec<Service> {
    let mut by_model: Vec<(Vec<u64>, BTreeMap<&'static str, u64>)> =
        vec![Default::default(); log.models.len()];
    for call in &log.calls {
        let (latencies, errors) = &mut by_model[call.model];
        if call.status == CallStatus::Ok {
            latencies.push(call.latency_ms);
        } else {
            *errors.entry(call.status.word()).or_default() += 1;
        }
    }
    log.models
        .iter()
        .zip(by_model)
        .map(|(model, (mut latencies, errors))| {
            latencies.sort_unstable();
            let at = |share: f64| match latencies.len() {
                0 => "–".to_owned(),
                n => {
                    let place = ((n as f64 * share).ceil() as usize).clamp(1, n) - 1;
                    duration(latencies[place] as f64 / 1000.0)
                }
            };
            let failed: u64 = errors.values().sum();
            Service {
                model: one_line(model.as_str(), 80),
                calls: count(latencies.len() as u64 + failed),
                median: at(0.5),
                slow: at(0.95),
                slowest: at(1.0),
                errors: match errors.len() {
                    0 => "none".to_owned(),
                    _ => errors
                        .iter()
                        .map(|(word, n)| format!("{} {word}", count(*n)))
                        .collect::<Vec<_>>()
                        .join(", "),
                },
            }
        })
        .collect()
}

/// What a model's answers were worth.
#[derive(Serialize, Default)]
struct Value {
    model: String,
    usd: String,
    gains: String,
    per_dollar: String,
    expected: String,
}

fn worth(facts: &Facts) -> Vec<Value> {
    #[derive(Default)]
    struct Sum {
        usd: f64,
        gains: u64,
        gain: f64,
        compared: u64,
        came_true: u64,
    }
    let goal: Goal = facts.objective().goal;
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for candidate in &facts.candidates {
        let Some(model) = &candidate.model else { continue };
        let sum = sums.entry(model.as_str()).or_default();
        sum.usd += candidate.cost.dollars();
        let parent = candidate.parents().first().and_then(|id| facts.candidate(*id)?.score());
        if let Some((score, parent)) = candidate.score().zip(parent)
            && goal.is_better(score, parent)
        {
            sum.gains += 1;
            sum.gain += goal.turned(score) - goal.turned(parent);
        }
        if let Some(verdict) = verdict(facts, candidate) {
            sum.compared += 1;
            sum.came_true += u64::from(verdict == Verdict::CameTrue);
        }
    }
    sums.into_iter()
        .map(|(model, sum)| Value {
            model: one_line(model, 80),
            usd: dollars(sum.usd),
            gains: format!("{} with {:.4} in sum", count(sum.gains), sum.gain),
            per_dollar: if sum.usd > 0.0 {
                format!("{:.4}", sum.gain / sum.usd)
            } else {
                "–".into()
            },
            expected: match sum.compared {
                0 => "–".to_owned(),
                n => format!("{} of {} came true", count(sum.came_true), count(n)),
            },
        })
        .collect()
}

#[derive(Serialize)]
struct ModelsPage {
    models: Vec<Model>,
    operators: Vec<Operator>,
    operator_shares: Option<Shares>,
    model_shares: Option<Shares>,
    worth: Vec<Value>,
    services: Vec<Service>,
    /// Where the journal is not read to its end yet.
    reading: Option<(String, String)>,
    breakers: Vec<(String, String, &'static str, String)>,
    choice: (String, String),
}

/// `/runs/RUN/models`
pub(super) async fn page(
    State(site): State<Site>,
    Path(run): Path<String>,
) -> Result<Html<String>, Failure> {
    run_page(site, run, "models-page.html", "Models and operators", move |live, status, context| {
        live.read_calls(PATIENCE);
        let now = live.moment().now;
        let facts = live.facts();
        let (read, all) = live.calls.progress(live.reader());
        let search = &facts.run.task.search;
        let breakers = live.calls.breakers.iter().rev().take(BREAKERS).map(|change| {
            let word = if change.open { "not asked any more" } else { "asked again" };
            let model = one_line(change.model.as_str(), 80);
            (moment(change.at, now), model, word, one_line(&change.why, 200))
        });
        let by_operator = |c: &CandidateFacts| Some(c.selection.operator.word().to_owned());
        let by_model = |c: &CandidateFacts| c.model.as_ref().map(|m| one_line(m.as_str(), 40));
        context.insert(
            "page",
            &ModelsPage {
                models: models(status),
                operators: operators(status),
                operator_shares: shares(facts, by_operator, "operators-caption"),
                model_shares: shares(facts, by_model, "models-caption"),
                worth: worth(facts),
                services: services(&live.calls),
                reading: (read < all).then(|| (count(read), count(all))),
                breakers: breakers.collect(),
                choice: (
                    format!("{:?}", search.operator_choice).to_lowercase(),
                    format!("{:?}", search.model_choice).to_lowercase(),
                ),
            },
        );
        Ok(())
    })
    .await
}
