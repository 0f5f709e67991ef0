//! Log lines in JSON: each is one object that says when, how grave, of which run.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

mod support;

use evolve_testkit::{ModelServer, Reply, perturb};
use serde_json::Value;
use support::Place;

fn lines(text: &str) -> Vec<Value> {
    let parse = |line: &str| {
        let value: Value =
            serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in this line: {line}"));
        assert!(value.is_object(), "{line}");
        value["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert!(["ERROR", "WARN", "INFO", "DEBUG"].contains(&value["level"].as_str().unwrap()));
        assert!(value["message"].is_string() && value["target"].is_string(), "{line}");
        value
    };
    text.lines().map(parse).collect()
}

fn said<'a>(lines: &'a [Value], message: &str) -> Vec<&'a Value> {
    let of = |line: &&Value| line["message"].as_str().unwrap().starts_with(message);
    lines.iter().filter(of).collect()
}

async fn stderr_of(place: &Place, args: &[&str]) -> (i32, String) {
    let mut command = place.command(args);
    command.env("TEST_KEY", "sk-some-secret-key-0123");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_a_run_is_an_object_with_the_run_and_the_steps_are_there() {
    let place = Place::new();
    let server = ModelServer::start(|request| {
        if request.number % 5 == 1 {
            return Reply::server_error();
        }
        Reply::text(perturb::answer(request))
    })
    .await
    .unwrap();
    place.write(
        "task.toml",
        &Place::task_toml(&format!(
            "[[model]]\nname = \"tester\"\nbase_url = \"{}\"\napi_key_env = \"TEST_KEY\"\n\
             max_tokens = 2000\n[budget]\ncandidates = 15\n",
            server.base_url()
        )),
    );
    let flags = ["--log-format", "json", "--log-level", "info", "-q"];
    let (code, text) = stderr_of(&place, &[&["start", "task"], &flags[..]].concat()).await;
    assert_eq!(code, 0, "{text}");
    let found = lines(&text);
    let run = place.run_dir().file_name().unwrap().to_str().unwrap().to_owned();
    assert!(found.iter().all(|line| line["run"] == run.as_str()), "{text}");
    for (message, level) in [
        ("run started", "INFO"),
        ("new best", "INFO"),
        ("model call failed", "WARN"),
        ("run stopped: the candidates budget", "INFO"),
    ] {
        let of = said(&found, message);
        assert!(!of.is_empty(), "there is no line `{message}`: {text}");
        assert!(of.iter().all(|line| line["level"] == level), "{of:?}");
    }
    for line in said(&found, "new best").into_iter().chain(said(&found, "model call failed")) {
        assert!(line["candidate"].as_str().unwrap().starts_with('c'), "{line}");
    }
    assert!(said(&found, "new best").iter().all(|line| line["score"].is_number()));
    assert!(said(&found, "candidate evaluated").is_empty(), "that is for debug");

    // A second process: resumed, with a changed budget; each evaluation is a line at debug.
    let more = ["resume", "latest", "--budget", "candidates=20", "--log-level", "debug"];
    let (code, text) =
        stderr_of(&place, &[&more[..], &["--log-format", "json", "-q"]].concat()).await;
    assert_eq!(code, 0, "{text}");
    let found = lines(&text);
    assert_eq!(said(&found, "run resumed").len(), 1);
    assert_eq!(said(&found, "budget changed")[0]["change"], "candidates=20");
    assert_eq!(said(&found, "candidate evaluated").len(), 5);
    assert!(said(&found, "candidate evaluated").iter().all(|line| line["status"] == "ok"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_a_line_too() {
    let place = Place::new();
    let (code, text) = stderr_of(&place, &["status", "nobody", "--log-format", "json"]).await;
    assert_eq!(code, 3);
    let found = lines(&text);
    assert_eq!(found.len(), 1, "{text}");
    assert_eq!(found[0]["level"], "ERROR");
    place.write("task.toml", "[task]\nname = 1\n");
    let (code, text) = stderr_of(&place, &["start", "task", "--log-format", "json"]).await;
    assert_eq!(code, 2);
    assert!(!lines(&text).is_empty());
}
