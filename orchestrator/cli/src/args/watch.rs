//! `watch`.

use clap::Args;

/// `watch`
#[derive(Debug, Args)]
#[command(after_help = "\
Keys: p pauses, u unpauses, s stops the run (after a question); j and k select a candidate, Enter
opens it, b opens the best; Tab changes the panel, ? shows all keys, q leaves. Leaving never ends
the run. Where the output is no terminal, a line is written whenever something changed, until the
run comes to rest.

Examples:
  evolve watch                          the latest run
  evolve watch latest --once            how it stands, once, as plain text
  evolve watch latest | tee watch.log   a line whenever something changed")]
pub struct Watch {
    /// Full id, unique prefix, or `latest`
    #[arg(default_value = "latest")]
    pub run: String,
    /// Print where the run stands and end
    #[arg(long)]
    pub once: bool,
}
