//! Tasks of other systems, run as they are. An adapter reads such a folder and gives the
//! equivalent task of ours: a `task.toml`, the folder's own files, and a small driver that calls
//! the evaluator the way its own system does. Everything after that is an ordinary task.
//!
//! A new system is a file that implements [`Adapter`], and an entry in [`adapters`].

mod assemble;
mod driver;
mod keys;
mod listing;
mod models;
mod openevolve;
mod population;
mod printed;
mod python;
mod settings;
mod shinka;
mod skydiscover;

use std::io;
use std::path::{Path, PathBuf};

use evolve_core::task::TaskConfig;

pub use population::{Found, best_first};
pub(crate) use printed::{parse_container, parse_reward};

/// Where the parts of a task are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The start program; none for a task whose first program is written by a model.
    pub program: Option<PathBuf>,
    /// The evaluator: a file, or a folder where the system has such.
    pub evaluator: PathBuf,
    /// Its configuration.
    pub config: Option<PathBuf>,
}

/// A file of the equivalent task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFile {
    /// Where it goes, below the task's folder, with `/` between the parts.
    pub path: String,
    /// What is in it.
    pub content: Content,
}

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// What is in this one.
    Copy(PathBuf),
    /// This text.
    Text(String),
}

/// The equivalent task.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// Its `task.toml`.
    pub task: TaskConfig,
    /// Its files besides that.
    pub files: Vec<ImportFile>,
    /// What a person should know: keys that are unknown or have no meaning here, and more.
    pub notes: Vec<String>,
}

/// Reads the tasks of one system.
pub trait Adapter: Sync {
    /// The system's name, as `--as` takes it.
    fn name(&self) -> &'static str;
    /// The parts of a task, if this folder is one of the system's.
    fn recognise(&self, folder: &Path) -> Option<Source>;
    /// The equivalent task.
    ///
    /// # Errors
    /// When a part cannot be read or says what cannot be; see [`PeerError`].
    fn import(&self, source: &Source) -> Result<Import, PeerError>;
    /// The programs that a run of the system kept in this file or folder; none if it is not one
    /// of the system's.
    fn population(&self, place: &Path) -> Option<Result<Vec<Found>, PeerError>>;
}

/// Why a task cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// A file or folder that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A configuration that is no YAML.
    #[error("{} is no YAML that can be read: {why}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A key with a value that cannot be.
    #[error("{}: `{key}`: {why}", path.display())]
    Key {
        /// The configuration.
        path: PathBuf,
        /// Its key.
        key: String,
        /// What is wrong with its value.
        why: String,
    },
    /// A folder that is not as the system expects it.
    #[error("{}: {why}", path.display())]
    Shape {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// A population that cannot be read.
    #[error("the population {} cannot be read: {why}", path.display())]
    Population {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl PeerError {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn shape(path: &Path, why: impl Into<String>) -> Self {
        Self::Shape { path: path.to_owned(), why: why.into() }
    }

    pub(crate) fn population(path: &Path, why: &dyn std::fmt::Display) -> Self {
        Self::Population { path: path.to_owned(), why: why.to_string() }
    }
}

/// Every adapter. The first that recognises a folder has it.
pub fn adapters() -> [&'static dyn Adapter; 3] {
    [&shinka::Shinka, &skydiscover::SkyDiscover, &openevolve::OpenEvolve]
}

/// The adapter that recognises a folder, and what it found there.
pub fn recognise(folder: &Path) -> Option<(&'static dyn Adapter, Source)> {
    adapters().into_iter().find_map(|adapter| Some((adapter, adapter.recognise(folder)?)))
}

/// The programs that a run of another system kept in this file or folder.
///
/// # Errors
/// When it is nothing that an adapter knows, or cannot be read.
pub fn population(place: &Path) -> Result<Vec<Found>, PeerError> {
    let found = adapters().into_iter().find_map(|adapter| adapter.population(place));
    found.unwrap_or_else(|| {
        Err(PeerError::shape(
            place,
            "this is neither a checkpoint of OpenEvolve or SkyDiscover (a folder with `programs`) \
             nor a database of ShinkaEvolve (programs.sqlite, evolution_db.sqlite)",
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key that is read is told in the documentation, with all its names.
    #[test]
    fn every_key_is_documented() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/peers-tasks.md");
        let page = std::fs::read_to_string(page).unwrap();
        let tables = [
            openevolve::KEYS,
            models::LLM,
            skydiscover::KEYS,
            shinka::RUNNER,
            shinka::EVO,
            shinka::DB,
            shinka::JOB,
        ];
        let keys = tables.into_iter().flatten().map(|(path, _)| *path);
        let told = |path: &str| {
            let own =
                path.split_once('.').filter(|(table, _)| ["evo", "db", "job"].contains(table));
            [Some(path), own.map(|(_, name)| name)]
                .into_iter()
                .flatten()
                .any(|name| page.contains(&format!("`{name}`")))
        };
        let missing: Vec<_> =
            keys.filter(|path| !path.contains("_config.") && !told(path)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
