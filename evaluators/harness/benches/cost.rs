//! What an evaluation costs: a trivial run and judge, against starting the bare interpreter
//! twice, taken in turn so that a loaded machine troubles all alike. Run with
//! `cargo bench --profile dev -p evolve-evaluators` (the profile that tests use as well).

#[path = "../tests/common/mod.rs"]
mod common;

use std::error::Error;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use common::{Lab, STAGE, Stages, request};
use evolve_core::outcome::{EvalPurpose, EvalStatus};
use evolve_core::ports::Evaluator;
use evolve_core::program::Program;
use evolve_sandbox::{HelperCommand, resolve_program};

const ROUNDS: usize = 150;
const RUN: &str = "import os\nopen(os.environ['EVOLVE_OUTPUT'] + '/x', 'w').write('1')\n";
const JUDGE: &str =
    "import os\nopen(os.environ['EVOLVE_RESULT'], 'w').write('{\"metrics\": {\"score\": 1}}')\n";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some(code) = evolve_sandbox::helper_main(&args) {
        std::process::exit(code);
    }
    let python = resolve_program("python3")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for flags in [&[][..], &["-I", "-S"][..]] {
        let stage =
            if flags.is_empty() { STAGE.replace("\"-I\", \"-S\", ", "") } else { STAGE.into() };
        let lab = Lab::new(&stage);
        lab.write("run.py", RUN).write("judge.py", JUDGE);
        let harness = lab.harness_with(HelperCommand::current_exe()?)?;
        let (mut bare, mut whole) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let start = Instant::now();
            for _ in 0..2 {
                // The environment a sandbox gives: no home to look for packages in.
                let mut command = Command::new(&python);
                command
                    .args(flags)
                    .args(["-c", "pass"])
                    .env_clear()
                    .stdin(Stdio::null())
                    .status()?;
            }
            bare.push(start.elapsed());
            let program = Program::single("program.py", "pass");
            let request = request(program, EvalPurpose::Search, (0, 1));
            let start = Instant::now();
            let report = runtime.block_on(harness.evaluate(request, Arc::new(Stages::default())));
            whole.push(start.elapsed());
            if report.status != EvalStatus::Ok {
                return Err(report.detail.into());
            }
        }
        bare.sort();
        whole.sort();
        // The tenth percentile tells of the work, the median also of what else the machine does.
        for (word, at) in [("p10", ROUNDS / 10), ("median", ROUNDS / 2)] {
            let [bare, whole] = [&bare, &whole].map(|times| times[at].as_secs_f64() * 1e3);
            println!(
                "python3 {:<6} {word:<6}   bare, twice {bare:6.2} ms   evaluation {whole:6.2} ms   \
                 overhead {:5.2} ms",
                flags.join(" "),
                whole - bare
            );
        }
    }
    Ok(())
}
