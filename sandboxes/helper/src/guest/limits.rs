//! Resource limits of each process of a command.

use rustix::process::{Resource, Rlimit, getrlimit};

use crate::wire::Rlimits;

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
    if let Some(processes) = limits.processes {
        wanted.push((Resource::Nproc, processes));
    }
    wanted.into_iter().map(|(resource, value)| (resource, at_most(resource, value))).collect()
}

fn at_most(resource: Resource, value: u64) -> Rlimit {
    let hard = getrlimit(resource).maximum;
    let value = hard.map_or(value, |hard| hard.min(value));
    Rlimit { current: Some(value), maximum: Some(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_above_what_this_process_has() {
        let limits =
            Rlimits { memory: u64::MAX, file_size: 1, processes: Some(5), open_files: u64::MAX };
        for (resource, limit) in of(limits) {
            let hard = getrlimit(resource).maximum.unwrap_or(u64::MAX);
            assert!(limit.maximum.unwrap() <= hard);
        }
    }
}
