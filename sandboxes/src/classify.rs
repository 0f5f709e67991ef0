//! What an exit means.
//!
//! A resource limit makes allocations fail; what a program does then is its own business, so
//! running out of memory is recognised by its traces and cannot be told with certainty: the
//! last lines of the output name it, or a failed process had come close to the limit. A
//! program can fake these traces, which harms nobody but itself.

use evolve_core::ports::{Exit, HostFault, Limits};

use crate::job::Ended;

/// What allocators and runtimes say, in the last lines, when they get no memory.
const TRACES: [&str; 6] = [
    "MemoryError",
    "std::bad_alloc",
    "memory allocation of",
    "Cannot allocate memory",
    "java.lang.OutOfMemoryError",
    "JavaScript heap out of memory",
];

/// How many bytes of the output's end are looked at.
const LAST: usize = 2048;

/// The typed exit; `limits` are those that were set.
pub(crate) fn exit_of(
    ended: Ended,
    log: &[u8],
    peak_memory: u64,
    limits: Option<Limits>,
) -> Result<Exit, HostFault> {
    let exit = match ended {
        Ended::NotStarted(why) => {
            return Err(HostFault::new(format!("the command could not be started: {why}")));
        }
        Ended::TimedOut => return Ok(Exit::TimedOut),
        Ended::Code(0) => return Ok(Exit::Code(0)),
        Ended::Code(code) => Exit::Code(code),
        Ended::Signal(signal) => Exit::Signal(signal),
    };
    let memory = limits.map_or(u64::MAX, |limits| limits.memory);
    let came_close = peak_memory >= memory - memory / 10;
    Ok(if came_close || names_memory(log) { Exit::OutOfMemory } else { exit })
}

fn names_memory(log: &[u8]) -> bool {
    let end = String::from_utf8_lossy(&log[log.len().saturating_sub(LAST)..]);
    end.lines().rev().filter(|line| !line.trim().is_empty()).take(3).any(|line| {
        // A traceback's source lines are indented; they may mention anything.
        !line.starts_with([' ', '\t']) && TRACES.iter().any(|trace| line.contains(trace))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn exit(ended: Ended, log: &str, peak: u64) -> Exit {
        let limits = Limits {
            wall: Duration::from_secs(1),
            memory: 1000,
            file_size: 1,
            processes: 1,
            log: 1,
        };
        exit_of(ended, log.as_bytes(), peak, Some(limits)).unwrap()
    }

    #[test]
    fn a_failed_allocation_is_out_of_memory() {
        let trace = "Traceback (most recent call last):\n  File \"x\"\nMemoryError\n";
        assert_eq!(exit(Ended::Code(1), trace, 10), Exit::OutOfMemory);
        let abort = "terminate called after throwing an instance of 'std::bad_alloc'\n";
        assert_eq!(exit(Ended::Signal(6), abort, 10), Exit::OutOfMemory);
        assert_eq!(exit(Ended::Signal(9), "", 950), Exit::OutOfMemory);
    }

    #[test]
    fn words_in_passing_are_not_out_of_memory() {
        let handled = "MemoryError was handled\n1\n2\n3\nValueError: x\n";
        assert_eq!(exit(Ended::Code(1), handled, 10), Exit::Code(1));
        assert_eq!(exit(Ended::Code(0), "MemoryError\n", 990), Exit::Code(0));
        assert_eq!(exit(Ended::Signal(9), "", 10), Exit::Signal(9));
    }

    #[test]
    fn without_limits_nothing_is_close_to_one() {
        assert_eq!(exit_of(Ended::Signal(9), b"", u64::MAX / 2, None), Ok(Exit::Signal(9)));
    }
}
