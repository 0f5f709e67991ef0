//! What can go wrong with a run on disk.

use std::io;
use std::path::{Path, PathBuf};

use evolve_core::ids::BlobHash;
use evolve_core::ports::HostFault;

use crate::lock::Holder;

/// What can go wrong with a run on disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused a file operation.
    #[error("cannot {action} `{path}`: {source}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No run fits.
    #[error(
        "there is no run `{text}` in `{runs}`; `evolve list` shows the runs that are there",
        runs = runs.display()
    )]
    NoRun {
        /// What was asked for.
        text: String,
        /// Where.
        runs: PathBuf,
    },
    /// Several runs fit.
    #[error("`{text}` fits {count} runs ({list}); write more of the id", count = matches.len(), list = matches.join(", "))]
    Ambiguous {
        /// What was asked for.
        text: String,
        /// The ids that fit, newest first.
        matches: Vec<String>,
    },
    /// A new run's folder is there already.
    #[error("the run folder `{path}` exists already; choose another id", path = path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// Another process has the run.
    #[error(
        "the run `{run}` is in use by {holder}; wait until it ends, or stop it with `evolve stop {run}`"
    )]
    Locked {
        /// Which run.
        run: String,
        /// Who has it.
        holder: Holder,
    },
    /// The journal holds no event.
    #[error("`{path}` holds no event: the run never began; remove its folder", path = path.display())]
    Empty {
        /// The journal.
        path: PathBuf,
    },
    /// A line of the journal is not what was written.
    #[error(
        "`{path}` is damaged at line {line} (byte {offset}): {what}; restore it from a copy, or keep \
         what lies before: `head -c {offset}`",
        path = path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// Where it begins, in bytes.
        offset: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A file of a version this program does not know.
    #[error(
        "`{path}`{place} was written by a newer evolve (format {found}, this one knows up to {known}); \
         use that version",
        path = path.display(),
        place = line.map(|line| format!(", line {line},")).unwrap_or_default()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Which line of a journal, from 1.
        line: Option<u64>,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// A file that is not in its format.
    #[error("`{path}` cannot be read: {what}", path = path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A blob that is not there, or not what its hash says.
    #[error("blob {hash} {what}; `evolve verify` shows what else is affected", hash = hash.short())]
    Blob {
        /// Which blob.
        hash: BlobHash,
        /// What is wrong with it.
        what: String,
    },
    /// A projection cannot be read or written.
    #[error("the {what} cannot be used: {detail}; `evolve verify --repair` rebuilds it")]
    Projection {
        /// Which one.
        what: &'static str,
        /// What the library said.
        detail: String,
    },
}

impl StoreError {
    /// For `map_err` after a file operation.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn format(path: &Path, what: impl Into<String>) -> Self {
        Self::Format { path: path.to_owned(), what: what.into() }
    }
}

impl From<StoreError> for HostFault {
    fn from(error: StoreError) -> Self {
        Self::new(error.to_string())
    }
}
