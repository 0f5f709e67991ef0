//! Every program in `tests/hostile`, run as a candidate, and what must come of it.

mod common;

use std::collections::BTreeSet;

use common::{Lab, STAGE, scoring};
use evolve_core::outcome::EvalStatus::{self, *};

/// Program, status, and what the detail says.
const ZOO: &[(&str, EvalStatus, &str)] = &[
    ("exit_early", JudgeFailed, "score.txt"),
    ("raises", Crashed, "`run` ended with status 1: ValueError: no packing"),
    ("segfault", Crashed, "SIGSEGV"),
    ("hangs", TimedOut, "`run` took longer than 2s"),
    ("memory_bomb", OutOfMemory, "limit 256MiB"),
    ("memory_bomb_slow", OutOfMemory, "limit 256MiB"),
    ("stdout_flood", Ok, ""),
    ("output_symlink", Invalid, "the output `score.txt` is a link"),
    ("output_folder_is_link", Invalid, "no longer a folder"),
    ("output_hard_link", Invalid, "hard link"),
    ("output_fifo", Invalid, "special file"),
    ("output_odd_name", Invalid, "unprintable name"),
    ("output_not_utf8_name", Invalid, "unprintable name"),
    ("output_many_files", LimitHit, "more than 4096"),
    ("output_deep", LimitHit, "deeper than 16"),
    ("output_too_large", LimitHit, "the output is larger than 64KiB"),
    ("output_holes", LimitHit, "the output is larger than 64KiB"),
    ("file_too_large", LimitHit, "a file grew beyond"),
    ("fake_result", Ok, ""),
    ("shadows_judge_modules", Ok, ""),
    ("claims_nan", Invalid, "`score` is not a finite number"),
    ("claims_infinity", Invalid, "`score` is not a finite number"),
    ("daemon_leftover", Ok, ""),
    ("kills_its_parent", Crashed, "SIGKILL"),
    ("kills_its_group", Crashed, "SIGKILL"),
    ("locked_folders", Ok, ""),
    ("escapes_in_log", Crashed, "]0;title"),
];

fn program(name: &str) -> String {
    let path = format!("{}/tests/hostile/{name}.py", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

async fn check(names: &[&str]) {
    for (name, status, detail) in ZOO.iter().filter(|(name, ..)| names.contains(name)) {
        let timeout = if *status == TimedOut { "2s" } else { "60s" };
        // Not isolated, so that Python looks for modules wherever it usually does.
        let stage = STAGE.replace("60s", timeout).replace("\"-I\", ", "");
        let lab = Lab::new(&stage);
        let report = lab.evaluate(&program(name)).await;
        assert_eq!(lab.processes(), [""; 0], "{name} left processes");
        assert_eq!(report.status, *status, "{name}: {report:?}");
        assert!(report.detail.contains(detail), "{name}: {}", report.detail);
        assert!(!report.detail.chars().any(char::is_control), "{name}: {}", report.detail);
        if *status == Ok {
            assert_eq!(report.samples, [1.0], "{name}: {report:?}");
        } else {
            assert!(report.samples.is_empty() && report.stage.is_some(), "{name}: {report:?}");
        }
        assert!(report.log.len() < 3 * 64 * 1024, "{name}");
        // The next one is none the worse.
        let next = lab.evaluate(&scoring("1")).await;
        assert_eq!(next.status, Ok, "after {name}: {next:?}");
    }
}

#[tokio::test]
async fn crashes_are_typed_and_explained() {
    check(&["exit_early", "raises", "segfault", "escapes_in_log"]).await;
}

#[tokio::test]
async fn limits_of_time_memory_and_files_hold() {
    check(&["hangs", "memory_bomb", "memory_bomb_slow", "file_too_large", "stdout_flood"]).await;
}

#[tokio::test]
async fn odd_outputs_are_refused() {
    check(&[
        "output_symlink",
        "output_folder_is_link",
        "output_hard_link",
        "output_fifo",
        "output_odd_name",
        "output_not_utf8_name",
        "locked_folders",
    ])
    .await;
}

#[tokio::test]
async fn large_outputs_are_refused() {
    check(&["output_many_files", "output_deep", "output_too_large", "output_holes"]).await;
}

#[tokio::test]
async fn the_judge_cannot_be_reached() {
    check(&["fake_result", "shadows_judge_modules", "claims_nan", "claims_infinity"]).await;
}

#[tokio::test]
async fn processes_do_not_outlive_their_run() {
    check(&["daemon_leftover", "kills_its_parent", "kills_its_group"]).await;
}

#[test]
fn the_whole_zoo_is_listed() {
    let folder = format!("{}/tests/hostile", env!("CARGO_MANIFEST_DIR"));
    let files: BTreeSet<String> = common::entries(folder.as_ref())
        .into_iter()
        .filter_map(|name| name.strip_suffix(".py").map(str::to_owned))
        .collect();
    let listed = ZOO.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(files, listed);
}
