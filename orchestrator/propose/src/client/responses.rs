//! Answers of the `responses` interface.

use serde_json::Value;

use super::answer::Assembly;

impl Assembly {
    /// Adds an event of a stream. The last one holds the answer whole.
    pub(super) fn add_event(&mut self, event: &Value) {
        let delta = event["delta"].as_str().unwrap_or_default();
        match event["type"].as_str().unwrap_or_default() {
            "response.output_text.delta" => {
                self.has_choice = true;
                self.content.push_str(delta);
            }
            "response.refusal.delta" => self.refusal.push_str(delta),
            kind if kind.starts_with("response.reasoning") => self.reasoning += delta.len(),
            "response.completed" | "response.incomplete" | "response.failed" => {
                self.add_response(&event["response"]);
            }
            "error" => self.error = Some(message_of(event)),
            _ => {}
        }
    }

    /// Adds a whole answer; its text takes the place of what came in pieces.
    pub(super) fn add_response(&mut self, body: &Value) {
        let text = |key: &str| body[key].as_str().map(str::to_owned);
        self.id = self.id.take().or_else(|| text("id"));
        self.model = self.model.take().or_else(|| text("model"));
        if body["error"].is_object() {
            self.error = Some(message_of(&body["error"]));
        }
        if body["usage"].is_object() {
            self.usage = Some(body["usage"].clone());
        }
        let items = body["output"].as_array().map(Vec::as_slice).unwrap_or_default();
        let (mut content, mut refusal) = (String::new(), String::new());
        for item in items.iter().filter(|item| item["type"] == "message") {
            self.has_choice = true;
            for part in item["content"].as_array().into_iter().flatten() {
                content.push_str(part["text"].as_str().unwrap_or_default());
                refusal.push_str(part["refusal"].as_str().unwrap_or_default());
            }
        }
        if !items.is_empty() {
            (self.content, self.refusal) = (content, refusal);
        }
        self.finish = match body["status"].as_str().unwrap_or_default() {
            "completed" => Some("stop".to_owned()),
            "incomplete" => Some(match body["incomplete_details"]["reason"].as_str() {
                Some("content_filter") => "content_filter".to_owned(),
                _ => "length".to_owned(),
            }),
            "failed" | "cancelled" => {
                self.error.get_or_insert_with(|| "the provider gave up on it".to_owned());
                None
            }
            _ => None,
        };
    }
}

fn message_of(error: &Value) -> String {
    error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::answer::CallEnd;
    use evolve_core::money::TokenUsage;
    use evolve_core::outcome::CallStatus;
    use evolve_core::task::ModelApi;
    use serde_json::{Value, json};

    fn end(body: &Value) -> CallEnd {
        CallEnd::whole(ModelApi::Responses, body)
    }

    #[test]
    fn thinking_is_left_out_and_parts_are_joined() {
        let end = end(&json!({ "status": "completed", "output": [
            { "type": "reasoning", "summary": [{ "text": "hm" }] },
            { "type": "message", "content": [{ "type": "output_text", "text": "a" },
                                             { "type": "output_text", "text": "b" }] }],
            "usage": { "input_tokens": 7, "output_tokens": 2 } }));
        assert_eq!((end.status, end.content.as_str()), (CallStatus::Ok, "ab"));
        assert_eq!(end.usage, Some(TokenUsage { input: 7, cached: 0, output: 2 }));
    }

    #[test]
    fn what_is_no_finished_answer_is_told_apart() {
        let message = |part: Value| json!([{ "type": "message", "content": [part] }]);
        let text = message(json!({ "text": "x" }));
        for (body, status) in [
            (
                json!({ "status": "incomplete", "output": text,
                     "incomplete_details": { "reason": "max_output_tokens" } }),
                CallStatus::Truncated,
            ),
            (
                json!({ "status": "incomplete", "output": [],
                     "incomplete_details": { "reason": "content_filter" } }),
                CallStatus::Refused,
            ),
            (
                json!({ "status": "completed", "output": message(json!({ "refusal": "no" })) }),
                CallStatus::Refused,
            ),
            (
                json!({ "status": "failed", "error": { "message": "overloaded" } }),
                CallStatus::Garbled,
            ),
            (json!({ "status": "in_progress", "output": text }), CallStatus::Truncated),
            (json!({ "status": "completed", "output": [] }), CallStatus::Garbled),
            (json!({ "hello": 1 }), CallStatus::Garbled),
        ] {
            assert_eq!(end(&body).status, status, "{body}");
        }
    }
}
