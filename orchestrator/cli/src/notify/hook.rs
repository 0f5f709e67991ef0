//! The way to a webhook. The only file of this crate that knows reqwest.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue, USER_AGENT};
use reqwest::redirect::Policy;

use super::notice::Notice;
use crate::args::VERSION;

/// Tries for one notice, and the wait after the first that fails; it triples.
const TRIES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// A webhook.
pub(super) struct Hook {
    client: reqwest::Client,
    url: reqwest::Url,
    /// Kinds of failures that were logged: each is logged once.
    told: Mutex<BTreeSet<String>>,
}

/// Why a notice was not taken. Never holds the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    kind: String,
    again: bool,
}

impl Hook {
    /// The error says, without the URL, why there is no way to it.
    pub(super) fn new(url: &str, timeout: Duration) -> Result<Self, String> {
        let off = |why: &dyn std::fmt::Display| format!("notifications are off: {why}");
        let url = reqwest::Url::parse(url).map_err(|error| off(&error))?;
        // Whoever else needs it has installed the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder().timeout(timeout).redirect(Policy::none());
        if url.host_str().is_some_and(is_this_machine) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| off(&error.without_url()))?;
        Ok(Self { client, url, told: Mutex::default() })
    }

    /// Sends a notice, with a few tries; a failure is logged and nothing else.
    pub(super) async fn send(&self, notice: &Notice) {
        let mut wait = FIRST_WAIT;
        for attempt in 1..=TRIES {
            match self.try_once(notice).await {
                Ok(()) => return,
                Err(failure) if failure.again && attempt < TRIES => {
                    tokio::time::sleep(wait).await;
                    wait *= 3;
                }
                Err(failure) => return self.log(&failure),
            }
        }
    }

    pub(super) async fn try_once(&self, notice: &Notice) -> Result<(), Failure> {
        let body = serde_json::to_vec(notice)
            .map_err(|error| Failure { kind: error.to_string(), again: false })?;
        let request = self.client.post(self.url.clone()).body(body);
        let request =
            request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).header(
                USER_AGENT,
                format!("evolve/{}", VERSION.split(' ').next().unwrap_or_default()),
            );
        let answer = request.send().await.map_err(|error| Failure {
            kind: match () {
                () if error.is_timeout() => "it does not answer in time".to_owned(),
                () if error.is_connect() => "it cannot be reached".to_owned(),
                () => error.without_url().to_string(),
            },
            again: true,
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let again = status.is_server_error() || status.as_u16() == 429;
        Err(Failure { kind: format!("it answers with status {}", status.as_u16()), again })
    }

    fn log(&self, failure: &Failure) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(failure.kind.clone()) {
            tracing::warn!(
                "the webhook was not told something: {}; said once, the run goes on",
                failure.kind
            );
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
