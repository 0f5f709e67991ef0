//! A request as the server received it.

use axum::http::HeaderMap;
use serde_json::Value;

/// See the module's page.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its place in the server's log, from 0.
    pub number: usize,
    /// The path it was sent to.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body; null if that was no JSON.
    pub body: Value,
}

impl Request {
    pub(crate) fn new(number: usize, path: &str, headers: &HeaderMap, body: &[u8]) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let (path, body) = (path.to_owned(), serde_json::from_slice(body).unwrap_or(Value::Null));
        Self { number, path, headers, body }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The model that is asked.
    pub fn model(&self) -> &str {
        self.body["model"].as_str().unwrap_or_default()
    }

    /// Whether it is in the `responses` format.
    pub fn is_responses(&self) -> bool {
        self.path.ends_with("/responses")
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
        let list = self.body[if self.is_responses() { "input" } else { "messages" }].as_array();
        let list = list.map(Vec::as_slice).unwrap_or_default();
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
