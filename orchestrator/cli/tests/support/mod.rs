//! A task that needs nothing but `sh` and is evaluated in milliseconds, and the binary.

#![allow(dead_code)] // each test file uses a part of it
#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// Whether a daemon answers and has the image; says and counts where not.
pub fn has_docker(test: &str) -> bool {
    let image = Command::new("docker").args(["image", "inspect", "evolve/python:3"]).output();
    let has = image.is_ok_and(|output| output.status.success());
    if !has {
        skipped(test, "docker", "no Docker daemon with the image evolve/python:3 answers");
    }
    has
}

/// Says and counts what is left out.
pub fn skipped(test: &str, needs: &str, why: &str) {
    println!("skipped: {test}: {why}");
    if let Some(log) = std::env::var_os("EVOLVE_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
        writeln!(log, "{test}\t{needs}\t{why}").unwrap();
    }
}

/// A temporary folder with a task `task/` and a runs folder `runs/`.
pub struct Place {
    pub folder: tempfile::TempDir,
}

/// The program: two numbers to search for; the score falls with their distance from (3, -2).
pub const PROGRAM: &str = "\
# EVOLVE-BLOCK-START
X = 0.5
Y = 0.25
# EVOLVE-BLOCK-END
";

const JUDGE: &str = r#"
x=$(sed -n 's/^X = //p' "$EVOLVE_OUTPUT/program")
y=$(sed -n 's/^Y = //p' "$EVOLVE_OUTPUT/program")
awk -v x="$x" -v y="$y" 'BEGIN {
  if (x !~ /^[-+0-9.eE]+$/ || y !~ /^[-+0-9.eE]+$/) exit 1
  printf "{\"metrics\":{\"score\":%.12g}}", 100 - (x-3)*(x-3) - (y+2)*(y+2)
}' > "$EVOLVE_RESULT" || exit 1
if [ -n "$NOTEBOOK" ]; then sha256sum < "$EVOLVE_OUTPUT/program" >> "$NOTEBOOK"; fi
"#;

impl Place {
    pub fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        let task = place.task();
        std::fs::create_dir(&task).unwrap();
        place.write("program.py", PROGRAM);
        place.write("run.sh", "cat \"$EVOLVE_PROGRAM\" > \"$EVOLVE_OUTPUT/program\"\n");
        place.write("judge.sh", JUDGE);
        place.write("task.toml", &Self::task_toml(""));
        place
    }

    /// The task with more text at its end.
    pub fn task_toml(more: &str) -> String {
        format!(
            r#"[task]
name = "two-numbers"
description = "Find the two numbers."
[program]
path = "program.py"
[[objective]]
metric = "score"
goal = "maximize"
[evaluator]
candidate_files = ["run.sh"]
judge_files = ["judge.sh"]
[[evaluator.stage]]
name = "full"
run = ["sh", "run.sh"]
judge = ["sh", "judge.sh"]
timeout = "10s"
{more}"#
        )
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn task(&self) -> PathBuf {
        self.path().join("task")
    }

    pub fn runs(&self) -> PathBuf {
        self.path().join("runs")
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.task().join(name), text).unwrap();
    }

    /// The binary with a clean environment, in this place.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evolve"));
        command
            .current_dir(self.path())
            .env_remove("OPENAI_API_KEY")
            .env_remove("EVOLVE_RUNS")
            .env("NO_COLOR", "1")
            // What is not about the sandbox is tested with the one that starts fastest.
            .env("EVOLVE_SANDBOX", "process")
            .args(args);
        command
    }

    pub fn evolve(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Standard output of a command that must succeed.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.evolve(args);
        assert!(
            output.status.success(),
            "evolve {args:?} ended with {:?}\n{}\n{}",
            output.status.code(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Its JSON.
    pub fn json(&self, args: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.ok(args)).unwrap()
    }

    /// Exit code and standard error of a command that must fail.
    pub fn fails(&self, args: &[&str]) -> (i32, String) {
        let output = self.evolve(args);
        let code = output.status.code().unwrap();
        assert_ne!(code, 0, "evolve {args:?} did not fail");
        (code, String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// The only run's folder.
    pub fn run_dir(&self) -> PathBuf {
        let mut runs: Vec<_> = std::fs::read_dir(self.runs())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.join("events.jsonl").exists())
            .collect();
        runs.sort();
        runs.pop().unwrap()
    }

    pub fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.run_dir().join("lineage.git"))
            .args(args)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Starts a run that only a command ends, and waits until it listens.
pub fn live(place: &Place) -> Child {
    let mut command = place.command(&["start", "task", "-q"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    loop {
        assert!(child.try_wait().unwrap().is_none(), "the run ended by itself");
        if place.runs().exists() && place.evolve(&["status"]).status.success() {
            let status = place.json(&["status", "--json"]);
            if status["candidates"]["evaluated"].as_u64().unwrap() > 3 {
                return child;
            }
        }
        std::thread::yield_now();
    }
}

/// Sends a signal by its name.
pub fn signal(child: &Child, name: &str) {
    let status =
        Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}
