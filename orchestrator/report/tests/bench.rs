//! Benches: laws of their statistics, their text and their page.
#![allow(clippy::unwrap_used)] // helpers of tests may panic too

use evolve_core::Goal;
use evolve_report::bench::{Bench, BenchRun, Point, Settings, page, text};
use proptest::prelude::*;

fn run(task: &str, strategy: &str, seed: u64, points: &[(u64, f64)]) -> BenchRun {
    BenchRun {
        task: task.to_owned(),
        strategy: strategy.to_owned(),
        seed,
        goal: Goal::Maximize,
        start: Some(0.0),
        curve: std::iter::once((0, 0.0))
            .chain(points.iter().copied())
            .map(|(candidates, score)| Point { candidates, score })
            .collect(),
        evaluated: 100,
        failed: 3,
        rejected: 2,
        wall_s: 12.5,
        cpu_s: 20.0,
        usd: 0.25,
        tokens: 12_000,
        state: "the candidates budget was used up".to_owned(),
    }
}

fn settings() -> Settings {
    Settings {
        command: "evolve bench t --seeds 5".to_owned(),
        version: "0.1.0".to_owned(),
        date: "2026-01-01".to_owned(),
        machine: "linux x86_64; cores: 2".to_owned(),
        resamples: 200,
        ..Settings::default()
    }
}

fn small() -> Vec<BenchRun> {
    let mut runs = Vec::new();
    for seed in 1..=5 {
        let s = seed as f64;
        runs.push(run("packing", "adaptive", seed, &[(5, 1.0 + s), (40, 4.0 + s / 2.0)]));
        runs.push(run("packing", "best-of-n", seed, &[(10, s), (60, 3.0 + s / 4.0)]));
        runs.push(run("sorting", "adaptive", seed, &[(5, s)]));
        runs.push(run("sorting", "best-of-n", seed, &[(7, s)]));
    }
    runs
}

#[test]
fn the_text_fits_a_terminal_and_says_what_was_measured() {
    let said = text(&Bench::of(small(), settings()));
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn the_page_is_whole_small_and_inert() {
    let hostile = "<script>alert(1)</script>\u{1b}[31m";
    let mut runs = Vec::new();
    for task in ["a", "b", hostile] {
        for strategy in [
            "adaptive",
            "map-elites",
            "ucb",
            "pareto",
            "epoch",
            "two-level",
            "greedy",
            "random",
            "best-of-n",
        ] {
            for seed in 1..=20 {
                let end = (seed * strategy.len() as u64) as f64;
                runs.push(run(task, strategy, seed, &[(seed, 1.0), (50 + seed, end)]));
            }
        }
    }
    let made = Settings { machine: format!("{hostile}\u{202e}"), ..settings() };
    let html = page(&Bench::of(runs, made)).unwrap();
    assert!(html.len() < 500_000, "{}", html.len());
    assert!(!html.contains("<script>") && !html.contains(['\u{1b}', '\u{202e}']));
    assert!(html.contains("default-src 'none'") && html.contains("<svg viewBox"));
    assert!(!html.contains("NaN") && !html.contains("inf"), "no number that is none");
    assert!(html.contains("evolve bench t --seeds 5"));
}

#[test]
fn a_bench_without_any_score_still_has_a_page() {
    let mut none = run("t", "greedy", 1, &[]);
    (none.curve, none.start, none.evaluated) = (Vec::new(), None, 0);
    let bench = Bench::of(vec![none], settings());
    assert!(page(&bench).unwrap().contains("No run has a score."));
    assert!(text(&bench).contains("greedy"));
    let json = serde_json::to_string(&bench).unwrap();
    assert!(!json.contains("NaN"), "{json}");
}

#[test]
fn scores_of_any_size_have_a_page() {
    let sizes = [
        (-f64::MAX, f64::MAX),
        (1e15, 1e15 + 0.125),
        (1e-300, 2e-300),
        (-2.0, -2.0),
        (1e300, 1e300),
    ];
    for (start, end) in sizes {
        for goal in [Goal::Maximize, Goal::Minimize] {
            let mut runs =
                vec![run("t", "a", 1, &[]), run("t", "a", 2, &[]), run("t", "b", 1, &[])];
            for run in &mut runs {
                run.goal = goal;
                run.start = Some(start);
                run.curve = vec![Point { candidates: run.seed, score: end }];
            }
            let bench = Bench::of(runs, settings());
            let html = page(&bench).unwrap();
            let drawn = end < f64::MAX; // else the span, or the room around it, is no number
            assert_eq!(html.contains("<svg viewBox=\"0 0 960"), drawn, "{start} {end}");
            assert!(!html.contains("NaN") && !html.contains("No run has"), "{start} {end}");
            assert!(text(&bench).lines().all(|line| line.chars().count() <= 80));
        }
    }
}

fn any_runs() -> impl Strategy<Value = Vec<BenchRun>> {
    let scores = prop::collection::vec((1u64..100, -50i32..50), 0..4);
    prop::collection::vec((0usize..3, 1u64..5, scores), 2..12).prop_map(|all| {
        let made = all.into_iter().map(|(strategy, seed, mut points)| {
            points.sort_unstable();
            let mut best = 0;
            points.retain(|(_, score)| {
                let rises = *score > best;
                best = best.max(*score);
                rises
            });
            let rising: Vec<_> =
                points.into_iter().map(|(at, score)| (at, f64::from(score))).collect();
            run("t", ["a", "b", "c"][strategy], seed, &rising)
        });
        made.collect()
    })
}

/// Every number that does not depend on the unit of the scores.
fn unitless(bench: &Bench) -> Vec<f64> {
    let task = &bench.tasks[0];
    let strategies = task.strategies.iter().flat_map(|s| [s.rank, s.auc.value.unwrap_or(-1.0)]);
    let pairs = task.pairs.iter().flat_map(|pair| [pair.best.value, pair.auc.value]);
    strategies.chain(pairs).collect()
}

fn close(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn neither_order_nor_unit_nor_direction_changes_a_comparison(
        runs in any_runs(), unit in prop_oneof![Just(0.01), Just(3.0), Just(1e6)], zero in -100i32..100,
    ) {
        let plain = unitless(&Bench::of(runs.clone(), settings()));
        let mut backwards = runs.clone();
        backwards.reverse();
        prop_assert!(close(&plain, &unitless(&Bench::of(backwards, settings()))));
        let changed = |factor: f64, goal: Goal| {
            let mut runs = runs.clone();
            for run in &mut runs {
                let change = |score: f64| score * factor + f64::from(zero);
                run.goal = goal;
                run.start = run.start.map(change);
                run.curve.iter_mut().for_each(|point| point.score = change(point.score));
            }
            unitless(&Bench::of(runs, settings()))
        };
        prop_assert!(close(&plain, &changed(unit, Goal::Maximize)));
        prop_assert!(close(&plain, &changed(-unit, Goal::Minimize)));
    }

    #[test]
    fn one_is_better_as_often_as_the_other_is_worse(runs in any_runs()) {
        let bench = Bench::of(runs, settings());
        for pair in &bench.tasks[0].pairs {
            let back = bench.tasks[0].pairs.iter().find(|p| p.a == pair.b && p.b == pair.a).unwrap();
            prop_assert!((pair.best.value + back.best.value - 1.0).abs() < 1e-12);
            prop_assert!((pair.auc.value + back.auc.value - 1.0).abs() < 1e-12);
        }
    }
}
