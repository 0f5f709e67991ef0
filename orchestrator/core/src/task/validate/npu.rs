//! Rules of the built-in evaluator `builtin:npu`.

use super::Findings;
use crate::task::EvaluatorSection;

pub(super) fn npu(evaluator: &EvaluatorSection, found: &mut Findings) {
    let stages = || evaluator.stage.iter().chain(&evaluator.holdout);
    let commands = stages().any(|stage| !stage.run.is_empty() || !stage.judge.is_empty());
    let files = [&evaluator.candidate_files, &evaluator.judge_files, &evaluator.shared_files];
    if commands || evaluator.stage.len() != 1 || files.iter().any(|files| !files.is_empty()) {
        found.add(
            "evaluator",
            "a built-in evaluator has no commands, stages or files of its own",
            "remove `[[evaluator.stage]]`, `[evaluator.holdout]` and the lists of files",
        );
    }
    // Its results are exact: repeats measure nothing new, and there is nothing to wait for.
    if stages().any(|stage| stage.repeats.max != 1 || stage.gate.is_some()) {
        found.add("evaluator.stage", "`builtin:npu` has neither repeats nor gates", "remove them");
    }
    let Some(npu) = &evaluator.npu else {
        found.add(
            "evaluator",
            "`builtin:npu` needs `[evaluator.npu]`",
            "say what is evolved: kernel = \"gemm\", or a workload for a machine",
        );
        return;
    };
    if npu.kernel.is_some() != npu.workload.is_empty() {
        found.add(
            "evaluator.npu",
            "give either `kernel` or `workload`",
            "a kernel is evolved for a machine, or a machine for a workload of kernels",
        );
    }
    if npu.inputs < 1 || npu.inputs > 100 {
        found.add("evaluator.npu.inputs", "`inputs` must be between 1 and 100", "");
    }
    let weights = npu.workload.iter().map(|(name, weight)| (format!("workload.{name}"), *weight));
    let caps = [("max_area_mm2", npu.max_area_mm2), ("max_power_w", npu.max_power_w)];
    let caps = caps.into_iter().filter_map(|(name, cap)| Some((name.to_owned(), cap?)));
    for (name, value) in weights.chain(caps) {
        if !(value.is_finite() && value > 0.0) {
            found.add(format!("evaluator.npu.{name}"), "it must be a number above 0", "");
        }
    }
    if npu.kernel.is_some() && (npu.max_area_mm2.is_some() || npu.max_power_w.is_some()) {
        found.add("evaluator.npu", "caps have no meaning for kernels", "remove them");
    }
}
