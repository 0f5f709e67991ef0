//! Directions reach a strategy that stalls, and only then.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

mod simulate;

use std::collections::BTreeMap;

use evolve_core::Goal;
use evolve_core::event::{Analyzed, Event, Operator, Selection};
use evolve_core::knowledge::{Insight, InsightKind};
use evolve_search::strategies;
use simulate::{End, Run, section, with_models};

fn tactic(key: &str, kind: InsightKind) -> Insight {
    Insight {
        key: key.into(),
        claim: "rows were never tried".into(),
        mechanism: String::new(),
        scope: String::new(),
        evidence: Vec::new(),
        against: Vec::new(),
        recommendation: "rows".into(),
        confidence: 0.5,
        kind,
    }
}

/// A run of so many proposals of which each n-th gains, with tactics known.
fn after(strategy: &str, proposals: usize, gains_every: usize) -> Run {
    let mut run = Run::new(&section(strategy), with_models(), Goal::Maximize, Some(0.0));
    let insights = vec![
        tactic("a", InsightKind::Tactic),
        tactic("b", InsightKind::Tactic),
        tactic("c", InsightKind::Works),
    ];
    run.append(Event::Analyzed(Analyzed { insights, ..Analyzed::default() }));
    run.go(proposals, 1, |_, candidate| {
        let number = candidate.id.0 as usize;
        End::Score(if number.is_multiple_of(gains_every) { number as f64 } else { -1.0 })
    });
    run
}

fn decisions(run: &Run, count: u64) -> Vec<Selection> {
    use rand::SeedableRng;
    let mut rng = rand_pcg::Pcg64Mcg::seed_from_u64(5);
    (0..count).map(|_| run.strategy.select(&run.facts, &mut rng)).collect()
}

#[test]
fn a_search_that_gains_gets_no_directions_and_one_that_stalls_gets_them_for_half() {
    for strategy in strategies().iter().map(|info| info.name).filter(|name| *name != "epoch") {
        let busy = decisions(&after(strategy, 30, 2), 200);
        assert!(busy.iter().all(|s| s.tactic.is_none()), "{strategy}");
        let stalled = decisions(&after(strategy, 30, 1_000), 400);
        let reads = |s: &&Selection| !matches!(s.operator, Operator::Mutate | Operator::Fix);
        let reading: Vec<_> = stalled.iter().filter(reads).collect();
        let directed = reading.iter().filter(|s| s.tactic.is_some()).count();
        if strategy == "best-of-n" {
            assert_eq!(directed, 0, "independent samples learn nothing");
            continue;
        }
        let share = directed as f64 / reading.len() as f64;
        assert!((0.35..0.65).contains(&share), "{strategy}: {share} of {}", reading.len());
        assert!(stalled.iter().filter(|s| !reads(s)).all(|s| s.tactic.is_none()));
    }
}

#[test]
fn tactics_take_turns_and_other_insights_are_none() {
    let mut run = after("greedy", 30, 1_000);
    let mut followed: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..200 {
        let (candidate, selection) = run.select();
        if let Some(key) = selection.tactic {
            *followed.entry(key).or_default() += 1;
        }
        run.resolve(candidate, End::Score(-1.0));
    }
    assert_eq!(followed.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert!(followed["a"].abs_diff(followed["b"]) <= 1, "{followed:?}");
}
