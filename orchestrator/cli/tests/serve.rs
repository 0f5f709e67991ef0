//! `evolve serve` over HTTP: who is answered, what an answer allows, what ends it.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod pages;
mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Command;

use pages::{Server, generated_run, hostile_path, hostile_run, pages_of};
use support::Place;

/// The most a page may weigh, in bytes.
const HEAVIEST: usize = 300_000;

#[test]
fn every_page_answers_stays_small_and_allows_nothing_foreign() {
    let runs = tempfile::tempdir().unwrap();
    generated_run(runs.path(), "run", 400);
    hostile_run(runs.path());
    let server = Server::start(runs.path(), &[]);
    let mut all = vec!["/".to_owned(), "/compare".to_owned()];
    all.extend(pages_of("run"));
    all.extend(pages_of(&hostile_path()));
    for page in all {
        let answer = server.get(&page);
        let text = answer.text();
        assert_eq!(answer.status(), 200, "{page}: {text}");
        assert!(text.len() < HEAVIEST, "{page} has {} bytes", text.len());
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{page}");
        for forbidden in [
            "<script>window",
            "<img src=x",
            "<img src=y",
            "onerror=\"",
            " style=",
            "\u{1b}",
            "\u{202e}",
        ] {
            assert!(!text.contains(forbidden), "{page} holds {forbidden:?}");
        }
        // The name of the hostile run is on each of its pages as it is: no template ran in it.
        assert!(text.contains("{{7*7}}") || !page.contains("x%22"), "{page}");
    }
}

#[test]
fn what_is_not_there_is_told_and_no_path_leads_out_of_the_folder() {
    let runs = tempfile::tempdir().unwrap();
    generated_run(runs.path(), "run", 30);
    let server = Server::start(runs.path(), &[]);
    for page in [
        "/nothing",
        "/runs/none",
        "/runs/latest",
        "/runs/..",
        "/runs/%2e%2e",
        "/runs/..%2frun",
        "/runs/run%2f..%2frun",
        "/runs/run/candidates/99999",
        "/runs/run/candidates/0/program/..%2f..%2fetc%2fpasswd",
        "/runs/run/candidates/0/text/nothing",
        "/runs/run/candidates/0/artifact/nothing",
        "/assets/..%2fstyle.css",
        "/api/runs/none",
    ] {
        assert_eq!(server.get(page).status(), 404, "{page}");
    }
    assert_eq!(server.get("/runs/run/candidates/x").status(), 400);
    assert_eq!(server.ask("POST /runs/run HTTP/1.1", &[], "").status(), 405);
    let text = server.get("/runs/run/candidates/99999").text();
    assert!(text.contains("they go up to c000030"), "{text}");
}

#[test]
fn without_a_token_only_this_machine_s_own_names_are_answered() {
    let runs = tempfile::tempdir().unwrap();
    let server = Server::start(runs.path(), &[]);
    assert_eq!(server.get_with("/", &["Host: localhost:1"]).status(), 200);
    for other in ["Host: evil.example", "Host: 127.0.0.1.evil.example"] {
        let answer = server.get_with("/", &[other]);
        assert_eq!(answer.status(), 421, "{other}");
        assert!(!answer.text().contains("Runs"));
    }
}

#[test]
fn with_a_token_nothing_is_told_without_it() {
    let runs = tempfile::tempdir().unwrap();
    generated_run(runs.path(), "run", 10);
    let server = Server::start(runs.path(), &["--host", "0.0.0.0", "--token", "correct horse"]);
    for page in
        ["/", "/runs/run", "/runs/run/events", "/metrics", "/api/runs", "/runs/run/lineage.json"]
    {
        let answer = server.get(page);
        assert_eq!(answer.status(), 401, "{page}");
        assert!(!answer.text().contains("c000000"), "{page}");
    }
    assert_eq!(server.get_with("/metrics", &["Authorization: Bearer wrong"]).status(), 401);
    let answer = server.get_with("/metrics", &["Authorization: Bearer correct horse"]);
    assert!(answer.text().contains("evolve_best_score{run=\"run\""), "{}", answer.text());
    // The form gives a cookie that scripts cannot read, and leads back.
    let form = ["Content-Type: application/x-www-form-urlencoded"];
    let wrong = server.ask("POST /login HTTP/1.1", &form, "token=guess&to=%2F");
    assert_eq!(wrong.status(), 401);
    let right = server.ask("POST /login HTTP/1.1", &form, "token=correct+horse&to=%2Fruns%2Frun");
    assert_eq!((right.status(), right.header("location")), (303, Some("/runs/run")));
    let cookie = right.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains("horse"), "{cookie}");
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap());
    assert_eq!(server.get_with("/runs/run", &[&cookie]).status(), 200);
}

#[test]
fn an_open_address_without_a_token_is_refused_with_the_reason() {
    let place = Place::new();
    std::fs::create_dir(place.runs()).unwrap();
    let (code, text) = place.fails(&["serve", "--port", "0", "--host", "0.0.0.0"]);
    assert!(code == 2 && text.contains("--token"), "{text}");
    let (code, text) = place.fails(&["serve", "--port", "0", "--token", "short"]);
    assert!(code == 2 && text.contains("fewer than"), "{text}");
    let (code, text) = place.fails(&["--runs", "nowhere", "serve", "--port", "0"]);
    assert!(code == 2 && text.contains("nowhere"), "{text}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, text) = place.fails(&["serve", "--port", &port]);
    assert!(code == 1 && text.contains("--port 0"), "{text}");
}

/// The next event of a stream.
fn next_event(stream: &mut BufReader<TcpStream>) -> serde_json::Value {
    loop {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).unwrap() > 0, "the stream ended");
        if let Some(data) = line.trim_end().strip_prefix("data: ") {
            return serde_json::from_str(data).unwrap();
        }
    }
}

fn stream(server: &Server, path: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let host = &server.address;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    BufReader::new(stream)
}

#[test]
fn a_stream_tells_the_state_at_once_then_every_change_and_ends_with_the_server() {
    let place = Place::new();
    std::fs::create_dir_all(place.runs()).unwrap();
    let server = Server::start(&place.runs(), &[]);
    let mut list = stream(&server, "/events");
    assert_eq!(next_event(&mut list), serde_json::json!([]));
    let args = ["start", "task", "--budget", "candidates=100000", "--quiet"];
    let mut run = place.command(&args).spawn().unwrap();
    let rows = next_event(&mut list);
    let name = rows[0]["run"].as_str().unwrap().to_owned();
    let mut events = stream(&server, &format!("/runs/{name}/events"));
    let first = next_event(&mut events);
    let second = next_event(&mut events);
    assert!(second["seq"].as_u64() > first["seq"].as_u64());
    loop {
        let update = next_event(&mut events);
        if update["latest"].as_array().unwrap().len() > 3 {
            assert_eq!(update["state"], "running");
            break;
        }
    }
    place.ok(&["stop", "latest", "--now"]);
    loop {
        if next_event(&mut events)["state"] == "stopped" {
            break;
        }
    }
    run.wait().unwrap();
    let metrics = server.get("/metrics").text();
    assert!(
        metrics.contains(&format!("evolve_up{{run=\"{name}\",task=\"two-numbers\"}} 0")),
        "{metrics}"
    );
    // Streams are open: SIGTERM ends them and the server.
    assert!(server.end("-TERM").success());
}

#[test]
fn metrics_of_a_live_run_are_readable_by_prometheus_rules() {
    let place = Place::new();
    let args = ["start", "task", "--budget", "candidates=100000", "--quiet"];
    let mut run = place.command(&args).spawn().unwrap();
    while !place.runs().exists() || std::fs::read_dir(place.runs()).unwrap().next().is_none() {
        std::thread::yield_now();
    }
    let server = Server::start(&place.runs(), &[]);
    let text = loop {
        let text = server.get("/metrics").text();
        if text.contains("kind=\"evaluated\"") {
            break text;
        }
    };
    place.ok(&["stop", "latest", "--now"]);
    run.wait().unwrap();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("evolve_") && value.parse::<f64>().is_ok(), "{line}");
    }
    assert!(text.contains("# TYPE evolve_up gauge") && text.ends_with("# EOF\n"), "{text}");
    for name in
        ["evolve_budget_limit", "evolve_under_way", "evolve_candidates", "evolve_up_seconds"]
    {
        assert!(text.contains(&format!("\n{name}{{")), "{name}: {text}");
    }
}

#[test]
fn search_finds_words_of_programs_logs_and_insights() {
    let runs = tempfile::tempdir().unwrap();
    generated_run(runs.path(), "run", 200);
    let server = Server::start(runs.path(), &[]);
    // All of a small run is read with the first search.
    let page = server.get("/runs/run/search?q=circles+unit+square").text();
    assert!(page.contains("<mark>") && !page.contains("are not read yet"), "{page}");
    assert!(page.contains("/runs/run/candidates/c000"), "{page}");
    let none = server.get("/runs/run/search?q=circles+nosuchword").text();
    assert!(none.contains("0 found"), "{none}");
    let insights = server.get("/runs/run/search?q=c&kind=insight").text();
    assert!(!insights.contains(">program</span>"), "{insights}");
}

#[test]
fn a_large_run_is_searched_while_it_is_read_and_wholly_in_the_end() {
    let runs = tempfile::tempdir().unwrap();
    generated_run(runs.path(), "run", 6_000);
    let server = Server::start(runs.path(), &[]);
    let first = server.get("/runs/run/search?q=circles").text();
    assert!(first.contains("found"), "{first}");
    // Other pages are answered meanwhile.
    assert_eq!(server.get("/runs/run/cost").status(), 200);
    while server.get("/runs/run/search?q=circles").text().contains("are not read yet") {
        std::thread::yield_now();
    }
    let last = server.get("/runs/run/search?q=circles&kind=program").text();
    assert!(!last.contains("are not read yet") && last.contains("c00"), "{last}");
}

#[test]
fn texts_of_a_candidate_come_as_they_are_and_never_as_a_page() {
    let runs = tempfile::tempdir().unwrap();
    hostile_run(runs.path());
    let server = Server::start(runs.path(), &[]);
    let base = format!("/runs/{}/candidates", hostile_path());
    let evaluated = (1..60)
        .map(|n| format!("{base}/{n}"))
        .find(|page| server.get(&format!("{page}/text/log")).status() == 200);
    let page = evaluated.unwrap();
    let log = server.get(&format!("{page}/text/log"));
    assert_eq!(log.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(log.body.len() > 1_000_000);
    let drawing = server.get(&format!("{page}/artifact/a.svg"));
    assert_eq!(drawing.header("content-type"), Some("application/octet-stream"));
    assert_eq!(drawing.header("content-disposition"), Some("attachment"));
    let program = server.get(&format!("{page}/program/lib/grid.py"));
    assert!(program.text().contains("def step"), "{}", program.text());
}

#[test]
fn help_names_the_ways_to_reach_it() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_evolve")).args(["serve", "--help"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for words in ["Examples:", "--host", "EVOLVE_TOKEN", "/metrics"] {
        assert!(text.contains(words), "{text}");
    }
}
