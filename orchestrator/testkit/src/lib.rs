//! Support for tests, and for trying `evolve` without a provider.
//!
//! [`ModelServer`] is a real HTTP server that speaks the OpenAI chat-completions format,
//! with every fault a provider shows. [`FixedClock`], [`MemoryBlobs`] and [`Recorder`] stand
//! in for the other ports.

mod blobs;
mod calls;
mod clock;
pub mod generated;
pub mod model_server;
pub mod perturb;

pub use blobs::MemoryBlobs;
pub use calls::Recorder;
pub use clock::FixedClock;
pub use model_server::{Exchange, ModelServer, Reply, Request};
