//! The evaluator protocol: stages, gates, repeats, results.
//!
//! A [`Harness`] runs a task's stages on a program, each repeat in folders of its own: the
//! candidate side (`run`) sees the program and writes an output folder; that is checked and
//! copied to the judge side (`judge`), which alone can write the result. What comes back is a
//! typed status with the log's ends, and numbers only where everything was as it should be.

mod artifacts;
mod cascade;
mod command;
mod failure;
mod files;
mod gate;
mod means;
mod mounts;
pub mod peers;
mod requirements;
mod result;
mod setup;
mod slots;
mod stage;
mod text;

use std::sync::Arc;

use evolve_core::outcome::EvalReport;
use evolve_core::ports::{BoxFuture, EvalRequest, Evaluator, StageSink};

pub use command::command_spec;
pub use files::judge_only_files;
pub use gate::{Gate, GateError, GateVerdict};
pub use mounts::check_mounts;
pub use requirements::{MissingPackage, check_requirements};
pub use setup::{HarnessSetup, SetupError};

use setup::Plan;
use slots::Slots;

/// Runs evaluations of one task. Needs a tokio runtime.
pub struct Harness {
    plan: Arc<Plan>,
    slots: Arc<Slots>,
}

impl Harness {
    /// Checks the evaluator and reads its files.
    ///
    /// # Errors
    /// When a gate or glob is wrong, or a file cannot be read; see [`SetupError`].
    pub fn new(setup: HarnessSetup) -> Result<Self, SetupError> {
        Ok(Self { plan: Arc::new(Plan::new(setup)?), slots: Arc::default() })
    }
}

impl Evaluator for Harness {
    fn evaluate(&self, request: EvalRequest, stages: Arc<dyn StageSink>) -> BoxFuture<EvalReport> {
        let (plan, slot) = (Arc::clone(&self.plan), Slots::lease(&self.slots));
        Box::pin(async move { cascade::evaluate(plan, slot.number(), request, stages).await })
    }
}
