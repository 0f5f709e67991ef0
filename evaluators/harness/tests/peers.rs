//! Tasks of other systems, written by their conventions in `peers/`, run as they are.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{Stages, eventually, helper, request};
use evolve_core::outcome::{EvalPurpose, EvalReport, EvalStatus};
use evolve_core::ports::Evaluator;
use evolve_core::program::Program;
use evolve_core::task::{TaskConfig, parse_task};
use evolve_evaluators::peers::{Content, Import, Source, adapters, population, recognise};
use evolve_evaluators::{Harness, HarnessSetup};
use evolve_sandbox::ProcessSandbox;
use tempfile::TempDir;

/// A task of another system, made into one of ours.
struct Peer {
    import: Import,
    folder: TempDir,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name)
}

impl Peer {
    /// The folder of this name, as it is recognised.
    fn of(name: &str) -> Self {
        let (adapter, source) = recognise(&fixture(name)).unwrap();
        Self::made(adapter.name(), &source)
    }

    fn made(system: &'static str, source: &Source) -> Self {
        let adapter = adapters().into_iter().find(|a| a.name() == system).unwrap();
        let import = adapter.import(source).unwrap();
        let folder = TempDir::new().unwrap();
        for file in &import.files {
            let target = folder.path().join(&file.path);
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            match &file.content {
                Content::Copy(from) => std::fs::copy(from, target).map(drop).unwrap(),
                Content::Text(text) => std::fs::write(target, text).unwrap(),
            }
        }
        Self { import, folder }
    }

    /// The task as its `task.toml` would give it.
    fn task(&self) -> TaskConfig {
        let text = toml::to_string(&self.import.task).unwrap();
        let mut task = parse_task(&text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        task.sandbox.env.push(format!("LAB_MARK={}", self.folder.path().display()));
        task
    }

    fn start(&self) -> Program {
        let path = &self.import.task.program.as_ref().unwrap().path;
        let text = std::fs::read_to_string(self.folder.path().join(path)).unwrap();
        Program::single(path.rsplit('/').next().unwrap(), text)
    }

    async fn evaluate(&self, program: Program) -> EvalReport {
        let harness = Harness::new(HarnessSetup {
            task: Arc::new(self.task()),
            task_root: self.folder.path().to_owned(),
            sandbox: Arc::new(ProcessSandbox::new(helper())),
            gpus: Vec::new(),
        })
        .unwrap();
        let request = request(program, EvalPurpose::Search, (0, 1));
        harness.evaluate(request, Arc::new(Stages::default())).await
    }

    /// The start program with this text in the place of that.
    async fn changed(&self, from: &str, to: &str) -> EvalReport {
        let start = self.start();
        let (name, text) = start.sole().unwrap();
        assert!(text.contains(from), "{text}");
        self.evaluate(Program::single(name, text.replace(from, to))).await
    }

    fn noted(&self, what: &str) -> bool {
        self.import.notes.iter().any(|note| note.contains(what))
    }
}

fn ok(report: &EvalReport) -> &EvalReport {
    let log = String::from_utf8_lossy(&report.log);
    assert_eq!(report.status, EvalStatus::Ok, "{}\n{log}", report.detail);
    report
}

fn close(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-6, "{value} is not {expected}");
}

fn has(tool: &str, test: &str) -> bool {
    let there = std::process::Command::new(tool).arg("--version").output();
    let there = there.is_ok_and(|output| output.status.success());
    if !there {
        skipped(test, tool, &format!("{tool} is not installed"));
    }
    there
}

fn skipped(test: &str, needs: &str, why: &str) {
    println!("skipped: {test}: {why}");
    if let Some(log) = std::env::var_os("EVOLVE_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
        writeln!(log, "{test}\t{needs}\t{why}").unwrap();
    }
}

#[test]
fn folders_are_recognised_by_what_is_in_them() {
    for (name, system) in [
        ("cascade", "openevolve"),
        ("mean", "openevolve"),
        ("cpp", "openevolve"),
        ("shinka", "shinka"),
        ("sky_python", "skydiscover"),
        ("sky_container", "skydiscover"),
        ("sky_harbor", "skydiscover"),
    ] {
        let (adapter, source) = recognise(&fixture(name)).unwrap();
        assert_eq!(adapter.name(), system, "{name}");
        assert_eq!(source.program.is_none(), name == "sky_harbor", "{name}");
    }
    assert!(recognise(&fixture("cascade/data")).is_none());
}

#[test]
fn a_configuration_of_openevolve_is_taken_over_and_what_is_not_is_named() {
    let peer = Peer::of("cascade");
    let task = peer.task();
    assert_eq!(task.budget.candidates, Some(12));
    assert_eq!((task.search.seed, task.search.islands, task.search.archive), (7, 3, 50));
    assert_eq!((task.search.strategy.as_str(), task.search.inspirations), ("map-elites", 3));
    let parameters = serde_json::to_value(&task.search.parameters).unwrap();
    assert_eq!(parameters["descriptors"], serde_json::json!(["complexity", "distance"]));
    assert_eq!(parameters["bins"], 8.0);
    assert_eq!(task.task.description.as_deref(), Some("Make the value large."));
    assert_eq!(task.model.len(), 1);
    assert_eq!(task.model[0].base_url, "http://localhost:9/v1");
    assert_eq!(
        (task.model[0].weight.to_string(), task.model[0].max_tokens),
        ("0.8".into(), Some(1000))
    );
    assert_eq!(task.model[0].api_key_env, None);
    assert_eq!(serde_json::to_value(task.run.evaluation_slots).unwrap(), 2);
    // Three stages, 20 s each.
    assert_eq!(task.evaluator.stage[0].timeout.to_string(), "1m");
    assert_eq!(task.trust(), "in-process");
    assert!(
        peer.noted("unknown, so left out: `early_stoping_patience`"),
        "{:?}",
        peer.import.notes
    );
    assert!(
        peer.noted("no meaning here (the journal keeps everything, always): `checkpoint_interval`")
    );
}

#[tokio::test]
async fn stages_run_in_order_and_thresholds_stop_between_them() {
    let peer = Peer::of("cascade");
    // 0.6 passes the first threshold, half of it not the second.
    let report = peer.evaluate(peer.start()).await;
    close(ok(&report).metrics["combined_score"], 0.3);
    close(report.metrics["cascade_stage"], 2.0);
    assert_eq!(report.artifacts["stage2"], b"was here");
    let report = peer.changed("0.6", "1.6").await;
    close(ok(&report).metrics["combined_score"], 11.6);
    close(report.metrics["cascade_stage"], 3.0);
    close(report.metrics["fine"], 1.0);
    // Without combined_score the mean of all numbers but `error` decides, and is the score.
    let report = peer.changed("0.6", "0.4").await;
    close(ok(&report).metrics["cascade_stage"], 1.0);
    close(report.metrics["combined_score"], 0.2);
}

#[tokio::test]
async fn an_awaited_evaluator_without_a_score_is_scored_by_the_mean() {
    let peer = Peer::of("mean");
    assert!(peer.noted("the score is the mean of its numbers"), "{:?}", peer.import.notes);
    let report = peer.evaluate(peer.start()).await;
    // 3 times 2, as evaluator_args say, and 1; `size` is a feature dimension, a flag no number.
    close(ok(&report).metrics["combined_score"], 3.5);
    close(report.metrics["flag"], 1.0);
    assert_eq!(report.artifacts["note"], b"as expected");
    let log = String::from_utf8_lossy(&report.log);
    assert!(log.contains("less may be better: run_time"), "{log}");
}

#[tokio::test]
async fn programs_are_imported_by_their_stem_also_in_a_process_of_the_evaluators() {
    let peer = Peer::of("importer");
    let report = peer.evaluate(peer.start()).await;
    close(ok(&report).metrics["combined_score"], 42.0);
    let picture = &report.artifacts["picture.png"];
    assert_eq!((&picture[..5], picture.len()), (&b"\x89PNG\x00"[..], 262));
    assert_eq!(report.artifacts["words"].len(), 9000);
}

#[tokio::test]
async fn failures_have_a_status_and_no_score() {
    let peer = Peer::of("importer");
    for (program, status, said) in [
        ("def answer(:", EvalStatus::Crashed, "SyntaxError"),
        ("NAME = __name__\ndef answer():\n    raise ValueError('odd')", EvalStatus::Crashed, ""),
        ("NAME = __name__\ndef answer():\n    return 1e999", EvalStatus::Crashed, ""),
    ] {
        let report = peer.evaluate(Program::single("initial_program.py", program)).await;
        assert_eq!(report.status, status, "{program}: {}", report.detail);
        assert!(report.samples.is_empty() && report.detail.contains(said), "{}", report.detail);
    }
    let mean = Peer::of("mean");
    for value in ["float('nan')", "float('inf')"] {
        let report = mean.changed("return 3", &format!("return {value}")).await;
        assert_ne!(report.status, EvalStatus::Ok, "{value}");
        assert!(report.samples.is_empty());
    }
}

#[tokio::test]
async fn what_hangs_is_killed_whole_when_its_stage_is_over() {
    let place = TempDir::new().unwrap();
    let config = place.path().join("short.yaml");
    std::fs::write(&config, "evaluator: {timeout: 1.5, cascade_thresholds: [0.5]}\n").unwrap();
    let source = Source { config: Some(config), ..recognise(&fixture("cascade")).unwrap().1 };
    let peer = Peer::made("openevolve", &source);
    let hang = "VALUE = 0.6\nimport subprocess, sys, time\n\
                subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n\
                time.sleep(600)\n";
    let report = peer.evaluate(Program::single("initial_program.py", hang)).await;
    assert_eq!(report.status, EvalStatus::TimedOut, "{}", report.detail);
    assert!(report.detail.contains("evaluate_stage1 took longer than 1.5 s"), "{}", report.detail);
    let mark = format!("LAB_MARK={}", peer.folder.path().display());
    let of = |pid: &str, file: &str| {
        let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let sleeps = |pid: &String| {
        of(pid, "cmdline").contains("time.sleep(600)") && of(pid, "environ").contains(&mark)
    };
    eventually(|| !common::entries(Path::new("/proc")).iter().any(sleeps)).await;
}

#[tokio::test]
async fn a_program_in_another_language_is_built_by_its_evaluator() {
    let peer = Peer::of("cpp");
    if has("cc", "a C program of another system") {
        let text = "#include <stdio.h>\nint main(void) { puts(\"7\"); }\n";
        let report = peer.evaluate(Program::single("initial_program.c", text)).await;
        close(ok(&report).metrics["combined_score"], 7.0);
    }
    if has("g++", "a C++ program of another system") {
        let report = peer.evaluate(peer.start()).await;
        close(ok(&report).metrics["combined_score"], 42.0);
        let report = peer.changed("return 42;", "return x;").await;
        close(ok(&report).metrics["combined_score"], 0.0);
        assert!(report.feedback.contains("not declared"), "{}", report.feedback);
    }
}

#[tokio::test]
async fn numbers_of_numpy_are_numbers() {
    let there = std::process::Command::new("python3").args(["-c", "import numpy"]).status();
    if !there.is_ok_and(|status| status.success()) {
        skipped("an evaluator with numpy", "numpy", "python3 has no numpy");
        return;
    }
    let peer = Peer::of("numpy");
    assert!(peer.import.task.evaluator.warm_imports.contains(&"numpy".to_owned()));
    let report = peer.evaluate(peer.start()).await;
    close(ok(&report).metrics["combined_score"], 2.5);
    close(report.metrics["count"], 5.0);
}

#[test]
fn a_configuration_of_shinka_is_taken_over_and_what_is_not_is_named() {
    let peer = Peer::of("shinka");
    let task = peer.task();
    assert_eq!(task.budget.candidates, Some(20));
    assert_eq!((task.search.islands, task.search.archive, task.search.inspirations), (2, 40, 2));
    let operators = serde_json::to_value(&task.search.operators).unwrap();
    assert_eq!(operators, serde_json::json!({"diff": 0.6, "rewrite": 0.3, "crossover": 0.1}));
    assert_eq!(task.model[0].name.as_str(), "qwen");
    assert_eq!(task.model[0].temperature.map(|t| t.to_string()).as_deref(), Some("0.5"));
    assert_eq!(task.evaluator.stage[0].timeout.to_string(), "30s");
    assert!(task.evaluator.stage[0].run.ends_with(&["--threshold".into(), "0.5".into()]));
    assert!(
        peer.noted("unknown, so left out: `evo_config.no_such_key`"),
        "{:?}",
        peer.import.notes
    );
    assert!(peer.noted("`evo_config.novelty_llm_models`"), "{:?}", peer.import.notes);
}

#[tokio::test]
async fn shinka_stops_early_and_passes_its_feedback_on() {
    let peer = Peer::of("shinka");
    // The threshold of extra_cmd_args is far below: four trials are enough.
    let report = peer.evaluate(peer.start()).await;
    close(ok(&report).metrics["runs"], 4.0);
    close(report.metrics["combined_score"], 1.0015);
    close(report.metrics["private.secret"], 7.0);
    assert_eq!(report.artifacts["drawing"], b"oooooooooo");
    assert_eq!(report.feedback, "seeds make little difference");
    let stopped = String::from_utf8_lossy(&report.artifacts["early_stop"]).into_owned();
    assert!(stopped.contains("\"triggered\": true") && stopped.contains("beats"), "{stopped}");
    let report = peer.changed("1.0 + 0.001", "0.1 + 0.001").await;
    close(ok(&report).metrics["runs"], 4.0);
    let report = peer.changed("1.0 + 0.001 * seed", "0.5 + (-1) ** seed").await;
    close(ok(&report).metrics["runs"], 20.0);
}

#[tokio::test]
async fn what_shinka_calls_incorrect_has_no_score() {
    let peer = Peer::of("shinka");
    let report = peer.changed("1.0 + 0.001", "200.0 + 0.001").await;
    assert_eq!(report.status, EvalStatus::Invalid);
    assert!(report.detail.contains("Validation failed: too large: 200.0"), "{}", report.detail);
    for (change, said) in [
        ("raise ValueError('odd')", "odd"),
        ("return float('nan')", "too large: nan"),
        ("import sys; sys.exit(3)", "status 3"),
        ("import os; os._exit(0)", "wrote no"),
    ] {
        let report = peer.changed("return 1.0 + 0.001 * seed", change).await;
        assert_ne!(report.status, EvalStatus::Ok, "{change}");
        assert!(report.detail.contains(said), "{change}: {}", report.detail);
        assert!(report.samples.is_empty());
    }
}

#[tokio::test]
async fn without_a_word_on_correctness_a_program_of_shinka_is_incorrect() {
    let place = TempDir::new().unwrap();
    std::fs::write(place.path().join("initial.py"), "x = 1\n").unwrap();
    for (correct, status) in [
        ("", EvalStatus::Invalid),
        ("{'correct': 1}", EvalStatus::Invalid),
        ("{'correct': True}", EvalStatus::Ok),
    ] {
        let write =
            "def write(name, what):\n    json.dump(what, open(os.path.join(folder, name), 'w'))\n";
        let mut text = format!("import json, os, sys\nfolder = sys.argv[4]\n{write}");
        text += "write('metrics.json', {'combined_score': 5})\n";
        if !correct.is_empty() {
            text += &format!("write('correct.json', {correct})\n");
        }
        std::fs::write(place.path().join("evaluate.py"), text).unwrap();
        let (adapter, source) = recognise(place.path()).unwrap();
        let peer = Peer::made(adapter.name(), &source);
        let report = peer.evaluate(peer.start()).await;
        assert_eq!(report.status, status, "{correct}: {}", report.detail);
    }
}

#[tokio::test]
async fn a_python_evaluator_of_skydiscover_runs_and_no_key_is_copied() {
    let peer = Peer::of("sky_python");
    let task = peer.task();
    assert_eq!(task.budget.candidates, Some(9));
    assert_eq!((task.search.islands, task.search.inspirations), (2, 4));
    assert_eq!(task.model[0].name.as_str(), "gemini-2.5-flash");
    assert_eq!(task.model[0].api_key_env.as_deref(), Some("GEMINI_API_KEY"));
    assert_eq!(task.task.description.as_deref().unwrap().lines().count(), 2);
    assert!(peer.noted("holds a key itself"));
    assert!(!peer.folder.path().join("config.yaml").exists());
    let report = peer.evaluate(peer.start()).await;
    close(ok(&report).metrics["combined_score"], 5.0);
}

#[test]
fn an_evaluator_in_a_container_has_its_image_and_a_held_out_mode() {
    let peer = Peer::of("sky_container");
    let task = peer.task();
    assert_eq!(task.sandbox.build.as_deref(), Some("evolve_image/Dockerfile"));
    assert_eq!(task.evaluator.stage[0].run[2..], ["/benchmark", "train"]);
    assert_eq!(task.evaluator.holdout.unwrap().run[2..], ["/benchmark", "test"]);
    let peer = Peer::of("sky_harbor");
    assert_eq!(peer.import.task.program, None);
    assert_eq!(peer.import.task.task.description_file.as_deref(), Some("instruction.md"));
    assert_eq!(peer.import.task.evaluator.stage[0].run[2..], ["/app/solver.py", "/app"]);
    // The reference solution is not shown to anybody.
    assert!(!peer.folder.path().join("solution").exists());
    assert!(!peer.import.files.iter().any(|file| file.path.contains("solve.sh")));
}

#[test]
fn parts_in_different_folders_are_brought_together() {
    let place = TempDir::new().unwrap();
    let program = place.path().join("mine.py");
    std::fs::write(&program, "def answer():\n    return 1\n").unwrap();
    let evaluator = fixture("mean/evaluator.py");
    let source = Source { program: Some(program.clone()), evaluator, config: None };
    let peer = Peer::made("openevolve", &source);
    assert_eq!(peer.import.task.program.as_ref().unwrap().path, "mine.py");
    // A name that is taken there.
    let other = place.path().join("evaluator.py");
    std::fs::rename(&program, &other).unwrap();
    let peer = Peer::made("openevolve", &Source { program: Some(other), ..source });
    assert_eq!(peer.import.task.program.unwrap().path, "evolve_start/evaluator.py");
}

#[test]
fn what_is_no_task_is_explained() {
    let place = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(place.path().join(name), text).unwrap();
    };
    write("initial_program.py", "x = 1\n");
    write("evaluator.py", "def score(path): return 1\n");
    let (adapter, source) = recognise(place.path()).unwrap();
    let error = adapter.import(&source).unwrap_err().to_string();
    assert!(error.contains("it defines no function `evaluate`"), "{error}");
    write("evaluator.py", "def evaluate(path): return 1\n");
    for (config, said) in [
        ("max_iterations: many\n", "`max_iterations`: \"many\" is not a whole number"),
        ("evaluator:\n  timeout: -1\n", "`evaluator.timeout`: -1 is not more than 0"),
        ("a: [\n", "is no YAML that can be read"),
    ] {
        write("config.yaml", config);
        let (adapter, source) = recognise(place.path()).unwrap();
        let error = adapter.import(&source).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let error = population(place.path()).unwrap_err().to_string();
    assert!(error.contains("neither a checkpoint"), "{error}");
}

/// What hostile programs come to in such a task: `docs/security.md` has the same list. Whoever is
/// prevented gains nothing on an honest program that does not sort; what is possible gains a part
/// that an honest one does not get, or more than there is to get.
#[tokio::test]
async fn cheats_are_prevented_or_possible_as_the_documentation_says() {
    let peer = Peer::of("cheats");
    let harness = Harness::new(HarnessSetup {
        task: Arc::new(peer.task()),
        task_root: peer.folder.path().to_owned(),
        sandbox: Arc::new(ProcessSandbox::new(helper())),
        gpus: Vec::new(),
    })
    .unwrap();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/security.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let expected = std::fs::read_to_string(fixture("cheats/EXPECT.tsv")).unwrap();
    let score = async |text: String| {
        let program = Program::single("initial_program.py", text);
        let request = request(program, EvalPurpose::Search, (0, 1));
        let report = harness.evaluate(request, Arc::new(Stages::default())).await;
        let scored = report.status == EvalStatus::Ok;
        (scored.then(|| report.metrics["combined_score"]), report.detail)
    };
    let start = peer.start();
    close(score(start.sole().unwrap().1.to_owned()).await.0.unwrap(), 0.0);
    let honest = "def sort(numbers):\n    return sorted(numbers)\n".to_owned();
    close(score(honest).await.0.unwrap(), 0.5);
    let mut wrong = Vec::new();
    for line in expected.lines() {
        let [name, outcome, most] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        // An honest program of its kind has less.
        let most: f64 = most.parse().unwrap();
        let text = std::fs::read_to_string(fixture(&format!("cheats/{name}.py"))).unwrap();
        let (gained, detail) = score(text).await;
        let succeeded = gained.is_some_and(|score| score > most);
        if succeeded != (outcome == "possible") {
            wrong.push(format!("{name} is not {outcome}: {gained:?} {detail}"));
        }
        if !docs.contains(&format!("| `{name}` | {outcome}")) {
            wrong.push(format!("docs/security.md does not say that `{name}` is {outcome}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mark = format!("LAB_MARK={}", peer.folder.path().display());
    let read = |pid: &str, file: &str| {
        let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    eventually(|| {
        !common::entries(Path::new("/proc")).iter().any(|pid| {
            read(pid, "cmdline").contains("outlives the evaluation")
                && read(pid, "environ").contains(&mark)
        })
    })
    .await;
}
