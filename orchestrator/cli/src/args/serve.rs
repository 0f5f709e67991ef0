//! Flags of `evolve serve`.

use std::net::IpAddr;

use clap::Args;

/// `serve`
#[derive(Debug, Args)]
#[command(after_help = "\
The pages only read; a run is steered from the command line. /metrics is for Prometheus, /api/runs
gives JSON. Without a token only this machine is answered.

Examples:
  evolve serve                                   http://127.0.0.1:8080
  evolve serve --runs /data/runs --port 0        any free port; the address is printed
  EVOLVE_TOKEN=a-long-secret evolve serve --host 0.0.0.0
  ssh -L 8080:localhost:8080 gpu-box evolve serve   from afar without a token")]
pub struct Serve {
    /// Port; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Address to listen at; any but a loopback one needs a token
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// What readers must show, at least 12 characters; better given by `EVOLVE_TOKEN` than in sight of
    /// other users
    #[arg(long, value_name = "TEXT", env = evolve_core::env::TOKEN, hide_env_values = true)]
    pub token: Option<String>,
}
