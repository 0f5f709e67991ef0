//! The roofline of a task: cycles that no program can do with less.

use serde::Serialize;

use super::tasks::{Dims, Spec};
use crate::machine::Machine;

/// Least cycles of a task, by what limits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bound {
    /// All products, with the array and the vector unit busy in every cycle.
    pub products: u64,
    /// One vector operation for each element that needs one.
    pub vector: u64,
    /// Every tensor moved once at the full bandwidth, after one latency.
    pub dram: u64,
}

impl Bound {
    /// The bound of a task's shape on a machine.
    pub fn of(task: &Spec, dims: &Dims, machine: &Machine) -> Self {
        let (matrix, lanes) = (&machine.matrix, u64::from(machine.vector.lanes));
        let array = u64::from(matrix.rows) * u64::from(matrix.cols);
        let elements = |tensor: &super::tasks::Tensor| tensor.elements(dims) as u64;
        let bytes = task.tensors.iter().map(|tensor| elements(tensor) * tensor.ty.size());
        let width = u64::from(machine.dram.bytes_per_cycle);
        Self {
            products: ((task.macs)(dims) as u64).div_ceil(array + lanes),
            vector: ((task.elements)(dims) as u64).div_ceil(lanes),
            dram: bytes.sum::<u64>().div_ceil(width) + u64::from(machine.dma.latency),
        }
    }

    /// The largest of them.
    pub fn cycles(&self) -> u64 {
        self.products.max(self.vector).max(self.dram)
    }

    /// What limits the task.
    pub fn limit(&self) -> &'static str {
        if self.cycles() == self.dram {
            "dram"
        } else if self.cycles() == self.products {
            "products"
        } else {
            "vector"
        }
    }
}
