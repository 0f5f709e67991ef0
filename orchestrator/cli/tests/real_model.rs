//! A run with a model server that this project did not write: llama.cpp with a small real model,
//! as `.ci/real-model` installs it.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::Place;

/// The server, for as long as its standard input is held.
struct Server {
    child: Child,
    base_url: String,
}

impl Server {
    /// None, said and counted, where it is not installed.
    fn start(test: &str) -> Option<Self> {
        let python = target().join("real-model/bin/python");
        if !python.exists() {
            support::skipped(test, "real-model", ".ci/real-model was not run");
            return None;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_model/serve.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg("0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let base_url = line.trim().strip_prefix("ready ").unwrap_or_else(|| panic!("{line}"));
        Some(Self { base_url: base_url.to_owned(), child })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The build folder that holds the binary under test.
fn target() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_evolve")).ancestors().nth(2).unwrap().to_owned()
}

fn events(place: &Place, kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(place.run_dir().join("events.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|event| event["event"] == kind).collect()
}

/// Starts the task with this server; the program it began with needs better steps.
fn run(server: &Server, more: &[&str]) -> Place {
    let place = Place::new();
    let task = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_model/task");
    let url = format!("model.0.base_url={}", server.base_url);
    let fixed = ["start", task.to_str().unwrap(), "-q", "--set", &url, "--budget", "wall=10m"];
    place.ok(&[&fixed, more].concat());
    place
}

#[test]
fn twenty_proposals_of_a_real_model_come_through_a_server_of_somebody_else() {
    let Some(server) = Server::start("a real model's proposals") else { return };
    let place = run(&server, &[]);
    let status = place.json(&["status", "--json"]);
    assert_eq!(status["candidates"]["evaluated"], 20, "{status:#}");
    assert!(status["best"]["gain"].as_f64().unwrap() > 0.0, "{status}");
    let calls = events(&place, "call-settled");
    assert!(calls.len() >= 20);
    for call in &calls {
        assert_eq!(call["status"], "ok", "{call}");
        // Counted by the server, within what was reserved.
        assert!(call["estimated"].is_null(), "{call}");
        assert!(call["usage"]["input"].as_u64().unwrap() <= 1_200, "{call}");
        assert!(call["usage"]["output"].as_u64().unwrap() <= 80, "{call}");
    }
    place.ok(&["verify"]);
}

#[test]
fn the_other_interface_and_unstreamed_answers_come_through_as_well() {
    let Some(server) = Server::start("a real model's other interface") else { return };
    for more in [
        ["--set", "model.0.api=responses", "--budget", "candidates=2"],
        ["--set", "model.0.stream=false", "--budget", "candidates=2"],
    ] {
        let place = run(&server, &more);
        assert_eq!(place.json(&["status", "--json"])["candidates"]["evaluated"], 2);
        let calls = events(&place, "call-settled");
        assert!(
            calls.iter().all(|call| call["status"] == "ok" && call["estimated"].is_null()),
            "{calls:#?}"
        );
    }
}

#[test]
fn a_prompt_above_the_models_context_ends_the_run_with_what_to_do() {
    let Some(server) = Server::start("a prompt above a real model's context") else { return };
    let place = Place::new();
    let task = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_model/task");
    let long = "A model reads all of this, word by word. ".repeat(800);
    let args = ["start", task.to_str().unwrap(), "-q", "--set"];
    let url = format!("model.0.base_url={}", server.base_url);
    let description = format!("task.description={long}");
    let rest = [&url, "--set", &description, "--set", "prompts.max_tokens=32000"];
    let (code, said) = place.fails(&[&args[..], &rest[..]].concat());
    assert_eq!(code, 5, "{said}");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("lower `prompts.max_tokens`"), "{said}");
}
