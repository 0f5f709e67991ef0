//! The one file that knows async-openai (and reqwest below it).
//!
//! Requests and answers are raw JSON (`byot`): typed answers fail on compatible servers. The
//! library's own retry layer is replaced by [`Once`], so that retries are counted in one
//! place, and so that status and `Retry-After` of an error response are not lost.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Once as OnlyOnce;
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use evolve_core::outcome::CallStatus;
use evolve_core::task::ModelApi;
use futures::StreamExt;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use serde_json::Value;

use super::answer::{Assembly, Billed, CallEnd, MAX_ANSWER};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes kept of an error response's body.
const ERROR_BODY: usize = 64 << 10;
/// Longest wait for the usage piece once an answer is finished.
const LAST_PIECE: Duration = Duration::from_secs(10);

/// Why there can be no endpoint.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EndpointError {
    #[error("{0}")]
    BadUrl(String),
    #[error("it holds a line break or another character that cannot be sent")]
    BadKey,
    #[error("no HTTP client: {0}")]
    Http(String),
}

/// A model server's address with the key for it.
#[derive(Clone)]
pub(crate) struct Endpoint {
    http: reqwest::Client,
    base: String,
    key: Option<HeaderValue>,
    for_whole: Client<OpenAIConfig>,
    for_streams: Client<OpenAIConfig>,
}

impl Endpoint {
    pub(crate) fn new(base_url: &str, key: Option<&str>) -> Result<Self, EndpointError> {
        let url = check_url(base_url)?;
        let bearer = format!("Bearer {}", key.unwrap_or_default());
        let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| EndpointError::BadKey)?;
        bearer.set_sensitive(true); // kept out of debug output
        install_crypto();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // A redirect of a POST is a wrong base_url; following it would hide that.
            .redirect(reqwest::redirect::Policy::none());
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| EndpointError::Http(chain(&error)))?;
        // Everything that the library would take from the environment is set here.
        let config = OpenAIConfig::new()
            .with_api_base(base_url.trim_end_matches('/'))
            .with_api_key(key.unwrap_or_default())
            .with_org_id("")
            .with_project_id("");
        let has_key = key.is_some();
        let client = |streams| {
            let service = Once { http: http.clone(), has_key, streams };
            Client::build(http.clone(), config.clone()).with_http_service(service)
        };
        let (for_whole, for_streams) = (client(false), client(true));
        let base = base_url.trim_end_matches('/').to_owned();
        Ok(Self { http, base, key: key.map(|_| bearer), for_whole, for_streams })
    }

    /// Sends a request of somebody else's on, with the key, and returns what comes as it comes.
    pub(super) async fn forward(
        &self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<reqwest::Response, String> {
        let mut request = self.http.post(format!("{}/{path}", self.base));
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key);
        }
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        request.send().await.map_err(|error| chain(&error))
    }

    /// One call for embeddings, and nothing but one.
    pub(crate) async fn embed(
        &self,
        request: &Value,
        timeout: Duration,
    ) -> Result<Value, (CallStatus, String)> {
        let embeddings = self.for_whole.embeddings();
        let asked = embeddings.create_byot::<_, Value>(request);
        match tokio::time::timeout(timeout, asked).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(error)) => {
                let end = classify(ModelApi::Chat, error);
                Err((end.status, end.detail))
            }
            Err(_) => Err((CallStatus::TimedOut, format!("no answer within {timeout:?}"))),
        }
    }

    /// One call, and nothing but one. The time-out is for the whole answer; in a stream for
    /// each piece.
    pub(super) async fn call(&self, api: ModelApi, request: &Value, timeout: Duration) -> CallEnd {
        if request["stream"] == true {
            self.streamed(api, request, timeout).await
        } else {
            self.whole(api, request, timeout).await
        }
    }

    async fn whole(&self, api: ModelApi, request: &Value, timeout: Duration) -> CallEnd {
        let client = &self.for_whole;
        let asked = async {
            match api {
                ModelApi::Chat => client.chat().create_byot::<_, Value>(request).await,
                ModelApi::Responses => client.responses().create_byot::<_, Value>(request).await,
            }
        };
        match tokio::time::timeout(timeout, asked).await {
            Ok(Ok(body)) => CallEnd::whole(api, &body),
            Ok(Err(error)) => classify(api, error),
            Err(_) => CallEnd::without_answer(
                CallStatus::TimedOut,
                format!("no answer within {timeout:?}"),
                Billed::Worst,
            ),
        }
    }

    async fn streamed(&self, api: ModelApi, request: &Value, timeout: Duration) -> CallEnd {
        let late = |what: &str| (CallStatus::TimedOut, format!("no {what} within {timeout:?}"));
        let client = &self.for_streams;
        let opened = async {
            match api {
                ModelApi::Chat => client.chat().create_stream_byot::<_, Value>(request).await,
                ModelApi::Responses => {
                    client.responses().create_stream_byot::<_, Value>(request).await
                }
            }
        };
        let mut pieces = match tokio::time::timeout(timeout, opened).await {
            Ok(Ok(pieces)) => pieces,
            Ok(Err(error)) => return classify(api, error),
            Err(_) => {
                let (status, detail) = late("first byte");
                return CallEnd::without_answer(status, detail, Billed::Arrived);
            }
        };
        let mut assembly = Assembly::default();
        loop {
            let patience = if assembly.is_finished() { LAST_PIECE.min(timeout) } else { timeout };
            match tokio::time::timeout(patience, pieces.next()).await {
                Ok(Some(Ok(piece))) => assembly.add_piece(api, &piece),
                Ok(Some(Err(OpenAIError::JSONDeserialize(_, text)))) => {
                    let what = format!("a piece that is no JSON: {}", clip(&text));
                    return assembly.end(Some((CallStatus::Garbled, what)));
                }
                Ok(Some(Err(error))) => {
                    let what = format!("the stream broke: {}", chain(&error));
                    return assembly.end(Some((CallStatus::Truncated, what)));
                }
                Ok(None) => return assembly.end(None),
                Err(_) => return assembly.end(Some(late("next piece"))),
            }
            if assembly.size() > MAX_ANSWER {
                return assembly.end(Some((CallStatus::Garbled, too_long())));
            }
            if assembly.has_error() {
                return assembly.end(None);
            }
        }
    }
}

fn too_long() -> String {
    format!("the answer has more than {MAX_ANSWER} bytes")
}

fn check_url(base_url: &str) -> Result<reqwest::Url, EndpointError> {
    let bad = |why: &str| Err(EndpointError::BadUrl(why.to_owned()));
    let url = match reqwest::Url::parse(base_url) {
        Ok(url) => url,
        Err(error) => return bad(&error.to_string()),
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return bad("it must begin with http:// or https:// and name a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return bad("it holds a name or password; put the key into `api_key_env`");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return bad("it must end with the path, without `?` or `#`");
    }
    Ok(url)
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

/// TLS needs one crypto provider for the process; whoever comes first wins.
fn install_crypto() {
    static INSTALL: OnlyOnce = OnlyOnce::new();
    INSTALL.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// A response that is no answer, with what a retry needs to know.
#[derive(Debug)]
struct NoAnswer {
    status: u16,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}: {}", self.status, clip(&message_of(&self.body)))
    }
}

impl std::error::Error for NoAnswer {}

/// Sends a request once: no retries. In the place of the library's service.
#[derive(Clone)]
struct Once {
    http: reqwest::Client,
    has_key: bool,
    /// Whether an event stream is expected.
    streams: bool,
}

impl tower::Service<HttpRequestFactory> for Once {
    type Response = reqwest::Response;
    type Error = OpenAIError;
    type Future = Pin<Box<dyn Future<Output = Result<reqwest::Response, OpenAIError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let mut request = factory.build().await?;
            if this.has_key {
                if let Some(key) = request.headers_mut().get_mut(AUTHORIZATION) {
                    key.set_sensitive(true); // kept out of debug output
                }
            } else {
                request.headers_mut().remove(AUTHORIZATION);
            }
            let response = this.http.execute(request).await?;
            let header = |name| {
                let value: Option<&HeaderValue> = response.headers().get(name);
                value.and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
            };
            let (kind, retry_after) = (header(CONTENT_TYPE), header(RETRY_AFTER));
            // A web page with status 200 is a login portal or a wrong path, never an answer.
            // JSON in the place of a stream is an error, or a server that does not stream.
            let other = kind.contains("html") || (this.streams && kind.contains("json"));
            if response.status().is_success() && !other {
                return capped(response);
            }
            let status = response.status().as_u16();
            let retry_after = (!retry_after.is_empty()).then_some(retry_after);
            let most = if response.status().is_success() { MAX_ANSWER } else { ERROR_BODY };
            let body = head(response, most).await;
            Err(OpenAIError::Boxed(Box::new(NoAnswer { status, retry_after, body })))
        })
    }
}

/// Refuses a body that says it is too long; a stream is counted piece by piece.
fn capped(response: reqwest::Response) -> Result<reqwest::Response, OpenAIError> {
    match response.content_length() {
        Some(length) if length > MAX_ANSWER as u64 => {
            let status = response.status().as_u16();
            let body = too_long().into_bytes();
            Err(OpenAIError::Boxed(Box::new(NoAnswer { status, retry_after: None, body })))
        }
        _ => Ok(response),
    }
}

/// The first bytes of a body; what cannot be read is not missed.
async fn head(mut response: reqwest::Response, most: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= most {
            body.truncate(most);
            break;
        }
    }
    body
}

fn classify(api: ModelApi, error: OpenAIError) -> CallEnd {
    match error {
        OpenAIError::Boxed(boxed) => match boxed.downcast::<NoAnswer>() {
            Ok(no_answer) => by_status(api, *no_answer),
            Err(other) => {
                CallEnd::without_answer(CallStatus::Unreachable, other.to_string(), Billed::Nothing)
            }
        },
        OpenAIError::Reqwest(error) if error.is_body() || error.is_decode() => {
            let detail = format!("the answer broke off: {}", chain(&error));
            CallEnd::without_answer(CallStatus::Truncated, detail, Billed::Arrived)
        }
        OpenAIError::JSONDeserialize(error, text) => {
            CallEnd::garbled(format!("the answer is no JSON: {error}"), text.into_bytes())
        }
        OpenAIError::InvalidArgument(what) => {
            CallEnd::without_answer(CallStatus::Rejected, what, Billed::Nothing)
        }
        other => {
            let detail = chain(&other);
            CallEnd::without_answer(CallStatus::Unreachable, detail, Billed::Nothing)
        }
    }
}

fn by_status(api: ModelApi, no_answer: NoAnswer) -> CallEnd {
    let detail = no_answer.to_string();
    if (200..300).contains(&no_answer.status) {
        return match serde_json::from_slice(&no_answer.body) {
            Ok(whole) => CallEnd::whole(api, &whole),
            Err(_) => CallEnd::garbled(detail, no_answer.body),
        };
    }
    let status = match no_answer.status {
        429 => CallStatus::RateLimited,
        408 => CallStatus::TimedOut,
        500.. => CallStatus::ServerError,
        _ => CallStatus::Rejected,
    };
    let mut end = CallEnd::without_answer(status, detail, Billed::Nothing);
    end.http = Some(no_answer.status);
    end.retry_after = no_answer.retry_after;
    end.response = Some(no_answer.body);
    end
}

/// The provider's own message, or the body as it is.
fn message_of(body: &[u8]) -> String {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let message = json.as_ref().and_then(|json| json["error"]["message"].as_str());
    message.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned)
}

/// One short line.
fn clip(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.floor_char_boundary(300);
    if end < line.len() { format!("{}…", &line[..end]) } else { line }
}

/// An error with its causes: reqwest's own text says little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_url_or_key_is_an_error_not_a_panic() {
        let error = |url: &str, key| Endpoint::new(url, key).err().map(|e| e.to_string());
        assert_eq!(error("http://127.0.0.1:1/v1", Some("sk-good")), None);
        assert_eq!(error("http://127.0.0.1:1/v1/", None), None);
        for url in
            ["", "localhost:8000", "ftp://x/v1", "http://", "http://me:pw@x/v1", "http://x/v1?a=b"]
        {
            assert!(error(url, None).is_some(), "{url}");
        }
        for key in ["sk-a\nb", "sk-a\r", "sk-\u{7f}"] {
            let text = error("http://x/v1", Some(key)).unwrap();
            assert!(text.contains("line break") && !text.contains("sk-"), "{text}");
        }
    }

    #[test]
    fn only_local_servers_are_reached_without_a_proxy() {
        let local = |url| is_loopback(&reqwest::Url::parse(url).unwrap());
        assert!(local("http://127.0.0.1:8000/v1") && local("http://localhost/v1"));
        assert!(local("http://[::1]:80/v1"));
        assert!(!local("https://api.openai.com/v1") && !local("http://localhost.example/v1"));
    }
}
