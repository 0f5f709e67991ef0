//! What a Dockerfile may copy from: the folder that holds it, packed the same way each time so
//! that the same content has the same name.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use evolve_core::ports::HostFault;
use globset::{GlobBuilder, GlobMatcher};

/// Largest context, in bytes; what is larger belongs into a mount.
const LARGEST: u64 = 256 << 20;

/// A packed context.
pub(crate) struct Context {
    /// The Dockerfile's name in it.
    pub dockerfile: String,
    /// A tar archive.
    pub archive: Vec<u8>,
    /// Of its content.
    pub hash: String,
}

/// Packs the folder of a Dockerfile, without these files of the task's folder and what
/// `.dockerignore` leaves out.
pub(crate) fn pack(
    task_root: &Path,
    dockerfile: &Path,
    without: &[PathBuf],
) -> Result<Context, HostFault> {
    let fault = |path: &Path, why: &dyn std::fmt::Display| {
        HostFault::new(format!("sandbox.build: {}: {why}", path.display()))
    };
    let file = task_root.join(dockerfile);
    if !file.is_file() {
        return Err(fault(dockerfile, &"there is no such file in the task's folder"));
    }
    let folder = file.parent().unwrap_or(task_root).to_owned();
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let ignored =
        Ignored::read(&folder).map_err(|why| fault(&folder.join(".dockerignore"), &why))?;
    let mut paths = Vec::new();
    list(&folder, Path::new(""), &mut paths).map_err(|why| fault(&folder, &why))?;
    paths.sort();
    let mut size = 0;
    let mut builder = tar::Builder::new(Vec::new());
    for path in paths {
        let full = folder.join(&path);
        let kept = path == Path::new(&name) || !ignored.ignores(&path);
        if !kept || without.iter().any(|file| task_root.join(file) == full) {
            continue;
        }
        size += add(&mut builder, &full, &path).map_err(|why| fault(&path, &why))?;
        if size > LARGEST {
            return Err(fault(
                dockerfile,
                &"its folder holds more than 256 MiB; list what the image does not need in \
                  .dockerignore, or give the Dockerfile a folder of its own",
            ));
        }
    }
    let archive = builder.into_inner().map_err(|why| fault(dockerfile, &why))?;
    let hash = blake3::hash(&archive).to_hex()[..16].to_owned();
    Ok(Context { dockerfile: name, archive, hash })
}

/// Files and links below a folder; neither repositories nor runs.
fn list(root: &Path, below: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != ".git" {
            list(root, &path, paths)?;
        } else if kind.is_file() || kind.is_symlink() {
            paths.push(path);
        }
    }
    Ok(())
}

/// Adds a file without what differs between two copies of it: times and owners.
fn add(builder: &mut tar::Builder<Vec<u8>>, full: &Path, path: &Path) -> io::Result<u64> {
    let meta = fs::symlink_metadata(full)?;
    let mut header = tar::Header::new_gnu();
    if meta.is_symlink() {
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        builder.append_link(&mut header, path, fs::read_link(full)?)?;
        return Ok(0);
    }
    let bytes = fs::read(full)?;
    header.set_size(bytes.len() as u64);
    header.set_mode(if meta.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 });
    builder.append_data(&mut header, path, bytes.as_slice())?;
    Ok(bytes.len() as u64)
}

/// The lines of a `.dockerignore`: the last one that matches decides.
#[derive(Default)]
struct Ignored(Vec<(GlobMatcher, bool)>);

impl Ignored {
    fn read(folder: &Path) -> Result<Self, String> {
        match fs::read_to_string(folder.join(".dockerignore")) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        lines
            .map(|line| {
                let (pattern, ignore) =
                    line.strip_prefix('!').map_or((line, true), |pattern| (pattern, false));
                let pattern = pattern.trim().trim_start_matches("./").trim_matches('/');
                let glob = GlobBuilder::new(pattern).literal_separator(true).build();
                Ok((glob.map_err(|why| format!("`{line}`: {why}"))?.compile_matcher(), ignore))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// A pattern that matches a folder is about all in it.
    fn ignores(&self, path: &Path) -> bool {
        let matches = |glob: &GlobMatcher| {
            path.ancestors().any(|part| part != Path::new("") && glob.is_match(part))
        };
        self.0.iter().rev().find(|(glob, _)| matches(glob)).is_some_and(|(_, ignore)| *ignore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn names(archive: &[u8]) -> Vec<String> {
        let mut archive = tar::Archive::new(archive);
        let entries = archive.entries().unwrap();
        entries.map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect()
    }

    #[test]
    fn the_judges_files_and_what_is_ignored_stay_out() {
        let files = [
            ("Dockerfile", "FROM x"),
            ("judge.py", "secret"),
            ("lib/a.py", "a"),
            ("lib/data/big", "b"),
            ("lib/data/keep", "c"),
            (".git/HEAD", "x"),
            (".dockerignore", "# big files\nlib/data\n!lib/data/keep\n**/*.tmp\n"),
            ("x/y.tmp", ""),
        ];
        let folder = task(&files);
        let without = [PathBuf::from("judge.py")];
        let context = pack(folder.path(), Path::new("Dockerfile"), &without).unwrap();
        assert_eq!(
            names(&context.archive),
            [".dockerignore", "Dockerfile", "lib/a.py", "lib/data/keep"]
        );
        // The same content elsewhere, and later, is the same context.
        let again = pack(task(&files).path(), Path::new("Dockerfile"), &without).unwrap();
        assert_eq!(context.hash, again.hash);
        fs::write(folder.path().join("lib/a.py"), "changed").unwrap();
        let changed = pack(folder.path(), Path::new("Dockerfile"), &without).unwrap();
        assert_ne!(context.hash, changed.hash);
    }

    #[test]
    fn a_folder_of_its_own_is_the_whole_context() {
        let folder = task(&[("image/Dockerfile", "FROM x"), ("image/a", ""), ("b", "")]);
        let context = pack(folder.path(), Path::new("image/Dockerfile"), &[]).unwrap();
        assert_eq!(names(&context.archive), ["Dockerfile", "a"]);
        assert_eq!(context.dockerfile, "Dockerfile");
        let none = pack(folder.path(), Path::new("Dockerfile"), &[]).err().unwrap();
        assert!(none.what.contains("there is no such file"), "{none}");
    }
}
