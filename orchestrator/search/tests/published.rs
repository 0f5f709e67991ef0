//! The published rules: that selections follow their formulas, and what each promises.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

mod simulate;

use std::collections::{BTreeMap, BTreeSet};

use evolve_core::event::{EvalStarted, Event, Operator};
use evolve_core::outcome::EvalPurpose;
use evolve_core::task::{ParameterValue, SearchSection};
use evolve_core::{CandidateId, Goal};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use simulate::{End, Run, evaluated, mutate_only, section, with_models};

fn with(strategy: &str, parameters: &[(&str, f64)]) -> SearchSection {
    let mut section = section(strategy);
    section.islands = 1;
    for (key, value) in parameters {
        section.parameters.insert((*key).to_owned(), ParameterValue::Number(*value));
    }
    section
}

/// How often each candidate is the first parent in so many draws from the same state.
fn parents(run: &Run, draws: u64) -> BTreeMap<CandidateId, u64> {
    let mut counts = BTreeMap::new();
    for seed in 0..draws {
        let selection = run.strategy.select(&run.facts, &mut Pcg64Mcg::seed_from_u64(seed));
        if let Some(parent) = selection.parents.first() {
            *counts.entry(*parent).or_default() += 1;
        }
    }
    counts
}

/// Pearson's statistic against expected shares must stay below the 99.9 % quantile, here given
/// for the degrees of freedom.
fn follows(counts: &BTreeMap<CandidateId, u64>, shares: &[(u64, f64)], quantile: f64) {
    let n: u64 = counts.values().sum();
    let mut statistic = 0.0;
    for (id, share) in shares {
        let expected = share * n as f64;
        let seen = counts.get(&CandidateId(*id)).copied().unwrap_or(0) as f64;
        statistic += (seen - expected).powi(2) / expected;
    }
    let known: BTreeSet<_> = shares.iter().map(|(id, _)| CandidateId(*id)).collect();
    assert!(counts.keys().all(|id| known.contains(id)), "others were drawn: {counts:?}");
    assert!(statistic < quantile, "{statistic} against {quantile}: {counts:?}");
}

/// A run with candidates 1, 2, … of these scores, all made from the start.
fn scored(section: &SearchSection, scores: &[f64]) -> Run {
    let mut run = Run::new(section, mutate_only(), Goal::Maximize, Some(0.0));
    for score in scores {
        let (candidate, _) = run.select();
        run.resolve(candidate, End::Score(*score));
    }
    run
}

#[test]
fn two_level_draws_parents_evenly_from_the_first_ranks_and_references_from_the_others() {
    let scores: Vec<f64> = (1..=80).map(f64::from).collect();
    let mut run = scored(&with("two-level", &[]), &scores);
    let shares: Vec<(u64, f64)> = (71..=80).map(|id| (id, 0.1)).collect();
    follows(&parents(&run, 5_000), &shares, 27.88); // χ²(9)
    for _ in 0..50 {
        let (_, selection) = run.select();
        assert_eq!(selection.inspirations.len(), 4);
        // Ranks 11 to 50 of 80.
        assert!(selection.inspirations.iter().all(|id| (31..=70).contains(&id.0)));
    }
}

#[test]
fn ucb_takes_the_highest_bound_and_spreads_over_workers() {
    // By hand: 1 stems from the start, 2 from 1; so n is 2, 2, 1 and N = 5. With √ln 5 = 1.2686
    // the bounds are 1.27 for the start, 1 + 1.268 for 1, and 1.794 above its score for 2.
    for (score, parent) in [(0.4, 1), (0.5, 2)] {
        let run = scored(&with("ucb", &[]), &[1.0, score]);
        assert_eq!(parents(&run, 20), BTreeMap::from([(CandidateId(parent), 20)]));
    }
    // With much weight on what is little tried, a score does not outweigh a visit.
    let mut run = scored(&with("ucb", &[("c", 50.0)]), &[1.0, 0.9]);
    let mut taken = BTreeMap::<CandidateId, u32>::new();
    for _ in 0..30 {
        let (_, selection) = run.select();
        *taken.entry(selection.parents[0]).or_default() += 1;
    }
    // Thirty under way, none resolved: the two children and the start end up even.
    assert!(taken.values().all(|n| (9..=12).contains(n)), "{taken:?}");
}

#[test]
fn a_failure_is_a_visit_for_ucb_and_an_interruption_is_none() {
    let section = with("ucb", &[("c", 1.414)]);
    let mut run = scored(&section, &[1.0, 0.99]);
    let (candidate, selection) = run.select();
    assert_eq!(selection.parents, [CandidateId(2)]);
    run.resolve(candidate, End::Failed);
    let (_, next) = run.select();
    assert_eq!(next.parents, [CandidateId(1)], "2 was tried and failed");
    let mut run = scored(&section, &[1.0, 0.99]);
    let (candidate, _) = run.select();
    run.resolve(candidate, End::Rejected(evolve_core::outcome::RejectReason::Interrupted));
    assert_eq!(run.select().1.parents, [CandidateId(2)]);
}

/// Resolves the next proposal with these per-case scores.
fn with_cases(run: &mut Run, cases: &[(&str, f64)]) -> CandidateId {
    let (candidate, _) = run.select();
    run.propose(candidate);
    run.append(Event::EvalStarted(EvalStarted {
        candidate,
        attempt: 1,
        purpose: EvalPurpose::Search,
        repeats: (0, 1),
    }));
    let mean = cases.iter().map(|(_, score)| score).sum::<f64>() / cases.len() as f64;
    let mut event = evaluated(candidate, EvalPurpose::Search, End::Score(mean));
    event.cases = cases.iter().map(|(case, score)| ((*case).to_owned(), *score)).collect();
    run.append(Event::Evaluated(event));
    candidate
}

#[test]
fn pareto_draws_leaders_by_the_cases_they_lead_and_drops_who_leads_nothing_alone() {
    let mut run = Run::new(&with("pareto", &[]), mutate_only(), Goal::Maximize, None);
    let a = with_cases(&mut run, &[("x", 3.0), ("y", 3.0), ("z", 0.0)]);
    let b = with_cases(&mut run, &[("x", 0.0), ("y", 0.0), ("z", 5.0)]);
    // Leads z together with b, and nothing alone; its mean is the lowest, so it goes.
    let _c = with_cases(&mut run, &[("x", -5.0), ("y", 0.0), ("z", 5.0)]);
    let _d = with_cases(&mut run, &[("x", 2.9), ("y", 2.9), ("z", 4.9)]);
    follows(&parents(&run, 3_000), &[(a.0, 2.0 / 3.0), (b.0, 1.0 / 3.0)], 10.83); // χ²(1)
}

#[test]
fn a_lead_passes_on_when_its_leader_is_not_believed() {
    let mut run = Run::new(&with("pareto", &[]), mutate_only(), Goal::Maximize, None);
    let honest = with_cases(&mut run, &[("x", 1.0)]);
    let cheat = with_cases(&mut run, &[("x", 9.0)]);
    assert_eq!(parents(&run, 10).len(), 1);
    let why = "too good".to_owned();
    run.append(Event::Quarantined(evolve_core::event::Verdict { candidate: cheat, why }));
    assert_eq!(parents(&run, 10), BTreeMap::from([(honest, 10)]));
}

#[test]
fn pareto_merges_whom_complements_the_parent() {
    let mut menu = with_models();
    menu.operators = vec![(Operator::Crossover, 1.0)];
    let mut run = Run::new(&with("pareto", &[]), menu, Goal::Maximize, None);
    with_cases(&mut run, &[("w", 0.0), ("x", 3.0), ("y", 0.0), ("z", 0.0)]);
    let two = with_cases(&mut run, &[("w", 0.0), ("x", 0.0), ("y", 3.0), ("z", 3.0)]);
    with_cases(&mut run, &[("w", 3.0), ("x", 0.0), ("y", 0.0), ("z", 0.0)]);
    // Who leads one case is merged with whom leads two others, not with whom leads one other.
    for seed in 0..30 {
        let selection = run.strategy.select(&run.facts, &mut Pcg64Mcg::seed_from_u64(seed));
        assert_eq!(selection.operator, Operator::Crossover);
        assert!(selection.parents.contains(&two), "{selection:?}");
    }
}

#[test]
fn an_epoch_ends_before_the_next_begins_and_later_ones_exploit_more() {
    let mut menu = with_models();
    menu.operators = vec![(Operator::Rewrite, 1.0)];
    let section = with("epoch", &[("batch", 5.0), ("parents", 2.0)]);
    let mut run = Run::new(&section, menu, Goal::Maximize, Some(0.0));
    for epoch in 0..8 {
        let mut members = Vec::new();
        while !run.strategy.waits() {
            let (candidate, _) = run.select();
            let taken = run.strategy.taken(candidate);
            assert_eq!(taken.len(), members.len(), "epoch {epoch}");
            assert!(members.iter().all(|member| taken.contains(member)));
            members.push(candidate);
        }
        assert_eq!(members.len(), 5);
        for (i, member) in members.iter().enumerate() {
            assert!(run.strategy.waits());
            let end = if i == 0 { End::Failed } else { End::Score(member.0 as f64) };
            run.resolve(*member, end);
        }
        assert!(!run.strategy.waits());
    }
    // The ninth epoch: 80 % from one of the two best, 40 and 39, the rest from the start.
    let shares = [(40, 0.4), (39, 0.4), (0, 0.2)];
    follows(&parents(&run, 5_000), &shares, 13.82); // χ²(2)
}

#[test]
fn cells_keep_their_best_and_drive_the_selection_of_map_elites() {
    let mut section =
        with("map-elites", &[("bins", 4.0), ("exploration", 1.0), ("exploitation", 0.0)]);
    let names = ParameterValue::Names(vec!["score".to_owned()]);
    section.parameters.insert("descriptors".to_owned(), names);
    let run = scored(&section, &[1.0, 2.0, 3.0, 4.0, 3.9, 0.1]);
    // Cells [0, 1), [1, 2), [2, 3), [3, 4]: their best are 6, 1, 2 and 4.
    let shares: Vec<(u64, f64)> = [6, 1, 2, 4].map(|id| (id, 0.25)).to_vec();
    follows(&parents(&run, 4_000), &shares, 16.27); // χ²(3)
    section.parameters.insert("exploration".to_owned(), ParameterValue::Number(0.0));
    section.parameters.insert("exploitation".to_owned(), ParameterValue::Number(1.0));
    let run = scored(&section, &[1.0, 2.0, 3.0, 4.0, 3.9, 0.1]);
    assert_eq!(parents(&run, 20), BTreeMap::from([(CandidateId(4), 20)]));
    section.parameters.insert("exploitation".to_owned(), ParameterValue::Number(0.0));
    let run = scored(&section, &[1.0, 2.0, 3.0, 4.0, 3.9, 0.1]);
    // By rank: 4, 2, 1, 6 with weights 4, 3, 2, 1.
    follows(&parents(&run, 4_000), &[(4, 0.4), (2, 0.3), (1, 0.2), (6, 0.1)], 16.27);
}

#[test]
fn islands_take_turns_and_their_best_migrate() {
    let mut section = with("map-elites", &[("migration_interval", 5.0), ("migration_rate", 1.0)]);
    section.islands = 3;
    let names = ParameterValue::Names(vec!["score".to_owned()]);
    section.parameters.insert("descriptors".to_owned(), names);
    let mut run = Run::new(&section, mutate_only(), Goal::Maximize, Some(0.0));
    let mut islands = BTreeMap::<u32, u32>::new();
    run.go(300, 3, |_, candidate| {
        *islands.entry(candidate.selection.island).or_default() += 1;
        End::Score((candidate.id.0 as f64 * 0.37).sin())
    });
    assert_eq!(islands, BTreeMap::from([(0, 100), (1, 100), (2, 100)]));
    // Parents of one island's proposals were made on others: migration did happen.
    let foreign = run.facts.candidates.iter().filter(|candidate| {
        let parent = candidate.parents().first().and_then(|id| run.facts.candidate(*id));
        parent.is_some_and(|parent| {
            parent.id != CandidateId::START && parent.selection.island != candidate.selection.island
        })
    });
    assert!(foreign.count() > 20);
}

#[test]
fn wrong_parameters_are_told_by_name() {
    for (strategy, key, said) in [
        ("ucb", "k", "the strategy `ucb` has `c`"),
        ("greedy", "c", "has no parameters of its own"),
        ("map-elites", "bins", "1000 is not a whole number between 1 and 100"),
    ] {
        let section = with(strategy, &[(key, 1000.0)]);
        let error = evolve_search::build(&section, mutate_only()).err().unwrap().to_string();
        assert!(error.starts_with(&format!("search.parameters.{key}: ")), "{error}");
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn niches_are_what_adaptive_draws_from_when_gains_stay_away_and_the_best_before() {
    let mut section = with("adaptive", &[("bins", 4.0)]);
    let names = ParameterValue::Names(vec!["score".to_owned()]);
    section.parameters.insert("descriptors".to_owned(), names);
    let mut run = Run::new(&section, mutate_only(), Goal::Maximize, Some(0.0));
    run.go(60, 1, |_, candidate| End::Score(candidate.id.0 as f64));
    let eager = parents(&run, 2_000);
    let near = eager.iter().filter(|(id, _)| id.0 >= 50).map(|(_, count)| *count).sum::<u64>();
    assert!(near > 1_600, "of 2,000 parents {near} are of the ten best");
    // Nothing beats 60 any more; the cells hold [0, 15), [15, 30), [30, 45) and [45, 60].
    run.go(1_500, 1, |_, candidate| End::Score((candidate.id.0 * 7 % 60) as f64 + 0.5));
    let stalled = parents(&run, 4_000);
    for cell in 0..4 {
        let range = f64::from(cell) * 15.0..f64::from(cell + 1) * 15.0 + 0.6;
        let score = |id: &CandidateId| run.facts.candidate(*id).unwrap().score().unwrap();
        let of = stalled.iter().filter(|(id, _)| range.contains(&score(id)));
        let count = of.map(|(_, count)| *count).sum::<u64>();
        assert!(count >= 4_000 / 4 * 8 / 10, "cell {cell} has {count} of 4,000 parents");
    }
}
