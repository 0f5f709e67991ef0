//! What holds for strategies, whatever the scores.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

mod simulate;

use std::collections::{BTreeMap, BTreeSet};

use evolve_core::event::{BreakerChanged, CallSettled, Event, Operator, Selection, Verdict};
use evolve_core::outcome::{CallStatus, EvalPurpose, RejectReason};
use evolve_core::task::{Choice, SearchSection};
use evolve_core::{BlobHash, CandidateId, Facts, Goal, TokenUsage, Usd};
use evolve_search::{Menu, build, strategies};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use simulate::{End, Run, mutate_only, section, with_models};

fn any_end() -> impl Strategy<Value = End> {
    prop_oneof![
        8 => (-4i32..4).prop_map(|score| End::Score(f64::from(score))),
        2 => any::<f64>().prop_map(End::Score),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)]
            .prop_map(End::Score),
        2 => Just(End::Failed),
        1 => Just(End::Rejected(RejectReason::Duplicate)),
        1 => Just(End::Rejected(RejectReason::Interrupted)),
    ]
}

fn any_strategy() -> impl Strategy<Value = &'static str> {
    prop::sample::select(strategies().iter().map(|info| info.name).collect::<Vec<_>>())
}

fn any_menu() -> impl Strategy<Value = Menu> {
    prop_oneof![Just(mutate_only()), Just(with_models()), Just(Menu::default())]
}

fn any_goal() -> impl Strategy<Value = Goal> {
    prop_oneof![Just(Goal::Maximize), Just(Goal::Minimize)]
}

/// What every decision must satisfy.
fn is_sound(facts: &Facts, menu: &Menu, selection: &Selection) -> Result<(), TestCaseError> {
    let scored =
        |id: &CandidateId| facts.candidate(*id).and_then(|c| c.score()).is_some_and(f64::is_finite);
    let parents = &selection.parents;
    match selection.operator {
        Operator::Draft => prop_assert!(parents.is_empty()),
        Operator::Crossover => prop_assert_eq!(parents.len(), 2),
        _ => prop_assert_eq!(parents.len(), 1),
    }
    if selection.operator == Operator::Fix {
        prop_assert!(!scored(&parents[0]));
        prop_assert!(facts.candidate(parents[0]).unwrap().evaluation.is_some());
    } else {
        let nothing = facts.candidates.iter().all(|c| !scored(&c.id));
        prop_assert!(nothing || parents.iter().all(scored), "{:?}", selection);
    }
    let shown: Vec<_> = parents.iter().chain(&selection.inspirations).collect();
    let distinct: BTreeSet<_> = shown.iter().collect();
    prop_assert_eq!(distinct.len(), shown.len(), "{:?}", selection);
    prop_assert!(selection.inspirations.iter().all(scored));
    let models: BTreeSet<_> = selection.models.iter().collect();
    prop_assert_eq!(models.len(), selection.models.len());
    prop_assert_eq!(models, menu.models.iter().map(|(name, _)| name).collect());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn decisions_are_sound_for_any_scores_and_repeatable(
        strategy in any_strategy(),
        menu in any_menu(),
        goal in any_goal(),
        start in prop_oneof![Just(None), (-2i32..2).prop_map(|s| Some(f64::from(s)))],
        archive in prop_oneof![Just(2u32), Just(7), Just(10_000)],
        islands in prop_oneof![Just(1u32), Just(4), Just(64)],
        ends in prop::collection::vec(any_end(), 1..120),
        workers in 1usize..6,
    ) {
        let config = SearchSection { archive, islands, ..section(strategy) };
        let mut run = Run::new(&config, menu.clone(), goal, start);
        let mut under_way = std::collections::VecDeque::new();
        for end in ends {
            while under_way.len() < workers {
                let decided = run.strategy.select(&run.facts, &mut run.rng());
                is_sound(&run.facts, &menu, &decided)?;
                let (candidate, again) = run.select();
                prop_assert_eq!(decided, again, "a decision must not change the state");
                under_way.push_back(candidate);
            }
            run.resolve(under_way.pop_front().unwrap(), end);
        }
        prop_assert!(run.facts.misfits.is_empty(), "{:?}", run.facts.misfits);
    }

    #[test]
    fn a_strategy_fed_the_journal_decides_like_one_that_lived_through_it(
        strategy in any_strategy(),
        menu in any_menu(),
        ends in prop::collection::vec(any_end(), 1..150),
        workers in 1usize..5,
    ) {
        let mut lived = Run::new(&section(strategy), menu.clone(), Goal::Maximize, Some(0.0));
        let mut left = ends.iter();
        lived.go(ends.len(), workers, |_, _| *left.next().unwrap());
        let mut fed = build(&section(strategy), menu).unwrap();
        let mut facts = Facts::begin(&lived.journal[0]).unwrap();
        fed.observe(&facts, &lived.journal[0]);
        for event in &lived.journal[1..] {
            facts.apply(event);
            fed.observe(&facts, event);
        }
        for seed in 0..40 {
            let mut rng = Pcg64Mcg::seed_from_u64(seed);
            let decided = lived.strategy.select(&lived.facts, &mut rng.clone());
            prop_assert_eq!(decided, fed.select(&facts, &mut rng));
        }
    }

    #[test]
    fn neither_the_unit_nor_the_zero_nor_the_sign_of_the_scores_matters(
        strategy in any_strategy(),
        scores in prop::collection::vec(-1000i32..1000, 1..150),
        unit in prop_oneof![Just(1.0), Just(0.125), Just(1024.0)],
        zero in prop_oneof![Just(0i32), Just(-5000), Just(4096)],
        workers in 1usize..4,
    ) {
        // Exact in binary, so that only the strategy could make a difference.
        let decisions = |goal: Goal, change: &dyn Fn(i32) -> f64| {
            let mut run =
                Run::new(&section(strategy), mutate_only(), goal, Some(change(0)));
            let mut left = scores.iter();
            run.go(scores.len(), workers, |_, _| End::Score(change(*left.next().unwrap())));
            run.facts.candidates.iter().map(|c| c.selection.clone()).collect::<Vec<_>>()
        };
        let plain = decisions(Goal::Maximize, &|score| f64::from(score));
        let moved = decisions(Goal::Maximize, &|score| f64::from(score + zero) * unit);
        let turned = decisions(Goal::Minimize, &|score| f64::from(-score));
        prop_assert_eq!(&plain, &moved);
        prop_assert_eq!(&plain, &turned);
    }
}

#[test]
fn in_a_constant_population_the_search_drifts_and_stays_bounded() {
    let config = SearchSection { archive: 50, ..section("adaptive") };
    let mut run = Run::new(&config, mutate_only(), Goal::Minimize, Some(1.0));
    run.go(3000, 3, |_, _| End::Score(1.0));
    let latest = run.facts.candidates.iter().rev().take(200);
    let parents: BTreeSet<_> = latest.flat_map(|c| c.parents().to_vec()).collect();
    assert!(parents.len() > 50, "{}", parents.len());
    let islands: BTreeSet<_> =
        run.facts.candidates.iter().rev().take(500).map(|c| c.selection.island).collect();
    assert!(islands.len() <= 11, "{islands:?}");
}

#[test]
fn stagnation_founds_new_islands_from_elites_and_gains_do_not() {
    let newest = |stalled: bool| {
        let mut run = Run::new(&section("adaptive"), mutate_only(), Goal::Maximize, Some(0.0));
        run.go(800, 2, |facts, candidate| {
            let parent = facts.candidate(candidate.parents()[0]).and_then(|p| p.score()).unwrap();
            let gains = !stalled && candidate.id.0.is_multiple_of(5);
            End::Score(if gains { parent + 1.0 } else { parent - 0.01 })
        });
        run.facts.candidates.iter().map(|c| c.selection.island).max().unwrap()
    };
    assert_eq!(newest(false), 0, "one island as long as it pays");
    assert!(newest(true) > 3, "new ones take the place of the poorest");
}

#[test]
fn what_gains_on_one_island_becomes_a_parent_on_others() {
    const STALL: usize = 1000;
    let mut run = Run::new(&section("adaptive"), mutate_only(), Goal::Maximize, Some(0.0));
    let score = |facts: &Facts, candidate: &evolve_core::facts::CandidateFacts, gains| {
        let parent = facts.candidate(candidate.parents()[0]).and_then(|p| p.score()).unwrap();
        End::Score(parent + if gains { 1.0 } else { -0.01 })
    };
    run.go(STALL, 2, |facts, candidate| score(facts, candidate, false));
    let newest = |run: &Run| run.facts.candidates.iter().map(|c| c.selection.island).max().unwrap();
    let founded = newest(&run);
    assert!(founded > 0, "no second island");
    let gains = |id: CandidateId| id.0.is_multiple_of(5);
    run.go(1500, 2, |facts, candidate| score(facts, candidate, gains(candidate.id)));
    assert_eq!(newest(&run), founded, "no foundation, which would move candidates too");
    let moved = run.facts.candidates.iter().filter(|child| {
        let parent = child.parents().first().and_then(|id| run.facts.candidate(*id));
        parent.is_some_and(|parent| {
            parent.id.0 > STALL as u64 && parent.selection.island != child.selection.island
        })
    });
    assert!(moved.count() > 0);
}

#[test]
fn both_zeros_are_the_same_score() {
    let decisions = |zero: f64| {
        let mut run = Run::new(&section("adaptive"), mutate_only(), Goal::Minimize, Some(0.0));
        run.go(200, 2, |_, candidate| {
            End::Score(if candidate.id.0.is_multiple_of(3) { zero } else { 0.0 })
        });
        run.facts.candidates.iter().map(|c| c.selection.clone()).collect::<Vec<_>>()
    };
    assert_eq!(decisions(0.0), decisions(-0.0));
}

#[test]
fn the_best_is_chosen_less_often_the_more_proposals_from_it_are_under_way() {
    let config = SearchSection { islands: 1, ..section("adaptive") };
    let mut run = Run::new(&config, mutate_only(), Goal::Maximize, Some(0.0));
    run.go(300, 1, |_, candidate| End::Score(candidate.id.0 as f64));
    let best = run.facts.best.unwrap();
    let share = |run: &Run| {
        (0..400)
            .map(|seed| run.strategy.select(&run.facts, &mut Pcg64Mcg::seed_from_u64(seed)))
            .filter(|selection| selection.parents[0] == best)
            .count()
    };
    let free = share(&run);
    for _ in 0..40 {
        run.select();
    }
    let reserved = share(&run);
    assert!(free > 300 && reserved < free * 3 / 4, "{free} {reserved}");
}

#[test]
fn parallel_workers_share_the_best_and_yet_spread() {
    let config = SearchSection { islands: 1, ..section("adaptive") };
    let mut run = Run::new(&config, mutate_only(), Goal::Maximize, Some(0.0));
    let mut score = 0.0;
    run.go(300, 1, |_, _| {
        score += 1.0;
        End::Score(score)
    });
    let best = run.facts.best.unwrap();
    let mut from: BTreeMap<CandidateId, u32> = BTreeMap::new();
    for _ in 0..40 {
        let (_, selection) = run.select();
        *from.entry(selection.parents[0]).or_default() += 1;
    }
    assert!(from[&best] >= 12, "several workers have the best: {from:?}");
    assert!(from.len() >= 5, "not all of them do: {from:?}");
}

#[test]
fn a_quarantined_or_refuted_candidate_is_no_parent_any_more() {
    for strategy in ["adaptive", "random"] {
        let mut run = Run::new(&section(strategy), mutate_only(), Goal::Maximize, Some(0.0));
        run.go(60, 1, |_, candidate| End::Score(candidate.id.0 as f64));
        let (liar, lucky) = (CandidateId(60), CandidateId(59));
        run.append(Event::Quarantined(Verdict { candidate: liar, why: "too good".to_owned() }));
        let confirm = EvalPurpose::Confirm;
        run.append(Event::EvalStarted(evolve_core::event::EvalStarted {
            candidate: lucky,
            attempt: 1,
            purpose: confirm,
            repeats: (1, 2),
        }));
        run.append(Event::Evaluated(simulate::evaluated(lucky, confirm, End::Failed)));
        for seed in 0..300 {
            let selection = run.strategy.select(&run.facts, &mut Pcg64Mcg::seed_from_u64(seed));
            let mut shown = selection.parents.iter().chain(&selection.inspirations);
            assert!(shown.all(|id| *id != liar && *id != lucky), "{strategy}: {selection:?}");
        }
    }
}

#[test]
fn a_seedless_run_drafts_until_something_has_a_score_and_may_mend_a_failed_draft() {
    let mut run = Run::new(&section("adaptive"), with_models(), Goal::Maximize, None);
    run.go(30, 1, |_, _| End::Failed);
    let operators: Vec<_> =
        run.facts.candidates[1..].iter().map(|c| c.selection.operator).collect();
    assert_eq!(operators[0], Operator::Draft);
    assert!(operators.contains(&Operator::Fix), "{operators:?}");
    assert!(operators.iter().all(|op| matches!(op, Operator::Draft | Operator::Fix)));
    run.go(60, 1, |_, candidate| End::Score(candidate.id.0 as f64));
    let later = run.facts.candidates[60..].iter();
    assert!(later.filter(|c| c.selection.operator == Operator::Diff).count() > 10);
}

#[test]
fn a_failed_candidate_is_mended_now_and_then_and_never_twice() {
    let mut run = Run::new(&section("adaptive"), with_models(), Goal::Maximize, Some(0.0));
    run.go(400, 2, |_, candidate| match candidate.id.0 % 2 {
        0 => End::Failed,
        _ => End::Score(0.0),
    });
    let mended: Vec<_> = run
        .facts
        .candidates
        .iter()
        .filter(|c| c.selection.operator == Operator::Fix)
        .map(|c| c.parents()[0])
        .collect();
    let distinct: BTreeSet<_> = mended.iter().collect();
    assert!((4..=60).contains(&mended.len()), "{}", mended.len());
    assert_eq!(distinct.len(), mended.len());
}

#[test]
fn an_operator_that_gains_is_used_more_and_the_others_are_not_forgotten() {
    let mut run = Run::new(&section("adaptive"), with_models(), Goal::Maximize, Some(0.0));
    run.go(400, 2, |facts, candidate| {
        let parent = candidate.parents().first().and_then(|id| facts.candidate(*id)?.score());
        let pays = candidate.selection.operator == Operator::Rewrite;
        End::Score(parent.unwrap_or(0.0) + if pays { 1.0 } else { -1.0 })
    });
    let count = |operator| {
        let last = run.facts.candidates.iter().rev().take(200);
        last.filter(|c| c.selection.operator == operator).count()
    };
    // The menu alone would give rewrite 40 and diff 120.
    assert!(count(Operator::Rewrite) > 90, "{}", count(Operator::Rewrite));
    assert!(count(Operator::Diff) > 10, "{}", count(Operator::Diff));
}

#[test]
fn fixed_weights_stay_what_they_are_whatever_pays() {
    let mut fixed = section("adaptive");
    fixed.operator_choice = Choice::Weights;
    let mut run = Run::new(&fixed, with_models(), Goal::Maximize, Some(0.0));
    run.go(400, 2, |facts, candidate| {
        let parent = candidate.parents().first().and_then(|id| facts.candidate(*id)?.score());
        let pays = candidate.selection.operator == Operator::Rewrite;
        End::Score(parent.unwrap_or(0.0) + if pays { 1.0 } else { -1.0 })
    });
    let last = run.facts.candidates.iter().rev().take(200);
    let rewrites = last.filter(|c| c.selection.operator == Operator::Rewrite).count();
    // The menu gives it 40; four standard deviations are 23.
    assert!((17..=63).contains(&rewrites), "{rewrites}");
}

#[test]
fn fixed_weights_of_models_do_not_follow_the_price() {
    let mut fixed = section("adaptive");
    fixed.model_choice = Choice::Weights;
    for (section, small_leads) in [(fixed, false), (section("adaptive"), true)] {
        let mut run = Run::new(&section, with_models(), Goal::Maximize, Some(0.0));
        for _ in 0..30 {
            let (candidate, _) = run.select();
            for (model, dollars) in [("large", 1.0), ("small", 0.01)] {
                run.append(settled(candidate, model, dollars));
            }
            run.resolve(candidate, End::Score(candidate.0 as f64));
        }
        let first = (0..200)
            .map(|seed| run.strategy.select(&run.facts, &mut Pcg64Mcg::seed_from_u64(seed)))
            .filter(|selection| selection.models[0].as_str() == "small")
            .count();
        assert_eq!(first > 100, small_leads, "{first}");
    }
}

fn settled(candidate: CandidateId, model: &str, dollars: f64) -> Event {
    Event::CallSettled(CallSettled {
        candidate,
        analysis: None,
        model: model.into(),
        status: CallStatus::Ok,
        detail: String::new(),
        usage: TokenUsage::default(),
        estimated: false,
        cost: Usd::from_dollars(dollars),
        request: BlobHash::of(b"q"),
        response: None,
        latency_ms: 1,
    })
}

#[test]
fn a_model_with_an_open_breaker_comes_last_and_a_dear_one_later() {
    let mut run = Run::new(&section("adaptive"), with_models(), Goal::Maximize, Some(0.0));
    let first = |run: &Run, name: &str| {
        (0..200)
            .map(|seed| run.strategy.select(&run.facts, &mut Pcg64Mcg::seed_from_u64(seed)))
            .filter(|selection| selection.models[0].as_str() == name)
            .count()
    };
    assert!(first(&run, "large") > first(&run, "small"), "weights 2 and 1");
    for _ in 0..30 {
        let (candidate, selection) = run.select();
        for (model, dollars) in [("large", 1.0), ("small", 0.01)] {
            run.append(settled(candidate, model, dollars));
        }
        assert_eq!(selection.models.len(), 2);
        run.resolve(candidate, End::Score(candidate.0 as f64));
    }
    assert!(first(&run, "small") > first(&run, "large"), "gain per dollar");
    run.append(Event::BreakerChanged(BreakerChanged {
        model: "small".into(),
        open: true,
        why: "down".to_owned(),
    }));
    assert_eq!(first(&run, "small"), 0);
}

#[test]
fn best_of_n_starts_from_the_start_and_greedy_from_the_best() {
    let ends = |facts: &Facts| End::Score((facts.candidates.len() % 17) as f64);
    let mut samples = Run::new(&section("best-of-n"), mutate_only(), Goal::Maximize, Some(0.0));
    samples.go(60, 2, |facts, _| ends(facts));
    let all = &samples.facts.candidates[1..];
    assert!(all.iter().all(|c| c.parents() == [CandidateId::START]));
    assert!(all.iter().all(|c| c.selection.inspirations.is_empty()));
    let mut greedy = Run::new(&section("greedy"), mutate_only(), Goal::Maximize, Some(0.0));
    for _ in 0..60 {
        let best = greedy.facts.best.unwrap();
        let (candidate, selection) = greedy.select();
        assert_eq!(selection.parents, [best]);
        let end = ends(&greedy.facts);
        greedy.resolve(candidate, end);
    }
}

fn with_models_and_mutate() -> Menu {
    let mut menu = with_models();
    menu.operators.push((Operator::Mutate, 0.2));
    menu
}

/// How many of the last 200 proposals are mutations, where these pay or the others do.
fn polished(section: &SearchSection, mutation_pays: bool) -> usize {
    let mut run = Run::new(section, with_models_and_mutate(), Goal::Maximize, Some(0.0));
    run.go(600, 2, |facts, candidate| {
        let parent = candidate.parents().first().and_then(|id| facts.candidate(*id)?.score());
        let mutated = candidate.selection.operator == Operator::Mutate;
        if mutated {
            assert_eq!(candidate.parents().len(), 1);
        }
        let pays = candidate.id.0.is_multiple_of(3) && mutated == mutation_pays;
        End::Score(parent.unwrap_or(0.0) + if pays { 1.0 } else { -1.0 })
    });
    let last = run.facts.candidates.iter().rev().take(200);
    last.filter(|c| c.selection.operator == Operator::Mutate).count()
}

#[test]
fn any_strategy_polishes_more_where_polishing_pays() {
    for info in strategies() {
        if info.name == "best-of-n" {
            continue; // its samples are independent
        }
        let section = section(info.name);
        let (pays, pays_not) = (polished(&section, true), polished(&section, false));
        // The menu alone gives it a sixth: 33.
        assert!(pays > 55, "{}: {pays} where it pays", info.name);
        assert!((1..30).contains(&pays_not), "{}: {pays_not} where it does not", info.name);
    }
    let fixed = SearchSection { operator_choice: Choice::Weights, ..section("greedy") };
    let (pays, pays_not) = (polished(&fixed, true), polished(&fixed, false));
    // The menu gives it 33; four standard deviations are 21.
    assert!((12..=54).contains(&pays) && (12..=54).contains(&pays_not), "{pays} {pays_not}");
}

#[test]
fn every_strategy_builds_on_a_persons_program_and_draws_the_same_operators_as_before() {
    for info in strategies() {
        let mut run = Run::new(&section(info.name), with_models(), Goal::Maximize, Some(1.0));
        run.go(30, 1, |_, _| End::Score(0.5));
        // Neither a parent nor an island is needed, and an island that is not there is none.
        run.inject(Vec::new(), 9, End::Failed);
        let own = run.inject(vec![CandidateId::START], 0, End::Score(50.0));
        let mut built = false;
        run.go(400, 1, |_, candidate| {
            let selection = &candidate.selection;
            assert!(selection.operator.is_chosen(), "{}: {selection:?}", info.name);
            built |= selection.parents.contains(&own) || selection.inspirations.contains(&own);
            End::Score(0.5)
        });
        // Independent samples know nothing but the start.
        assert_eq!(built, info.name != "best-of-n", "{}", info.name);
    }
}

/// The whole of what `adaptive` learned shows in its decisions: with and without a person's
/// program that became nothing, they are the same.
#[test]
fn a_persons_failure_is_no_experience() {
    for strategy in ["adaptive", "ucb", "epoch", "map-elites"] {
        let decisions = |injects: bool| {
            let mut run = Run::new(&section(strategy), with_models(), Goal::Maximize, Some(1.0));
            run.go(60, 1, |_, c| End::Score((c.id.0 % 7) as f64));
            if injects {
                // Without a log there is nothing to mend, so it is no parent of a repair.
                run.inject(vec![CandidateId::START], 0, End::Score(f64::NAN));
            }
            let select = |seed| run.strategy.select(&run.facts, &mut Pcg64Mcg::seed_from_u64(seed));
            (0..300).map(select).collect::<Vec<_>>()
        };
        assert_eq!(decisions(true), decisions(false), "{strategy}");
    }
}
