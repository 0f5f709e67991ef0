//! Which files of the task folder each side sees.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evolve_core::sandbox::{Folder, SandboxFile};
use evolve_core::task::EvaluatorSection;
use evolve_core::task::Trust;
use globset::{GlobBuilder, GlobMatcher};

use crate::setup::SetupError;

/// The files of both sides, as paths relative to the task folder.
#[derive(Debug, Default)]
pub(crate) struct SideFiles {
    pub candidate: BTreeSet<PathBuf>,
    pub judge: BTreeSet<PathBuf>,
}

/// Looks the globs up in the task folder.
pub(crate) fn side_files(
    root: &Path,
    evaluator: &EvaluatorSection,
) -> Result<SideFiles, SetupError> {
    if evaluator.trust == Trust::InProcess && !evaluator.judge_files.is_empty() {
        return Err(SetupError::JudgeFilesInProcess);
    }
    let all = listed(root)?;
    let candidate = matching(&all, &evaluator.candidate_files, "evaluator.candidate_files")?;
    let judge = matching(&all, &evaluator.judge_files, "evaluator.judge_files")?;
    let shared: BTreeMap<_, _> = matching(&all, &evaluator.shared_files, "evaluator.shared_files")?;
    let both =
        candidate.keys().find(|file| judge.contains_key(*file) && !shared.contains_key(*file));
    if let Some(file) = both {
        return Err(SetupError::Overlap {
            key: judge[file].clone(),
            file: file.display().to_string(),
            other: candidate[file].clone(),
        });
    }
    let side =
        |own: BTreeMap<PathBuf, String>| own.into_keys().chain(shared.keys().cloned()).collect();
    Ok(SideFiles { candidate: side(candidate), judge: side(judge) })
}

/// The files of the task folder that match, each with the key of the glob it matched.
pub(crate) fn find(
    root: &Path,
    globs: &[String],
    list: &str,
) -> Result<BTreeMap<PathBuf, String>, SetupError> {
    matching(&listed(root)?, globs, list)
}

fn listed(root: &Path) -> Result<Vec<PathBuf>, SetupError> {
    list(root).map_err(|source| SetupError::TaskFolder { folder: root.to_owned(), source })
}

/// The files of the task folder that only the judge may see.
///
/// # Errors
/// When a list of files cannot be read or both sides would see a file.
pub fn judge_only_files(
    root: &Path,
    evaluator: &EvaluatorSection,
) -> Result<Vec<PathBuf>, SetupError> {
    let SideFiles { candidate, judge } = side_files(root, evaluator)?;
    Ok(judge.into_iter().filter(|file| !candidate.contains(file)).collect())
}

/// The files that match, each with the key of the glob it matched.
fn matching(
    all: &[PathBuf],
    globs: &[String],
    list: &str,
) -> Result<BTreeMap<PathBuf, String>, SetupError> {
    let mut found = BTreeMap::new();
    for (i, glob) in globs.iter().enumerate() {
        let key = format!("{list}.{i}");
        let matcher = compile(glob).map_err(|error| SetupError::BadGlob {
            key: key.clone(),
            glob: glob.clone(),
            why: error.kind().to_string(),
        })?;
        // A glob that names a folder stands for everything in it.
        let files = all.iter().filter(|f| f.ancestors().any(|part| matcher.is_match(part)));
        let mut any = false;
        for file in files {
            any = true;
            found.entry(file.clone()).or_insert_with(|| key.clone());
        }
        if !any {
            return Err(SetupError::NothingMatches { key, glob: glob.clone() });
        }
    }
    Ok(found)
}

fn compile(glob: &str) -> Result<GlobMatcher, globset::Error> {
    let plain = glob.strip_prefix("./").unwrap_or(glob).trim_end_matches('/');
    Ok(GlobBuilder::new(plain).literal_separator(true).build()?.compile_matcher())
}

/// Every plain file below the root, and links to plain files.
fn list(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut ahead = vec![PathBuf::new()];
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                ahead.push(path);
            } else if fs::metadata(root.join(&path)).is_ok_and(|meta| meta.is_file()) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Reads files of the task folder, for the working folder of a side.
pub(crate) fn read(root: &Path, files: &BTreeSet<PathBuf>) -> io::Result<Vec<SandboxFile>> {
    files
        .iter()
        .map(|file| {
            let from = root.join(file);
            let executable = fs::metadata(&from)?.permissions().mode() & 0o100 != 0;
            let path = file.to_str().ok_or_else(|| io::Error::other("its name is not UTF-8"))?;
            let bytes = fs::read(&from).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", file.display()))
            })?;
            Ok(SandboxFile {
                folder: Folder::Work,
                path: path.to_owned(),
                bytes: Arc::from(bytes),
                executable,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in ["run.py", "judge.py", "lib/a.py", "lib/deep/b.py", "reference/r.json"] {
            fs::create_dir_all(folder.path().join(file).parent().unwrap()).unwrap();
            fs::write(folder.path().join(file), file).unwrap();
        }
        folder
    }

    fn evaluator(candidate: &[&str], judge: &[&str], shared: &[&str]) -> EvaluatorSection {
        let list = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect();
        EvaluatorSection {
            kind: evolve_core::task::EvaluatorKind::Command,
            trust: Trust::Split,
            candidate_files: list(candidate),
            judge_files: list(judge),
            shared_files: list(shared),
            requirements: Vec::new(),
            warm_imports: Vec::new(),
            stage: Vec::new(),
            holdout: None,
            npu: None,
        }
    }

    fn names(files: &BTreeSet<PathBuf>) -> Vec<String> {
        files.iter().map(|file| file.display().to_string()).collect()
    }

    #[test]
    fn globs_find_files_and_whole_folders() {
        let folder = folder();
        let evaluator = evaluator(&["r*.py", "lib"], &["judge.py", "reference/"], &["lib/*.py"]);
        let sides = side_files(folder.path(), &evaluator).unwrap();
        assert_eq!(names(&sides.candidate), ["lib/a.py", "lib/deep/b.py", "run.py"]);
        assert_eq!(names(&sides.judge), ["judge.py", "lib/a.py", "reference/r.json"]);
        let read = read(folder.path(), &sides.candidate).unwrap();
        assert_eq!(
            (read[1].path.as_str(), &*read[1].bytes),
            ("lib/deep/b.py", &b"lib/deep/b.py"[..])
        );
    }

    #[test]
    fn an_overlap_is_an_error_unless_it_is_shared() {
        let folder = folder();
        let error = side_files(folder.path(), &evaluator(&["**/*.py"], &["judge.py"], &[]));
        let error = error.unwrap_err();
        assert_eq!(error.key(), "evaluator.judge_files.0");
        assert!(error.to_string().contains("`judge.py`"), "{error}");
        let shared = evaluator(&["lib"], &["lib"], &["lib"]);
        assert!(side_files(folder.path(), &shared).is_ok());
    }

    #[test]
    fn a_glob_that_finds_nothing_is_an_error() {
        let folder = folder();
        let error = side_files(folder.path(), &evaluator(&["run.py", "*.txt"], &[], &[]));
        assert_eq!(error.unwrap_err().key(), "evaluator.candidate_files.1");
        let error = side_files(folder.path(), &evaluator(&["["], &[], &[])).unwrap_err();
        assert!(matches!(error, SetupError::BadGlob { .. }), "{error}");
    }
}
