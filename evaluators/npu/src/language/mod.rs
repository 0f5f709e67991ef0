//! The languages of this crate's programs, with changes of their own: assembly, and machine
//! descriptions.

mod assembly;
mod description;
mod edits;
mod lines;

use std::sync::Arc;

use evolve_core::ports::Language;

/// `npu` and `npu-machine`.
pub fn languages() -> Vec<Arc<dyn Language>> {
    vec![Arc::new(assembly::Assembly), Arc::new(description::Description)]
}
