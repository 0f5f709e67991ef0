//! `evolve doctor`: what is installed, what is missing, how to get it.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use evolve_core::sandbox::{Exit, Limits, Outside, SandboxCommand, SandboxSpec};
use evolve_core::task::SandboxKind;
use evolve_sandbox::{ImageSource, Say};
use serde_json::json;

use crate::args::Json;
use crate::commands::{print, print_json};
use crate::error::CliError;
use crate::sandboxes::helper_command;
use crate::session::runtime;

struct Finding {
    what: &'static str,
    needed: bool,
    found: Result<String, String>,
}

/// Looks and prints; fails when something needed is missing.
pub fn doctor(args: &Json) -> Result<(), CliError> {
    let findings = [
        Finding { what: "system", needed: true, found: system() },
        Finding { what: "python3", needed: true, found: python() },
        Finding { what: "process sandbox", needed: true, found: sandbox(SandboxKind::Process) },
        Finding { what: "docker sandbox", needed: false, found: sandbox(SandboxKind::Docker) },
        Finding { what: "git (to read lineage.git)", needed: false, found: git() },
        Finding { what: "model key", needed: false, found: key() },
    ];
    let missing = findings.iter().any(|f| f.needed && f.found.is_err());
    if args.json {
        let list: Vec<_> = findings
            .iter()
            .map(|f| {
                let (ok, text) = match &f.found {
                    Ok(text) => (true, text),
                    Err(text) => (false, text),
                };
                json!({ "what": f.what, "needed": f.needed, "ok": ok, "detail": text })
            })
            .collect();
        print_json(&json!({ "version": 1, "ok": !missing, "findings": list }))?;
    } else {
        for f in &findings {
            let (mark, text) = match (&f.found, f.needed) {
                (Ok(text), _) => ("ok     ", text),
                (Err(text), true) => ("MISSING", text),
                (Err(text), false) => ("absent ", text),
            };
            print(&format!("{mark}  {}: {}\n", f.what, text.replace('\n', "\n           ")));
        }
    }
    if missing {
        return Err(CliError::new(
            crate::error::Exit::Failed,
            "something that evolve needs is missing",
        ));
    }
    Ok(())
}

fn system() -> Result<String, String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let text = format!("{} {}, {cores} cores", std::env::consts::OS, std::env::consts::ARCH);
    if cfg!(target_os = "linux") {
        Ok(text)
    } else {
        Err(format!("{text}; the process sandbox needs Linux; use --sandbox unconfined elsewhere"))
    }
}

fn python() -> Result<String, String> {
    let path = evolve_sandbox::resolve_program("python3").map_err(|fault| fault.what)?;
    let version = output(Command::new(&path).arg("--version")).unwrap_or_default();
    Ok(format!("{version} at {}", path.display()))
}

/// Runs something in it: what a sandbox says of itself is not what a system lets it do.
fn sandbox(kind: SandboxKind) -> Result<String, String> {
    let runtime = runtime().map_err(|error| error.message)?;
    let helper = helper_command().map_err(|error| error.message)?;
    let silent: Say = Arc::new(|_| {});
    let sandbox = runtime
        .block_on(evolve_sandbox::pick(kind, helper, &ImageSource::Default, &silent))
        .map_err(|fault| fault.what)?;
    let spec = SandboxSpec {
        slot: 0,
        side: "doctor",
        env: BTreeMap::new(),
        files: Vec::new(),
        limits: Limits {
            memory: 1 << 30,
            disk: 1 << 20,
            shm: 1 << 20,
            file_size: 1 << 20,
            processes: 16,
            cpus: 1.0,
        },
        warm: None,
        outside: Outside::default(),
    };
    let command = SandboxCommand {
        argv: vec!["true".to_owned()],
        env: BTreeMap::new(),
        files: Vec::new(),
        output_is_given: false,
        wall: Duration::from_secs(30),
        log: 1024,
    };
    let outcome = runtime.block_on(async {
        let mut session = sandbox.open(Arc::new(spec)).await?;
        let outcome = session.run(command).await;
        drop(session);
        sandbox.close().await;
        outcome
    });
    match outcome.map_err(|fault| fault.what)?.exit {
        Exit::Code(0) => Ok(format!("it works\n{}", sandbox.guarantees().join("\n"))),
        exit => Err(format!("`true` in the {} sandbox ended with {exit:?}", sandbox.name())),
    }
}

fn git() -> Result<String, String> {
    output(Command::new("git").arg("--version"))
        .ok_or_else(|| "not installed (Debian: apt-get install git)".to_owned())
}

fn key() -> Result<String, String> {
    let name = evolve_core::env::OPENAI_API_KEY;
    match std::env::var_os(name) {
        Some(value) if !value.is_empty() => {
            Ok(format!("{name} is set; use it with api_key_env in [[model]]"))
        }
        _ => Err(format!(
            "{name} is not set; without [[model]] in task.toml the mutate proposer searches, \
             offline and free"
        )),
    }
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
