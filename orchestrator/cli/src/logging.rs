//! Log lines on stderr.

use tracing_subscriber::EnvFilter;

use crate::args::{ColorWhen, Global, LogFormat, LogLevel};

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
        LogFormat::Json => builder.json().try_init(),
    };
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
