//! Replies as bytes on the wire.

use std::io;

use axum::body::{Body, Bytes};
use axum::response::Response;
use evolve_core::money::TokenUsage;
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use super::reply::{Course, Kind};
use super::socket::Switch;
use super::{Ending, Reply, Request, responses};

/// Bytes of one streamed piece of content.
pub(super) const PIECE: usize = 24;

pub(super) async fn response(
    request: &Request,
    reply: Reply,
    usage: TokenUsage,
    mut ending: Ending,
    socket: &Switch,
) -> Response<Body> {
    let usage = reply.usage_json(usage);
    let headers = reply.headers;
    let (status, content_type, body) = match reply.kind {
        Kind::Silence => std::future::pending().await,
        Kind::Reset => {
            socket.throw();
            ending.done(false);
            (200, "text/plain", Body::empty())
        }
        Kind::Raw { status, content_type, body, .. } => {
            (status, content_type, whole(vec![body], ending))
        }
        Kind::Completion { content, refusal, finish, course } if request.is_stream() => {
            let mut events = if request.is_responses() {
                responses::events(request, &content, refusal.as_deref(), finish.as_deref(), usage)
            } else {
                stream_events(request, &content, refusal, finish, usage)
            };
            if course != Course::Whole {
                events.truncate(events.len() / 2);
            }
            (200, "text/event-stream", on_course(events, course, ending))
        }
        Kind::Completion { content, refusal, mut finish, course } => {
            if course == Course::EndedEarly {
                finish = None;
            }
            let whole = if request.is_responses() { responses::whole } else { completion };
            let mut text =
                whole(request, &content, refusal.as_deref(), finish.as_deref(), usage).to_string();
            if matches!(course, Course::Cut | Course::Stalled) {
                text.truncate(text.floor_char_boundary(text.len() / 2));
            }
            (200, "application/json", on_course(vec![text], course, ending))
        }
    };
    let mut builder = Response::builder().status(status).header("content-type", content_type);
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    builder.body(body).unwrap_or_else(|_| Response::new(Body::from("bad reply header")))
}

fn completion(
    request: &Request,
    content: &str,
    refusal: Option<&str>,
    finish: Option<&str>,
    usage: Option<Value>,
) -> Value {
    let mut body = json!({
        "id": format!("chatcmpl-{}", request.number),
        "object": "chat.completion",
        "created": 1_767_225_600,
        "model": request.model(),
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": content, "refusal": refusal },
            "finish_reason": finish,
        }],
    });
    if let Some(usage) = usage {
        body["usage"] = usage;
    }
    body
}

fn stream_events(
    request: &Request,
    content: &str,
    refusal: Option<String>,
    finish: Option<String>,
    usage: Option<Value>,
) -> Vec<String> {
    let chunk = |delta: Value, finish: Option<String>| {
        json!({
            "id": format!("chatcmpl-{}", request.number),
            "object": "chat.completion.chunk",
            "created": 1_767_225_600,
            "model": request.model(),
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
        })
    };
    let mut chunks = vec![chunk(json!({ "role": "assistant", "content": "" }), None)];
    if let Some(refusal) = refusal {
        chunks.push(chunk(json!({ "refusal": refusal }), None));
    }
    let mut rest = content;
    while !rest.is_empty() {
        let end = rest.ceil_char_boundary(PIECE);
        chunks.push(chunk(json!({ "content": rest[..end] }), None));
        rest = &rest[end..];
    }
    chunks.push(chunk(json!({}), finish));
    if let (true, Some(usage)) = (request.wants_usage(), usage) {
        let mut last = chunk(json!({}), None);
        last["choices"] = json!([]);
        last["usage"] = usage;
        chunks.push(last);
    }
    let mut events: Vec<String> = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn whole(parts: Vec<String>, ending: Ending) -> Body {
    on_course(parts, Course::Whole, ending)
}

/// A body that sends the parts and then ends as its course says.
fn on_course(parts: Vec<String>, course: Course, mut ending: Ending) -> Body {
    let parts = stream::iter(parts).map(|part| Ok::<_, io::Error>(Bytes::from(part)));
    let tail = stream::once(async move {
        match course {
            Course::Whole => ending.done(true),
            Course::EndedEarly => ending.done(false),
            Course::Cut => {
                ending.done(false);
                // What was sent before must reach the client before the connection breaks.
                tokio::task::yield_now().await;
                return Some(Err(io::ErrorKind::ConnectionReset.into()));
            }
            Course::Stalled => std::future::pending().await,
        }
        None
    })
    .filter_map(std::future::ready);
    Body::from_stream(parts.chain(tail))
}
