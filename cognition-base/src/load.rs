//! Items from the folders that a task names, and from the shipped library.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Component, Path, PathBuf};

use evolve_core::knowledge::CognitionItem;
use walkdir::WalkDir;

use crate::item::{BadItem, ItemProblem, Source, line_of, parse_file};
use crate::library::{self, FROZEN};

/// Largest file of an item, in bytes.
pub(crate) const LARGEST: u64 = 256 * 1024;

/// Everything that is wrong with a task's items.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BadItems(pub Vec<BadItem>);

impl fmt::Display for BadItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// An item with its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The item.
    pub item: CognitionItem,
    /// Where its knowledge comes from.
    pub source: Option<Source>,
    /// The file, as messages show it.
    pub file: PathBuf,
    /// The folder of the base in which it lies; empty for one that lies in none.
    pub subject: String,
    /// The whole text of the file.
    pub text: String,
}

/// Reads all items of a task's `cognition.sources`: folders of the task, searched through for
/// `.md` files (`README.md` and hidden ones left out), single files, or subjects of the shipped
/// library (`library:kernels`; `library:` is all of it), which a frozen task has in a folder of
/// its own. The order is that of the sources, then of the paths. All mistakes are found before
/// any is reported.
pub fn load(task: &Path, sources: &[String]) -> Result<Vec<CognitionItem>, BadItems> {
    let mut loading = Loading::default();
    for source in sources {
        let outcome = match source.strip_prefix("library:") {
            Some(subject) => loading.library(task, subject),
            None => source_folder(task, source).map(|folder| loading.folder(task, &folder)),
        };
        if let Err(problem) = outcome {
            loading.bad.push(BadItem { file: PathBuf::from("task.toml"), line: 1, problem });
        }
    }
    if loading.bad.is_empty() {
        Ok(loading.entries.into_iter().map(|entry| entry.item).collect())
    } else {
        Err(BadItems(loading.bad))
    }
}

/// Reads all items of these bases, each a folder or the shipped library (none), and what is wrong
/// with them. An item whose id is taken by an earlier one is among the mistakes.
pub fn load_bases(bases: &[Option<PathBuf>]) -> (Vec<Entry>, Vec<BadItem>) {
    let mut loading = Loading::default();
    for base in bases {
        match base {
            Some(folder) => loading.folder(Path::new(""), folder),
            None => {
                for subject in library::subjects() {
                    loading.shipped(subject);
                }
            }
        }
    }
    (loading.entries, loading.bad)
}

fn source_folder(task: &Path, source: &str) -> Result<PathBuf, ItemProblem> {
    let path = Path::new(source);
    let inside = path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    if source.is_empty() || !inside {
        return Err(ItemProblem::OutsideTask(source.to_owned()));
    }
    let folder = task.join(path);
    if folder.exists() { Ok(folder) } else { Err(ItemProblem::NoSuchSource(source.to_owned())) }
}

#[derive(Default)]
struct Loading {
    entries: Vec<Entry>,
    bad: Vec<BadItem>,
    /// Which file has an id, to report a second one.
    ids: BTreeMap<String, PathBuf>,
    files: BTreeSet<PathBuf>,
}

impl Loading {
    /// A subject of the library, or all of it; from the task's frozen copy where there is one.
    fn library(&mut self, task: &Path, subject: &str) -> Result<(), ItemProblem> {
        let frozen = task.join(FROZEN);
        if library::is_name(subject) && frozen.join(subject).is_dir() {
            self.folder(task, &frozen.join(subject));
        } else if subject.is_empty() && frozen.is_dir() {
            self.folder(task, &frozen);
        } else {
            for subject in library::chosen(subject)? {
                self.shipped(subject);
            }
        }
        Ok(())
    }

    fn shipped(&mut self, subject: &str) {
        for (name, text) in library::files(subject) {
            let file = Path::new("library").join(subject).join(name);
            if self.files.insert(file.clone()) {
                self.text(text.to_owned(), file, subject.to_owned());
            }
        }
    }

    fn folder(&mut self, task: &Path, folder: &Path) {
        let hidden = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('.');
        let entries = WalkDir::new(folder)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(move |entry| entry.depth() == 0 || !hidden(entry.file_name()));
        for entry in entries {
            match entry {
                Ok(entry) if entry.file_type().is_file() && is_item(entry.path()) => {
                    // Sources may overlap.
                    if self.files.insert(entry.path().to_owned()) {
                        self.file(task, folder, entry.path());
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    let file = error.path().map_or_else(|| folder.to_owned(), Path::to_owned);
                    let problem = ItemProblem::Unreadable(error.to_string());
                    self.bad.push(BadItem { file: shown(task, &file), line: 1, problem });
                }
            }
        }
    }

    fn file(&mut self, task: &Path, folder: &Path, path: &Path) {
        let file = shown(task, path);
        let inside = path.strip_prefix(folder).ok().and_then(Path::parent);
        let subject = inside.and_then(|inside| inside.components().next());
        let subject = subject.map(|first| first.as_os_str().to_string_lossy().into_owned());
        match read(path) {
            Ok(text) => self.text(text, file, subject.unwrap_or_default()),
            Err(problem) => self.bad.push(BadItem { file, line: 1, problem }),
        }
    }

    fn text(&mut self, text: String, file: PathBuf, subject: String) {
        let read = match parse_file(&text, &file) {
            Ok(read) => read,
            Err(bad) => return self.bad.push(bad),
        };
        let item = read.item;
        if let Some(other) = self.ids.get(&item.id) {
            let problem = ItemProblem::DuplicateId { id: item.id, other: other.clone() };
            // Here the whole file is searched, which begins a line before its front matter.
            let line = line_of(&text, "id").saturating_sub(1).max(1);
            self.bad.push(BadItem { file, line, problem });
        } else {
            self.ids.insert(item.id.clone(), file.clone());
            self.entries.push(Entry { item, source: read.source, file, subject, text });
        }
    }
}

pub(crate) fn is_item(path: &Path) -> bool {
    let markdown = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"));
    let readme = path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case("readme"));
    markdown && !readme
}

fn read(path: &Path) -> Result<String, ItemProblem> {
    let unreadable = |error: std::io::Error| ItemProblem::Unreadable(error.to_string());
    if std::fs::metadata(path).map_err(unreadable)?.len() > LARGEST {
        return Err(ItemProblem::TooLarge(LARGEST));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

/// A path as messages show it: inside the task folder.
fn shown(task: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(task).unwrap_or(path).to_owned()
}
