//! Runs in containers, as a user drives them.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod support;

use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use support::Place;

fn containers(place: &Place) -> String {
    let listed = Command::new("docker")
        .args(["ps", "-a", "--format", "{{.Label \"evolve.run\"}} {{.ID}}"])
        .output()
        .unwrap();
    let runs = place.runs().canonicalize().unwrap().display().to_string();
    let listed = String::from_utf8(listed.stdout).unwrap();
    listed.lines().filter(|line| line.starts_with(&runs)).collect()
}

#[test]
fn a_run_in_containers_gains_and_leaves_none() {
    if !support::has_docker("a run in containers") {
        return;
    }
    let place = Place::new();
    place.ok(&["check", "task", "--sandbox", "docker"]);
    place.ok(&["start", "task", "--budget", "candidates=6", "-q", "--sandbox", "docker"]);
    let status = place.json(&["status", "--json"]);
    assert_eq!(status["candidates"]["evaluated"], 6);
    assert!(place.ok(&["status"]).contains("docker: image evolve/python:3"));
    assert_eq!(containers(&place), "");
}

/// `evolve gc` is about all of this machine's runs: whoever looks at what a dead one left is
/// alone (see also `.config/nextest.toml`).
static ALONE: Mutex<()> = Mutex::new(());

/// Tells when it ran, and takes its time.
const RUN: &str = "date +%s > \"$EVOLVE_OUTPUT/began\"; sleep 5.3579\n";

const JUDGE: &str = "printf '{\"metrics\":{\"score\":1,\"began\":%s}}' \
                     \"$(cat \"$EVOLVE_OUTPUT/began\")\" > \"$EVOLVE_RESULT\"\n";

#[test]
fn an_evaluation_that_outlives_its_run_is_not_repeated() {
    if !support::has_docker("a killed run in containers") {
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let place = Place::new();
    place.write("run.sh", RUN);
    place.write("judge.sh", JUDGE);
    let mut run = place
        .command(&["start", "task", "--budget", "candidates=1", "-q", "--sandbox", "docker"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    await_sleep(true);
    run.kill().unwrap();
    run.wait().unwrap();
    assert_ne!(containers(&place), "");
    // It goes on and ends without the run.
    await_sleep(false);
    let resumed = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    place.ok(&["resume", "latest", "-q"]);
    let lines = place.ok(&["export", "latest", "--jsonl"]);
    let start: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    let began = start["metrics"]["began"].as_f64().unwrap();
    assert!(began < resumed - 4.0, "{began} {resumed}: {start}");
    assert_eq!(containers(&place), "");
    place.ok(&["verify"]);
}

#[test]
fn what_a_killed_run_left_is_collected() {
    if !support::has_docker("garbage of a killed run") {
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let place = Place::new();
    place.write("run.sh", "sleep 777.3579\n");
    let mut run = place
        .command(&["start", "task", "--budget", "candidates=1", "-q", "--sandbox", "docker"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    while !place.runs().exists() || containers(&place).is_empty() {
        assert!(Instant::now() < deadline, "no container was made");
        std::thread::sleep(Duration::from_millis(20));
    }
    // A run that lives is left alone.
    place.ok(&["gc"]);
    assert_ne!(containers(&place), "");
    run.kill().unwrap();
    run.wait().unwrap();
    let told = place.json(&["gc", "--json", "--dry-run"]);
    let runs = place.runs().canonicalize().unwrap().display().to_string();
    let of_it = |told: &serde_json::Value| {
        let runs_of = told["containers"].as_array().unwrap().clone();
        runs_of.iter().filter(|run| run.as_str().unwrap().starts_with(&runs)).count()
    };
    assert!(of_it(&told) > 0, "{told}");
    assert_ne!(containers(&place), "");
    assert!(of_it(&place.json(&["gc", "--json"])) > 0);
    assert_eq!(containers(&place), "");
}

/// Waits until the command of `RUN` is under way, or no more.
fn await_sleep(there: bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    let is_there = || {
        let found = Command::new("pgrep").args(["-f", "^sleep 5.3579"]).output().unwrap();
        found.status.success()
    };
    while is_there() != there {
        assert!(Instant::now() < deadline, "never there: {there}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
