//! What the sandbox tests share.
#![allow(dead_code)] // not every test file uses all of it
#![allow(clippy::unwrap_used)] // shared by tests only

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use evolve_core::ports::{HostFault, Limits, Sandbox, SandboxCommand, SandboxOutcome};
use evolve_sandbox::{HelperCommand, ProcessSandbox};
use tempfile::TempDir;

/// Marks the processes of one test, so that they can be found among all others.
pub const MARK: &str = "SANDBOX_TEST_MARK";

pub fn helper() -> HelperCommand {
    HelperCommand::new(env!("CARGO_BIN_EXE_evolve-sandbox-helper"))
}

/// A working folder and a mark of its own.
pub struct Bench {
    pub folder: TempDir,
    pub mark: String,
}

impl Bench {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mark = folder.path().display().to_string();
        Self { folder, mark }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn python(&self, code: &str) -> SandboxCommand {
        self.command(&["python3", "-c", code])
    }

    pub fn command(&self, argv: &[&str]) -> SandboxCommand {
        SandboxCommand {
            argv: argv.iter().map(|arg| (*arg).to_owned()).collect(),
            env: BTreeMap::from([(MARK.to_owned(), self.mark.clone())]),
            workdir: self.folder.path().to_owned(),
            writable: Vec::new(),
            readable: Vec::new(),
            limits: Limits {
                // Longer than any test waits: what ends was ended by something else.
                wall: Duration::from_hours(1),
                memory: 512 << 20,
                file_size: 1 << 20,
                processes: 64,
                log: 4096,
            },
        }
    }

    /// Processes of this test that are alive.
    pub fn alive(&self) -> Vec<String> {
        marked(&self.mark)
    }

    /// Waits until something is there.
    pub async fn appears(&self, name: &str) {
        let path = self.path(name);
        eventually_async(|| path.exists(), name).await;
    }
}

pub async fn run(command: SandboxCommand) -> Result<SandboxOutcome, HostFault> {
    ProcessSandbox::new(helper()).run(command).await
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
