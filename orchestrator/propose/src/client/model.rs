//! One model: its slots, its breaker, and the loop that asks it until it answers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evolve_core::event::CallSettled;
use evolve_core::ids::BlobHash;
use evolve_core::money::{TokenUsage, Usd};
use evolve_core::outcome::CallStatus;
use evolve_core::ports::{Clock, HostFault, Meter};
use evolve_core::redact::Redactor;
use evolve_core::task::{ModelApi, ModelSection};
use evolve_prompts::Counting;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::answer::{Billed, CallEnd};
use super::breaker::{Breaker, Permit, Turn};
use super::pace::Pace;
use super::request::{Dialect, limit_of, request};
use super::retry::{delay, parse_retry_after};
use super::{Endpoint, Patience};
use crate::allowance::{Allowance, answer_tokens};

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Message {
    pub role: &'static str,
    pub content: String,
}

impl Message {
    pub(crate) fn new(role: &'static str, content: impl Into<String>) -> Self {
        Self { role, content: content.into() }
    }
}

/// How many tokens a conversation has as a prompt: its texts, and what the format
/// puts around each message.
pub(crate) fn prompt_tokens(messages: &[Message], counting: Counting) -> u64 {
    messages.iter().map(|message| counting.count(&message.content) + 4).sum::<u64>() + 3
}

/// How this model's tokens are counted: only OpenAI's tokenizer is at hand.
pub(crate) fn counting(model: &ModelSection) -> Counting {
    let name = model.name.as_str().rsplit('/').next().unwrap_or_default();
    let openai = ["gpt-", "chatgpt-", "o1", "o3", "o4"].iter().any(|own| name.starts_with(own));
    if openai { Counting::OpenAi } else { Counting::Cautious }
}

/// A model of the task, shared by all proposals.
pub(crate) struct Model {
    pub section: ModelSection,
    pub(super) endpoint: Endpoint,
    pub(super) slots: Semaphore,
    pub(super) breaker: Breaker,
    requests: Option<Pace>,
    pub(super) tokens: Option<Pace>,
    /// The server wants `max_completion_tokens`: OpenAI's newer models refuse `max_tokens`.
    wants_completion_tokens: AtomicBool,
    /// The server knows no `stream_options`; usage is estimated then.
    refuses_stream_options: AtomicBool,
}

impl Model {
    pub(crate) fn new(section: ModelSection, endpoint: Endpoint, patience: &Patience) -> Self {
        let openai = section.base_url.starts_with("https://api.openai.com/");
        Self {
            slots: Semaphore::new(section.concurrency.max(1) as usize),
            breaker: Breaker::new(patience.breaker_failures, patience.cool_down),
            requests: section.requests_per_minute.map(|n| Pace::new(n.into())),
            tokens: section.tokens_per_minute.map(Pace::new),
            wants_completion_tokens: AtomicBool::new(openai),
            refuses_stream_options: AtomicBool::new(false),
            section,
            endpoint,
        }
    }

    pub(super) fn dialect(&self) -> Dialect {
        Dialect {
            completion_tokens: self.wants_completion_tokens.load(Ordering::Relaxed),
            no_stream_options: self.refuses_stream_options.load(Ordering::Relaxed),
        }
    }

    /// The field that bounds an answer of this server.
    pub(crate) fn limit_field(&self, api: ModelApi) -> &'static str {
        limit_of(api, self.dialect())
    }

    /// Whether its streams can be asked to end with a count.
    pub(crate) fn counts_streams(&self) -> bool {
        !self.dialect().no_stream_options
    }

    /// Waits for the turn of a call of at most so many tokens.
    pub(super) async fn await_turn(&self, most: u64) {
        let now = Instant::now();
        let requests = self.requests.as_ref().map(|pace| pace.turn(1, now));
        let tokens = self.tokens.as_ref().map(|pace| pace.turn(most, now));
        if let Some(turn) = requests.max(tokens) {
            tokio::time::sleep_until(turn).await;
        }
    }

    /// Learns from a 400 that names a field this server wants otherwise. True if the next
    /// request will differ, so that it is worth sending.
    fn adapt(&self, end: &CallEnd) -> bool {
        if end.status != CallStatus::Rejected || !matches!(end.http, Some(400 | 422)) {
            return false;
        }
        let said = String::from_utf8_lossy(end.response.as_deref().unwrap_or_default());
        (said.contains("max_completion_tokens")
            && !self.wants_completion_tokens.swap(true, Ordering::Relaxed))
            || (said.contains("stream_options")
                && !self.refuses_stream_options.swap(true, Ordering::Relaxed))
    }
}

/// Why a model gave no answer.
#[derive(Debug)]
pub(crate) enum AskError {
    /// It failed, or refused, after the tries that are worth making.
    Failed(CallStatus, String),
    /// Its breaker is open; when to ask again.
    BreakerOpen(Duration),
    /// What was reserved is used up.
    SpentUp,
    /// The host cannot store the call.
    Host(HostFault),
}

impl From<HostFault> for AskError {
    fn from(fault: HostFault) -> Self {
        Self::Host(fault)
    }
}

/// Makes the calls of one proposal, or of one analysis.
pub(crate) struct Caller<'a> {
    pub meter: &'a Meter,
    pub allowance: Allowance,
    pub rng: Pcg64Mcg,
    pub patience: Patience,
    pub clock: &'a dyn Clock,
    pub redactor: &'a Redactor,
}

impl Caller<'_> {
    /// Asks until there is a finished answer. This is the only place that retries.
    pub(crate) async fn ask(
        &mut self,
        model: &Model,
        messages: &[Message],
    ) -> Result<String, AskError> {
        let (mut failures, mut billed) = (0, 0);
        loop {
            if !self.allowance.permits(&model.section) {
                return Err(AskError::SpentUp);
            }
            let end = self.call(model, messages).await?;
            if end.status == CallStatus::Ok {
                return Ok(end.content);
            }
            if model.adapt(&end) {
                continue;
            }
            failures += 1;
            billed += u32::from(end.billed != Billed::Nothing);
            let worth = is_transient(&end)
                && failures < self.patience.tries
                && billed < self.patience.billed_tries;
            let asked = end.retry_after.as_deref();
            let asked = asked.and_then(|value| parse_retry_after(value, self.clock.now()));
            match delay(&self.patience, failures, asked, &mut self.rng) {
                Some(wait) if worth => tokio::time::sleep(wait).await,
                _ => return Err(AskError::Failed(end.status, end.detail)),
            }
        }
    }

    async fn call(&mut self, model: &Model, messages: &[Message]) -> Result<CallEnd, AskError> {
        let _slot = model.slots.acquire().await;
        let most = prompt_tokens(messages, counting(&model.section))
            + u64::from(answer_tokens(&model.section));
        model.await_turn(most).await;
        let admitted = model.breaker.admit(self.clock.now());
        let permit = admitted.map_err(AskError::BreakerOpen)?;
        let request = request(&model.section, model.dialect(), messages);
        let stored = self.store(request.to_string().as_bytes())?;
        let begun = Instant::now();
        let section = &model.section;
        let mut end = model.endpoint.call(section.api, &request, section.timeout.0).await;
        explain(&mut end);
        // A provider may repeat the key, in an error or in an answer.
        end.detail = self.redactor.redact(&end.detail);
        end.content = self.redactor.redact(&end.content);
        if let Some(pace) = &model.tokens {
            pace.give_back(most.saturating_sub(usage_of(model, messages, &end).0.total()));
        }
        let latency_ms = begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        self.settle(model, messages, stored, &end, latency_ms)?;
        self.tell_breaker(model, permit, &end);
        Ok(end)
    }

    fn store(&self, bytes: &[u8]) -> Result<BlobHash, HostFault> {
        self.meter.blobs.put(&self.redactor.redact_bytes(bytes))
    }

    fn settle(
        &mut self,
        model: &Model,
        messages: &[Message],
        request: BlobHash,
        end: &CallEnd,
        latency_ms: u64,
    ) -> Result<(), HostFault> {
        let response = end.response.as_deref().map(|bytes| self.store(bytes)).transpose();
        let (usage, estimated) = usage_of(model, messages, end);
        let cost = model.section.price.map_or(Usd::ZERO, |price| price.cost(usage));
        if end.billed != Billed::Nothing {
            self.allowance.billed(cost, usage.total());
        }
        // A blob that cannot be stored must not hide that money was spent.
        self.meter.calls.settled(CallSettled {
            candidate: self.meter.candidate,
            analysis: self.meter.analysis,
            model: model.section.name.clone(),
            status: end.status,
            detail: end.detail.clone(),
            usage,
            estimated,
            cost,
            request,
            response: response.as_ref().ok().copied().flatten(),
            latency_ms,
        });
        response.map(|_| ())
    }

    fn tell_breaker(&self, model: &Model, permit: Permit<'_>, end: &CallEnd) {
        let turn = if is_outage(end) { permit.failed(self.clock.now()) } else { permit.answered() };
        match turn {
            Some(Turn::Opened) => {
                let why = format!("{}: {}", end.status.word(), end.detail);
                self.meter.calls.breaker(&model.section.name, true, &why);
            }
            Some(Turn::Closed) => {
                self.meter.calls.breaker(&model.section.name, false, "it answers again");
            }
            None => {}
        }
    }
}

/// The provider's count, else our estimate of what it may bill.
fn usage_of(model: &Model, messages: &[Message], end: &CallEnd) -> (TokenUsage, bool) {
    if let Some(usage) = end.usage {
        return (usage, false);
    }
    let limit = u64::from(answer_tokens(&model.section));
    let output = match end.billed {
        Billed::Nothing => return (TokenUsage::default(), false),
        // Whatever the estimate says, the provider was told to stop at the limit.
        Billed::Arrived => (end.arrived as u64 * 2).div_ceil(7).min(limit),
        Billed::Worst => limit,
    };
    (
        TokenUsage { input: prompt_tokens(messages, counting(&model.section)), cached: 0, output },
        true,
    )
}

/// Adds what to do where the provider's words do not say.
fn explain(end: &mut CallEnd) {
    let said = end.detail.to_lowercase();
    let too_long = ["context", "too long", "maximum"].iter().any(|word| said.contains(word));
    if end.status == CallStatus::Rejected && too_long && said.contains("token") {
        end.detail.push_str("; lower `prompts.max_tokens`, or the model's `max_tokens`");
    }
}

/// Whether the same request may succeed a moment later.
fn is_transient(end: &CallEnd) -> bool {
    match end.status {
        CallStatus::RateLimited => !is_out_of_quota(end),
        CallStatus::ServerError
        | CallStatus::Unreachable
        | CallStatus::TimedOut
        | CallStatus::Garbled => true,
        // At the token limit it would end again.
        CallStatus::Truncated => !end.finished,
        CallStatus::Ok | CallStatus::Rejected | CallStatus::Refused => false,
    }
}

/// 429 for an empty account: waiting does not fill it.
fn is_out_of_quota(end: &CallEnd) -> bool {
    let body = end.response.as_deref().unwrap_or_default();
    body.windows(18).any(|window| window == b"insufficient_quota")
}

/// Whether the failure says that the model is not to be had now, whatever the prompt. Mere
/// rate limits do not: waiting is the answer to those. Nor do answers that are too long.
fn is_outage(end: &CallEnd) -> bool {
    match end.status {
        CallStatus::ServerError
        | CallStatus::Unreachable
        | CallStatus::TimedOut
        | CallStatus::Garbled => true,
        CallStatus::RateLimited => is_out_of_quota(end),
        CallStatus::Rejected => matches!(end.http, Some(401..=404)),
        CallStatus::Truncated => !end.finished,
        CallStatus::Ok | CallStatus::Refused => false,
    }
}
