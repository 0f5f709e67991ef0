//! What a sandbox costs over a plain spawn: medians over many starts of `/bin/true` and of an
//! idle Python. Run with `cargo bench --profile dev -p evolve-sandbox`
//! (the profile that tests use as well).

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use evolve_core::ports::{Limits, Sandbox, SandboxCommand};
use evolve_sandbox::{HelperCommand, ProcessSandbox, resolve_program};

const ROUNDS: usize = 200;

fn main() {
    let helper = HelperCommand::new(env!("CARGO_BIN_EXE_evolve-sandbox-helper"));
    let sandbox = ProcessSandbox::new(helper);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return eprintln!("no runtime: {error}"),
    };
    for argv in [vec!["true"], vec!["python3", "-c", "pass"]] {
        let Ok(program) = resolve_program(argv[0]) else {
            eprintln!("{} is not installed: skipped", argv[0]);
            continue;
        };
        let workdir = std::env::temp_dir();
        let (mut plain, mut sandboxed) = (Vec::new(), Vec::new());
        // In turn, so that a loaded machine troubles both alike.
        for _ in 0..ROUNDS {
            plain.push(milliseconds(|| {
                let mut command = Command::new(&program);
                let _ = command.args(&argv[1..]).env_clear().stdin(Stdio::null()).status();
            }));
            let command = SandboxCommand {
                argv: argv.iter().map(|arg| (*arg).to_owned()).collect(),
                env: BTreeMap::new(),
                workdir: workdir.clone(),
                writable: Vec::new(),
                readable: Vec::new(),
                limits: Limits {
                    wall: Duration::from_secs(10),
                    memory: 1 << 30,
                    file_size: 1 << 20,
                    processes: 64,
                    log: 1 << 16,
                },
            };
            sandboxed.push(milliseconds(|| {
                if let Err(fault) = runtime.block_on(sandbox.run(command)) {
                    eprintln!("{fault}");
                }
            }));
        }
        let [plain, sandboxed] = [plain, sandboxed].map(median);
        println!(
            "{:<8} plain {:6.2} ms   process sandbox {:6.2} ms   difference {:5.2} ms",
            argv[0],
            plain,
            sandboxed,
            sandboxed - plain
        );
    }
}

fn milliseconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e3
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
