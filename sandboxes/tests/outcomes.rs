//! How commands end, and what they get and leave.

mod common;

use std::time::Duration;

use common::{Bench, helper, run, text};
use evolve_core::ports::{Exit, Sandbox};
use evolve_core::task::SandboxKind;
use evolve_sandbox::{HelperCommand, ProcessSandbox, UnconfinedSandbox, pick};

#[tokio::test]
async fn exit_codes_and_signals_are_told_apart() {
    let bench = Bench::new();
    for (code, exit) in [
        ("pass", Exit::Code(0)),
        ("raise SystemExit(7)", Exit::Code(7)),
        ("import os; os.kill(os.getpid(), 11)", Exit::Signal(11)),
    ] {
        assert_eq!(run(bench.python(code)).await.unwrap().exit, exit, "{code}");
    }
}

#[tokio::test]
async fn both_streams_are_collected_in_order() {
    let bench = Bench::new();
    let code = "import sys\nfor i in range(3):\n print(i, flush=True)\n print('e', i, file=sys.stderr, flush=True)";
    assert_eq!(text(&run(bench.python(code)).await.unwrap()), "0\ne 0\n1\ne 1\n2\ne 2\n");
}

#[tokio::test]
async fn a_flood_of_output_keeps_its_ends() {
    let bench = Bench::new();
    let code = "print('first')\nfor i in range(200000): print('x' * 100)\nprint('last')";
    let outcome = run(bench.python(code)).await.unwrap();
    assert_eq!(outcome.exit, Exit::Code(0));
    let log = text(&outcome);
    assert!(log.starts_with("first\n") && log.ends_with("last\n"));
    assert!(log.contains("bytes of output were cut here]"));
    assert!(log.len() < 4096 + 100, "{}", log.len());
}

#[tokio::test]
async fn endless_output_ends_at_the_deadline() {
    let bench = Bench::new();
    let mut command = bench.command(&["yes"]);
    command.limits.wall = Duration::from_millis(300);
    let outcome = run(command).await.unwrap();
    assert_eq!(outcome.exit, Exit::TimedOut);
    assert!(text(&outcome).starts_with("y\ny\n"));
}

#[tokio::test]
async fn running_out_of_memory_is_recognised() {
    let bench = Bench::new();
    let outcome = run(bench.python("x = bytearray(1 << 30)")).await.unwrap();
    assert_eq!(outcome.exit, Exit::OutOfMemory, "{}", text(&outcome));
    // Without limits the same program does its work.
    let outcome =
        UnconfinedSandbox::new(helper()).run(bench.python("x = bytearray(1 << 30)")).await.unwrap();
    assert_eq!(outcome.exit, Exit::Code(0), "{}", text(&outcome));
}

#[tokio::test]
async fn memory_can_be_used_up_to_the_limit() {
    let bench = Bench::new();
    let outcome = run(bench.python("x = bytearray(400 << 20); print(len(x))")).await.unwrap();
    assert_eq!(outcome.exit, Exit::Code(0), "{}", text(&outcome));
    assert!(outcome.usage.peak_memory > 400 << 20, "{:?}", outcome.usage);
}

#[tokio::test]
async fn files_cores_and_descriptors_are_limited() {
    let bench = Bench::new();
    let code = "import resource as r\nfor n in (r.RLIMIT_FSIZE, r.RLIMIT_CORE, r.RLIMIT_NOFILE):\n print(*r.getrlimit(n), flush=True)\nopen('big','wb').write(b'x' * (2 << 20))";
    let outcome = run(bench.python(code)).await.unwrap();
    let log = text(&outcome);
    assert!(log.starts_with("1048576 1048576\n0 0\n1024 1024\n"), "{log}");
    assert!(log.contains("File too large"), "{log}");
}

#[tokio::test]
async fn the_environment_is_clean() {
    let bench = Bench::new();
    let code = "import os\nprint(sorted(os.environ))\nprint(os.environ['HOME'] == os.getcwd(), os.environ['TMPDIR'] == os.getcwd())";
    let log = text(&run(bench.python(code)).await.unwrap());
    assert_eq!(
        log,
        format!(
            "['EVOLVE_SANDBOX_TAG', 'HOME', 'LANG', 'PATH', '{}', 'TMPDIR']\nTrue True\n",
            common::MARK
        )
    );
}

#[tokio::test]
async fn nothing_but_the_standard_files_is_open() {
    let bench = Bench::new();
    // A file that the controller itself inherited would not be closed on exec.
    let secret = std::fs::File::create(bench.path("secret")).unwrap();
    rustix::io::fcntl_setfd(&secret, rustix::io::FdFlags::empty()).unwrap();
    let code = "import os\nprint([f for f in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + f)])";
    let log = text(&run(bench.python(code)).await.unwrap());
    assert_eq!(log, "['0', '1', '2']\n");
}

#[tokio::test]
async fn usage_is_measured() {
    let bench = Bench::new();
    let code =
        "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass";
    let usage = run(bench.python(code)).await.unwrap().usage;
    assert!(usage.cpu_s >= 0.3 && usage.wall_s >= 0.3, "{usage:?}");
    assert!(usage.peak_memory > 1 << 20, "{usage:?}");
}

#[tokio::test]
async fn a_missing_program_is_the_hosts_fault() {
    let bench = Bench::new();
    let fault = run(bench.command(&["no-such-program"])).await.unwrap_err();
    assert!(fault.what.starts_with("no-such-program is not installed"), "{fault}");
    let fault = run(bench.command(&["./absent"])).await.unwrap_err();
    assert!(fault.what.contains("could not be started"), "{fault}");
}

#[tokio::test]
async fn a_binary_that_is_no_supervisor_is_named() {
    let bench = Bench::new();
    let sandbox = ProcessSandbox::new(HelperCommand::new("/bin/cat"));
    let fault = sandbox.run(bench.python("pass")).await.unwrap_err();
    assert!(fault.what.contains("/bin/cat"), "{fault}");
    let sandbox = ProcessSandbox::new(HelperCommand::new("/no/such/file"));
    let fault = sandbox.run(bench.python("pass")).await.unwrap_err();
    assert!(fault.what.contains("/no/such/file"), "{fault}");
}

#[tokio::test]
async fn many_commands_run_side_by_side() {
    let benches: Vec<Bench> = (0..20).map(|_| Bench::new()).collect();
    let sandbox = ProcessSandbox::new(helper());
    let mut running = tokio::task::JoinSet::new();
    for (i, bench) in benches.iter().enumerate() {
        let future = sandbox.run(bench.command(&["sh", "-c", &format!("echo {i}; exit {i}")]));
        running.spawn(async move { (i, future.await) });
    }
    while let Some(ended) = running.join_next().await {
        let (i, outcome) = ended.unwrap();
        let outcome = outcome.unwrap();
        assert_eq!(outcome.exit, Exit::Code(i32::try_from(i).unwrap()));
        assert_eq!(text(&outcome), format!("{i}\n"));
    }
}

#[test]
fn the_kinds_lead_to_the_sandboxes() {
    for (kind, name) in [
        (SandboxKind::Auto, "process"),
        (SandboxKind::Process, "process"),
        (SandboxKind::Unconfined, "unconfined"),
    ] {
        let sandbox = pick(kind, helper()).unwrap();
        assert_eq!(sandbox.name(), name);
        let lines = sandbox.guarantees();
        assert!(lines.iter().any(|line| line.starts_with("not enforced: the network")));
    }
}
