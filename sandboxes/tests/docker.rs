//! What only containers do: images, mounts, daemons that go away, controllers that do.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;
#[path = "common/daemon.rs"]
mod daemon;

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use common::{Marked, marked, spec, text};
use daemon::OwnDaemon;
use evolve_core::device::Gpu;
use evolve_core::ports::HostFault;
use evolve_core::sandbox::{
    Exit, Folder, Mount, Outside, Sandbox, SandboxCommand, SandboxSpec, TakeLimits,
};
use evolve_sandbox::{DockerSandbox, ImageSource, Say};

fn silent() -> Say {
    Arc::new(|_| {})
}

async fn at(host: &str) -> DockerSandbox {
    DockerSandbox::connect_to(host, &ImageSource::Default, &silent()).await.unwrap()
}

fn now() -> f64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64()
}

/// Tells when it began, and ends after a while.
const SLOW: &str = "
import os, time
print(time.time(), flush=True)
time.sleep(6)
open(os.path.join(os.environ['O'], 'made'), 'w').write('made')
";

/// The same one each time, so that a later controller asks for what an earlier one began.
fn slow(mark: &str) -> SandboxCommand {
    let mut command = Marked::python(SLOW).command;
    let env = &mut command.env;
    env.insert(common::MARK.into(), evolve_core::sandbox::EnvValue::Text(mark.to_owned()));
    env.insert("O".into(), evolve_core::sandbox::EnvValue::Place(Folder::Output, String::new()));
    command
}

/// When a slow command says that it began; it must have ended well and left its file.
async fn began(sandbox: &DockerSandbox, mark: &str) -> f64 {
    let mut session = sandbox.open(Arc::new(spec())).await.unwrap();
    let outcome = session.run(slow(mark)).await.unwrap();
    assert_eq!(outcome.exit, Exit::Code(0), "{}", text(&outcome));
    let limits = TakeLimits { bytes: 100, entries: 10, depth: 2 };
    let taken = session.take(Folder::Output, limits).await.unwrap().unwrap();
    assert_eq!(taken.len(), 1);
    text(&outcome).trim().parse().unwrap()
}

async fn under_way(mark: &str) {
    common::eventually_async(|| !marked(mark).is_empty(), "the command is under way").await;
}

#[tokio::test]
async fn a_command_survives_its_controller_and_is_not_repeated() {
    let Some(docker) = common::docker().await else { return };
    let mark = format!("adopted-{}", std::process::id());
    let mut controller = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "controller_process", "--nocapture"])
        .env("CONTROLLER_MARK", &mark)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    under_way(&mark).await;
    controller.kill().unwrap();
    controller.wait().unwrap();
    // Another command of the same run is none of its business.
    docker.take_over(&mark).await.unwrap();
    let other = Marked::python("print('other')").run_in(&docker).await.unwrap();
    assert_eq!(text(&other), "other\n");
    let asked = now();
    assert!(began(&docker, &mark).await < asked, "it was begun again");
    // It is not there twice.
    let again = began(&docker, &mark).await;
    assert!(again > asked);
    docker.close().await;
    assert_eq!(containers(&mark), "");
}

#[tokio::test]
#[ignore = "started by `a_command_survives_its_controller_and_is_not_repeated`"]
async fn controller_process() {
    let Ok(mark) = std::env::var("CONTROLLER_MARK") else { return };
    let docker = common::docker().await.unwrap();
    docker.take_over(&mark).await.unwrap();
    began(&docker, &mark).await;
}

/// The containers of a run.
fn containers(run: &str) -> String {
    let filter = format!("label=evolve.run={run}");
    let listed = Command::new("docker").args(["ps", "-aq", "--filter", &filter]).output().unwrap();
    String::from_utf8(listed.stdout).unwrap()
}

#[tokio::test]
async fn a_daemon_that_goes_and_comes_delays_a_command_and_no_more() {
    if common::docker().await.is_none() {
        return;
    }
    for (flags, kindly, survives) in
        [(&[][..], true, false), (&[][..], false, false), (&["--live-restore"][..], false, true)]
    {
        let mut own = OwnDaemon::start(flags);
        let docker = at(&own.local()).await;
        let mark = format!("daemon-{kindly}-{survives}-{}", std::process::id());
        let command = async { began(&docker, &mark).await };
        let trouble = async {
            under_way(&mark).await;
            tokio::task::spawn_blocking(move || {
                own.end(kindly);
                own.start_again();
                (own, now())
            })
            .await
            .unwrap()
        };
        let (began, (own, back)) = tokio::join!(command, trouble);
        assert_eq!(began < back, survives, "kindly {kindly}");
        docker.close().await;
        drop(own);
    }
}

#[tokio::test]
async fn a_daemon_elsewhere_serves_as_well() {
    if common::docker().await.is_none() {
        return;
    }
    let own = OwnDaemon::start(&[]);
    let docker = at(&own.remote().await).await;
    let outcome = Marked::python("print('far away')").run_in(&docker).await.unwrap();
    assert_eq!((outcome.exit, text(&outcome).as_str()), (Exit::Code(0), "far away\n"));
    let folder = tempfile::tempdir().unwrap();
    let fault = docker.open(with_mount(folder.path(), true)).await.err().unwrap();
    assert!(fault.what.contains("a cache needs a Docker daemon on this machine"), "{fault}");
    docker.close().await;
}

fn with_mount(source: &std::path::Path, writable: bool) -> Arc<SandboxSpec> {
    let mount = Mount { source: source.to_owned(), target: "/data/x".into(), writable };
    Arc::new(SandboxSpec {
        outside: Outside { mounts: vec![mount], ..Outside::default() },
        ..spec()
    })
}

#[tokio::test]
async fn mounts_show_data_and_keep_caches() {
    common::confined(async |sandbox| {
        let folder = tempfile::tempdir().unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        std::fs::write(folder.path().join("f"), "data").unwrap();
        let code = "cat /data/x/f; echo new > /data/x/g && echo written";
        let command = || Marked::new(&["sh", "-c", code]);
        let mut session = sandbox.open(with_mount(folder.path(), false)).await.unwrap();
        let log = text(&command().run_with(&mut *session).await.unwrap());
        assert!(log.starts_with("data") && !log.contains("written"), "{log}");
        let cache = folder.path().join("cache/slot-0/run");
        for round in 0..2 {
            let mut session = sandbox.open(with_mount(&cache, true)).await.unwrap();
            let code = "ls /data/x; echo new > /data/x/g && echo written";
            let outcome = Marked::new(&["sh", "-c", code]).run_with(&mut *session).await.unwrap();
            let seen = if round == 0 { "written\n" } else { "g\nwritten\n" };
            assert_eq!(text(&outcome), seen, "{}", sandbox.name());
        }
    })
    .await;
}

#[tokio::test]
async fn cores_and_shared_memory_are_as_asked() {
    common::confined(async |sandbox| {
        let mut spec = spec();
        spec.outside.cores = vec![0];
        spec.limits.shm = 1 << 20;
        spec.limits.file_size = 1 << 24;
        let code = "
import os
print(os.sched_getaffinity(0))
try: open('/dev/shm/x', 'wb').write(b'x' * (2 << 20))
except OSError as error: print(error.strerror)
";
        let mut session = sandbox.open(Arc::new(spec)).await.unwrap();
        let outcome = Marked::python(code).run_with(&mut *session).await.unwrap();
        assert_eq!(text(&outcome), "{0}\nNo space left on device\n");
    })
    .await;
}

#[tokio::test]
async fn cores_that_are_not_there_are_the_hosts_fault() {
    common::confined(async |sandbox| {
        let mut spec = spec();
        spec.outside.cores = vec![100_000];
        let fault = sandbox.open(Arc::new(spec)).await.err().unwrap();
        assert!(fault.what.contains("100000"), "{fault}");
    })
    .await;
}

#[tokio::test]
async fn an_accelerator_is_asked_of_the_daemon() {
    let Some(docker) = common::docker().await else { return };
    let gpu = Gpu {
        index: 0,
        minor: 0,
        uuid: "GPU-of-no-machine".to_owned(),
        name: String::new(),
        memory: 1,
    };
    let mut spec = spec();
    spec.outside.gpus = vec![gpu];
    // The daemon has no such thing, and says so in words of its own.
    let fault = docker.open(Arc::new(spec)).await.err().unwrap();
    assert!(fault.what.contains("nvidia"), "{fault}");
    docker.close().await;
}

/// A task's folder with a Dockerfile.
fn task(dockerfile: &str) -> (tempfile::TempDir, ImageSource) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    std::fs::write(folder.path().join("data.txt"), "data").unwrap();
    std::fs::write(folder.path().join("judge.py"), "secret").unwrap();
    let source = ImageSource::Built {
        dockerfile: "Dockerfile".into(),
        task_root: folder.path().to_owned(),
        without: vec!["judge.py".into()],
    };
    (folder, source)
}

async fn connect(source: &ImageSource) -> (Result<DockerSandbox, HostFault>, String) {
    let said = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&said);
    let say: Say = Arc::new(move |line| {
        let mut heard = heard.lock().unwrap();
        heard.push_str(line);
        heard.push('\n');
    });
    let connected = DockerSandbox::connect(source, &say).await;
    let said = said.lock().unwrap().clone();
    (connected, said)
}

#[tokio::test]
async fn an_image_is_built_from_the_tasks_dockerfile_once() {
    if common::docker().await.is_none() {
        return;
    }
    let unique = format!("{}-{}", std::process::id(), now());
    let (_folder, source) = task(&format!(
        "FROM evolve/python:3\nENV WORD={unique}\nCOPY . /task\nRUN echo built > /made\n"
    ));
    let (docker, said) = connect(&source).await;
    let docker = docker.unwrap();
    assert!(said.contains("building the image evolve/task:"), "{said}");
    assert!(said.contains("RUN echo built"), "{said}");
    let code = "echo $WORD; cat /made /task/data.txt; ls /task";
    let outcome = Marked::new(&["sh", "-c", code]).run_in(&docker).await.unwrap();
    assert_eq!(text(&outcome), format!("{unique}\nbuilt\ndataDockerfile\ndata.txt\n"));
    docker.close().await;
    let (again, said) = connect(&source).await;
    assert_eq!(said, "");
    let name = again.unwrap().guarantees()[0].clone();
    let name = name.split_whitespace().nth(1).unwrap().to_owned();
    let removed = Command::new("docker").args(["rmi", "-f", &name]).output().unwrap();
    assert!(removed.status.success(), "{name}: {removed:?}");
}

#[tokio::test]
async fn images_that_cannot_be_had_are_named() {
    if common::docker().await.is_none() {
        return;
    }
    let (_folder, source) = task("FROM evolve/python:3\nRUN echo something; exit 3\n");
    let fault = connect(&source).await.0.err().unwrap();
    assert!(fault.what.contains("building the image failed"), "{fault}");
    assert!(fault.what.contains("returned a non-zero code: 3"), "{fault}");
    assert!(fault.what.contains("  something"), "{fault}");
    let source = ImageSource::Named("localhost:1/evolve/none:0".to_owned());
    let (none, said) = connect(&source).await;
    let fault = none.err().unwrap();
    assert!(said.contains("pulling the image localhost:1/evolve/none:0"), "{said}");
    assert!(fault.what.contains("can be neither found nor pulled"), "{fault}");
    let nobody = DockerSandbox::connect_to("tcp://127.0.0.1:1", &source, &silent()).await;
    let fault = nobody.err().unwrap();
    assert!(fault.what.contains("no Docker daemon answers at tcp://127.0.0.1:1"), "{fault}");
}

#[tokio::test]
async fn without_a_controller_the_deadline_still_holds() {
    if common::docker().await.is_none() {
        return;
    }
    let mark = format!("late-{}", std::process::id());
    let mut controller = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "late_controller_process", "--nocapture"])
        .env("CONTROLLER_MARK", &mark)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    under_way(&mark).await;
    controller.kill().unwrap();
    controller.wait().unwrap();
    common::eventually_async(|| marked(&mark).is_empty(), "the end of the command").await;
    let removed = evolve_sandbox::collect_garbage(|run| run != mark, false).await.unwrap();
    assert!(!removed.containers.is_empty(), "{removed:?}");
    assert_eq!(containers(&mark), "");
}

#[tokio::test]
#[ignore = "started by `without_a_controller_the_deadline_still_holds`"]
async fn late_controller_process() {
    let Ok(mark) = std::env::var("CONTROLLER_MARK") else { return };
    let docker = common::docker().await.unwrap();
    docker.take_over(&mark).await.unwrap();
    let mut command = slow(&mark);
    command.argv[2] = "while True: pass".to_owned();
    command.wall = Duration::from_secs(5);
    let mut session = docker.open(Arc::new(spec())).await.unwrap();
    let _ = session.run(command).await;
}
