//! Why a program was stopped.

use std::fmt;

use super::rows::Rows;

/// A program that was stopped, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Trap {
    /// Why.
    pub kind: TrapKind,
    /// Index of the instruction.
    pub pc: u32,
    /// Its line in the source; 0 without a source.
    pub line: u32,
    /// The instruction.
    pub text: String,
    /// Instructions that were executed before it.
    pub step: u64,
    /// The cycle in which it would have been issued; none in runs without the cycle model.
    pub cycle: Option<u64>,
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (", self.kind)?;
        if self.line > 0 {
            write!(f, "line {}, ", self.line)?;
        }
        write!(f, "instruction {} `{}`, step {}", self.pc, self.text, self.step)?;
        match self.cycle {
            Some(cycle) => write!(f, ", cycle {cycle})"),
            None => f.write_str(")"),
        }
    }
}

/// Why a program was stopped. Messages say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrapKind {
    /// Bytes outside the scratchpad.
    #[error("{rows} is outside the scratchpad of {size} bytes")]
    SpadBounds {
        /// What was touched.
        rows: Region,
        /// Its size.
        size: u64,
    },
    /// Bytes that are not all in one tensor.
    #[error("{rows} is not within one tensor; the nearest is {nearest}")]
    DramBounds {
        /// What was touched.
        rows: Region,
        /// The tensor that begins at or before it, with its range.
        nearest: String,
    },
    /// A tensor that may only be read was written.
    #[error("tensor {0} may only be read")]
    ReadOnly(String),
    /// An element that does not begin at a multiple of its size.
    #[error("address {at} and stride {stride} must be multiples of the element size {size}")]
    Misaligned {
        /// The address.
        at: i64,
        /// The stride.
        stride: i64,
        /// The size.
        size: u64,
    },
    /// Scratchpad bytes that a DMA transfer is moving.
    #[error("scratchpad bytes of a transfer under way are touched: {rows}; wait for t{tag} first")]
    Race {
        /// What was touched.
        rows: Rows,
        /// The tag to wait for.
        tag: u8,
    },
    /// DRAM bytes that another transfer is moving.
    #[error("DRAM bytes of a transfer under way are touched: {rows}; wait for t{tag} first")]
    DramRace {
        /// What was touched.
        rows: Rows,
        /// The tag to wait for.
        tag: u8,
    },
    /// Scratchpad bytes that a drain has not written yet.
    #[error("a tile is not drained yet: {rows} is touched; wait for t{tag} first")]
    Undrained {
        /// What was touched.
        rows: Rows,
        /// The tag to wait for.
        tag: u8,
    },
    /// A wait that would never end.
    #[error(
        "deadlock: waits for {wanted} transfers of t{tag}, but only {open} were started and not \
         yet waited for"
    )]
    Deadlock {
        /// The tag.
        tag: u8,
        /// How many it waits for.
        wanted: i64,
        /// How many there are.
        open: u64,
    },
    /// Transfers that nobody waits for.
    #[error("{0} transfers are started and not waited for; wait for some first")]
    TooManyTransfers(usize),
    /// A tile or weight register that does not hold what is asked of it.
    #[error("{what} holds {holds}, but {wanted} is needed")]
    Holds {
        /// The register.
        what: String,
        /// What it holds.
        holds: String,
        /// What would be needed.
        wanted: String,
    },
    /// A size that the machine does not have.
    #[error("{what} is {value}; it must be between {least} and {most}")]
    Size {
        /// Which operand.
        what: &'static str,
        /// Its value.
        value: i64,
        /// The least it may be.
        least: i64,
        /// The most it may be.
        most: i64,
    },
    /// An instruction that this machine does not have; only an object file can hold one.
    #[error("this machine cannot execute it: {0}")]
    Unsupported(&'static str),
    /// `div` or `rem` by 0.
    #[error("division by 0")]
    DivisionByZero,
    /// The program has no instruction there.
    #[error("the program ends without `halt`")]
    NoHalt,
    /// More work than allowed.
    #[error("more than {0} units of work; does a loop not end?")]
    WorkLimit(u64),
    /// Somebody asked it to stop.
    #[error("cancelled")]
    Cancelled,
}

/// Rows as an instruction asked for them; they may lie anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// First byte.
    pub start: i64,
    /// Pieces.
    pub rows: i64,
    /// Bytes of a piece.
    pub bytes: i64,
    /// Distance of two pieces.
    pub stride: i64,
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, rows, bytes, stride } = self;
        if *rows == 1 {
            write!(f, "the range of {bytes} bytes from {start}")
        } else {
            write!(f, "the range of {rows} rows of {bytes} bytes, {stride} apart, from {start}")
        }
    }
}
