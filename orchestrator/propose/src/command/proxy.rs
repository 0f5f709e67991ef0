//! The only way out of a command's sandbox: a server that speaks the models' own interface, adds
//! their keys, and counts what is spent. It listens on a Unix socket that sandboxes lead to.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use evolve_core::task::ModelApi;
use futures::stream;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::guest::{Guest, Opened};
use super::request::{Refused, prepare};
use crate::client::{Heard, Model, counting};

/// Largest request, in bytes.
const LARGEST: usize = 16 << 20;

/// See the module's page. Ends when dropped.
pub(super) struct Proxy {
    socket: PathBuf,
    _folder: tempfile::TempDir,
    desk: Arc<Desk>,
    server: JoinHandle<()>,
}

struct Desk {
    models: Vec<Arc<Model>>,
    guests: Mutex<HashMap<String, Arc<Guest>>>,
}

impl Desk {
    fn guests(&self) -> MutexGuard<'_, HashMap<String, Arc<Guest>>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proxy {
    /// Opens it; needs a runtime.
    pub(super) fn open(models: Vec<Arc<Model>>) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("evolve-proxy-").tempdir()?;
        let socket = folder.path().join("socket");
        let listener = tokio::net::UnixListener::bind(&socket)?;
        // Who is in a sandbox is somebody else; nobody else can enter the folder.
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666))?;
        let desk = Arc::new(Desk { models, guests: Mutex::default() });
        let app = Router::new()
            .route("/v1/models", get(list))
            .route("/v1/chat/completions", post(chat))
            .route("/v1/responses", post(responses))
            .fallback(async || {
                refusal(404, "there are /v1/chat/completions, /v1/responses and /v1/models")
            })
            .layer(DefaultBodyLimit::max(LARGEST))
            .with_state(Arc::clone(&desk));
        let server = tokio::spawn(async move {
            // Serving ends with the task; accept errors are retried inside.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { socket, _folder: folder, desk, server })
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Lets a guest in who shows the pass that is returned.
    pub(super) fn admit(&self, guest: Arc<Guest>) -> io::Result<String> {
        let mut random = [0; 24];
        getrandom::fill(&mut random)?;
        let digits: Vec<String> = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let pass = format!("evolve-{}", digits.concat());
        self.desk.guests().insert(pass.clone(), guest);
        Ok(pass)
    }

    /// Lets it in no more.
    pub(super) fn dismiss(&self, pass: &str) {
        self.desk.guests().remove(pass);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// An error in the shape that clients of this interface understand.
fn refusal(status: u16, why: &str) -> Response {
    let body = json!({ "error": { "message": why, "type": "evolve", "code": null } });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [("content-type", "application/json")], body.to_string()).into_response()
}

/// Whose pass the request shows.
fn guest_of(desk: &Desk, headers: &HeaderMap) -> Option<Arc<Guest>> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let pass = bearer.or_else(|| header("x-api-key")).or_else(|| header("api-key"))?;
    desk.guests().get(pass.trim()).map(Arc::clone)
}

const NO_PASS: &str =
    "the key is not that of a proposal under way; use OPENAI_API_KEY as it is given";

async fn list(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    if guest_of(&desk, &headers).is_none() {
        return refusal(401, NO_PASS);
    }
    let model = |model: &Arc<Model>| json!({ "id": model.section.name, "object": "model" });
    let list =
        json!({ "object": "list", "data": desk.models.iter().map(model).collect::<Vec<_>>() });
    ([("content-type", "application/json")], list.to_string()).into_response()
}

async fn chat(desk: State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&desk, &headers, ModelApi::Chat, &body).await
}

async fn responses(desk: State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&desk, &headers, ModelApi::Responses, &body).await
}

async fn answer(desk: &Desk, headers: &HeaderMap, api: ModelApi, body: &[u8]) -> Response {
    let Some(guest) = guest_of(desk, headers) else { return refusal(401, NO_PASS) };
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return refusal(400, "the request is no JSON");
    };
    let Some(model) = model_for(desk, &guest, &body) else {
        return refusal(404, "the task has no model");
    };
    // Everything in it counts: messages, tools, formats.
    let input = counting(&model.section).count(&body.to_string());
    let (forward, held) = match prepare(api, body, input, &model, &guest.purse) {
        Ok(prepared) => prepared,
        Err(Refused::Field(why)) => return refusal(400, &why),
        Err(Refused::Spent) => {
            return refusal(403, "what this proposal may spend is used up: end with what you have");
        }
    };
    match guest.send(model, forward, held).await {
        Ok(Some(opened)) => pass_on(guest, opened),
        Ok(None) => refusal(502, "the model cannot be reached"),
        Err(fault) => refusal(500, &fault.what),
    }
}

/// The model that is asked for by name; else the first of the strategy's order.
fn model_for(desk: &Desk, guest: &Guest, body: &Value) -> Option<Arc<Model>> {
    let named = |name: &str| desk.models.iter().find(|model| model.section.name.as_str() == name);
    let asked = body["model"].as_str().and_then(named);
    let first = || guest.order.iter().find_map(|name| named(name.as_str()));
    asked.or_else(first).or_else(|| desk.models.first()).map(Arc::clone)
}

fn pass_on(guest: Arc<Guest>, opened: Opened) -> Response {
    let Heard::Head { status, content_type, retry_after } = opened.head else {
        return refusal(502, "the model gave an answer without a beginning");
    };
    let rest = stream::unfold((guest, opened.rest), |(guest, mut rest)| async move {
        let Heard::Piece(piece) = rest.recv().await? else { return None };
        let piece = Bytes::from(guest.redact(&piece));
        Some((Ok::<_, io::Error>(piece), (guest, rest)))
    });
    let mut builder = Response::builder().status(status).header("content-type", content_type);
    if let Some(after) = retry_after {
        builder = builder.header("retry-after", after);
    }
    builder
        .body(Body::from_stream(rest))
        .unwrap_or_else(|_| refusal(502, "the model's answer has headers that are none"))
}
