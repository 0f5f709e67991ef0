//! Everything a command started ends, whatever it tries and however it ends.

mod common;

use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Marked, helper, marked, process, text};
use evolve_core::sandbox::Exit;
use evolve_sandbox::UnconfinedSandbox;

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
daemon()
while not os.path.exists('daemon'): time.sleep(0.001)
";

const FOR_EVER: &str = "
while True: time.sleep(1)
";

#[tokio::test]
async fn a_daemon_does_not_outlive_a_normal_end() {
    common::everywhere(async |sandbox| {
        let command = Marked::python(&format!("{DAEMON}print('done')"));
        let outcome = command.run_in(sandbox).await.unwrap();
        assert_eq!((outcome.exit, text(&outcome).as_str()), (Exit::Code(0), "done\n"));
    })
    .await;
}

#[tokio::test]
async fn a_daemon_and_a_stubborn_parent_do_not_outlive_the_deadline() {
    common::everywhere(async |sandbox| {
        let command = Marked::python(&format!("{DAEMON}print('there', flush=True){FOR_EVER}"));
        let outcome = command.within(Duration::from_secs(3)).run_in(sandbox).await.unwrap();
        assert_eq!((outcome.exit, text(&outcome).as_str()), (Exit::TimedOut, "there\n"));
    })
    .await;
}

#[tokio::test]
async fn a_burst_of_forks_is_killed_whole() {
    let code = "
import os, time
for _ in range(5):
    if os.fork() == 0: os.setsid()
while True: time.sleep(1)
";
    common::everywhere(async |sandbox| {
        let command = Marked::python(code).within(Duration::from_secs(1));
        assert_eq!(command.run_in(sandbox).await.unwrap().exit, Exit::TimedOut);
    })
    .await;
}

#[tokio::test]
async fn a_dropped_session_leaves_nothing() {
    common::everywhere(async |sandbox| {
        let Marked { command, mark } = Marked::python(&format!("{DAEMON}{FOR_EVER}"));
        let mut session = sandbox.open(std::sync::Arc::new(common::spec())).await.unwrap();
        // The shell, or Python, its daemon, and what made the daemon.
        let started = common::eventually_async(|| marked(&mark).len() >= 2, "the daemon");
        tokio::select! {
            outcome = session.run(command) => panic!("ended by itself: {outcome:?}"),
            () = started => {}
        }
        drop(session);
        if sandbox.name() == "docker" {
            common::eventually_async(|| marked(&mark).is_empty(), "the removal").await;
        }
        // No waiting elsewhere: the drop itself ends everything.
        assert_eq!(marked(&mark), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn the_helper_cannot_be_killed_from_inside() {
    let code = format!("{DAEMON}os.kill(1, 9); os.kill(os.getppid(), 9); print('alive')");
    common::confined(async |sandbox| {
        let outcome = Marked::python(&code).run_in(sandbox).await.unwrap();
        assert_eq!((outcome.exit, text(&outcome).as_str()), (Exit::Code(0), "alive\n"));
    })
    .await;
}

#[test]
fn a_controller_killed_by_sigkill_leaves_nothing() {
    for kind in ["process", "unconfined"] {
        let mark = format!("controller-{kind}-{}", std::process::id());
        let mut controller = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "controller_process", "--nocapture"])
            .env("CONTROLLER_MARK", &mark)
            .env("CONTROLLER_KIND", kind)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        common::eventually(|| marked(&mark).len() >= 2, "the controller's command and its daemon");
        controller.kill().unwrap();
        controller.wait().unwrap();
        common::eventually(|| marked(&mark).is_empty(), "the end of all processes");
    }
}

#[tokio::test]
#[ignore = "started by `a_controller_killed_by_sigkill_leaves_nothing`"]
async fn controller_process() {
    let (Ok(mark), Ok(kind)) = (std::env::var("CONTROLLER_MARK"), std::env::var("CONTROLLER_KIND"))
    else {
        return;
    };
    let mut marked = Marked::python(&format!("{DAEMON}{FOR_EVER}"));
    let value = evolve_core::sandbox::EnvValue::Text(mark);
    marked.command.env.insert(common::MARK.to_owned(), value);
    let _ = if kind == "process" {
        marked.run_in(&process()).await
    } else {
        marked.run_in(&UnconfinedSandbox::new(helper())).await
    };
}
