//! Prior knowledge: cognition items, their index and retrieval.
//!
//! An item is a markdown file with front matter ([`parse_item`], [`load`]). A [`Base`] finds
//! those whose trigger fits a situation; its index is a projection of the items and rebuilt
//! whenever it is missing, damaged or of another version.

mod base;
mod index;
mod ingest;
mod insights;
mod item;
mod library;
mod lint;
mod load;
mod ngrams;
mod rank;
mod texts;
mod vectors;

pub use base::{Base, CognitionError, Weights};
pub use ingest::{
    IngestError, NewItem, PdfReader, add_items, document_text, documents, helper_main,
    read_document,
};
pub use item::{Authors, BadItem, ItemFile, ItemProblem, Source, parse_file, parse_item};
pub use library::{freeze_library, subjects};
pub use lint::{Finding, lint};
pub use load::{BadItems, Entry, load, load_bases};
pub use ngrams::NgramEmbedder;
pub use texts::new_text_index;
