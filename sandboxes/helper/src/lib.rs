//! The inside of a sandbox.
//!
//! A helper is the first process in every sandbox: [`guest`] is what it does there, [`wire`] is
//! how a controller talks to it. In a container it is a static program of its own (this
//! crate's binary, process 1) that a controller reaches through [`relay`]; elsewhere it is the
//! controller's own binary, started again.

pub mod guest;
#[cfg(target_os = "linux")] // containers run Linux
pub mod relay;
mod sys;
pub mod wire;

pub use sys::close_files_on_exec;
