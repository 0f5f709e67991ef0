//! Log lines on stderr.

use std::fmt;
use std::sync::OnceLock;

use evolve_core::RunId;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::args::{ColorWhen, Global, LogFormat, LogLevel};

/// The run that this process has. One at most: a process that has a run ends with it.
static RUN: OnceLock<String> = OnceLock::new();

/// Starts logging as the flags say. Other crates' chatter stays at `warn`.
pub fn start(global: &Global) {
    let level = match global.log_level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let crates = [
        "evolve",
        "evolve_engine",
        "evolve_store",
        "evolve_propose",
        "evolve_sandbox",
        "evolve_evaluators",
        "evolve_cognition",
        "evolve_report",
    ];
    let ours: Vec<String> = crates.iter().map(|name| format!("{name}={level}")).collect();
    let other = if matches!(global.log_level, LogLevel::Error) { "error" } else { "warn" };
    let filter = EnvFilter::new(format!("{other},{}", ours.join(",")));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour(global));
    // A second call in one process is harmless.
    let _ = match global.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.event_format(JsonLines).try_init(),
    };
}

/// Names the run in every JSON line from now on.
pub fn of_run(run: &RunId) {
    let _ = RUN.set(run.to_string()); // it has one name
}

/// One JSON object a line: time, level, where it comes from, the run, the message, and the
/// fields of the step.
struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let meta = event.metadata();
        let mut put = |key: &str, value: String| fields.0.insert(key.to_owned(), value.into());
        put("timestamp", jiff::Timestamp::now().to_string());
        put("level", meta.level().to_string());
        put("target", meta.target().to_owned());
        if let Some(run) = RUN.get() {
            put("run", run.clone());
        }
        writeln!(writer, "{}", Value::Object(fields.0))
    }
}

/// The fields of a log line. What is no finite number is `null`.
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}

/// Whether stderr gets colour.
pub fn colour(global: &Global) -> bool {
    use std::io::IsTerminal;
    match global.color {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => {
            std::env::var_os(evolve_core::env::NO_COLOR).is_none_or(|v| v.is_empty())
                && std::io::stderr().is_terminal()
        }
    }
}
