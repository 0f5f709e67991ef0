//! A normal distribution that learns where good numbers are: CMA-ES with a Cholesky factor.
//!
//! Selection, recombination, both paths and all constants are those of the (μ/μ, λ)-CMA-ES
//! with negative weights for what is worse than half (Hansen, "The CMA Evolution Strategy: A
//! Tutorial", 2016, arXiv:1604.00772, figure 6 and table 1), but for λ. Its covariance is kept as a lower triangle A with
//! C = A Aᵀ, which is updated in O(n²) per vector (Krause, Arbonès and Igel, "CMA-ES with
//! Optimal Covariance Update and Storage Complexity", 2016, algorithms 1 and 2), so that no
//! eigenvalues are needed.

use super::triangle::Triangle;

/// A distribution over the numbers of one group, in units of their scales.
#[derive(Debug, Clone)]
pub(super) struct Distribution {
    pub mean: Vec<f64>,
    /// The overall step size σ.
    pub step: f64,
    factor: Triangle,
    /// Evolution paths of the covariance and of the step size.
    path: Vec<f64>,
    step_path: Vec<f64>,
    generation: u32,
}

/// One evaluated draw: its standard normal numbers, and its score, where larger is better.
#[derive(Debug, Clone)]
pub(super) struct Drawn {
    pub z: Vec<f64>,
    pub score: f64,
}

/// The constants that depend on the number of dimensions alone (table 1).
struct Rates {
    /// By rank: positive ones of sum 1, then negative ones.
    weights: Vec<f64>,
    /// The variance-effective selection mass.
    mass: f64,
    path: f64,
    step_path: f64,
    damping: f64,
    rank_one: f64,
    rank_mu: f64,
    /// Expected length of a standard normal vector.
    length: f64,
}

impl Rates {
    fn new(dimensions: usize, offspring: usize) -> Self {
        let n = dimensions as f64;
        let middle = f64::midpoint(offspring as f64, 1.0).ln();
        let raw: Vec<f64> = (1..=offspring).map(|rank| middle - (rank as f64).ln()).collect();
        let sum = |sign: f64| raw.iter().map(|w| (w * sign).max(0.0)).sum::<f64>();
        let squares = |sign: f64| raw.iter().map(|w| (w * sign).max(0.0).powi(2)).sum::<f64>();
        let mass = sum(1.0).powi(2) / squares(1.0);
        let rank_one = 2.0 / ((n + 1.3).powi(2) + mass);
        let rank_mu = (2.0 * (0.25 + mass + 1.0 / mass - 2.0) / ((n + 2.0).powi(2) + mass))
            .min(1.0 - rank_one);
        let against = [
            1.0 + rank_one / rank_mu,
            1.0 + 2.0 * sum(-1.0).powi(2) / squares(-1.0) / (mass + 2.0),
            (1.0 - rank_one - rank_mu) / (n * rank_mu),
        ];
        let against = against.into_iter().fold(f64::MAX, f64::min);
        let share = |w: &f64| w / if *w > 0.0 { sum(1.0) } else { sum(-1.0) / against };
        let step_path = (mass + 2.0) / (n + mass + 5.0);
        Self {
            path: (4.0 + mass / n) / (n + 4.0 + 2.0 * mass / n),
            damping: 1.0 + 2.0 * (((mass - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + step_path,
            length: n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n)),
            weights: raw.iter().map(share).collect(),
            mass,
            step_path,
            rank_one,
            rank_mu,
        }
    }
}

impl Distribution {
    /// Independent numbers around these, with the same step for each.
    pub(super) fn new(mean: Vec<f64>, step: f64) -> Self {
        let n = mean.len();
        Self {
            mean,
            step,
            factor: Triangle::identity(n),
            path: vec![0.0; n],
            step_path: vec![0.0; n],
            generation: 0,
        }
    }

    /// Draws that make a generation, λ: twice the published default, which is the least that
    /// a smooth function needs.
    pub(super) fn offspring(&self) -> usize {
        2 * (4 + (3.0 * (self.mean.len() as f64).ln()) as usize)
    }

    /// Where these standard normal numbers lead.
    pub(super) fn at(&self, z: &[f64]) -> Vec<f64> {
        let step = self.factor.times(z);
        self.mean.iter().zip(step).map(|(mean, by)| mean + self.step * by).collect()
    }

    /// Spread of the number that varies most.
    pub(super) fn widest(&self) -> f64 {
        self.step * self.factor.widest()
    }

    /// Learns from a generation; draws without a score are the worst.
    pub(super) fn learn(&mut self, mut drawn: Vec<Drawn>) {
        drawn.sort_by(|a, b| b.score.total_cmp(&a.score));
        self.generation += 1;
        if drawn.iter().filter(|draw| draw.score.is_finite()).count() < drawn.len().div_ceil(4) {
            self.step *= 0.5; // little here works: stay nearer
            return;
        }
        let rates = Rates::new(self.mean.len(), drawn.len());
        let steps: Vec<Vec<f64>> = drawn.iter().map(|draw| self.factor.times(&draw.z)).collect();
        let recombined = |vectors: &mut dyn Iterator<Item = &Vec<f64>>| {
            let mut sum = vec![0.0; self.mean.len()];
            for (weight, vector) in rates.weights.iter().zip(vectors).filter(|(w, _)| **w > 0.0) {
                sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += weight * value);
            }
            sum
        };
        let z = recombined(&mut drawn.iter().map(|draw| &draw.z));
        let y = recombined(&mut steps.iter());
        self.mean.iter_mut().zip(&y).for_each(|(mean, y)| *mean += self.step * y);
        let stalled = self.follow(&rates, &z, &y);
        let missing = if stalled { rates.path * (2.0 - rates.path) } else { 0.0 };
        let all: f64 = rates.weights.iter().sum();
        let kept = 1.0 - rates.rank_one * (1.0 - missing) - rates.rank_mu * all;
        self.factor.scale(kept.sqrt());
        self.factor.add(rates.rank_one, self.path.clone());
        for ((weight, step), draw) in rates.weights.iter().zip(steps).zip(&drawn) {
            let length: f64 = draw.z.iter().map(|z| z * z).sum();
            let scaled =
                if *weight < 0.0 { weight * self.mean.len() as f64 / length } else { *weight };
            self.factor.add(rates.rank_mu * scaled, step);
        }
    }

    /// Moves the paths and the step size; true while the step is growing so fast that the
    /// covariance's path waits.
    fn follow(&mut self, rates: &Rates, z: &[f64], y: &[f64]) -> bool {
        let keep = 1.0 - rates.step_path;
        let by = (rates.step_path * (2.0 - rates.step_path) * rates.mass).sqrt();
        self.step_path.iter_mut().zip(z).for_each(|(path, z)| *path = keep * *path + by * z);
        let length = self.step_path.iter().map(|part| part * part).sum::<f64>().sqrt();
        let seen = (1.0 - keep.powf(2.0 * f64::from(self.generation))).sqrt();
        let n = self.mean.len() as f64;
        let stalled = length / seen >= (1.4 + 2.0 / (n + 1.0)) * rates.length;
        let by = (rates.path * (2.0 - rates.path) * rates.mass).sqrt();
        for (path, y) in self.path.iter_mut().zip(y) {
            *path = (1.0 - rates.path) * *path + if stalled { 0.0 } else { by * y };
        }
        let growth = rates.step_path / rates.damping * (length / rates.length - 1.0);
        self.step *= growth.min(1.0).exp();
        stalled
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    use super::*;
    use crate::mutator::number::normal;

    const N: usize = 10;

    fn normals(rng: &mut Pcg64Mcg) -> Vec<f64> {
        (0..N).map(|_| normal(rng)).collect()
    }

    /// Minus a quadratic whose axes, of lengths from 1 to 1000, are turned at random.
    fn turned() -> impl Fn(&[f64]) -> f64 {
        let mut rng = Pcg64Mcg::seed_from_u64(7);
        let mut axes: Vec<Vec<f64>> = Vec::new();
        while axes.len() < N {
            let mut next = normals(&mut rng);
            for other in &axes {
                let along: f64 = next.iter().zip(other).map(|(a, b)| a * b).sum();
                next.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
            let length = next.iter().map(|a| a * a).sum::<f64>().sqrt();
            axes.push(next.iter().map(|a| a / length).collect());
        }
        move |x| {
            let along = |axis: &Vec<f64>| axis.iter().zip(x).map(|(a, x)| a * x).sum::<f64>();
            let term = |(k, axis): (usize, &Vec<f64>)| {
                1e6f64.powf(k as f64 / (N - 1) as f64) * along(axis).powi(2)
            };
            -axes.iter().enumerate().map(term).sum::<f64>()
        }
    }

    /// Evaluations until the quadratic is below 1e-6.
    fn by_distribution(most: usize) -> usize {
        let (score, mut rng) = (turned(), Pcg64Mcg::seed_from_u64(1));
        let mut distribution = Distribution::new(vec![1.0; N], 0.3);
        let mut done = 0;
        while done < most && score(&distribution.mean) < -1e-6 {
            let drawn = (0..distribution.offspring()).map(|_| {
                let z = normals(&mut rng);
                Drawn { score: score(&distribution.at(&z)), z }
            });
            let drawn: Vec<Drawn> = drawn.collect();
            done += drawn.len();
            distribution.learn(drawn);
        }
        done
    }

    /// The same with steps as `joint` makes them: the same in all directions, 1/5 rule.
    fn by_equal_steps(most: usize) -> usize {
        let (score, mut rng) = (turned(), Pcg64Mcg::seed_from_u64(1));
        let (mut x, mut step) = (vec![1.0; N], 0.3);
        let mut best = score(&x);
        for done in 0..most {
            if best >= -1e-6 {
                return done;
            }
            let child: Vec<f64> =
                x.iter().zip(normals(&mut rng)).map(|(x, z)| x + step * z).collect();
            let worth = score(&child);
            if worth > best {
                (x, best) = (child, worth);
            }
            step *= if worth >= best { 1.5f64 } else { 1.5f64.powf(-0.25) };
        }
        most
    }

    #[test]
    fn a_learned_covariance_needs_far_fewer_evaluations_on_a_turned_quadratic() {
        let learned = by_distribution(100_000);
        assert!(learned < 8_000, "{learned}");
        assert!(by_equal_steps(10 * learned) == 10 * learned);
    }

    #[test]
    fn draws_without_a_score_make_the_step_smaller_and_break_nothing() {
        let mut rng = Pcg64Mcg::seed_from_u64(2);
        let mut distribution = Distribution::new(vec![0.0; N], 1.0);
        let none = f64::NEG_INFINITY;
        let drawn = (0..20).map(|_| Drawn { z: normals(&mut rng), score: none }).collect();
        distribution.learn(drawn);
        assert!((distribution.step - 0.5).abs() < 1e-12);
        // Half of the space is forbidden; the rest is flat to the origin.
        for _ in 0..60 {
            let drawn = (0..20).map(|_| {
                let z = normals(&mut rng);
                let x = distribution.at(&z);
                let worth = -x.iter().map(|x| x * x).sum::<f64>();
                Drawn { score: if x[0] < 0.0 { none } else { worth }, z }
            });
            let drawn = drawn.collect();
            distribution.learn(drawn);
        }
        assert!(distribution.mean.iter().all(|x| x.abs() < 0.1), "{:?}", distribution.mean);
    }
}
