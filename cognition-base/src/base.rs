//! The base of a run: its items and their index.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use evolve_core::BlobHash;
use evolve_core::event::Reservation;
use evolve_core::knowledge::CognitionItem;
use evolve_core::ports::{BoxFuture, Embedder, Found, HostFault, KnowledgeBase, Meter, Query};

use crate::index::{self, ItemIndex, situation_words};
use crate::insights::InsightTexts;
use crate::item::ItemProblem;
use crate::rank::{Scored, credit_factor, diversify, fuse, relative};
use crate::vectors::Vectors;

/// Version of what we put into the index: fields, words. Others are rebuilt.
const FORMAT: u32 = 2;
/// The index, below the run's folder for indexes.
const FOLDER: &str = "items";
/// An index under construction.
const UNFINISHED: &str = "items.new";
/// Items of either order that are looked at for each question, at least.
const POOL: usize = 32;
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
    /// The shipped library does not have what a task names.
    #[error("{problem}")]
    Library {
        /// What it lacks.
        problem: ItemProblem,
    },
}

/// What the steps of retrieval count for. The default is what was best for the situations that are
/// kept for choosing (`docs/cognition.md`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// What a match in trigger, title, tags and body counts for.
    pub fields: [f32; 4],
    /// What a word of the task counts for beside one of `now`, from 0 to 1.
    pub task: f32,
    /// The constant of reciprocal rank fusion: the larger, the less the first ranks stand out.
    pub fusion: f64,
    /// What relevance counts for beside novelty, from 0 to 1; 1 does without diversity.
    pub relevance: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { fields: [2.0, 1.0, 1.0, 1.0], task: 0.3, fusion: 10.0, relevance: 0.8 }
    }
}

/// Items that can be found by the situation that calls for them. Cheap to clone.
#[derive(Clone)]
pub struct Base {
    items: Arc<[CognitionItem]>,
    index_dir: PathBuf,
    /// None without items: then nothing is opened or written.
    index: Option<Arc<ItemIndex>>,
    vectors: Option<Arc<Vectors>>,
    insights: Arc<InsightTexts>,
    weights: Weights,
    /// Whether it was said that the embedder failed.
    warned: Arc<AtomicBool>,
}

impl Base {
    /// Opens the index of these items below `index_dir`. It is built anew when it is missing,
    /// damaged, of another version, or of other items.
    pub fn open_or_build(
        index_dir: &Path,
        items: Vec<CognitionItem>,
    ) -> Result<Self, CognitionError> {
        let index = if items.is_empty() {
            None
        } else {
            let opened = open(index_dir, &items);
            Some(Arc::new(opened.map_or_else(|| build(index_dir, &items), Ok)?))
        };
        Ok(Self {
            items: items.into(),
            index_dir: index_dir.to_owned(),
            index,
            vectors: None,
            insights: Arc::default(),
            weights: Weights::default(),
            warned: Arc::default(),
        })
    }

    /// With an embedder, whose order is fused with that by words. The items' vectors are taken
    /// from a file beside the index, and computed where they are missing or another embedder's;
    /// calls for that are reported to `meter`. If they cannot be had, words alone decide, which a
    /// warning says. How long a call may take is the embedder's to bound.
    pub async fn with_embedder(
        mut self,
        embedder: Arc<dyn Embedder>,
        meter: Option<Meter>,
    ) -> Self {
        if !self.items.is_empty() {
            match Vectors::of(&self.items, embedder, &self.index_dir, meter).await {
                Ok(vectors) => self.vectors = Some(Arc::new(vectors)),
                Err(fault) => self.warn(&fault),
            }
        }
        self
    }

    /// With other weights.
    #[must_use]
    pub fn with_weights(mut self, weights: Weights) -> Self {
        self.weights = weights;
        self
    }

    /// Whether the index below `index_dir` is whole, of this version and of these items.
    pub fn verify(index_dir: &Path, items: &[CognitionItem]) -> bool {
        items.is_empty() || open(index_dir, items).is_some()
    }

    /// All items, in the order they were given.
    pub fn items(&self) -> &[CognitionItem] {
        &self.items
    }

    fn warn(&self, fault: &HostFault) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!("knowledge is looked for by words alone: {fault}");
        }
    }

    /// The items that may be of use, with their relevance.
    async fn pool(&self, query: &Query, index: &ItemIndex) -> Result<Vec<Scored>, HostFault> {
        let most = POOL.max(query.top_k * 4).min(self.items.len());
        let words = situation_words(&query.situation, self.weights.task);
        let by_words = index.search(&words, &self.weights.fields, most).map_err(|error| {
            HostFault::new(format!(
                "cannot search the index of cognition items: {error}; resume the run, it is \
                 rebuilt if it is damaged"
            ))
        })?;
        let Some(vectors) = &self.vectors else { return Ok(relative(by_words)) };
        match vectors.nearest(&query.situation, most, query.meter.clone()).await {
            Ok(nearest) => Ok(fuse(&[by_words, nearest], self.weights.fusion)),
            Err(fault) => {
                self.warn(&fault);
                Ok(relative(by_words))
            }
        }
    }

    async fn items_for(&self, query: &Query) -> Result<Vec<CognitionItem>, HostFault> {
        let Some(index) = self.index.as_ref().filter(|_| query.top_k > 0) else {
            return Ok(Vec::new());
        };
        let mut pool = self.pool(query, index).await?;
        // A damaged index may name what is not there.
        pool.retain(|(place, _)| *place < self.items.len());
        for (place, score) in &mut pool {
            *score *= credit_factor(&query.credits, &self.items[*place].id, query.seed);
        }
        let about = |place: usize| {
            let item = &self.items[place];
            format!("{}\n{}\n{}", item.title, item.trigger, item.tags.join(" "))
        };
        let places = diversify(pool, query.top_k, self.weights.relevance, about);
        Ok(places.into_iter().map(|place| self.items[place].clone()).collect())
    }
}

impl KnowledgeBase for Base {
    /// That of embedding one text.
    fn reservation(&self) -> Reservation {
        self.vectors.as_ref().map_or_else(Reservation::default, |v| v.embedder.reservation())
    }

    fn retrieve(&self, mut query: Query) -> BoxFuture<Result<Found, HostFault>> {
        let base = self.clone();
        Box::pin(async move {
            let items = base.items_for(&query).await?;
            let insights = base.insights.best(
                std::mem::take(&mut query.insights),
                query.top_insights,
                &query.situation,
                base.weights.task,
                (&query.credits, query.seed),
            );
            Ok(Found { items, insights })
        })
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
