//! What one proposal's command may still spend at the models, with calls side by side.

use std::sync::{Mutex, MutexGuard, PoisonError};

use evolve_core::event::Reservation;
use evolve_core::money::{TokenUsage, Usd};
use evolve_core::task::ModelSection;

use crate::allowance::{answer_tokens, worst};

/// Fewest tokens of an answer that are worth asking for.
const WORTH_ASKING: u64 = 16;

/// See the module's page.
#[derive(Debug)]
pub(super) struct Purse {
    /// What is neither spent nor set aside for calls under way.
    left: Mutex<Reservation>,
}

/// What was set aside for one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub reserved: Reservation,
    /// Most tokens of the answer.
    pub limit: u64,
}

impl Purse {
    pub(super) fn new(left: Reservation) -> Self {
        Self { left: Mutex::new(left) }
    }

    fn left(&self) -> MutexGuard<'_, Reservation> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the worst case of a call aside, with an answer of at most `asked` tokens: fewer
    /// where what is left does not allow more. None when it allows no answer worth asking for.
    pub(super) fn hold(
        &self,
        model: &ModelSection,
        input: u64,
        asked: Option<u64>,
    ) -> Option<Held> {
        let mut left = self.left();
        let most = u64::from(answer_tokens(model));
        let asked = asked.unwrap_or(most).min(most);
        let fits = |limit: u64| {
            let worst = worst(model, input, limit);
            worst.usd <= left.usd && worst.tokens <= left.tokens
        };
        // The largest answer that fits, by halving the interval in which it lies.
        let (mut low, mut high) = (0, asked + 1);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if fits(middle) { low = middle } else { high = middle }
        }
        if low < WORTH_ASKING.min(asked) || low == 0 {
            return None;
        }
        let reserved = worst(model, input, low);
        left.usd = left.usd.minus(reserved.usd);
        left.tokens -= reserved.tokens;
        Some(Held { reserved, limit: low })
    }

    /// Puts back what a call did not use.
    pub(super) fn settle(&self, held: Held, cost: Usd, usage: TokenUsage) {
        let mut left = self.left();
        left.usd = (left.usd + held.reserved.usd).minus(cost);
        left.tokens = (left.tokens + held.reserved.tokens).saturating_sub(usage.total());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evolve_core::money::Price;
    use evolve_core::task::parse_task;
    use proptest::prelude::*;

    fn model() -> ModelSection {
        let text = "[task]\nname = \"t\"\n[program]\npath = \"p.py\"\n[[objective]]\nmetric = \"s\"\n\
                    goal = \"maximize\"\n[[evaluator.stage]]\nrun = [\"x\"]\njudge = [\"y\"]\n\
                    [[model]]\nname = \"gpt-x\"\nmax_tokens = 1000\n";
        let mut model = parse_task(text).unwrap().model.remove(0);
        model.price = Some(Price { input: 1.0, cached: None, output: 2.0 });
        model
    }

    #[test]
    fn answers_grow_shorter_as_the_purse_empties() {
        let purse = Purse::new(Reservation { usd: Usd::from_dollars(1.0), tokens: 3_000 });
        let first = purse.hold(&model(), 500, None).unwrap();
        assert_eq!(first.limit, 1_000);
        let second = purse.hold(&model(), 500, Some(5_000)).unwrap();
        assert_eq!(second.limit, 1_000, "1,500 of 3,000 were left, 500 of them for the prompt");
        assert_eq!(purse.hold(&model(), 500, None), None);
        purse.settle(
            first,
            Usd::from_dollars(0.001),
            TokenUsage { input: 500, cached: 0, output: 100 },
        );
        assert_eq!(purse.hold(&model(), 500, None).unwrap().limit, 400);
    }

    proptest! {
        #[test]
        fn calls_side_by_side_never_hold_more_than_there_is(
            usd in 0.0..0.01f64, tokens in 0..20_000u64,
            calls in prop::collection::vec((0..3_000u64, prop::option::of(0..2_000u64), any::<bool>(), 0.0..=1.0f64), 1..40),
        ) {
            let all = Reservation { usd: Usd::from_dollars(usd), tokens };
            let purse = Purse::new(all);
            let (mut spent, mut under_way) = (Reservation::default(), Vec::new());
            for (input, asked, end_one, share) in calls {
                if let Some(held) = purse.hold(&model(), input, asked) {
                    prop_assert!(held.limit <= 1_000);
                    under_way.push((held, input));
                }
                let held = under_way.iter().fold(spent, |sum, (held, _)| Reservation {
                    usd: sum.usd + held.reserved.usd,
                    tokens: sum.tokens + held.reserved.tokens,
                });
                prop_assert!(held.usd <= all.usd && held.tokens <= all.tokens);
                if end_one && let Some((held, input)) = under_way.pop() {
                    let output = (held.limit as f64 * share) as u64;
                    let usage = TokenUsage { input, cached: 0, output };
                    let cost = model().price.unwrap().cost(usage);
                    purse.settle(held, cost, usage);
                    spent.usd += cost;
                    spent.tokens += usage.total();
                }
            }
        }
    }
}
