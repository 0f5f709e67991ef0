//! Runs whose proposals are made by a program of the task's own, in the real sandbox, with a real
//! server behind the proxy.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod support;

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use evolve_core::money::TokenUsage;
use evolve_testkit::{ModelServer, Reply};
use serde_json::Value;
use support::Place;

const KEY: &str = "sk-a-very-secret-key-0123456789";

/// An agent as a user would write it: asks the model for a step and edits the program in place.
const AGENT: &str = r#"
import json, os, re, urllib.request, urllib.error

def ask(text, **more):
    body = {"model": os.environ["EVOLVE_MODEL"], "messages": [{"role": "user", "content": text}], **more}
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        json.dumps(body).encode(),
        {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read().decode()

orders = open(os.environ["EVOLVE_PROMPT"]).read()
assert "Find the two numbers" in orders and "X = " in orders
answer = json.loads(ask(orders))
step = float(answer["choices"][0]["message"]["content"])
streamed = ask("again", stream=True)
assert "data: [DONE]" in streamed and '"usage"' in streamed, streamed
text = open("program.py").read()
text = re.sub(r"X = (.*)", lambda m: f"X = {float(m[1]) + step}", text)
open("program.py", "w").write(text)
open("notes.txt", "w").write("not part of the program")
open(os.environ["EVOLVE_SUMMARY"], "w").write("Idea: move X by the model's step\n")
print("edited by", step)
"#;

fn command_toml(server: Option<&ModelServer>, command: &str, more: &str) -> String {
    let model = server.map_or_else(String::new, |server| {
        format!(
            "[[model]]\nname = \"tester\"\nbase_url = \"{}\"\napi_key_env = \"TEST_KEY\"\n\
             price = {{ input = 1.0, output = 4.0 }}\nmax_tokens = 2000\n",
            server.base_url()
        )
    });
    Place::task_toml(&format!(
        "[command]\nrun = [\"python3\", \"agent.py\"]\nfiles = [\"agent.py\"]\n{command}\n{model}\
         [search]\noperators = {{ diff = 1.0 }}\n[run]\nproposal_slots = 2\n{more}\n"
    ))
}

async fn run(place: &Place, args: &[&str], sandbox: &str) -> (i32, String, String) {
    let mut command = place.command(args);
    command.env("TEST_KEY", KEY).env("EVOLVE_SANDBOX", sandbox);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The run's events of one kind.
fn events(place: &Place, kind: &str) -> Vec<Value> {
    let runs = std::fs::read_dir(place.runs()).unwrap().map(|run| run.unwrap().path());
    let Some(run) = runs.min() else { return Vec::new() };
    let text = std::fs::read_to_string(run.join("events.jsonl")).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|event| event["event"] == kind).collect()
}

async fn improves_in(sandbox: &str) {
    let place = Place::new();
    let count = Arc::new(AtomicU64::new(0));
    let number = Arc::clone(&count);
    // No two steps are alike, else the programs were duplicates.
    let server = ModelServer::start(move |_| {
        Reply::text(format!("{}", 0.1 + number.fetch_add(1, Ordering::Relaxed) as f64 / 1000.0))
    });
    let server = server.await.unwrap();
    place.write("agent.py", AGENT);
    let budget = "[budget]\ncandidates = 6\nusd = 5.0\n";
    place.write("task.toml", &command_toml(Some(&server), "", budget));
    let (code, out, err) = run(&place, &["start", "task"], sandbox).await;
    assert_eq!(code, 0, "{out}{err}");
    assert!(err.contains("a command proposes: python3 agent.py"), "{err}");
    let status = place.json(&["status", "--json"]);
    assert_eq!(status["candidates"]["evaluated"], 6);
    assert!(status["best"]["gain"].as_f64().unwrap() > 0.0);
    // The proxy put the key in, which nobody else saw.
    let exchanges = server.exchanges();
    assert!(exchanges.len() >= 12, "{}", exchanges.len());
    let bearer = format!("Bearer {KEY}");
    assert!(exchanges.iter().all(|e| e.request.header("authorization") == Some(&bearer)));
    // Every cent is counted, of streams too.
    let billed: u64 =
        exchanges.iter().filter_map(|e| e.billed).map(|usage| usage.input + usage.output * 4).sum();
    let usd = status["cost"]["usd"].as_f64().unwrap();
    assert!((usd - billed as f64 / 1e6).abs() < 1e-9, "{usd} {billed}");
    let proposed = events(&place, "proposed");
    assert_eq!(proposed[0]["change"]["summary"], "move X by the model's step");
    let best = place.json(&["best", "--json"]);
    let path = place.path().join(best["path"].as_str().unwrap());
    let program = std::fs::read_to_string(path).unwrap();
    assert!(!program.contains("urllib") && program.contains("EVOLVE-BLOCK"), "{program}");
    place.ok(&["verify"]);
    let id = place.run_dir().file_name().unwrap().to_str().unwrap().to_owned();
    let out = place.ok(&["start", "task", "--proposer", &format!("replay:{id}")]);
    assert!(out.contains("the same decisions"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_edits_a_copy_and_asks_models_through_the_proxy() {
    improves_in("process").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_works_without_isolation_too() {
    improves_in("unconfined").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_works_in_containers() {
    if !support::has_docker("an agent in containers") {
        return;
    }
    improves_in("docker").await;
}

/// Runs proposals of an agent that is a Python script until one is rejected, and returns that.
fn rejected(agent: &str, command: &str) -> Value {
    let place = Place::new();
    place.write("agent.py", agent);
    place.write("task.toml", &command_toml(None, command, ""));
    let mut run = place.command(&["start", "task", "-q"]);
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    let event = loop {
        assert!(Instant::now() < deadline, "nothing was rejected: {agent}");
        if place.runs().exists()
            && let Some(event) = events(&place, "rejected").into_iter().next()
        {
            break event;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    place.ok(&["stop", "latest", "--now"]);
    run.wait().unwrap();
    event
}

#[test]
fn what_a_command_does_wrong_is_told_apart() {
    for (agent, command, reason, said) in [
        ("import sys\nprint('no key')\nsys.exit(3)", "", "command-failed", "exit code 3: no key"),
        (
            "import time\ntime.sleep(60)",
            "timeout = \"300ms\"",
            "command-failed",
            "not done in time",
        ),
        ("x = bytearray(1 << 30)", "memory = \"64MiB\"", "command-failed", "memory"),
        ("pass", "", "no-change", "same as before"),
        ("open('program.py', 'w').write('X = 1\\nY = 1\\n')", "", "outside-region", "program.py:1"),
        ("import os\nos.remove('program.py')", "", "outside-region", "the file is gone"),
        ("import os\nos.symlink('/etc/passwd', 'link')", "", "command-failed", "a link"),
        ("open('program.py', 'ab').write(b'\\xff')", "", "patch-failed", "not text"),
    ] {
        let event = rejected(agent, command);
        assert_eq!(event["reason"], reason, "{agent}: {event}");
        assert!(event["detail"].as_str().unwrap().contains(said), "{agent}: {event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_goes_back_to_the_command_once() {
    let place = Place::new();
    // The syntax error of the first start is what the second one finds and mends.
    place.write(
        "agent.py",
        "import os, re\ntext = open('program.py').read()\n\
         if 'does not parse' in open(os.environ['EVOLVE_PROMPT']).read():\n\
         \x20   text = text.replace('X = (', 'X = 2.5')\nelse:\n\
         \x20   text = re.sub('X = .*', 'X = (', text)\nopen('program.py', 'w').write(text)\n",
    );
    place.write("task.toml", &command_toml(None, "", "[budget]\ncandidates = 1\n"));
    let (code, out, err) = run(&place, &["start", "task"], "process").await;
    assert_eq!(code, 0, "{out}{err}");
    let proposed = events(&place, "proposed");
    assert_eq!(proposed[0]["repairs"], 1, "{proposed:?}");
    assert!(place.json(&["status", "--json"])["best"]["gain"].as_f64().unwrap() > 0.0);
}

/// Tries what it should not be able to do, and prints what came of it.
const NOSY: &str = r#"
import json, os, socket, sys, urllib.request, urllib.error

def post(path, body, key=None):
    headers = {"Authorization": "Bearer " + (key or os.environ["OPENAI_API_KEY"])}
    url = os.environ["OPENAI_BASE_URL"] + path
    try:
        data = None if body is None else json.dumps(body).encode()
        answer = urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=20)
        return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()

hi = [{"role": "user", "content": "hi"}]
found = {}
found["models"] = post("/models", None)[1]
found["wrong key"] = post("/chat/completions", {"messages": hi}, "guess")[0]
found["hidden"] = post("/responses", {"input": "x", "previous_response_id": "r"})[0]
found["hosted"] = post("/responses", {"input": "x", "tools": [{"type": "web_search"}]})[0]
found["other path"] = post("/embeddings", {"input": "x"})[0]
found["many"] = post("/chat/completions", {"messages": hi, "n": 50, "max_tokens": 10**9})[0]
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
    found["around"] = "reached"
except OSError as error:
    found["around"] = "not reached"
found["environment"] = "sk-a-very" in str(dict(os.environ))
codes = [post("/chat/completions", {"messages": hi})[0] for _ in range(40)]
found["spent"] = [codes[0], codes[-1]]
print("FOUND " + json.dumps(found))
sys.exit(9)
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_command_reaches_nothing_else_and_spends_no_more_than_it_may() {
    let usage = TokenUsage { input: 400, cached: 0, output: 600 };
    let server = ModelServer::start(move |_| Reply::text("ok").with_usage(usage)).await.unwrap();
    let port = server.base_url().rsplit(':').next().unwrap().replace("/v1", "");
    let place = Place::new();
    place.write("agent.py", NOSY);
    let toml = command_toml(Some(&server), "tokens = 20000", "[budget]\nwall = \"60s\"\n");
    let run_it = format!("run = [\"python3\", \"agent.py\", \"127.0.0.1\", \"{port}\"]");
    place.write("task.toml", &toml.replace("run = [\"python3\", \"agent.py\"]", &run_it));
    run(&place, &["start", "task", "-q"], "process").await;
    let rejected = events(&place, "rejected");
    let detail = rejected[0]["detail"].as_str().unwrap();
    assert!(detail.contains("exit code 9: FOUND"), "{detail}");
    // The whole line is in the record of the proposal.
    let record = place.ok(&["prompt", "latest", rejected[0]["candidate"].as_str().unwrap()]);
    let line = record.lines().find_map(|line| line.strip_prefix("FOUND ")).unwrap();
    let found: Value = serde_json::from_str(line).unwrap();
    assert!(found["models"].as_str().unwrap().contains("tester"), "{found}");
    assert_eq!(found["wrong key"], 401, "{found}");
    assert_eq!((&found["hidden"], &found["hosted"]), (&400.into(), &400.into()), "{found}");
    assert_eq!(found["other path"], 404, "{found}");
    assert_eq!(found["many"], 200, "{found}");
    assert_eq!(found["around"], "not reached", "{found}");
    assert_eq!(found["environment"], false, "{found}");
    assert_eq!(found["spent"], serde_json::json!([200, 403]), "{found}");
    let asked = server.requests();
    assert!(asked.iter().all(|request| request.body["n"].is_null()));
    assert!(asked.iter().all(|request| request.body["max_tokens"].as_u64().unwrap() <= 2000));
    // No proposal spent more than its 20,000 tokens, worst cases of calls under way included.
    for rejection in &rejected {
        let calls = events(&place, "call-settled");
        let own = calls.iter().filter(|call| call["candidate"] == rejection["candidate"]);
        let tokens = |call: &Value| {
            call["usage"]["input"].as_u64().unwrap() + call["usage"]["output"].as_u64().unwrap()
        };
        assert!(own.map(tokens).sum::<u64>() <= 20_000);
    }
    place.ok(&["verify"]);
}

#[test]
fn mistakes_in_the_section_are_found_before_anything_runs() {
    let place = Place::new();
    place.write("task.toml", &command_toml(None, "", ""));
    let (code, said) = place.fails(&["check", "task"]);
    assert_eq!(code, 2);
    assert!(said.contains("command.files.0") && said.contains("matches no file"), "{said}");
    place.write("agent.py", "pass");
    place.write("task.toml", &command_toml(None, "", "").replace("agent.py\"]\n", "judge.sh\"]\n"));
    let (_, said) = place.fails(&["check", "task"]);
    assert!(said.contains("`judge.sh` is for the judge"), "{said}");
    place.write("task.toml", &Place::task_toml(""));
    let (_, said) = place.fails(&["start", "task", "--proposer", "command"]);
    assert!(said.contains("the task has no [command]"), "{said}");
}

#[test]
fn a_dry_run_shows_the_orders_and_what_a_command_may_spend() {
    let place = Place::new();
    place.write("agent.py", "pass");
    let model = "[[model]]\nname = \"m\"\nbase_url = \"http://127.0.0.1:1/v1\"\nmax_tokens = 100\n\
                 price = { input = 1.0, output = 4.0 }\n";
    let toml = command_toml(None, "tokens = 1_000_000", model);
    place.write("task.toml", &toml);
    let out = place.ok(&["start", "task", "--dry-run"]);
    assert!(out.contains("EVOLVE_SUMMARY") && out.contains("up to 1000000 tokens"), "{out}");
    assert!(out.contains("at most $4.00"), "{out}");
    let json = place.json(&["start", "task", "--dry-run", "--json"]);
    assert_eq!(json["most_usd_each"], 4.0);
    place.write("task.toml", &toml.replace(model, ""));
    assert!(place.ok(&["start", "task", "--dry-run"]).contains("it costs nothing"));
}
