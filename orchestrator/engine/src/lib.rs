//! The loop: a dispatcher that owns the state and executors that own the work.
//!
//! [`Machine`] is the dispatcher's state: facts folded from events, the strategy, what the
//! proposer learned. It takes events from outside and decides the next ones, as a pure
//! function of what came before. [`run`] drives a machine live: workers, journal, control
//! socket, wall clock. [`replay()`] drives one from a recorded journal and compares.
//! The states and transitions are drawn in `docs/design/dispatcher.md`.

mod control;
mod decide;
mod dispatcher;
mod executor;
mod inject;
mod machine;
mod message;
mod replay;
mod request;
mod verdict;

pub use control::{Command, ControlError, Reply, send as send_command};
pub use dispatcher::{Begin, EngineError, EngineSetup, Observer, run};
pub use inject::Inject;
pub use machine::{Machine, Parts};
pub use message::Handle;
pub use replay::{Divergence, ReplayError, Replayed, Target, replay};
