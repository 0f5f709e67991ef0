//! Requests of the task's own command, passed on to a model as they are.

use std::time::Duration;

use evolve_core::money::TokenUsage;
use evolve_core::outcome::CallStatus;
use evolve_core::ports::Clock;
use evolve_core::task::ModelApi;
use reqwest::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::answer::{MAX_ANSWER, usage_of};
use super::model::Model;

/// A request with what it may take.
pub(crate) struct Forward {
    /// The interface it is for.
    pub api: ModelApi,
    /// The request.
    pub body: Value,
    /// Tokens of its prompt, as we count.
    pub input: u64,
    /// Most tokens of its answer.
    pub limit: u64,
}

/// What is heard of the answer, in order.
pub(crate) enum Heard {
    /// How it begins.
    Head { status: u16, content_type: String, retry_after: Option<String> },
    /// The next bytes of it.
    Piece(Vec<u8>),
}

/// How a forwarded request ended.
pub(crate) struct Answer {
    pub status: CallStatus,
    /// One line on why; empty when ok.
    pub detail: String,
    pub usage: TokenUsage,
    /// Whether `usage` is an estimate.
    pub estimated: bool,
    /// What came, as it came.
    pub response: Vec<u8>,
    pub latency: Duration,
}

/// Why an answer was not heard to its end.
enum Cut {
    Late,
    Broken(String),
    Unwanted,
}

impl Model {
    /// Sends a request and passes on what comes, for as long as somebody listens and `stop` does
    /// not say otherwise.
    pub(crate) async fn forward(
        &self,
        forward: &Forward,
        clock: &dyn Clock,
        mut stop: watch::Receiver<bool>,
        out: mpsc::Sender<Heard>,
    ) -> Answer {
        let mut exchange = Exchange::new(self.section.timeout.0);
        let most = forward.input.saturating_add(forward.limit);
        let ready = async {
            let slot = self.slots.acquire().await;
            self.await_turn(most).await;
            slot
        };
        let _slot = tokio::select! {
            slot = ready => slot,
            () = stopped(&mut stop) => return exchange.unsent(CallStatus::TimedOut, "not wanted any more"),
        };
        let Ok(permit) = self.breaker.admit(clock.now()) else {
            return exchange.unsent(CallStatus::Unreachable, "the model's breaker is open");
        };
        exchange.begun = Instant::now();
        let answer = exchange.run(self, forward, &mut stop, &out).await;
        if matches!(answer.status, CallStatus::ServerError | CallStatus::Unreachable) {
            permit.failed(clock.now());
        } else {
            permit.answered();
        }
        if let Some(pace) = &self.tokens {
            pace.give_back(most.saturating_sub(answer.usage.total()));
        }
        answer
    }
}

/// Resolves when it is over; never, if it never is.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|over| *over).await.is_err() {
        std::future::pending::<()>().await;
    }
}

struct Exchange {
    begun: Instant,
    patience: Duration,
    response: Vec<u8>,
    arrived: u64,
}

impl Exchange {
    fn new(patience: Duration) -> Self {
        Self { begun: Instant::now(), patience, response: Vec::new(), arrived: 0 }
    }

    fn unsent(self, status: CallStatus, why: &str) -> Answer {
        self.end(status, why.to_owned(), Some(TokenUsage::default()), TokenUsage::default())
    }

    /// The answer; without a count of the provider's, our estimate is taken.
    fn end(
        self,
        status: CallStatus,
        detail: String,
        counted: Option<TokenUsage>,
        estimate: TokenUsage,
    ) -> Answer {
        Answer {
            status,
            detail,
            usage: counted.unwrap_or(estimate),
            estimated: counted.is_none(),
            response: self.response,
            latency: self.begun.elapsed(),
        }
    }

    async fn run(
        mut self,
        model: &Model,
        forward: &Forward,
        stop: &mut watch::Receiver<bool>,
        out: &mpsc::Sender<Heard>,
    ) -> Answer {
        let path = match forward.api {
            ModelApi::Chat => "chat/completions",
            ModelApi::Responses => "responses",
        };
        let streams = forward.body["stream"] == true;
        let worst = TokenUsage { input: forward.input, cached: 0, output: forward.limit };
        let sent = model.endpoint.forward(path, forward.body.to_string().into_bytes());
        let sent = tokio::select! {
            sent = tokio::time::timeout(self.patience, sent) => sent,
            () = stopped(stop) => {
                return self.end(CallStatus::TimedOut, "not waited for".to_owned(), None, worst);
            }
        };
        let mut response = match sent {
            Ok(Ok(response)) => response,
            Ok(Err(why)) => {
                return self.end(CallStatus::Unreachable, why, Some(TokenUsage::default()), worst);
            }
            Err(_) => {
                let why = format!("no answer within {:?}", self.patience);
                return self.end(CallStatus::TimedOut, why, None, worst);
            }
        };
        let status = response.status().as_u16();
        let header = |name: HeaderName| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned)
        };
        let content_type = header(CONTENT_TYPE).unwrap_or_default();
        let head = Heard::Head { status, content_type, retry_after: header(RETRY_AFTER) };
        let mut wanted = out.send(head).await.is_ok();
        let cut = loop {
            if !wanted {
                break Some(Cut::Unwanted);
            }
            match self.piece(&mut response, stop).await {
                Ok(Some(piece)) => wanted = out.send(Heard::Piece(piece)).await.is_ok(),
                Ok(None) => break None,
                Err(why) => break Some(why),
            }
        };
        self.verdict(status, cut, streams, worst)
    }

    async fn piece(
        &mut self,
        response: &mut reqwest::Response,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Option<Vec<u8>>, Cut> {
        let piece = tokio::select! {
            piece = tokio::time::timeout(self.patience, response.chunk()) => piece,
            () = stopped(stop) => return Err(Cut::Unwanted),
        };
        let piece =
            piece.map_err(|_| Cut::Late)?.map_err(|error| Cut::Broken(error.to_string()))?;
        if let Some(piece) = &piece {
            self.arrived += piece.len() as u64;
            let room = MAX_ANSWER.saturating_sub(self.response.len());
            self.response.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        Ok(piece.map(|piece| piece.to_vec()))
    }

    fn verdict(self, status: u16, cut: Option<Cut>, streams: bool, worst: TokenUsage) -> Answer {
        let nothing = Some(TokenUsage::default());
        let kind = match status {
            200..300 => None,
            429 => Some(CallStatus::RateLimited),
            500.. => Some(CallStatus::ServerError),
            _ => Some(CallStatus::Rejected),
        };
        if let Some(kind) = kind {
            return self.end(kind, format!("HTTP {status}"), nothing, worst);
        }
        let counted = counted(&self.response);
        // A stream may be billed as far as it came, in pieces of at least a token each; a whole
        // answer that was not heard to its end may be billed in full.
        let estimate = if streams {
            TokenUsage { output: worst.output.min(self.arrived), ..worst }
        } else {
            worst
        };
        let (kind, detail) = match cut {
            None => (CallStatus::Ok, String::new()),
            Some(Cut::Unwanted) => (CallStatus::Truncated, "not heard to its end".to_owned()),
            Some(Cut::Late) => {
                (CallStatus::TimedOut, format!("nothing more within {:?}", self.patience))
            }
            Some(Cut::Broken(why)) => (CallStatus::Truncated, format!("it broke off: {why}")),
        };
        self.end(kind, detail, counted, estimate)
    }
}

/// The provider's count, in an answer or in the events of a stream.
fn counted(response: &[u8]) -> Option<TokenUsage> {
    let of =
        |value: &Value| usage_of(&value["usage"]).or_else(|| usage_of(&value["response"]["usage"]));
    if let Ok(whole) = serde_json::from_slice::<Value>(response) {
        return of(&whole);
    }
    let text = String::from_utf8_lossy(response);
    let events = text.lines().rev().filter_map(|line| line.strip_prefix("data:"));
    let events = events.filter(|event| event.contains("\"usage\""));
    events.filter_map(|event| serde_json::from_str(event).ok()).find_map(|event| of(&event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_found_in_answers_and_in_streams_of_both_interfaces() {
        let usage = Some(TokenUsage { input: 5, cached: 0, output: 2 });
        for text in [
            r#"{"usage": {"prompt_tokens": 5, "completion_tokens": 2}}"#,
            r#"{"usage": {"input_tokens": 5, "output_tokens": 2}}"#,
            "data: {\"choices\": [], \"usage\": null}\n\ndata: {\"usage\": {\"prompt_tokens\": 5, \
             \"completion_tokens\": 2}}\n\ndata: [DONE]\n\n",
            "event: response.completed\ndata: {\"response\": {\"usage\": {\"input_tokens\": 5, \
             \"output_tokens\": 2}}}\n\n",
        ] {
            assert_eq!(counted(text.as_bytes()), usage, "{text}");
        }
        for text in ["", "data: {\"x\"", "data: {}\n"] {
            assert_eq!(counted(text.as_bytes()), None, "{text}");
        }
    }
}
