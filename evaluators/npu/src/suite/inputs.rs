//! Inputs: drawn from a seed, or chosen to be difficult.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::tasks::{Dims, Spec};
use crate::dtype::Dtype;
use crate::run::Dram;

/// What inputs are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Evenly spread in -1..1, from a seed.
    Seed(u64),
    /// All zero.
    Zeros,
    /// Evenly spread over the task's large range: sums may leave the range of f16.
    Large,
    /// Below the least normal number of f16.
    Denormal,
    /// All the same number, so that every comparison is a tie.
    Ties,
}

/// The difficult ones; they use a seed of their own.
pub const ADVERSARIAL: [Kind; 4] = [Kind::Zeros, Kind::Large, Kind::Denormal, Kind::Ties];

impl Kind {
    /// Its name in reports. A seed is not told: who knows a held-out one knows its inputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seed(_) => "random",
            Self::Zeros => "zeros",
            Self::Large => "large",
            Self::Denormal => "denormal",
            Self::Ties => "ties",
        }
    }

    /// A tensor of its own with such elements; `Large` is up to 1000.
    pub fn fill(self, ty: Dtype, count: usize) -> Vec<u8> {
        let seed = if let Self::Seed(seed) = self { seed } else { 0x5eed };
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let size = ty.size() as usize;
        let mut bytes = vec![0; size * count];
        for element in bytes.chunks_exact_mut(size) {
            ty.write(self.draw(&mut rng, 1000.0), element);
        }
        bytes
    }

    fn draw(self, rng: &mut Pcg64Mcg, large: f32) -> f32 {
        match self {
            Self::Seed(_) => rng.random_range(-1.0..1.0),
            Self::Zeros => 0.0,
            Self::Large => rng.random_range(-large..large),
            Self::Denormal => rng.random_range(-6e-5..6e-5),
            Self::Ties => 0.75,
        }
    }
}

/// The tensors of a task before a run.
#[derive(Debug, Clone)]
pub struct Inputs {
    tensors: Vec<(&'static str, Dtype, Vec<u8>, bool)>,
}

impl Inputs {
    /// Draws the inputs; the output begins as bytes that no result has by chance.
    pub fn draw(task: &Spec, dims: &Dims, kind: Kind) -> Self {
        let seed = if let Kind::Seed(seed) = kind { seed } else { 0x5eed };
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let tensors = task.tensors.iter().map(|tensor| {
            let (size, count) = (tensor.ty.size() as usize, tensor.elements(dims));
            let mut bytes = vec![0xff; size * count];
            if !tensor.output {
                for element in bytes.chunks_exact_mut(size) {
                    tensor.ty.write(kind.draw(&mut rng, task.large), element);
                }
            }
            (tensor.name, tensor.ty, bytes, tensor.output)
        });
        Self { tensors: tensors.collect() }
    }

    /// A tensor's values, as its type holds them.
    pub(super) fn of(&self, name: &str) -> Vec<f64> {
        let found = self.tensors.iter().find(|(known, ..)| *known == name);
        found.map_or_else(Vec::new, |(_, ty, bytes, _)| values(*ty, bytes))
    }

    /// The tensors in DRAM, for a run.
    pub fn dram(&self) -> Dram {
        let mut dram = Dram::default();
        for (name, _, bytes, output) in &self.tensors {
            dram.add(name, bytes.clone(), *output);
        }
        dram
    }
}

/// Elements as numbers.
pub(super) fn values(ty: Dtype, bytes: &[u8]) -> Vec<f64> {
    bytes.chunks_exact(ty.size() as usize).map(|element| f64::from(ty.read(element))).collect()
}
