//! What a command's end means for the evaluation, and the one line that says why.

use evolve_core::outcome::EvalStatus;
use evolve_core::sandbox::{Exit, SandboxOutcome};
use evolve_core::task::{Bytes, Stage};

use crate::result::LARGEST_RESULT;
use crate::text;

/// The signal for a file that grows beyond the limit.
const SIGXFSZ: i32 = 25;
/// The exit status for a time that was over.
const GAVE_UP: i32 = 124;

/// Which command of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    Run,
    Judge,
}

impl Side {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Judge => "judge",
        }
    }
}

/// Why a repeat gave no result.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stopped {
    pub status: EvalStatus,
    pub detail: String,
}

impl Stopped {
    pub(crate) fn host(detail: String) -> Self {
        Self { status: EvalStatus::HostFault, detail }
    }
}

/// How the command failed, if it did.
pub(crate) fn failure_of(side: Side, stage: &Stage, outcome: &SandboxOutcome) -> Option<Stopped> {
    let word = side.word();
    let (status, what) = match outcome.exit {
        Exit::Code(0) => return None,
        Exit::TimedOut => {
            (EvalStatus::TimedOut, format!("`{word}` took longer than {}", stage.timeout))
        }
        Exit::OutOfMemory => {
            let limit = stage.resources.memory;
            (EvalStatus::OutOfMemory, format!("`{word}` ran out of memory (limit {limit})"))
        }
        Exit::Signal(SIGXFSZ) => (EvalStatus::LimitHit, file_too_large(stage)),
        Exit::Signal(signal) => {
            (EvalStatus::Crashed, format!("`{word}` was ended by {}", signal_name(signal)))
        }
        // As `timeout` ends, and whoever keeps a time of its own.
        Exit::Code(GAVE_UP) => (EvalStatus::TimedOut, format!("`{word}` gave up for time")),
        Exit::Code(code) => (EvalStatus::Crashed, format!("`{word}` ended with status {code}")),
    };
    let line = text::telling_line(&outcome.log);
    let crashed = status == EvalStatus::Crashed;
    let (status, what) = if crashed && line.contains("File too large") {
        (EvalStatus::LimitHit, file_too_large(stage))
    } else if crashed && line.contains("No space left on device") {
        let disk = stage.resources.disk;
        (EvalStatus::LimitHit, format!("`{word}` wrote more than {disk} or too many files"))
    } else {
        (status, what)
    };
    let detail = if line.is_empty() || outcome.exit == Exit::TimedOut {
        what
    } else {
        text::line(&format!("{what}: {line}"))
    };
    // Whatever happens to the judge is not a measurement of the candidate.
    let status = if side == Side::Judge { EvalStatus::JudgeFailed } else { status };
    Some(Stopped { status, detail })
}

/// Largest file that a stage's commands may write, in bytes.
pub(crate) fn largest_file(stage: &Stage) -> u64 {
    stage.resources.output.0.max(LARGEST_RESULT).min(stage.resources.disk.0)
}

fn file_too_large(stage: &Stage) -> String {
    format!("a file grew beyond {}", Bytes(largest_file(stage)))
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        31 => "SIGSYS",
        _ => return format!("signal {signal}"),
    };
    format!("signal {signal} ({name})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use evolve_core::outcome::Usage;
    use evolve_core::task::{Repeats, Resources, Span};

    fn failure(side: Side, exit: Exit, log: &str) -> Option<Stopped> {
        let stage = Stage {
            name: "s".into(),
            run: vec!["x".into()],
            judge: Vec::new(),
            timeout: Span::seconds(5),
            gate: None,
            repeats: Repeats::default(),
            resources: Resources::default(),
        };
        let outcome = SandboxOutcome { exit, log: log.into(), usage: Usage::default() };
        failure_of(side, &stage, &outcome)
    }

    #[test]
    fn each_end_has_its_status_and_line() {
        for (exit, log, status, detail) in [
            (Exit::Code(3), "a\nb\n", EvalStatus::Crashed, "`run` ended with status 3: b"),
            (Exit::Signal(11), "", EvalStatus::Crashed, "`run` was ended by signal 11 (SIGSEGV)"),
            (Exit::Code(124), "slow", EvalStatus::TimedOut, "`run` gave up for time: slow"),
            (Exit::TimedOut, "noise", EvalStatus::TimedOut, "`run` took longer than 5s"),
            (
                Exit::OutOfMemory,
                "",
                EvalStatus::OutOfMemory,
                "`run` ran out of memory (limit 2GiB)",
            ),
            (Exit::Signal(25), "", EvalStatus::LimitHit, "a file grew beyond 64MiB"),
            (
                Exit::Code(1),
                "OSError: [Errno 27] File too large",
                EvalStatus::LimitHit,
                "a file grew beyond 64MiB: OSError: [Errno 27] File too large",
            ),
        ] {
            let expected = Stopped { status, detail: detail.to_owned() };
            assert_eq!(failure(Side::Run, exit, log), Some(expected));
        }
        assert_eq!(failure(Side::Run, Exit::Code(0), "noise"), None);
    }

    #[test]
    fn whatever_happens_to_the_judge_is_the_judges() {
        for exit in [Exit::Code(1), Exit::TimedOut, Exit::OutOfMemory, Exit::Signal(9)] {
            let stopped = failure(Side::Judge, exit, "").unwrap();
            assert_eq!(stopped.status, EvalStatus::JudgeFailed, "{exit:?}");
        }
    }
}
