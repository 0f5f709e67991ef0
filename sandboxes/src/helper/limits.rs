//! Resource limits of each process of a command.

use rustix::process::{Resource, Rlimit, getrlimit};

use crate::job::Rlimits;

/// What to set in the child. Never above what this process itself may use.
pub(super) fn of(limits: Rlimits) -> Vec<(Resource, Rlimit)> {
    // `Data` counts private writable memory, which is what a program really asks for. The
    // address space also holds libraries, shared memory and mere reservations (language
    // runtimes reserve many times what they use), so its limit is a wide outer fence.
    let address_space = limits.memory.saturating_mul(4).saturating_add(4 << 30);
    let mut wanted = vec![
        (Resource::Data, limits.memory),
        (Resource::As, address_space),
        (Resource::Fsize, limits.file_size),
        (Resource::Nofile, limits.open_files),
        (Resource::Core, 0),
    ];
    // The kernel counts this one per user, so what the user runs already comes on top. It
    // is not enforced for root.
    if !rustix::process::geteuid().is_root() {
        wanted.push((Resource::Nproc, limits.processes.saturating_add(running_tasks())));
    }
    wanted.into_iter().map(|(resource, value)| (resource, at_most(resource, value))).collect()
}

fn at_most(resource: Resource, value: u64) -> Rlimit {
    let hard = getrlimit(resource).maximum;
    let value = hard.map_or(value, |hard| hard.min(value));
    Rlimit { current: Some(value), maximum: Some(value) }
}

/// Threads that run under this user now.
fn running_tasks() -> u64 {
    use std::os::unix::fs::MetadataExt;
    let me = rustix::process::geteuid().as_raw();
    let Ok(processes) = std::fs::read_dir("/proc") else { return 0 };
    processes
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes()[0].is_ascii_digit())
        .filter(|entry| entry.metadata().is_ok_and(|meta| meta.uid() == me))
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok())
        .filter_map(|stat| threads(&stat))
        .sum()
}

/// The number of threads in a line of `/proc/PID/stat`: field 20, where the name (field 2)
/// may itself hold blanks and parentheses.
fn threads(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(17)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_found_behind_odd_names() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 12 0 99";
        assert_eq!(threads(stat), Some(12));
        assert!(threads(&std::fs::read_to_string("/proc/self/stat").unwrap()).unwrap() >= 1);
    }

    #[test]
    fn no_limit_is_above_what_this_process_has() {
        let limits = Rlimits { memory: u64::MAX, file_size: 1, processes: 5, open_files: u64::MAX };
        for (resource, limit) in of(limits) {
            let hard = getrlimit(resource).maximum.unwrap_or(u64::MAX);
            assert!(limit.maximum.unwrap() <= hard);
        }
    }
}
