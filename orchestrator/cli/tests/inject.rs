//! `evolve inject`: a person's program in a live run.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

mod support;

use std::process::{Child, Stdio};

use support::{PROGRAM, Place};

/// A run that is at work.
fn live(place: &Place, args: &[&str]) -> Child {
    let mut command = place.command(args);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(place, &mut child, |status| {
        status["candidates"]["evaluated"].as_u64().unwrap() > 3 && status["state"] == "running"
    });
    child
}

fn wait_for(place: &Place, child: &mut Child, enough: impl Fn(&serde_json::Value) -> bool) {
    loop {
        assert!(child.try_wait().unwrap().is_none(), "the run ended by itself");
        if place.runs().exists() && place.evolve(&["status"]).status.success() {
            let status = place.json(&["status", "--json"]);
            if enough(&status) {
                return;
            }
        }
        std::thread::yield_now();
    }
}

/// The start with other numbers.
fn program(x: &str, y: &str) -> String {
    PROGRAM.replace("0.5", x).replace("0.25", y)
}

fn give(place: &Place, name: &str, text: &str) {
    std::fs::write(place.path().join(name), text).unwrap();
}

/// The number in `…: c000042 is injected; …`.
fn number_in(reply: &str) -> String {
    reply.split_whitespace().find(|word| word.starts_with("c0")).unwrap().to_owned()
}

fn replays(place: &Place) {
    let id = place.run_dir().file_name().unwrap().to_str().unwrap().to_owned();
    let out = place.ok(&["start", "task", "--proposer", &format!("replay:{id}")]);
    assert!(out.contains("the same decisions"), "{out}");
}

#[test]
fn a_persons_better_program_becomes_the_best_and_the_run_replays() {
    let place = Place::new();
    let mut child = live(&place, &["start", "task", "-q"]);
    // A paused run takes it; nothing else is proposed meanwhile that could come before it.
    place.ok(&["pause", "latest"]);
    give(&place, "program.py", &program("3.0", "-2.0"));
    let args = ["inject", "latest", "program.py", "--note", "worked out by hand"];
    let reply = place.ok(&[&args[..], &["--parent", "c0"]].concat());
    assert!(reply.contains("is injected; it is evaluated when the run goes on"), "{reply}");
    let id = number_in(&reply);
    assert_eq!(place.json(&["show", "latest", &id, "--json"])["state"], "ready");
    place.ok(&["unpause", "latest"]);
    wait_for(&place, &mut child, |status| status["best"]["candidate"] == id.as_str());

    let shown = place.ok(&["show", "latest", &id]);
    assert!(shown.contains("inject") && shown.contains("worked out by hand"), "{shown}");
    let lineage = place.ok(&["lineage", "latest"]);
    assert!(lineage.contains("inject") && lineage.contains("c000000"), "{lineage}");
    assert!(place.ok(&["status"]).contains(&id));

    // What is there already is told by its name, in other words, too.
    let (code, text) = place.fails(&args);
    assert_eq!(code, 1);
    assert!(text.contains(&format!("a duplicate of {id}")), "{text}");
    give(&place, "program.py", &program("3.0", "-2.0  # the same"));
    let (_, text) = place.fails(&args);
    assert!(text.contains(&format!("a duplicate of {id}: only layout")), "{text}");

    place.ok(&["stop", "latest"]);
    child.wait().unwrap();
    place.ok(&["verify"]);
    let log = place.git(&["log", "-1", "--format=%an%n%B", "best"]);
    assert!(log.starts_with("inject\n") && log.contains("Operator: inject"), "{log}");
    assert!(log.contains("worked out by hand") && log.contains("Score: 100"), "{log}");
    let parents = place.git(&["log", "-1", "--format=%P", "best"]);
    assert_eq!(parents.split_whitespace().count(), 1, "its parent is lost: {parents}");
    replays(&place);
}

#[test]
fn what_will_not_do_is_refused_with_its_reason() {
    let place = Place::new();
    let mut child = live(&place, &["start", "task", "-q"]);
    place.ok(&["pause", "latest"]);
    give(&place, "program.py", &program("3.5", "-2.0"));
    give(&place, "better.py", &program("3.5", "-2.0"));

    let (code, text) = place.fails(&["inject", "latest", "better.py"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("the file names differ: it lacks program.py"), "{text}");
    assert!(text.contains("in a file of the name program.py"), "{text}");

    let (code, text) = place.fails(&["inject", "latest", "program.py", "--parent", "c999999"]);
    assert_eq!(code, 3, "{text}");
    let (_, text) = place.fails(&["inject", "latest", "program.py", "--island", "77"]);
    assert!(text.contains("no island 77"), "{text}");

    give(&place, "program.py", &format!("import os\n{}", program("3.5", "-2.0")));
    let (code, text) = place.fails(&["inject", "latest", "program.py"]);
    assert_eq!(code, 1);
    assert!(text.contains("program.py:1") && text.contains("outside the EVOLVE-BLOCK"), "{text}");
    give(&place, "program.py", &program("3.5", "-2.0 +"));
    let (_, text) = place.fails(&["inject", "latest", "program.py"]);
    assert!(text.contains("program.py:3"), "{text}");
    give(&place, "program.py", &program("3.5", &format!("-2.0 # {}", "x".repeat(300 << 10))));
    let (_, text) = place.fails(&["inject", "latest", "program.py"]);
    assert!(text.contains("at most 262144 are allowed"), "{text}");
    give(&place, "program.py", &program("3.5", &format!("-2.0 # {}", "x".repeat(5 << 20))));
    let (_, text) = place.fails(&["inject", "latest", "program.py"]);
    assert!(text.contains("bytes to send"), "{text}");
    std::fs::write(place.path().join("program.py"), b"\xff\xfe").unwrap();
    let (code, text) = place.fails(&["inject", "latest", "program.py"]);
    assert_eq!(code, 2);
    assert!(text.contains("UTF-8"), "{text}");

    place.ok(&["budget", "latest", "candidates=1"]);
    give(&place, "program.py", &program("3.5", "-2.0"));
    let (_, text) = place.fails(&["inject", "latest", "program.py"]);
    assert!(text.contains("budget of 1 candidates is used up"), "{text}");

    // None of this left a trace but the pause and the budget.
    place.ok(&["stop", "latest", "--now"]);
    child.wait().unwrap();
    let journal = std::fs::read_to_string(place.run_dir().join("events.jsonl")).unwrap();
    assert!(!journal.contains("\"inject\""));
    let (code, text) = place.fails(&["inject", "latest", "program.py"]);
    assert_eq!(code, 1);
    assert!(text.contains("evolve resume"), "{text}");
}

#[test]
fn a_run_that_is_stopping_takes_no_program_any_more() {
    let place = Place::new();
    let hangs = "grep -q HANG \"$EVOLVE_PROGRAM\" && sleep 3600\n";
    let run = std::fs::read_to_string(place.task().join("run.sh")).unwrap();
    place.write("run.sh", &(hangs.to_owned() + &run));
    place.write("task.toml", &Place::task_toml("").replace("10s", "1h"));
    let mut child = live(&place, &["start", "task", "-q"]);
    give(&place, "program.py", &program("1.75", "1.25 # HANG"));
    let id = number_in(&place.ok(&["inject", "latest", "program.py"]));
    while place.json(&["show", "latest", &id, "--json"])["state"] != "evaluating" {
        std::thread::yield_now();
    }
    place.ok(&["stop", "latest"]);
    give(&place, "program.py", &program("3.0", "-2.0"));
    let (code, text) = place.fails(&["inject", "latest", "program.py"]);
    assert_eq!(code, 1);
    assert!(text.contains("the run is stopping"), "{text}");
    place.ok(&["stop", "latest", "--now"]);
    child.wait().unwrap();
}

#[test]
fn a_program_that_was_taken_survives_kill_9() {
    let place = Place::new();
    let mut child = live(&place, &["start", "task", "-q"]);
    place.ok(&["pause", "latest"]);
    give(&place, "program.py", &program("3.0", "-2.0"));
    let id = number_in(&place.ok(&["inject", "latest", "program.py"]));
    child.kill().unwrap();
    child.wait().unwrap();
    let evaluated = place.json(&["status", "--json"])["candidates"]["evaluated"].as_u64().unwrap();
    let budget = format!("candidates={}", evaluated + 10);
    place.ok(&["resume", "latest", "-q", "--budget", &budget]);
    let shown = place.json(&["show", "latest", &id, "--json"]);
    assert_eq!(shown["state"], "evaluated", "{shown}");
    assert!(shown.to_string().contains("injected by a person: program.py"), "{shown}");
    assert_eq!(place.json(&["status", "--json"])["best"]["candidate"], id.as_str());
    assert_eq!(
        place.json(&["status", "--json"])["candidates"]["evaluated"],
        evaluated + 10,
        "it does not count as a candidate"
    );
    place.ok(&["verify"]);
    replays(&place);
}

#[test]
fn a_program_of_several_files_comes_as_a_folder() {
    let place = Place::new();
    let folder = place.task().join("parts");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("x.py"), "X = 0.5\n").unwrap();
    std::fs::write(folder.join("y.py"), "Y = 0.25\n").unwrap();
    place.write("run.sh", "cat \"$EVOLVE_PROGRAM\"/*.py > \"$EVOLVE_OUTPUT/program\"\n");
    let toml = Place::task_toml("")
        .replace("path = \"program.py\"", "path = \"parts\"\nlanguage = \"python\"");
    place.write("task.toml", &toml);
    let mut child = live(&place, &["start", "task", "-q"]);
    place.ok(&["pause", "latest"]);
    let own = place.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("x.py"), "X = 3.0\n").unwrap();
    let (code, text) = place.fails(&["inject", "latest", "own"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("it lacks y.py"), "{text}");
    std::fs::write(own.join("y.py"), "Y = -2.0\n").unwrap();
    let id = number_in(&place.ok(&["inject", "latest", "own"]));
    place.ok(&["unpause", "latest"]);
    wait_for(&place, &mut child, |status| status["best"]["candidate"] == id.as_str());
    place.ok(&["stop", "latest", "--now"]);
    child.wait().unwrap();
}

#[test]
fn a_program_given_before_the_tasks_own_population_takes_none_of_its_places() {
    let place = Place::new();
    let gate = place.path().join("gate");
    let folder = place.task().join("population");
    std::fs::create_dir(&folder).unwrap();
    for (name, x) in [("a.py", "1.5"), ("b.py", "2.5"), ("c.py", "2.75")] {
        std::fs::write(folder.join(name), program(x, "0.5")).unwrap();
    }
    // Nothing is measured, so nothing proposed, before the gate is open.
    let run = std::fs::read_to_string(place.task().join("run.sh")).unwrap();
    place.write("run.sh", &format!("until [ -e \"$GATE\" ]; do sleep 0.05; done\n{run}"));
    let path = "path = \"program.py\"";
    let toml = Place::task_toml(&format!("[sandbox]\nenv = [\"GATE={}\"]\n", gate.display()))
        .replace(path, &format!("{path}\npopulation = \"population\""));
    place.write("task.toml", &toml);
    let args = ["start", "task", "-q", "--sandbox", "unconfined", "--budget", "candidates=6"];
    let mut command = place.command(&args);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&place, &mut child, |status| status["under_way"]["evaluations"] == 1);
    give(&place, "program.py", &program("3.0", "-2.0"));
    assert_eq!(number_in(&place.ok(&["inject", "latest", "program.py"])), "c000001");
    std::fs::write(&gate, "").unwrap();
    assert!(child.wait().unwrap().success());
    for (number, x) in [(2, "1.5"), (3, "2.5"), (4, "2.75")] {
        let shown = place.ok(&["show", "latest", &number.to_string()]);
        assert!(shown.contains("given with the task"), "{shown}");
        assert!(shown.contains(&format!("X = {x}")), "{shown}");
    }
    assert_eq!(place.json(&["status", "--json"])["best"]["candidate"], "c000001");
    replays(&place);
}
