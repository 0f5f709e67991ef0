//! The runs' state in Prometheus' text format.

use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Site;
use super::answer::{Failure, aside};
use crate::model::{RunLine, Status};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfRun {
    run: String,
    task: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfKind {
    run: String,
    task: String,
    kind: String,
}

type Number = Gauge<f64, AtomicU64>;
type PerRun = Family<OfRun, Number>;
type PerKind = Family<OfKind, Number>;

/// What is told of every run.
#[derive(Default)]
struct Gauges {
    up: PerRun,
    score: PerRun,
    gain: PerRun,
    usd: PerRun,
    tokens: PerRun,
    seconds: PerRun,
    last_event: PerRun,
    candidates: PerKind,
    failures: PerKind,
    under_way: PerKind,
    budget_limit: PerKind,
    budget_used: PerKind,
    model_calls: PerKind,
    model_failures: PerKind,
    model_usd: PerKind,
}

impl Gauges {
    fn registered(&self) -> Registry {
        let mut registry = Registry::with_prefix("evolve");
        let per_run = [
            ("up", "1 while a process is at work on the run", &self.up),
            ("best_score", "Primary metric of the best candidate", &self.score),
            ("best_gain", "Gain of the best candidate over the start; more is better", &self.gain),
            ("spent_usd", "US dollars spent on models", &self.usd),
            ("spent_tokens", "Tokens spent on models", &self.tokens),
            ("up_seconds", "Seconds the run was up, pauses left out", &self.seconds),
            ("last_event_timestamp_seconds", "Unix time of the last event", &self.last_event),
        ];
        for (name, help, family) in per_run {
            registry.register(name, help, family.clone());
        }
        let per_kind = [
            (
                "candidates",
                "Candidates by kind: proposed, evaluated, failed, rejected",
                &self.candidates,
            ),
            ("failures", "Failures by kind", &self.failures),
            (
                "under_way",
                "Work that is not finished: proposals, waiting, evaluations",
                &self.under_way,
            ),
            ("budget_limit", "Limit of a budget", &self.budget_limit),
            ("budget_used", "Used of a budget", &self.budget_used),
            ("model_calls", "Calls of a model, failed ones included", &self.model_calls),
            ("model_calls_failed", "Failed calls of a model", &self.model_failures),
            ("model_usd", "US dollars spent on a model", &self.model_usd),
        ];
        for (name, help, family) in per_kind {
            registry.register(name, help, family.clone());
        }
        registry
    }

    /// What can be told of any run.
    fn note(&self, line: &RunLine) {
        let of = OfRun { run: line.run.to_string(), task: line.task.clone() };
        let set = |family: &PerRun, value: f64| {
            family.get_or_create(&of).set(value);
        };
        set(&self.up, f64::from(u8::from(line.state.is_live())));
        set(&self.usd, line.cost.usd);
        set(&self.tokens, line.cost.tokens as f64);
        set(&self.seconds, line.cost.wall_s);
        set(&self.last_event, line.last_event_at.as_second() as f64);
        if let Some(score) = line.score {
            set(&self.score, score);
        }
        if let Some(gain) = line.gain {
            set(&self.gain, gain);
        }
    }

    /// What changes while a run is at work.
    fn note_live(&self, status: &Status) {
        let set = |family: &PerKind, kind: &str, value: f64| {
            let of = OfKind {
                run: status.run.to_string(),
                task: status.task.clone(),
                kind: kind.to_owned(),
            };
            family.get_or_create(&of).set(value);
        };
        let counts = &status.candidates;
        let candidates = [
            ("proposed", counts.proposed),
            ("evaluated", counts.evaluated),
            ("failed", counts.failed),
            ("rejected", counts.rejected),
        ];
        for (kind, n) in candidates {
            set(&self.candidates, kind, n as f64);
        }
        for failure in &status.failures {
            set(&self.failures, failure.kind, failure.count as f64);
        }
        let way = &status.under_way;
        let under_way = [
            ("proposals", way.proposals),
            ("waiting", way.waiting),
            ("evaluations", way.evaluations),
        ];
        for (kind, n) in under_way {
            set(&self.under_way, kind, n as f64);
        }
        for (key, budget) in &status.budget {
            set(&self.budget_limit, key, budget.limit.value());
            set(&self.budget_used, key, budget.used.value());
        }
        for model in &status.models {
            let name = model.model.as_str();
            set(&self.model_calls, name, model.calls as f64);
            set(&self.model_failures, name, model.failed as f64);
            set(&self.model_usd, name, model.usd);
        }
    }
}

/// `/metrics`
pub(super) async fn page(State(site): State<Site>) -> Result<Response, Failure> {
    let text = aside(move || {
        let gauges = Gauges::default();
        for line in site.runs.lines()?.0 {
            gauges.note(&line);
            if line.state.is_live() {
                site.runs.with(line.run.as_str(), |live| {
                    gauges.note_live(&Status::of(live.facts(), &live.moment(), None));
                    Ok(())
                })?;
            }
        }
        let mut text = String::new();
        encode(&mut text, &gauges.registered())
            .map_err(|error| Failure::broken(format!("the metrics cannot be written: {error}")))?;
        Ok(text)
    })
    .await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}
