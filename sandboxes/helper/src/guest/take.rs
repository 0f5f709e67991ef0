//! Takes what a command left in a folder: plain files with plain names, within limits.
//! Anything else is refused, not skipped.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::wire::{FileHead, Folder, Refused, TakeLimits};

/// A file with its bytes.
pub(super) type Taken = (FileHead, Vec<u8>);

/// All files below a folder of a sandbox.
pub(super) fn take(base: &Path, from: Folder, limits: TakeLimits) -> Result<Vec<Taken>, Refused> {
    let root = base.join(from.name());
    if !fs::symlink_metadata(&root).is_ok_and(|meta| meta.is_dir()) {
        return Err(Refused::Odd("the output folder is no longer a folder".to_owned()));
    }
    let mut taker = Taker { root, from, left: limits.bytes, limits, entries: 0, taken: Vec::new() };
    let mut folders = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for inner in taker.folder(&folder)? {
            if depth == limits.depth {
                return Err(Refused::Limit(format!(
                    "the output folder `{}` is deeper than {} levels",
                    shown(&inner),
                    limits.depth
                )));
            }
            folders.push((inner, depth + 1));
        }
    }
    taker.taken.sort_by(|one, other| one.0.path.cmp(&other.0.path));
    Ok(taker.taken)
}

/// The first bytes of one file, if it is there and plain. A link may lead to it, but not out of
/// the folder.
pub(super) fn read(base: &Path, folder: Folder, path: &str, most: u64) -> Option<Taken> {
    let root = fs::canonicalize(base.join(folder.name())).ok()?;
    let real = fs::canonicalize(root.join(path)).ok()?;
    let (file, meta) = open(&real).ok().filter(|_| real.starts_with(&root))?;
    if !meta.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).ok()?;
    Some((head(folder, path.to_owned(), &meta, &bytes), bytes))
}

fn head(folder: Folder, path: String, meta: &fs::Metadata, bytes: &[u8]) -> FileHead {
    let executable = meta.permissions().mode() & 0o100 != 0;
    FileHead { folder, path, len: bytes.len() as u64, executable }
}

/// Neither follows a link nor waits for a pipe.
fn open(path: &Path) -> io::Result<(fs::File, fs::Metadata)> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let flags = i32::try_from(flags).unwrap_or(0);
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let meta = file.metadata()?;
    Ok((file, meta))
}

struct Taker {
    root: PathBuf,
    from: Folder,
    left: u64,
    limits: TakeLimits,
    entries: usize,
    taken: Vec<Taken>,
}

impl Taker {
    /// Takes the files of one folder; returns its folders.
    fn folder(&mut self, folder: &Path) -> Result<Vec<PathBuf>, Refused> {
        let unreadable = |error: &io::Error| {
            Refused::Odd(format!("the output folder `{}` cannot be read: {error}", shown(folder)))
        };
        let mut inner = Vec::new();
        for entry in fs::read_dir(self.root.join(folder)).map_err(|e| unreadable(&e))? {
            let entry = entry.map_err(|e| unreadable(&e))?;
            self.entries += 1;
            if self.entries > self.limits.entries {
                return Err(Refused::Limit(format!(
                    "the output has more than {} files and folders",
                    self.limits.entries
                )));
            }
            let path = folder.join(entry.file_name());
            check_name(&entry.file_name(), &path)?;
            let kind = entry.file_type().map_err(|e| unreadable(&e))?;
            if kind.is_dir() {
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
        let unreadable = |error: io::Error| {
            Refused::Odd(format!("the output `{}` cannot be read: {error}", shown(path)))
        };
        let (source, meta) = open(&self.root.join(path)).map_err(unreadable)?;
        if !meta.is_file() {
            return Err(odd(path, "a special file"));
        }
        if meta.nlink() != 1 {
            return Err(odd(path, "a file with several names (a hard link)"));
        }
        // Told apart by length first, so that holes cost nothing.
        if meta.len() > self.left {
            return Err(Refused::TooLarge);
        }
        let mut bytes = Vec::new();
        source.take(self.left + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(Refused::TooLarge)?;
        let head = head(self.from, path.display().to_string(), &meta, &bytes);
        self.taken.push((head, bytes));
        Ok(())
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

/// Fit for a line of text.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let line: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use tempfile::TempDir;

    const LIMITS: TakeLimits = TakeLimits { bytes: 1000, entries: 20, depth: 4 };

    fn base() -> (TempDir, PathBuf) {
        let base = TempDir::new().unwrap();
        let output = base.path().join("output");
        fs::create_dir(&output).unwrap();
        (base, output)
    }

    fn refusal(base: &TempDir) -> String {
        match take(base.path(), Folder::Output, LIMITS).unwrap_err() {
            Refused::TooLarge => "too large".to_owned(),
            Refused::Limit(why) => format!("limit: {why}"),
            Refused::Odd(why) => format!("odd: {why}"),
        }
    }

    #[test]
    fn plain_files_are_taken() {
        let (base, output) = base();
        fs::create_dir_all(output.join("a/b")).unwrap();
        fs::write(output.join("a/b/c.txt"), "text").unwrap();
        fs::write(output.join("empty"), "").unwrap();
        fs::set_permissions(output.join("empty"), fs::Permissions::from_mode(0o755)).unwrap();
        let taken = take(base.path(), Folder::Output, LIMITS).unwrap();
        let seen: Vec<_> = taken
            .iter()
            .map(|(head, bytes)| (head.path.as_str(), head.executable, bytes.as_slice()))
            .collect();
        assert_eq!(seen, [("a/b/c.txt", false, &b"text"[..]), ("empty", true, b"")]);
    }

    #[test]
    fn what_is_no_plain_file_is_refused() {
        let (folder, output) = base();
        std::os::unix::fs::symlink("/etc/passwd", output.join("x")).unwrap();
        assert_eq!(refusal(&folder), "odd: the output `x` is a link");
        let (folder, output) = base();
        fs::write(output.join("x"), "").unwrap();
        fs::hard_link(output.join("x"), output.join("y")).unwrap();
        assert!(refusal(&folder).contains("hard link"));
        let (folder, output) = base();
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
        rustix::fs::mknodat(rustix::fs::CWD, output.join("x"), kind, mode, 0).unwrap();
        assert_eq!(refusal(&folder), "odd: the output `x` is a special file");
        let (folder, output) = base();
        fs::remove_dir(&output).unwrap();
        std::os::unix::fs::symlink("/etc", &output).unwrap();
        assert!(refusal(&folder).contains("no longer a folder"));
    }

    #[test]
    fn odd_names_are_refused() {
        for name in [&b"a\nb"[..], b"\xff", b"a\\b", b"\x1b[2J"] {
            let (folder, output) = base();
            fs::write(output.join(OsStr::from_bytes(name)), "").unwrap();
            assert!(refusal(&folder).contains("unprintable name"));
        }
    }

    #[test]
    fn size_count_and_depth_are_limited() {
        let (folder, output) = base();
        fs::write(output.join("a"), [0; 600]).unwrap();
        fs::write(output.join("b"), [0; 600]).unwrap();
        assert_eq!(refusal(&folder), "too large");
        let (folder, output) = base();
        fs::File::create(output.join("holes")).unwrap().set_len(10 << 30).unwrap();
        assert_eq!(refusal(&folder), "too large");
        let (folder, output) = base();
        for i in 0..=LIMITS.entries {
            fs::write(output.join(i.to_string()), "").unwrap();
        }
        assert!(refusal(&folder).contains("more than 20"));
        let (folder, output) = base();
        fs::create_dir_all(output.join("d/".repeat(LIMITS.depth))).unwrap();
        take(folder.path(), Folder::Output, LIMITS).unwrap();
        fs::create_dir_all(output.join("d/".repeat(LIMITS.depth + 1))).unwrap();
        assert!(refusal(&folder).contains("deeper than 4"));
    }

    #[test]
    fn single_files_are_read_from_their_folder_only() {
        let (base, output) = base();
        fs::write(base.path().join("secret"), "s").unwrap();
        fs::write(output.join("x"), "text").unwrap();
        std::os::unix::fs::symlink("../secret", output.join("out")).unwrap();
        std::os::unix::fs::symlink("x", output.join("in")).unwrap();
        let read = |path: &str, most| {
            read(base.path(), Folder::Output, path, most).map(|(_, bytes)| bytes)
        };
        assert_eq!(read("x", 4), Some(b"text".to_vec()));
        assert_eq!(read("./in", 4), Some(b"text".to_vec()));
        assert_eq!(read("x", 3), Some(b"tex".to_vec()));
        assert_eq!(read(output.join("x").to_str().unwrap(), 9), Some(b"text".to_vec()));
        for path in ["out", "../secret", "/etc/passwd", "no", "", "."] {
            assert_eq!(read(path, 9), None, "{path}");
        }
    }
}
