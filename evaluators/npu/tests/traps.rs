//! Programs that break a rule are stopped, with the instruction and the reason.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::sync::atomic::AtomicBool;

use evolve_npu::asm::assemble;
use evolve_npu::machine::Machine;
use evolve_npu::run::{Dram, Limits, Trap, TrapKind, run};

fn trap_with(source: &str, limits: &Limits<'_>) -> Trap {
    let machine = Machine::preset("edge16").unwrap();
    let mut dram = Dram::default();
    dram.add("X", vec![1; 1000], false);
    dram.add("Y", vec![0; 1000], true);
    let program = assemble(source, &machine, &dram.constants()).unwrap();
    *run(&program, &machine, &mut dram, limits, &mut ()).unwrap_err()
}

fn trap(source: &str) -> Trap {
    trap_with(source, &Limits::default())
}

#[test]
fn a_transfer_past_a_tensors_end_names_the_tensor_and_the_line() {
    let trap = trap("nop\n dload t0, [0], [X + 8], 2, 500\n halt");
    assert!(matches!(trap.kind, TrapKind::DramBounds { .. }));
    let said = trap.to_string();
    assert!(said.contains("the nearest is X at 4096..5096"), "{said}");
    assert!(said.contains("line 2, instruction 1 `dload t0, [0], [4104], 2, 500, 0, 0`, step 1"));
}

/// A program, and whether a trap is the right one.
type Case = (&'static str, fn(&TrapKind) -> bool);

#[test]
fn each_broken_rule_has_its_own_trap() {
    use TrapKind as T;
    let cases: [Case; 19] = [
        ("dload t0, [131072], [X], 1, 1", |k| matches!(k, T::SpadBounds { size: 131_072, .. })),
        ("vld.f16 v0, [-2]", |k| matches!(k, T::SpadBounds { .. })),
        ("dstore t0, [X], [0], 1, 1", |k| matches!(k, T::ReadOnly(name) if name == "X")),
        ("vld.f32 v0, [2]", |k| matches!(k, T::Misaligned { at: 2, size: 4, .. })),
        ("dload t3, [0], [X], 1, 64\n vld.i8 v0, [0]", |k| matches!(k, T::Race { tag: 3, .. })),
        ("dstore t3, [Y], [0], 1, 64\n vst.i8 v0, [0]", |k| matches!(k, T::Race { tag: 3, .. })),
        ("dstore t1, [Y], [0], 1, 8\n dload t2, [64], [Y], 1, 8", |k| {
            matches!(k, T::DramRace { tag: 1, .. })
        }),
        (
            "mload.i8 w0, [0], 16\n mmul.i8 a0, w0, [0], 16, 4\n mdrain.i32 t5, [1024], 64, a0, 4\n \
             vld.i32 v0, [1024]",
            |k| matches!(k, T::Undrained { tag: 5, .. }),
        ),
        ("wait t0", |k| matches!(k, T::Deadlock { tag: 0, wanted: 1, open: 0 })),
        ("dload t0, [0], [X], 1, 64\n wait t0, 2", |k| {
            matches!(k, T::Deadlock { wanted: 2, open: 1, .. })
        }),
        ("x: dstore t0, [Y], [0], 1, 4, 4\n barrier\n dload t1, [64], [X], 1, 4\n wait t0", |k| {
            matches!(k, T::Deadlock { tag: 0, .. })
        }),
        ("li s1, 0\nx: dload t0, [s1], [X], 1, 4\n add s1, s1, 4\n jmp x", |k| {
            matches!(k, T::TooManyTransfers(256))
        }),
        ("mmul.f16 a0, w0, [0], 32, 4", |k| matches!(k, T::Holds { .. })),
        ("mdrain.f16 t0, [0], 32, a0, 4", |k| matches!(k, T::Holds { .. })),
        ("mload.i8 w0, [0], 16, 17, 1", |k| matches!(k, T::Size { what: "k", value: 17, .. })),
        ("vset 65", |k| matches!(k, T::Size { what: "n", most: 64, .. })),
        ("dload t0, [0], [X], 65536, 65536", |k| matches!(k, T::Size { what: "rows x bytes", .. })),
        ("li s1, 1\n div s1, s1, s2", |k| matches!(k, T::DivisionByZero)),
        ("nop", |k| matches!(k, T::NoHalt)),
    ];
    for (source, fits) in cases {
        let body = if source == "nop" { source.to_owned() } else { format!("{source}\n halt") };
        let trap = trap(&body);
        assert!(fits(&trap.kind), "{source}\n{trap:?}");
    }
}

#[test]
fn an_endless_loop_meets_the_limit_and_can_be_cancelled() {
    let limited = trap_with("x: jmp x", &Limits { work: 10_000, cancel: None });
    assert_eq!((limited.kind, limited.step), (TrapKind::WorkLimit(10_000), 10_001));
    let cancel = AtomicBool::new(true);
    let cancelled = trap_with("x: jmp x", &Limits { work: u64::MAX, cancel: Some(&cancel) });
    assert_eq!(cancelled.kind, TrapKind::Cancelled);
}

#[test]
fn large_transfers_count_as_more_work_than_small_ones() {
    let source = "x: dload t0, [0], [X], 1, 1000\n wait t0\n jmp x";
    let large = trap_with(source, &Limits { work: 10_000, cancel: None });
    let source = "x: dload t0, [0], [X], 1, 8\n wait t0\n jmp x";
    let small = trap_with(source, &Limits { work: 10_000, cancel: None });
    assert!(large.step < small.step);
}
