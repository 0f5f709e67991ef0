//! How fast the simulator is: instructions and cycles simulated per second on one core. Run
//! with `cargo bench --profile dev -p evolve-npu`.

use std::error::Error;
use std::time::Instant;

use evolve_npu::asm::assemble;
use evolve_npu::machine::Machine;
use evolve_npu::run::{Dram, Limits, follow, run};
use evolve_npu::timing::Clock;

/// Integers and branches.
const SCALAR: &str = "
    li s1, 0
loop:
    add s2, s1, 3
    xor s3, s2, s1
    shl s4, s3, 2
    add s1, s1, 1
    blt s1, 2000000, loop
    halt";

/// Vector arithmetic on values from the scratchpad.
const VECTOR: &str = "
    li s1, 0
loop:
    vld.f16 v1, [0]
    vmul v2, v1, 0.5
    vadd v3, v2, v1
    vst.f16 v3, [4096]
    add s1, s1, 1
    blt s1, 200000, loop
    halt";

/// A product that keeps the array busy.
const MATRIX: &str = "
    li s1, 0
loop:
    mload.f16 w0, [0], COLS*2
    mmul.f16 a0, w0, [65536], ROWS*2, TILE_ROWS
    mload.f16 w1, [0], COLS*2
    mmul.f16 a1, w1, [65536], ROWS*2, TILE_ROWS
    add s1, s1, 1
    blt s1, 2000, loop
    halt";

fn main() -> Result<(), Box<dyn Error>> {
    println!("{:<34} {:>14} {:>14}", "", "instructions/s", "cycles/s");
    for (name, preset, source) in [
        ("scalar", "edge16", SCALAR),
        ("vector", "edge16", VECTOR),
        ("matrix 16x16", "edge16", MATRIX),
        ("matrix 128x128", "server128", MATRIX),
    ] {
        let machine = Machine::preset(preset)?;
        let program = assemble(source, &machine, &[])?;
        let limits = Limits { work: u64::MAX, cancel: None };
        for (what, data, time) in
            [("data", true, false), ("cycles", false, true), ("data and cycles", true, true)]
        {
            let (mut least, mut steps, mut cycles) = (f64::MAX, 0, 0);
            for _ in 0..3 {
                let mut dram = Dram::default();
                let mut clock = Clock::new(&machine, &program, false);
                let start = Instant::now();
                let outcome = match (data, time) {
                    (true, true) => run(&program, &machine, &mut dram, &limits, &mut clock),
                    (true, false) => run(&program, &machine, &mut dram, &limits, &mut ()),
                    _ => follow(&program, &machine, &mut dram, &limits, &mut clock),
                }?;
                least = least.min(start.elapsed().as_secs_f64());
                steps = outcome.steps;
                cycles = clock.finish().0.cycles;
            }
            let per_second = |count: u64| format!("{:.1} M", count as f64 / least / 1e6);
            println!(
                "{:<34} {:>14} {:>14}",
                format!("{name}, {what}"),
                per_second(steps),
                if time { per_second(cycles) } else { "-".to_owned() }
            );
        }
    }
    Ok(())
}
