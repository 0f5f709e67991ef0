//! `evolve bench`, as a user drives it.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod support;

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::Place;

fn runs_below(place: &Place) -> usize {
    let found = std::process::Command::new("find")
        .args([place.path().join("bench/runs").to_str().unwrap(), "-name", "events.jsonl"])
        .output()
        .unwrap();
    String::from_utf8(found.stdout).unwrap().lines().count()
}

fn read(place: &Place) -> Value {
    serde_json::from_str(&std::fs::read_to_string(place.path().join("bench/bench.json")).unwrap())
        .unwrap()
}

#[test]
fn strategies_are_compared_over_seeds_and_more_seeds_can_be_added() {
    let place = Place::new();
    let args = ["bench", "task", "--strategies", "adaptive,best-of-n", "--budget", "candidates=12"];
    let two = [&args[..], &["--seeds", "2", "--jobs", "2"]].concat();
    let out = place.ok(&two);
    assert!(out.contains("adaptive") && out.contains("best-of-n"), "{out}");
    assert_eq!(runs_below(&place), 4);
    let bench = read(&place);
    let strategies = bench["tasks"][0]["strategies"].as_array().unwrap();
    assert_eq!(strategies.len(), 2);
    assert!(strategies.iter().all(|strategy| strategy["seeds"] == 2));
    let page = std::fs::read_to_string(place.path().join("bench/index.html")).unwrap();
    assert!(page.contains("Content-Security-Policy") && page.contains("two-numbers"));
    // What was made is not made again.
    let before = Instant::now();
    let more = [&args[..], &["--seeds", "3", "--json"]].concat();
    let bench = place.json(&more);
    assert!(before.elapsed() < Duration::from_mins(1));
    assert_eq!(runs_below(&place), 6);
    assert_eq!(bench["tasks"][0]["strategies"][0]["seeds"], 3);
    // The same seed gives every strategy the same start.
    let runs = bench["tasks"][0]["runs"].as_array().unwrap();
    assert!(runs.iter().all(|run| run["evaluated"] == 12), "{runs:?}");
}

#[test]
fn a_bench_that_was_killed_goes_on_where_it_was() {
    let place = Place::new();
    place.write("run.sh", "sleep 0.2\ncat \"$EVOLVE_PROGRAM\" > \"$EVOLVE_OUTPUT/program\"\n");
    let args = ["bench", "task", "--strategies", "greedy,random", "--seeds", "1"];
    let args =
        [&args[..], &["--budget", "candidates=12", "--set", "run.evaluation_slots=1"]].concat();
    let mut bench =
        place.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    let begun = || {
        let events = place.path().join("bench/runs/two-numbers/greedy/seed-1");
        let runs = std::fs::read_dir(events).ok()?;
        let text = runs
            .flatten()
            .find_map(|run| std::fs::read_to_string(run.path().join("events.jsonl")).ok())?;
        text.contains("\"candidate\":\"c000003\"").then_some(())
    };
    while begun().is_none() {
        assert!(Instant::now() < deadline, "the first run never began");
        std::thread::sleep(Duration::from_millis(10));
    }
    bench.kill().unwrap();
    bench.wait().unwrap();
    // Its run notices, and stops where it can go on.
    let runs = place.path().join("bench/runs/two-numbers/greedy/seed-1");
    let status = ["--runs", runs.to_str().unwrap(), "status", "--json"];
    let before = Instant::now();
    while !place.json(&status)["state"].as_str().unwrap().contains("stop") {
        assert!(before.elapsed() < Duration::from_mins(1), "{}", place.json(&status));
        std::thread::sleep(Duration::from_millis(50));
    }
    let out = place.evolve(&args);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(String::from_utf8_lossy(&out.stderr).contains("greedy, seed 1, resumed"));
    assert_eq!(runs_below(&place), 2);
    let bench = read(&place);
    let runs = bench["tasks"][0]["runs"].as_array().unwrap();
    assert!(runs.iter().all(|run| run["evaluated"] == 12), "{runs:?}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let place = Place::new();
    let (code, said) = place.fails(&["bench", "task", "--seeds", "1"]);
    assert_eq!(code, 2);
    assert!(said.contains("a bench needs a budget"), "{said}");
    let (_, said) =
        place.fails(&["bench", "task", "--strategies", "gredy", "--budget", "candidates=2"]);
    assert!(said.contains("did you mean `greedy`?"), "{said}");
    let one = ["bench", "task", "--strategies", "greedy", "--seeds", "1", "--budget"];
    place.ok(&[&one[..], &["candidates=2"]].concat());
    let (code, said) = place.fails(&[&one[..], &["candidates=3"]].concat());
    assert_eq!(code, 2);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("holds runs made with other settings (budget:"), "{said}");
    let (_, said) =
        place.fails(&["bench", "task", "task", "--budget", "candidates=2", "--out", "b"]);
    assert!(said.contains("two of the tasks are called"), "{said}");
}

#[test]
fn a_variant_of_a_task_is_the_one_that_runs() {
    let place = Place::new();
    let variant = Place::task_toml("").replace("two-numbers", "two-other-numbers");
    place.write("task_other.toml", &variant);
    let bench = place.json(&[
        "bench",
        "task",
        "task/task_other.toml",
        "--strategies",
        "greedy",
        "--seeds",
        "1",
        "--budget",
        "candidates=2",
        "--json",
    ]);
    let names: Vec<_> = bench["tasks"].as_array().unwrap().iter().map(|t| &t["task"]).collect();
    assert_eq!(names, ["two-numbers", "two-other-numbers"]);
}
