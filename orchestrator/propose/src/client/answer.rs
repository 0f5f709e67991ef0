//! What came back from a model, put together from a whole body or from pieces.

use evolve_core::money::TokenUsage;
use evolve_core::outcome::CallStatus;
use evolve_core::task::ModelApi;
use serde_json::{Value, json};

/// Most bytes of an answer; what is longer is garbage.
pub(super) const MAX_ANSWER: usize = 8 << 20;

/// How much of a call a provider may bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Billed {
    /// Nothing: there was no answer.
    Nothing,
    /// The prompt, and the answer as far as it arrived.
    Arrived,
    /// The prompt, and perhaps a whole answer that nobody saw.
    Worst,
}

/// How one call ended.
#[derive(Debug, Clone)]
pub(super) struct CallEnd {
    pub status: CallStatus,
    /// One line on why; empty when ok.
    pub detail: String,
    /// The text that arrived.
    pub content: String,
    /// Bytes that arrived as content, refusals and reasoning included; for estimates.
    pub arrived: usize,
    /// Whether the provider said why the answer ends where it ends.
    pub finished: bool,
    /// As the provider counted.
    pub usage: Option<TokenUsage>,
    pub billed: Billed,
    /// The answer as received; a stream in the shape of a whole answer.
    pub response: Option<Vec<u8>>,
    /// The `Retry-After` header.
    pub retry_after: Option<String>,
    /// The HTTP status of an error response.
    pub http: Option<u16>,
}

impl CallEnd {
    /// A call that ended without an answer.
    pub(super) fn without_answer(
        status: CallStatus,
        detail: impl Into<String>,
        billed: Billed,
    ) -> Self {
        Self {
            status,
            detail: detail.into(),
            content: String::new(),
            arrived: 0,
            finished: false,
            usage: None,
            billed,
            response: None,
            retry_after: None,
            http: None,
        }
    }

    /// A 200 whose body is no answer.
    pub(super) fn garbled(detail: impl Into<String>, body: Vec<u8>) -> Self {
        let mut end = Self::without_answer(CallStatus::Garbled, detail, Billed::Arrived);
        end.response = Some(body);
        end
    }

    /// A whole answer.
    pub(super) fn whole(api: ModelApi, body: &Value) -> Self {
        let mut assembly = Assembly::default();
        match api {
            ModelApi::Chat => assembly.add(body, "message"),
            ModelApi::Responses => assembly.add_response(body),
        }
        assembly.end(None).with_response(body.to_string().into_bytes())
    }

    fn with_response(mut self, response: Vec<u8>) -> Self {
        self.response = Some(response);
        self
    }
}

/// An answer under construction.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) content: String,
    pub(super) refusal: String,
    /// Bytes of reasoning that some servers stream beside the content.
    pub(super) reasoning: usize,
    pub(super) finish: Option<String>,
    pub(super) usage: Option<Value>,
    pub(super) error: Option<String>,
    /// Whether there was anything of an answer.
    pub(super) has_choice: bool,
    pieces: usize,
}

impl Assembly {
    /// Adds a streamed piece.
    pub(super) fn add_piece(&mut self, api: ModelApi, piece: &Value) {
        self.pieces += 1;
        match api {
            ModelApi::Chat => self.add(piece, "delta"),
            ModelApi::Responses => self.add_event(piece),
        }
    }

    fn add(&mut self, body: &Value, part: &str) {
        if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
            let message = error["message"].as_str().or_else(|| error.as_str());
            self.error = Some(message.map_or_else(|| error.to_string(), str::to_owned));
        }
        let text = |key: &str| body[key].as_str().map(str::to_owned);
        self.id = self.id.take().or_else(|| text("id"));
        self.model = self.model.take().or_else(|| text("model"));
        if let Some(usage) = body.get("usage").filter(|usage| usage.is_object()) {
            self.usage = Some(usage.clone());
        }
        let Some(choice) = body["choices"].get(0) else { return };
        self.has_choice = true;
        let message = &choice[part];
        push_text(&message["content"], &mut self.content);
        push_text(&message["refusal"], &mut self.refusal);
        for key in ["reasoning_content", "reasoning"] {
            self.reasoning += message[key].as_str().map_or(0, str::len);
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.finish = Some(reason.to_owned());
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    pub(super) fn has_error(&self) -> bool {
        self.error.is_some()
    }

    pub(super) fn size(&self) -> usize {
        self.content.len() + self.refusal.len() + self.reasoning
    }

    /// The end of the answer. `broken` says how the transport failed, if it did, which no
    /// longer matters once the answer had its finish reason.
    pub(super) fn end(self, broken: Option<(CallStatus, String)>) -> CallEnd {
        let (status, detail) = self.verdict(broken);
        CallEnd {
            status,
            detail,
            arrived: self.size(),
            finished: self.finish.is_some(),
            usage: self.usage.as_ref().and_then(usage_of),
            billed: Billed::Arrived,
            response: (self.pieces > 0).then(|| self.as_whole().to_string().into_bytes()),
            retry_after: None,
            http: None,
            content: self.content,
        }
    }

    fn verdict(&self, broken: Option<(CallStatus, String)>) -> (CallStatus, String) {
        if let Some(error) = &self.error {
            return (CallStatus::Garbled, format!("an error in the place of an answer: {error}"));
        }
        let Some(finish) = &self.finish else {
            return broken.unwrap_or_else(|| {
                if self.has_choice || self.pieces > 0 {
                    (CallStatus::Truncated, "the answer ended without a finish reason".to_owned())
                } else {
                    (CallStatus::Garbled, "the body holds no answer".to_owned())
                }
            });
        };
        match finish.as_str() {
            _ if !self.refusal.is_empty() => (CallStatus::Refused, self.refusal.clone()),
            "content_filter" => {
                (CallStatus::Refused, "the provider's content filter stopped the answer".to_owned())
            }
            "length" | "max_tokens" => (
                CallStatus::Truncated,
                "the answer reached the token limit; raise the model's `max_tokens`".to_owned(),
            ),
            _ if self.content.trim().is_empty() => {
                (CallStatus::Garbled, "the answer is empty".to_owned())
            }
            _ => (CallStatus::Ok, String::new()),
        }
    }

    /// A stream in the shape of an unstreamed answer.
    fn as_whole(&self) -> Value {
        let mut whole = json!({
            "object": "chat.completion",
            "id": self.id,
            "model": self.model,
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": self.content },
                "finish_reason": self.finish,
            }],
            "streamed_pieces": self.pieces,
        });
        if !self.refusal.is_empty() {
            whole["choices"][0]["message"]["refusal"] = json!(self.refusal);
        }
        if let Some(usage) = &self.usage {
            whole["usage"] = usage.clone();
        }
        if let Some(error) = &self.error {
            whole["error"] = json!({ "message": error });
        }
        whole
    }
}

/// Content is a text, or a list of parts with a text each.
fn push_text(content: &Value, into: &mut String) {
    if let Some(text) = content.as_str() {
        into.push_str(text);
    }
    for part in content.as_array().into_iter().flatten() {
        into.push_str(part["text"].as_str().unwrap_or_default());
    }
}

/// The token counts, if the object holds any, in the words of either interface.
pub(super) fn usage_of(usage: &Value) -> Option<TokenUsage> {
    let count = |one: &str, other: &str| usage[one].as_u64().or_else(|| usage[other].as_u64());
    let input = count("prompt_tokens", "input_tokens")?;
    let details = ["prompt_tokens_details", "input_tokens_details"];
    let cached = details.iter().find_map(|key| usage[key]["cached_tokens"].as_u64());
    Some(TokenUsage {
        input,
        cached: cached.unwrap_or(0).min(input),
        output: count("completion_tokens", "output_tokens").unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(choice: &Value) -> CallEnd {
        CallEnd::whole(ModelApi::Chat, &json!({ "choices": [choice] }))
    }

    #[test]
    fn finish_reasons_of_other_servers_are_finish_reasons() {
        for reason in ["stop", "eos", "end_turn", "stop_sequence"] {
            let end = whole(&json!({ "message": { "content": "x" }, "finish_reason": reason }));
            assert_eq!(end.status, CallStatus::Ok, "{reason}");
        }
    }

    #[test]
    fn what_is_no_finished_answer_is_told_apart() {
        let status = |body: &Value| CallEnd::whole(ModelApi::Chat, body).status;
        let choice = |message: Value, finish: Value| json!({ "choices": [{ "message": message, "finish_reason": finish }] });
        assert_eq!(status(&choice(json!({"content": "x"}), json!(null))), CallStatus::Truncated);
        assert_eq!(
            status(&choice(json!({"content": "x"}), json!("length"))),
            CallStatus::Truncated
        );
        assert_eq!(
            status(&choice(json!({"content": ""}), json!("content_filter"))),
            CallStatus::Refused
        );
        assert_eq!(status(&choice(json!({"refusal": "no"}), json!("stop"))), CallStatus::Refused);
        assert_eq!(status(&choice(json!({"content": " \n"}), json!("stop"))), CallStatus::Garbled);
        assert_eq!(status(&json!({"error": {"message": "overloaded"}})), CallStatus::Garbled);
        assert_eq!(status(&json!({"hello": 1})), CallStatus::Garbled);
        assert_eq!(status(&json!("text")), CallStatus::Garbled);
    }

    #[test]
    fn content_in_parts_is_joined() {
        let parts = json!([{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }]);
        let end = whole(&json!({ "message": { "content": parts }, "finish_reason": "stop" }));
        assert_eq!(end.content, "ab");
    }

    #[test]
    fn usage_is_read_with_its_cached_part() {
        let usage = json!({ "prompt_tokens": 10, "completion_tokens": 3,
            "prompt_tokens_details": { "cached_tokens": 99 } });
        assert_eq!(usage_of(&usage), Some(TokenUsage { input: 10, cached: 10, output: 3 }));
        let usage = json!({ "input_tokens": 10, "output_tokens": 3,
            "input_tokens_details": { "cached_tokens": 4 } });
        assert_eq!(usage_of(&usage), Some(TokenUsage { input: 10, cached: 4, output: 3 }));
        assert_eq!(usage_of(&json!({ "prompt_tokens": -1 })), None);
        assert_eq!(usage_of(&json!({})), None);
    }
}
