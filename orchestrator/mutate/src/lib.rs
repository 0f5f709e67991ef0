//! Editable regions, patches, syntax-aware edits and syntax-normalised hashes.
