//! A program with a bit of everything.
use std::collections::HashMap;

const LIMIT: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Greedy = 1,
    Random = 2,
}

// EVOLVE-BLOCK-START
const TABLE: [(f64, f64); 4] = [(0.25, -0.5), (0.0, 1.0), (3.0, 2.5), (-1.5, 1e-3)];
const WEIGHTS: &[f32] = &[0.75_f32, 0.1, 1.0];

/// Takes one step.
fn step(x: f64, rate: f64, mode: Mode) -> f64 {
    let mut total = 0.0;
    let count = 3u32;
    let done = false;
    for i in 0..1_0 {
        if x > 0.5 && i % 2 == 0 {
            total += x * rate - 2f64.powi(3);
        } else if mode == Mode::Random || done {
            total = total + x.sin() / 4.0;
        } else {
            total -= 1.0;
        }
    }
    let best = total.max(-3.5);
    let values: Vec<f64> = vec![1.0, 2.5, -3.0].into_iter().map(|v| v * 0.5).collect();
    let weight = match count {
        1 | 2 => 0.5,
        n if n > 3 => 1.5,
        _ => WEIGHTS[1] as f64,
    };
    println!("{best:.2} {} 12.5", values[0]);
    best + values.iter().map(|v| v * 2.0).sum::<f64>() * count as f64 - weight
}

fn solve(points: &[f64]) -> HashMap<usize, f64> {
    let first = step(1.0, 0.2, Mode::Greedy);
    let second = step(0.25, 0.1, Mode::Random);
    let shift = first * 2.0;
    let mut scale = second - 1.5;
    scale += 0.5;
    let mut found = HashMap::new();
    for (at, p) in points.iter().enumerate() {
        if *p != 0.0 {
            found.insert(at, p * first + scale * shift);
        }
    }
    found
}
// EVOLVE-BLOCK-END

fn main() {
    println!("{:?} {:?}", solve(&[1.0, 2.0, 3.0]), TABLE.get(LIMIT));
}
