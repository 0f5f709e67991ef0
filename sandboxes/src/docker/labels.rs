//! What containers and volumes are marked with, so that they are found again.

/// The run a container serves.
pub(crate) const RUN: &str = "evolve.run";
/// The machine of the controller.
pub(crate) const HOST: &str = "evolve.host";
/// The slot it serves.
pub(crate) const SLOT: &str = "evolve.slot";
/// What it is for.
pub(crate) const SIDE: &str = "evolve.side";
/// A volume with the helper in it.
pub(crate) const HELPER: &str = "evolve.helper";
/// A container that is never started.
pub(crate) const CARRIER: &str = "evolve.carrier";

/// This machine: several may share a daemon.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
