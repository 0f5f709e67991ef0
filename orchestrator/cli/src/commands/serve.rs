//! `evolve serve`: the live pages.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use evolve_report::serve::{Setup, Token, serve as serve_pages};

use crate::args::Serve;
use crate::commands::print;
use crate::error::CliError;
use crate::session::runtime;

/// Characters of the shortest token: shorter ones can be guessed.
const SHORTEST_TOKEN: usize = 12;

/// Serves until Ctrl-C or SIGTERM.
pub fn serve(runs: &Path, args: &Serve) -> Result<(), CliError> {
    let token = token(args)?;
    if !runs.is_dir() {
        return Err(CliError::usage(format!("there is no folder {}", runs.display()))
            .help("`evolve start TASK` makes it with the first run; --runs DIR names another"));
    }
    let address = SocketAddr::new(args.host, args.port);
    let listener = TcpListener::bind(address).map_err(|error| {
        CliError::failed(format!("cannot listen at {address}: {error}"))
            .help("another program may have the port; --port 0 takes a free one")
    })?;
    let failed = |error: std::io::Error| CliError::failed(format!("the pages ended: {error}"));
    let address = listener.local_addr().map_err(failed)?;
    print(&format!("http://{address}/\n"));
    let setup =
        Setup { runs: runs.to_owned(), listener, token, index: evolve_cognition::new_text_index() };
    runtime()?.block_on(serve_pages(setup, asked_to_stop())).map_err(failed)
}

fn token(args: &Serve) -> Result<Option<Token>, CliError> {
    match args.token.as_deref() {
        None if args.host.is_loopback() => Ok(None),
        None => Err(CliError::usage(format!("{} can be reached from other machines", args.host))
            .help("give --token, or EVOLVE_TOKEN, so that not everybody there reads your runs")),
        Some(text) if text.trim().chars().count() < SHORTEST_TOKEN => {
            Err(CliError::usage(format!("the token has fewer than {SHORTEST_TOKEN} characters"))
                .help("`openssl rand -hex 16` makes a good one"))
        }
        Some(text) => Ok(Some(Token::new(text.trim()))),
    }
}

async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}
