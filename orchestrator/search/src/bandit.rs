//! Discounted bandits: what was tried long ago counts less, because a search changes what pays.

use std::collections::BTreeMap;

/// What is remembered of one arm.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Arm {
    /// Discounted sum of rewards, each in `[0, 1]`.
    pub reward: f64,
    /// Discounted number of trials.
    pub trials: f64,
    /// Discounted cost, in dollars; only models have one.
    pub cost: f64,
}

/// Arms by name. All of them fade with every trial of any (Garivier and Moulines, "On
/// upper-confidence bound policies for switching bandit problems", 2011, section 2.1: discounted
/// averages), so an arm that was long unused becomes unknown again. Arms that are not on the
/// menu any more are kept, so that a changed list loses nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arms<K: Ord> {
    arms: BTreeMap<K, Arm>,
    keep: f64,
}

/// Trials that the average of all arms counts for in each arm's mean.
const PRIOR_TRIALS: f64 = 8.0;
/// Part of the probability that is always given out by the menu's weights alone.
const FLOOR: f64 = 0.2;
/// Reward that is assumed before anything is known, and below which means are not told apart:
/// in a drought, chance would otherwise decide.
const PRIOR_MEAN: f64 = 0.02;

impl<K: Ord + Clone> Arms<K> {
    /// `keep` is what remains of the past after each trial.
    pub fn new(keep: f64) -> Self {
        Self { arms: BTreeMap::new(), keep }
    }

    pub fn observe(&mut self, key: &K, reward: f64) {
        for arm in self.arms.values_mut() {
            arm.reward *= self.keep;
            arm.trials *= self.keep;
            arm.cost *= self.keep;
        }
        let arm = self.arms.entry(key.clone()).or_default();
        arm.reward += reward;
        arm.trials += 1.0;
    }

    pub fn spend(&mut self, key: &K, cost: f64) {
        self.arms.entry(key.clone()).or_default().cost += cost;
    }

    fn arm(&self, key: &K) -> Arm {
        self.arms.get(key).copied().unwrap_or_default()
    }

    /// The menu's weights, multiplied by how well each arm does against the average, the sum
    /// scaled to one. Each entry keeps at least [`FLOOR`] of its menu share. With costs, the
    /// gain per dollar is what is compared; `gain per trial` where nothing costs anything.
    pub fn adapt(&self, menu: &[(K, f64)], cost_aware: bool) -> Vec<(K, f64)> {
        let weights: Vec<f64> = menu.iter().map(|(_, w)| crate::choice::usable(*w)).collect();
        let total: f64 = weights.iter().sum();
        if !(total > 0.0 && total.is_finite()) {
            return menu.iter().map(|(key, _)| (key.clone(), 1.0 / menu.len() as f64)).collect();
        }
        let arms: Vec<Arm> = menu.iter().map(|(key, _)| self.arm(key)).collect();
        let trials: f64 = arms.iter().map(|arm| arm.trials).sum();
        let prior = (arms.iter().map(|arm| arm.reward).sum::<f64>() + PRIOR_MEAN) / (trials + 1.0);
        let prior = prior.max(PRIOR_MEAN);
        let cost = arms.iter().map(|arm| arm.cost).sum::<f64>() / trials.max(1.0);
        let merits: Vec<f64> = arms
            .iter()
            .zip(&weights)
            .map(|(arm, weight)| {
                let mean = (arm.reward + PRIOR_TRIALS * prior) / (arm.trials + PRIOR_TRIALS);
                // The average cost is the prior here too; an arm that costs nothing is as dear
                // as a hundredth of the average, else it would rule alone.
                let price = if cost_aware && cost > 0.0 {
                    let own = (arm.cost + PRIOR_TRIALS * cost) / (arm.trials + PRIOR_TRIALS);
                    (own / cost).max(0.01)
                } else {
                    1.0
                };
                weight * mean / price
            })
            .collect();
        let merit: f64 = merits.iter().sum();
        menu.iter()
            .zip(weights.iter().zip(&merits))
            .map(|((key, _), (weight, own))| {
                (key.clone(), FLOOR * weight / total + (1.0 - FLOOR) * own / merit)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn share(adapted: &[(char, f64)], key: char) -> f64 {
        adapted.iter().find(|(k, _)| *k == key).unwrap().1
    }

    #[test]
    fn without_experience_the_menu_decides() {
        let arms = Arms::new(0.99);
        let adapted = arms.adapt(&[('a', 3.0), ('b', 1.0)], false);
        assert!((share(&adapted, 'a') - 0.75).abs() < 1e-12);
    }

    #[test]
    fn what_gains_gets_more_and_what_stops_gaining_loses_it_again() {
        let mut arms = Arms::new(0.97);
        let menu = [('a', 1.0), ('b', 1.0)];
        for _ in 0..60 {
            arms.observe(&'a', 0.5);
            arms.observe(&'b', 0.0);
        }
        assert!(share(&arms.adapt(&menu, false), 'a') > 0.7);
        for _ in 0..200 {
            arms.observe(&'a', 0.0);
            arms.observe(&'b', 0.5);
        }
        assert!(share(&arms.adapt(&menu, false), 'b') > 0.7);
    }

    #[test]
    fn of_two_models_that_gain_alike_the_cheaper_is_preferred() {
        let mut arms = Arms::new(0.98);
        for _ in 0..50 {
            arms.observe(&'a', 0.3);
            arms.spend(&'a', 0.10);
            arms.observe(&'b', 0.3);
            arms.spend(&'b', 0.01);
        }
        let menu = [('a', 1.0), ('b', 1.0)];
        assert!(share(&arms.adapt(&menu, true), 'b') > 0.7);
        assert!((share(&arms.adapt(&menu, false), 'b') - 0.5).abs() < 0.01);
    }

    #[test]
    fn an_arm_that_left_the_menu_is_remembered_when_it_returns() {
        let mut arms = Arms::new(0.99);
        for _ in 0..40 {
            arms.observe(&'a', 0.8);
            arms.observe(&'b', 0.0);
        }
        assert_eq!(arms.adapt(&[('b', 1.0)], false), vec![('b', 1.0)]);
        assert!(share(&arms.adapt(&[('a', 1.0), ('b', 1.0)], false), 'a') > 0.6);
    }

    proptest! {
        #[test]
        fn shares_add_up_to_one_and_nobody_falls_below_the_floor(
            menu in prop::collection::btree_map(any::<u8>(), 0.01..10.0f64, 1..6),
            trials in prop::collection::vec((any::<u8>(), 0.0..=1.0f64, 0.0..5.0f64), 0..80),
            cost_aware in any::<bool>(),
        ) {
            let menu: Vec<_> = menu.into_iter().collect();
            let mut arms = Arms::new(0.95);
            for (pick, reward, cost) in trials {
                let key = menu[usize::from(pick) % menu.len()].0;
                arms.observe(&key, reward);
                arms.spend(&key, cost);
            }
            let total: f64 = menu.iter().map(|(_, w)| w).sum();
            let adapted = arms.adapt(&menu, cost_aware);
            let sum: f64 = adapted.iter().map(|(_, p)| p).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9, "{}", sum);
            for ((_, weight), (_, share)) in menu.iter().zip(&adapted) {
                prop_assert!(*share >= FLOOR * weight / total - 1e-12);
            }
        }
    }
}
