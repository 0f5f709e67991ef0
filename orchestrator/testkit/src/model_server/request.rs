//! A chat-completions request as the server received it.

use axum::http::HeaderMap;
use serde_json::Value;

/// See the module's page.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its place in the server's log, from 0.
    pub number: usize,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body; null if that was no JSON.
    pub body: Value,
}

impl Request {
    pub(crate) fn new(number: usize, headers: &HeaderMap, body: &[u8]) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        Self { number, headers, body: serde_json::from_slice(body).unwrap_or(Value::Null) }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The model that is asked.
    pub fn model(&self) -> &str {
        self.body["model"].as_str().unwrap_or_default()
    }

    /// Whether a stream is asked for.
    pub fn is_stream(&self) -> bool {
        self.body["stream"] == true
    }

    /// Whether a stream should end with a usage chunk.
    pub fn wants_usage(&self) -> bool {
        self.body["stream_options"]["include_usage"] == true
    }

    /// The messages as (role, content).
    pub fn messages(&self) -> Vec<(&str, &str)> {
        let list = self.body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter()
            .map(|message| {
                let text = |key: &str| message[key].as_str().unwrap_or_default();
                (text("role"), text("content"))
            })
            .collect()
    }

    /// The last message's content.
    pub fn last(&self) -> &str {
        self.messages().last().map_or("", |(_, content)| content)
    }

    /// Total length of the messages, in bytes.
    pub(super) fn prompt_bytes(&self) -> usize {
        self.messages().iter().map(|(_, content)| content.len()).sum()
    }
}
