//! The bounded archive: who can become a parent, ranked on each island.
//!
//! A member may live on several islands (the start does, and migrants do). What is kept of a
//! candidate besides is in the facts.

use std::collections::BTreeMap;

use evolve_core::CandidateId;

use crate::ranking::{Ranked, Ranking};

/// Most islands: one bit each in a member's set of islands.
pub(crate) const MOST_SLOTS: usize = 64;
/// How many of the worst are looked at when one has to go.
const LAST_IN_LINE: usize = 8;

/// A possible parent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    /// Turned so that more is better.
    pub score: f64,
    /// Islands it lives on, a bit each.
    slots: u64,
    /// Islands it ever was put on: it does not migrate twice to the same.
    visited: u64,
    /// Proposals made from it that are resolved.
    pub children: u32,
    /// Who it stems from; siblings crowd each other out.
    family: CandidateId,
    /// Whether an island was founded with it.
    pub founder: bool,
}

/// Members by island, at most `capacity` on each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Archive {
    members: BTreeMap<CandidateId, Member>,
    slots: Vec<Ranking>,
    families: BTreeMap<CandidateId, u32>,
    capacity: usize,
}

impl Archive {
    pub fn new(slots: usize, capacity: usize) -> Self {
        Self {
            members: BTreeMap::new(),
            slots: vec![Ranking::default(); slots.min(MOST_SLOTS)],
            families: BTreeMap::new(),
            capacity: capacity.max(1),
        }
    }

    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    pub fn add_slot(&mut self) {
        self.slots.push(Ranking::default());
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn ranking(&self, slot: usize) -> &Ranking {
        &self.slots[slot]
    }

    pub fn member(&self, id: CandidateId) -> Option<&Member> {
        self.members.get(&id)
    }

    pub fn member_mut(&mut self, id: CandidateId) -> Option<&mut Member> {
        self.members.get_mut(&id)
    }

    /// The best of all islands.
    pub fn best(&self) -> Option<Ranked> {
        let bests = self.slots.iter().filter_map(Ranking::best);
        bests.max_by(|a, b| a.score.total_cmp(&b.score).then(a.id.cmp(&b.id)))
    }

    pub fn lives_on(&self, id: CandidateId, slot: usize) -> bool {
        self.members.get(&id).is_some_and(|member| member.slots & bit(slot) != 0)
    }

    /// Whether the member was ever put on this island.
    pub fn has_visited(&self, id: CandidateId, slot: usize) -> bool {
        self.members.get(&id).is_some_and(|member| member.visited & bit(slot) != 0)
    }

    /// Puts a candidate on an island; one of the worst goes if there are too many. A member
    /// that already lives elsewhere keeps its score.
    pub fn insert(&mut self, slot: usize, id: CandidateId, score: f64, family: CandidateId) {
        let score = score + 0.0; // -0.0 and 0.0 are the same measurement
        let families = &mut self.families;
        let member = self.members.entry(id).or_insert_with(|| {
            *families.entry(family).or_default() += 1;
            Member { score, slots: 0, visited: 0, children: 0, family, founder: false }
        });
        member.slots |= bit(slot);
        member.visited |= bit(slot);
        self.slots[slot].insert(Ranked { score: member.score, id });
        if self.slots[slot].len() > self.capacity
            && let Some(victim) = self.expendable(slot)
        {
            self.leave(slot, victim);
        }
    }

    /// Among the worst, the one with most relatives in the archive; the worst of those.
    fn expendable(&self, slot: usize) -> Option<Ranked> {
        let window = LAST_IN_LINE.min(self.slots[slot].len() / 2).max(1);
        let relatives = |id: CandidateId| {
            let family = self.members.get(&id).map(|member| member.family);
            family.and_then(|family| self.families.get(&family)).copied().unwrap_or(0)
        };
        let mut chosen: Option<(u32, Ranked)> = None;
        for ranked in self.slots[slot].ascending().take(window) {
            let crowd = relatives(ranked.id);
            if chosen.is_none_or(|(most, _)| crowd > most) {
                chosen = Some((crowd, ranked));
            }
        }
        chosen.map(|(_, ranked)| ranked)
    }

    fn leave(&mut self, slot: usize, ranked: Ranked) {
        self.slots[slot].remove(ranked);
        if let Some(member) = self.members.get_mut(&ranked.id) {
            member.slots &= !bit(slot);
            if member.slots == 0 {
                self.forget(ranked.id);
            }
        }
    }

    fn forget(&mut self, id: CandidateId) {
        let Some(member) = self.members.remove(&id) else { return };
        if let Some(count) = self.families.get_mut(&member.family) {
            *count -= 1;
            if *count == 0 {
                self.families.remove(&member.family);
            }
        }
    }

    /// Takes a candidate out of all islands.
    pub fn remove(&mut self, id: CandidateId) {
        let Some(member) = self.members.get(&id) else { return };
        let (score, slots) = (member.score, member.slots);
        for slot in (0..self.slots.len()).filter(|slot| slots & bit(*slot) != 0) {
            self.slots[slot].remove(Ranked { score, id });
        }
        self.forget(id);
    }

    /// Gives a member the score that more repeats gave it.
    pub fn rescore(&mut self, id: CandidateId, score: f64) {
        let score = score + 0.0;
        let Some(member) = self.members.get_mut(&id) else { return };
        let (old, slots) = (member.score, member.slots);
        member.score = score;
        for slot in (0..self.slots.len()).filter(|slot| slots & bit(*slot) != 0) {
            self.slots[slot].remove(Ranked { score: old, id });
            self.slots[slot].insert(Ranked { score, id });
        }
    }

    /// Empties an island, so that another can take its place. Its former members may be put
    /// on that one.
    pub fn clear(&mut self, slot: usize) {
        for ranked in std::mem::take(&mut self.slots[slot]).ascending() {
            self.leave(slot, ranked);
        }
        for member in self.members.values_mut() {
            member.visited &= !bit(slot);
        }
    }
}

fn bit(slot: usize) -> u64 {
    1 << (slot % MOST_SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOBODY: CandidateId = CandidateId(999);

    #[test]
    fn a_full_island_drops_the_most_crowded_family_among_its_worst_and_never_its_best() {
        let mut archive = Archive::new(1, 4);
        let family = [CandidateId(100), CandidateId(200), CandidateId(200), CandidateId(200)];
        for (id, score) in [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)] {
            archive.insert(0, CandidateId(id), score, family[id as usize - 1]);
        }
        archive.insert(0, CandidateId(5), 5.0, NOBODY);
        let left: Vec<_> = archive.ranking(0).descending().map(|m| m.id.0).collect();
        assert_eq!(left, [5, 4, 3, 1], "2 has siblings, 1 has none");
    }

    #[test]
    fn an_island_remembers_who_was_there_until_another_takes_its_place() {
        let mut archive = Archive::new(2, 2);
        let (a, b, c) = (CandidateId(1), CandidateId(2), CandidateId(3));
        archive.insert(0, a, 1.0, NOBODY);
        archive.insert(1, a, 1.0, NOBODY);
        archive.insert(1, b, 2.0, NOBODY);
        archive.insert(1, c, 3.0, NOBODY);
        assert!(!archive.lives_on(a, 1) && archive.has_visited(a, 1), "crowded out");
        archive.clear(1);
        assert!(!archive.has_visited(a, 1) && archive.lives_on(a, 0));
    }

    proptest! {
        #[test]
        fn islands_members_and_families_always_agree_and_stay_bounded(
            steps in prop::collection::vec((0u8..6, 0usize..3, 0u64..30, -5i32..5), 1..200),
        ) {
            let mut archive = Archive::new(3, 5);
            for (what, slot, id, score) in steps {
                let (id, score) = (CandidateId(id), f64::from(score));
                match what {
                    0 => archive.remove(id),
                    1 => archive.rescore(id, score),
                    2 if score > 3.0 => archive.clear(slot),
                    _ => archive.insert(slot, id, score, CandidateId(id.0 / 4)),
                }
                let mut seen = std::collections::BTreeSet::new();
                for slot in 0..3 {
                    prop_assert!(archive.ranking(slot).len() <= 5);
                    for ranked in archive.ranking(slot).descending() {
                        let member = archive.member(ranked.id).unwrap();
                        prop_assert!(member.score.total_cmp(&ranked.score).is_eq());
                        prop_assert!(archive.lives_on(ranked.id, slot));
                        seen.insert(ranked.id);
                    }
                }
                prop_assert_eq!(seen.len(), archive.len());
                let relatives: u32 = archive.families.values().sum();
                prop_assert_eq!(relatives as usize, archive.len());
                let best = seen.iter().filter_map(|id| archive.member(*id)).map(|m| m.score);
                prop_assert_eq!(archive.best().map(|b| b.score), best.reduce(f64::max));
            }
        }
    }
}
