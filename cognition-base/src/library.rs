//! The shipped library, inside the binary: subjects, each with its items.

use std::fs;
use std::path::Path;

use include_dir::{Dir, include_dir};

use crate::base::CognitionError;
use crate::item::ItemProblem;
use crate::load::is_item;

static LIBRARY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/library");

/// Where a frozen task keeps the subjects that it uses, so that a later version with another
/// library resumes and replays it with the same items.
pub(crate) const FROZEN: &str = ".library";

/// The library's subjects in alphabetical order.
pub fn subjects() -> Vec<&'static str> {
    let mut subjects: Vec<&str> = LIBRARY
        .dirs()
        .filter(|subject| subject.files().any(|file| is_item(file.path())))
        .filter_map(|subject| subject.path().to_str())
        .collect();
    subjects.sort_unstable();
    subjects
}

/// Writes the subjects of the library that these `cognition.sources` name into a folder of the
/// task `into`, from which [`crate::load`] then takes them. A subject that is there already is
/// left as it is: it was frozen by an earlier version.
pub fn freeze_library(sources: &[String], into: &Path) -> Result<(), CognitionError> {
    let frozen = into.join(FROZEN);
    let whole_already = frozen.is_dir();
    for asked in sources.iter().filter_map(|source| source.strip_prefix("library:")) {
        if (asked.is_empty() && whole_already) || (is_name(asked) && frozen.join(asked).is_dir()) {
            continue;
        }
        for subject in chosen(asked).map_err(|problem| CognitionError::Library { problem })? {
            let folder = frozen.join(subject);
            if folder.is_dir() {
                continue;
            }
            let failed = |path: &Path, error| CognitionError::Io {
                what: "write",
                path: path.to_owned(),
                error,
            };
            fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
            for (name, text) in files(subject) {
                let file = folder.join(name);
                fs::write(&file, text).map_err(|error| failed(&file, error))?;
            }
        }
    }
    Ok(())
}

/// The subjects that stand behind `library:<asked>`.
pub(crate) fn chosen(asked: &str) -> Result<Vec<&'static str>, ItemProblem> {
    let known = subjects();
    let chosen: Vec<&str> =
        known.iter().copied().filter(|subject| asked.is_empty() || *subject == asked).collect();
    if chosen.is_empty() {
        let known = known.into_iter().map(str::to_owned).collect();
        return Err(ItemProblem::NoSubject { subject: asked.to_owned(), known });
    }
    Ok(chosen)
}

/// The files of a subject's items, name and text, in the order of their names.
pub(crate) fn files(subject: &str) -> Vec<(&'static str, &'static str)> {
    let Some(folder) = LIBRARY.get_dir(subject) else { return Vec::new() };
    let mut files: Vec<(&str, &str)> = folder
        .files()
        .filter(|file| is_item(file.path()))
        .filter_map(|file| Some((file.path().file_name()?.to_str()?, file.contents_utf8()?)))
        .collect();
    files.sort_unstable();
    files
}

/// Whether it may be the name of a folder in the frozen library, and not a way out of it.
pub(crate) fn is_name(subject: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !subject.is_empty() && subject.chars().all(fits)
}
