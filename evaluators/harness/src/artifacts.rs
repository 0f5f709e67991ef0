//! Loads the artifacts that a result names.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::result::ArtifactSource;
use crate::text;

/// Largest artifact in bytes; a larger one is left out, with a note in its place.
const LARGEST: u64 = 1 << 20;
/// Most bytes of all artifacts of a result.
const LARGEST_SUM: u64 = 8 << 20;

/// The artifacts' bytes. Files are looked for in the `folders`, and must lie in one of them.
///
/// # Errors
/// When a file is not there, is not plain, or lies elsewhere: the judge is wrong.
pub(crate) fn load(
    sources: Vec<(String, ArtifactSource)>,
    folders: &[&Path],
) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut loaded = BTreeMap::new();
    let mut left = LARGEST_SUM;
    for (name, source) in sources {
        let bytes = match source {
            ArtifactSource::Text(text) => Ok(text.into_bytes()),
            ArtifactSource::File(path) => read(&path, folders)
                .map_err(|why| format!("artifact `{}`: {why}", text::line(&name)))?,
        };
        let bytes = match bytes {
            Ok(bytes) if bytes.len() as u64 <= left => {
                left -= bytes.len() as u64;
                bytes
            }
            Ok(_) => note(&format!("all artifacts together take more than {LARGEST_SUM} bytes")),
            Err(TooLarge(size)) => note(&format!("it takes {size} bytes, more than {LARGEST}")),
        };
        loaded.insert(name, bytes);
    }
    Ok(loaded)
}

struct TooLarge(u64);

fn note(why: &str) -> Vec<u8> {
    format!("[evolve: left out, {why}]\n").into_bytes()
}

fn read(path: &str, folders: &[&Path]) -> Result<Result<Vec<u8>, TooLarge>, String> {
    let shown = text::line(path);
    let found = find(path, folders).ok_or_else(|| {
        format!("there is no file `{shown}` in the output folder or the judge's own")
    })?;
    let file = File::open(&found).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    let meta = file.metadata().map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    if meta.nlink() != 1 {
        return Err(format!("`{shown}` is a hard link"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    if bytes.len() as u64 > LARGEST { Ok(Err(TooLarge(meta.len()))) } else { Ok(Ok(bytes)) }
}

/// The real path of a plain file that lies in one of the folders, all links resolved.
fn find(path: &str, folders: &[&Path]) -> Option<PathBuf> {
    let inside = |file: &PathBuf| {
        folders
            .iter()
            .filter_map(|folder| folder.canonicalize().ok())
            .any(|folder| file.starts_with(folder))
    };
    folders
        .iter()
        .filter_map(|folder| folder.join(path).canonicalize().ok())
        .find(|file| inside(file) && file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_are_found_in_both_folders_and_nowhere_else() {
        let root = tempfile::tempdir().unwrap();
        let (judge, output) = (root.path().join("judge"), root.path().join("output"));
        for (folder, name) in [(&judge, "a"), (&output, "b")] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join(name), name).unwrap();
        }
        fs::write(root.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink("../secret", judge.join("link")).unwrap();
        fs::hard_link(root.path().join("secret"), judge.join("hard")).unwrap();
        let folders = [judge.as_path(), output.as_path()];
        let file = |path: &str| vec![("x".to_owned(), ArtifactSource::File(path.to_owned()))];
        assert_eq!(load(file("a"), &folders).unwrap()["x"], b"a");
        assert_eq!(load(file("b"), &folders).unwrap()["x"], b"b");
        let absolute = output.join("b").display().to_string();
        assert_eq!(load(file(&absolute), &folders).unwrap()["x"], b"b");
        for path in ["../secret", "link", "/etc/passwd", "absent", ".", "", "hard"] {
            assert!(load(file(path), &folders).is_err(), "{path}");
        }
    }

    #[test]
    fn what_is_too_large_is_left_out_with_a_note() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("big"), vec![0; (1 << 20) + 1]).unwrap();
        fs::write(root.path().join("fits"), vec![0; 1 << 20]).unwrap();
        let file = |name: &str| ArtifactSource::File(name.to_owned());
        let loaded = load(vec![("big".into(), file("big"))], &[root.path()]).unwrap();
        assert!(loaded["big"].starts_with(b"[evolve: left out, it takes 1048577 bytes"));
        let nine = (0..9).map(|i| (i.to_string(), file("fits"))).collect();
        let loaded = load(nine, &[root.path()]).unwrap();
        assert_eq!(loaded["7"].len(), 1 << 20);
        assert!(loaded["8"].starts_with(b"[evolve: left out, all artifacts"));
    }
}
