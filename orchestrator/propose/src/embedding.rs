//! Embeddings from an OpenAI-compatible endpoint.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use evolve_core::event::{CallSettled, Reservation};
use evolve_core::money::{Price, TokenUsage, Usd};
use evolve_core::outcome::CallStatus;
use evolve_core::ports::{BoxFuture, Embedder, HostFault, Meter};
use evolve_core::redact::Redactor;
use evolve_core::task::EmbeddingSection;
use serde_json::{Value, json};

use crate::client::Endpoint;
use crate::setup::{Keys, SetupError, endpoint};

/// Bytes of a text that are sent: small models take about 500 tokens.
const LONGEST: usize = 2_000;
/// Texts of one request.
const BATCH: usize = 64;
/// How long a server that failed is left alone.
const COOL_DOWN: Duration = Duration::from_mins(1);

/// A model behind `/v1/embeddings`.
pub struct ServedEmbedder(Arc<Server>);

struct Server {
    section: EmbeddingSection,
    endpoint: Endpoint,
    redactor: Redactor,
    /// When it failed last.
    failed: Mutex<Option<Instant>>,
}

impl ServedEmbedder {
    /// The embedder of a task's `[embedding]`.
    pub fn new(section: &EmbeddingSection, keys: &Keys) -> Result<Self, SetupError> {
        let variable = section.api_key_env.clone().unwrap_or_default();
        let key = keys.of_embedding(section);
        let endpoint = endpoint(&section.name, &section.base_url, &variable, key)?;
        let redactor = Redactor::new(keys.secrets());
        let failed = Mutex::default();
        Ok(Self(Arc::new(Server { section: section.clone(), endpoint, redactor, failed })))
    }
}

impl Embedder for ServedEmbedder {
    fn name(&self) -> String {
        format!("{} at {}", self.0.section.name, self.0.section.base_url)
    }

    /// A token is at least a byte.
    fn reservation(&self) -> Reservation {
        let tokens = LONGEST as u64;
        Reservation { usd: self.0.cost(tokens), tokens }
    }

    fn embed(
        &self,
        texts: Vec<String>,
        meter: Option<Meter>,
    ) -> BoxFuture<Result<Vec<Vec<f32>>, HostFault>> {
        let server = Arc::clone(&self.0);
        Box::pin(async move {
            let mut vectors = Vec::with_capacity(texts.len());
            for batch in texts.chunks(BATCH) {
                vectors.extend(server.batch(batch, meter.as_ref()).await?);
            }
            let length = vectors.first().map_or(0, Vec::len);
            if length == 0 && !texts.is_empty() || vectors.iter().any(|v| v.len() != length) {
                return Err(server.fault("it gives vectors of unequal length"));
            }
            Ok(vectors)
        })
    }
}

impl Server {
    fn cost(&self, tokens: u64) -> Usd {
        let price = self.section.price.unwrap_or(0.0);
        let usage = TokenUsage { input: tokens, cached: 0, output: 0 };
        Price { input: price, cached: None, output: 0.0 }.cost(usage)
    }

    fn fault(&self, why: &str) -> HostFault {
        let section = &self.section;
        HostFault::new(format!(
            "embeddings of `{}` from {} cannot be had: {}; retrieval goes by words meanwhile",
            section.name,
            section.base_url,
            self.redactor.redact(why)
        ))
    }

    async fn batch(
        &self,
        texts: &[String],
        meter: Option<&Meter>,
    ) -> Result<Vec<Vec<f32>>, HostFault> {
        let cooling = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if cooling.is_some_and(|at| at.elapsed() < COOL_DOWN) {
            return Err(self.fault("it failed a moment ago"));
        }
        let sent: Vec<String> = texts.iter().map(|text| self.sent(text)).collect();
        let request = json!({
            "model": self.section.name, "input": sent, "encoding_format": "float",
        });
        let begun = Instant::now();
        let answer = self.endpoint.embed(&request, self.section.timeout.0).await;
        let latency = begun.elapsed();
        let read = answer.as_ref().map_err(|(_, why)| why.clone());
        let read = read.and_then(|body| vectors(body, texts.len()));
        let usage = answer.as_ref().ok().and_then(|body| body["usage"]["prompt_tokens"].as_u64());
        let status = match (&answer, &read) {
            (Err((status, _)), _) => *status,
            (Ok(_), Err(_)) => CallStatus::Garbled,
            (Ok(_), Ok(_)) => CallStatus::Ok,
        };
        if let Some(meter) = meter {
            let detail = read.as_ref().err().cloned().unwrap_or_default();
            // What came is paid for; of what did not come nobody knows.
            let estimate = sent.iter().map(|text| (text.len() as u64).div_ceil(3)).sum();
            let tokens = if answer.is_ok() { usage.unwrap_or(estimate) } else { 0 };
            self.settle(meter, &request, status, &detail, tokens, usage.is_none(), latency)?;
        }
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) =
            read.is_err().then(Instant::now);
        read.map_err(|why| self.fault(&why))
    }

    /// The beginning of a text, on one line: servers differ in what they make of line breaks.
    fn sent(&self, text: &str) -> String {
        let text = self.redactor.redact(text);
        let line = text[..text.floor_char_boundary(LONGEST)].split_whitespace();
        let line = line.collect::<Vec<_>>().join(" ");
        if line.is_empty() { "-".to_owned() } else { line } // an empty input is an error at most
    }

    #[allow(clippy::too_many_arguments)] // the parts of one record
    fn settle(
        &self,
        meter: &Meter,
        request: &Value,
        status: CallStatus,
        detail: &str,
        tokens: u64,
        estimated: bool,
        latency: Duration,
    ) -> Result<(), HostFault> {
        let request = meter.blobs.put(request.to_string().as_bytes())?;
        meter.calls.settled(CallSettled {
            candidate: meter.candidate,
            analysis: meter.analysis,
            model: self.section.name.clone(),
            status,
            detail: self.redactor.redact(detail),
            usage: TokenUsage { input: tokens, cached: 0, output: 0 },
            estimated,
            cost: self.cost(tokens),
            request,
            response: None,
            latency_ms: latency.as_millis().try_into().unwrap_or(u64::MAX),
        });
        Ok(())
    }
}

/// The vectors of an answer in the order of the texts.
fn vectors(body: &Value, count: usize) -> Result<Vec<Vec<f32>>, String> {
    let data = body["data"].as_array().ok_or("the answer has no list `data`")?;
    if data.len() != count {
        return Err(format!("{} vectors came for {count} texts", data.len()));
    }
    let mut vectors = vec![Vec::new(); count];
    for (place, item) in data.iter().enumerate() {
        let index = item["index"].as_u64().and_then(|i| usize::try_from(i).ok()).unwrap_or(place);
        let numbers = item["embedding"].as_array().ok_or("an item has no list `embedding`")?;
        let vector: Option<Vec<f32>> = numbers
            .iter()
            .map(|number| number.as_f64().map(|n| n as f32).filter(|n| n.is_finite()))
            .collect();
        let vector = vector.ok_or("an embedding holds something that is no number")?;
        *vectors.get_mut(index).ok_or("an item has an index beyond the texts")? = vector;
    }
    if vectors.iter().any(Vec::is_empty) {
        return Err("a text got no vector".to_owned());
    }
    Ok(vectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_put_in_order_and_nonsense_is_refused() {
        let of = |text: &str, count| vectors(&serde_json::from_str(text).unwrap(), count);
        let good = r#"{"data":[{"index":1,"embedding":[3,4]},{"index":0,"embedding":[1,2]}]}"#;
        assert_eq!(of(good, 2).unwrap(), [[1.0, 2.0], [3.0, 4.0]]);
        for bad in [
            r#"{"data":[{"index":0,"embedding":[1]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1]},{"index":9,"embedding":[2]}]}"#,
            r#"{"data":[{"embedding":["x"]},{"embedding":[2]}]}"#,
            r#"{"data":"none"}"#,
            "{}",
        ] {
            assert!(of(bad, 2).is_err(), "{bad}");
        }
    }
}
