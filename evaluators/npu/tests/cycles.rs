//! The cycle model: closed forms, laws, and single effects.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use common::{dram, program, tiny};
use evolve_npu::asm::assemble;
use evolve_npu::machine::{Dataflow, Machine};
use evolve_npu::run::{Dram, Limits, follow, run};
use evolve_npu::timing::{Cause, Clock, Counters};
use proptest::prelude::*;

fn edge() -> Machine {
    Machine::preset("edge16").unwrap()
}

fn count(source: &str, machine: &Machine) -> Counters {
    let mut dram = Dram::default();
    dram.add("X", vec![1; 1 << 16], false);
    dram.add("Y", vec![0; 1 << 16], true);
    let program = assemble(source, machine, &dram.constants()).unwrap();
    let mut clock = Clock::new(machine, &program, false);
    follow(&program, machine, &mut dram, &Limits::default(), &mut clock).unwrap();
    clock.finish().0
}

/// Cycles of a program without the one in which it halts.
fn cycles(source: &str, machine: &Machine) -> u64 {
    count(&format!("{source}\n halt"), machine).cycles - 1
}

#[test]
fn one_tile_takes_what_the_closed_form_says_for_every_dataflow() {
    for (flow, size, m, k, n) in [
        (Dataflow::WeightStationary, 4, 4, 4, 4),
        (Dataflow::WeightStationary, 16, 1, 16, 16),
        (Dataflow::WeightStationary, 16, 16, 16, 16),
        (Dataflow::WeightStationary, 16, 64, 16, 16),
        (Dataflow::WeightStationary, 32, 64, 32, 32),
        (Dataflow::WeightStationary, 128, 200, 128, 128),
        (Dataflow::OutputStationary, 16, 16, 16, 16),
        (Dataflow::OutputStationary, 32, 32, 32, 32),
        (Dataflow::InputStationary, 16, 16, 16, 16),
        (Dataflow::InputStationary, 32, 32, 32, 8),
    ] {
        let mut machine = Machine::preset("server128").unwrap();
        machine.matrix.dataflow = flow;
        (machine.matrix.rows, machine.matrix.cols) = (size, size);
        let source = format!(
            "mload.f16 w0, [0], {0}, {k}, {n}\n mmul.f16 a0, w0, [65536], {1}, {m}",
            n * 2,
            k * 2
        );
        let (r, c) = (u64::from(size), u64::from(size));
        // What streams: rows, inner indices, columns. Where weights stream, one cycle goes by
        // before the first product.
        let expected = match flow {
            Dataflow::WeightStationary => 2 * r + c + m - 2,
            Dataflow::OutputStationary => 1 + 2 * r + c + k - 2,
            Dataflow::InputStationary => 1 + 2 * r + c + n - 2,
        };
        assert_eq!(cycles(&source, &machine), expected, "{flow:?} {size} {m} {k} {n}");
    }
}

#[test]
fn products_of_two_weight_registers_follow_each_other_without_a_gap() {
    let product = |i: u32| {
        format!("mload.f16 w{0}, [0], 32\n mmul.f16 a{1}, w{0}, [4096], 32, 64\n", i % 2, i % 8)
    };
    let run = |count: u32| cycles(&(0..count).map(product).collect::<String>(), &edge());
    // Each further product costs its 64 rows and nothing else.
    assert_eq!(run(8) - run(7), 64);
    assert_eq!(run(7) - run(3), 4 * 64);
}

#[test]
fn weights_that_are_replaced_in_place_wait_for_the_product_that_uses_them() {
    let product = "mload.f16 w0, [0], 32\n mmul.f16 a0, w0, [4096], 32, 64\n";
    let run = |count: usize| cycles(&product.repeat(count), &edge());
    assert_eq!(run(4) - run(3), 64 + 16);
}

#[test]
fn a_transfer_takes_latency_and_the_narrower_of_engine_and_memory() {
    // 80 cycles of latency, 4096 bytes at 16 a cycle of DRAM; the wait is issued at its end.
    assert_eq!(cycles("dload t0, [0], [X], 1, 4096\n wait t0", &edge()), 80 + 256 + 1);
    let mut wide = edge();
    wide.dram.bytes_per_cycle = 64;
    assert_eq!(cycles("dload t0, [0], [X], 1, 4096\n wait t0", &wide), 80 + 128 + 1);
    // Rows of 2 bytes cost a burst of 64 each.
    let narrow = count("dload t0, [0], [X], 16, 2, 2, 512\n wait t0\n halt", &edge());
    assert_eq!(narrow.dram_bytes, 16 * 64);
}

#[test]
fn transfers_of_two_engines_share_the_bandwidth_and_hide_each_others_latency() {
    let two =
        "dload t0, [0], [X], 1, 4096\n dload t1, [4096], [X + 4096], 1, 4096\n wait t0\n wait t1";
    assert_eq!(cycles(two, &edge()), 80 + 512 + 1);
}

#[test]
fn elements_in_one_bank_conflict_and_neighbours_do_not() {
    // 64 elements, 256 bytes apart: with 16 banks of 16 bytes all lie in bank 0.
    let apart = count("vld.f32 v0, [0], 256\n halt", &edge());
    let beside = count("vld.f32 v0, [0], 4\n halt", &edge());
    // Two ports: 32 cycles instead of 4.
    assert_eq!((apart.conflicts, beside.conflicts), (28, 0));
    // One word further each time: all banks take part.
    assert_eq!(count("vld.f32 v0, [0], 272\n halt", &edge()).conflicts, 0);
}

#[test]
fn a_stall_is_put_down_to_its_cause() {
    let stalls = |source: &str, cause| count(&format!("{source}\n halt"), &edge()).stall(cause);
    assert!(stalls("vadd v1, v0, 1\n vadd v2, v1, 1", Cause::Operand) > 0);
    assert!(stalls("vexp v1, v0\n vexp v2, v0", Cause::Busy) > 0);
    assert!(stalls("vld.f32 v0, [0], 256\n vld.f32 v1, [0], 256", Cause::Banks) > 0);
    assert!(
        stalls("mload.i8 w0, [0], 16\n mmul.i8 a0, w0, [0], 16, 64\n vst.i8 v0, [0]", Cause::Order)
            > 0
    );
    assert!(
        stalls(
            &"mload.i8 w0, [0], 16\n mmul.i8 a0, w0, [0], 16, 64\n".repeat(5),
            Cause::MatrixQueue
        ) > 0
    );
    assert!(stalls("dload t0, [0], [X], 1, 64\n wait t0", Cause::WaitDma) > 80);
    let drain = "mload.i8 w0, [0], 16\n mmul.i8 a0, w0, [0], 16, 4\n mdrain.i32 t0, [4096], 64, a0, 4\n wait t0";
    assert!(stalls(drain, Cause::WaitDrain) > 30);
    assert!(stalls(".rept 9, i\n dload t0, [i * 64], [X], 1, 64\n .endr", Cause::DmaQueue) > 0);
    assert_eq!(stalls("li s1, 3\nx: sub s1, s1, 1\n bne s1, 0, x", Cause::Branch), 2);
    assert!(stalls("dload t0, [0], [X], 1, 64\n barrier", Cause::Barrier) > 0);
}

/// A whole layer, tile after tile with nothing overlapped, as SCALE-Sim takes it.
fn layer(flow: Dataflow, size: u64, (m, n, k): (u64, u64, u64)) -> String {
    let chunks = |whole: u64| (0..whole.div_ceil(size)).map(move |i| size.min(whole - i * size));
    // The products that follow each other without a gap, and those that do not.
    let mut tiles: Vec<Vec<(u64, u64, u64)>> = Vec::new();
    match flow {
        Dataflow::WeightStationary => {
            chunks(n).for_each(|n| chunks(k).for_each(|k| tiles.push(vec![(m, n, k)])));
        }
        Dataflow::OutputStationary => chunks(m).for_each(|m| {
            chunks(n).for_each(|n| tiles.push(chunks(k).map(|k| (m, n, k)).collect()));
        }),
        Dataflow::InputStationary => chunks(m).for_each(|m| {
            chunks(k).for_each(|k| tiles.push(chunks(n).map(|n| (m, n, k)).collect()));
        }),
    }
    let mut source = String::new();
    for (which, tile) in tiles.into_iter().enumerate() {
        // Each tile has activations of its own.
        let x = which % 2 * 131_072;
        for (at, (m, n, k)) in tile.into_iter().enumerate() {
            let op = if at > 0 && flow == Dataflow::OutputStationary { "mmac" } else { "mmul" };
            source.push_str(&format!(
                "mload.f16 w{0}, [1048576], {1}, {k}, {n}\n {op}.f16 a0, w{0}, [{x}], {2}, {m}\n",
                at % 2,
                n * 2,
                k * 2
            ));
        }
        source.push_str("barrier\n");
    }
    source
}

#[test]
fn cycles_of_whole_layers_agree_with_scale_sim() {
    let table = include_str!("../validation/scale_sim.csv");
    let mut worst: f64 = 0.0;
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |at: usize| fields[at].parse::<u64>().unwrap();
        let (size, m, n, k) = (number(2), number(3), number(4), number(5));
        let flow = match fields[1] {
            "ws" => Dataflow::WeightStationary,
            "os" => Dataflow::OutputStationary,
            _ => Dataflow::InputStationary,
        };
        let mut machine = Machine::preset("server128").unwrap();
        machine.matrix.dataflow = flow;
        (machine.matrix.rows, machine.matrix.cols) = (size as u32, size as u32);
        let ours = cycles(&layer(flow, size, (m, n, k)), &machine);
        let mut theirs = number(6);
        if flow == Dataflow::OutputStationary {
            // It does not count the shifting out of the sums, which the closed form has.
            theirs += m.div_ceil(size) * n.div_ceil(size) * size;
        }
        let off = (ours as f64 / theirs as f64 - 1.0).abs();
        worst = worst.max(off);
        println!("{line}: {ours}, {:.1} % off", off * 100.0);
        // A tile's first issue and the barrier behind it cost up to three cycles.
        assert!(off < 0.015 || ours.abs_diff(theirs) <= 3, "{line}: {ours}, not {theirs}");
    }
    println!("at most {:.1} % off", worst * 100.0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cycles_do_not_depend_on_data(program in program(20), one: u8, other: u8) {
        let machine = tiny();
        let limits = Limits { work: 2_000, cancel: None };
        let mut times = Vec::new();
        for seed in [one, other] {
            let mut clock = Clock::new(&machine, &program, true);
            let result = run(&program, &machine, &mut dram(seed), &limits, &mut clock);
            times.push((result.map_err(|trap| (trap.pc, trap.cycle)), clock.finish()));
        }
        let mut clock = Clock::new(&machine, &program, true);
        let result = follow(&program, &machine, &mut dram(one), &limits, &mut clock);
        times.push((result.map_err(|trap| (trap.pc, trap.cycle)), clock.finish()));
        prop_assert_eq!(&times[0], &times[1]);
        prop_assert_eq!(&times[0], &times[2]);
    }

    #[test]
    fn issued_and_stalled_cycles_add_up(program in program(20)) {
        let machine = tiny();
        let limits = Limits { work: 2_000, cancel: None };
        let mut clock = Clock::new(&machine, &program, false);
        if follow(&program, &machine, &mut dram(0), &limits, &mut clock).is_ok() {
            let (counters, _) = clock.finish();
            let stalled: u64 = counters.stalls.iter().sum();
            prop_assert!(stalled < counters.cycles);
            // At best two instructions a cycle.
            prop_assert!(counters.cycles - stalled <= counters.instructions);
            prop_assert!(2 * (counters.cycles - stalled) >= counters.instructions);
            let at: u64 = counters.at.iter().map(|at| at.count).sum();
            prop_assert_eq!(at, counters.instructions);
        }
    }
}
