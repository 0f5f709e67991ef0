//! Answers in the `responses` format.

use serde_json::{Value, json};

use super::Request;
use super::wire::PIECE;

/// A whole answer.
pub(super) fn whole(
    request: &Request,
    content: &str,
    refusal: Option<&str>,
    finish: Option<&str>,
    usage: Option<Value>,
) -> Value {
    let part = match refusal {
        Some(refusal) => json!({ "type": "refusal", "refusal": refusal }),
        None => json!({ "type": "output_text", "text": content, "annotations": [] }),
    };
    let mut body = json!({
        "id": format!("resp-{}", request.number),
        "object": "response",
        "created_at": 1_767_225_600,
        "model": request.model(),
        "error": null,
        "output": [{ "type": "message", "role": "assistant", "content": [part] }],
    });
    body["status"] = json!(match finish {
        Some("length" | "content_filter") => "incomplete",
        Some(_) => "completed",
        None => "in_progress",
    });
    if body["status"] == "incomplete" {
        let reason = if finish == Some("length") { "max_output_tokens" } else { "content_filter" };
        body["incomplete_details"] = json!({ "reason": reason });
    }
    if let Some(usage) = usage {
        body["usage"] = json!({
            "input_tokens": usage["prompt_tokens"],
            "input_tokens_details": usage["prompt_tokens_details"],
            "output_tokens": usage["completion_tokens"],
        });
    }
    body
}

/// The same as the events of a stream.
pub(super) fn events(
    request: &Request,
    content: &str,
    refusal: Option<&str>,
    finish: Option<&str>,
    usage: Option<Value>,
) -> Vec<String> {
    let event = |kind: &str, mut body: Value| {
        body["type"] = json!(kind);
        format!("event: {kind}\ndata: {body}\n\n")
    };
    let begun = json!({ "response": { "id": format!("resp-{}", request.number), "status": "in_progress" } });
    let mut events = vec![event("response.created", begun)];
    let mut rest = content;
    while !rest.is_empty() {
        let end = rest.ceil_char_boundary(PIECE);
        events.push(event("response.output_text.delta", json!({ "delta": rest[..end] })));
        rest = &rest[end..];
    }
    let whole = whole(request, content, refusal, finish, usage);
    let last =
        if whole["status"] == "incomplete" { "response.incomplete" } else { "response.completed" };
    events.push(event(last, json!({ "response": whole })));
    events
}
