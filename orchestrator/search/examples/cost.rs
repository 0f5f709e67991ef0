//! What a strategy costs: time of observe and select for each candidate, as the run grows.
//!
//! ```text
//! cargo run -p evolve-search --example cost [CANDIDATES] [STRATEGY]
//! ```

#[path = "../tests/simulate/mod.rs"]
mod simulate;

use std::time::{Duration, Instant};

use evolve_core::event::{Envelope, Selection};
use evolve_core::{Facts, Goal};
use evolve_search::{Menu, Strategy, strategies};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use simulate::{End, Run};
use std::cell::Cell;

thread_local! {
    static SPENT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Measures what is inside, and nothing of the miniature around it.
struct Measured(Box<dyn Strategy>);

fn measured<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    SPENT.with(|spent| spent.set(spent.get() + start.elapsed()));
    result
}

impl Strategy for Measured {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn observe(&mut self, facts: &Facts, event: &Envelope) {
        measured(|| self.0.observe(facts, event));
    }
    fn select(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection {
        measured(|| self.0.select(facts, rng))
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(40_000);
    let chosen = arguments.next();
    println!("observe + select per candidate, microseconds: mean (slowest of any one)");
    for info in strategies() {
        if chosen.as_ref().is_some_and(|name| name != info.name) {
            continue;
        }
        for (words, menu) in
            [("mutate", simulate::mutate_only()), ("models", simulate::with_models())]
        {
            measure(info.name, words, menu, count);
        }
    }
}

fn measure(strategy: &str, words: &str, menu: Menu, count: usize) {
    let mut run = Run::new(&simulate::section(strategy), menu, Goal::Maximize, Some(0.0));
    let plain = std::mem::replace(&mut run.strategy, Box::new(Measured(Box::new(Idle))));
    run.strategy = Box::new(Measured(plain));
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    let step = (count / 4).max(1);
    for part in 1..=4 {
        SPENT.with(|spent| spent.set(Duration::ZERO));
        let (mut slowest, mut before) = (Duration::ZERO, Duration::ZERO);
        run.go(step, 4, |facts, candidate| {
            let spent = SPENT.with(Cell::get);
            slowest = slowest.max(spent.saturating_sub(before));
            before = spent;
            let parent = candidate.parents().first().and_then(|id| facts.candidate(*id)?.score());
            match rng.random_range(0..10) {
                0 => End::Failed,
                _ => End::Score(parent.unwrap_or(0.0) + rng.random_range(-1.0..0.2)),
            }
        });
        let spent = SPENT.with(Cell::get);
        println!(
            "{strategy:10} {words:7} at {:>7} candidates: {:8.2} ({:.1})",
            part * step,
            spent.as_secs_f64() * 1e6 / step as f64,
            slowest.as_secs_f64() * 1e6,
        );
    }
}

/// Holds the place for a moment.
struct Idle;

impl Strategy for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }
    fn observe(&mut self, _facts: &Facts, _event: &Envelope) {}
    fn select(&self, _facts: &Facts, _rng: &mut Pcg64Mcg) -> Selection {
        unreachable!("only holds the place")
    }
}
