//! A Python that stays warm serves one command after the other, each as if it were the first.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use common::{Marked, spec, text};
use evolve_core::sandbox::{Exit, Folder, Sandbox, SandboxFile, SandboxSpec, WarmPython};

fn warm(imports: &[&str]) -> Arc<SandboxSpec> {
    let argv: Vec<String> = ["python3", "-S", "run.py"].map(str::to_owned).to_vec();
    let imports: Vec<String> = imports.iter().map(|name| (*name).to_owned()).collect();
    Arc::new(SandboxSpec { warm: WarmPython::of(&argv, &imports), ..spec() })
}

fn script(code: &str) -> Marked {
    let mut marked = Marked::new(&["python3", "-S", "run.py", "an argument"]);
    marked.command.files.push(SandboxFile {
        folder: Folder::Work,
        path: "run.py".to_owned(),
        bytes: Arc::from(code.as_bytes()),
        executable: false,
    });
    marked
}

/// Runs a script in the sandbox that is kept for the spec, and waits until it is kept again.
async fn run(sandbox: &dyn Sandbox, spec: &Arc<SandboxSpec>, code: &str) -> (Exit, String) {
    let mut session = sandbox.open(Arc::clone(spec)).await.unwrap();
    let outcome = script(code).run_with(&mut *session).await.unwrap();
    drop(session);
    // Its holders: the caller, and the sandbox that is kept (or not, after an anomaly).
    (outcome.exit, text(&outcome))
}

const WHO: &str = "import os; print(os.getppid())";

#[tokio::test]
async fn commands_share_a_python_but_nothing_they_leave() {
    common::confined(async |sandbox| {
    let spec = warm(&["json", "decimal"]);
    let mut session = sandbox.open(Arc::clone(&spec)).await.unwrap();
    let code = "
import os, sys, json
print(__name__, __file__, sys.argv, 'decimal' in sys.modules, os.getcwd(), sys.path[0] == os.getcwd())
json.poisoned = True
open('left', 'w').close(); open('/tmp/left', 'w').close(); open('/dev/shm/left', 'w').close()
open(os.environ['TMPDIR'] + '/own', 'w').close()
";
    let outcome = script(code).run_with(&mut *session).await.unwrap();
    let log = text(&outcome);
    assert_eq!(
        log, "__main__ run.py ['run.py', 'an argument'] True /evolve/work True\n",
        "{:?}",
        outcome.exit
    );
    drop(session);
    common::eventually_async(|| Arc::strong_count(&spec) == 2, "the sandbox is kept").await;
    let code = "
import os, json
print(hasattr(json, 'poisoned'), os.listdir('.'), os.listdir('/tmp'), os.listdir('/dev/shm'))
print(os.listdir(os.environ['TMPDIR']))
";
    assert_eq!(run(sandbox, &spec, code).await.1, "False ['run.py'] [] []\n[]\n");
    })
    .await;
}

#[tokio::test]
async fn it_is_the_same_python_until_something_is_wrong() {
    common::confined(async |sandbox| {
        let spec = warm(&[]);
        let first = run(sandbox, &spec, WHO).await.1;
        tokio::time::timeout(Duration::from_mins(1), async {
            // Kept again a moment after the drop: a sandbox made meanwhile has a Python of its own.
            while run(sandbox, &spec, WHO).await.1 != first {}
        })
        .await
        .unwrap();
        let kill = "import os; os.kill(os.getppid(), 9); import time; time.sleep(60)";
        let mut session = sandbox.open(Arc::clone(&spec)).await.unwrap();
        let outcome = script(kill).run_with(&mut *session).await.unwrap();
        assert_eq!(outcome.exit, Exit::Signal(9));
        drop(session);
        assert_eq!(
            run(sandbox, &spec, "print('well')").await,
            (Exit::Code(0), "well\n".to_owned())
        );
    })
    .await;
}

#[tokio::test]
async fn scripts_end_as_python_ends_them() {
    common::confined(async |sandbox| {
        let spec = warm(&[]);
        for (code, exit, log) in [
            ("raise SystemExit(3)", Exit::Code(3), ""),
            ("raise SystemExit('why')", Exit::Code(1), "why\n"),
            ("import atexit; atexit.register(print, 'bye')", Exit::Code(0), "bye\n"),
            ("import os; os.abort()", Exit::Signal(6), ""),
            ("print(1", Exit::Code(1), "SyntaxError"),
            (
                "def f(): 1 / 0\nf()",
                Exit::Code(1),
                "Traceback (most recent call last):\n  File \"run.py\", line 2, in <module>\n",
            ),
        ] {
            let (ended, printed) = run(sandbox, &spec, code).await;
            assert_eq!(ended, exit, "{code}: {printed}");
            assert!(printed.contains(log), "{code}: {printed}");
            assert!(!printed.contains("<string>"), "{code}: {printed}");
        }
    })
    .await;
}

/// Scripts that leave something to be done after their last line.
const UNFINISHED: [&str; 7] = [
    "f = open('left', 'w'); f.write('a file that is still open')",
    "class C: pass\nc = C(); c.me = c; c.f = open('left', 'w'); c.f.write('in a cycle')",
    "import threading, time\ndef late():\n time.sleep(0.2); open('left', 'w').write('x'); print('late')\nthreading.Thread(target=late).start()\nprint('early')",
    "import atexit\n@atexit.register\ndef bye(): print('bye', open('left', 'w').write('x'))\nraise SystemExit(-1)",
    "class D:\n def __del__(self): print('gone')\nd = D()",
    "import sys\nsys.stdout.write('no end of line')\nsys.exit(True)",
    "import lib\nlib.keep()",
];

#[tokio::test]
async fn what_a_script_leaves_to_its_end_is_done() {
    common::confined(async |sandbox| {
        let fresh = Arc::new(SandboxSpec { warm: None, ..(*warm(&[])).clone() });
        let warm = warm(&["json"]);
        for code in UNFINISHED {
            let mut ends = Vec::new();
            for spec in [&fresh, &warm] {
                let mut session = sandbox.open(Arc::clone(spec)).await.unwrap();
                let mut marked = script(code);
                let lib = "f = open('left', 'w')\ndef keep(): f.write('by another module')\n";
                marked.command.files.push(SandboxFile {
                    folder: Folder::Work,
                    path: "lib.py".to_owned(),
                    bytes: Arc::from(lib.as_bytes()),
                    executable: false,
                });
                let outcome = marked.run_with(&mut *session).await.unwrap();
                let left = session.read(Folder::Work, "left".to_owned(), 100).await.unwrap();
                ends.push((outcome.exit, text(&outcome), left));
            }
            assert_eq!(ends[0], ends[1], "{code}");
            assert!(ends[0].2.is_some() || !ends[0].1.is_empty(), "{code}: {:?}", ends[0]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_sandbox_whose_schedule_was_changed_is_not_kept() {
    common::confined(async |sandbox| {
        let spec = warm(&[]);
        let all = run(sandbox, &spec, "import os; print(os.sched_getaffinity(0))").await.1;
        for change in [
            "os.sched_setaffinity(1, {0})",
            "os.sched_setaffinity(os.getppid(), {0})",
            "os.sched_setscheduler(os.getppid(), os.SCHED_BATCH, os.sched_param(0))",
        ] {
            let code = format!("import os\ntry: {change}\nexcept PermissionError: pass");
            assert_eq!(run(sandbox, &spec, &code).await.0, Exit::Code(0), "{change}");
            let after = "import os\nprint(os.sched_getaffinity(0))\nassert os.sched_getscheduler(0) == os.SCHED_OTHER";
            // Kept a moment after the drop, it would be among these.
            for _ in 0..10 {
                let (exit, seen) = run(sandbox, &spec, after).await;
                assert_eq!((exit, seen.as_str()), (Exit::Code(0), all.as_str()), "{change}");
            }
        }
    })
    .await;
}

/// In place of a Python whose command ended before anybody heard that it had begun.
const HASTY: &str = "#!/bin/sh\necho ready >&3\nread -r line <&3\nprintf 'started\\nended 0 0 0\\n' >&3\nexec sleep 60\n";

#[tokio::test]
async fn a_command_that_ends_at_once_is_noticed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let open = || std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::create_dir(folder.path().join("bin")).unwrap();
    let python = folder.path().join("bin/python3");
    std::fs::write(&python, HASTY).unwrap();
    std::fs::set_permissions(&python, open()).unwrap();
    std::fs::set_permissions(folder.path(), open()).unwrap();
    let argv = [python.to_str().unwrap(), "run.py"].map(str::to_owned);
    let spec = Arc::new(SandboxSpec { warm: WarmPython::of(&argv, &[]), ..spec() });
    let mut session = common::process().open(spec).await.unwrap();
    let mut marked = script("").within(Duration::from_secs(5));
    marked.command.argv = argv.to_vec();
    let outcome = session.run(marked.command).await.unwrap();
    assert_eq!(outcome.exit, Exit::Code(0));
}

#[tokio::test]
async fn numpy_draws_anew_in_each_command() {
    // The base image has numpy; this machine's Python need not.
    let Some(docker) = common::docker().await else { return };
    let argv = ["python3", "run.py"].map(str::to_owned);
    let warm = WarmPython::of(&argv, &["numpy".to_owned()]);
    let spec = Arc::new(SandboxSpec { warm, ..spec() });
    let mut drawn = BTreeSet::new();
    for _ in 0..3 {
        let mut marked = script("import numpy; print(numpy.random.rand())");
        marked.command.argv = argv.to_vec();
        let mut session = docker.open(Arc::clone(&spec)).await.unwrap();
        let outcome = marked.run_with(&mut *session).await.unwrap();
        assert_eq!(outcome.exit, Exit::Code(0), "{}", text(&outcome));
        drawn.insert(text(&outcome));
    }
    assert_eq!(drawn.len(), 3, "{drawn:?}");
    docker.close().await;
}

#[tokio::test]
async fn the_warm_python_cannot_be_reached_from_a_command() {
    common::confined(async |sandbox| {
    let spec = warm(&[]);
    let code = "
import os
for name in ('mem', 'environ', 'maps', 'fd', 'cwd', 'root'):
    path = f'/proc/{os.getppid()}/{name}'
    try:
        os.listdir(path) if name == 'fd' else os.readlink(path) if name in ('cwd', 'root') else open(path, 'r+b' if name == 'mem' else 'rb').read(1)
        print('reached', name)
    except OSError: pass
try: os.write(3, b'ended 0 0 0\\n'); print('reached 3')
except OSError: pass
";
    assert_eq!(run(sandbox, &spec, code).await, (Exit::Code(0), String::new()));
    })
    .await;
}

#[tokio::test]
async fn an_import_that_fails_is_named() {
    common::confined(async |sandbox| {
        let fault = sandbox.open(warm(&["no_such_module"])).await.err().unwrap();
        assert!(fault.what.contains("warm_imports: no_such_module"), "{fault}");
    })
    .await;
}
