//! What a run leaves on disk.
//!
//! The truth is the journal ([`JournalWriter`]) and the blobs it names ([`Blobs`]). All
//! else is a projection that is rebuilt from these two: snapshots, the results database and
//! the lineage ([`Projections`]). [`Reader`] reads a run without a lock, also while it is
//! being written; [`verify`] compares everything with everything. Nothing outside this
//! crate opens sled or git.

mod blobs;
mod database;
mod disk;
mod error;
mod journal;
mod lineage;
mod lock;
mod projections;
mod reader;
mod recover;
mod run_dir;
mod snapshot;
mod verify;

pub use blobs::Blobs;
pub use error::StoreError;
pub use journal::{JournalWriter, Recovered, TornTail};
pub use lock::{Holder, RunLock};
pub use projections::Projections;
pub use reader::{Events, Reader};
pub use run_dir::{RunDir, list_runs, new_run_id, resolve_run};
pub use verify::{Checked, Finding, Severity, VerifyOptions, VerifyReport, verify};
