//! What the harness tests share: a small task on disk, and how to evaluate a program on it.
#![allow(dead_code)] // not every test file uses all of it
#![allow(clippy::unwrap_used)] // shared by tests only

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use evolve_core::CandidateId;
use evolve_core::device::Gpu;
use evolve_core::outcome::{EvalPurpose, EvalReport, StageReport};
use evolve_core::ports::{EvalRequest, Evaluator, StageSink};
use evolve_core::program::Program;
use evolve_core::task::{TaskConfig, parse_task};
use evolve_evaluators::{Harness, HarnessSetup, SetupError};
use evolve_sandbox::{HelperCommand, ProcessSandbox};
use tempfile::TempDir;

/// The task's head; stages follow.
pub const HEAD: &str = r#"
[task]
name = "t"
[program]
path = "program.py"
[[objective]]
metric = "score"
goal = "maximize"
[evaluator]
candidate_files = ["run.py"]
judge_files = ["judge.py"]
"#;

pub const STAGE: &str = r#"
[[evaluator.stage]]
name = "full"
run = ["python3", "-I", "-S", "run.py"]
judge = ["python3", "-I", "-S", "judge.py"]
timeout = "60s"
resources = { memory = "256MiB", output = "64KiB" }
"#;

/// Executes the program in its own process, as a candidate side does.
pub const RUN: &str = r#"
import os
path = os.environ["EVOLVE_PROGRAM"]
exec(compile(open(path).read(), path, "exec"))
"#;

/// Takes the score from the output; refuses what is no number.
pub const JUDGE: &str = r#"
import os, json
text = open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt")).read()
json.dump({"metrics": {"score": float(text), "valid": 1}, "feedback": "fine"},
          open(os.environ["EVOLVE_RESULT"], "w"))
"#;

/// Writes a score where the judge looks for it.
pub fn scoring(score: &str) -> String {
    format!("open(os.path.join(os.environ['EVOLVE_OUTPUT'], 'score.txt'), 'w').write('{score}')\n")
}

/// The sandbox's supervisor: an example of this crate, which cargo builds with its tests.
pub fn helper() -> HelperCommand {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().with_file_name("examples").join("sandbox_helper");
    assert!(path.exists(), "{} is not built: cargo build --examples", path.display());
    HelperCommand::new(path)
}

pub struct Lab {
    pub folder: TempDir,
    pub toml: String,
    /// In the environment of its processes.
    pub mark: String,
    /// The accelerators that its machine would have.
    pub gpus: Vec<Gpu>,
}

impl Lab {
    /// A task with this text after its head.
    pub fn new(rest: &str) -> Self {
        Self::from_toml(format!("{HEAD}{rest}"))
    }

    pub fn from_toml(toml: String) -> Self {
        let folder = TempDir::new().unwrap();
        let mark = folder.path().display().to_string();
        let lab = Self { folder, toml, mark, gpus: Vec::new() };
        lab.write("program.py", "pass\n").write("run.py", RUN).write("judge.py", JUDGE);
        lab
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("task")
    }

    /// Writes a file of the task folder.
    pub fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.root().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub fn task(&self) -> TaskConfig {
        let marked = |env: &str| format!("env = [\"LAB_MARK={}\"{env}", self.mark);
        let toml = if self.toml.contains("[sandbox]\nenv = [") {
            self.toml.replace("[sandbox]\nenv = [", &format!("[sandbox]\n{}, ", marked("")))
        } else {
            format!("[sandbox]\n{}\n{}", marked("]"), self.toml)
        };
        parse_task(&toml).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    pub fn harness(&self) -> Result<Harness, SetupError> {
        self.harness_with(helper())
    }

    pub fn harness_with(&self, helper: HelperCommand) -> Result<Harness, SetupError> {
        Harness::new(HarnessSetup {
            task: Arc::new(self.task()),
            task_root: self.root(),
            sandbox: Arc::new(ProcessSandbox::new(helper)),
            gpus: self.gpus.clone(),
        })
    }

    /// Evaluates one file as the search does, once.
    pub async fn evaluate(&self, program: &str) -> EvalReport {
        self.ask(Program::single("program.py", program), EvalPurpose::Search, (0, 1)).await.0
    }

    /// The same with a harness that is there.
    pub async fn ask_of(&self, harness: &Harness, program: &str) -> EvalReport {
        let program = Program::single("program.py", program);
        let sink: Arc<dyn StageSink> = Arc::new(Stages::default());
        harness.evaluate(request(program, EvalPurpose::Search, (0, 1)), sink).await
    }

    /// Live processes of this task's evaluations, by their environment.
    pub fn processes(&self) -> Vec<String> {
        let needle = format!("LAB_MARK={}", self.mark);
        let mut found = entries(Path::new("/proc"));
        found.retain(|name| {
            std::fs::read(format!("/proc/{name}/environ"))
                .is_ok_and(|environ| String::from_utf8_lossy(&environ).contains(&needle))
        });
        found
    }

    pub async fn ask(
        &self,
        program: Program,
        purpose: EvalPurpose,
        repeats: (u32, u32),
    ) -> (EvalReport, Vec<StageReport>) {
        let stages = Arc::new(Stages::default());
        let harness = self.harness().unwrap();
        let sink = Arc::clone(&stages) as Arc<dyn StageSink>;
        let report = harness.evaluate(request(program, purpose, repeats), sink).await;
        let stages = std::mem::take(&mut *stages.0.lock().unwrap());
        (report, stages)
    }
}

pub fn request(program: Program, purpose: EvalPurpose, repeats: (u32, u32)) -> EvalRequest {
    EvalRequest { candidate: CandidateId(7), program, purpose, repeats, run_seed: 42 }
}

#[derive(Default)]
pub struct Stages(pub Mutex<Vec<StageReport>>);

impl StageSink for Stages {
    fn stage_done(&self, report: StageReport) {
        self.0.lock().unwrap().push(report);
    }
}

pub fn entries(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

pub async fn eventually(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "never happened");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
