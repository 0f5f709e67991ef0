//! The kernel suite: tasks with shapes, inputs, references, tolerances, baselines and bounds.

mod bound;
mod check;
mod inputs;
mod metrics;
mod reference;
mod tasks;

pub use bound::Bound;
pub use check::{Case, Grade, Graded, Plan, baseline_cycles, grade, profile};
pub use inputs::{ADVERSARIAL, Inputs, Kind as InputKind};
pub use metrics::{Sample, Summary, fast_p, geomean, pass_at_k, summarise};
pub use tasks::{Dims, Spec, TASKS, Tensor, Tier};

impl Spec {
    /// The task with this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        TASKS.iter().find(|task| task.name == name)
    }
}
