//! How commands end, and what they get and leave.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Marked, helper, process, spec, text};
use evolve_core::sandbox::{EnvValue, Exit, Folder, SandboxFile, TakeLimits};
use evolve_core::task::SandboxKind;
use evolve_sandbox::{HelperCommand, ImageSource, ProcessSandbox, Say, UnconfinedSandbox, pick};

#[tokio::test]
async fn exit_codes_and_signals_are_told_apart() {
    common::everywhere(async |sandbox| {
        for (code, exit) in [
            ("pass", Exit::Code(0)),
            ("raise SystemExit(7)", Exit::Code(7)),
            ("import os; os.kill(os.getpid(), 11)", Exit::Signal(11)),
        ] {
            let outcome = Marked::python(code).run_in(sandbox).await.unwrap();
            assert_eq!(outcome.exit, exit, "{code}: {}", text(&outcome));
        }
    })
    .await;
}

#[tokio::test]
async fn both_streams_are_collected_in_order() {
    let code = "import sys\nfor i in range(3):\n print(i, flush=True)\n print('e', i, file=sys.stderr, flush=True)";
    common::everywhere(async |sandbox| {
        let outcome = Marked::python(code).run_in(sandbox).await.unwrap();
        assert_eq!(text(&outcome), "0\ne 0\n1\ne 1\n2\ne 2\n");
    })
    .await;
}

#[tokio::test]
async fn a_flood_of_output_keeps_its_ends() {
    common::confined(async |sandbox| {
        let code = "print('first')\nfor i in range(200000): print('x' * 100)\nprint('last')";
        let outcome = Marked::python(code).run_in(sandbox).await.unwrap();
        assert_eq!(outcome.exit, Exit::Code(0));
        let log = text(&outcome);
        assert!(log.starts_with("first\n") && log.ends_with("last\n"));
        assert!(log.contains("bytes of output were cut here]"));
        assert!(log.len() < 4096 + 100, "{}", log.len());
    })
    .await;
}

#[tokio::test]
async fn endless_output_ends_at_the_deadline() {
    common::confined(async |sandbox| {
        let command = Marked::new(&["yes"]).within(Duration::from_millis(300));
        let outcome = command.run_in(sandbox).await.unwrap();
        assert_eq!(outcome.exit, Exit::TimedOut);
        assert!(text(&outcome).starts_with("y\ny\n"));
    })
    .await;
}

#[tokio::test]
async fn running_out_of_memory_is_recognised() {
    common::confined(async |sandbox| {
        let code = "x = bytearray(1 << 30)";
        let outcome = Marked::python(code).run_in(sandbox).await.unwrap();
        assert_eq!(outcome.exit, Exit::OutOfMemory, "{}", text(&outcome));
        // Without limits the same program does its work.
        let outcome = Marked::python(code).run_in(&UnconfinedSandbox::new(helper())).await.unwrap();
        assert_eq!(outcome.exit, Exit::Code(0), "{}", text(&outcome));
    })
    .await;
}

#[tokio::test]
async fn memory_can_be_used_up_to_the_limit() {
    common::confined(async |sandbox| {
        let code = "x = bytearray(200 << 20); print(len(x))";
        let outcome = Marked::python(code).run_in(sandbox).await.unwrap();
        assert_eq!(outcome.exit, Exit::Code(0), "{}", text(&outcome));
        assert!(outcome.usage.peak_memory > 200 << 20, "{:?}", outcome.usage);
    })
    .await;
}

#[tokio::test]
async fn files_cores_and_descriptors_are_limited() {
    common::confined(async |sandbox| {
    let code = "import resource as r\nfor n in (r.RLIMIT_FSIZE, r.RLIMIT_CORE, r.RLIMIT_NOFILE):\n print(*r.getrlimit(n), flush=True)\nopen('big','wb').write(b'x' * (2 << 20))";
    let outcome = Marked::python(code).run_in(sandbox).await.unwrap();
    let log = text(&outcome);
    assert!(log.starts_with("1048576 1048576\n0 0\n1024 1024\n"), "{log}");
    assert!(log.contains("File too large"), "{log}");
    })
    .await;
}

#[tokio::test]
async fn the_environment_is_clean() {
    let code = "import os\nprint(sorted(os.environ))\nprint(os.environ['HOME'] == os.getcwd(), os.path.isdir(os.environ['TMPDIR']))";
    common::everywhere(async |sandbox| {
        let log = text(&Marked::python(code).run_in(sandbox).await.unwrap());
        let mark = common::MARK;
        assert_eq!(log, format!("['HOME', 'LANG', 'PATH', '{mark}', 'TMPDIR']\nTrue True\n"));
    })
    .await;
}

#[tokio::test]
async fn nothing_but_the_standard_files_is_open() {
    // A file that the controller itself inherited would not be closed on exec.
    let secret = tempfile::tempfile().unwrap();
    rustix::io::fcntl_setfd(&secret, rustix::io::FdFlags::empty()).unwrap();
    let code = "import os\nprint([f for f in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + f)])";
    common::everywhere(async |sandbox| {
        let log = text(&Marked::python(code).run_in(sandbox).await.unwrap());
        assert_eq!(log, "['0', '1', '2']\n");
    })
    .await;
}

#[tokio::test]
async fn usage_is_measured() {
    let code =
        "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass";
    common::everywhere(async |sandbox| {
        let usage = Marked::python(code).run_in(sandbox).await.unwrap().usage;
        assert!(usage.cpu_s >= 0.3 && usage.wall_s >= 0.3, "{usage:?}");
        assert!(usage.peak_memory > 1 << 20, "{usage:?}");
    })
    .await;
}

#[tokio::test]
async fn a_missing_program_is_the_hosts_fault() {
    common::everywhere(async |sandbox| {
        let fault = Marked::new(&["no-such-program"]).run_in(sandbox).await.unwrap_err();
        assert!(fault.what.contains("no-such-program is not installed"), "{fault}");
        let fault = Marked::new(&["./absent"]).run_in(sandbox).await.unwrap_err();
        assert!(fault.what.contains("could not be started"), "{fault}");
    })
    .await;
}

#[tokio::test]
async fn a_binary_that_is_no_supervisor_is_named() {
    for program in ["/bin/true", "/no/such/file"] {
        let sandbox = ProcessSandbox::new(HelperCommand::new(program));
        let fault = Marked::python("pass").run_in(&sandbox).await.unwrap_err();
        assert!(fault.what.contains(program), "{fault}");
    }
}

#[tokio::test]
async fn many_commands_run_side_by_side() {
    let sandbox = Arc::new(process());
    let mut running = tokio::task::JoinSet::new();
    for i in 0..20 {
        let sandbox = Arc::clone(&sandbox);
        running.spawn(async move {
            let command = Marked::new(&["sh", "-c", &format!("echo {i}; exit {i}")]);
            (i, command.run_in(&*sandbox).await)
        });
    }
    while let Some(ended) = running.join_next().await {
        let (i, outcome) = ended.unwrap();
        let outcome = outcome.unwrap();
        assert_eq!(outcome.exit, Exit::Code(i));
        assert_eq!(text(&outcome), format!("{i}\n"));
    }
}

#[tokio::test]
async fn files_go_in_and_come_out() {
    let file = |folder, path: &str, text: &str| SandboxFile {
        folder,
        path: path.to_owned(),
        bytes: Arc::from(text.as_bytes()),
        executable: false,
    };
    let limits = TakeLimits { bytes: 1000, entries: 10, depth: 3 };
    common::everywhere(async |sandbox| {
        let mut spec = spec();
        spec.files = vec![file(Folder::Work, "lib/common.txt", "common")];
        let mut session = sandbox.open(Arc::new(spec)).await.unwrap();
        let mut marked = Marked::new(&["sh", "-c", "cat lib/common.txt $P > $O/all; echo x > own"]);
        marked.command.files = vec![file(Folder::Program, "p.txt", " own")];
        let place = |folder, path: &str| EnvValue::Place(folder, path.to_owned());
        marked.command.env.insert("P".into(), place(Folder::Program, "p.txt"));
        marked.command.env.insert("O".into(), place(Folder::Output, ""));
        let outcome = marked.run_with(&mut *session).await.unwrap();
        assert_eq!(outcome.exit, Exit::Code(0), "{}", text(&outcome));
        let taken = session.take(Folder::Output, limits).await.unwrap().unwrap();
        assert_eq!(taken, [file(Folder::Output, "all", "common own")]);
        let read = session.read(Folder::Work, "own".to_owned(), 100).await.unwrap();
        assert_eq!(read.as_deref(), Some(&b"x\n"[..]));
        assert_eq!(session.read(Folder::Work, "../x".to_owned(), 100).await.unwrap(), None);
    })
    .await;
}

/// A socket of the host that answers with what it was sent, for each connection.
fn echo(path: &std::path::Path) {
    let listener = std::os::unix::net::UnixListener::bind(path).unwrap();
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            std::thread::spawn(move || {
                let mut back = stream.try_clone().unwrap();
                std::io::copy(&mut stream, &mut back).unwrap();
            });
        }
    });
}

#[tokio::test]
async fn a_door_leads_to_a_socket_of_the_host_and_nowhere_else() {
    let code = "
import os, socket
url, tail = os.environ['DOOR'].rsplit('/', 1)
host, port = url.removeprefix('http://').split(':')
streams = [socket.create_connection((host, int(port))) for _ in range(8)]
for n, stream in enumerate(streams):
    stream.sendall(b'%d ' % n * 100000)
    stream.shutdown(socket.SHUT_WR)
for n, stream in enumerate(streams):
    said = b''
    while piece := stream.recv(65536):
        said += piece
    assert said == b'%d ' % n * 100000, len(said)
try:
    socket.create_connection(('192.0.2.1', 80), 0.2)
    print('reached')
except OSError:
    print(host, tail)
";
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    echo(&socket);
    common::everywhere(async |sandbox| {
        let mut spec = spec();
        spec.outside.door = Some(socket.clone());
        let mut session = sandbox.open(Arc::new(spec)).await.unwrap();
        let mut marked = Marked::python(code);
        marked.command.env.insert("DOOR".into(), EnvValue::Door("/v1".to_owned()));
        let outcome = marked.run_with(&mut *session).await.unwrap();
        assert_eq!(text(&outcome), "127.0.0.1 v1\n", "{}: {:?}", sandbox.name(), outcome.exit);
    })
    .await;
}

#[tokio::test]
async fn without_a_door_nobody_can_be_led_through_it() {
    common::everywhere(async |sandbox| {
        let mut marked = Marked::python("pass");
        marked.command.env.insert("DOOR".into(), EnvValue::Door(String::new()));
        let fault = marked.run_in(sandbox).await.unwrap_err();
        assert!(fault.what.contains("no door"), "{}", fault.what);
    })
    .await;
}

#[tokio::test]
async fn the_kinds_lead_to_the_sandboxes() {
    let docker = common::docker().await.is_some();
    let said = Arc::new(std::sync::Mutex::new(String::new()));
    let heard = Arc::clone(&said);
    let say: Say = Arc::new(move |line: &str| heard.lock().unwrap().push_str(line));
    for (kind, image, name) in [
        (SandboxKind::Auto, ImageSource::Default, if docker { "docker" } else { "process" }),
        (SandboxKind::Auto, ImageSource::Named("evolve/none:0".into()), "process"),
        (SandboxKind::Process, ImageSource::Default, "process"),
        (SandboxKind::Unconfined, ImageSource::Default, "unconfined"),
    ] {
        let sandbox = pick(kind, helper(), &image, &say).await.unwrap();
        assert_eq!(sandbox.name(), name);
        assert!(sandbox.guarantees().iter().any(|line| line.starts_with("not enforced")));
    }
    assert!(said.lock().unwrap().contains("sandbox: process, for "), "{said:?}");
}
