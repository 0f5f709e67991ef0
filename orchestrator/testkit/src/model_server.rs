//! A real HTTP server on the loopback interface that speaks OpenAI's two formats, chat
//! completions and responses, streamed and not. A closure decides each answer; every exchange is
//! logged.

mod reply;
mod request;
mod responses;
mod socket;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use evolve_core::money::TokenUsage;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use reply::Reply;
pub use request::Request;
use socket::{Listener, Switch};

/// One request with what became of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The request as it came.
    pub request: Request,
    /// When it came. For orders and lower bounds only.
    pub arrived: Instant,
    /// The tokens the server says were used: what a provider would bill. None for answers
    /// that a provider does not bill (errors, resets).
    pub billed: Option<TokenUsage>,
    /// Whether the answer left whole. False while it is under way, when the server cut it,
    /// and when the client went away.
    pub complete: bool,
    /// Whether the client went away before the answer's end.
    pub abandoned: bool,
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// The part that request handlers share.
pub(crate) struct Shared {
    handler: Box<Handler>,
    log: Mutex<Vec<Exchange>>,
    /// Counts changes of the log, so that tests can wait for one.
    changes: watch::Sender<u64>,
}

impl Shared {
    fn change<T>(&self, change: impl FnOnce(&mut Vec<Exchange>) -> T) -> T {
        let result = change(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|n| *n += 1);
        result
    }
}

/// See the module's page. Stops when dropped.
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl ModelServer {
    /// Starts on a free port of 127.0.0.1.
    pub async fn start(
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::start_on(0, handler).await
    }

    /// Starts on this port of 127.0.0.1.
    pub async fn start_on(
        port: u16,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = Listener::bind(port).await?;
        let address = listener.address();
        let shared = Arc::new(Shared {
            handler: Box::new(handler),
            log: Mutex::new(Vec::new()),
            changes: watch::Sender::new(0),
        });
        let app = Router::new()
            .route("/v1/chat/completions", axum::routing::post(answer))
            .route("/v1/responses", axum::routing::post(answer))
            .route("/v1/embeddings", axum::routing::post(answer))
            .with_state(shared.clone())
            .into_make_service_with_connect_info::<Switch>();
        let task = tokio::spawn(async move {
            // Serving ends with the task; accept errors are retried inside.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, shared, task })
    }

    /// What belongs in a task's `base_url`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Every exchange so far, in the order in which the requests came.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.exchanges().into_iter().map(|exchange| exchange.request).collect()
    }

    /// Waits until the log satisfies a condition.
    pub async fn until(&self, condition: impl Fn(&[Exchange]) -> bool) {
        let mut changes = self.shared.changes.subscribe();
        while !condition(&self.exchanges()) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits for the end of the server, which comes when the process ends.
    pub async fn run(mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Notes how an answer ended, whichever way that happens.
pub(crate) struct Ending {
    shared: Arc<Shared>,
    number: usize,
    /// Set once the server has sent all it means to send.
    done: bool,
}

impl Ending {
    pub(crate) fn done(&mut self, complete: bool) {
        self.done = true;
        self.shared.change(|log| log[self.number].complete = complete);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.done {
            self.shared.change(|log| log[self.number].abandoned = true);
        }
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(socket): ConnectInfo<Switch>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let number = shared.change(|log| {
        let request = Request::new(log.len(), uri.path(), &headers, &body);
        log.push(Exchange {
            request,
            arrived: Instant::now(),
            billed: None,
            complete: false,
            abandoned: false,
        });
        log.len() - 1
    });
    let request = shared.log.lock().unwrap_or_else(PoisonError::into_inner)[number].request.clone();
    let ending = Ending { shared: shared.clone(), number, done: false };
    let reply = (shared.handler)(&request);
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    let usage = reply.usage_for(&request);
    if reply.is_billed() {
        shared.change(|log| log[number].billed = Some(usage));
    }
    wire::response(&request, reply, usage, ending, &socket).await
}
