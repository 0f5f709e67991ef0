//! The templates: shipped ones, a task's own in their place, checked before a run starts.

use std::path::{Path, PathBuf};

use tera::{ErrorKind, Tera};

use crate::context::{Context, Repair};
use crate::distil::Document;
use crate::{filters, sample};

/// The shipped templates.
const SHIPPED: &[(&str, &str)] = &[
    ("system.md", include_str!("../templates/system.md")),
    ("user.md", include_str!("../templates/user.md")),
    ("format.md", include_str!("../templates/format.md")),
    ("repair.md", include_str!("../templates/repair.md")),
    ("analysis_system.md", include_str!("../templates/analysis_system.md")),
    ("analysis.md", include_str!("../templates/analysis.md")),
    ("distil.md", include_str!("../templates/distil.md")),
];

/// The names a task's folder may override.
pub const TEMPLATE_NAMES: [&str; 7] = [
    "system.md",
    "user.md",
    "format.md",
    "repair.md",
    "analysis_system.md",
    "analysis.md",
    "distil.md",
];

/// Why there are no prompts, or no prompt.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// A folder or file of templates cannot be read.
    #[error("cannot read `{path}`: {source}; check `prompts.folder` in task.toml")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file in the folder replaces nothing.
    #[error("`{path}` replaces no shipped template{hint}; there are {}", TEMPLATE_NAMES.join(", "))]
    Unknown {
        /// Which.
        path: PathBuf,
        /// A guess at what was meant, or nothing.
        hint: String,
    },
    /// A template is wrong.
    #[error("{file}:{line}:{column}: {reason}")]
    Template {
        /// The file, or a shipped template's name.
        file: String,
        /// The line, from 1; 0 if unknown.
        line: usize,
        /// The column, from 1; 0 if unknown.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// Even without everything that can be left out, the prompt does not fit.
    #[error(
        "the task's description and the program need about {needed} tokens, more than the \
         {budget} that fit; raise `prompts.max_tokens` in task.toml"
    )]
    TooLong {
        /// Tokens of the shortest prompt, estimated.
        needed: u64,
        /// Tokens that fit.
        budget: u64,
    },
}

/// The templates of a run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Prompts {
    tera: Tera,
    /// The task's folder of templates, for messages.
    folder: Option<PathBuf>,
    overridden: Vec<String>,
}

impl Prompts {
    /// The shipped templates.
    pub fn shipped() -> Result<Self, PromptError> {
        Self::load(None)
    }

    /// The shipped templates, with those of the folder in the place of the ones with the
    /// same name. Every template is tried on sample contexts, so that a wrong one is found
    /// here and not in the middle of a run.
    pub fn load(folder: Option<&Path>) -> Result<Self, PromptError> {
        let own = folder.map(read_folder).transpose()?.unwrap_or_default();
        let mut tera = Tera::new();
        filters::register(&mut tera);
        let mut prompts = Self {
            tera,
            folder: folder.map(Path::to_owned),
            overridden: own.iter().map(|(name, _)| name.clone()).collect(),
        };
        let shipped = SHIPPED.iter().filter(|(name, _)| own.iter().all(|(n, _)| n != name));
        let all = shipped.map(|(name, text)| (*name, *text));
        let all = all.chain(own.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        let added = prompts.tera.add_raw_templates(all);
        added.map_err(|error| prompts.explain(&error, "user.md"))?;
        for context in sample::contexts() {
            prompts.message("system.md", &context)?;
            prompts.message("user.md", &context)?;
        }
        for repair in sample::repairs() {
            prompts.repair(&repair)?;
        }
        for analysis in sample::analyses() {
            prompts.analysis(&analysis)?;
        }
        for cut in [false, true] {
            prompts.distil(&Document { name: "paper.pdf".into(), text: "A text.".into(), cut })?;
        }
        Ok(prompts)
    }

    /// The message that sends an answer back.
    pub fn repair(&self, repair: &Repair) -> Result<String, PromptError> {
        self.fill("repair.md", repair)
    }

    pub(crate) fn message(&self, template: &str, context: &Context) -> Result<String, PromptError> {
        self.fill(template, context)
    }

    pub(crate) fn fill(
        &self,
        template: &str,
        data: &impl serde::Serialize,
    ) -> Result<String, PromptError> {
        let filled = tera::Context::from_serialize(data)
            .and_then(|context| self.tera.render(template, &context))
            .map_err(|error| self.explain(&error, template))?;
        Ok(tidy(&filled))
    }

    fn explain(&self, error: &tera::Error, template: &str) -> PromptError {
        let place = |name: &str| match &self.folder {
            Some(folder) if self.overridden.iter().any(|own| own == name) => {
                folder.join(name).display().to_string()
            }
            _ => name.to_owned(),
        };
        match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
                PromptError::Template {
                    file: place(report.filename()),
                    line: report.span().start_line,
                    column: report.span().start_col + 1,
                    reason: report.message().to_owned(),
                }
            }
            other => PromptError::Template {
                file: place(template),
                line: 0,
                column: 0,
                reason: other.to_string(),
            },
        }
    }
}

/// At most one blank line in a row outside fences, none at the ends: sections that are
/// absent leave no holes.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut fence: Option<usize> = None;
    let mut blank = 0;
    for line in text.trim_end().lines() {
        let ticks = line.bytes().take_while(|b| *b == b'`').count();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            Some(open) if ticks >= open && line.len() == ticks => fence = None,
            _ => {}
        }
        blank = if line.trim().is_empty() && fence.is_none() { blank + 1 } else { 0 };
        if blank < 2 && !(out.is_empty() && blank > 0) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, PromptError> {
    let read = |path: &Path, source| PromptError::Read { path: path.to_owned(), source };
    let mut own = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| read(folder, e))? {
        let path = entry.map_err(|e| read(folder, e))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue; // what editors and systems leave behind
        }
        if !TEMPLATE_NAMES.contains(&name.as_str()) {
            return Err(PromptError::Unknown { hint: guess(&name), path });
        }
        let text = std::fs::read_to_string(&path).map_err(|e| read(&path, e))?;
        own.push((name, text));
    }
    own.sort();
    Ok(own)
}

fn guess(name: &str) -> String {
    TEMPLATE_NAMES
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known, name), known))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, known)| format!(" (did you mean `{known}`?)"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_shipped_templates() {
        let shipped: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        assert_eq!(shipped, TEMPLATE_NAMES);
    }

    #[test]
    fn blank_lines_collapse_outside_fences_only() {
        assert_eq!(
            tidy("\n\na\n\n\n\nb\n```\n1\n\n\n2\n```\n\n\n"),
            "a\n\nb\n```\n1\n\n\n2\n```\n"
        );
        assert_eq!(tidy("````\n```\n\n\nx\n````\n\n\ny"), "````\n```\n\n\nx\n````\n\ny\n");
    }
}
