//! Population and strategies: pure, deterministic functions of facts and events.
//!
//! A [`Strategy`] decides what is tried next. Everything durable is in
//! [`Facts`]; what a strategy keeps besides is a cache of a fold over the
//! events, so feeding it a whole journal gives the state of having lived through it. No clock,
//! network or disk.

mod adaptive;
mod archive;
mod axes;
mod bandit;
mod baselines;
mod choice;
mod compare;
mod epoch;
mod flights;
mod gains;
mod map_elites;
mod parameters;
mod pareto;
mod polish;
mod pool;
mod ranking;
mod registry;
mod tactics;
mod two_level;
mod ucb;

use evolve_core::event::{Operator, Selection};
use evolve_core::{CandidateId, Envelope, Facts, ModelName};
use rand_pcg::Pcg64Mcg;

pub use compare::{ALPHA, Comparison, compare};
pub use parameters::{BadParameter, Kind, OwnParameter};
pub use registry::{BadStrategy, Parameter, StrategyInfo, UnknownStrategy, build, strategies};

/// What a strategy may choose from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Menu {
    /// Operators with their weights; those without a positive, finite weight are left out.
    pub operators: Vec<(Operator, f64)>,
    /// Models with their weights; empty where no model is asked.
    pub models: Vec<(ModelName, f64)>,
}

/// Decides parents, inspirations, operator, models and island of the next proposal.
pub trait Strategy: Send {
    /// Its name in `task.toml`.
    fn name(&self) -> &'static str;
    /// Learns from an event that was already folded into `facts`. The only place where the
    /// strategy's state changes.
    fn observe(&mut self, facts: &Facts, event: &Envelope);
    /// Whether no proposal may begin before those under way have ended: a barrier.
    fn waits(&self) -> bool {
        false
    }
    /// What others of the same round have proposed, newest first, for who proposes this one.
    fn taken(&self, by: CandidateId) -> Vec<CandidateId> {
        let _ = by;
        Vec::new()
    }
    /// Decides; changes nothing. Reservations are taken when the `Selected` event that holds
    /// the decision is observed.
    fn select(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection;
}
