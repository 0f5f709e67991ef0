//! Folders of evaluations: made private, removed whole, whatever is in them.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Folders whose path below the root is longer than this many bytes are moved up before they
/// are removed: systems refuse paths of more than 4,096 bytes.
const LONGEST_PATH: usize = 2_000;

/// A folder that is removed when it is dropped, if it is there.
#[derive(Debug)]
pub(crate) struct EvalScratch {
    path: PathBuf,
}

impl EvalScratch {
    /// The folder at this path; it need not be there yet.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for EvalScratch {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            tracing::warn!(folder = %self.path.display(), %error, "a scratch folder stays behind");
        }
    }
}

/// Makes a folder that only this user may enter; its parent must exist.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Makes the folder for scratch folders and empties it.
pub(crate) fn prepare_root(root: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(root)?;
    for entry in fs::read_dir(root)? {
        remove(&entry?.path())?;
    }
    Ok(())
}

/// Removes a tree. Links are not followed, protected folders are opened up, and folders
/// nested too deep are moved up. Needs no more than one open file, however deep the tree is.
/// What is not there needs no removing.
pub(crate) fn remove(root: &Path) -> io::Result<()> {
    match fs::symlink_metadata(root) {
        Ok(meta) if meta.is_dir() => remove_folder(root),
        Ok(_) => fs::remove_file(root),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn remove_folder(root: &Path) -> io::Result<()> {
    let mut moved = 0_u64;
    let mut ahead = vec![root.to_owned()];
    while let Some(folder) = ahead.last().cloned() {
        let inner = match remove_files(&folder) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
                remove_files(&folder)?
            }
            inner => inner?,
        };
        if inner.is_empty() {
            fs::remove_dir(&folder)?;
            ahead.pop();
            continue;
        }
        for mut path in inner {
            if path.as_os_str().len() - root.as_os_str().len() > LONGEST_PATH {
                // A folder can only be moved by who may write in it.
                fs::set_permissions(&path, Permissions::from_mode(0o700))?;
                let up = root.join(format!(".flat-{moved}"));
                moved += 1;
                fs::rename(&path, &up)?;
                path = up;
            }
            ahead.push(path);
        }
    }
    Ok(())
}

/// Removes what is not a folder; returns the folders.
fn remove_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(folders)
}

/// Whether all plain files below a folder take more than so many bytes; unreadable parts
/// count as nothing.
pub(crate) fn is_larger(folder: &Path, limit: u64) -> bool {
    let mut size = 0_u64;
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => ahead.push(entry.path()),
                Ok(meta) => size = size.saturating_add(meta.len()),
                Err(_) => {}
            }
            if size > limit {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protected_folders_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("x");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join("a/b/f"), "").unwrap();
        fs::set_permissions(root.join("a/b"), Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(root.join("a"), Permissions::from_mode(0o500)).unwrap();
        remove(&root).unwrap();
        assert!(!root.exists());
    }

    #[test]
    fn folders_nested_beyond_all_limits_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("x");
        fs::create_dir(&root).unwrap();
        // 10,000 bytes deep, where systems take paths of 4,096: built from the inside out.
        let long = "d".repeat(100);
        for _ in 0..100 {
            let outer = folder.path().join("y");
            fs::create_dir(&outer).unwrap();
            fs::rename(&root, outer.join(&long)).unwrap();
            fs::rename(&outer, &root).unwrap();
        }
        remove(&root).unwrap();
        assert!(!root.exists());
    }

    #[test]
    fn sizes_are_compared_with_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/x"), [0; 60]).unwrap();
        fs::write(folder.path().join("y"), [0; 40]).unwrap();
        assert!(is_larger(folder.path(), 99) && !is_larger(folder.path(), 100));
    }

    #[test]
    fn links_are_removed_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("keep")).unwrap();
        fs::write(folder.path().join("keep/f"), "").unwrap();
        fs::create_dir(folder.path().join("x")).unwrap();
        std::os::unix::fs::symlink("../keep", folder.path().join("x/link")).unwrap();
        remove(&folder.path().join("x")).unwrap();
        assert!(folder.path().join("keep/f").exists());
    }

    #[test]
    fn the_root_is_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("scratch");
        fs::create_dir_all(root.join("old/one")).unwrap();
        fs::write(root.join("file"), "").unwrap();
        prepare_root(&root).unwrap();
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    }
}
