//! What the cycle model is told of an instruction: what cannot be known before it runs.

use super::rows::Rows;
use crate::dtype::Dtype;

/// How long the vector unit works on an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Sums, comparisons, moves.
    Add,
    /// Products.
    Mul,
    /// Quotients and roots.
    Div,
    /// Exponentials, logarithms, hyperbolic tangents.
    Exp,
    /// Reductions.
    Reduce,
}

/// An instruction that was executed.
#[derive(Debug, Clone, Copy)]
pub enum Event {
    /// Integers and constants.
    Scalar {
        /// Cycles until the result can be used.
        latency: u64,
    },
    /// A branch.
    Branch {
        /// Whether it was taken.
        taken: bool,
    },
    /// Arithmetic on `n` elements.
    Vector {
        /// What kind of.
        class: Class,
        /// Elements that are worked on.
        n: u64,
        /// Arithmetic operations, for counting.
        operations: u64,
    },
    /// A vector load or store.
    Access {
        /// Whether it writes the scratchpad.
        store: bool,
        /// The bytes.
        rows: Rows,
    },
    /// A transfer between DRAM and scratchpad.
    Dma {
        /// Whether it writes the scratchpad.
        load: bool,
        /// Its tag.
        tag: u8,
        /// The bytes in the scratchpad.
        spad: Rows,
        /// The bytes in DRAM.
        dram: Rows,
    },
    /// A wait.
    Wait {
        /// For which tag.
        tag: u8,
        /// For how many transfers.
        count: u64,
    },
    /// Waits for everything.
    Barrier,
    /// Weights to a weight register.
    Load {
        /// Which.
        w: u8,
        /// The bytes.
        rows: Rows,
    },
    /// A product.
    Product {
        /// The tile.
        a: u8,
        /// The weight register.
        w: u8,
        /// The activations' bytes.
        rows: Rows,
        /// Inner dimension.
        k: u64,
        /// Output columns.
        n: u64,
        /// Type of the operands.
        ty: Dtype,
    },
    /// A tile to the scratchpad.
    Drain {
        /// The tile.
        a: u8,
        /// The transfer's tag.
        tag: u8,
        /// The bytes.
        rows: Rows,
    },
}

/// Follows the execution of a program.
pub trait Observer {
    /// An instruction was executed.
    fn on(&mut self, pc: u32, event: &Event);
    /// The cycle that has been reached, where one is counted.
    fn cycle(&self) -> Option<u64>;
}

/// Nobody follows.
impl Observer for () {
    #[inline]
    fn on(&mut self, _: u32, _: &Event) {}

    fn cycle(&self) -> Option<u64> {
        None
    }
}
