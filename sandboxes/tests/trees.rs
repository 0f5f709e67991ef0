//! The whole process tree ends, whatever it tries and however the command ends.

mod common;

use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Bench, helper, marked, run, text};
use evolve_core::ports::{Exit, Sandbox};
use evolve_sandbox::ProcessSandbox;

/// Ignores what can be ignored, leaves its session twice over, and holds the output open.
const DAEMON: &str = "
import os, signal, sys, time
for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(s, signal.SIG_IGN)
def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            open('daemon', 'w').close()
            while True: time.sleep(1)
        os._exit(0)
";

const WAIT_FOR_IT: &str = "
while not os.path.exists('daemon'): time.sleep(0.001)
";

#[tokio::test]
async fn a_daemon_does_not_outlive_a_normal_end() {
    let bench = Bench::new();
    let code = format!("{DAEMON}\ndaemon()\n{WAIT_FOR_IT}\nprint('done')");
    let outcome = run(bench.python(&code)).await.unwrap();
    assert_eq!(outcome.exit, Exit::Code(0));
    assert_eq!(text(&outcome), "done\n");
    assert_eq!(bench.alive(), [""; 0]);
}

#[tokio::test]
async fn a_daemon_and_a_stubborn_parent_do_not_outlive_the_deadline() {
    let bench = Bench::new();
    let code = format!("{DAEMON}\ndaemon()\n{WAIT_FOR_IT}\nwhile True: time.sleep(1)");
    let mut command = bench.python(&code);
    command.limits.wall = Duration::from_secs(3);
    let outcome = run(command).await.unwrap();
    assert_eq!(outcome.exit, Exit::TimedOut);
    assert!(bench.path("daemon").exists());
    assert_eq!(bench.alive(), [""; 0]);
}

#[tokio::test]
async fn a_burst_of_forks_is_killed_whole() {
    let bench = Bench::new();
    let code = "
import os, time
for _ in range(6):
    if os.fork() == 0: os.setsid()
while True: time.sleep(1)
";
    let mut command = bench.python(code);
    command.limits.wall = Duration::from_secs(1);
    let outcome = run(command).await.unwrap();
    assert_eq!(outcome.exit, Exit::TimedOut);
    assert_eq!(bench.alive(), [""; 0]);
}

#[tokio::test]
async fn a_dropped_future_leaves_nothing() {
    let bench = Bench::new();
    let code = format!("{DAEMON}\ndaemon()\n{WAIT_FOR_IT}\nwhile True: time.sleep(1)");
    let future = run(bench.python(&code));
    tokio::select! {
        outcome = future => panic!("ended by itself: {outcome:?}"),
        () = bench.appears("daemon") => {}
    }
    // No waiting: the drop itself ends everything.
    assert_eq!(bench.alive(), [""; 0]);
}

#[tokio::test]
async fn who_kills_the_supervisor_dies_with_it() {
    let bench = Bench::new();
    let code = format!(
        "{DAEMON}\ndaemon()\n{WAIT_FOR_IT}\nos.kill(os.getppid(), 9)\nwhile True: time.sleep(1)"
    );
    let outcome = run(bench.python(&code)).await.unwrap();
    assert_eq!(outcome.exit, Exit::Signal(9));
    assert!(text(&outcome).contains("supervisor was killed"));
    assert_eq!(bench.alive(), [""; 0]);
}

#[tokio::test]
async fn who_hides_from_the_search_and_kills_the_supervisor_dies_with_it() {
    let bench = Bench::new();
    // Without its environment the process cannot be found by it.
    let code = "
import os, sys
open('pid', 'w').write(str(os.getpid()))
code = 'import os, time; os.kill(os.getppid(), 9); time.sleep(3600)'
os.execve(sys.executable, [sys.executable, '-c', code], {})
";
    let outcome = run(bench.python(code)).await.unwrap();
    assert_eq!(outcome.exit, Exit::Signal(9));
    let pid = std::fs::read_to_string(bench.path("pid")).unwrap();
    let dead = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        stat.is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
    };
    common::eventually(dead, "the end of the process");
}

#[test]
fn a_controller_killed_by_sigkill_leaves_nothing() {
    let bench = Bench::new();
    let mut controller = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "controller_process", "--nocapture"])
        .env("CONTROLLER_MARK", &bench.mark)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    common::eventually(|| bench.path("daemon").exists(), "the daemon of the controller's command");
    assert!(!marked(&bench.mark).is_empty());
    controller.kill().unwrap();
    controller.wait().unwrap();
    common::eventually(|| marked(&bench.mark).is_empty(), "the end of all processes");
}

#[tokio::test]
#[ignore = "started by `a_controller_killed_by_sigkill_leaves_nothing`"]
async fn controller_process() {
    let Ok(mark) = std::env::var("CONTROLLER_MARK") else { return };
    let mut command =
        Bench::new().python(&format!("{DAEMON}\ndaemon()\nwhile True: time.sleep(1)"));
    command.workdir = mark.clone().into();
    command.env.insert(common::MARK.to_owned(), mark);
    let _ = ProcessSandbox::new(helper()).run(command).await;
}
