//! What a run cost.

use serde::Serialize;

use crate::isa::Unit;

/// Why no instruction was issued in a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// An operand was not computed yet.
    Operand,
    /// A vector unit or its memory port was at work.
    Busy,
    /// Banks of the scratchpad had no port left.
    Banks,
    /// An earlier access to the same bytes had to end first.
    Order,
    /// The queue of the array was full.
    MatrixQueue,
    /// A wait for a DMA transfer.
    WaitDma,
    /// A wait for a drain.
    WaitDrain,
    /// The queue of the DMA engines was full.
    DmaQueue,
    /// A branch was taken.
    Branch,
    /// The end of the program, or a barrier.
    Barrier,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 10] = [
        Self::Operand,
        Self::Busy,
        Self::Banks,
        Self::Order,
        Self::MatrixQueue,
        Self::WaitDma,
        Self::WaitDrain,
        Self::DmaQueue,
        Self::Branch,
        Self::Barrier,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operand => "operand",
            Self::Busy => "busy",
            Self::Banks => "banks",
            Self::Order => "order",
            Self::MatrixQueue => "matrix-queue",
            Self::WaitDma => "wait-dma",
            Self::WaitDrain => "wait-drain",
            Self::DmaQueue => "dma-queue",
            Self::Branch => "branch",
            Self::Barrier => "barrier",
        }
    }
}

/// What one instruction of the program cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct At {
    /// How often it was executed.
    pub count: u64,
    /// Cycles that it kept the issue waiting.
    pub stalled: u64,
}

/// What a run cost. Cycles are of the machine's clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Cycles from the start to the end of the last transfer.
    pub cycles: u64,
    /// Instructions that were executed.
    pub instructions: u64,
    /// Cycles in which nothing was issued, by [`Cause`], in the order of [`Cause::ALL`].
    pub stalls: [u64; Cause::ALL.len()],
    /// Cycles in which a unit was at work, in the order of [`Unit::ALL`]; DMA summed over
    /// its engines.
    pub busy: [u64; Unit::ALL.len()],
    /// Cycles that accesses took longer because of other accesses to the same banks.
    pub conflicts: u64,
    /// Products of the array of 8-bit integers.
    pub macs_i8: u64,
    /// Products of the array of 16-bit floats.
    pub macs_f16: u64,
    /// Products of the array of 32-bit floats.
    pub macs_f32: u64,
    /// Operations of the vector unit, a multiply-accumulate counted as two.
    pub vector_ops: u64,
    /// Bytes of the scratchpad that were read or written.
    pub spad_bytes: u64,
    /// Bytes that DRAM delivered or took, with what was rounded up to bursts.
    pub dram_bytes: u64,
    /// What each instruction cost.
    pub at: Vec<At>,
}

impl Counters {
    /// Cycles lost for a cause.
    pub fn stall(&self, cause: Cause) -> u64 {
        self.stalls[cause as usize]
    }

    /// Products of the array, of all types.
    pub fn macs(&self) -> u64 {
        self.macs_i8 + self.macs_f16 + self.macs_f32
    }
}

/// Something a unit did, for a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Row of the timeline: which unit, or which part of one.
    pub track: Track,
    /// Index of the instruction.
    pub pc: u32,
    /// First cycle.
    pub from: u64,
    /// One past the last cycle.
    pub to: u64,
}

/// A row of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Track {
    /// The issue, waiting.
    Stall,
    /// Vector arithmetic.
    Vector,
    /// Vector loads and stores.
    Memory,
    /// Loads of weights.
    Weights,
    /// Products.
    Array,
    /// Drains.
    Drain,
    /// DMA engines.
    Dma(u8),
}

impl Track {
    /// Its name in pictures.
    pub fn name(self) -> String {
        match self {
            Self::Stall => "stall".to_owned(),
            Self::Vector => "vector".to_owned(),
            Self::Memory => "memory".to_owned(),
            Self::Weights => "weights".to_owned(),
            Self::Array => "array".to_owned(),
            Self::Drain => "drain".to_owned(),
            Self::Dma(engine) => format!("dma {engine}"),
        }
    }
}
