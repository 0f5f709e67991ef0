//! The files of a folder that go into the equivalent task.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Content, ImportFile, PeerError};

/// Most files of an evaluator's folder.
const MOST: usize = 4096;
/// Most bytes of them: every evaluation has a copy.
const LARGEST: u64 = 256 << 20;

/// Files of a folder, with their size together.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub files: Vec<(String, PathBuf)>,
    pub bytes: u64,
}

impl Listing {
    /// Everything in the folder but hidden files, caches, virtual environments and what runs of
    /// the systems left there.
    pub(super) fn of(root: &Path) -> Result<Self, PeerError> {
        let mut listing = Self::default();
        listing.add(root, "").map_err(|why| PeerError::read(root, why))?;
        listing.files.sort();
        if listing.files.len() >= MOST || listing.bytes > LARGEST {
            return Err(PeerError::shape(
                root,
                format!(
                    "the evaluator's folder holds more than {MOST} files or {} MiB; give it a \
                     folder of its own, and mount large data with [[sandbox.mount]]",
                    LARGEST >> 20
                ),
            ));
        }
        Ok(listing)
    }

    fn add(&mut self, folder: &Path, before: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            let Some(name) = name.to_str() else { continue };
            if name.starts_with('.') || name == "__pycache__" || self.files.len() >= MOST {
                continue;
            }
            let Ok(meta) = fs::metadata(&path) else { continue }; // a link that leads nowhere
            if meta.is_dir() {
                let link = fs::symlink_metadata(&path)?.is_symlink();
                if !link && !is_left_behind(&path, name) {
                    self.add(&path, &format!("{before}{name}/"))?;
                }
            } else if meta.is_file() {
                self.bytes += meta.len();
                self.files.push((format!("{before}{name}"), path));
            }
        }
        Ok(())
    }

    /// Copies of all of them, but for these.
    pub(super) fn copies(&self, without: &[&Path]) -> Vec<ImportFile> {
        let kept = self.files.iter().filter(|(_, file)| !without.contains(&file.as_path()));
        kept.map(|(path, file)| ImportFile {
            path: path.clone(),
            content: Content::Copy(file.clone()),
        })
        .collect()
    }

    /// Whether a module of this name is among the files.
    pub(super) fn has_module(&self, module: &str) -> bool {
        let root = module.split('.').next().unwrap_or(module);
        let (file, folder) = (format!("{root}.py"), format!("{root}/"));
        self.files.iter().any(|(path, _)| *path == file || path.starts_with(&folder))
    }
}

/// Whether a folder is a virtual environment or the output of a run.
fn is_left_behind(folder: &Path, name: &str) -> bool {
    let has = |file: &str| folder.join(file).exists();
    name == "openevolve_output"
        || name == "node_modules"
        || ["pyvenv.cfg", "events.jsonl", "programs.sqlite", "evolution_db.sqlite"]
            .iter()
            .any(|file| has(file))
        || (has("checkpoints") && (has("logs") || has("best")))
}

/// The only file of a folder whose stem is this, by these extensions in order, then by name.
pub(super) fn with_stem(folder: &Path, stem: &str, preferred: &[&str]) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.file_stem().is_some_and(|own| own == stem))
        .filter(|path| path.extension().is_some_and(|own| own != "md" && own != "pyc"))
        .collect();
    let rank = |path: &PathBuf| {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        preferred.iter().position(|own| *own == extension).unwrap_or(preferred.len())
    };
    found.sort_by_key(|path| (rank(path), path.clone()));
    found.into_iter().next()
}

/// `config.yaml` or `config.yml`, else the only file whose name begins with `config`.
pub(super) fn config_of(folder: &Path) -> Option<PathBuf> {
    let usual = ["config.yaml", "config.yml"].map(|name| folder.join(name));
    if let Some(path) = usual.into_iter().find(|path| path.is_file()) {
        return Some(path);
    }
    let is_config = |path: &PathBuf| {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let extension = path.extension().and_then(|extension| extension.to_str());
        stem.starts_with("config") && matches!(extension, Some("yaml" | "yml"))
    };
    let entries = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let mut found = entries.filter(is_config);
    found.next().filter(|_| found.next().is_none())
}
