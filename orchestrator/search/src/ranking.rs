//! Members of one island in the order of their scores.

use evolve_core::CandidateId;
use rand::Rng;
use rand_pcg::Pcg64Mcg;

/// A place in a ranking: the score, turned so that more is better, then the number. Among
/// equals the younger is ahead, so that a search on a plateau drifts instead of standing still.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ranked {
    pub score: f64,
    pub id: CandidateId,
}

impl Ranked {
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.score.total_cmp(&other.score).then(self.id.cmp(&other.id))
    }
}

/// A sorted list. Looking up a rank is a step, inserting moves at most `len * 16` bytes, which
/// for an island's share of the archive takes a few microseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Ranking {
    ascending: Vec<Ranked>,
}

impl Ranking {
    pub fn len(&self) -> usize {
        self.ascending.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ascending.is_empty()
    }

    /// The member at this rank; 0 is the best.
    pub fn at(&self, rank: usize) -> Option<Ranked> {
        let place = self.ascending.len().checked_sub(rank + 1)?;
        self.ascending.get(place).copied()
    }

    pub fn best(&self) -> Option<Ranked> {
        self.at(0)
    }

    /// From the best down.
    pub fn descending(&self) -> impl Iterator<Item = Ranked> + '_ {
        self.ascending.iter().rev().copied()
    }

    /// From the worst up.
    pub fn ascending(&self) -> impl Iterator<Item = Ranked> + '_ {
        self.ascending.iter().copied()
    }

    pub fn insert(&mut self, member: Ranked) {
        if let Err(place) = self.ascending.binary_search_by(|probe| probe.order(&member)) {
            self.ascending.insert(place, member);
        }
    }

    pub fn remove(&mut self, member: Ranked) {
        if let Ok(place) = self.ascending.binary_search_by(|probe| probe.order(&member)) {
            self.ascending.remove(place);
        }
    }

    /// Any member, each as likely.
    pub fn any(&self, rng: &mut Pcg64Mcg) -> Option<Ranked> {
        if self.is_empty() {
            return None;
        }
        self.at(rng.random_range(0..self.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranks_agree_with_sorting_after_any_insertions_and_removals(
            steps in prop::collection::vec((any::<bool>(), -3i32..3, 0u64..20), 0..80),
        ) {
            let (mut ranking, mut plain) = (Ranking::default(), Vec::<(i32, u64)>::new());
            for (insert, score, id) in steps {
                let member = Ranked { score: f64::from(score), id: CandidateId(id) };
                if insert {
                    ranking.insert(member);
                    if !plain.contains(&(score, id)) {
                        plain.push((score, id));
                    }
                } else {
                    ranking.remove(member);
                    plain.retain(|other| *other != (score, id));
                }
                plain.sort_unstable();
                let ids: Vec<_> = ranking.descending().map(|m| m.id.0).collect();
                let expected: Vec<_> = plain.iter().rev().map(|(_, id)| *id).collect();
                prop_assert_eq!(ids, expected);
                prop_assert_eq!(ranking.at(plain.len()), None);
            }
        }
    }
}
