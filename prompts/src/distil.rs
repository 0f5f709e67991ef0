//! What a model is told when it is to make cognition items of a document.

use serde::Serialize;

use crate::templates::{PromptError, Prompts};

/// A document, for the template `distil.md`.
#[derive(Debug, Clone, Serialize)]
pub struct Document {
    /// Its file's name.
    pub name: String,
    /// Its text, as far as there is room for it.
    pub text: String,
    /// Whether that is not all of it.
    pub cut: bool,
}

#[derive(Serialize)]
struct Part<'a> {
    part: &'static str,
    #[serde(flatten)]
    document: &'a Document,
}

impl Prompts {
    /// The system and the user message.
    pub fn distil(&self, document: &Document) -> Result<(String, String), PromptError> {
        let fill = |part| self.fill("distil.md", &Part { part, document });
        Ok((fill("system")?, fill("user")?))
    }
}
