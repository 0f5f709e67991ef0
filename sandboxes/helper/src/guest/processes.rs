//! The process table as this process sees it.

use std::fs;

/// One line of the process table.
#[derive(Debug, Clone, Copy)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// Its parent's number.
    pub parent: i32,
    /// Its group's number.
    pub group: i32,
    /// Whether it has ended and only waits to be collected.
    pub ended: bool,
}

/// Every process this one can see. Empty on systems without `/proc`.
pub fn processes() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter_map(|pid| parse(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?))
        .collect()
}

/// Whether a process is of the user root: by its real user, which it cannot choose. (The owner
/// of its folder is root as well when it merely hides.)
pub(super) fn belongs_to_root(pid: i32) -> bool {
    let Ok(status) = fs::read(format!("/proc/{pid}/status")) else { return false };
    let status = String::from_utf8_lossy(&status);
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().next());
    uid == Some("0")
}

/// Fields 3 to 5 of `/proc/PID/stat`; the name before them may hold anything.
fn parse(pid: i32, stat: &[u8]) -> Option<Process> {
    let end_of_name = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = str::from_utf8(&stat[end_of_name + 1..]).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let ended = matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some(Process { pid, parent, group, ended })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_fake_a_parent() {
        let process = parse(7, b"7 (x) S 1 1 (y) R 42 43 43 0").unwrap();
        assert_eq!((process.parent, process.group, process.ended), (42, 43, false));
        assert!(parse(7, b"7 (x) Z 1 1 1 0").unwrap().ended);
    }

    #[test]
    fn this_process_is_in_the_table() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(processes().iter().any(|process| process.pid == me));
    }
}
