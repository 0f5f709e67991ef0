//! What the sandbox tests share.
#![allow(dead_code)] // not every test file uses all of it
#![allow(clippy::unwrap_used)] // shared by tests only

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use evolve_core::ports::HostFault;
use evolve_core::sandbox::{
    EnvValue, Limits, Outside, Sandbox, SandboxCommand, SandboxOutcome, SandboxSpec, Session,
};
use evolve_sandbox::{
    DockerSandbox, HelperCommand, ImageSource, ProcessSandbox, Say, UnconfinedSandbox,
};

/// Marks the processes of one test, so that they can be found among all others.
pub const MARK: &str = "SANDBOX_TEST_MARK";

pub fn helper() -> HelperCommand {
    HelperCommand::new(env!("CARGO_BIN_EXE_evolve-sandbox-supervisor"))
}

pub fn process() -> ProcessSandbox {
    ProcessSandbox::new(helper())
}

/// The docker sandbox, where a daemon answers and has the image; else that is said and counted.
pub async fn docker() -> Option<DockerSandbox> {
    let say: Say = Arc::new(|line| println!("{line}"));
    match DockerSandbox::connect(&ImageSource::Default, &say).await {
        Ok(docker) => Some(docker),
        Err(fault) => {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            skipped(&format!("{test} in containers"), "docker", &fault.what);
            None
        }
    }
}

/// Says and counts what is left out.
pub fn skipped(what: &str, needs: &str, why: &str) {
    println!("skipped: {what}: {why}");
    if let Some(log) = std::env::var_os("EVOLVE_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
        writeln!(log, "{what}\t{needs}\t{why}").unwrap();
    }
}

/// In each sandbox that confines what runs there.
pub async fn confined(test: impl AsyncFn(&dyn Sandbox)) {
    test(&process()).await;
    if let Some(docker) = docker().await {
        test(&docker).await;
        docker.close().await;
    }
}

/// In each sandbox.
pub async fn everywhere(test: impl AsyncFn(&dyn Sandbox)) {
    test(&UnconfinedSandbox::new(helper())).await;
    confined(test).await;
}

/// A spec with tight limits.
pub fn spec() -> SandboxSpec {
    SandboxSpec {
        slot: 0,
        side: "test",
        env: BTreeMap::new(),
        files: Vec::new(),
        limits: Limits {
            memory: 256 << 20,
            disk: 64 << 20,
            shm: 64 << 20,
            file_size: 1 << 20,
            processes: 64,
            cpus: 2.0,
        },
        warm: None,
        outside: Outside::default(),
    }
}

/// A command with a mark of its own.
pub struct Marked {
    pub command: SandboxCommand,
    pub mark: String,
}

impl Marked {
    pub fn python(code: &str) -> Self {
        Self::new(&["python3", "-c", code])
    }

    pub fn new(argv: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}-{count}", std::process::id());
        let command = SandboxCommand {
            argv: argv.iter().map(|arg| (*arg).to_owned()).collect(),
            env: BTreeMap::from([(MARK.to_owned(), EnvValue::Text(mark.clone()))]),
            files: Vec::new(),
            output_is_given: false,
            // Longer than any test waits: what ends was ended by something else.
            wall: Duration::from_hours(1),
            log: 4096,
        };
        Self { command, mark }
    }

    pub fn within(mut self, wall: Duration) -> Self {
        self.command.wall = wall;
        self
    }

    /// Runs it in a fresh sandbox, and checks that nothing of it is left.
    pub async fn run_in(self, sandbox: &dyn Sandbox) -> Result<SandboxOutcome, HostFault> {
        let mut session = sandbox.open(Arc::new(spec())).await?;
        self.run_with(&mut *session).await
    }

    pub async fn run_with(self, session: &mut dyn Session) -> Result<SandboxOutcome, HostFault> {
        let outcome = session.run(self.command).await;
        assert_eq!(marked(&self.mark), [""; 0]);
        outcome
    }
}

pub fn text(outcome: &SandboxOutcome) -> String {
    String::from_utf8_lossy(&outcome.log).into_owned()
}

/// Command lines of the live processes that carry this mark.
pub fn marked(mark: &str) -> Vec<String> {
    let needle = format!("{MARK}={mark}").into_bytes();
    let carries = |process: &Path| {
        std::fs::read(process.join("environ"))
            .is_ok_and(|environ| environ.split(|b| *b == 0).any(|entry| entry == needle))
    };
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|process| carries(process))
        .map(|process| {
            let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
            format!("{}: {}", process.display(), String::from_utf8_lossy(&line))
        })
        .collect()
}

pub fn eventually(mut holds: impl FnMut() -> bool, what: &str) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub async fn eventually_async(mut holds: impl FnMut() -> bool, what: &str) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
