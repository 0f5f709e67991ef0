//! Islands: where it pays to search, and how much to explore there.

use crate::flights::Flights;

/// Weight of an evaluation in an island's improvement signal: it looks back about fifty.
const SIGNAL_FRESHNESS: f64 = 0.02;
/// The signal at which exploration is half way between its bounds: one typical gain (share 1/2)
/// in 170 evaluations.
const SIGNAL_HALF: f64 = 0.003;
/// The signal at which eagerness is one half: one typical gain in a hundred evaluations.
const EAGER_HALF: f64 = 0.005;
/// The signal of a new island: gains are expected until their absence is seen.
const SIGNAL_HOPED: f64 = 0.05;
/// Bounds of the share of exploration.
const EXPLORE: (f64, f64) = (0.03, 0.9);
/// What remains of rewards and visits after an evaluation on any island: a memory of about 200.
const KEEP: f64 = 0.995;
/// Weight of uncertainty in the choice of an island. Half of the published constant: means here
/// are relative to the best island's, so they differ by more than raw ones.
const UNCERTAINTY: f64 = 0.7;
/// A mean reward that counts as full, however poor the other islands are: a typical gain of the
/// best in a hundred evaluations. Below it, islands look more and more alike.
const DROUGHT: f64 = 0.005;

/// What is known of an island besides its members.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Island {
    /// Its number in events; never used again for another.
    pub id: u32,
    /// Discounted mean of its own gains, as shares.
    signal: f64,
    /// Discounted sum of gains of the run's best that came from here, as shares.
    reward: f64,
    /// Discounted number of proposals resolved here.
    visits: f64,
}

impl Island {
    pub fn new(id: u32) -> Self {
        Self { id, signal: SIGNAL_HOPED, reward: 0.0, visits: 0.0 }
    }

    /// Share of proposals that explore. The signal fades with *every* resolved proposal, failed
    /// and rejected ones too, so stagnation raises exploration and gains lower it.
    pub fn exploration(&self) -> f64 {
        let (least, most) = EXPLORE;
        least + (most - least) * (1.0 - risen(self.signal, SIGNAL_HALF))
    }

    /// How readily gains come here, in `[0, 1)`.
    pub fn eagerness(&self) -> f64 {
        risen(self.signal, EAGER_HALF)
    }

    /// Proposals resolved here, discounted.
    pub fn visited(&self) -> f64 {
        self.visits
    }

    /// Takes note of a resolved proposal: the share it gained on this island's best.
    pub fn note(&mut self, own_gain: f64) {
        self.signal += SIGNAL_FRESHNESS * (own_gain - self.signal);
    }
}

/// From none to all as the signal passes `half`, steeply: a search that gains is left alone, one
/// that does not is changed for good.
fn risen(signal: f64, half: f64) -> f64 {
    let ratio = (signal / half).powi(2);
    ratio / (1.0 + ratio)
}

/// Takes note of a proposal resolved on one island: the share it gained on the run's best.
pub(super) fn credit(islands: &mut [Island], slot: usize, best_gain: f64) {
    for island in islands.iter_mut() {
        island.reward *= KEEP;
        island.visits *= KEEP;
    }
    islands[slot].reward += best_gain;
    islands[slot].visits += 1.0;
}

/// The island to search next: discounted UCB (Garivier and Moulines 2011, section 2.1) on mean
/// rewards relative to the best island's; proposals under way count as visits without reward.
pub(super) fn pick(islands: &[Island], flights: &Flights) -> usize {
    let visits = |island: &Island| island.visits + f64::from(flights.of_island(island.id));
    let mean = |island: &Island| island.reward / visits(island).max(1e-9);
    let full = islands.iter().map(mean).fold(DROUGHT, f64::max);
    let total: f64 = islands.iter().map(visits).sum();
    let value = |island: &Island| {
        let visits = visits(island);
        if visits < 0.5 {
            return f64::INFINITY;
        }
        mean(island) / full + UNCERTAINTY * (total.max(1.0).ln() / visits).sqrt()
    };
    let values = islands.iter().map(value).enumerate();
    // The first of equals.
    values.rev().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(slot, _)| slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(gains: [f64; 3], steps: usize) -> [usize; 3] {
        let mut islands: Vec<_> = (0..3).map(Island::new).collect();
        let mut counts = [0; 3];
        for step in 0..steps {
            let slot = pick(&islands, &Flights::default());
            counts[slot] += 1;
            let pays = gains[slot] > 0.0 && step % 10 == 0;
            credit(&mut islands, slot, if pays { gains[slot] } else { 0.0 });
        }
        counts
    }

    #[test]
    fn the_island_that_pays_gets_most_visits_and_no_island_is_forgotten() {
        let counts = shares([0.0, 0.5, 0.0], 1000);
        assert!(counts[1] > 700, "{counts:?}");
        assert!(counts[0] > 10 && counts[2] > 10, "{counts:?}");
    }

    #[test]
    fn without_gains_islands_are_visited_alike() {
        let counts = shares([0.0; 3], 999);
        assert!(counts.iter().all(|n| n.abs_diff(333) < 5), "{counts:?}");
    }

    #[test]
    fn an_island_that_paid_long_ago_is_no_better_than_others_in_a_drought() {
        let mut islands: Vec<_> = (0..3).map(Island::new).collect();
        (0..50).for_each(|_| credit(&mut islands, 0, 0.5));
        let mut counts = [0; 3];
        for step in 0..3000 {
            let slot = pick(&islands, &Flights::default());
            credit(&mut islands, slot, 0.0);
            counts[slot] += usize::from(step >= 2000);
        }
        assert!(counts.iter().all(|n| n.abs_diff(333) < 60), "{counts:?}");
    }

    #[test]
    fn stagnation_raises_exploration_and_gains_lower_it() {
        let mut island = Island::new(0);
        let fresh = island.exploration();
        for _ in 0..20 {
            island.note(0.5);
        }
        let busy = island.exploration();
        for _ in 0..400 {
            island.note(0.0);
        }
        let stalled = island.exploration();
        assert!(busy < 0.1 && stalled > 0.3, "{fresh} {busy} {stalled}");
        // The defect of the published rule: a small win must not raise exploration.
        island.note(0.01);
        assert!(island.exploration() < stalled);
    }
}
