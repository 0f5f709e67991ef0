//! One run beside the strategies of a bench.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use common::small_run;
use evolve_core::Goal;
use evolve_report::bench::{Bench, BenchRun, Beside, BesideError, Point, Settings};

/// A run that scores 1, and `score` from its second candidate on.
fn run(task: &str, strategy: &str, seed: u64, score: f64) -> BenchRun {
    let first = BenchRun::of(&small_run().facts);
    BenchRun {
        task: task.to_owned(),
        strategy: strategy.to_owned(),
        seed,
        start: Some(1.0),
        curve: vec![Point { candidates: 2, score }],
        evaluated: 10,
        ..first
    }
}

fn bench() -> String {
    let runs = (1..=3).flat_map(|seed| {
        let luck = seed as f64;
        [run("packing", "best-of-n", seed, 1.0 + luck), run("packing", "mutate", seed, 2.0 * luck)]
    });
    let settings = Settings { resamples: 200, ..Settings::default() };
    serde_json::to_string(&Bench::of(runs.collect(), settings)).unwrap()
}

#[test]
fn all_are_compared_at_the_number_of_candidates_that_the_run_reached() {
    let mut own = run("packing", "adaptive", 7, 2.5);
    own.evaluated = 5;
    own.curve.push(Point { candidates: 5, score: 3.5 });
    let beside = Beside::of(&own, &bench()).unwrap();
    assert_eq!(beside.candidates, 5);
    let scores: Vec<_> = beside.rows.iter().map(|row| (row.runs, row.score.value)).collect();
    assert_eq!(scores, [(3, Some(3.0)), (3, Some(4.0)), (1, Some(3.5))]);
    // What came later does not count.
    own.evaluated = 40;
    own.curve.push(Point { candidates: 30, score: 99.0 });
    let beside = Beside::of(&own, &bench()).unwrap();
    assert_eq!((beside.candidates, beside.rows[2].score.value), (10, Some(3.5)));
    assert_eq!(beside.cells()[2][..2], ["this run (adaptive, seed 7)".to_owned(), "1".to_owned()]);
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_reason() {
    let own = run("packing", "adaptive", 7, 2.5);
    assert!(matches!(Beside::of(&own, "{}"), Err(BesideError::Format(_))));
    let other = BenchRun { task: "other".into(), ..own.clone() };
    let error = Beside::of(&other, &bench()).unwrap_err().to_string();
    assert!(error.contains("no task `other`") && error.contains("packing"), "{error}");
    let turned = BenchRun { goal: Goal::Minimize, ..own.clone() };
    assert!(matches!(Beside::of(&turned, &bench()), Err(BesideError::OtherTask { .. })));
    let unborn = BenchRun { evaluated: 0, ..own };
    assert!(matches!(Beside::of(&unborn, &bench()), Err(BesideError::Nothing)));
}
