//! The binary as a person uses it.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod support;

use std::io::Read as _;
use std::process::Child;

use serde_json::Value;
use support::{PROGRAM, Place, live, signal};

fn ended(mut child: Child) -> (i32, String) {
    let code = child.wait().unwrap().code().unwrap();
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    (code, text)
}

#[test]
fn a_run_without_a_model_gains_and_leaves_everything_behind() {
    let place = Place::new();
    let out = place.ok(&["start", "task", "--budget", "candidates=150"]);
    assert!(out.contains("report") && out.contains("resume"), "{out}");
    let status = place.json(&["status", "latest", "--json"]);
    assert_eq!(status["version"], 1);
    assert_eq!(status["task"], "two-numbers");
    assert_eq!(status["candidates"]["evaluated"], 150);
    assert!(status["best"]["gain"].as_f64().unwrap() > 0.0);
    for key in ["run", "state", "cost", "budget"] {
        assert!(!status[key].is_null(), "{key}");
    }
    let best = place.json(&["best", "--json"]);
    for key in ["candidate", "score", "metrics", "path", "gain"] {
        assert!(!best[key].is_null(), "{key}");
    }
    let path = place.path().join(best["path"].as_str().unwrap());
    place.ok(&["best", "--out", "mine.py"]);
    let mine = std::fs::read_to_string(place.path().join("mine.py")).unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), mine);
    assert_ne!(mine, PROGRAM);
    let page = std::fs::read_to_string(place.run_dir().join("report/index.html")).unwrap();
    assert!(page.contains("<svg"));
    assert_eq!(place.ok(&["export", "latest", "--jsonl"]).lines().count(), count(&status));
    assert!(place.git(&["log", "--graph", "best"]).contains("Score:"));
    assert!(place.ok(&["list"]).contains("150"));
    assert_eq!(place.json(&["list", "--json"])["runs"][0]["task"], "two-numbers");
    assert!(place.ok(&["lineage"]).contains("start"));
    let id = best["candidate"].as_str().unwrap();
    assert!(place.ok(&["show", "latest", id]).contains("X = "));
    place.json(&["show", "latest", id, "--json"]);
    place.json(&["insights", "list", "latest", "--json"]);
    place.ok(&["verify"]);
}

fn count(status: &Value) -> usize {
    let c = &status["candidates"];
    let n = |key: &str| c[key].as_u64().unwrap();
    // The start, and proposals that became nothing, are candidates, too.
    1 + (n("proposed") + n("rejected")) as usize
}

#[test]
fn a_replay_makes_the_same_decisions_without_running_anything() {
    let place = Place::new();
    place.ok(&["start", "task", "--budget", "candidates=60", "-q"]);
    let first = place.run_dir();
    // Neither evaluator nor program can run any more.
    place.write("judge.sh", "exit 1\n");
    let replay = format!("replay:{}", first.file_name().unwrap().to_str().unwrap());
    let out = place.ok(&["start", "task", "--proposer", &replay]);
    assert!(out.contains("the same decisions"), "{out}");
    place.ok(&["verify", "latest"]);
    assert_eq!(place.json(&["list", "--json"])["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn ctrl_c_once_drains_and_the_run_can_be_resumed() {
    let place = Place::new();
    let child = live(&place);
    signal(&child, "INT");
    let (code, _) = ended(child);
    assert_eq!(code, 130);
    let status = place.json(&["status", "--json"]);
    let before = status["candidates"]["evaluated"].as_u64().unwrap();
    assert_eq!(status["under_way"]["evaluations"], 0, "it did not drain");
    let budget = format!("candidates={}", before + 20);
    place.ok(&["resume", "latest", "--budget", &budget, "-q"]);
    assert_eq!(place.json(&["status", "--json"])["candidates"]["evaluated"], before + 20);
    place.ok(&["verify"]);
}

#[test]
fn ctrl_c_twice_stops_at_once_even_when_an_evaluation_hangs() {
    let place = Place::new();
    place.write("task.toml", &Place::task_toml("").replace("10s", "1h"));
    let child = live(&place);
    place.write("run.sh", "sleep 3600\n");
    signal(&child, "INT");
    // The first must have been taken before the second counts.
    while place.json(&["status", "--json"])["state"] == "running" {
        std::thread::yield_now();
    }
    signal(&child, "INT");
    assert_eq!(ended(child).0, 130);
    place.ok(&["verify"]);
}

#[test]
fn a_live_run_is_paused_unpaused_and_given_a_new_budget() {
    let place = Place::new();
    let child = live(&place);
    let out = place.ok(&["pause", "latest"]);
    assert!(out.contains("paused"), "{out}");
    assert_eq!(place.json(&["status", "--json"])["state"], "paused");
    let (code, text) = place.fails(&["pause", "latest"]);
    assert_eq!(code, 1);
    assert!(text.contains("not running"), "{text}");
    let (code, text) = place.fails(&["resume", "latest"]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("in use by"), "{text}");
    let evaluated = place.json(&["status", "--json"])["candidates"]["evaluated"].as_u64().unwrap();
    let (code, _) = place.fails(&["budget", "latest", "candidats=5"]);
    assert_eq!(code, 2);
    place.ok(&["budget", "latest", &format!("candidates={}", evaluated + 30)]);
    place.ok(&["unpause", "latest"]);
    assert_eq!(ended(child).0, 0);
    assert_eq!(
        place.json(&["status", "--json"])["candidates"]["evaluated"].as_u64().unwrap(),
        evaluated + 30
    );
    let (code, text) = place.fails(&["pause", "latest"]);
    assert_eq!(code, 1);
    assert!(text.contains("evolve resume"), "{text}");
}

#[test]
fn a_stopped_run_says_so() {
    let place = Place::new();
    let child = live(&place);
    place.ok(&["stop", "latest", "--now"]);
    assert_eq!(ended(child).0, 130);
    assert_eq!(place.json(&["status", "--json"])["state"], "stopped");
}

#[test]
fn a_run_can_begin_with_another_runs_best() {
    let place = Place::new();
    place.ok(&["start", "task", "--budget", "candidates=40", "-q"]);
    let best = place.json(&["best", "--json"]);
    place.ok(&["start", "task", "--from", "latest:best", "--budget", "candidates=1", "-q"]);
    let status = place.json(&["status", "--json"]);
    assert_eq!(status["start_score"], best["score"]);
    let (code, _) = place.fails(&["start", "task", "--from", "latest:c999999"]);
    assert_eq!(code, 3);
}

#[test]
fn a_resumed_run_keeps_its_own_copy_of_the_task_and_says_when_the_source_changed() {
    let place = Place::new();
    place.ok(&["start", "task", "--budget", "candidates=10", "-q"]);
    place.write("judge.sh", "exit 1\n");
    let output = place.evolve(&["resume", "latest", "--budget", "candidates=20"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("has changed since the run began"), "{text}");
    assert_eq!(place.json(&["status", "--json"])["candidates"]["failed"], 0);
}

#[test]
fn mistakes_are_shown_with_place_and_advice() {
    let place = Place::new();
    let text = Place::task_toml("[search]\nexplotation = 0.5\nislandz = 3\n");
    place.write("task.toml", &text);
    for command in ["check", "start"] {
        let (code, text) = place.fails(&[command, "task"]);
        assert_eq!(code, 2);
        assert!(text.contains("unknown key `islandz` in `[search]`"), "{text}");
        assert!(text.contains("did you mean `islands`?"), "{text}");
        assert!(text.contains("task.toml:"), "{text}");
        assert!(text.contains("unknown key `explotation`"), "{text}");
    }
    assert!(!place.runs().exists(), "a bad task left a run behind");
    let output = place.evolve(&["check", "task", "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["problems"].as_array().unwrap().len(), 2);
}

#[test]
fn a_start_program_that_fails_is_explained_before_and_at_the_start() {
    let place = Place::new();
    place.write("program.py", "# EVOLVE-BLOCK-START\nX = 'a'\nY = 1\n# EVOLVE-BLOCK-END\n");
    let (code, text) = place.fails(&["check", "task"]);
    assert_eq!(code, 2);
    assert!(text.contains("judge-failed"), "{text}");
    assert_eq!(place.evolve(&["start", "task", "-q"]).status.code(), Some(2));
}

#[test]
fn bad_words_are_usage_errors_and_missing_things_are_not_found() {
    let place = Place::new();
    for (args, expected) in [
        (&["start", "nowhere"][..], 2),
        (&["start", "task", "--budget", "candidates=x"], 2),
        (&["start", "task", "--set", "search.strategy=nonsense"], 2),
        (&["start", "task", "--set", "nonsense"], 2),
        (&["start", "task", "--proposer", "nobody"], 2),
        (&["start", "task", "--proposer", "model"], 2),
        (&["status"], 3),
        (&["resume", "latest"], 3),
        (&["show", "latest", "c1"], 3),
        (&["nonsense"], 2),
    ] {
        let (code, text) = place.fails(args);
        assert_eq!(code, expected, "{args:?}: {text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}

#[test]
fn a_new_task_runs_as_it_is() {
    let place = Place::new();
    for (name, full) in [("plain", false), ("full", true)] {
        let mut args = vec!["init", name];
        if full {
            args.push("--full");
        }
        place.ok(&args);
        let (code, _) = place.fails(&args);
        assert_eq!(code, 2, "an existing folder was overwritten");
        assert!(place.ok(&["check", name]).contains("the task is valid"));
        place.ok(&["start", name, "--budget", "candidates=5", "-q"]);
        assert_eq!(place.json(&["status", "--json"])["candidates"]["evaluated"], 5);
    }
}

#[test]
fn tools_for_people_and_editors_work_without_a_run() {
    let place = Place::new();
    let schema = place.json(&["schema"]);
    assert!(schema["properties"]["objective"].is_object());
    assert!(place.ok(&["completions", "bash"]).contains("evolve"));
    let strategies = place.json(&["strategies", "--json"]);
    assert!(strategies["strategies"].as_array().unwrap().iter().any(|s| s["name"] == "adaptive"));
    assert!(place.ok(&["doctor"]).contains("python3"));
    assert!(place.ok(&["--version"]).starts_with("evolve 0."));
    assert!(place.json(&["list", "--json"])["runs"].as_array().unwrap().is_empty());
}

#[test]
fn every_command_has_help_with_an_example() {
    let place = Place::new();
    let help = place.ok(&["--help"]);
    let commands = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| *word != "help");
    let mut seen = 0;
    for command in commands {
        let text = place.ok(&[command, "--help"]);
        assert!(text.contains("Example"), "{command} has no example");
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn nothing_but_results_on_stdout() {
    let place = Place::new();
    let out = place.ok(&["start", "task", "--budget", "candidates=5", "--json"]);
    let status: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(status["candidates"]["evaluated"], 5);
    assert!(!out.contains('\u{1b}'));
}

#[test]
fn a_missing_tool_stops_the_run_by_fault_and_blames_no_candidate() {
    let place = Place::new();
    let text = Place::task_toml("").replace("[\"sh\", \"run.sh\"]", "[\"no-such-tool-here\"]");
    place.write("task.toml", &text);
    let (code, text) = place.fails(&["start", "task"]);
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("no-such-tool-here is not installed"), "{text}");
    let status = place.json(&["status", "--json"]);
    assert_eq!(status["candidates"]["failed"], 0);
}

#[test]
fn the_front_holds_whom_nobody_beats_in_every_objective() {
    let place = Place::new();
    // Nearness to 3 and smallness of X cannot both be had.
    place.write(
        "judge.sh",
        "x=$(sed -n 's/^X = //p' \"$EVOLVE_OUTPUT/program\")\n\
         awk -v x=\"$x\" 'BEGIN { printf \"{\\\"metrics\\\":{\\\"score\\\":%.12g,\\\"size\\\":%.12g}}\", \
         -(x-3)*(x-3), x*x }' > \"$EVOLVE_RESULT\"\n",
    );
    let text = Place::task_toml("[search]\nstrategy = \"pareto\"\n[budget]\ncandidates = 40\n");
    let second = "[[objective]]\nmetric = \"size\"\ngoal = \"minimize\"\n[evaluator]";
    place.write("task.toml", &text.replace("[evaluator]", second));
    place.ok(&["start", "task", "-q"]);
    let front = place.json(&["best", "--front", "--json"]);
    let points = front["points"].as_array().unwrap();
    assert!(points.len() >= 3, "{front}");
    let value = |i: usize, name: &str| points[i]["values"][name].as_f64().unwrap();
    for i in 1..points.len() {
        assert!(
            value(i, "score") < value(i - 1, "score") && value(i, "size") < value(i - 1, "size")
        );
    }
    assert_eq!(points[0]["is_best"], true);
    let text = place.ok(&["best", "--front"]);
    assert!(text.starts_with("score (more is better), size (less is better)\n"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with('c')).count(), points.len());
}

#[test]
fn a_noisy_metric_that_is_measured_once_is_warned_of() {
    let place = Place::new();
    let quiet = place.json(&["check", "task", "--json"]);
    assert_eq!(quiet["noisy"], false);
    let judge = "printf '{\"metrics\":{\"score\":%d}}' \"$EVOLVE_SEED\" > \"$EVOLVE_RESULT\"\n";
    place.write("judge.sh", judge);
    let said = place.ok(&["check", "task"]);
    assert!(said.contains("measured twice") && said.contains("may be luck"), "{said}");
    let toml = Place::task_toml("repeats = { min = 2, max = 4 }\n");
    place.write("task.toml", &toml);
    assert!(!place.ok(&["check", "task"]).contains("measured twice"));
}
