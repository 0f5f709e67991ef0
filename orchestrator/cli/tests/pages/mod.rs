//! `evolve serve` over a folder of runs, and runs to serve.

#![allow(dead_code)] // each test file uses a part of it
#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use evolve_core::event::{Envelope, Event};
use evolve_core::facts::Facts;
use evolve_core::ids::{ModelName, RunId};
use evolve_core::ports::{BlobStore, Journal, Projection};
use evolve_core::redact::Redactor;
use evolve_store::{Blobs, JournalWriter, Projections, RunDir};
use evolve_testkit::generated;

/// A server on a free port, ended when it is dropped.
pub struct Server {
    child: Child,
    /// `127.0.0.1:PORT`
    pub address: String,
}

impl Server {
    pub fn start(runs: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_evolve"))
            .args(["serve", "--port", "0", "--runs"])
            .arg(runs)
            .args(more)
            .env_remove("EVOLVE_TOKEN")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
        assert!(!address.is_empty(), "the server did not start");
        let address = address.replace("0.0.0.0", "127.0.0.1");
        Self { child, address }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ends after this signal.
    pub fn end(mut self, signal: &str) -> std::process::ExitStatus {
        Command::new("kill").args([signal, &self.pid().to_string()]).status().unwrap();
        self.child.wait().unwrap()
    }

    /// The answer to a GET with these header lines.
    pub fn get_with(&self, path: &str, headers: &[&str]) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1"), headers, "")
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub fn ask(&self, request: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let mut text = format!("{request}\r\nConnection: close\r\n");
        if !headers.iter().any(|line| line.starts_with("Host:")) {
            text += &format!("Host: {}\r\n", self.address);
        }
        for line in headers {
            text += &format!("{line}\r\n");
        }
        text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let body = plain(&head, &answer[end + 4..]);
        Answer { head, body }
    }
}

/// The body without the marks of a chunked transfer.
fn plain(head: &str, bytes: &[u8]) -> Vec<u8> {
    if !head.to_lowercase().contains("transfer-encoding: chunked") {
        return bytes.to_vec();
    }
    let mut rest = bytes;
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).unwrap();
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
        if size == 0 {
            break;
        }
    }
    body
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub struct Answer {
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// What must stay text wherever it is shown.
pub const HOSTILE: &str = "<script>window.pwned=1</script><img src=x onerror=\"window.pwned=1\">\u{1b}[31m\u{202e}'\"&{{7*7}}";
/// The same as a folder's name.
pub const HOSTILE_RUN: &str = "x\"><img src=y onerror=window.pwned=1> {{7*7}}";

/// Writes these events as a finished run.
fn write_run(runs: &Path, name: &str, make: impl FnOnce(&Blobs) -> Vec<Envelope>) {
    let run = RunDir::create(runs, &RunId::from(name)).unwrap();
    let blobs = Arc::new(Blobs::open_writer(&run, Redactor::default()).unwrap());
    let events = make(&blobs);
    let (mut journal, _) = JournalWriter::open(&run, Arc::clone(&blobs)).unwrap();
    journal.append(&events).unwrap();
    let facts = Facts::fold(&events).unwrap();
    let mut projections = Projections::open(&run, blobs, None).unwrap();
    projections.follow(&events, &facts);
    projections.settle(&facts).unwrap();
}

/// A finished run of every kind of event.
pub fn generated_run(runs: &Path, name: &str, candidates: u64) {
    write_run(runs, name, |blobs| {
        let mut events = generated::run(7, candidates, blobs).unwrap();
        name_it(&mut events, name);
        events
    });
}

fn name_it(events: &mut [Envelope], name: &str) {
    if let Some(Event::RunStarted(started)) = events.first_mut().map(|first| &mut first.event) {
        started.run = RunId::from(name);
    }
}

/// A run whose every text is hostile: names, changes, logs, words of the judge, artifacts.
pub fn hostile_run(runs: &Path) {
    write_run(runs, HOSTILE_RUN, |blobs| {
        let mut events = generated::run(5, 60, blobs).unwrap();
        name_it(&mut events, HOSTILE_RUN);
        let log = format!("{HOSTILE}\n{}\n\u{1b}]0;title\u{7}\n", "y".repeat(1_000_000));
        let log = blobs.put(log.as_bytes()).unwrap();
        let drawing = blobs.put(b"<svg onload=\"window.pwned=1\"></svg>").unwrap();
        let page = blobs.put(HOSTILE.as_bytes()).unwrap();
        for envelope in &mut events {
            match &mut envelope.event {
                Event::RunStarted(started) => {
                    started.task.task.name = HOSTILE.into();
                    started.task.task.description = Some(HOSTILE.to_owned());
                    started.sandbox = vec![HOSTILE.to_owned()];
                }
                Event::Proposed(proposed) => {
                    proposed.change.summary = HOSTILE.into();
                    proposed.change.prediction = HOSTILE.into();
                    proposed.model = proposed.model.take().map(|_| ModelName(HOSTILE.to_owned()));
                    proposed.prompt = Some(page);
                }
                Event::CallSettled(call) => {
                    call.model = ModelName(HOSTILE.to_owned());
                    call.detail = HOSTILE.into();
                }
                Event::Rejected(rejected) => rejected.detail = HOSTILE.into(),
                Event::Evaluated(evaluated) => {
                    evaluated.log = Some(log);
                    evaluated.feedback = HOSTILE.into();
                    evaluated.detail =
                        if evaluated.detail.is_empty() { String::new() } else { HOSTILE.into() };
                    evaluated.artifacts =
                        [("a.svg".to_owned(), drawing), (HOSTILE.replace('/', ""), page)].into();
                }
                Event::KnowledgeShown(shown) => shown.items.push(HOSTILE.to_owned()),
                Event::Analyzed(analyzed) => {
                    for insight in &mut analyzed.insights {
                        insight.claim = HOSTILE.into();
                        insight.recommendation = HOSTILE.into();
                    }
                }
                Event::BreakerChanged(change) => change.why = HOSTILE.into(),
                _ => {}
            }
        }
        events
    });
}

/// The folder's name as a part of an address.
pub fn hostile_path() -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    let part = |byte: u8| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    HOSTILE_RUN.bytes().map(part).collect()
}

/// Addresses of every page of a run.
pub fn pages_of(run: &str) -> Vec<String> {
    let base = format!("/runs/{run}");
    let mut pages = vec![
        base.clone(),
        format!("{base}?x=time"),
        format!("{base}?x=usd"),
        format!("{base}/candidates"),
        format!("{base}/candidates?sort=usd&q=c0"),
        format!("{base}/lineage"),
        format!("{base}/archive"),
        format!("{base}/archive?x=size&y=generation&island=0"),
        format!("{base}/front"),
        format!("{base}/insights"),
        format!("{base}/models"),
        format!("{base}/cost"),
        format!("{base}/search?q=circle"),
        format!("{base}/repeat"),
        format!("/compare?run={run}&x=time"),
    ];
    pages.extend((0..8).map(|n| format!("{base}/candidates/{n}")));
    pages
}
