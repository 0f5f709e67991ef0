//! Outputs in double precision, straight from the definitions. Nothing here is shared with
//! the simulator; inputs are read as the types in memory hold them.

use super::inputs::Inputs;
use super::tasks::Dims;

/// x of m x k times w of k x n.
fn product(x: &[f64], w: &[f64], m: usize, n: usize, k: usize) -> Vec<f64> {
    let mut y = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            y[i * n + j] = (0..k).map(|p| x[i * k + p] * w[p * n + j]).sum();
        }
    }
    y
}

fn rows(dims: &Dims, x: &[f64], f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    x.chunks(dims.get("C").max(1)).flat_map(f).collect()
}

fn soft(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = row.iter().map(|x| libm::exp(x - largest)).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

fn bent(x: f64) -> f64 {
    let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
    0.5 * x * (1.0 + libm::tanh(inner))
}

pub(super) fn gemm(dims: &Dims, inputs: &Inputs) -> Vec<f64> {
    product(&inputs.of("X"), &inputs.of("W"), dims.get("M"), dims.get("N"), dims.get("K"))
}

pub(super) fn gemv(dims: &Dims, inputs: &Inputs) -> Vec<f64> {
    product(&inputs.of("X"), &inputs.of("W"), 1, dims.get("N"), dims.get("K"))
}

pub(super) fn gelu(_: &Dims, inputs: &Inputs) -> Vec<f64> {
    inputs.of("X").into_iter().map(bent).collect()
}

pub(super) fn transpose(dims: &Dims, inputs: &Inputs) -> Vec<f64> {
    let (x, r, c) = (inputs.of("X"), dims.get("R"), dims.get("C"));
    (0..r * c).map(|at| x[at % r * c + at / r]).collect()
}

pub(super) fn reduction(dims: &Dims, inputs: &Inputs) -> Vec<f64> {
    rows(dims, &inputs.of("X"), |row| vec![row.iter().sum()])
}

pub(super) fn softmax(dims: &Dims, inputs: &Inputs) -> Vec<f64> {
    rows(dims, &inputs.of("X"), soft)
}

pub(super) fn layernorm(dims: &Dims, inputs: &Inputs) -> Vec<f64> {
    let (gain, bias) = (inputs.of("G"), inputs.of("B"));
    rows(dims, &inputs.of("X"), |row| {
        let count = row.len() as f64;
        let mean = row.iter().sum::<f64>() / count;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        let scale = 1.0 / (variance + 1e-5).sqrt();
        row.iter()
            .zip(gain.iter().zip(&bias))
            .map(|(x, (g, b))| (x - mean) * scale * g + b)
            .collect()
    })
}

pub(super) fn conv2d(dims: &Dims, inputs: &Inputs) -> Vec<f64> {
    let (x, w) = (inputs.of("X"), inputs.of("W"));
    let (h, l, ci, co) = (dims.get("H"), dims.get("L"), dims.get("CI"), dims.get("CO"));
    let mut y = Vec::new();
    for row in 0..h - 2 {
        for pixel in 0..l - 2 {
            for channel in 0..co {
                let mut sum = 0.0;
                for (tap, from) in (0..9).flat_map(|tap| (0..ci).map(move |from| (tap, from))) {
                    let at = (row + tap / 3) * l + pixel + tap % 3;
                    sum += x[at * ci + from] * w[(tap * ci + from) * co + channel];
                }
                y.push(sum);
            }
        }
    }
    y
}

pub(super) fn attention(dims: &Dims, inputs: &Inputs) -> Vec<f64> {
    let (s, t, d) = (dims.get("S"), dims.get("T"), dims.get("D"));
    let scores = product(&inputs.of("Q"), &inputs.of("KT"), s, t, d);
    let scale = 1.0 / (d as f64).sqrt();
    let scaled: Vec<f64> = scores.iter().map(|score| score * scale).collect();
    let weights: Vec<f64> = scaled.chunks(t).flat_map(soft).collect();
    product(&weights, &inputs.of("V"), s, d, t)
}

pub(super) fn mlp(dims: &Dims, inputs: &Inputs) -> Vec<f64> {
    let (m, d, h) = (dims.get("M"), dims.get("D"), dims.get("H"));
    let hidden = product(&inputs.of("X"), &inputs.of("U"), m, h, d);
    let hidden: Vec<f64> = hidden.into_iter().map(bent).collect();
    product(&hidden, &inputs.of("W"), m, d, h)
}
