//! From lists of places to an order: fusion, diversity, and what credit does to relevance. Pure.

use evolve_core::ids::Seq;
use evolve_core::knowledge::Credits;
use evolve_core::rng;
use evolve_core::words::ShortTexts;
use rand_distr::{Beta, Distribution};

/// A place among the items, and how relevant it is; 1 is the most relevant.
pub(crate) type Scored = (usize, f64);

/// Shows that the prior of a piece of knowledge weighs as much as.
const PRIOR: f64 = 8.0;
/// The most that credit multiplies or divides relevance by.
pub(crate) const CREDIT_BOUND: f64 = 2.0;

/// Scores as parts of the best one.
pub(crate) fn relative(mut list: Vec<Scored>) -> Vec<Scored> {
    let best = list.iter().map(|(_, score)| *score).fold(0.0, f64::max);
    if best > 0.0 {
        for (_, score) in &mut *list {
            *score /= best;
        }
    }
    list
}

/// Fuses lists, each best first, by reciprocal rank: the sum of `1 / (k + rank)` (G. Cormack, C.
/// Clarke and S. Büttcher, "Reciprocal rank fusion outperforms Condorcet", SIGIR 2009). Best
/// first; among equals the lower place first.
pub(crate) fn fuse(lists: &[Vec<Scored>], k: f64) -> Vec<Scored> {
    let mut sums = std::collections::BTreeMap::new();
    for list in lists {
        for (rank, (place, _)) in list.iter().enumerate() {
            *sums.entry(*place).or_insert(0.0) += 1.0 / (k + rank as f64 + 1.0);
        }
    }
    let mut fused: Vec<Scored> = sums.into_iter().collect();
    fused.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    relative(fused)
}

/// Chooses `most` of the scored places, one after the other: the best of `lambda · score −
/// (1 − lambda) · likeness to the most alike that was chosen` (maximal marginal relevance: J.
/// Carbonell and J. Goldstein, SIGIR 1998). With a `lambda` of 1 the order is that of the scores.
pub(crate) fn diversify(
    mut pool: Vec<Scored>,
    most: usize,
    lambda: f64,
    text: impl Fn(usize) -> String,
) -> Vec<usize> {
    pool.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    if lambda >= 1.0 || most <= 1 {
        return pool.into_iter().take(most).map(|(place, _)| place).collect();
    }
    let texts: Vec<String> = pool.iter().map(|(place, _)| text(*place)).collect();
    let mut likeness = ShortTexts::default();
    for text in &texts {
        likeness.add(text);
    }
    let mut nearest = vec![0.0_f64; pool.len()];
    let mut left: Vec<usize> = (0..pool.len()).collect();
    let mut chosen = Vec::new();
    while chosen.len() < most {
        let worth = |at: &usize| lambda * pool[*at].1 - (1.0 - lambda) * nearest[*at];
        // The first among equals, which `max_by` would not give.
        let best = left.iter().rev().max_by(|a, b| worth(a).total_cmp(&worth(b))).copied();
        let Some(best) = best else { break };
        left.retain(|at| *at != best);
        chosen.push(pool[best].0);
        for (at, alike) in likeness.like(&texts[best]) {
            nearest[at] = nearest[at].max(alike);
        }
    }
    chosen
}

/// What relevance is multiplied by for what a piece was worth to those who saw it: between 1/2 and
/// 2, and exactly 1 while nobody saw it.
///
/// A rate of gains is drawn from its posterior (Thompson sampling: W. Thompson, Biometrika 1933),
/// Beta(P·b + gains, P·(1−b) + shown − gains), with a prior of P = 8 shows at the rate `b` of those
/// who did not see it. For a drawn rate r the factor is `2^(w·(2r/(r+b) − 1))`, where w = shown /
/// (shown + P), so that it grows out of 1 with the evidence. The draw depends on seed and name
/// alone, not on what else was found.
pub(crate) fn credit_factor(credits: &Credits, name: &str, seed: u64) -> f64 {
    let with = credits.credit(name);
    if with.shown == 0 {
        return 1.0;
    }
    let (all, without) = (credits.all(), credits.without(name));
    let overall = (f64::from(all.gains) + 0.5) / (f64::from(all.shown) + 1.0);
    let base = (f64::from(without.gains) + PRIOR * overall) / (f64::from(without.shown) + PRIOR);
    let (shown, gains) = (f64::from(with.shown), f64::from(with.gains));
    let Ok(posterior) = Beta::new(PRIOR * base + gains, PRIOR * (1.0 - base) + shown - gains)
    else {
        return 1.0;
    };
    let rate: f64 = posterior.sample(&mut rng::derive(seed, Seq(0), &format!("credit {name}")));
    let evidence = shown / (shown + PRIOR);
    CREDIT_BOUND.powf(evidence * (2.0 * rate / (rate + base) - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn credits(with: (u32, u32), without: (u32, u32)) -> Credits {
        let mut credits = Credits::default();
        for (names, (shown, gains)) in [(vec!["x".to_owned()], with), (Vec::new(), without)] {
            (0..shown).for_each(|n| credits.count(&names, n < gains));
        }
        credits
    }

    fn mean(credits: &Credits) -> f64 {
        (0..200).map(|seed| credit_factor(credits, "x", seed)).sum::<f64>() / 200.0
    }

    #[test]
    fn what_helps_rises_what_never_helps_sinks_and_what_nobody_saw_stays() {
        let base = (100, 20);
        assert!(mean(&credits((40, 24), base)) > 1.2);
        assert!(mean(&credits((40, 0), base)) < 0.7);
        assert!((mean(&credits((40, 8), base)) - 1.0).abs() < 0.1, "as good as the others");
        assert!((credit_factor(&credits((0, 0), base), "x", 1) - 1.0).abs() < f64::EPSILON);
        assert!(mean(&credits((5, 3), base)) < mean(&credits((40, 24), base)), "evidence counts");
    }

    #[test]
    fn where_all_gain_often_an_average_piece_gets_no_credit_for_it() {
        assert!((mean(&credits((40, 32), (100, 80))) - 1.0).abs() < 0.05);
    }

    proptest! {
        #[test]
        fn credit_is_bounded_and_the_same_for_the_same_seed(
            shown in 0_u32..60, gains in 0_u32..60, others in 0_u32..60, theirs in 0_u32..60,
            seed: u64,
        ) {
            let credits = credits((shown, gains.min(shown)), (others, theirs.min(others)));
            let factor = credit_factor(&credits, "x", seed);
            prop_assert!((1.0 / CREDIT_BOUND..=CREDIT_BOUND).contains(&factor));
            prop_assert_eq!(factor.to_bits(), credit_factor(&credits, "x", seed).to_bits());
        }

        #[test]
        fn diversity_chooses_each_place_once_and_the_best_first(
            scores in prop::collection::vec(0.0_f64..1.0, 1..12), most in 1_usize..8,
            lambda in 0.1_f64..1.0,
        ) {
            let pool: Vec<Scored> = scores.iter().copied().enumerate().collect();
            let chosen = diversify(pool, most, lambda, |at| format!("text {}", at % 3));
            prop_assert_eq!(chosen.len(), most.min(scores.len()));
            let distinct: std::collections::BTreeSet<usize> = chosen.iter().copied().collect();
            prop_assert_eq!(distinct.len(), chosen.len());
            prop_assert!(scores.iter().all(|score| *score <= scores[chosen[0]]));
        }

        #[test]
        fn fused_ranks_are_independent_of_scores_and_an_item_of_both_lists_beats_one_of_either(
            at in 0_usize..5,
        ) {
            let words: Vec<Scored> = (0..5).map(|place| (place, 9.0 - place as f64)).collect();
            let vectors = vec![(at, 0.1), (7, 0.09)];
            let fused = fuse(&[words, vectors], 60.0);
            prop_assert_eq!(fused[0], (at, 1.0));
        }
    }

    #[test]
    fn a_text_that_repeats_what_was_chosen_gives_way_to_another() {
        let pool = vec![(0, 1.0), (1, 0.95), (2, 0.9)];
        let text = |at: usize| ["corner circles", "corner circles", "hot experts"][at].to_owned();
        assert_eq!(diversify(pool.clone(), 2, 0.7, text), [0, 2]);
        assert_eq!(diversify(pool, 2, 1.0, text), [0, 1]);
    }
}
