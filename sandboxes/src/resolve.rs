//! Finds the program that a command's name stands for, once.
//!
//! `python3` is often a shell script in a home folder (a version manager's shim) that costs
//! 50 ms a start and needs that home to work. Such a script is asked once which interpreter
//! it leads to, and that one is started from then on.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use evolve_core::ports::HostFault;
use rustix::fs::Access;

/// How long a shim may take to say what it stands for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// The file to start.
    pub path: PathBuf,
    /// Whether the name led to a shim that `path` stands behind.
    pub was_shim: bool,
    /// Folders (or the file) that it needs to be there to run.
    pub prefixes: Vec<PathBuf>,
}

/// The file that is started for a command's name. The answer is kept for the life of this
/// process.
///
/// # Errors
/// When there is none; the message says how to install it where that is known.
pub fn resolve_program(name: &str) -> Result<PathBuf, HostFault> {
    resolve(name).map(|resolved| resolved.path)
}

/// As [`resolve_program`]; a name with a `/` is a path, from the command's own folder.
pub(crate) fn resolve_for_run(name: &str, workdir: &Path) -> Result<Resolved, HostFault> {
    if name.contains('/') {
        let path = workdir.join(name);
        return Ok(Resolved { prefixes: prefixes_of(&path), path, was_shim: false });
    }
    resolve(name)
}

fn resolve(name: &str) -> Result<Resolved, HostFault> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Resolved>>> = LazyLock::new(Mutex::default);
    // Held while a shim is asked, so that it is asked once.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(resolved) = known.get(name) {
        return Ok(resolved.clone());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let found = resolve_in(name, folders)?;
    known.insert(name.to_owned(), found.clone());
    Ok(found)
}

fn resolve_in(name: &str, folders: impl Iterator<Item = PathBuf>) -> Result<Resolved, HostFault> {
    let found = folders
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
        .ok_or_else(|| missing(name))?;
    if is_python(name) {
        let was_shim = is_script(&found);
        if was_shim || !found.starts_with("/usr/bin") {
            let (path, mut prefixes) = ask_python(&found)?;
            prefixes.extend(prefixes_of(&path));
            prefixes.sort();
            prefixes.dedup();
            return Ok(Resolved { path: if was_shim { path } else { found }, was_shim, prefixes });
        }
    }
    Ok(Resolved { prefixes: prefixes_of(&found), path: found, was_shim: false })
}

/// What a program that lies there needs: the folder above its `bin`, or itself alone; the
/// same for where it leads if it is a link. Never a whole home or root folder.
fn prefixes_of(program: &Path) -> Vec<PathBuf> {
    let real = std::fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
    let mut prefixes = vec![prefix_of(program), prefix_of(&real)];
    prefixes.sort();
    prefixes.dedup();
    prefixes
}

fn prefix_of(program: &Path) -> PathBuf {
    let bin = program.parent().filter(|folder| folder.file_name().is_some_and(|f| f == "bin"));
    let home = std::env::var_os("HOME").map(PathBuf::from);
    bin.and_then(Path::parent)
        .filter(|prefix| prefix.components().count() > 2)
        .filter(|prefix| Some(*prefix) != home.as_deref())
        .filter(|prefix| prefix.file_name().is_none_or(|name| name != ".local"))
        .map_or_else(|| program.to_owned(), Path::to_owned)
}

fn is_program(file: &Path) -> bool {
    file.is_file() && rustix::fs::access(file, Access::EXEC_OK).is_ok()
}

fn is_python(name: &str) -> bool {
    name.strip_prefix("python")
        .is_some_and(|version| version.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

fn is_script(file: &Path) -> bool {
    let mut start = [0; 2];
    std::fs::File::open(file).and_then(|mut f| f.read_exact(&mut start)).is_ok() && start == *b"#!"
}

/// The interpreter behind a name, and the folders it has its library in.
fn ask_python(shim: &Path) -> Result<(PathBuf, Vec<PathBuf>), HostFault> {
    let fault = |why: &str| {
        HostFault::new(format!(
            "`{}` does not start Python: {why}; mend it, or put another python3 first on PATH",
            shim.display()
        ))
    };
    let mut child = Command::new(shim)
        .args(["-c", "import sys; print(sys.executable, sys.prefix, sys.base_prefix, sep='\\n')"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| fault(&error.to_string()))?;
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(fault("it does not answer"));
            }
            Err(error) => return Err(fault(&error.to_string())),
        }
    };
    let mut answer = String::new();
    if let Some(mut output) = child.stdout.take() {
        let _ = output.read_to_string(&mut answer);
    }
    let mut lines = answer.lines().map(PathBuf::from);
    let path = lines.next().unwrap_or_default();
    if status.success() && path.is_absolute() && is_program(&path) {
        Ok((path, lines.filter(|prefix| prefix.is_absolute() && prefix.is_dir()).collect()))
    } else {
        Err(fault(&format!("{status}")))
    }
}

fn missing(name: &str) -> HostFault {
    let package = match name {
        _ if is_python(name) => Some("python3"),
        "gcc" | "cc" => Some("gcc"),
        "g++" | "c++" => Some("g++"),
        "clang" | "make" | "cmake" | "node" => Some(name),
        _ => None,
    };
    let advice = match (package, name) {
        (Some("node"), _) => "apt-get install nodejs".to_owned(),
        (Some(package), _) => format!("apt-get install {package}"),
        (None, "rustc" | "cargo") => "see https://rustup.rs".to_owned(),
        (None, _) => "install it, or add its folder to PATH".to_owned(),
    };
    HostFault::new(format!("{name} is not installed: {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    #[test]
    fn a_shim_is_asked_for_the_interpreter_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        script(folder.path(), "python3", "#!/bin/sh\necho /bin/sh\n");
        let found = resolve_in("python3", [folder.path().to_owned()].into_iter()).unwrap();
        assert!(found.was_shim);
        assert_eq!(found.path, Path::new("/bin/sh"));
    }

    #[test]
    fn a_broken_shim_is_a_host_fault_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        script(folder.path(), "python3", "#!/bin/sh\nexit 127\n");
        let fault = resolve_in("python3", [folder.path().to_owned()].into_iter()).unwrap_err();
        assert!(fault.what.contains("does not start Python"), "{fault}");
    }

    #[test]
    fn other_scripts_are_started_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = script(folder.path(), "tool", "#!/bin/sh\n");
        let found = resolve_in("tool", [folder.path().to_owned()].into_iter()).unwrap();
        assert_eq!((found.path, found.was_shim), (file, false));
    }

    #[test]
    fn a_program_is_shown_with_its_prefix_but_no_home() {
        for (program, prefix) in [
            ("/opt/python/3.12/bin/python3", "/opt/python/3.12"),
            ("/home/u/.local/bin/tool", "/home/u/.local/bin/tool"),
            ("/opt/bin/tool", "/opt/bin/tool"),
            ("/srv/tool", "/srv/tool"),
        ] {
            assert_eq!(prefix_of(Path::new(program)), Path::new(prefix));
        }
    }

    #[test]
    fn what_is_missing_comes_with_advice() {
        let fault = resolve_in("python3", std::iter::empty()).unwrap_err();
        assert_eq!(fault.what, "python3 is not installed: apt-get install python3");
        assert!(resolve_in("no-such-tool", std::iter::empty()).is_err());
    }
}
