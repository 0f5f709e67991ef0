//! Prior knowledge: items, their index and retrieval.
