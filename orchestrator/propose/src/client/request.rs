//! A request in the words of either interface.

use evolve_core::task::{ModelApi, ModelSection};
use serde_json::{Value, json};

use super::model::Message;
use crate::allowance::answer_tokens;

/// What a server was found to want otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    /// `max_completion_tokens`: OpenAI's newer models refuse `max_tokens`.
    pub completion_tokens: bool,
    /// No `stream_options`; usage is estimated then.
    pub no_stream_options: bool,
}

/// The request for an answer to these messages.
pub(super) fn request(section: &ModelSection, dialect: Dialect, messages: &[Message]) -> Value {
    let mut request = json!(section.extra);
    request["model"] = json!(section.name);
    request["stream"] = json!(section.stream);
    if let Some(temperature) = section.temperature {
        request["temperature"] = json!(temperature);
    }
    if let Some(top_p) = section.top_p {
        request["top_p"] = json!(top_p);
    }
    match section.api {
        ModelApi::Chat => {
            request["messages"] = json!(messages);
            request[limit_of(section.api, dialect)] = json!(answer_tokens(section));
            if section.stream && !dialect.no_stream_options {
                request["stream_options"] = json!({ "include_usage": true });
            }
            if let Some(effort) = &section.reasoning_effort {
                request["reasoning_effort"] = json!(effort);
            }
        }
        ModelApi::Responses => {
            request["input"] = json!(messages);
            request[limit_of(section.api, dialect)] = json!(answer_tokens(section));
            // Everything is on record here; nothing needs to be kept there.
            request["store"] = json!(false);
            if let Some(effort) = &section.reasoning_effort {
                request["reasoning"] = json!({ "effort": effort });
            }
        }
    }
    request
}

/// The field that bounds the answer.
pub(super) fn limit_of(api: ModelApi, dialect: Dialect) -> &'static str {
    match api {
        ModelApi::Responses => "max_output_tokens",
        ModelApi::Chat if dialect.completion_tokens => "max_completion_tokens",
        ModelApi::Chat => "max_tokens",
    }
}
