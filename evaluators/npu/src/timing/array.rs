//! How long the systolic array takes. The closed forms are those of SCALE-Sim (Samajdar et
//! al., ISPASS 2020, equation 1): 2R + C + T - 2 cycles for one tile on R x C processing
//! elements, where T is what streams. They fall apart into the parts below.

use crate::machine::{Dataflow, Machine};

/// Cycles of one product of m x k activations with k x n weights, k and n within the array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProductTime {
    /// From the start of the weights' load until they can be used.
    pub load: u64,
    /// How long the array takes no other product.
    pub busy: u64,
    /// From the last cycle of that until the sums are complete.
    pub drain: u64,
}

/// The time of a product without conflicts in the scratchpad. `resident`: the product before
/// had the same activations.
///
/// - Weight-stationary: weights are shifted in over R cycles, m rows stream, the last sum
///   leaves R + C - 2 cycles later. Loads overlap with products of the other weights.
/// - Output-stationary: for each R rows of m, k indices stream; the sums leave over
///   R + C - 2 cycles of skew and R of shifting out.
/// - Input-stationary: for each C rows of m, activations are shifted in over R cycles, unless
///   they are resident, and n columns stream; the last sum leaves R + C - 2 cycles later.
///
/// Where weights stream, a product may begin with the cycle after their load began.
pub fn product_time(machine: &Machine, m: u64, k: u64, n: u64, resident: bool) -> ProductTime {
    let (rows, cols) = (u64::from(machine.matrix.rows), u64::from(machine.matrix.cols));
    let skew = rows + cols - 2;
    match machine.matrix.dataflow {
        Dataflow::WeightStationary => ProductTime { load: rows, busy: m, drain: skew },
        Dataflow::OutputStationary => {
            let folds = m.div_ceil(rows);
            // All but the last fold's sums leave before the next one's begin.
            let between = (folds - 1) * rows;
            ProductTime { load: 1, busy: folds * k + between, drain: skew + rows }
        }
        Dataflow::InputStationary => {
            let folds = m.div_ceil(cols);
            let shift = if resident && folds == 1 { 0 } else { rows };
            ProductTime { load: 1, busy: folds * (shift + n), drain: skew }
        }
    }
}
