//! Errors as people see them, and the exit codes.

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// How the process ends. Documented in `docs/operations.md` and in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Bad usage or bad task.
    Usage = 2,
    /// Nothing found.
    NotFound = 3,
    /// The run is locked by another process.
    Locked = 4,
    /// Stopped by a fault; resumable.
    Fault = 5,
    /// Interrupted; resumable.
    Interrupted = 130,
}

/// What went wrong, where, and what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    /// What happened.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// How the process ends.
    pub exit: Exit,
    source_text: Option<Box<NamedSource<String>>>,
    labels: Vec<LabeledSpan>,
    more: Vec<CliError>,
}

impl CliError {
    /// An error with its exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            exit,
            source_text: None,
            labels: Vec::new(),
            more: Vec::new(),
        }
    }

    /// A failure of this machine or of evolve itself.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// A mistake in what the person wrote.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// With a hint.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Mistakes in a text, each with its place.
    pub fn in_text(name: &str, text: &str, problems: &[evolve_core::task::Problem]) -> Self {
        let mut errors = problems.iter().map(|problem| {
            let mut error = Self::usage(problem.message.clone());
            error.help.clone_from(&problem.help);
            error.source_text = Some(Box::new(NamedSource::new(name, text.to_owned())));
            error.labels = problem
                .span
                .iter()
                .map(|span| LabeledSpan::new(None, span.start, span.len().max(1)))
                .collect();
            error
        });
        let mut first = errors.next().unwrap_or_else(|| Self::usage("the task is not valid"));
        first.more = errors.collect();
        first
    }

    /// Writes it as log lines, one for each mistake, where every line is to be JSON.
    pub fn log(&self) {
        for error in std::iter::once(self).chain(&self.more) {
            let help = error.help.as_deref().unwrap_or_default();
            tracing::error!(help, exit = error.exit as u64, "{}", error.message);
        }
    }

    /// The mistakes as JSON, for `--json`.
    pub fn to_json(&self) -> serde_json::Value {
        let one = |error: &Self| {
            serde_json::json!({
                "message": error.message,
                "help": error.help,
                "span": error.labels.first().map(|l| [l.offset(), l.offset() + l.len()]),
            })
        };
        std::iter::once(one(self)).chain(self.more.iter().map(one)).collect()
    }
}

impl Diagnostic for CliError {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source_text.as_ref().map(|text| &**text as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as _)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        (!self.more.is_empty())
            .then(|| Box::new(self.more.iter().map(|e| e as &dyn Diagnostic)) as _)
    }
}

impl From<evolve_core::ports::HostFault> for CliError {
    fn from(fault: evolve_core::ports::HostFault) -> Self {
        Self::failed(fault.what)
    }
}
