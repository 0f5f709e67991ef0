//! What a configuration of another system comes to in our words, gathered key by key.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::models::{Draft, Shared};

/// See the module's page. What is absent keeps its default.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub description: Option<String>,
    pub language: Option<String>,
    /// What the name of the program's temporary file ends with.
    pub suffix: Option<String>,
    /// Largest program in bytes.
    pub max_size: Option<u64>,
    /// Seconds for an evaluation, or for one of its stages.
    pub timeout: Option<f64>,
    pub cascade: Option<bool>,
    pub thresholds: Option<Vec<f64>>,
    /// Metrics that are no part of the mean.
    pub features: Vec<String>,
    /// Keyword arguments of the evaluator's function.
    pub arguments: Option<Value>,
    /// Arguments of the evaluator's script.
    pub more_arguments: Vec<String>,
    pub program: Option<String>,
    pub evaluator: Option<String>,
    pub text_feedback: Option<bool>,
    pub budget: Map<String, Value>,
    pub search: Map<String, Value>,
    pub run: Map<String, Value>,
    pub resources: Map<String, Value>,
    /// Parameters of `map-elites`, which are used if feature dimensions are named.
    pub grid: Map<String, Value>,
    /// Operators of models, by weight; used if there are models.
    pub operators: BTreeMap<&'static str, f64>,
    pub shared: Shared,
    pub models: Vec<Draft>,
    /// Which of them have a key of their own (`primary_model`, `secondary_model`).
    pub named: [Option<usize>; 2],
    /// Whether the file holds a key itself.
    pub holds_secret: bool,
    pub notes: Vec<String>,
}

impl Settings {
    /// A number of programs shown beside the parent; those of several keys add up.
    pub(super) fn show(&mut self, more: u64) {
        let before = self.search.get("inspirations").and_then(Value::as_u64).unwrap_or(0);
        self.search.insert("inspirations".to_owned(), json!((before + more).min(16)));
    }

    /// Most islands that there can be are 64.
    pub(super) fn islands(&mut self, count: u64) {
        self.search.insert("islands".to_owned(), json!(count.clamp(1, 64)));
    }

    pub(super) fn archive(&mut self, count: u64) {
        self.search.insert("archive".to_owned(), json!(count.clamp(2, 100_000)));
    }

    /// The axes of a grid, and with them the strategy that has one.
    pub(super) fn features(&mut self, names: Vec<String>) {
        let axes: Vec<&str> = names
            .iter()
            .map(|name| if name == "diversity" { "distance" } else { name.as_str() })
            .collect();
        if axes.len() > 4 {
            let left_out = axes[4..].join(", ");
            self.notes.push(format!("a grid has at most 4 axes; left out: {left_out}"));
        }
        self.grid.insert("descriptors".to_owned(), json!(axes[..axes.len().min(4)]));
        self.search.insert("strategy".to_owned(), json!("map-elites"));
        self.features = names;
    }
}
