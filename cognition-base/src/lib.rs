//! Prior knowledge: cognition items, their index and retrieval.
//!
//! An item is a markdown file with front matter ([`parse_item`], [`load`]). A [`Base`] finds
//! those whose trigger fits a situation; its index is a projection of the items and rebuilt
//! whenever it is missing, damaged or of another version.

mod base;
mod index;
mod item;
mod load;
mod words;

pub use base::{Base, CognitionError};
pub use item::{BadItem, ItemProblem, parse_item};
pub use load::{BadItems, load};
