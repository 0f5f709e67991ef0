//! What a command may ask of a model: whatever has a cost that is known beforehand.

use evolve_core::task::ModelApi;
use serde_json::{Value, json};

use super::purse::{Held, Purse};
use crate::client::{Forward, Model};

/// Why a request is not sent on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It has a field whose cost cannot be told.
    Field(String),
    /// The purse does not allow it.
    Spent,
}

/// Fields by which a server adds to the prompt what only it knows.
const HIDDEN: [&str; 4] = ["previous_response_id", "conversation", "prompt", "background"];

/// Fields that multiply the price; without them a request is answered all the same.
const DEARER: [&str; 5] = ["n", "best_of", "service_tier", "store", "prediction"];

/// The request as it is sent on, with what was set aside for it.
pub(super) fn prepare(
    api: ModelApi,
    mut body: Value,
    input: u64,
    model: &Model,
    purse: &Purse,
) -> Result<(Forward, Held), Refused> {
    let Some(fields) = body.as_object_mut() else {
        return Err(Refused::Field("the request is no object".to_owned()));
    };
    if let Some(field) = HIDDEN.iter().find(|field| fields.get(**field).is_some_and(is_set)) {
        return Err(Refused::Field(format!(
            "`{field}` is not allowed here: its cost is not known"
        )));
    }
    if let Some(tool) = fields.get("tools").and_then(hosted_tool) {
        return Err(Refused::Field(format!(
            "the tool `{tool}` is the provider's own and is not allowed here: its cost is not known"
        )));
    }
    for field in DEARER {
        fields.remove(field);
    }
    let limits = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
    let asked = limits.iter().find_map(|field| fields.get(*field).and_then(Value::as_u64));
    for field in limits {
        fields.remove(field);
    }
    let held = purse.hold(&model.section, input, asked).ok_or(Refused::Spent)?;
    fields.insert("model".to_owned(), json!(model.section.name));
    fields.insert(model.limit_field(api).to_owned(), json!(held.limit));
    if api == ModelApi::Responses {
        fields.insert("store".to_owned(), json!(false));
    } else if fields.get("stream") == Some(&json!(true)) && model.counts_streams() {
        fields.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    }
    Ok((Forward { api, body, input, limit: held.limit }, held))
}

fn is_set(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

/// The first tool that the provider itself would run.
fn hosted_tool(tools: &Value) -> Option<&str> {
    let kinds = tools.as_array().into_iter().flatten().filter_map(|tool| tool["type"].as_str());
    kinds
        .into_iter()
        .find(|kind| !matches!(*kind, "function" | "custom" | "local_shell" | "apply_patch"))
}
