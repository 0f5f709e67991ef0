//! File operations that survive a power cut.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(StoreError::io("sync folder", path))
}

/// Writes a file that is there whole or not at all, and durable when this returns.
pub(crate) fn publish(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let dir = path.parent().unwrap_or_else(|| Path::new("."));
    let mut temporary = tempfile::Builder::new()
        .prefix(".publishing-")
        .permissions(Permissions::from_mode(0o666)) // less the umask, as for any other file
        .tempfile_in(dir)
        .map_err(StoreError::io("write into", dir))?;
    temporary.write_all(bytes).map_err(StoreError::io("write", path))?;
    temporary.as_file().sync_all().map_err(StoreError::io("sync", path))?;
    temporary.persist(path).map_err(|error| StoreError::io("publish", path)(error.error))?;
    sync_dir(dir)
}

/// Keeps bytes that are about to be cut from `path` in a file beside it.
pub(crate) fn keep_aside(path: &Path, bytes: &[u8]) -> Result<PathBuf, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".torn-");
    let free = (1_u32..).map(|n| {
        let mut name = name.clone();
        name.push(n.to_string());
        PathBuf::from(name)
    });
    let aside = free
        .into_iter()
        .find(|path| !path.exists())
        .ok_or_else(|| StoreError::format(path, "too many torn tails are kept beside it"))?;
    publish(&aside, bytes)?;
    Ok(aside)
}

/// Removes a folder and all in it; that it is not there is fine.
pub(crate) fn remove_dir(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_aside_never_replaces_what_was_kept_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let first = keep_aside(&path, b"1").unwrap();
        let second = keep_aside(&path, b"2").unwrap();
        assert_ne!(first, second);
        assert_eq!(fs::read(first).unwrap(), b"1");
        assert_eq!(fs::read(second).unwrap(), b"2");
    }

    #[test]
    fn a_published_file_replaces_the_old_one_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        publish(&path, b"old").unwrap();
        publish(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
