//! Folders of a sandbox: filled before a command, removed after it, whatever is in them.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use crate::wire::{FileHead, Folder};

/// Folders whose path below the root is longer than this many bytes are moved up before they
/// are removed: systems refuse paths of more than 4,096 bytes.
const LONGEST_PATH: usize = 2_000;

/// Makes a folder of a sandbox.
pub(super) fn make(base: &Path, folder: Folder) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(base.join(folder.name()))
}

/// Writes a file below its folder, which must exist.
pub(super) fn place(base: &Path, file: &FileHead, bytes: &[u8]) -> io::Result<()> {
    let relative = Path::new(&file.path);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(io::Error::other(format!("`{}` is no path below a folder", file.path)));
    }
    let path = base.join(file.folder.name()).join(relative);
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    let mode = if file.executable { 0o700 } else { 0o600 };
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&path)?
        .write_all(bytes)
}

/// Takes the right to write from a folder and all in it.
pub(super) fn protect(root: &Path) -> io::Result<()> {
    let mut ahead = vec![root.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                ahead.push(entry.path());
            } else {
                let mode = entry.metadata()?.permissions().mode() & 0o555;
                fs::set_permissions(entry.path(), Permissions::from_mode(mode))?;
            }
        }
        fs::set_permissions(&folder, Permissions::from_mode(0o500))?;
    }
    Ok(())
}

/// Removes all that is in a folder, but neither the folder nor what is mounted in it.
pub(super) fn empty(folder: &Path, mounted: &[PathBuf]) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if mounted.contains(&path) {
            continue;
        }
        if mounted.iter().any(|mount| mount.starts_with(&path)) {
            empty(&path, mounted)?;
        } else {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Where something is mounted, from the kernel's table.
pub(super) fn mounted() -> Vec<PathBuf> {
    let table = fs::read("/proc/self/mounts").unwrap_or_default();
    let lines = table.split(|byte| *byte == b'\n');
    lines.filter_map(|line| Some(unescape(line.split(|byte| *byte == b' ').nth(1)?))).collect()
}

/// A path of that table: what would disturb it is written as `\` and three octal digits.
fn unescape(text: &[u8]) -> PathBuf {
    let mut path = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let digits = tail.first_chunk::<3>().filter(|_| *first == b'\\');
        let code =
            digits.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 8).ok());
        path.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[3..] } else { tail };
    }
    PathBuf::from(std::ffi::OsString::from_vec(path))
}

/// Removes a tree. Links are not followed, protected folders are opened up, and folders
/// nested too deep are moved up. Needs no more than one open file, however deep the tree is.
/// What is not there needs no removing.
pub(super) fn remove(root: &Path) -> io::Result<()> {
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
    fn links_are_removed_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("keep")).unwrap();
        fs::write(folder.path().join("keep/f"), "").unwrap();
        fs::create_dir(folder.path().join("x")).unwrap();
        std::os::unix::fs::symlink("../keep", folder.path().join("x/link")).unwrap();
        empty(&folder.path().join("x"), &[]).unwrap();
        assert!(folder.path().join("keep/f").exists());
        assert_eq!(fs::read_dir(folder.path().join("x")).unwrap().count(), 0);
    }

    #[test]
    fn what_is_mounted_is_left_and_all_around_it_removed() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["a/mount/kept", "a/b/c", "d"] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        empty(folder.path(), &[folder.path().join("a/mount")]).unwrap();
        assert!(folder.path().join("a/mount/kept").exists());
        assert!(!folder.path().join("a/b").exists() && !folder.path().join("d").exists());
        assert_eq!(unescape(b"/a\\040b\\134c"), Path::new("/a b\\c"));
    }

    #[test]
    fn files_stay_below_their_folder_and_can_be_protected() {
        let base = tempfile::tempdir().unwrap();
        let head = |path: &str, executable| FileHead {
            folder: Folder::Work,
            path: path.into(),
            len: 1,
            executable,
        };
        make(base.path(), Folder::Work).unwrap();
        for path in ["../x", "/x", "a/../../x"] {
            assert!(place(base.path(), &head(path, false), b"x").is_err(), "{path}");
        }
        place(base.path(), &head("a/b/c", true), b"x").unwrap();
        protect(&base.path().join("work")).unwrap();
        let mode = |path: &str| fs::metadata(base.path().join(path)).unwrap().permissions().mode();
        assert_eq!(mode("work/a/b/c") & 0o777, 0o500);
        assert_eq!(mode("work/a") & 0o777, 0o500);
        remove(&base.path().join("work")).unwrap();
    }
}
