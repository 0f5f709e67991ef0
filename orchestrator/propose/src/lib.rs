//! Proposers: prompt → call → patch → bounded repair. The only room that talks to a model.
//!
//! [`Proposers`] is the run's proposer: it sends each selection to the part that knows its
//! operator. [`Keys`] reads the models' keys, once, before anything is written.

mod allowance;
mod by_model;
mod by_person;
mod client;
mod clusters;
mod command;
mod deny;
mod embedding;
mod key_command;
mod language_model;
mod material;
mod operators;
mod patching;
mod preview;
mod proposers;
mod repeats;
mod setup;
mod without_model;

pub use allowance::MAX_REPAIRS;
pub use client::Patience;
pub use embedding::ServedEmbedder;
pub use language_model::SilentModel;
pub use operators::default_operators;
pub use preview::{ModelPreview, Preview};
pub use proposers::Proposers;
pub use setup::{CommandSetup, Keys, ProposerSetup, SetupError};
