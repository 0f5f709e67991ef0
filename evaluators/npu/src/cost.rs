//! Energy of a run and area of a machine, in one technology: 45 nm. The constants are part
//! of the simulator and not of a machine's description, so that a search over machines
//! cannot write them down.
//!
//! Energy per operation and per access, and area per arithmetic unit: M. Horowitz,
//! *Computing's energy problem (and what we can do about it)*, ISSCC 2014, figure 1.1.9, and
//! the table that W. Dally made of the same data (*High-performance hardware for machine
//! learning*, NIPS 2015 tutorial), 45 nm at 0.9 V. What is assumed is marked so.

use serde::Serialize;

use crate::dtype::Dtype;
use crate::machine::Machine;
use crate::timing::Counters;

/// An 8-bit product (0.2) added to a 32-bit integer sum (0.1), in pJ.
const MAC_I8: f64 = 0.3;
/// A 16-bit float product (1.1) added to a 32-bit float sum (0.9), in pJ.
const MAC_F16: f64 = 2.0;
/// A 32-bit float product (3.7) added to a 32-bit float sum (0.9), in pJ.
const MAC_F32: f64 = 4.6;
/// An operation of the vector unit in pJ: the mean of a 32-bit float sum (0.9) and a
/// product (3.7).
const VECTOR_OP: f64 = 2.3;
/// Issue of an instruction in pJ (Horowitz's overhead of a simple in-order core is 70 pJ,
/// of which instruction fetch from a cache is a part; half of it is assumed here).
const INSTRUCTION: f64 = 35.0;
/// A byte of DRAM in pJ: 640 pJ for 32 bits.
const DRAM_BYTE: f64 = 160.0;
/// A byte of an 8 KiB memory in pJ: 10 pJ for 64 bits. Larger ones grow with the root of
/// their size: 20 pJ at 32 KiB is met exactly, 100 pJ at 1 MiB within 13 %.
const SPAD_BYTE_8K: f64 = 1.25;

/// Areas in square micrometres: sums and products of 8-bit integers, 16-bit floats and
/// 32-bit floats.
const ADD_I32: f64 = 137.0;
const MUL_I8: f64 = 282.0;
const ADD_F32: f64 = 4184.0;
const MUL_F16: f64 = 1640.0;
const MUL_F32: f64 = 7700.0;
/// A flip-flop: cell `DFF_X1` of the open 45 nm cell library by Nangate.
const FLIP_FLOP: f64 = 4.522;
/// A bit of SRAM: a cell of 0.346 (K. Mistry et al., IEDM 2007), half of the memory's area
/// being cells (assumed).
const SRAM_BIT: f64 = 0.692;
/// Periphery of one bank and port (assumed).
const BANK_PORT: f64 = 2_000.0;
/// Fetch, decode and scoreboard for one more instruction a cycle (assumed).
const ISSUE: f64 = 20_000.0;
/// A DMA engine, and its datapath for each byte a cycle (assumed).
const ENGINE: f64 = 20_000.0;
const ENGINE_BYTE: f64 = 500.0;
/// The DRAM's interface for each byte a cycle (assumed).
const DRAM_BYTE_PORT: f64 = 15_000.0;

/// Energy of a run in nanojoules, by where it went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Energy {
    /// The array's products.
    pub matrix_nj: f64,
    /// The vector unit's operations.
    pub vector_nj: f64,
    /// Issue of instructions.
    pub issue_nj: f64,
    /// The scratchpad.
    pub spad_nj: f64,
    /// DRAM.
    pub dram_nj: f64,
}

impl Energy {
    /// All of it, in nanojoules.
    pub fn total_nj(&self) -> f64 {
        self.matrix_nj + self.vector_nj + self.issue_nj + self.spad_nj + self.dram_nj
    }
}

/// Dynamic energy of a run; leakage is left out. Above 1 GHz the supply voltage is assumed
/// to rise with the clock, so energy on chip grows with its square.
pub fn energy(machine: &Machine, counters: &Counters) -> Energy {
    let volts = machine.clock_ghz.max(1.0).powi(2);
    let nj = |count: u64, pj: f64| count as f64 * pj / 1000.0;
    let spad = SPAD_BYTE_8K * (f64::from(machine.scratchpad.kib) / 8.0).sqrt();
    Energy {
        matrix_nj: volts
            * (nj(counters.macs_i8, MAC_I8)
                + nj(counters.macs_f16, MAC_F16)
                + nj(counters.macs_f32, MAC_F32)),
        vector_nj: volts * nj(counters.vector_ops, VECTOR_OP),
        issue_nj: volts * nj(counters.instructions, INSTRUCTION),
        spad_nj: volts * nj(counters.spad_bytes, spad),
        dram_nj: nj(counters.dram_bytes, DRAM_BYTE),
    }
}

/// Area of a machine in square millimetres, by part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Area {
    /// The array with its accumulator tiles.
    pub matrix_mm2: f64,
    /// The vector unit with its registers.
    pub vector_mm2: f64,
    /// The scratchpad.
    pub spad_mm2: f64,
    /// Issue, DMA engines, DRAM interface.
    pub control_mm2: f64,
}

impl Area {
    /// All of it, in square millimetres.
    pub fn total_mm2(&self) -> f64 {
        self.matrix_mm2 + self.vector_mm2 + self.spad_mm2 + self.control_mm2
    }
}

/// Area of a machine.
pub fn area(machine: &Machine) -> Area {
    let (matrix, vector) = (&machine.matrix, &machine.vector);
    let (spad, dma) = (&machine.scratchpad, &machine.dma);
    let has = |ty| matrix.types.contains(&ty);
    let mut element = 0.0;
    if has(Dtype::I8) {
        element += MUL_I8 + ADD_I32;
    }
    if has(Dtype::F32) {
        element += MUL_F32 + ADD_F32;
    } else if has(Dtype::F16) || has(Dtype::Bf16) {
        element += MUL_F16 + ADD_F32;
    }
    let widest = if has(Dtype::F32) { 32.0 } else { 16.0 };
    // Two weights, an activation and a 32-bit sum.
    element += (3.0 * widest + 32.0) * FLIP_FLOP;
    let (rows, cols) = (f64::from(matrix.rows), f64::from(matrix.cols));
    let tiles = f64::from(matrix.tiles) * f64::from(matrix.tile_rows) * cols * 32.0 * SRAM_BIT;
    // Registers are read twice and written once in a cycle: three times a plain cell (assumed).
    let registers = 32.0 * f64::from(vector.length) * 32.0 * SRAM_BIT * 3.0;
    let ports = f64::from(spad.ports);
    // Each port adds its wires to every cell: an area that grows with their number (assumed).
    let cells = f64::from(spad.kib) * 8192.0 * SRAM_BIT * ports;
    let engines = f64::from(dma.engines) * (ENGINE + f64::from(dma.bytes_per_cycle) * ENGINE_BYTE);
    let mm2 = 1e-6;
    Area {
        matrix_mm2: mm2 * (rows * cols * element + tiles),
        vector_mm2: mm2 * (f64::from(vector.lanes) * (MUL_F32 + ADD_F32) + registers),
        spad_mm2: mm2 * (cells + f64::from(spad.banks) * ports * BANK_PORT),
        control_mm2: mm2
            * (f64::from(machine.issue_width) * ISSUE
                + engines
                + f64::from(machine.dram.bytes_per_cycle) * DRAM_BYTE_PORT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::PRESETS;

    #[test]
    fn more_of_anything_is_a_larger_machine() {
        let base = Machine::preset("edge16").unwrap();
        let least = area(&base).total_mm2();
        for (from, to) in [
            ("rows = 16", "rows = 17"),
            ("cols = 16", "cols = 17"),
            ("tiles = 8", "tiles = 9"),
            ("tile_rows = 64", "tile_rows = 65"),
            ("lanes = 16", "lanes = 32"),
            ("length = 64", "length = 128"),
            ("kib = 128", "kib = 129"),
            ("banks = 16", "banks = 32"),
            ("ports = 2", "ports = 3"),
            ("engines = 2", "engines = 3"),
            ("bytes_per_cycle = 32", "bytes_per_cycle = 33"),
            ("bytes_per_cycle = 16", "bytes_per_cycle = 17"),
            ("issue_width = 2", "issue_width = 3"),
            ("\"bf16\"]", "\"f32\"]"),
        ] {
            let text = PRESETS[0].1.replace(from, to);
            let larger = area(&Machine::parse(&text).unwrap()).total_mm2();
            assert!(larger > least, "{to}");
        }
    }

    #[test]
    fn energy_is_counted_per_operation_and_byte() {
        let machine = Machine::preset("edge16").unwrap();
        let counters = Counters { macs_f16: 1000, dram_bytes: 10, ..Counters::default() };
        let energy = energy(&machine, &counters);
        assert!((energy.matrix_nj - 2.0).abs() < 1e-9);
        assert!((energy.dram_nj - 1.6).abs() < 1e-9);
        assert!((energy.total_nj() - 3.6).abs() < 1e-9);
    }
}
