//! Beginnings and ends: setups that are wrong, evaluations that are dropped or whose
//! controller dies, packages that are missing.

mod common;

use std::process::{Command, Stdio};
use std::sync::Arc;

use common::{Lab, STAGE, Stages, eventually, helper, request, scoring};
use evolve_core::outcome::{EvalPurpose, EvalStatus};
use evolve_core::ports::Evaluator;
use evolve_core::program::Program;
use evolve_evaluators::{SetupError, check_requirements};
use evolve_sandbox::ProcessSandbox;

const WAITS: &str = "
import time
if os.fork() == 0: os.setsid()
while True: time.sleep(1)
";

fn waiting() -> Program {
    Program::single("program.py", WAITS)
}

/// The waiting program and its child.
fn started(lab: &Lab) -> bool {
    lab.processes().len() >= 2
}

#[test]
fn mistakes_of_a_setup_name_their_place() {
    let key =
        |lab: &Lab| lab.harness().map(|_| ()).map_err(|e| (e.key().to_owned(), e.to_string()));
    let gate =
        |gate: &str| STAGE.replace("\"judge.py\"]", &format!("\"judge.py\"]\ngate = \"{gate}\""));
    let error =
        key(&Lab::new(&format!("{STAGE}{}", gate("score >").replace("full", "b")))).unwrap_err();
    assert_eq!(error.0, "evaluator.stage.1.gate");
    assert_eq!(
        error.1,
        "evaluator.stage.1.gate: the gate `score >` cannot be read, at character 8: expected a \
         metric or a number here, not the end"
    );
    let holdout =
        format!("{STAGE}{}", gate("1").replace("[[evaluator.stage]]", "[evaluator.holdout]"));
    assert_eq!(key(&Lab::new(&holdout)).unwrap_err().0, "evaluator.holdout.gate");
    let lab = Lab::from_toml(Lab::new(STAGE).toml.replace("[\"run.py\"]", "[\"*.py\"]"));
    assert_eq!(key(&lab).unwrap_err().0, "evaluator.judge_files.0");
    let lab = Lab::from_toml(Lab::new(STAGE).toml.replace("[\"run.py\"]", "[\"absent.py\"]"));
    assert_eq!(key(&lab).unwrap_err().0, "evaluator.candidate_files.0");
    let toml = Lab::new(STAGE).toml.replace("[evaluator]", "[evaluator]\ntrust = \"in-process\"");
    let lab =
        Lab::from_toml(toml.replace("judge = [\"python3\", \"-I\", \"-S\", \"judge.py\"]\n", ""));
    assert!(matches!(lab.harness(), Err(SetupError::JudgeFilesInProcess)));
    assert!(key(&Lab::new(STAGE)).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_evaluation_leaves_no_process() {
    let lab = Lab::new(STAGE);
    let harness = lab.harness().unwrap();
    let evaluation = harness
        .evaluate(request(waiting(), EvalPurpose::Search, (0, 1)), Arc::new(Stages::default()));
    tokio::select! {
        report = evaluation => panic!("ended by itself: {report:?}"),
        () = eventually(|| started(&lab)) => {}
    }
    assert_eq!(lab.processes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn evaluations_run_side_by_side_in_folders_of_their_own() {
    let lab = Lab::new(STAGE);
    let harness = Arc::new(lab.harness().unwrap());
    let mut running = tokio::task::JoinSet::new();
    for i in 0..8 {
        // All of the same candidate, as with a second attempt while the first one still ends.
        let program = Program::single("program.py", scoring(&i.to_string()));
        let request = request(program, EvalPurpose::Search, (0, 1));
        let evaluation = harness.evaluate(request, Arc::new(Stages::default()));
        running.spawn(async move { (i, evaluation.await) });
    }
    while let Some(ended) = running.join_next().await {
        let (i, report) = ended.unwrap();
        assert_eq!(report.samples, [f64::from(i)], "{report:?}");
    }
}

#[tokio::test]
async fn a_controller_killed_by_sigkill_leaves_no_process() {
    let lab = Lab::new(STAGE);
    let mut controller = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "controller_process", "--nocapture"])
        .env("CONTROLLER_LAB", lab.folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually(|| started(&lab)).await;
    controller.kill().unwrap();
    controller.wait().unwrap();
    eventually(|| lab.processes().is_empty()).await;
    assert_eq!(lab.evaluate(&scoring("1")).await.status, EvalStatus::Ok);
}

#[tokio::test]
#[ignore = "started by `a_controller_killed_by_sigkill_leaves_no_process`"]
async fn controller_process() {
    let Ok(folder) = std::env::var("CONTROLLER_LAB") else { return };
    let lab = Lab { mark: folder, ..Lab::new(STAGE) };
    let harness = lab.harness().unwrap();
    let request = request(waiting(), EvalPurpose::Search, (0, 1));
    harness.evaluate(request, Arc::new(Stages::default())).await;
}

#[allow(clippy::unwrap_used)] // called by tests only
async fn missing(requirements: &str) -> Vec<(String, String)> {
    let section = format!("[evaluator]\nrequirements = [{requirements}]");
    let lab = Lab::from_toml(Lab::new(STAGE).toml.replace("[evaluator]", &section));
    let checked = check_requirements(&lab.task(), &ProcessSandbox::new(helper())).await;
    checked.unwrap().into_iter().map(|package| (package.name, package.why)).collect()
}

#[tokio::test]
async fn missing_packages_are_found_and_present_ones_are_not() {
    assert_eq!(missing("").await, []);
    let found = missing("\"json\", \"no-such-package-anywhere\", \"--x\"").await;
    let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["no-such-package-anywhere", "--x"], "{found:?}");
    assert_eq!(found[0].1, "it is not installed");
    // Versions can be compared only where some package is installed.
    if missing("\"pip\"").await.is_empty() {
        let found = missing("\"pip>=1\", \"pip>=9999\"").await;
        assert_eq!((found.len(), found[0].0.as_str()), (1, "pip>=9999"), "{found:?}");
        assert!(found[0].1.contains("is installed"), "{found:?}");
    } else {
        println!("skipped: no pip to compare the version of");
    }
}
