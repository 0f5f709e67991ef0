//! Killed by SIGKILL at random instants, resumed each time: nothing evaluated is lost or
//! counted twice (invariant 1).

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use support::Place;

const KILLS: u32 = 30;
/// More than any machine evaluates between the kills.
const PLENTY: &str = "candidates=1000000";
/// Evaluated after the last kill.
const MORE: usize = 40;

#[test]
fn a_run_killed_thirty_times_loses_and_repeats_nothing() {
    let place = Place::new();
    let notebook = place.path().join("notebook");
    let sandbox = format!("[sandbox]\nenv = [\"NOTEBOOK={}\"]\n", notebook.display());
    place.write("task.toml", &Place::task_toml(&sandbox));
    let mut random = Random::seeded();
    println!("seed of the instants: {}", random.0);
    let mut killed = 0;
    let mut counts = Vec::new();
    for kill in 0..KILLS {
        let args: &[&str] = if kill == 0 {
            // The judge's notebook lies on this machine, where no isolated judge could write.
            &["start", "task", "--budget", PLENTY, "-q", "--sandbox", "unconfined"]
        } else {
            &["resume", "latest", "-q"]
        };
        let mut child =
            place.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if kill == 0 {
            // The first must live long enough to be a run at all.
            while !notebook.exists() {
                assert!(child.try_wait().unwrap().is_none(), "the run ended before it began");
                std::thread::yield_now();
            }
        }
        std::thread::sleep(Duration::from_millis(random.below(250)));
        if child.try_wait().unwrap().is_none() {
            killed += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        counts.push(evaluated(&place).len());
    }
    println!("killed {killed} of {KILLS} times; evaluated at each: {counts:?}");
    assert_eq!(killed, KILLS, "a run ended by itself: {counts:?}");
    assert!(counts.is_sorted(), "evaluations were lost: {counts:?}");

    let before = place.json(&["status", "--json"])["candidates"]["evaluated"].as_u64().unwrap();
    let budget = format!("candidates={}", before + MORE as u64);
    place.ok(&["resume", "latest", "-q", "--budget", &budget]);
    let status = place.json(&["status", "--json"]);
    assert_eq!(status["candidates"]["evaluated"], before + MORE as u64);
    compare_with_notebook(&place, &std::fs::read_to_string(&notebook).unwrap());
    place.ok(&["verify"]);
    place.git(&["fsck", "--strict", "--no-dangling"]);
    nothing_is_left_running(&place);
    projections_come_back_equal(&place);
}

/// Every evaluation the judge saw is in the journal, once.
fn compare_with_notebook(place: &Place, notebook: &str) {
    let seen: BTreeSet<String> = notebook.lines().map(|l| l[..64].to_owned()).collect();
    let mut known = BTreeMap::new();
    for line in place.ok(&["export", "latest", "--jsonl"]).lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["state"] == "evaluated" && line["status"] == "ok" {
            let text = line["program"]["files"].as_object().unwrap().values().next().unwrap();
            let text = text.as_str().unwrap();
            let earlier = known.insert(sha256(text), line["candidate"].clone());
            assert_eq!(earlier, None, "{} was evaluated twice", line["candidate"]);
        }
    }
    let known: BTreeSet<String> = known.into_keys().collect();
    let lost: Vec<_> = seen.difference(&known).collect();
    assert!(lost.is_empty(), "the judge saw {} programs the journal does not know", lost.len());
    let invented: Vec<_> = known.difference(&seen).collect();
    assert!(invented.is_empty(), "the journal knows {} the judge never saw", invented.len());
}

/// Candidates with an evaluation in the journal, read from the file itself.
fn evaluated(place: &Place) -> BTreeSet<String> {
    let text = std::fs::read_to_string(place.run_dir().join("events.jsonl")).unwrap();
    let whole = &text[..text.rfind('\n').map_or(0, |at| at + 1)];
    let ids = whole.lines().filter_map(|line| {
        let event: Value = serde_json::from_str(line).ok()?;
        (event["event"] == "evaluated").then(|| event["candidate"].as_str().unwrap().to_owned())
    });
    ids.collect()
}

fn sha256(text: &str) -> String {
    use std::io::Write;
    let mut child =
        Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()[..64].to_owned()
}

/// No process of a killed run outlives it: none has this place in its environment.
fn nothing_is_left_running(place: &Place) {
    let needle = place.path().join("notebook").display().to_string();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let environ = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        let text = String::from_utf8_lossy(&environ);
        assert!(!text.contains(&needle), "process {} is left", entry.file_name().display());
    }
}

fn projections_come_back_equal(place: &Place) {
    let picture = |place: &Place| {
        (
            place.ok(&["export", "latest", "--jsonl"]),
            place.git(&["rev-parse", "best"]),
            place.git(&["for-each-ref", "--format=%(refname) %(objectname)"]),
        )
    };
    let before = picture(place);
    for gone in ["db", "lineage.git", "index", "snapshots"] {
        let _ = std::fs::remove_dir_all(place.run_dir().join(gone));
    }
    let (code, _) = place.fails(&["verify"]);
    assert_eq!(code, 1, "missing projections were not noticed");
    place.ok(&["verify", "--repair"]);
    place.ok(&["verify"]);
    assert_eq!(picture(place), before);
}

/// Instants differ from run to run; the seed is printed.
struct Random(u64);

impl Random {
    fn seeded() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Self(now.as_nanos() as u64 | 1)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}
