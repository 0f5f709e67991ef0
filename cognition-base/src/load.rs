//! Items from the folders that a task names.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use evolve_core::knowledge::CognitionItem;
use walkdir::WalkDir;

use crate::item::{BadItem, ItemProblem, line_of, parse_item};

/// Largest file of an item, in bytes.
const LARGEST: u64 = 256 * 1024;

/// Everything that is wrong with a task's items.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BadItems(pub Vec<BadItem>);

impl fmt::Display for BadItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Reads all items of a task's `cognition.sources`: folders of the task, searched through for
/// `.md` files (`README.md` and hidden ones left out), or single files. The order is that of the
/// sources, then of the paths. All mistakes are found before any is reported.
pub fn load(task: &Path, sources: &[String]) -> Result<Vec<CognitionItem>, BadItems> {
    let mut loading = Loading::default();
    for source in sources {
        match source_folder(task, source) {
            Ok(folder) => loading.folder(task, &folder),
            Err(problem) => {
                loading.bad.push(BadItem { file: PathBuf::from("task.toml"), line: 1, problem });
            }
        }
    }
    if loading.bad.is_empty() { Ok(loading.items) } else { Err(BadItems(loading.bad)) }
}

fn source_folder(task: &Path, source: &str) -> Result<PathBuf, ItemProblem> {
    if source.starts_with("library:") {
        return Err(ItemProblem::NoLibrary(source.to_owned()));
    }
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
    items: Vec<CognitionItem>,
    bad: Vec<BadItem>,
    /// Which file has an id, to report a second one.
    ids: BTreeMap<String, PathBuf>,
    files: std::collections::BTreeSet<PathBuf>,
}

impl Loading {
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
                        self.file(task, entry.path());
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

    fn file(&mut self, task: &Path, path: &Path) {
        let file = shown(task, path);
        let item = read(path)
            .map_err(|problem| BadItem { file: file.clone(), line: 1, problem })
            .and_then(|text| parse_item(&text, &file).map(|item| (item, text)));
        match item {
            Err(bad) => self.bad.push(bad),
            Ok((item, text)) => self.take(item, &text, file),
        }
    }

    fn take(&mut self, item: CognitionItem, text: &str, file: PathBuf) {
        if let Some(other) = self.ids.get(&item.id) {
            let problem = ItemProblem::DuplicateId { id: item.id, other: other.clone() };
            // Here the whole file is searched, which begins a line before its front matter.
            let line = line_of(text, "id").saturating_sub(1).max(1);
            self.bad.push(BadItem { file, line, problem });
        } else {
            self.ids.insert(item.id.clone(), file);
            self.items.push(item);
        }
    }
}

fn is_item(path: &Path) -> bool {
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
