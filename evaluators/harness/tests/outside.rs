//! What of the world outside a task's commands see: mounts, accelerators.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use common::{Lab, STAGE};
use evolve_core::device::Gpu;
use evolve_core::outcome::EvalStatus;

fn gpus(n: u32) -> Vec<Gpu> {
    let gpu = |index| Gpu {
        index,
        minor: index,
        uuid: format!("GPU-{index}"),
        name: "a test's".to_owned(),
        memory: 80 << 30,
    };
    (0..n).map(gpu).collect()
}

fn with_device(device: &str) -> Lab {
    Lab::new(&STAGE.replace("resources = { ", &format!("resources = {{ device = {device}, ")))
}

/// A program that is worth 1 if this holds, and says what it saw.
fn claim(expression: &str) -> String {
    let score = common::scoring("1");
    format!("print(sorted(os.environ.items()))\nassert {expression}\n{score}")
}

#[tokio::test]
async fn a_leased_accelerator_is_named_to_the_command() {
    let mut lab = with_device("{ kind = \"cuda\", count = 2 }");
    lab.gpus = gpus(3);
    let seen = "(os.environ['EVOLVE_DEVICE'], os.environ['CUDA_VISIBLE_DEVICES']) == \
                ('cuda:0,cuda:1', 'GPU-0,GPU-1')";
    let report = lab.evaluate(&claim(seen)).await;
    assert_eq!(report.status, EvalStatus::Ok, "{}", String::from_utf8_lossy(&report.log));
    let without = Lab::new(STAGE);
    let seen = "os.environ['EVOLVE_DEVICE'] == 'none' and 'CUDA_VISIBLE_DEVICES' not in os.environ";
    let report = without.evaluate(&claim(seen)).await;
    assert_eq!(report.status, EvalStatus::Ok, "{}", String::from_utf8_lossy(&report.log));
}

#[tokio::test]
async fn an_accelerator_that_is_not_there_is_a_mistake_of_the_task() {
    for (device, gpus, said) in [
        ("\"cuda\"", gpus(0), "this machine has none"),
        ("\"cuda:5\"", gpus(1), "this machine has cuda:0 (a test's)"),
        ("{ kind = \"cuda\", memory = \"100GiB\" }", gpus(2), "cuda:1 (a test's)"),
    ] {
        let mut lab = with_device(device);
        lab.gpus = gpus;
        let error = lab.harness().err().unwrap();
        assert_eq!(error.key(), "evaluator.stage.0.resources.device");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_slot_beyond_the_accelerators_is_the_hosts_fault() {
    let mut lab = with_device("\"cuda\"");
    lab.gpus = gpus(1);
    let harness = lab.harness().unwrap();
    let slow = format!("import time; time.sleep(1)\n{}", common::scoring("1"));
    let (one, other) = tokio::join!(lab.ask_of(&harness, &slow), lab.ask_of(&harness, &slow));
    let mut statuses = [one, other];
    statuses.sort_by_key(|report| report.status != EvalStatus::Ok);
    assert_eq!(statuses[0].status, EvalStatus::Ok, "{}", statuses[0].detail);
    assert_eq!(statuses[1].status, EvalStatus::HostFault);
    assert!(statuses[1].detail.contains("lower run.evaluation_slots"), "{}", statuses[1].detail);
}

fn with_mount(source: &str, more: &str) -> Lab {
    Lab::new(&format!(
        "{STAGE}\n[[sandbox.mount]]\nsource = \"{source}\"\ntarget = \"/data\"\n{more}"
    ))
}

#[tokio::test]
async fn data_is_read_by_those_who_may_and_a_cache_stays() {
    let data = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(data.path(), open).unwrap();
    std::fs::write(data.path().join("x"), "1").unwrap();
    let path = data.path().display().to_string();
    let lab = with_mount(&path, "");
    let report = lab.evaluate(&claim("open('/data/x').read() == '1'")).await;
    assert_eq!(report.status, EvalStatus::Ok, "{}", String::from_utf8_lossy(&report.log));
    let hidden = with_mount(&path, "side = \"judge\"\n");
    let report = hidden.evaluate(&claim("not os.path.exists('/data')")).await;
    assert_eq!(report.status, EvalStatus::Ok, "{}", String::from_utf8_lossy(&report.log));
    let cache = with_mount(&format!("{path}/cache"), "mode = \"cache\"\n");
    let count = "len(os.listdir('/data')) == N and not open(f'/data/{N}', 'w').close()";
    let harness = cache.harness().unwrap();
    for n in 0..2 {
        let program = format!("N = {n}\n{}", claim(count));
        let report = cache.ask_of(&harness, &program).await;
        assert_eq!(report.status, EvalStatus::Ok, "{}", String::from_utf8_lossy(&report.log));
    }
    assert!(data.path().join("cache/slot-0/run/1").exists());
}

#[test]
fn a_mount_that_cannot_be_is_a_mistake_of_the_task() {
    for (source, said) in
        [("/no/such/folder", "No such file"), ("${NO_SUCH_NAME}/x", "NO_SUCH_NAME is not set")]
    {
        let error = with_mount(source, "").harness().err().unwrap();
        assert_eq!(error.key(), "sandbox.mount.0.source");
        assert!(error.to_string().contains(said), "{error}");
    }
    // The judge's files are below it.
    let error = with_mount("/tmp", "").harness().err().unwrap();
    assert!(error.to_string().contains("holds the task's folder"), "{error}");
}
