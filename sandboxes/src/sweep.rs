//! Looks through the process table.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use crate::job::TAG;

/// One line of the process table.
pub(crate) struct Process {
    pub pid: i32,
    pub parent: i32,
    pub group: i32,
}

/// Every process this one can see. Empty on systems without `/proc`.
pub(crate) fn processes() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter_map(|pid| parse(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?))
        .collect()
}

/// Fields 4 and 5 of `/proc/PID/stat`; the name before them may hold anything.
fn parse(pid: i32, stat: &[u8]) -> Option<Process> {
    let end_of_name = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = str::from_utf8(&stat[end_of_name + 1..]).ok()?;
    let mut fields = rest.split_ascii_whitespace().skip(1);
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some(Process { pid, parent, group })
}

/// Kills all processes that carry this tag in their environment, again and again until none
/// is found. For the one case in which the supervisor could not do it: it was killed itself.
pub(crate) fn kill_tagged(tag: &str) {
    let needle = format!("{TAG}={tag}").into_bytes();
    for _ in 0..100 {
        let tagged: Vec<i32> = processes()
            .into_iter()
            .map(|process| process.pid)
            .filter(|pid| carries(*pid, &needle))
            .collect();
        if tagged.is_empty() {
            return;
        }
        for pid in tagged.into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// A process that ended has an empty environment, so it is not found again.
fn carries(pid: i32, needle: &[u8]) -> bool {
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|entry| entry == needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_fake_a_parent() {
        let process = parse(7, b"7 (x) S 1 1 (y) R 42 43 43 0").unwrap();
        assert_eq!((process.parent, process.group), (42, 43));
    }

    #[test]
    fn this_process_is_in_the_table() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(processes().iter().any(|process| process.pid == me));
    }
}
