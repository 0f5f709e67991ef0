//! What one proposal may spend: the reservation made for it, and the meter that keeps it.

use evolve_core::event::Reservation;
use evolve_core::money::{TokenUsage, Usd};
use evolve_core::task::ModelSection;

/// How often an answer may be sent back with what was wrong with it.
pub const MAX_REPAIRS: u32 = 2;

/// Most tokens of an answer when the model's section gives no `max_tokens`. Always sent, so
/// that every call has a worst case.
const DEFAULT_ANSWER_TOKENS: u32 = 16_384;

/// Most tokens of one answer of this model.
pub(crate) fn answer_tokens(model: &ModelSection) -> u32 {
    model.max_tokens.unwrap_or(DEFAULT_ANSWER_TOKENS)
}

/// The worst case of one call with a prompt of so many tokens.
pub(crate) fn worst(model: &ModelSection, prompt_tokens: u64, answer_tokens: u64) -> Reservation {
    let usage = TokenUsage { input: prompt_tokens, cached: 0, output: answer_tokens };
    // A provider may charge more for a cached token than for a fresh one (cache writes).
    let all_cached = TokenUsage { cached: usage.input, ..usage };
    let usd = model.price.map_or(Usd::ZERO, |price| price.cost(usage).max(price.cost(all_cached)));
    Reservation { usd, tokens: usage.total() }
}

fn worst_of(model: &ModelSection, prompt_tokens: u32) -> Reservation {
    worst(model, prompt_tokens.into(), answer_tokens(model).into())
}

/// The worst case of one proposal that may use these models: as many calls as an answer
/// and its repairs take, each as expensive as the most expensive one could be.
pub(crate) fn reservation<'a>(
    models: impl Iterator<Item = &'a ModelSection>,
    prompt_tokens: u32,
) -> Reservation {
    let mut most = Reservation::default();
    for model in models {
        let one = worst_of(model, prompt_tokens);
        most.usd = most.usd.max(one.usd);
        most.tokens = most.tokens.max(one.tokens);
    }
    let calls = u64::from(1 + MAX_REPAIRS);
    Reservation { usd: most.usd.times(calls), tokens: most.tokens.saturating_mul(calls) }
}

/// Keeps one proposal within its reservation.
#[derive(Debug)]
pub(crate) struct Allowance {
    prompt_tokens: u32,
    left: Reservation,
    billed_calls_left: u32,
    /// The most that one call cost so far: providers count tokens in their own way, and a
    /// call that cost more than its worst case will do so again.
    dearest: Reservation,
}

impl Allowance {
    pub(crate) fn new(reserved: Reservation, prompt_tokens: u32) -> Self {
        Self {
            prompt_tokens,
            left: reserved,
            billed_calls_left: 1 + MAX_REPAIRS,
            dearest: Reservation::default(),
        }
    }

    /// Whether one more call of this model fits, whatever comes of it.
    pub(crate) fn permits(&self, model: &ModelSection) -> bool {
        let worst = worst_of(model, self.prompt_tokens);
        self.billed_calls_left > 0
            && self.left.usd >= worst.usd.max(self.dearest.usd)
            && self.left.tokens >= worst.tokens.max(self.dearest.tokens)
    }

    /// A call that was or may have been billed.
    pub(crate) fn billed(&mut self, cost: Usd, tokens: u64) {
        self.billed_calls_left = self.billed_calls_left.saturating_sub(1);
        self.left.usd = self.left.usd.minus(cost);
        self.left.tokens = self.left.tokens.saturating_sub(tokens);
        self.dearest.usd = self.dearest.usd.max(cost);
        self.dearest.tokens = self.dearest.tokens.max(tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evolve_core::money::Price;
    use evolve_core::task::parse_task;

    fn model(price: Price, max_tokens: Option<u32>) -> ModelSection {
        let text = "[task]\nname = \"t\"\n[program]\npath = \"p.py\"\n[[objective]]\nmetric = \"s\"\n\
                    goal = \"maximize\"\n[[evaluator.stage]]\nrun = [\"x\"]\njudge = [\"y\"]\n\
                    [[model]]\nname = \"m\"\n";
        let mut model = parse_task(text).unwrap().model.remove(0);
        model.price = Some(price);
        model.max_tokens = max_tokens;
        model
    }

    const CHEAP: Price = Price { input: 1.0, cached: None, output: 2.0 };

    #[test]
    fn a_reservation_is_the_dearest_models_worst_case_for_an_answer_and_its_repairs() {
        let cheap = model(CHEAP, Some(1_000));
        let dear = model(Price { input: 0.5, cached: None, output: 50.0 }, Some(100));
        let both = reservation([&cheap, &dear].into_iter(), 10_000);
        // 10,000 × 1 + 1,000 × 2 = 12,000 µUSD; 10,000 × 0.5 + 100 × 50 = 10,000 µUSD.
        assert_eq!(both.usd, Usd::from_dollars(0.012 * 3.0));
        assert_eq!(both.tokens, 3 * 11_000);
        let unbounded = reservation([&model(CHEAP, None)].into_iter(), 1_000);
        assert_eq!(unbounded.tokens, 3 * (1_000 + 16_384));
    }

    #[test]
    fn calls_at_their_worst_use_the_allowance_up_exactly() {
        let model = model(CHEAP, Some(1_000));
        let reserved = reservation([&model].into_iter(), 10_000);
        let mut allowance = Allowance::new(reserved, 10_000);
        for _ in 0..3 {
            assert!(allowance.permits(&model));
            allowance.billed(Usd::from_dollars(0.012), 11_000);
        }
        assert!(!allowance.permits(&model));
    }

    #[test]
    fn a_provider_that_counts_more_tokens_than_we_do_ends_it_sooner() {
        let model = model(CHEAP, Some(1_000));
        let reserved = reservation([&model].into_iter(), 10_000);
        let mut allowance = Allowance::new(reserved, 10_000);
        allowance.billed(Usd::from_dollars(0.012 * 1.9), 11_000);
        assert!(!allowance.permits(&model), "a second one at 1.9 would exceed the reservation");
    }

    #[test]
    fn a_dearer_cache_is_reserved_for() {
        let odd = model(Price { input: 1.0, cached: Some(3.0), output: 0.0 }, Some(0));
        assert_eq!(reservation([&odd].into_iter(), 1_000).usd, Usd::from_dollars(0.003 * 3.0));
    }
}
