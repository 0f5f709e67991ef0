//! Every strategy on landscapes whose shape is known, with the same instant proposer.
//!
//! `cargo run --example landscapes [-- SEEDS [CANDIDATES [FIRST-SEED [STRATEGY,…]]]]` prints the comparison of
//! `docs/benchmarks/README.md`.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a measuring program, not a part of evolve

mod terrain;
mod world;

use evolve_report::bench::{Bench, Settings, text};
use evolve_search::strategies;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse().ok());
    let (seeds, candidates) = (number(0).unwrap_or(20), number(1).unwrap_or(1000));
    let first = number(2).unwrap_or(1);
    let all = || strategies().iter().map(|info| info.name.to_owned()).collect();
    let chosen = arguments.get(3).map(|list| list.split(',').map(str::to_owned).collect());
    let chosen: Vec<String> = chosen.unwrap_or_else(all);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runs = Vec::new();
    for terrain in terrain::ALL {
        for strategy in &chosen {
            for seed in first..first + seeds {
                let run = world::climb(terrain, strategy, seed, candidates, runtime.handle());
                runs.push(run);
            }
        }
    }
    let bench = Bench::of(runs, Settings::default());
    println!("{}", text(&bench));
}
