//! Editable regions, patches, syntax-aware edits and syntax-normalised hashes.
//!
//! Everything here is a pure function of its arguments. The whole public surface:
//!
//! - [`Editable`]: which files, and which `EVOLVE-BLOCK` regions in them, may change;
//!   [`Editable::check`] judges a change.
//! - [`apply_diff`], [`apply_rewrite`], [`draft`]: a model's answer becomes a program
//!   ([`Patched`]), or a [`PatchError`] whose text is worth sending back; its parts are
//!   [`Failure`], [`Reason`] and [`Nearest`].
//! - [`language`], [`normal_hash`]: the languages that are known, and the hash by which two
//!   programs are duplicates.
//! - [`mutate`], [`mutate_by`], [`Memory`]: changes without a model, by a grammar or by a
//!   language itself, and what was learned from earlier ones.
//!   The first edit of a [`Mutated`] change names the operator, its place and its step; edits
//!   of kind `moved` name the numbers it moved, in units of their columns' spread. A draw from
//!   a distribution names its `generation` and its `seed`; the first draw of one also names
//!   the `mean` and the `scale` of each number, so it has more edits than other changes.

mod hash;
mod language;
mod mutator;
mod patch;
mod regions;

pub use language::{language, normal_hash};
pub use mutator::{Memory, Mutated, NoChange, mutate, mutate_by};
pub use patch::{Failure, Nearest, PatchError, Patched, Reason, apply_diff, apply_rewrite, draft};
pub use regions::{Editable, OutsideEdit, RegionError};
