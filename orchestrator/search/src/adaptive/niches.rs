//! Niches: programs that are unlike each other, each kept for being good among its like. Where
//! gains are rare, they are what parents and mates are drawn from: a grid of them keeps ideas
//! alive that the ranking alone would have buried.

use std::collections::BTreeMap;

use evolve_core::CandidateId;
use rand::Rng;
use rand_pcg::Pcg64Mcg;

use crate::axes::{Axes, Place};

/// Candidates that are drawn from, all cells together: the best of each where there are many
/// cells, more of each where there are few, the first ranks where there is but one.
const DRAWN: usize = 20;

/// One candidate of a cell.
#[derive(Debug, Clone, PartialEq)]
struct Resident {
    id: CandidateId,
    /// Turned so that more is better.
    score: f64,
    /// Descriptors as they are.
    at: Vec<f64>,
}

/// A grid over descriptors for all islands together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Niches {
    axes: Axes,
    /// The best of each cell, best first; among equals the younger.
    cells: BTreeMap<Place, Vec<Resident>>,
}

impl Niches {
    pub fn new(axes: Axes) -> Self {
        Self { axes, cells: BTreeMap::new() }
    }

    pub fn axes(&self) -> &Axes {
        &self.axes
    }

    /// Puts a candidate into its cell, with its score turned so that more is better.
    pub fn insert(&mut self, id: CandidateId, score: f64, at: Vec<f64>) {
        if self.axes.widen(&at) {
            for resident in std::mem::take(&mut self.cells).into_values().flatten() {
                self.settle(resident);
            }
        }
        let score = score + 0.0; // -0.0 and 0.0 are the same measurement
        self.settle(Resident { id, score, at });
    }

    fn settle(&mut self, resident: Resident) {
        let cell = self.cells.entry(self.axes.place(&resident.at)).or_default();
        let ahead = |other: &Resident| {
            other.score.total_cmp(&resident.score).then(other.id.cmp(&resident.id)).is_gt()
        };
        cell.insert(cell.partition_point(ahead), resident);
        cell.truncate(DRAWN);
    }

    pub fn remove(&mut self, id: CandidateId) {
        self.cells.retain(|_, cell| {
            cell.retain(|resident| resident.id != id);
            !cell.is_empty()
        });
    }

    /// Any cell, each as likely, and one of its best.
    pub fn draw(&self, rng: &mut Pcg64Mcg) -> Option<CandidateId> {
        let count = self.cells.len();
        let cell = self.cells.values().nth(rng.random_range(0..count.max(1)))?;
        let depth = DRAWN.div_ceil(count).min(cell.len());
        cell.get(rng.random_range(0..depth)).map(|resident| resident.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use std::collections::BTreeSet;

    fn niches() -> Niches {
        Niches::new(Axes::new(vec!["size".to_owned()], 8))
    }

    fn drawn(niches: &Niches) -> BTreeSet<u64> {
        let mut rng = Pcg64Mcg::seed_from_u64(1);
        (0..2000).filter_map(|_| niches.draw(&mut rng)).map(|id| id.0).collect()
    }

    #[test]
    fn the_best_of_every_cell_is_drawn_however_poor_the_cell_is() {
        let mut niches = niches();
        assert_eq!(niches.draw(&mut Pcg64Mcg::seed_from_u64(1)), None);
        for id in 0..160 {
            niches.insert(CandidateId(id), id as f64, vec![1.0 + (id % 8) as f64]);
        }
        // 20 over 8 cells: three of each.
        assert_eq!(drawn(&niches), (136..160).collect());
        niches.remove(CandidateId(159));
        assert!(drawn(&niches).contains(&135));
    }

    #[test]
    fn with_one_cell_the_first_ranks_are_drawn() {
        let mut niches = niches();
        (0..100).for_each(|id| niches.insert(CandidateId(id), (id % 50) as f64, vec![1.0]));
        assert_eq!(drawn(&niches), (40..50).chain(90..100).collect());
    }

    proptest! {
        #[test]
        fn nobody_lives_twice_and_cells_stay_bounded_and_sorted(
            steps in prop::collection::vec((0u64..60, -5i32..5, 0i32..40, any::<bool>()), 1..200),
        ) {
            let mut niches = niches();
            for (id, score, size, leaves) in steps {
                niches.remove(CandidateId(id));
                if !leaves {
                    niches.insert(CandidateId(id), f64::from(score), vec![f64::from(size)]);
                }
                let all: Vec<_> = niches.cells.values().flatten().map(|r| r.id).collect();
                prop_assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
                for (place, cell) in &niches.cells {
                    prop_assert!(!cell.is_empty() && cell.len() <= DRAWN);
                    prop_assert!(cell.is_sorted_by(|a, b| a.score >= b.score));
                    prop_assert!(cell.iter().all(|r| niches.axes.place(&r.at) == *place));
                }
            }
        }
    }
}
