//! Takes over what a candidate left in its output folder: plain files with plain names,
//! within limits, as new read-only files. Anything else is refused, not skipped.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::scratch::private_folder;

/// Most files and folders.
const MOST_ENTRIES: usize = 4096;
/// Deepest folder below the output folder.
const DEEPEST: usize = 16;

/// Why an output folder was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is larger than allowed.
    Limit(String),
    /// It holds something that is not a plain file.
    Odd(String),
    /// This machine could not copy it.
    Host(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Host(error)
    }
}

/// Copies the folder `from` to `to`, which must not exist.
pub(crate) fn collect(from: &Path, to: &Path, largest: u64) -> Result<(), Refused> {
    if !fs::symlink_metadata(from).is_ok_and(|meta| meta.is_dir()) {
        return Err(Refused::Odd("the output folder is no longer a folder".to_owned()));
    }
    private_folder(to)?;
    let mut collector = Collector { from, to, left: largest, largest, entries: 0 };
    let mut folders = vec![(PathBuf::new(), 0)];
    let mut next = 0;
    while let Some((folder, depth)) = folders.get(next).cloned() {
        for inner in collector.folder(&folder)? {
            if depth == DEEPEST {
                let shown = shown(&inner);
                return Err(Refused::Limit(format!(
                    "the output folder `{shown}` is deeper than {DEEPEST} levels"
                )));
            }
            folders.push((inner, depth + 1));
        }
        next += 1;
    }
    for (folder, _) in folders {
        fs::set_permissions(to.join(folder), Permissions::from_mode(0o555))?;
    }
    Ok(())
}

struct Collector<'a> {
    from: &'a Path,
    to: &'a Path,
    left: u64,
    largest: u64,
    entries: usize,
}

impl Collector<'_> {
    /// Takes the files of one folder; returns its folders.
    fn folder(&mut self, folder: &Path) -> Result<Vec<PathBuf>, Refused> {
        let unreadable = |error: &io::Error| {
            Refused::Odd(format!("the output folder `{}` cannot be read: {error}", shown(folder)))
        };
        let mut inner = Vec::new();
        for entry in fs::read_dir(self.from.join(folder)).map_err(|e| unreadable(&e))? {
            let entry = entry.map_err(|e| unreadable(&e))?;
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                return Err(Refused::Limit(format!(
                    "the output has more than {MOST_ENTRIES} files and folders"
                )));
            }
            let path = folder.join(entry.file_name());
            check_name(&entry.file_name(), &path)?;
            let kind = entry.file_type().map_err(|e| unreadable(&e))?;
            if kind.is_dir() {
                private_folder(&self.to.join(&path))?;
                inner.push(path);
            } else if kind.is_file() {
                self.file(&path)?;
            } else {
                return Err(odd(
                    &path,
                    if kind.is_symlink() { "a link" } else { "a special file" },
                ));
            }
        }
        Ok(inner)
    }

    fn file(&mut self, path: &Path) -> Result<(), Refused> {
        // Neither following a link nor waiting for a pipe, should it have been exchanged.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        let source = OpenOptions::new()
            .read(true)
            .custom_flags(i32::try_from(flags).unwrap_or(0))
            .open(self.from.join(path))
            .map_err(|error| {
                Refused::Odd(format!("the output `{}` cannot be read: {error}", shown(path)))
            })?;
        let meta = source.metadata()?;
        if !meta.is_file() {
            return Err(odd(path, "a special file"));
        }
        if meta.nlink() != 1 {
            return Err(odd(path, "a file with several names (a hard link)"));
        }
        // Told apart by length first, so that holes cost nothing.
        if meta.len() > self.left {
            return Err(self.too_large());
        }
        let mut target =
            OpenOptions::new().write(true).create_new(true).mode(0o444).open(self.to.join(path))?;
        let copied = io::copy(&mut source.take(self.left + 1), &mut target)?;
        self.left = self.left.checked_sub(copied).ok_or_else(|| self.too_large())?;
        Ok(())
    }

    fn too_large(&self) -> Refused {
        let limit = evolve_core::task::Bytes(self.largest);
        Refused::Limit(format!("the output is larger than {limit}"))
    }
}

fn check_name(name: &std::ffi::OsStr, path: &Path) -> Result<(), Refused> {
    let plain =
        name.to_str().is_some_and(|name| !name.chars().any(|c| c.is_control() || c == '\\'));
    if plain { Ok(()) } else { Err(odd(path, "a file with an unprintable name")) }
}

fn odd(path: &Path, what: &str) -> Refused {
    Refused::Odd(format!("the output `{}` is {what}", shown(path)))
}

fn shown(path: &Path) -> String {
    crate::text::line(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use tempfile::TempDir;

    fn folder() -> (TempDir, PathBuf, PathBuf) {
        let folder = TempDir::new().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir(&from).unwrap();
        (folder, from, to)
    }

    fn refusal(from: &Path, to: &Path) -> String {
        match collect(from, to, 1000).unwrap_err() {
            Refused::Limit(why) => format!("limit: {why}"),
            Refused::Odd(why) => format!("odd: {why}"),
            Refused::Host(error) => panic!("{error}"),
        }
    }

    #[test]
    fn plain_files_are_copied_read_only() {
        let (_folder, from, to) = folder();
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::write(from.join("a/b/c.txt"), "text").unwrap();
        fs::write(from.join("empty"), "").unwrap();
        collect(&from, &to, 4).unwrap();
        assert_eq!(fs::read(to.join("a/b/c.txt")).unwrap(), b"text");
        for path in ["a/b/c.txt", "a/b", ""] {
            let mode = fs::metadata(to.join(path)).unwrap().permissions().mode();
            assert_eq!(mode & 0o222, 0, "{path}");
        }
    }

    #[test]
    fn links_and_special_files_are_refused() {
        let (_folder, from, to) = folder();
        std::os::unix::fs::symlink("/etc/passwd", from.join("x")).unwrap();
        assert_eq!(refusal(&from, &to), "odd: the output `x` is a link");
        let (_folder, from, to) = folder();
        fs::write(from.join("x"), "").unwrap();
        fs::hard_link(from.join("x"), from.parent().unwrap().join("y")).unwrap();
        assert!(refusal(&from, &to).contains("hard link"));
        let (_folder, from, to) = folder();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            from.join("x"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        assert_eq!(refusal(&from, &to), "odd: the output `x` is a special file");
        let (_folder, from, to) = folder();
        fs::remove_dir(&from).unwrap();
        std::os::unix::fs::symlink("/etc", &from).unwrap();
        assert!(refusal(&from, &to).contains("no longer a folder"));
    }

    #[test]
    fn odd_names_are_refused() {
        for name in [&b"a\nb"[..], b"\xff", b"a\\b", b"\x1b[2J"] {
            let (_folder, from, to) = folder();
            fs::write(from.join(OsStr::from_bytes(name)), "").unwrap();
            assert!(refusal(&from, &to).contains("unprintable name"));
        }
    }

    #[test]
    fn size_count_and_depth_are_limited() {
        let (_folder, from, to) = folder();
        fs::write(from.join("a"), [0; 600]).unwrap();
        fs::write(from.join("b"), [0; 600]).unwrap();
        assert_eq!(refusal(&from, &to), "limit: the output is larger than 1000B");
        let (_folder, from, to) = folder();
        let holes = fs::File::create(from.join("holes")).unwrap();
        holes.set_len(10 << 30).unwrap();
        assert_eq!(refusal(&from, &to), "limit: the output is larger than 1000B");
        let (_folder, from, to) = folder();
        for i in 0..=MOST_ENTRIES {
            fs::write(from.join(i.to_string()), "").unwrap();
        }
        assert!(refusal(&from, &to).contains("more than 4096"));
        let (_folder, from, to) = folder();
        fs::create_dir_all(from.join("d/".repeat(DEEPEST))).unwrap();
        collect(&from, &to, 1000).unwrap();
        fs::create_dir_all(from.join("d/".repeat(DEEPEST + 1))).unwrap();
        assert!(refusal(&from, &to.with_extension("2")).contains("deeper than 16"));
    }
}
