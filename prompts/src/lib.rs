//! Prompt templates and the typed contexts that fill them.
