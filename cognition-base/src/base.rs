//! The base of a run: its items and their index.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use evolve_core::BlobHash;
use evolve_core::knowledge::CognitionItem;
use evolve_core::ports::{HostFault, KnowledgeBase};

use crate::index::{self, ItemIndex};

/// Version of what we put into the index: fields, words. Others are rebuilt.
const FORMAT: u32 = 1;
/// The index, below the run's folder for indexes.
const FOLDER: &str = "items";
/// An index under construction.
const UNFINISHED: &str = "items.new";
/// Says what the index was built from; written last.
const FINGERPRINT: &str = "items.fingerprint";

/// Why there is no base.
#[derive(Debug, thiserror::Error)]
pub enum CognitionError {
    /// A file or folder of the index cannot be written.
    #[error("cannot {what} {}: {error}; free space or mend permissions, the index is rebuilt when the run is resumed", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The index cannot be built or, just built, not be opened.
    #[error("cannot build the index of cognition items in {}: {why}", path.display())]
    Index {
        /// Where.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

/// Items that can be found by the situation that calls for them.
pub struct Base {
    items: Vec<CognitionItem>,
    /// None without items: then nothing is opened or written.
    index: Option<ItemIndex>,
}

impl Base {
    /// Opens the index of these items below `index_dir`. It is built anew when it is missing,
    /// damaged, of another version, or of other items.
    pub fn open_or_build(
        index_dir: &Path,
        items: Vec<CognitionItem>,
    ) -> Result<Self, CognitionError> {
        if items.is_empty() {
            return Ok(Self { items, index: None });
        }
        let index = match open(index_dir, &items) {
            Some(index) => index,
            None => build(index_dir, &items)?,
        };
        Ok(Self { items, index: Some(index) })
    }

    /// Whether the index below `index_dir` is whole, of this version and of these items.
    pub fn verify(index_dir: &Path, items: &[CognitionItem]) -> bool {
        items.is_empty() || open(index_dir, items).is_some()
    }

    /// All items, in the order they were given.
    pub fn items(&self) -> &[CognitionItem] {
        &self.items
    }
}

impl KnowledgeBase for Base {
    fn retrieve(&self, situation: &str, top_k: usize) -> Result<Vec<CognitionItem>, HostFault> {
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        let places = index.search(situation, top_k.min(self.items.len())).map_err(|error| {
            HostFault::new(format!(
                "cannot search the index of cognition items: {error}; resume the run, it is \
                 rebuilt if it is damaged"
            ))
        })?;
        Ok(places.into_iter().filter_map(|place| self.items.get(place)).cloned().collect())
    }
}

fn fingerprint(items: &[CognitionItem]) -> String {
    let mut text = Vec::new();
    for item in items {
        let tags = item.tags.iter().map(String::as_str);
        let parts = [&item.id, &item.title, &item.trigger, &item.body];
        for part in parts.into_iter().map(String::as_str).chain(tags) {
            text.extend_from_slice(&(part.len() as u64).to_le_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        text.extend_from_slice(&u64::MAX.to_le_bytes()); // no part is so long: the item's end
    }
    let engine = index::engine();
    format!("format {FORMAT}\nengine {engine}\nitems {}\n", BlobHash::of(&text))
}

fn open(index_dir: &Path, items: &[CognitionItem]) -> Option<ItemIndex> {
    let recorded = fs::read_to_string(index_dir.join(FINGERPRINT)).ok()?;
    if recorded != fingerprint(items) {
        return None;
    }
    ItemIndex::open(&index_dir.join(FOLDER), items.len()).ok()
}

/// Builds beside the old index and then takes its place; a crash in between leaves no
/// fingerprint, so the next process builds again.
fn build(index_dir: &Path, items: &[CognitionItem]) -> Result<ItemIndex, CognitionError> {
    let (folder, unfinished) = (index_dir.join(FOLDER), index_dir.join(UNFINISHED));
    let fingerprint_file = index_dir.join(FINGERPRINT);
    remove(&fingerprint_file)?;
    remove(&unfinished)?;
    fs::create_dir_all(&unfinished).map_err(at("create", &unfinished))?;
    let failed = |error: index::IndexError| CognitionError::Index {
        path: folder.clone(),
        why: error.to_string(),
    };
    ItemIndex::build(&unfinished, items).map_err(failed)?;
    remove(&folder)?;
    fs::rename(&unfinished, &folder).map_err(at("rename", &unfinished))?;
    write_synced(&fingerprint_file, &fingerprint(items))?;
    ItemIndex::open(&folder, items.len()).map_err(failed)
}

fn at<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> CognitionError + 'a {
    move |error| CognitionError::Io { what, path: path.to_owned(), error }
}

/// Removes a file or a folder, whichever it is.
fn remove(path: &Path) -> Result<(), CognitionError> {
    let result = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", path)(error)),
        _ => Ok(()),
    }
}

fn write_synced(path: &Path, text: &str) -> Result<(), CognitionError> {
    let write = || {
        let mut file = fs::File::create(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(at("write", path))
}
