//! `evolve report` with its figures and beside a bench.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod support;

use support::Place;

#[test]
fn a_report_comes_with_its_figures_and_beside_a_bench_of_the_same_task() {
    let place = Place::new();
    place.ok(&["start", "task", "--budget", "candidates=20", "--seed", "9", "-q"]);
    let bench = ["--strategies", "greedy,best-of-n", "--seeds", "2", "--budget", "candidates=10"];
    place.ok(&[&["bench", "task", "--out", "results", "-q"], &bench[..]].concat());
    let asked = ["report", "latest", "--out", "page", "--figures", "--bench", "results"];
    let out = place.ok(&asked);
    assert_eq!(out.lines().count(), 5, "{out}");
    for line in out.lines() {
        assert!(place.path().join(line).is_file(), "{line}");
    }
    let page = std::fs::read_to_string(place.path().join("page/index.html")).unwrap();
    for text in ["after 10 evaluated candidates", "best-of-n", "this run (adaptive, seed 9)"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("--budget candidates=20 --seed 9"));
    assert!(page.contains("Programs for the task two-numbers were evolved with evolve"));
    let journal = std::fs::read(place.run_dir().join("events.jsonl")).unwrap();
    assert!(page.contains(&evolve_core::BlobHash::of(&journal).to_string()));
    // Without a bench the page compares with nothing.
    place.ok(&["report", "latest", "--out", "plain"]);
    let plain = std::fs::read_to_string(place.path().join("plain/index.html")).unwrap();
    assert!(!plain.contains("Beside other strategies"));
    assert!(!place.path().join("plain/figures").exists());
    let (code, text) = place.fails(&["report", "latest", "--bench", "task"]);
    assert!(code == 2 && text.contains("bench.json"), "{text}");
}
