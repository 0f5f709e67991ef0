//! Control groups: limits on all processes of a sandbox together. Version 1 and 2, where this
//! user may make them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use evolve_sandbox_helper::guest::meter::Groups;
use serde::{Deserialize, Serialize};

const ROOT: &str = "/sys/fs/cgroup";

/// Limits on all processes together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Caps {
    /// Bytes of memory, files in memory included.
    pub memory: u64,
    /// Processes and threads.
    pub processes: u32,
    /// Processor cores.
    pub cpus: f64,
}

/// The control groups of one sandbox.
#[derive(Debug, Default)]
pub(super) struct Made {
    groups: Groups,
    folders: Vec<PathBuf>,
}

impl Made {
    pub(super) fn folders(&self) -> Groups {
        self.groups.clone()
    }

    /// The ways into them. In version 1 a thread enters by itself: only then does it not have
    /// to wait until all processes of the machine have passed a safe point (10 ms and more).
    pub(super) fn doors(&self) -> io::Result<Vec<Door>> {
        let open = |folder: &PathBuf| {
            let tasks = folder.join("tasks");
            let file = if tasks.exists() { tasks } else { folder.join("cgroup.procs") };
            File::options().write(true).open(file).map(Door)
        };
        self.folders.iter().map(open).collect()
    }

    /// Removes them; everything in them has ended.
    pub(super) fn remove(&self) {
        for folder in &self.folders {
            // The kernel needs a moment to let go of the last process.
            for _ in 0..200 {
                match fs::remove_dir(folder) {
                    Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                        std::thread::sleep(std::time::Duration::from_millis(1));
                    }
                    _ => break,
                }
            }
        }
    }
}

/// A way into a group.
#[derive(Debug)]
pub(super) struct Door(File);

impl Door {
    /// Puts this process, which has one thread, into the group.
    pub(super) fn enter(mut self) -> io::Result<()> {
        self.0.write_all(b"0")
    }
}

/// Where groups can be made here: by controller, or all in one place.
enum Places {
    First { memory: PathBuf, pids: Option<PathBuf>, cpu: Option<PathBuf>, cpuacct: Option<PathBuf> },
    Second(PathBuf),
}

fn places(root: &Path) -> Option<Places> {
    let writable = |folder: &Path| {
        let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        folder.is_dir() && rustix::fs::access(folder, access).is_ok()
    };
    if let Ok(controllers) = fs::read_to_string(root.join("cgroup.subtree_control")) {
        let has = |name: &str| controllers.split_whitespace().any(|word| word == name);
        return (has("memory") && has("pids") && writable(root))
            .then(|| Places::Second(root.to_owned()));
    }
    let one = |name: &str| Some(root.join(name)).filter(|folder| writable(folder));
    Some(Places::First {
        memory: one("memory")?,
        pids: one("pids"),
        cpu: one("cpu"),
        cpuacct: one("cpuacct"),
    })
}

/// Whether memory and processes can be limited for all processes of a sandbox together.
pub(crate) fn available() -> bool {
    places(Path::new(ROOT)).is_some()
}

/// Removes groups that supervisors left behind which were killed. Those in use stay: the kernel
/// removes none that holds a process.
pub(crate) fn sweep() {
    let root = Path::new(ROOT);
    let folders = match places(root) {
        Some(Places::Second(place)) => vec![place],
        Some(Places::First { memory, pids, cpu, cpuacct }) => {
            [Some(memory), pids, cpu, cpuacct].into_iter().flatten().collect()
        }
        None => return,
    };
    let entries = folders.into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix("evolve-")?.split('-').next());
        if maker.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// Makes the groups of a sandbox; none where this user may not.
pub(super) fn make(tag: &str, caps: Caps) -> io::Result<Made> {
    make_in(Path::new(ROOT), tag, caps)
}

fn make_in(root: &Path, tag: &str, caps: Caps) -> io::Result<Made> {
    let mut made = Made::default();
    let Some(places) = places(root) else { return Ok(made) };
    let name = format!("evolve-{tag}");
    // A period of a tenth of a second, as the kernel's default.
    let quota = (caps.cpus * 100_000.0).ceil().max(1000.0) as u64;
    let mut group = |place: PathBuf| -> io::Result<PathBuf> {
        let folder = place.join(&name);
        fs::create_dir(&folder)?;
        made.folders.push(folder.clone());
        Ok(folder)
    };
    match places {
        Places::Second(place) => {
            let folder = group(place)?;
            fs::write(folder.join("memory.max"), caps.memory.to_string())?;
            // Not every system accounts for swap.
            let _ = fs::write(folder.join("memory.swap.max"), "0");
            fs::write(folder.join("pids.max"), caps.processes.to_string())?;
            let _ = fs::write(folder.join("cpu.max"), format!("{quota} 100000"));
            let all = || Some(folder.clone());
            made.groups = Groups { memory: all(), pids: all(), cpu: all(), io: all() };
        }
        Places::First { memory, pids, cpu, cpuacct } => {
            let folder = group(memory)?;
            fs::write(folder.join("memory.limit_in_bytes"), caps.memory.to_string())?;
            let _ = fs::write(folder.join("memory.memsw.limit_in_bytes"), caps.memory.to_string());
            made.groups.memory = Some(folder);
            if let Some(pids) = pids {
                let folder = group(pids)?;
                fs::write(folder.join("pids.max"), caps.processes.to_string())?;
                made.groups.pids = Some(folder);
            }
            if let Some(cpu) = cpu {
                let folder = group(cpu)?;
                fs::write(folder.join("cpu.cfs_quota_us"), quota.to_string())?;
            }
            if let Some(cpuacct) = cpuacct {
                // The same hierarchy as `cpu` on many systems.
                made.groups.cpu = match group(cpuacct.clone()) {
                    Ok(folder) => Some(folder),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        Some(cpuacct.join(&name))
                    }
                    Err(error) => return Err(error),
                };
            }
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPS: Caps = Caps { memory: 1 << 20, processes: 7, cpus: 1.5 };

    fn read(path: PathBuf) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn limits_are_written_as_version_2_wants_them() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("cgroup.subtree_control"), "cpu io memory pids\n").unwrap();
        let made = make_in(root.path(), "t", CAPS).unwrap();
        let group = root.path().join("evolve-t");
        assert_eq!(read(group.join("memory.max")), "1048576");
        assert_eq!(read(group.join("pids.max")), "7");
        assert_eq!(read(group.join("cpu.max")), "150000 100000");
        assert_eq!(made.folders().memory, Some(group));
    }

    #[test]
    fn limits_are_written_as_version_1_wants_them() {
        let root = tempfile::tempdir().unwrap();
        for controller in ["memory", "pids", "cpu"] {
            fs::create_dir(root.path().join(controller)).unwrap();
        }
        std::os::unix::fs::symlink("cpu", root.path().join("cpuacct")).unwrap();
        let made = make_in(root.path(), "t", CAPS).unwrap();
        assert_eq!(read(root.path().join("memory/evolve-t/memory.limit_in_bytes")), "1048576");
        assert_eq!(read(root.path().join("pids/evolve-t/pids.max")), "7");
        assert_eq!(read(root.path().join("cpu/evolve-t/cpu.cfs_quota_us")), "150000");
        assert_eq!(made.folders().cpu, Some(root.path().join("cpuacct/evolve-t")));
    }

    #[test]
    fn without_rights_nothing_is_made() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("cgroup.subtree_control"), "cpu\n").unwrap();
        assert!(make_in(root.path(), "t", CAPS).unwrap().folders.is_empty());
    }
}
