//! The evaluator protocol: stages, gates, repeats, results.
//!
//! A [`Harness`] runs a task's stages on a program, each repeat in folders of its own: the
//! candidate side (`run`) sees the program and writes an output folder; that is checked and
//! copied to the judge side (`judge`), which alone can write the result. What comes back is a
//! typed status with the log's ends, and numbers only where everything was as it should be.

mod artifacts;
mod cascade;
mod collect;
mod failure;
mod files;
mod gate;
mod means;
mod requirements;
mod result;
mod scratch;
mod setup;
mod stage;
mod text;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use evolve_core::outcome::EvalReport;
use evolve_core::ports::{BoxFuture, EvalRequest, Evaluator, StageSink};

pub use gate::{Gate, GateError, GateVerdict};
pub use requirements::{MissingPackage, check_requirements};
pub use setup::{HarnessSetup, SetupError};

use setup::Plan;

/// Runs evaluations of one task. Needs a tokio runtime.
pub struct Harness {
    plan: Arc<Plan>,
    count: AtomicU64,
}

impl Harness {
    /// Checks the evaluator and empties the scratch folder.
    ///
    /// # Errors
    /// When a gate or glob is wrong, or a folder cannot be used; see [`SetupError`].
    pub fn new(setup: HarnessSetup) -> Result<Self, SetupError> {
        let plan = Plan::new(setup)?;
        scratch::prepare_root(&plan.scratch)
            .map_err(|source| SetupError::Scratch { folder: plan.scratch.clone(), source })?;
        Ok(Self { plan: Arc::new(plan), count: AtomicU64::new(0) })
    }
}

impl Evaluator for Harness {
    fn evaluate(&self, request: EvalRequest, stages: Arc<dyn StageSink>) -> BoxFuture<EvalReport> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", request.candidate);
        Box::pin(cascade::evaluate(Arc::clone(&self.plan), name, request, stages))
    }
}
