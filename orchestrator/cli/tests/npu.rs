//! `evolve npu`, and runs whose evaluator is the simulated accelerator.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod support;

use std::path::Path;

use serde_json::Value;
use support::Place;

/// Adds one to 64 numbers.
const KERNEL: &str = "\
    dload t0, [0], [X], 1, 128
    wait t0
    vld.f16 v0, [0]
    vadd v0, v0, 1
    vst.f16 v0, [128]
    dstore t1, [Y], [128], 1, 128
    wait t1
    halt
";

const TENSORS: [&str; 4] = ["--tensor", "X:f16:64", "--tensor", "Y:f16:64:out"];

fn with<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    words.iter().chain(&TENSORS).chain(more).copied().collect()
}

#[test]
fn a_program_is_assembled_run_checked_and_profiled() {
    let place = Place::new();
    place.write("k.s", KERNEL);
    let listing = place.ok(&with(&["npu", "asm", "task/k.s"], &[]));
    assert!(listing.contains("dload t0, [0], [4096], 1, 128, 0, 0"), "{listing}");
    place.ok(&with(&["npu", "asm", "task/k.s"], &["--out", "k.obj"]));
    let run = place.json(&with(&["npu", "run", "k.obj"], &["--check", "--json"]));
    assert_eq!((&run["steps"], &run["checked"]), (&Value::from(8), &Value::from(true)));
    let outputs = run["outputs"]["Y"].as_array().unwrap();
    assert!(
        outputs.len() == 64 && outputs.iter().all(|y| (0.0..=2.0).contains(&y.as_f64().unwrap()))
    );
    let files = ["--svg", "time.svg", "--trace", "trace.json"];
    let table = place.ok(&with(&["npu", "profile", "task/k.s"], &files));
    assert!(table.contains("wait-dma") && table.contains("lost to"), "{table}");
    let root = place.path();
    assert!(std::fs::read_to_string(root.join("time.svg")).unwrap().starts_with("<svg"));
    let trace = std::fs::read_to_string(root.join("trace.json")).unwrap();
    let trace: Value = serde_json::from_str(&trace).unwrap();
    assert!(trace["traceEvents"].as_array().unwrap().len() > 5);
}

#[test]
fn mistakes_end_with_the_exit_code_of_usage_and_traps_with_that_of_failure() {
    let place = Place::new();
    place.write("bad.s", "    vadd v1, s3, v2\n");
    place.write("trap.s", "    wait t0\n    halt\n");
    let bad = place.evolve(&["npu", "asm", "task/bad.s"]);
    assert_eq!(bad.status.code(), Some(2));
    let said = String::from_utf8(bad.stderr).unwrap();
    assert!(said.contains("line 1, column 14") && said.contains("expected a vector"), "{said}");
    let trap = place.evolve(&["npu", "run", "task/trap.s"]);
    assert_eq!(trap.status.code(), Some(1));
    assert!(String::from_utf8(trap.stderr).unwrap().contains("deadlock"));
    for wrong in [
        &["npu", "bench", "--task", "gem"][..],
        &["npu", "spec", "--machine", "edge17"],
        &["npu", "run", "missing.s"],
        &["npu", "asm", "task/trap.s", "--tensor", "X:f17:3"],
        &["npu", "asm", "task/trap.s", "--define", "N"],
    ] {
        assert_eq!(place.evolve(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn the_machine_and_the_naive_programs_are_told() {
    let place = Place::new();
    let spec = place.json(&["npu", "spec", "--machine", "server128", "--json"]);
    assert_eq!(spec["machine"]["matrix"]["rows"], 128);
    let bench = place.json(&["npu", "bench", "--task", "reduction", "--json"]);
    assert_eq!(
        (&bench["right"], &bench["cases"][4]["shape"]),
        (&true.into(), &"R=33 C=100".into())
    );
    std::fs::create_dir_all(place.path().join("kernels/reduction")).unwrap();
    place.write("../kernels/reduction/a.s", "halt");
    let report = place.json(&["npu", "report", "kernels", "--json"]);
    assert_eq!(report["summary"]["geomean_all"], 0.0);
    assert_eq!(report["tasks"][4]["samples"][0]["compiled"], true);
}

#[test]
fn a_run_of_a_kernel_task_goes_through_without_a_model() {
    let place = Place::new();
    let shipped =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../evaluators/tasks/npu_gemm_edge16");
    let task = shipped.to_str().unwrap();
    place.ok(&["start", task, "-q", "--budget", "candidates=40", "--sandbox", "unconfined"]);
    let best = place.json(&["best", "latest", "--json"]);
    assert!(best["score"].as_f64().unwrap() >= 1.0, "{best}");
    assert!(best["metrics"]["of_bound"].as_f64().unwrap() < 1.0);
    place.ok(&["verify", "latest"]);
}
