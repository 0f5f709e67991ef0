//! Read model of a run and the pages made of it.
//!
//! [`model`] answers questions about a run as plain structures: pure functions of the facts and
//! the blobs, and what the command line prints with `--json`. [`text`] writes them for a
//! terminal, [`html`] makes one page of the whole run, and [`write_report`] puts it on disk.
//! [`methods`] tells in sentences how a run was made. [`watch`] is the dashboard in a terminal. [`mod@bench`] compares the runs of several strategies.

pub mod bench;
mod chart;
pub mod format;
mod highlight;
pub mod html;
pub mod methods;
pub mod model;
pub mod serve;
pub mod text;
pub mod watch;
mod write;

pub use model::{KnowledgeWorth, Moment, Process};
pub use write::{ReportError, write_figures, write_report, write_report_with};
