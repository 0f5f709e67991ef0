//! Every program in `tests/hostile`, run as a candidate, and what must come of it: what
//! `EXPECT.tsv` says, with host, judge and the next evaluation unharmed.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use std::collections::BTreeSet;
use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use common::process;
use evolve_core::outcome::{EvalPurpose, EvalReport, EvalStatus, StageReport};
use evolve_core::ports::{EvalRequest, Evaluator, StageSink};
use evolve_core::sandbox::Sandbox;
use evolve_core::{CandidateId, Program};
use evolve_evaluators::{Harness, HarnessSetup};
use tempfile::TempDir;

const TASK: &str = r#"
[task]
name = "hostile"
[program]
path = "program.py"
[[objective]]
metric = "score"
goal = "maximize"
[evaluator]
candidate_files = ["run.py"]
judge_files = ["judge.py", "reference/"]
[[evaluator.stage]]
name = "full"
run = ["python3", "run.py"]
judge = ["python3", "-I", "-S", "judge.py"]
timeout = "20s"
resources = { memory = "256MiB", output = "64KiB", disk = "64MiB", cpus = 2 }
"#;

const RUN: &str = "
import os
path = os.environ['EVOLVE_PROGRAM']
exec(compile(open(path).read(), path, 'exec'))
";

const JUDGE: &str = "
import os, json
text = open(os.path.join(os.environ['EVOLVE_OUTPUT'], 'score.txt')).read()
json.dump({'metrics': {'score': float(text), 'valid': 1}, 'feedback': 'fine'},
          open(os.environ['EVOLVE_RESULT'], 'w'))
";

const WELL: &str = "open(os.path.join(os.environ['EVOLVE_OUTPUT'], 'score.txt'), 'w').write('1')\n";

struct Expectation {
    name: String,
    statuses: Vec<String>,
    detail: String,
}

fn zoo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile")
}

fn expectations() -> Vec<Expectation> {
    let text = std::fs::read_to_string(zoo().join("EXPECT.tsv")).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let mut columns = line.split('\t');
            let mut next = || columns.next().unwrap_or_default().to_owned();
            let (name, statuses, detail) = (next(), next(), next());
            Expectation { name, statuses: statuses.split('|').map(str::to_owned).collect(), detail }
        })
        .collect()
}

struct Silent;

impl StageSink for Silent {
    fn stage_done(&self, _report: StageReport) {}
}

/// A task, and a host worth attacking.
struct Host {
    task: TempDir,
    canary: TempDir,
    port: u16,
    address: String,
    abstract_name: String,
    reached: Arc<AtomicBool>,
    /// A process that is a target.
    victim: Child,
    _socket: UnixListener,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}

impl Host {
    fn new() -> Self {
        let (task, canary) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        std::fs::create_dir(task.path().join("reference")).unwrap();
        for (name, text) in [
            ("run.py", RUN),
            ("judge.py", JUDGE),
            ("program.py", "pass\n"),
            ("reference/secret.json", "{\"secret\": \"evolve-canary\"}"),
        ] {
            std::fs::write(task.path().join(name), text).unwrap();
        }
        std::fs::write(canary.path().join("canary"), "evolve-canary").unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(canary.path(), open).unwrap();
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let reached = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&reached);
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                seen.store(true, Ordering::SeqCst);
                let _ = stream.write_all(b"hello");
            }
        });
        let abstract_name = format!("evolve-test-{}-{port}", std::process::id());
        let name = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let socket = UnixListener::bind_addr(&name).unwrap();
        let victim = Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        let address = address();
        Self { task, canary, port, address, abstract_name, reached, victim, _socket: socket }
    }

    fn harness(&self, sandbox: Arc<dyn Sandbox>, timeout: &str) -> Harness {
        let task = evolve_core::task::parse_task(&TASK.replace("20s", timeout))
            .unwrap_or_else(|problems| panic!("{problems:?}"));
        let task_root = self.task.path().to_owned();
        Harness::new(HarnessSetup { task: Arc::new(task), task_root, sandbox, gpus: Vec::new() })
            .unwrap()
    }

    fn program(&self, name: &str) -> String {
        let text = std::fs::read_to_string(zoo().join(format!("{name}.py"))).unwrap();
        let canary = self.canary.path().display().to_string();
        text.replace("@CANARY_DIR@", &canary)
            .replace("@CANARY@", &format!("{canary}/canary"))
            .replace("@PORT@", &self.port.to_string())
            .replace("@HOST_IP@", &self.address)
            .replace("@ABSTRACT@", &self.abstract_name)
            .replace("@HOST_PID@", &self.victim.id().to_string())
            .replace("@TASK@", &self.task.path().display().to_string())
    }

    /// What an attack must not have changed.
    fn check(&mut self, name: &str) {
        assert!(self.victim.try_wait().unwrap().is_none(), "{name} ended a process of the host");
        let entries: Vec<_> = std::fs::read_dir(self.canary.path()).unwrap().flatten().collect();
        assert_eq!(entries.len(), 1, "{name} wrote outside");
        let canary = std::fs::read_to_string(self.canary.path().join("canary")).unwrap();
        assert_eq!(canary, "evolve-canary", "{name}");
        assert_eq!(std::fs::read_to_string(self.task.path().join("judge.py")).unwrap(), JUDGE);
        assert!(!self.reached.load(Ordering::SeqCst), "{name} reached the host by network");
    }
}

/// An address of this machine by which others would reach it; loopback if it has none.
fn address() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let _ = socket.connect("192.0.2.1:9");
    socket.local_addr().map_or("127.0.0.1".to_owned(), |address| address.ip().to_string())
}

async fn evaluate(harness: &Harness, text: &str) -> EvalReport {
    let request = EvalRequest {
        candidate: CandidateId(1),
        program: Program::single("program.py", text),
        purpose: EvalPurpose::Search,
        repeats: (0, 1),
        run_seed: 1,
    };
    harness.evaluate(request, Arc::new(Silent)).await
}

/// Cases about the memory of all processes together.
const NEED_GROUPS: [&str; 4] =
    ["memory_many_children", "memory_memfd", "memory_mmap_shared", "memory_sysv_shm"];

/// Whether this system can do what a case is about; says so where it cannot.
fn can_run(sandbox: &dyn Sandbox, name: &str) -> bool {
    let grouped = sandbox.guarantees().iter().any(|line| line.contains("by control groups"));
    let can = grouped || !NEED_GROUPS.contains(&name);
    if !can {
        let why = "control groups can be made by root only";
        common::skipped(&format!("hostile program {name}"), "cgroups", why);
    }
    can
}

/// Runs the programs whose place in the list leaves this remainder, so that shares run side
/// by side.
async fn share(sandbox: Arc<dyn Sandbox>, remainder: usize) {
    let mut host = Host::new();
    let failures = Mutex::new(Vec::new());
    let patient = host.harness(Arc::clone(&sandbox), "20s");
    let quick = host.harness(Arc::clone(&sandbox), "2s");
    for (i, expected) in expectations().iter().enumerate() {
        let Expectation { name, statuses, detail } = expected;
        if i % SHARES != remainder || !can_run(&*sandbox, name) {
            continue;
        }
        let times_out = statuses.iter().any(|status| status == "TimedOut");
        let harness = if times_out { &quick } else { &patient };
        let report = evaluate(harness, &host.program(name)).await;
        host.check(name);
        let status = format!("{:?}", report.status);
        let as_expected = statuses.contains(&status)
            && report.detail.contains(detail.as_str())
            && !report.detail.chars().any(char::is_control)
            && report.log.len() < 3 * 64 * 1024
            && (report.status != EvalStatus::Ok || report.samples == [1.0]);
        let next = evaluate(&patient, WELL).await;
        if !as_expected || next.samples != [1.0] {
            let log = String::from_utf8_lossy(&report.log).into_owned();
            let log: String = log.chars().take(1500).collect();
            failures.lock().unwrap().push(format!(
                "{name}: {status} ({}), samples {:?}, expected {statuses:?} `{detail}`; the next: \
                 {:?} {}\n{log}",
                report.detail, report.samples, next.status, next.detail
            ));
        }
    }
    sandbox.close().await;
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n\n"));
}

const SHARES: usize = 4;

async fn in_containers(remainder: usize) {
    if let Some(docker) = common::docker().await {
        share(Arc::new(docker), remainder).await;
    }
}

macro_rules! shares {
    ($($share:literal $processes:ident $containers:ident)*) => {$(
        #[tokio::test]
        async fn $processes() {
            share(Arc::new(process()), $share).await;
        }

        #[tokio::test]
        async fn $containers() {
            in_containers($share).await;
        }
    )*};
}

shares! {
    0 the_first_share_is_harmless_in_processes the_first_share_is_harmless_in_containers
    1 the_second_share_is_harmless_in_processes the_second_share_is_harmless_in_containers
    2 the_third_share_is_harmless_in_processes the_third_share_is_harmless_in_containers
    3 the_fourth_share_is_harmless_in_processes the_fourth_share_is_harmless_in_containers
}

#[test]
fn the_whole_zoo_is_expected() {
    let files: BTreeSet<String> = std::fs::read_dir(zoo())
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".py").map(str::to_owned))
        .collect();
    let listed: BTreeSet<String> = expectations().into_iter().map(|e| e.name).collect();
    assert_eq!(files, listed);
    assert!(files.len() >= 45, "{}", files.len());
}
