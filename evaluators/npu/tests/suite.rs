//! The kernel suite: baselines are right, wrong programs are found out, bounds hold.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use evolve_npu::machine::Machine;
use evolve_npu::run::Limits;
use evolve_npu::suite::{Bound, Grade, Graded, Plan, Spec, TASKS, grade};

fn graded(task: &Spec, machine: &Machine, source: &str) -> Graded {
    let plan = Plan::new(1, 1, Limits::default());
    match grade(task, machine, source, &plan) {
        Grade::Run(graded) => graded,
        Grade::NotAssembled { shape, errors } => panic!("{} {shape}: {errors}", task.name),
    }
}

fn baselines_are_right_on(preset: &str) {
    let machine = Machine::preset(preset).unwrap();
    for task in &TASKS {
        let graded = graded(task, &machine, task.baseline);
        for case in &graded.cases {
            assert_eq!(case.wrong, None, "{} {}", task.name, case.shape);
            assert_eq!(case.cycles, Some(case.baseline), "{} {}", task.name, case.shape);
            assert!(case.bound < case.baseline, "{} {}: {case:?}", task.name, case.shape);
        }
    }
}

#[test]
fn every_baseline_is_right_on_edge16_and_slower_than_its_bound() {
    baselines_are_right_on("edge16");
}

#[test]
fn every_baseline_is_right_on_server128_and_slower_than_its_bound() {
    baselines_are_right_on("server128");
}

#[test]
fn a_program_that_is_wrong_somewhere_has_no_cycles_there() {
    let machine = Machine::preset("edge16").unwrap();
    let gemm = Spec::find("gemm").unwrap();
    // Right for inner dimensions up to one tile only.
    let careless = gemm.baseline.replace("mmac.f16", "mmul.f16");
    let graded = graded(gemm, &machine, &careless);
    assert!(!graded.is_right() && graded.speedup().is_none());
    let wrong = graded.cases[0].wrong.as_ref().unwrap();
    assert!(wrong.starts_with("random inputs: Y[") && wrong.contains("elements are wrong"));
}

#[test]
fn difficult_inputs_find_what_random_ones_do_not() {
    let machine = Machine::preset("edge16").unwrap();
    let softmax = Spec::find("softmax").unwrap();
    // Without the largest taken away, exponentials of large numbers are infinite.
    let careless = softmax.baseline.replace("vsub v2, v2, v1", "nop");
    let graded = graded(softmax, &machine, &careless);
    let wrong = graded.cases[0].wrong.as_ref().unwrap();
    assert!(wrong.starts_with("large inputs: "), "{wrong}");
}

#[test]
fn an_output_that_is_left_alone_is_wrong_even_for_zeros() {
    let machine = Machine::preset("edge16").unwrap();
    for task in &TASKS {
        assert!(graded(task, &machine, "halt").cases.iter().all(|case| case.cycles.is_none()));
    }
}

#[test]
fn a_trap_is_told_with_its_line() {
    let machine = Machine::preset("edge16").unwrap();
    let graded = graded(Spec::find("gemm").unwrap(), &machine, "nop\nwait t0\nhalt");
    let wrong = graded.cases[0].wrong.as_ref().unwrap();
    assert!(wrong.contains("deadlock") && wrong.contains("line 2"), "{wrong}");
    assert!(wrong.contains("cycle 0"), "{wrong}");
}

#[test]
fn a_bound_says_what_limits_a_task() {
    let machine = Machine::preset("edge16").unwrap();
    let gemm = Spec::find("gemm").unwrap();
    let bound = Bound::of(gemm, &gemm.shapes[1], &machine);
    // 128^3 products on 256 elements and 16 lanes; three tensors of 32 KiB at 16 bytes a cycle.
    assert_eq!((bound.products, bound.dram), (7711, 80 + 3 * 2048));
    assert_eq!((bound.cycles(), bound.limit()), (7711, "products"));
}
