//! What the kernel counted for a control group: the sums over all processes of a sandbox.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The counters of a control group, opened while they can be reached.
#[derive(Debug, Default)]
pub struct Meter {
    ooms: Option<File>,
    crowds: Option<File>,
    peak: Option<File>,
    cpu: Option<File>,
    io: Option<File>,
}

/// The counters at one moment; none where the kernel does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reading {
    /// Processes killed for want of memory.
    pub ooms: Option<u64>,
    /// Processes not made because there were too many.
    pub crowds: Option<u64>,
    /// Most memory held at once, in bytes, since the group was made.
    pub peak: Option<u64>,
    /// CPU seconds.
    pub cpu_s: Option<f64>,
    /// Bytes read from and written to devices.
    pub io: Option<(u64, u64)>,
}

/// Folders of a control group, by controller.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// `memory`.
    pub memory: Option<PathBuf>,
    /// `pids`.
    pub pids: Option<PathBuf>,
    /// `cpu` (version 2) or `cpuacct`.
    pub cpu: Option<PathBuf>,
    /// `io` (version 2) or `blkio`.
    pub io: Option<PathBuf>,
}

impl Groups {
    /// Those of a container, as it sees them itself.
    pub fn of_container() -> Self {
        let root = Path::new("/sys/fs/cgroup");
        if root.join("cgroup.controllers").exists() {
            let all = || Some(root.to_owned());
            return Self { memory: all(), pids: all(), cpu: all(), io: all() };
        }
        let one = |name: &str| Some(root.join(name));
        Self { memory: one("memory"), pids: one("pids"), cpu: one("cpuacct"), io: one("blkio") }
    }
}

impl Meter {
    /// Opens what is there.
    pub fn open(groups: &Groups) -> Self {
        let open = |folder: &Option<PathBuf>, names: &[&str]| {
            let folder = folder.as_ref()?;
            names.iter().find_map(|name| File::open(folder.join(name)).ok())
        };
        Self {
            ooms: open(&groups.memory, &["memory.events", "memory.oom_control"]),
            crowds: open(&groups.pids, &["pids.events"]),
            peak: open(&groups.memory, &["memory.peak", "memory.max_usage_in_bytes"]),
            cpu: open(&groups.cpu, &["cpu.stat", "cpuacct.usage"]),
            io: open(&groups.io, &["io.stat", "blkio.throttle.io_service_bytes_recursive"]),
        }
    }

    pub(super) fn read(&self) -> Reading {
        let text = |file: &Option<File>| read(file.as_ref()?);
        Reading {
            ooms: text(&self.ooms).and_then(|text| value(&text, "oom_kill")),
            crowds: text(&self.crowds).and_then(|text| value(&text, "max")),
            peak: text(&self.peak).and_then(|text| text.trim().parse().ok()),
            cpu_s: text(&self.cpu).and_then(|text| cpu_seconds(&text)),
            io: text(&self.io).map(|text| transferred(&text)),
        }
    }
}

fn read(file: &File) -> Option<String> {
    let mut bytes = vec![0; 16 * 1024];
    let n = file.read_at(&mut bytes, 0).ok()?;
    bytes.truncate(n);
    String::from_utf8(bytes).ok()
}

/// The number in the line that begins with this word.
fn value(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    rest.trim().parse().ok()
}

fn cpu_seconds(text: &str) -> Option<f64> {
    match value(text, "usage_usec") {
        Some(microseconds) => Some(microseconds as f64 / 1e6),
        None => text.trim().parse::<u64>().ok().map(|nanoseconds| nanoseconds as f64 / 1e9),
    }
}

/// Bytes read and written, over all devices, in either version's format.
fn transferred(text: &str) -> (u64, u64) {
    let mut sums = (0, 0);
    for line in text.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words.as_slice() {
            [_, "Read", n] => sums.0 += n.parse().unwrap_or(0),
            [_, "Write", n] => sums.1 += n.parse().unwrap_or(0),
            _ => {
                let sum = |name: &str| -> u64 {
                    words.iter().filter_map(|w| w.strip_prefix(name)?.parse::<u64>().ok()).sum()
                };
                sums.0 += sum("rbytes=");
                sums.1 += sum("wbytes=");
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(files: &[(&str, &str)]) -> Reading {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let here = || Some(folder.path().to_owned());
        Meter::open(&Groups { memory: here(), pids: here(), cpu: here(), io: here() }).read()
    }

    #[test]
    fn both_versions_of_control_groups_are_read() {
        let expected = Reading {
            ooms: Some(3),
            crowds: Some(7),
            peak: Some(4096),
            cpu_s: Some(1.5),
            io: Some((30, 5)),
        };
        let second = reading(&[
            ("memory.events", "low 0\nmax 9\noom 4\noom_kill 3\noom_group_kill 0\n"),
            ("pids.events", "max 7\n"),
            ("memory.peak", "4096\n"),
            ("cpu.stat", "usage_usec 1500000\nuser_usec 1\n"),
            ("io.stat", "8:0 rbytes=10 wbytes=5 rios=1\n8:16 rbytes=20 wbytes=0\n"),
        ]);
        assert_eq!(second, expected);
        let first = reading(&[
            ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"),
            ("pids.events", "max 7\n"),
            ("memory.max_usage_in_bytes", "4096\n"),
            ("cpuacct.usage", "1500000000\n"),
            ("blkio.throttle.io_service_bytes_recursive", "8:0 Read 30\n8:0 Write 5\nTotal 35\n"),
        ]);
        assert_eq!(first, expected);
    }

    #[test]
    fn what_is_not_counted_is_none() {
        assert_eq!(Meter::open(&Groups::default()).read(), Reading::default());
    }
}
