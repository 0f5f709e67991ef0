//! The decision: island, operator, parents, inspirations, models.

use evolve_core::event::{Operator, Selection};
use evolve_core::task::Choice;
use evolve_core::{CandidateId, Facts};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;

use super::learn::needs_two;
use super::{Adaptive, islands};
use crate::choice;
use crate::ranking::Ranked;

/// Of the proposals that do not explore, those that take one of the island's very best.
const EXPLOIT: f64 = 0.93;
/// Probability of stopping at each rank, from the best down, where gains are rare and where they
/// are frequent: hill climbing while it pays, breadth when it does not …
const TOP: (f64, f64) = (0.05, 0.9);
/// … and what each proposal under way from that parent takes from it. Little: on a smooth
/// landscape, workers that all start from the best are right.
const RESERVED: f64 = 0.03;
/// Ranks that count as the top at least, however small the island is.
const LEAST_TOP: usize = 30;
/// Probability of mending a failed draft, rather than drafting again, before anything has a
/// score.
const MEND_FIRST: f64 = 0.5;
/// Draws for a mate that is not the parent.
const MATE_DRAWS: usize = 8;
/// Visits an island may have without a member before it borrows parents from another.
const DRAFTS: u32 = 3;

impl Adaptive {
    pub(super) fn decide(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection {
        let slot = islands::pick(&self.islands, &self.flights);
        let island = self.islands[slot].id;
        let mends = self.menu.operators.iter().any(|(op, _)| *op == Operator::Fix);
        if self.archive.is_empty() {
            let failed = self.repairs.newest().filter(|_| mends);
            return match failed.filter(|_| rng.random_bool(MEND_FIRST)) {
                Some(failed) => self.selection(facts, rng, Operator::Fix, island, vec![failed]),
                None => choice::first_step(&self.menu, facts, island, rng),
            };
        }
        if self.archive.ranking(slot).is_empty() && self.may_draft(facts, slot) {
            return choice::first_step(&self.menu, facts, island, rng);
        }
        let operator = self.operator(rng);
        let parents = match operator {
            Operator::Draft => Vec::new(),
            Operator::Fix => self.repairs.newest().into_iter().collect(),
            _ => {
                let home = self.home(slot);
                let parent = self.parent(home, rng);
                let mut parents = vec![parent];
                if needs_two(operator) {
                    parents.extend(self.mate(home, parent, rng));
                }
                parents
            }
        };
        self.selection(facts, rng, operator, island, parents)
    }

    /// An empty island of a seedless run gets drafts of its own, a few.
    fn may_draft(&self, facts: &Facts, slot: usize) -> bool {
        facts.run.program.is_none()
            && self.islands[slot].visited()
                + f64::from(self.flights.of_island(self.islands[slot].id))
                < f64::from(DRAFTS)
    }

    /// The island, or where it is empty the one that holds the best.
    fn home(&self, slot: usize) -> usize {
        if !self.archive.ranking(slot).is_empty() {
            return slot;
        }
        let best = self.archive.best();
        let holds = |slot: &usize| best.is_some_and(|b| self.archive.lives_on(b.id, *slot));
        (0..self.archive.slots()).find(holds).unwrap_or(slot)
    }

    fn selection(
        &self,
        facts: &Facts,
        rng: &mut Pcg64Mcg,
        operator: Operator,
        island: u32,
        parents: Vec<CandidateId>,
    ) -> Selection {
        let home = self.home(self.slot(island));
        let inspirations = self.donors(home, &parents, self.inspirations, rng);
        let models = match self.model_choice {
            Choice::Bandit => self.models.adapt(&self.menu.models, true),
            Choice::Weights => self.menu.models.clone(),
        };
        let models = choice::model_order(&models, facts, rng);
        Selection { operator, island, parents, inspirations, models, tactic: None }
    }

    fn operator(&self, rng: &mut Pcg64Mcg) -> Operator {
        let possible: Vec<_> = self
            .menu
            .operators
            .iter()
            .filter(|(operator, _)| match operator {
                Operator::Fix => self.repairs.newest().is_some(),
                other => !needs_two(*other) || self.archive.len() > 1,
            })
            .copied()
            .collect();
        let shares = match self.operator_choice {
            Choice::Bandit => self.operators.adapt(&possible, false),
            Choice::Weights => possible,
        };
        choice::operator(&self.menu, &shares, rng)
    }

    fn parent(&self, slot: usize, rng: &mut Pcg64Mcg) -> CandidateId {
        let ranking = self.archive.ranking(slot);
        let explores = self.islands[slot].exploration();
        let draw: f64 = rng.random();
        if draw < explores
            && let Some(parent) = self.niches.draw(rng)
        {
            return parent;
        }
        let chosen = if draw < explores + EXPLOIT * (1.0 - explores) {
            self.near_the_top(slot, rng)
        } else {
            // Balanced: good, and not yet much tried.
            let quarter = ranking.len().div_ceil(4);
            self.least_used(rng, |rng| ranking.at(rng.random_range(0..quarter)))
        };
        chosen.or_else(|| ranking.best()).map_or(CandidateId::START, |ranked| ranked.id)
    }

    /// From the best down through the top quarter, stopping with a probability within [`TOP`] at
    /// each, less where proposals from it are under way: workers spread, yet several may have the
    /// best.
    fn near_the_top(&self, slot: usize, rng: &mut Pcg64Mcg) -> Option<Ranked> {
        let ranking = self.archive.ranking(slot);
        let (rare, frequent) = TOP;
        let stop = rare + (frequent - rare) * self.islands[slot].eagerness();
        let top = ranking.descending().take(ranking.len().div_ceil(4).max(LEAST_TOP));
        for ranked in top {
            let reserved = f64::from(self.flights.of_parent(ranked.id));
            if rng.random_bool(stop / (1.0 + RESERVED * reserved)) {
                return Some(ranked);
            }
        }
        ranking.best()
    }

    /// Of two draws the one with fewer children, proposals under way included.
    fn least_used(
        &self,
        rng: &mut Pcg64Mcg,
        mut draw: impl FnMut(&mut Pcg64Mcg) -> Option<Ranked>,
    ) -> Option<Ranked> {
        let used = |ranked: &Ranked| {
            let children = self.archive.member(ranked.id).map_or(0, |member| member.children);
            children + self.flights.of_parent(ranked.id)
        };
        let (first, second) = (draw(rng)?, draw(rng)?);
        Some(if used(&second) < used(&first) { second } else { first })
    }

    /// Whom the parent is crossed with: one of the best while gains are frequent, somebody of any
    /// niche as they become rare.
    fn mate(&self, slot: usize, parent: CandidateId, rng: &mut Pcg64Mcg) -> Option<CandidateId> {
        let drawn = if rng.random_bool(self.islands[slot].eagerness()) {
            None
        } else {
            (0..MATE_DRAWS).filter_map(|_| self.niches.draw(rng)).find(|id| *id != parent)
        };
        drawn.or_else(|| self.donors(slot, &[parent], 1, rng).first().copied())
    }

    /// Diverse elites besides the given ones: the run's best first, then, in random order, other
    /// islands' bests and some of the island's top quarter. Equal scores are most likely the
    /// same program in other words; one of them is enough.
    fn donors(
        &self,
        slot: usize,
        besides: &[CandidateId],
        count: usize,
        rng: &mut Pcg64Mcg,
    ) -> Vec<CandidateId> {
        if count == 0 {
            return Vec::new();
        }
        let slots = 0..self.archive.slots();
        // Two of each, so that there is a donor whenever the archive holds another program.
        let mut pool: Vec<Ranked> =
            slots.flat_map(|other| self.archive.ranking(other).descending().take(2)).collect();
        let ranking = self.archive.ranking(slot);
        let quarter = ranking.len().div_ceil(4);
        for _ in 0..(2 * count).min(quarter) {
            pool.extend(ranking.at(rng.random_range(0..quarter)));
        }
        pool.shuffle(rng);
        let mut taken: Vec<Ranked> = Vec::with_capacity(count);
        for ranked in self.archive.best().into_iter().chain(pool) {
            let known = besides.contains(&ranked.id)
                || taken.iter().any(|other| other.id == ranked.id || same(other, &ranked));
            if !known && taken.len() < count {
                taken.push(ranked);
            }
        }
        taken.into_iter().map(|ranked| ranked.id).collect()
    }
}

#[allow(clippy::float_cmp)] // exactly the same measurement is what is meant
fn same(a: &Ranked, b: &Ranked) -> bool {
    a.score == b.score
}
