//! The canonical hash: equal for two runs that found the same things in the same order.

use serde::Serialize;
use serde_json::{Value, json};

use super::Facts;
use crate::ids::BlobHash;

/// Keys that hold time, usage, host, the run's own name, or who is told of it.
const LEFT_OUT: &[&str] = &[
    "at",
    "selected_at",
    "usage",
    "host",
    "run",
    "evolve",
    "sandbox",
    "last_at",
    "started_at",
    "wall",
    "proposer",
    "log",
    "notify",
];

impl Facts {
    /// A hash over all facts except time, usage, host and run id. Logs are left out too:
    /// they are what programs print, and may hold any of these.
    pub fn canonical_hash(&self) -> BlobHash {
        let mut hasher = blake3::Hasher::new();
        let mut add = |value: Value| {
            hasher.update(clean(value).to_string().as_bytes());
            hasher.update(b"\n");
        };
        add(json!({
            "task": to_value(&self.run.task), "program": self.run.program, "seed": self.run.seed,
            "budget": to_value(&self.budget), "phase": to_value(&self.phase),
            "counts": to_value(&self.counts), "best": self.best,
            "promotions": to_value(&self.promotions), "ready": to_value(&self.ready),
            "evaluating": to_value(&self.evaluating), "proposing": to_value(&self.proposing),
            "orphans": to_value(&self.orphans),
            "contenders": to_value(&self.contenders), "spend": to_value(&self.spend),
            "insights": to_value(&self.insights), "analysing": to_value(&self.analysing), "next_seq": self.next_seq,
        }));
        for candidate in &self.candidates {
            add(to_value(candidate));
        }
        BlobHash(*hasher.finalize().as_bytes())
    }
}

fn to_value(value: &impl Serialize) -> Value {
    // Facts are maps with text keys, numbers and texts: they always serialise.
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// Without the keys that are left out; object keys come out sorted.
fn clean(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(key, _)| !LEFT_OUT.contains(&key.as_str()))
            .map(|(key, value)| (key, clean(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(clean).collect(),
        other => other,
    }
}
