//! The words of `evolve` as types.
//!
//! Tasks and their validation ([`task`]), events ([`event`]) and the facts folded from
//! them ([`facts`]), outcomes ([`outcome`]), and the ports ([`ports`], [`sandbox`]) through which the
//! other rooms meet. No I/O and no async runtime: ports return boxed futures.

pub mod device;
pub mod env;
pub mod event;
pub mod facts;
pub mod ids;
pub mod knowledge;
pub mod money;
pub mod objective;
pub mod outcome;
pub mod ports;
pub mod prediction;
pub mod program;
pub mod redact;
pub mod rng;
pub mod sandbox;
pub mod shape;
pub mod task;
pub mod words;

pub use event::{Envelope, Event};
pub use facts::Facts;
pub use ids::{BlobHash, CandidateId, ModelName, RunId, Seq, StageName};
pub use money::{TokenUsage, Usd};
pub use objective::{Goal, Objective};
pub use program::Program;
pub use shape::Shape;
