//! `builtin:npu` and the two languages, as a run uses them.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::path::Path;
use std::sync::{Arc, Mutex};

use evolve_core::CandidateId;
use evolve_core::outcome::{EvalPurpose, EvalReport, EvalStatus, StageReport};
use evolve_core::ports::{EvalRequest, Evaluator, Language, OwnChange, StageSink, Wish};
use evolve_core::program::Program;
use evolve_core::task::{TaskConfig, parse_task};
use evolve_npu::suite::{Spec, TASKS};
use evolve_npu::{NpuEvaluator, languages};
use proptest::prelude::*;

#[derive(Default)]
struct Stages(Mutex<Vec<StageReport>>);

impl StageSink for Stages {
    fn stage_done(&self, report: StageReport) {
        self.0.lock().unwrap().push(report);
    }
}

fn folder(task: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tasks").join(task)
}

fn task(name: &str) -> TaskConfig {
    let text = std::fs::read_to_string(folder(name).join("task.toml")).unwrap();
    parse_task(&text).unwrap()
}

fn evaluate(name: &str, file: &str, text: &str, purpose: EvalPurpose) -> EvalReport {
    let evaluator = NpuEvaluator::new(&task(name), &folder(name)).unwrap();
    let mut program = Program::default();
    program.files.insert(file.to_owned(), text.to_owned());
    let (candidate, repeats) = (CandidateId::START, (0, 1));
    let request = EvalRequest { candidate, program, purpose, repeats, run_seed: 7 };
    let stages = Arc::new(Stages::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let report =
        runtime.block_on(evaluator.evaluate(request, Arc::clone(&stages) as Arc<dyn StageSink>));
    let done = stages.0.lock().unwrap();
    assert_eq!(done.len(), 1);
    assert_eq!(done[0].status, report.status);
    report
}

fn kernel(text: &str) -> EvalReport {
    evaluate("npu_gemm_edge16", "program.s", text, EvalPurpose::Search)
}

fn machine(text: &str) -> EvalReport {
    evaluate("npu_design_space", "program.toml", text, EvalPurpose::Search)
}

#[test]
fn the_start_scores_one_and_leaves_a_profile_and_a_picture() {
    let gemm = Spec::find("gemm").unwrap();
    let report = kernel(gemm.baseline);
    assert_eq!((report.status, report.detail.as_str()), (EvalStatus::Ok, ""));
    assert!((report.metrics["speedup"] - 1.0).abs() < 1e-9);
    assert_eq!(report.samples, [report.metrics["speedup"]]);
    assert!(report.metrics["of_bound"] < 1.0 && report.cases.len() == 5);
    assert!(report.feedback.contains("lost: wait-dma"), "{}", report.feedback);
    let profile = String::from_utf8(report.artifacts["profile"].clone()).unwrap();
    assert!(profile.contains("wait t0, 1"), "{profile}");
    assert!(report.artifacts["timeline.svg"].starts_with(b"<svg"));
}

#[test]
fn larger_tiles_are_faster_and_held_out_inputs_agree() {
    let larger = Spec::find("gemm").unwrap().baseline.replace("min(16, TILE_ROWS)", "TILE_ROWS");
    let found = kernel(&larger).metrics["speedup"];
    assert!(found > 1.3, "{found}");
    let held = evaluate("npu_gemm_edge16", "program.s", &larger, EvalPurpose::Holdout);
    // Cycles do not depend on data.
    assert_eq!(held.metrics["speedup"].to_bits(), found.to_bits());
    assert_eq!(held.status, EvalStatus::Ok);
}

#[test]
fn what_is_wrong_has_no_score_and_says_why() {
    let endless = kernel("x: jmp x");
    assert_eq!(endless.status, EvalStatus::Invalid);
    assert!(endless.metrics.is_empty() && endless.samples.is_empty());
    assert!(endless.detail.contains("does a loop not end"), "{}", endless.detail);
    let mistake = kernel("vadd v1, s1, v2\nhalt");
    assert!(mistake.detail.contains("does not assemble: line 1: expected a vector register"));
    assert!(mistake.feedback.contains("^^"), "{}", mistake.feedback);
    assert!(kernel("halt").detail.contains("random inputs: Y[0] is NaN"));
}

#[test]
fn a_machine_is_graded_within_its_caps_and_may_not_touch_the_system() {
    let start = std::fs::read_to_string(folder("npu_design_space").join("program.toml")).unwrap();
    let report = machine(&start);
    assert_eq!((report.status, report.detail.as_str()), (EvalStatus::Ok, ""));
    for metric in ["latency_us", "energy_nj", "area_mm2", "power_w"] {
        assert!(report.metrics[metric] > 0.0, "{metric}");
    }
    let wrong = |from: &str, to: &str| {
        assert!(start.contains(from));
        let report = machine(&start.replace(from, to));
        assert_eq!(report.status, EvalStatus::Invalid);
        report.detail
    };
    assert!(wrong("kib = 128", "kib = 4096").contains("at most 8 is allowed"));
    assert!(
        wrong("clock_ghz = 1.0", "clock_ghz = 4.0").contains("clock_ghz belongs to the system")
    );
    assert!(wrong("latency = 80", "latency = 1").contains("dma.latency belongs"));
    assert!(wrong("bytes_per_cycle = 16", "bytes_per_cycle = 64").contains("[dram] belongs"));
    assert!(wrong("rows = 16", "rows = 0").contains("matrix.rows = 0"));
    assert!(wrong("kib = 128", "kib = 1").contains("cannot run"));
}

#[test]
fn a_section_that_cannot_be_used_is_told() {
    let text = std::fs::read_to_string(folder("npu_gemm_edge16").join("task.toml")).unwrap();
    let refused = |from: &str, to: &str| {
        let task = parse_task(&text.replace(from, to)).unwrap();
        NpuEvaluator::new(&task, &folder("npu_gemm_edge16")).err().unwrap().to_string()
    };
    assert!(refused("\"gemm\"", "\"gem\"").contains("no task `gem`; there are gemm, gemv"));
    assert!(
        refused("\"edge16\"\n\n[budget", "\"edge.toml\"\n\n[budget")
            .contains("cannot read edge.toml")
    );
    assert!(refused("\"edge16\"\n\n[budget", "\"../x\"\n\n[budget").contains("inside the task"));
    let problems = parse_task(&text.replace("kernel = \"gemm\"\n", "")).unwrap_err();
    assert!(format!("{problems:?}").contains("give either `kernel` or `workload`"), "{problems:?}");
}

fn language(name: &str) -> Arc<dyn Language> {
    languages().into_iter().find(|language| language.name() == name).unwrap()
}

fn change(language: &dyn Language, text: &str, seed: u64) -> Option<OwnChange> {
    let free = std::iter::once(0..text.len()).collect::<Vec<_>>();
    language.change(text, &Wish { free: &free, donors: &[], seed, promise: &|_, _| 0.2 })
}

#[test]
fn every_kind_of_change_comes_up_and_most_still_assemble() {
    let (assembly, edge) =
        (language("npu"), evolve_npu::machine::Machine::preset("edge16").unwrap());
    let constants: Vec<(String, i64)> =
        ["X", "W", "Y", "M", "N", "K"].map(|name| (name.to_owned(), 4096)).to_vec();
    let text = Spec::find("gemm").unwrap().baseline;
    let mut kinds = std::collections::BTreeMap::new();
    let mut assembled = 0;
    for seed in 0..600 {
        let own = change(&*assembly, text, seed).unwrap();
        *kinds.entry(own.kind).or_insert(0) += 1;
        assembled += u32::from(evolve_npu::asm::assemble(&own.text, &edge, &constants).is_ok());
    }
    // gemm's loops hold labels; only loops without are unrolled.
    let expected =
        ["constant", "delete", "immediate", "move", "name", "register", "rename", "repeat"];
    assert_eq!(kinds.keys().map(String::as_str).collect::<Vec<_>>(), expected);
    assert!(assembled > 500, "{assembled} of 600 assemble");
}

#[test]
fn an_unrolled_loop_computes_the_same() {
    let assembly = language("npu");
    let softmax = Spec::find("softmax").unwrap();
    let unrolled = (0..3_000)
        .filter_map(|seed| change(&*assembly, softmax.baseline, seed))
        .find(|own| own.kind == "unroll")
        .unwrap();
    assert!(unrolled.text.contains("_end0:"), "{}", unrolled.text);
    let report = evaluate("npu_softmax_edge16", "program.s", &unrolled.text, EvalPurpose::Search);
    assert_eq!((report.status, report.detail.as_str()), (EvalStatus::Ok, ""));
}

#[test]
fn comments_blanks_and_names_of_labels_do_not_matter() {
    let assembly = language("npu");
    let one = assembly.normalise("a: add s1, s1, 1 ; one\n\n   blt s1,5,a\n");
    assert_eq!(one, assembly.normalise("loop:   add s1,s1,1\nblt s1, 5, loop"));
    assert_ne!(one, assembly.normalise("loop:   add s1,s1,1\nblt s1, 6, loop"));
    assert_eq!(assembly.syntax_error("nop\n vad v1, v2, v3").unwrap().0, 2);
    for task in &TASKS {
        assert_eq!(assembly.syntax_error(task.baseline), None, "{}", task.name);
    }
}

#[test]
fn machines_change_by_sizes_and_dataflow_and_stay_valid() {
    let description = language("npu-machine");
    let text = evolve_npu::machine::PRESETS[0].1;
    let mut flows = 0;
    for seed in 0..300 {
        let own = change(&*description, text, seed).unwrap();
        assert_eq!(description.syntax_error(&own.text), None);
        assert_ne!(
            description.normalise(&own.text),
            description.normalise(text),
            "{}",
            own.summary
        );
        flows += u32::from(own.summary.contains("dataflow"));
    }
    assert!(flows > 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_a_language_panic(text in any::<String>(), seed: u64) {
        for language in languages() {
            let _ = language.syntax_error(&text);
            let _ = language.normalise(&text);
            let _ = change(&*language, &text, seed);
        }
    }
}

#[test]
fn text_outside_the_free_ranges_stays_as_it_is() {
    let assembly = language("npu");
    let text = Spec::find("gemm").unwrap().baseline;
    let at = text.find("inner:").unwrap();
    let free = std::iter::once(at..text.len()).collect::<Vec<_>>();
    for seed in 0..300 {
        let wish = Wish { free: &free, donors: &[], seed, promise: &|_, _| 0.2 };
        if let Some(own) = assembly.change(text, &wish) {
            assert!(own.text.starts_with(&text[..at]), "{}", own.summary);
        }
    }
}
