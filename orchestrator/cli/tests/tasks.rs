//! `evolve tasks`: what is shipped, and that a promise that is not kept is noticed.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod support;

use std::path::{Path, PathBuf};

use support::{PROGRAM, Place};

/// What the task of [`Place`] promises. Its start scores 100 - 2.5² - 2.25² = 88.6875.
const PROMISES: &str = r#"
[best_known]
score = 100.0
source = "arithmetic"
[[program]]
role = "start"
path = "program.py"
score = 88.6875
[[program]]
role = "best"
path = "best.py"
score = 100.0
slow = true
[[cheat]]
path = "cheat.py"
ends = "judge-failed"
"#;

fn place() -> Place {
    let place = Place::new();
    place.write("verify.toml", PROMISES);
    place.write("best.py", "X = 3\nY = -2\n");
    place.write("cheat.py", "X = nan\nY = nan\n");
    place
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../evaluators/tasks")
}

#[test]
fn promises_that_are_kept_end_well_and_are_told() {
    let place = place();
    let out = place.ok(&["tasks", "verify", "--tasks", "."]);
    assert!(out.contains("1 tasks, 4 programs: 4 as expected, 0 not"), "{out}");
    let quick = place.json(&["tasks", "verify", "--tasks", ".", "--quick", "--json"]);
    assert_eq!(quick["ok"], true);
    let checks = quick["tasks"][0]["checks"].as_array().unwrap();
    let whats: Vec<_> = checks.iter().map(|check| check["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["start", "cheat"], "the slow one is left out, the hostile one runs once");
}

#[test]
fn a_score_that_is_not_as_promised_is_a_failure() {
    let place = place();
    place.write("verify.toml", &PROMISES.replace("88.6875", "88.6876"));
    let output = place.evolve(&["tasks", "verify", "--tasks", "."]);
    assert_eq!(output.status.code(), Some(1));
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("NOT start") && out.contains("expected 88.6876"), "{out}");
}

#[test]
fn a_hostile_program_that_gains_is_a_failure_whatever_is_expected_of_it() {
    for ends in ["judge-failed", "no-score", "no-gain", "quarantined"] {
        let place = place();
        place.write("cheat.py", &PROGRAM.replace("0.5", "0.6"));
        place.write("verify.toml", &PROMISES.replace("judge-failed", ends));
        let output = place.evolve(&["tasks", "verify", "--tasks", ".", "--quick"]);
        assert_eq!(output.status.code(), Some(1));
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(out.contains("NOT cheat") && out.contains("a gain: 89.1775"), "{out}");
    }
}

#[test]
fn a_hostile_program_that_gains_nothing_or_too_much_is_told_apart() {
    let place = place();
    place.write("cheat.py", PROGRAM);
    place.write("verify.toml", &PROMISES.replace("judge-failed", "no-gain"));
    place.ok(&["tasks", "verify", "--tasks", ".", "--quick"]);
    let toml = Place::task_toml("").replace("\"maximize\"", "\"maximize\"\nplausible_max = 95");
    place.write("task.toml", &toml);
    place.write("cheat.py", "X = 3\nY = -2\n");
    place.write("verify.toml", &PROMISES.replace("judge-failed", "quarantined"));
    place.ok(&["tasks", "verify", "--tasks", ".", "--quick"]);
}

#[test]
fn a_task_whose_packages_are_missing_is_left_out_by_name() {
    let place = place();
    let toml = Place::task_toml("");
    let toml = toml.replace("[evaluator]", "[evaluator]\nrequirements = [\"no-such-package-1\"]");
    place.write("task.toml", &toml);
    let out = place.ok(&["tasks", "verify", "--tasks", "."]);
    assert!(out.contains("two-numbers: left out: ") && out.contains("no-such-package-1"), "{out}");
    assert!(out.contains("tasks left out: 1"), "{out}");
}

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let place = place();
    let (code, error) = place.fails(&["tasks", "--tasks", "nowhere"]);
    assert!(code == 3 && error.contains("--tasks DIR"), "{error}");
    let (code, error) = place.fails(&["tasks", "verify", "no-such-task", "--tasks", "."]);
    assert!(code == 3 && error.contains("there is no task `no-such-task`"), "{error}");
    place.write("verify.toml", &PROMISES.replace("ends", "end"));
    let (code, error) = place.fails(&["tasks", "--tasks", "."]);
    assert!(code == 2 && error.contains("verify.toml"), "{error}");
}

#[test]
fn every_shipped_task_is_listed_with_its_start_and_how_to_begin() {
    let place = Place::new();
    let tasks = shipped();
    let list = place.json(&["tasks", "--tasks", tasks.to_str().unwrap(), "--json"]);
    let list = list["tasks"].as_array().unwrap();
    assert!(list.len() >= 12, "{list:?}");
    for task in list {
        assert!(task["start"]["score"].is_number(), "{task}");
        let schedules = task["kind"] == "scheduler";
        assert!(!schedules || task["human"]["score"].is_number(), "{task}");
    }
    let table = place.command(&["tasks"]).env("EVOLVE_TASKS", &tasks).output().unwrap();
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("circle_packing/task_32.toml"), "{table}");
}

#[test]
fn links_in_a_task_folder_become_files_of_the_run() {
    let place = Place::new();
    std::fs::rename(place.task().join("judge.sh"), place.path().join("elsewhere.sh")).unwrap();
    std::os::unix::fs::symlink("../elsewhere.sh", place.task().join("judge.sh")).unwrap();
    place.ok(&["start", "task", "--budget", "candidates=3"]);
    let frozen = place.run_dir().join("task/judge.sh");
    assert!(frozen.symlink_metadata().unwrap().file_type().is_file());
}
