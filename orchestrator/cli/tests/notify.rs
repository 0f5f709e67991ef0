//! `[notify]`: a webhook is told, and the run does not care whether it listens.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

#[path = "support/hook.rs"]
mod hook;
mod support;

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use hook::{Answer, Hook};
use support::Place;

/// A part of the URL that nobody may read.
const TOKEN: &str = "T0PSECRET-4f1b";

fn place_with(notify: &str) -> Place {
    let place = Place::new();
    place.write("task.toml", &Place::task_toml(&format!("[notify]\n{notify}\n")));
    place
}

fn numbers(place: &Place, key: &str) -> u64 {
    place.json(&["status", "--json"])["candidates"][key].as_u64().unwrap()
}

fn spawn(place: &Place, args: &[&str], url: &str) -> Child {
    let mut command = place.command(args);
    command.env("HOOK", url).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

fn nowhere_below(folder: &Path, secret: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nowhere_below(&path, secret);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "the secret is in {}", path.display());
        }
    }
}

#[test]
fn new_bests_and_the_end_arrive_with_all_that_a_person_wants_to_know() {
    let hook = Hook::start(|_| Answer::Status(200));
    let url = hook.url("/in");
    let place = place_with(&format!("webhook = \"{url}\"\nmin_interval = \"0s\""));
    place.ok(&["start", "task", "-q", "--budget", "candidates=40"]);
    let notices = hook.notices();
    let (done, bests) = notices.split_last().unwrap();
    let status = place.json(&["status", "--json"]);
    assert_eq!(done["event"], "done");
    assert_eq!(done["state"], "stopped");
    assert_eq!(done["message"], "stopped: the candidates budget was used up");
    for (notice, status) in [
        (&done["candidate"], &status["best"]["candidate"]),
        (&done["score"], &status["best"]["score"]),
        (&done["gain"], &status["best"]["gain"]),
    ] {
        assert_eq!(notice, status);
    }
    assert!(!bests.is_empty());
    let mut last = f64::NEG_INFINITY;
    for best in bests {
        assert_eq!(best["event"], "best");
        assert_eq!(best["version"], 1);
        assert_eq!(best["task"], "two-numbers");
        assert_eq!(best["run"], status["run"]);
        assert_eq!(best["path"], "/in");
        assert!(best["at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
        // That the start was measured is no news.
        assert_ne!(best["candidate"], "c000000");
        let score = best["score"].as_f64().unwrap();
        assert!(score > last && best["gain"].as_f64().unwrap() > 0.0);
        last = score;
        let text = best["text"].as_str().unwrap();
        assert!(text.contains("new best") && text.contains("two-numbers"), "{text}");
        assert!(text.contains(best["candidate"].as_str().unwrap()), "{text}");
    }
    assert_eq!(Some(last), status["best"]["score"].as_f64());
}

#[test]
fn of_many_new_bests_the_newest_is_told_after_the_interval() {
    let hook = Hook::start(|_| Answer::Status(204));
    let url = hook.url("/");
    let place = place_with(&format!("webhook = \"{url}\"\nmin_interval = \"1h\""));
    place.ok(&["start", "task", "-q", "--budget", "candidates=60"]);
    let promoted = std::fs::read_to_string(place.run_dir().join("events.jsonl")).unwrap();
    assert!(promoted.matches("\"promoted\"").count() > 3, "there is nothing to hold back");
    // One at once; what waited is told before the end.
    let bests = hook.of("best");
    assert!((1..=2).contains(&bests.len()), "{bests:?}");
    let best = &place.json(&["status", "--json"])["best"]["candidate"];
    assert_eq!(&bests.last().unwrap()["candidate"], best);
    assert_eq!(hook.notices().last().unwrap()["event"], "done");
}

#[test]
fn pauses_and_faults_are_told_and_a_secret_webhook_is_written_nowhere() {
    let hook = Hook::start(|notice| {
        // What fails is logged, and must be without the URL.
        if notice["message"] == "paused" { Answer::Status(200) } else { Answer::Status(500) }
    });
    let url = hook.url(&format!("/services/{TOKEN}"));
    let place = place_with("webhook_env = \"HOOK\"\non = [\"pause\", \"fault\"]");
    let log = std::fs::File::create(place.path().join("log")).unwrap();
    let mut command = place.command(&["start", "task", "--log-level", "debug"]);
    command.env("HOOK", &url).stdout(Stdio::null()).stderr(log);
    let mut child = command.spawn().unwrap();
    while !(place.runs().exists()
        && place.evolve(&["status"]).status.success()
        && numbers(&place, "evaluated") > 3)
    {
        assert!(child.try_wait().unwrap().is_none(), "the run ended by itself");
        std::thread::yield_now();
    }
    place.ok(&["pause", "latest"]);
    let paused = hook.wait_for(|notice| notice["message"] == "paused");
    assert_eq!(
        (paused["event"].as_str(), paused["state"].as_str()),
        (Some("pause"), Some("paused"))
    );
    assert_eq!(paused["path"], format!("/services/{TOKEN}"));
    place.ok(&["unpause", "latest"]);
    place.ok(&["stop", "latest"]);
    child.wait().unwrap();
    let stopped = hook.wait_for(|notice| notice["state"] == "stopped");
    assert_eq!(stopped["event"], "pause");
    assert_eq!(stopped["message"], "stopped: it was asked to stop");
    assert_eq!(hook.of("best"), Vec::<serde_json::Value>::new(), "nobody asked for them");
    let log = std::fs::read_to_string(place.path().join("log")).unwrap();
    assert!(log.contains("status 500"), "{log}");
    nowhere_below(place.path(), TOKEN);

    // A run that cannot measure anything stops by a fault.
    let toml = std::fs::read_to_string(place.task().join("task.toml")).unwrap();
    place.write("task.toml", &toml.replace("run = [\"sh\"", "run = [\"no-such-tool\""));
    let code = spawn(&place, &["start", "task", "-q"], &url).wait().unwrap().code();
    assert_eq!(code, Some(5));
    let fault = hook.wait_for(|notice| notice["event"] == "fault");
    assert_eq!(fault["state"], "stopped");
    assert!(fault["message"].as_str().unwrap().contains("no-such-tool"), "{fault}");
}

#[test]
fn a_webhook_that_hangs_fails_or_points_elsewhere_changes_nothing() {
    for (answer, tries) in [
        (Answer::Nothing, 1),
        (Answer::Status(500), 2),
        (Answer::Status(404), 1),
        (Answer::Elsewhere, 1),
    ] {
        let hook = Hook::start(move |_| answer);
        // One try alone would take longer than all that is allowed here.
        let url = hook.url("/");
        let place = place_with(&format!("webhook = \"{url}\"\ntimeout = \"10m\""));
        let begun = Instant::now();
        place.ok(&["start", "task", "-q", "--budget", "candidates=30"]);
        let whole = begun.elapsed();
        assert!(whole < Duration::from_mins(1), "{answer:?}: {whole:?}");
        assert_eq!(numbers(&place, "evaluated"), 30);
        let notices = hook.notices();
        let first = notices.iter().filter(|n| n["seq"] == notices[0]["seq"]).count();
        assert!(first >= tries && (tries > 1 || first == 1), "{answer:?}: {notices:?}");
        assert!(notices.iter().all(|notice| notice["path"] == "/"), "a redirect was followed");
        // The end is tried even where the best before it hangs.
        assert!(notices.iter().any(|notice| notice["event"] == "done"), "{answer:?}");
    }
}

#[test]
fn a_resumed_run_tells_no_best_again() {
    let hook = Hook::start(|_| Answer::Status(200));
    let place = place_with("webhook_env = \"HOOK\"\nmin_interval = \"0s\"");
    let url = hook.url("/");
    let mut child = spawn(&place, &["start", "task", "-q"], &url);
    hook.wait_for(|notice| notice["event"] == "best");
    child.kill().unwrap();
    child.wait().unwrap();
    let before = hook.of("best");
    let known = std::fs::read_to_string(place.run_dir().join("events.jsonl")).unwrap();
    let last = known.lines().count() as u64; // what is in the journal now is old
    let budget = format!("candidates={}", numbers(&place, "evaluated") + 20);
    let mut resumed = spawn(&place, &["resume", "latest", "-q", "--budget", &budget], &url);
    assert_eq!(resumed.wait().unwrap().code(), Some(0));
    let after = hook.of("best").split_off(before.len());
    assert!(after.iter().all(|best| best["seq"].as_u64().unwrap() >= last - 1), "{after:?}");
    assert_eq!(hook.of("done").len(), 1);
    // Who is told is no part of what the run is.
    let id = place.run_dir().file_name().unwrap().to_str().unwrap().to_owned();
    let told = hook.notices().len();
    place.ok(&["start", "task", "--proposer", &format!("replay:{id}")]);
    assert_eq!(hook.notices().len(), told, "a replay told something");
}

#[test]
fn check_says_that_the_variable_is_not_set_and_asks_nobody() {
    let hook = Hook::start(|_| Answer::Status(200));
    let place = place_with("webhook_env = \"HOOK\"");
    let said = place.ok(&["check", "task"]);
    assert!(said.contains("notifications are off: the variable HOOK"), "{said}");
    assert!(said.contains("the task is valid"), "{said}");
    let with = |value: &str| {
        let output = place.command(&["check", "task"]).env("HOOK", value).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!with(&hook.url("/")).contains("notifications"));
    assert!(with("ftp://x").contains("holds no http or https URL"));
    assert_eq!(hook.notices().len(), 0);
    // A run goes on without it, and says so once.
    let output = place.evolve(&["start", "task", "-q", "--budget", "candidates=3"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.matches("notifications are off").count(), 1, "{text}");
}

#[test]
fn the_runs_of_a_bench_tell_nobody() {
    let hook = Hook::start(|_| Answer::Status(200));
    let url = hook.url("/in");
    let place = place_with(&format!("webhook = \"{url}\""));
    let asked = ["bench", "task", "-q", "--strategies", "greedy", "--seeds", "1"];
    place.ok(&[&asked[..], &["--budget", "candidates=3"]].concat());
    assert_eq!(hook.notices().len(), 0);
    place.ok(&["start", "task", "-q", "--budget", "candidates=3"]);
    assert!(!hook.notices().is_empty(), "the hook does not work at all");
}
