//! Tasks of other systems, from the command line.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod support;

use std::path::{Path, PathBuf};

use serde_json::Value;
use support::Place;

/// A task of another system, as the harness has it for its tests.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../evaluators/harness/tests/peers")
        .join(name)
        .canonicalize()
        .unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// An OpenEvolve task with two numbers to search for, and no model.
fn numbers(place: &Place) -> PathBuf {
    let folder = place.path().join("numbers");
    std::fs::create_dir(&folder).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("initial_program.py", "# EVOLVE-BLOCK-START\nX = 0.5\nY = 0.25\n# EVOLVE-BLOCK-END\n");
    write(
        "evaluator.py",
        "def evaluate(path):\n    names = {}\n    exec(open(path).read(), names)\n    x, y = \
         names['X'], names['Y']\n    return {'combined_score': 100 - (x - 3) ** 2 - (y + 2) ** 2}\n",
    );
    write(
        "config.yaml",
        "max_iterations: 40\nlog_level: INFO\ndatabase: {num_islands: 2}\nodd: 1\n",
    );
    folder
}

#[test]
fn a_folder_of_openevolve_is_checked_run_and_resumed_as_it_is() {
    let place = Place::new();
    let folder = numbers(&place);
    let checked = place.ok(&["check", "numbers"]);
    assert!(checked.contains("combined_score = 88.6875"), "{checked}");
    assert!(checked.contains("note: config.yaml: unknown, so left out: `odd`"), "{checked}");
    let output = place.evolve(&["start", "numbers", "--budget", "candidates=25"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("no meaning here (see --log-level): `log_level`"), "{said}");
    assert!(said.contains("trust = \"in-process\""), "{said}");
    let status = place.json(&["status", "--json"]);
    assert_eq!(status["candidates"]["evaluated"], 25);
    assert!(status["best"]["gain"].as_f64().unwrap() > 0.0, "{status}");
    let page = std::fs::read_to_string(place.run_dir().join("report/index.html")).unwrap();
    assert!(page.contains("in-process"));
    // The run has its own copy, driver included, and goes on without the folder.
    std::fs::remove_dir_all(&folder).unwrap();
    place.ok(&["resume", "latest", "--budget", "candidates=30", "-q"]);
    assert_eq!(place.json(&["status", "--json"])["candidates"]["evaluated"], 30);
    place.ok(&["verify"]);
}

#[test]
fn parts_are_named_where_a_folder_is_not_recognised() {
    let place = Place::new();
    let folder = numbers(&place);
    std::fs::rename(folder.join("initial_program.py"), folder.join("mine.py")).unwrap();
    std::fs::rename(folder.join("evaluator.py"), folder.join("judge.py")).unwrap();
    let (code, said) = place.fails(&["check", "numbers"]);
    assert_eq!(code, 2);
    assert!(said.contains("--as where it is not recognised"), "{said}");
    let parts = ["--as", "openevolve", "numbers/mine.py", "numbers/judge.py"];
    let checked = place.json(&[&["check", "--json"], &parts[..]].concat());
    assert_eq!(checked["start"]["score"], 88.6875);
    std::fs::write(folder.join("other.yaml"), "evaluator: {timeout: soon}\n").unwrap();
    let config = ["-c", "numbers/other.yaml"];
    let (code, said) = place.fails(&[&["check"], &parts[..], &config[..]].concat());
    assert!(code == 2 && said.contains("`evaluator.timeout`"), "{said}");
    let (code, said) = place.fails(&["check", "task", "-c", "numbers/other.yaml"]);
    assert!(code == 2 && said.contains("the task has its task.toml"), "{said}");
    let (code, said) = place.fails(&["check", "--as", "shinka", "numbers"]);
    assert!(code == 2 && said.contains("--as shinka PROGRAM EVALUATOR"), "{said}");
}

#[test]
fn an_imported_task_is_a_task_of_ours() {
    let place = Place::new();
    let folder = numbers(&place);
    let made = place.json(&["import", "numbers", "--out", "mine", "--json"]);
    assert_eq!((made["task"].as_str(), made["population"].as_u64()), (Some("numbers"), Some(0)));
    std::fs::remove_dir_all(folder).unwrap();
    let toml = std::fs::read_to_string(place.path().join("mine/task.toml")).unwrap();
    assert!(toml.contains("trust = \"in-process\""), "{toml}");
    assert_eq!(place.json(&["check", "mine", "--json"])["start"]["score"], 88.6875);
    let (code, said) = place.fails(&["import", "mine"]);
    assert!(code == 2 && said.contains("a task of evolve's own already"), "{said}");
    let (code, said) = place.fails(&["import", text(&fixture("mean")), "--out", "mine"]);
    assert!(code == 2 && said.contains("exists already"), "{said}");
}

/// A checkpoint as OpenEvolve writes it: recorded scores are wrong, so that it shows whose count.
fn checkpoint(place: &Place) -> PathBuf {
    let programs = place.path().join("checkpoint_7/programs");
    std::fs::create_dir_all(&programs).unwrap();
    for (name, x, recorded) in [("a", "2.5", 7.0), ("b", "3.0", 5.0), ("c", "9.0", 99.0)] {
        let code = format!("# EVOLVE-BLOCK-START\nX = {x}\nY = -2.0\n# EVOLVE-BLOCK-END\n");
        let program = serde_json::json!({
            "id": name, "code": code, "language": "python",
            "metrics": { "combined_score": recorded },
        });
        std::fs::write(programs.join(format!("{name}.json")), program.to_string()).unwrap();
    }
    place.path().join("checkpoint_7")
}

fn candidates(place: &Place) -> Vec<Value> {
    let lines = place.ok(&["export", "latest", "--jsonl"]);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_population_is_measured_again_before_anything_else_is_proposed() {
    let place = Place::new();
    numbers(&place);
    let from = checkpoint(&place);
    let population = ["--population", text(&from), "--top", "3"];
    place.ok(&[&["import", "numbers", "--out", "mine", "-q"], &population[..]].concat());
    assert!(place.ok(&["check", "mine"]).contains("population: 3 programs"));
    place.ok(&["start", "mine", "--budget", "candidates=3", "-q"]);
    let all = candidates(&place);
    let score = |n: usize| all[n]["metrics"]["combined_score"].as_f64().unwrap();
    // The best recorded first; what counts is what was measured.
    assert_eq!((score(1), score(2), score(3)), (64.0, 99.75, 100.0), "{all:?}");
    assert_eq!(place.json(&["best", "--json"])["candidate"], "c000003");
    assert_eq!(place.json(&["show", "latest", "c1", "--json"])["operator"], "draft");
    place.ok(&["verify"]);
    let replayed = place.ok(&["start", "mine", "--proposer", "replay:latest"]);
    assert!(replayed.contains("the same decisions"), "{replayed}");
    // Fewer of them, those of the best recorded scores, also for a task that is ours.
    let few = ["--population", text(&from), "--top", "1", "--out", "few", "-q"];
    place.ok(&[&["import", "numbers"], &few[..]].concat());
    let kept = std::fs::read_dir(place.path().join("few/population")).unwrap().count();
    assert_eq!(kept, 1);
    let (code, said) = place.fails(&["import", "numbers", "--population", "task", "--out", "x"]);
    assert!(code == 2 && said.contains("neither a checkpoint"), "{said}");
    assert!(!place.path().join("x").exists());
}

#[test]
fn a_score_beyond_the_plausible_is_not_believed_of_another_systems_task() {
    let place = Place::new();
    let (program, evaluator) =
        (fixture("cheats/writes_result_and_exits.py"), fixture("cheats/evaluator.py"));
    let parts = ["--as", "openevolve", text(&program), text(&evaluator)];
    let bound = ["--set", "objective.0.plausible_max=1", "--budget", "candidates=1", "-q"];
    let (code, said) = place.fails(&[&["start"], &parts[..], &bound[..]].concat());
    assert!(code == 2 && said.contains("plausible"), "{code} {said}");
    // Without a bound it is believed: that is what the documentation warns of.
    place.ok(&[&["start"], &parts[..], &bound[2..]].concat());
    assert_eq!(place.json(&["best", "--json"])["score"], 99.0);
}

#[test]
fn an_evaluator_in_a_container_runs_in_docker_and_nowhere_else() {
    let place = Place::new();
    let task = fixture("sky_container");
    let (code, said) = place.fails(&["check", text(&task), "--sandbox", "process"]);
    assert!(code == 2 && said.contains("which only the docker sandbox has"), "{said}");
    if !support::has_docker("an evaluator in a container") {
        return;
    }
    let docker = ["--sandbox", "docker", "--json"];
    let numpy = fixture("numpy");
    let checked = place.json(&[&["check", text(&numpy)], &docker[..]].concat());
    assert_eq!(checked["start"]["score"], 2.5);
    let checked = place.json(&[&["check", text(&task)], &docker[..]].concat());
    assert_eq!(checked["start"]["score"], 12.0);
    assert_eq!(checked["holdout"]["combined_score"], 18.0);
    let (harbor, program) = (fixture("sky_harbor"), fixture("sky_python/initial_program.py"));
    let parts = ["--as", "skydiscover", text(&program), text(&harbor)];
    let checked = place.json(&[&["check"], &parts[..], &docker[..]].concat());
    assert_eq!(checked["start"]["score"], 5.0);
}
