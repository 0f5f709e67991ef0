//! The evaluator protocol on real processes: stages, repeats, gates, purposes, results.

mod common;

use std::collections::BTreeMap;

use common::{JUDGE, Lab, STAGE, scoring};
use evolve_core::ids::Seq;
use evolve_core::outcome::{EvalPurpose, EvalStatus};
use evolve_core::program::Program;
use evolve_core::rng::derive_seed;

/// A judge that gives `EVOLVE_*` back as artifacts and the repeat's number as the score.
const ECHO_JUDGE: &str = r#"
import json, os
output = os.environ["EVOLVE_OUTPUT"]
repeat = int(os.environ["EVOLVE_REPEAT"])
seen = {n: v for n, v in os.environ.items() if n.startswith("EVOLVE_") or n == "EXTRA"}
json.dump({"metrics": {"score": 1 + repeat, "valid": 1}, "cases": {"a": repeat},
           "artifacts": {"judge": json.dumps(seen), "run": {"file": "seen.json"}}},
          open(os.environ["EVOLVE_RESULT"], "w"))
"#;

const ECHO: &str = r#"
import json
seen = {n: v for n, v in os.environ.items() if n.startswith("EVOLVE_") or n == "EXTRA"}
open(os.environ["EVOLVE_OUTPUT"] + "/seen.json", "w").write(json.dumps(seen))
"#;

#[allow(clippy::unwrap_used)] // called by tests only
fn seen(bytes: &[u8]) -> BTreeMap<String, String> {
    serde_json::from_slice(bytes).unwrap()
}

fn search(text: &str) -> (Program, EvalPurpose) {
    (Program::single("program.py", text), EvalPurpose::Search)
}

#[tokio::test]
async fn a_good_program_gets_its_score() {
    let lab = Lab::new(STAGE);
    let report = lab.evaluate(&format!("print('hello')\n{}", scoring("2.5"))).await;
    assert_eq!(report.status, EvalStatus::Ok, "{report:?}");
    assert_eq!(report.metrics, [("score".into(), 2.5), ("valid".into(), 1.0)].into());
    assert_eq!((report.samples, report.feedback.as_str()), (vec![2.5], "fine"));
    assert_eq!((report.detail.as_str(), report.stage), ("", None));
    assert_eq!(String::from_utf8_lossy(&report.log), "[run]\nhello\n");
    assert!(report.usage.cpu_s > 0.0 && report.usage.peak_memory > 0);
}

#[tokio::test]
async fn each_side_sees_what_it_should() {
    let lab = Lab::new(&format!("{STAGE}[sandbox]\nenv = [\"EXTRA=yes\"]\n"));
    lab.write("judge.py", ECHO_JUDGE);
    let (program, purpose) = search(ECHO);
    let (report, stages) = lab.ask(program, purpose, (0, 2)).await;
    assert_eq!(report.status, EvalStatus::Ok, "{report:?}");
    for (repeat, stage) in stages.iter().enumerate() {
        let (run, judge) = (seen(&stage.artifacts["run"]), seen(&stage.artifacts["judge"]));
        for side in [&run, &judge] {
            assert_eq!(side["EVOLVE_REPEAT"], repeat.to_string());
            assert_eq!(
                side["EVOLVE_SEED"],
                derive_seed(42, Seq(repeat as u64), "repeat").to_string()
            );
            assert_eq!((side["EVOLVE_DEVICE"].as_str(), side["EXTRA"].as_str()), ("none", "yes"));
        }
        assert!(run["EVOLVE_PROGRAM"].ends_with("/program.py"));
        assert!(!run.contains_key("EVOLVE_RESULT") && !judge.contains_key("EVOLVE_PROGRAM"));
    }
}

#[tokio::test]
async fn the_candidate_does_not_get_the_judges_files_and_the_judge_not_the_program() {
    let lab = Lab::new(STAGE);
    lab.write(
        "judge.py",
        &format!(
            "{JUDGE}\nassert sorted(os.listdir()) == ['.result.json', 'judge.py'], os.listdir()"
        ),
    );
    let check = "assert sorted(os.listdir()) == ['run.py'], os.listdir()\n";
    let report = lab.evaluate(&format!("{check}{}", scoring("1"))).await;
    assert_eq!(report.status, EvalStatus::Ok, "{report:?}");
}

#[tokio::test]
async fn repeats_give_samples_and_means() {
    let lab = Lab::new(STAGE);
    lab.write("judge.py", ECHO_JUDGE);
    let (program, purpose) = search(ECHO);
    let (report, stages) = lab.ask(program.clone(), purpose, (0, 3)).await;
    assert_eq!(report.samples, [1.0, 2.0, 3.0]);
    assert_eq!((report.metrics["score"], report.cases["a"]), (2.0, 1.0));
    assert_eq!(stages.iter().map(|stage| stage.repeat).collect::<Vec<_>>(), [0, 1, 2]);
    let whole: f64 = stages.iter().map(|stage| stage.usage.cpu_s).sum();
    assert!((report.usage.cpu_s - whole).abs() < 1e-9);
    // More repeats go on where the first ones ended.
    let (report, _) = lab.ask(program, EvalPurpose::Confirm, (3, 5)).await;
    assert_eq!(report.samples, [4.0, 5.0]);
}

#[tokio::test]
async fn stages_run_in_order_until_a_gate_is_closed() {
    let smoke = STAGE
        .replace("\"full\"", "\"smoke\"")
        .replace("\"judge.py\"]", "\"judge.py\"]\ngate = \"valid == 1 && score > 2\"");
    let lab = Lab::new(&format!("{smoke}{STAGE}"));
    let (program, purpose) = search(&scoring("3"));
    let (report, stages) = lab.ask(program, purpose, (0, 2)).await;
    assert_eq!(report.status, EvalStatus::Ok, "{report:?}");
    let names: Vec<_> = stages.iter().map(|s| (s.stage.as_str(), s.repeat)).collect();
    assert_eq!(names, [("smoke", 0), ("full", 0), ("full", 1)]);

    let (program, purpose) = search(&scoring("1"));
    let (report, stages) = lab.ask(program, purpose, (0, 2)).await;
    assert_eq!((report.status, stages.len()), (EvalStatus::Gated, 1));
    assert_eq!(stages[0].status, EvalStatus::Gated);
    assert_eq!(report.stage, Some("smoke".into()));
    assert_eq!(report.detail, "the gate `valid == 1 && score > 2` is closed: valid = 1, score = 1");
    assert_eq!((report.metrics["score"], report.samples.len()), (1.0, 0));
    // The last stage alone is asked again, without the gates before it.
    let (program, _) = search(&scoring("1"));
    let (report, stages) = lab.ask(program, EvalPurpose::Confirm, (1, 3)).await;
    assert_eq!((report.status, stages.len()), (EvalStatus::Ok, 2));
}

#[tokio::test]
async fn earlier_stages_run_their_own_repeats_and_a_gate_sees_their_mean() {
    let smoke = STAGE.replace("\"full\"", "\"smoke\"").replace(
        "\"judge.py\"]",
        "\"judge.py\"]\nrepeats = { min = 3, max = 3 }\ngate = \"score == 2\"",
    );
    let lab = Lab::new(&format!("{smoke}{STAGE}"));
    lab.write("judge.py", ECHO_JUDGE);
    let (program, purpose) = search(ECHO);
    let (report, stages) = lab.ask(program, purpose, (0, 1)).await;
    assert_eq!(report.status, EvalStatus::Ok, "{report:?}");
    assert_eq!((stages.len(), report.samples), (4, vec![1.0]));
}

#[tokio::test]
async fn a_gate_that_names_a_missing_metric_is_invalid() {
    let gated = STAGE.replace("\"judge.py\"]", "\"judge.py\"]\ngate = \"speed > 1\"");
    let report = Lab::new(&gated).evaluate(&scoring("1")).await;
    assert_eq!(report.status, EvalStatus::Invalid);
    assert!(report.detail.contains("`speed`"), "{}", report.detail);
}

#[tokio::test]
async fn the_holdout_runs_for_itself() {
    let holdout = r#"
[evaluator.holdout]
run = ["python3", "-I", "-S", "run.py"]
judge = ["python3", "-I", "-S", "judge.py", "held out"]
repeats = { min = 2, max = 4 }
"#;
    let lab = Lab::new(&format!("{STAGE}{holdout}"));
    lab.write("judge.py", &ECHO_JUDGE.replace("1 + repeat", "len(__import__('sys').argv)"));
    let program = Program::single("program.py", ECHO);
    let (report, stages) = lab.ask(program.clone(), EvalPurpose::Holdout, (0, 1)).await;
    assert_eq!((report.status, report.samples), (EvalStatus::Ok, vec![2.0, 2.0]));
    assert!(stages.iter().all(|stage| stage.stage.as_str() == "holdout"));
    // A task without one cannot be asked for it.
    let (report, _) = Lab::new(STAGE).ask(program, EvalPurpose::Holdout, (0, 1)).await;
    assert_eq!(report.status, EvalStatus::HostFault);
}

#[tokio::test]
async fn programs_of_several_files_are_given_as_a_folder() {
    let lab = Lab::new(STAGE);
    lab.write(
        "run.py",
        "import os, runpy\nrunpy.run_path(os.environ['EVOLVE_PROGRAM'] + '/main.py')",
    );
    let code = "import os\nhere = os.environ['EVOLVE_PROGRAM']\nvalue = open(here + '/data/value.txt').read()\nopen(os.environ['EVOLVE_OUTPUT'] + '/score.txt', 'w').write(value)\n";
    let files = [("main.py", code), ("data/value.txt", "7")];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let program = Program { files: files.into() };
    let (report, _) = lab.ask(program, EvalPurpose::Search, (0, 1)).await;
    assert_eq!(report.samples, [7.0], "{report:?}");
    // A task whose program is a folder gets one even when it holds a single file.
    let toml = lab.toml.replace("path = \"program.py\"", "path = \"src\"");
    let lab = Lab::from_toml(toml);
    lab.write("src/main.py", "pass").write(
        "run.py",
        "import os, runpy\nrunpy.run_path(os.environ['EVOLVE_PROGRAM'] + '/main.py')",
    );
    let program = Program::single("main.py", format!("import os\n{}", scoring("8")));
    let (report, _) = lab.ask(program, EvalPurpose::Search, (0, 1)).await;
    assert_eq!(report.samples, [8.0], "{report:?}");
}

#[tokio::test]
async fn a_path_that_leaves_the_program_is_invalid() {
    let lab = Lab::new(STAGE);
    let program = Program::single("../../escaped", "x");
    let (report, _) = lab.ask(program, EvalPurpose::Search, (0, 1)).await;
    assert_eq!(report.status, EvalStatus::Invalid, "{report:?}");
}

#[tokio::test]
async fn under_in_process_trust_run_writes_the_result() {
    let toml = Lab::new(STAGE).toml;
    let toml = toml
        .replace("judge_files = [\"judge.py\"]", "trust = \"in-process\"")
        .replace("judge = [\"python3\", \"-I\", \"-S\", \"judge.py\"]\n", "");
    let lab = Lab::from_toml(toml);
    let write = |text: &str| format!("open(os.environ['EVOLVE_RESULT'], 'w').write('{text}')");
    let report = lab.evaluate(&write("{\"metrics\": {\"score\": 4}}")).await;
    assert_eq!((report.status, report.samples), (EvalStatus::Ok, vec![4.0]));
    for (code, status) in [
        (write("{\"metrics\": {\"score\": NaN}}"), EvalStatus::Invalid),
        (write("garbage"), EvalStatus::JudgeFailed),
        ("pass".to_owned(), EvalStatus::JudgeFailed),
        ("raise SystemExit(1)".to_owned(), EvalStatus::Crashed),
        (
            "os.symlink('/etc/passwd', os.environ['EVOLVE_RESULT'])".to_owned(),
            EvalStatus::JudgeFailed,
        ),
    ] {
        assert_eq!(lab.evaluate(&code).await.status, status, "{code}");
    }
}

#[tokio::test]
async fn a_judge_that_fails_never_gives_a_score() {
    let lab = Lab::new(STAGE);
    let fill =
        |text: &str| format!("import os\nopen(os.environ['EVOLVE_RESULT'], 'w').write({text:?})\n");
    let good = "{\"metrics\": {\"score\": 1}}";
    for (judge, status, detail) in [
        (fill(good), EvalStatus::Ok, ""),
        (
            fill(good) + "raise KeyError('n')",
            EvalStatus::JudgeFailed,
            "`judge` ended with status 1: KeyError: 'n'",
        ),
        (fill(good) + "os.abort()", EvalStatus::JudgeFailed, "SIGABRT"),
        ("pass".to_owned(), EvalStatus::JudgeFailed, "wrote no $EVOLVE_RESULT"),
        (fill(""), EvalStatus::JudgeFailed, "the result is not as expected"),
        (fill("{}"), EvalStatus::JudgeFailed, "no `metrics`"),
        (fill("{\"metrics\": {\"score\": \"1\"}}"), EvalStatus::JudgeFailed, "numbers only"),
        (fill("{\"metrics\": {\"score\": Infinity}}"), EvalStatus::Invalid, "`score`"),
        (
            fill("{\"metrics\": {\"valid\": 0}, \"feedback\": \"circle 3\"}"),
            EvalStatus::Invalid,
            "the judge gave no `score`: circle 3",
        ),
        (
            fill("{\"metrics\": {\"score\": 1}, \"artifacts\": {\"x\": {\"file\": \"../../x\"}}}"),
            EvalStatus::JudgeFailed,
            "artifact `x`",
        ),
        ("x = bytearray(1 << 30)".to_owned(), EvalStatus::JudgeFailed, "ran out of memory"),
    ] {
        lab.write("judge.py", &judge);
        let report = lab.evaluate(&scoring("1")).await;
        assert_eq!(report.status, status, "{judge}: {report:?}");
        assert!(report.detail.contains(detail), "{judge}: {}", report.detail);
        assert_eq!(report.samples.is_empty(), status != EvalStatus::Ok, "{judge}");
    }
}

#[tokio::test]
async fn a_judge_that_hangs_is_a_failed_judge() {
    let lab = Lab::new(&STAGE.replace("60s", "2s"));
    lab.write("judge.py", "import time\ntime.sleep(1000)");
    let report = lab.evaluate(&scoring("1")).await;
    assert_eq!(report.status, EvalStatus::JudgeFailed);
    assert_eq!(report.detail, "`judge` took longer than 2s");
}

#[tokio::test]
async fn a_missing_tool_is_the_hosts_fault() {
    let lab = Lab::new(&STAGE.replace("judge = [\"python3\"", "judge = [\"no-such-tool\""));
    let report = lab.evaluate(&scoring("1")).await;
    assert_eq!(report.status, EvalStatus::HostFault);
    assert!(report.detail.contains("no-such-tool is not installed"), "{}", report.detail);
}

#[tokio::test]
async fn the_log_of_what_failed_is_in_the_report() {
    let lab = Lab::new(STAGE);
    let report = lab.evaluate("print('so far')\nraise ValueError('no')").await;
    let log = String::from_utf8_lossy(&report.log);
    assert!(log.starts_with("[run]\nso far\nTraceback") && log.ends_with("ValueError: no\n"));
}

#[tokio::test]
async fn later_objectives_may_come_from_earlier_stages_the_primary_may_not() {
    let second = "[[objective]]\nmetric = \"valid\"\ngoal = \"maximize\"\n[evaluator]";
    let smoke =
        STAGE.replace("\"full\"", "\"smoke\"").replace("\"judge.py\"]", "\"judge.py\", \"smoke\"]");
    let toml =
        Lab::new(&format!("{smoke}{STAGE}")).toml.replace("[evaluator]\n", &format!("{second}\n"));
    let lab = Lab::from_toml(toml);
    let metrics = |smoke: &str, full: &str| {
        format!(
            "import os, sys\nsmoke = 'smoke' in sys.argv\n\
             open(os.environ['EVOLVE_RESULT'], 'w').write('{{\"metrics\": {{%s}}}}' % ('{smoke}' if smoke else '{full}'))"
        )
    };
    for (smoke, full, status) in [
        ("\"valid\": 1", "\"score\": 2", EvalStatus::Ok),
        ("\"score\": 1", "\"score\": 2", EvalStatus::Invalid),
        ("\"score\": 1", "\"valid\": 2", EvalStatus::Invalid),
    ] {
        lab.write("judge.py", &metrics(smoke, full));
        let report = lab.evaluate(&scoring("1")).await;
        assert_eq!(report.status, status, "{smoke} {full}: {report:?}");
    }
}
