//! Registers that an instruction waits for and writes, read from the table.

use crate::isa::{Arg, Inst, Kind};

/// Registers of an instruction; sets are bits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Uses {
    /// Scalar registers that are read.
    pub scalars: u32,
    /// Vector registers that are read, and the one that is written: results are written in
    /// order.
    pub vectors: u32,
    /// The scalar register that is written.
    pub scalar_out: Option<u8>,
    /// The vector register that is written.
    pub vector_out: Option<u8>,
}

pub(super) fn uses(inst: &Inst) -> Uses {
    let mut uses = Uses::default();
    for (arg, operand) in inst.args.iter().zip(inst.spec().operands) {
        match (*arg, operand.kind) {
            (Arg::S(n), Kind::ScalarOut) => uses.scalar_out = Some(n),
            (Arg::S(n) | Arg::Mem { base: Some(n), .. }, _) => uses.scalars |= 1 << (n & 31),
            (Arg::V(n), Kind::VectorOut | Kind::VectorBoth) => {
                uses.vectors |= 1 << (n & 31);
                uses.vector_out = Some(n);
            }
            (Arg::V(n), _) => uses.vectors |= 1 << (n & 31),
            _ => {}
        }
    }
    uses
}
