//! What an exit means.
//!
//! A resource limit makes allocations fail; what a program does then is its own business, so
//! running out of memory is recognised by its traces and cannot be told with certainty: the
//! last lines of the output name it, or a failed process had come close to the limit. A
//! program can fake these traces, which harms nobody but itself.

use evolve_core::ports::HostFault;
use evolve_core::sandbox::{Exit, Limits};
use evolve_sandbox_helper::wire::{Ended, Report};

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
    report: &Report,
    log: &[u8],
    limits: Option<Limits>,
) -> Result<Exit, HostFault> {
    let exit = match &report.ended {
        Ended::NotStarted(why) => {
            return Err(HostFault::new(format!("the command could not be started: {why}")));
        }
        Ended::TimedOut => return Ok(Exit::TimedOut),
        Ended::Code(0) => return Ok(Exit::Code(0)),
        Ended::Code(code) => Exit::Code(*code),
        Ended::Signal(signal) => Exit::Signal(*signal),
    };
    let memory = limits.map_or(u64::MAX, |limits| limits.memory);
    let came_close = report.peak_memory >= memory - memory / 10;
    let ran_out = report.out_of_memory || came_close || names_memory(log);
    Ok(if ran_out { Exit::OutOfMemory } else { exit })
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

    fn report(ended: Ended, peak_memory: u64) -> Report {
        Report {
            ended,
            wall_s: 0.0,
            cpu_s: 0.0,
            peak_memory,
            io: None,
            out_of_memory: false,
            too_many_processes: false,
            immortal: Vec::new(),
            spoilt: None,
            cut: 0,
        }
    }

    fn exit(ended: Ended, log: &str, peak: u64) -> Exit {
        let limits =
            Limits { memory: 1000, disk: 1, shm: 1, file_size: 1, processes: 1, cpus: 1.0 };
        exit_of(&report(ended, peak), log.as_bytes(), Some(limits)).unwrap()
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
        let killed = report(Ended::Signal(9), u64::MAX / 2);
        assert_eq!(exit_of(&killed, b"", None), Ok(Exit::Signal(9)));
        let counted = Report { out_of_memory: true, ..killed };
        assert_eq!(exit_of(&counted, b"", None), Ok(Exit::OutOfMemory));
    }
}
