//! Texts and files of a candidate as they are.

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use evolve_core::facts::CandidateFacts;
use evolve_core::{BlobHash, CandidateId, Program};

use super::Site;
use super::answer::{Failure, aside};
use super::runs::Live;

/// The candidate with this name.
pub(super) fn candidate<'a>(live: &'a Live, name: &str) -> Result<&'a CandidateFacts, Failure> {
    let id: CandidateId = name.parse().map_err(|error| Failure::bad(format!("{error}")))?;
    let found = live.facts().candidate(id);
    found.map(AsRef::as_ref).ok_or_else(|| {
        let last = CandidateId(live.facts().candidates.len().saturating_sub(1) as u64);
        Failure::missing(format!("the run has no candidate {id}; they go up to {last}"))
    })
}

/// `…/program/FILE`
pub(super) async fn program(
    State(site): State<Site>,
    Path((run, name, file)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    aside(move || {
        site.runs.with(&run, |live| {
            let hash = candidate(live, &name)?.program;
            let hash = hash.ok_or_else(|| Failure::missing("it has no program"))?;
            let program = Program::from_bytes(&live.blobs().get(hash)?)
                .map_err(|error| Failure::broken(format!("its program cannot be read: {error}")))?;
            let text = program.files.get(&file).cloned();
            let text = text.ok_or_else(|| Failure::missing(format!("it has no file {file}")))?;
            Ok(as_text(text.into_bytes()))
        })
    })
    .await
}

/// `…/artifact/NAME`: pictures as such, everything else to be saved.
pub(super) async fn artifact(
    State(site): State<Site>,
    Path((run, name, artifact)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    aside(move || {
        site.runs.with(&run, |live| {
            let evaluation = candidate(live, &name)?.evaluation.as_ref();
            let hash = evaluation.and_then(|evaluation| evaluation.artifacts.get(&artifact));
            let hash = hash.ok_or_else(|| Failure::missing(format!("no artifact {artifact}")))?;
            let bytes = live.blobs().get(*hash)?;
            Ok(match picture(&bytes) {
                Some(kind) => ([(CONTENT_TYPE, kind)], bytes).into_response(),
                None => to_save(bytes),
            })
        })
    })
    .await
}

/// `…/text/log`, `prompt`, `request-N`, `answer-N`, N from 1.
pub(super) async fn text(
    State(site): State<Site>,
    Path((run, name, what)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    aside(move || {
        site.runs.with(&run, |live| {
            let candidate = candidate(live, &name)?;
            let hash = stored(candidate, &what);
            let hash = hash.ok_or_else(|| Failure::missing(format!("it has no {what}")))?;
            Ok(as_text(live.blobs().get(hash)?))
        })
    })
    .await
}

fn stored(candidate: &CandidateFacts, what: &str) -> Option<BlobHash> {
    let call = |number: &str| {
        let place = number.parse::<usize>().ok()?.checked_sub(1)?;
        candidate.calls.get(place)
    };
    match what.split_once('-') {
        Some(("request", number)) => call(number).map(|(request, _)| *request),
        Some(("answer", number)) => call(number).and_then(|(_, answer)| *answer),
        _ if what == "log" => candidate.evaluation.as_ref()?.log,
        _ if what == "prompt" => candidate.prompt,
        _ => None,
    }
}

fn as_text(bytes: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], bytes).into_response()
}

fn to_save(bytes: Vec<u8>) -> Response {
    let kind = HeaderValue::from_static("application/octet-stream");
    let save = HeaderValue::from_static("attachment");
    (StatusCode::OK, [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, save)], bytes).into_response()
}

/// The type of a picture that cannot carry a script, by its first bytes.
pub(super) fn picture(bytes: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &'static str); 4] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"BM", "image/bmp"),
    ];
    let web = bytes.len() > 12 && bytes.starts_with(b"RIFF") && &bytes[8..12] == b"WEBP";
    let found = known.into_iter().find(|(first, _)| bytes.starts_with(first)).map(|(_, kind)| kind);
    found.or_else(|| web.then_some("image/webp"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_without_scripts_are_shown() {
        assert_eq!(picture(b"\x89PNG\r\n\x1a\n..."), Some("image/png"));
        assert_eq!(picture(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        for other in [&b"<svg onload=alert(1)>"[..], b"<html>", b"", b"RIFF", b"%PDF"] {
            assert_eq!(picture(other), None);
        }
    }
}
