//! A model server for trying `evolve` without a provider: it answers every prompt by
//! changing a number of the program shown in it.
//!
//! `cargo run -p evolve-testkit --bin model-server -- --port 8399`, and in `task.toml`:
//! `[[model]]` with `name = "perturb"` and `base_url = "http://127.0.0.1:8399/v1"`.

use std::process::ExitCode;

use evolve_testkit::{ModelServer, Reply, perturb};

fn port() -> Result<u16, String> {
    let mut args = std::env::args().skip(1);
    match (args.next().as_deref(), args.next(), args.next()) {
        (None, _, _) => Ok(0),
        (Some("--port"), Some(port), None) => {
            port.parse().map_err(|_| format!("`{port}` is not a port (0 to 65535)"))
        }
        _ => Err("usage: model-server [--port PORT]".to_owned()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let started = match port() {
        Ok(port) => ModelServer::start_on(port, |request| Reply::text(perturb::answer(request)))
            .await
            .map_err(|error| format!("cannot listen on port {port}: {error}")),
        Err(error) => Err(error),
    };
    match started {
        Ok(server) => {
            println!("{}", server.base_url());
            server.run().await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
