//! What a sandbox costs over a plain spawn, and what a Python that stays warm saves: medians,
//! all in one run. `cargo bench --profile dev -p evolve-sandbox` (the profile of the tests).

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use evolve_core::ports::HostFault;
use evolve_core::sandbox::{
    Exit, Folder, Limits, Outside, Sandbox, SandboxCommand, SandboxFile, SandboxSpec, WarmPython,
};
use evolve_sandbox::{
    DEFAULT_IMAGE, DockerSandbox, HelperCommand, ImageSource, ProcessSandbox, UnconfinedSandbox,
    resolve_program,
};

const ROUNDS: usize = 200;

/// Containers take long to make.
const FEW_ROUNDS: usize = 30;

/// Time in which the next container is made, as while an evaluation runs elsewhere.
const MEANWHILE: Duration = Duration::from_secs(1);

/// About a millisecond of work.
const BODY: &str =
    "import time\nend = time.perf_counter() + 0.001\nwhile time.perf_counter() < end: pass\n";

fn main() {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return eprintln!("no runtime: {error}"),
    };
    if let Err(fault) = runtime.block_on(measure()) {
        eprintln!("{fault}");
    }
}

async fn measure() -> Result<(), HostFault> {
    let helper = HelperCommand::new(env!("CARGO_BIN_EXE_evolve-sandbox-supervisor"));
    let process = ProcessSandbox::new(helper.clone());
    let unconfined = UnconfinedSandbox::new(helper);
    for argv in [&["true"][..], &["/usr/bin/python3", "-c", "pass"], &["python3", "-c", "pass"]] {
        let program = resolve_program(argv[0])?;
        let (mut plain, mut bare, mut confined) = (Vec::new(), Vec::new(), Vec::new());
        // In turn, so that a loaded machine troubles all alike.
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let mut command = Command::new(&program);
            let _ = command.args(&argv[1..]).env_clear().stdin(Stdio::null()).status();
            plain.push(start.elapsed());
            bare.push(once(&unconfined, &Arc::new(spec(&[], None)), argv).await?);
            confined.push(once(&process, &Arc::new(spec(&[], None)), argv).await?);
        }
        let [plain, bare, confined] = [plain, bare, confined].map(median);
        println!(
            "{:<16} plain {plain:6.2} ms   unconfined +{:5.2} ms   process +{:5.2} ms",
            argv[0],
            bare - plain,
            confined - plain
        );
    }
    warm(&process).await?;
    match DockerSandbox::connect(&ImageSource::Default, &(Arc::new(|_: &str| {}) as _)).await {
        Ok(docker) => {
            containers(&docker).await?;
            warm(&docker).await?;
            docker.close().await;
        }
        Err(fault) => println!("docker: left out: {fault}"),
    }
    Ok(())
}

/// A container for each command: by the client's `run`, made when it is asked for, and made
/// ahead.
async fn containers(docker: &DockerSandbox) -> Result<(), HostFault> {
    let (mut fresh, mut made, mut ahead) = (Vec::new(), Vec::new(), Vec::new());
    let prepared = Arc::new(spec(&[], None));
    once(docker, &prepared, &["true"]).await?;
    for _ in 0..FEW_ROUNDS {
        tokio::time::sleep(MEANWHILE).await;
        let start = Instant::now();
        let mut client = Command::new("docker");
        client.args(["run", "--rm", "--network=none", "--read-only", "--cap-drop=ALL"]);
        client.args(["--security-opt=no-new-privileges", "--memory=1g", "--pids-limit=64"]);
        let _ = client.args(["--log-driver=none", DEFAULT_IMAGE, "true"]).status();
        fresh.push(start.elapsed());
        made.push(once(docker, &Arc::new(spec(&[], None)), &["true"]).await?);
        tokio::time::sleep(MEANWHILE).await;
        ahead.push(once(docker, &prepared, &["true"]).await?);
    }
    let [fresh, made, ahead] = [fresh, made, ahead].map(median);
    println!(
        "true     docker run {fresh:6.2} ms   container on demand {made:6.2} ms   made ahead \
         {ahead:6.2} ms"
    );
    Ok(())
}

/// A script of a millisecond, with a fresh Python and with a warm one.
async fn warm(sandbox: &dyn Sandbox) -> Result<(), HostFault> {
    let argv = ["python3", "run.py"];
    let words: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
    for import in ["json", "numpy"] {
        let code = format!("import {import}\n{BODY}");
        let imports = [import.to_owned()];
        let cold = Arc::new(spec(&[&code], None));
        let warm = Arc::new(spec(&[&code], WarmPython::of(&words, &imports)));
        let name = sandbox.name();
        if once(sandbox, &cold, &argv).await.is_err() {
            println!("{name}: {import} is not installed: left out");
            continue;
        }
        once(sandbox, &warm, &argv).await?;
        let (mut colds, mut warms) = (Vec::new(), Vec::new());
        let rounds = if name == "docker" { FEW_ROUNDS } else { ROUNDS };
        for _ in 0..rounds {
            colds.push(once(sandbox, &cold, &argv).await?);
        }
        // The last one's successor is still being made.
        tokio::time::sleep(MEANWHILE).await;
        for _ in 0..rounds {
            warms.push(once(sandbox, &warm, &argv).await?);
        }
        let [cold, warm] = [colds, warms].map(median);
        println!(
            "{import:<8} {name}, script of 1 ms: fresh Python {cold:6.2} ms   warm {warm:6.2} ms"
        );
    }
    Ok(())
}

/// One command, from opening a sandbox to having it back.
async fn once(
    sandbox: &dyn Sandbox,
    spec: &Arc<SandboxSpec>,
    argv: &[&str],
) -> Result<Duration, HostFault> {
    let start = Instant::now();
    let mut session = sandbox.open(Arc::clone(spec)).await?;
    let command = SandboxCommand {
        argv: argv.iter().map(|arg| (*arg).to_owned()).collect(),
        env: BTreeMap::new(),
        files: Vec::new(),
        output_is_given: false,
        wall: Duration::from_secs(10),
        log: 1 << 16,
    };
    let outcome = session.run(command).await?;
    drop(session);
    let took = start.elapsed();
    // What is kept is cleaned in the background: the next one is not to pay for that.
    while spec.warm.is_some() && Arc::strong_count(spec) < 2 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    match outcome.exit {
        Exit::Code(0) => Ok(took),
        exit => Err(HostFault::new(format!("{argv:?} ended with {exit:?}"))),
    }
}

fn spec(scripts: &[&str], warm: Option<WarmPython>) -> SandboxSpec {
    let file = |text: &&str| SandboxFile {
        folder: Folder::Work,
        path: "run.py".to_owned(),
        bytes: Arc::from(text.as_bytes()),
        executable: false,
    };
    SandboxSpec {
        slot: 0,
        side: "bench",
        env: BTreeMap::new(),
        files: scripts.iter().map(file).collect(),
        limits: Limits {
            memory: 1 << 30,
            disk: 64 << 20,
            shm: 64 << 20,
            file_size: 1 << 20,
            processes: 64,
            cpus: 2.0,
        },
        warm,
        outside: Outside::default(),
    }
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}
