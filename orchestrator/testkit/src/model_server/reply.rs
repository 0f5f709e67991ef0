//! What the server answers.

use std::time::Duration;

use evolve_core::money::TokenUsage;
use serde_json::{Value, json};

use super::Request;

/// How the answer's body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Whole.
    Whole,
    /// The first half, then the connection breaks.
    Cut,
    /// The first half, then an orderly end: no finish reason, no `[DONE]`.
    EndedEarly,
    /// The first half, then silence.
    Stalled,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A completion; streamed if the request asks for it.
    Completion { content: String, refusal: Option<String>, finish: Option<String>, course: Course },
    /// Some other HTTP response.
    Raw { status: u16, content_type: &'static str, body: String, billed: bool },
    /// The connection is reset before any answer.
    Reset,
    /// Never an answer.
    Silence,
}

#[derive(Debug, Clone)]
enum Stated {
    Computed,
    Given(TokenUsage),
    Absent,
}

/// One answer of the server. Made by its constructors, adjusted by its `with_` methods.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) kind: Kind,
    pub(super) delay: Duration,
    pub(super) headers: Vec<(&'static str, String)>,
    usage: Stated,
}

impl Reply {
    fn new(kind: Kind) -> Self {
        Self { kind, delay: Duration::ZERO, headers: Vec::new(), usage: Stated::Computed }
    }

    fn completion(content: impl Into<String>, course: Course) -> Self {
        let finish = Some("stop".to_owned());
        Self::new(Kind::Completion { content: content.into(), refusal: None, finish, course })
    }

    fn raw(status: u16, content_type: &'static str, body: impl Into<String>, billed: bool) -> Self {
        Self::new(Kind::Raw { status, content_type, body: body.into(), billed })
    }

    /// A finished answer with this text.
    pub fn text(content: impl Into<String>) -> Self {
        Self::completion(content, Course::Whole)
    }

    /// A finished answer in which the model refuses.
    pub fn refusal(why: &str) -> Self {
        let mut reply = Self::text("");
        if let Kind::Completion { refusal, .. } = &mut reply.kind {
            *refusal = Some(why.to_owned());
        }
        reply
    }

    /// An answer to a request for embeddings, in reverse order as a server may send them.
    pub fn embeddings(vectors: &[Vec<f32>], prompt_tokens: u64) -> Self {
        let items = vectors.iter().enumerate().rev();
        let items: Vec<Value> = items
            .map(|(index, v)| json!({ "object": "embedding", "index": index, "embedding": v }))
            .collect();
        let body = json!({
            "object": "list", "data": items, "model": "embedder",
            "usage": { "prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens },
        });
        Self::raw(200, "application/json", body.to_string(), true)
    }

    /// An answer whose connection breaks half-way.
    pub fn cut(content: impl Into<String>) -> Self {
        Self::completion(content, Course::Cut)
    }

    /// An answer that ends half-way as if it were finished; only the finish reason is missing.
    pub fn ended_early(content: impl Into<String>) -> Self {
        Self::completion(content, Course::EndedEarly)
    }

    /// An answer that falls silent half-way.
    pub fn stalled(content: impl Into<String>) -> Self {
        Self::completion(content, Course::Stalled)
    }

    /// Not even a status line, ever.
    pub fn silence() -> Self {
        Self::new(Kind::Silence)
    }

    /// An error in the provider's envelope with this status.
    pub fn error(status: u16, message: &str) -> Self {
        Self::raw(status, "application/json", error_body(message), false)
    }

    /// 429, with a `Retry-After` if given.
    pub fn rate_limited(retry_after: Option<&str>) -> Self {
        let reply = Self::error(429, "rate limit reached");
        match retry_after {
            Some(value) => reply.with_header("retry-after", value),
            None => reply,
        }
    }

    /// 429 as a proxy writes it: no envelope, not even JSON.
    pub fn bare_rate_limit() -> Self {
        Self::raw(429, "text/plain", "slow down", false)
    }

    /// 500 with a page that is no JSON.
    pub fn server_error() -> Self {
        Self::raw(500, "text/html", "<h1>Internal Server Error</h1>", false)
    }

    /// 200 with something that begins like JSON and is none.
    pub fn malformed_json() -> Self {
        Self::raw(200, "application/json", "{\"choices\": [{\"message\": ", true)
    }

    /// 200 with a web page.
    pub fn web_page() -> Self {
        Self::raw(200, "text/html", "<html>please sign in</html>", true)
    }

    /// 200 with an error in the body, as some gateways do.
    pub fn error_in_200(message: &str) -> Self {
        Self::raw(200, "application/json", error_body(message), true)
    }

    /// A finished answer in one piece, whether or not a stream was asked for.
    pub fn unstreamed(content: &str) -> Self {
        let body = json!({
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": content },
                "finish_reason": "stop",
            }],
            "usage": { "prompt_tokens": 100, "completion_tokens": 10 },
        });
        Self::raw(200, "application/json", body.to_string(), true).with_usage(TokenUsage {
            input: 100,
            cached: 0,
            output: 10,
        })
    }

    /// The connection is reset.
    pub fn reset() -> Self {
        Self::new(Kind::Reset)
    }

    /// With this finish reason in place of `stop`.
    #[must_use]
    pub fn with_finish(mut self, reason: &str) -> Self {
        if let Kind::Completion { finish, .. } = &mut self.kind {
            *finish = Some(reason.to_owned());
        }
        self
    }

    /// With this usage in place of a computed one.
    #[must_use]
    pub fn with_usage(mut self, usage: TokenUsage) -> Self {
        self.usage = Stated::Given(usage);
        self
    }

    /// Without any word on usage.
    #[must_use]
    pub fn without_usage(mut self) -> Self {
        self.usage = Stated::Absent;
        self
    }

    /// After this time.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Whether a provider would bill it.
    pub(super) fn is_billed(&self) -> bool {
        match &self.kind {
            Kind::Completion { .. } => true,
            Kind::Raw { billed, .. } => *billed,
            Kind::Reset | Kind::Silence => false,
        }
    }

    /// The tokens used: as given, else computed from lengths.
    pub(super) fn usage_for(&self, request: &Request) -> TokenUsage {
        if let Stated::Given(usage) = self.usage {
            return usage;
        }
        let output = match &self.kind {
            Kind::Completion { content, .. } => tokens(content.len()),
            _ => 0,
        };
        TokenUsage { input: tokens(request.prompt_bytes()), cached: 0, output }
    }

    /// The `usage` object of the answer, if it has one.
    pub(super) fn usage_json(&self, usage: TokenUsage) -> Option<Value> {
        (!matches!(self.usage, Stated::Absent)).then(|| {
            json!({
                "prompt_tokens": usage.input,
                "completion_tokens": usage.output,
                "total_tokens": usage.total(),
                "prompt_tokens_details": { "cached_tokens": usage.cached },
            })
        })
    }
}

/// A rough count, so that usage differs from request to request.
fn tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(5)
}

fn error_body(message: &str) -> String {
    json!({ "error": { "message": message, "type": "test_error", "param": null, "code": null } })
        .to_string()
}
