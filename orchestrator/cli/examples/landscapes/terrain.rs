//! Landscapes whose shape is known, and genomes on them.

use evolve_core::ids::BlobHash;
use evolve_core::{Goal, Program};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Bits of a genome, or coordinates.
pub const BITS: usize = 60;
pub const COORDINATES: usize = 10;
/// Range of a coordinate of the start.
const RANGE: f64 = 4.0;
/// Bits of a trap, and neighbours that a bit's worth depends on.
const TRAP: usize = 5;
const NEIGHBOURS: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terrain {
    /// NK landscape (Kauffman and Weinberger 1989): each bit's worth is drawn anew for each state
    /// of the bit and its K next neighbours.
    Nk,
    /// Concatenated deceptive traps (Deb and Goldberg 1993): fewer ones are better, but all ones
    /// are best.
    Trap,
    /// A turned Rastrigin function in which only whole levels show: holes and plateaus.
    Plateau,
    /// A bowl of unequal axes, turned, whose value is seen through noise of a third of it.
    Noisy,
}

pub const ALL: [Terrain; 4] = [Terrain::Nk, Terrain::Trap, Terrain::Plateau, Terrain::Noisy];

impl Terrain {
    pub fn name(self) -> &'static str {
        match self {
            Self::Nk => "nk",
            Self::Trap => "trap",
            Self::Plateau => "plateau",
            Self::Noisy => "noisy",
        }
    }

    pub fn goal(self) -> Goal {
        match self {
            Self::Nk | Self::Trap => Goal::Maximize,
            Self::Plateau | Self::Noisy => Goal::Minimize,
        }
    }

    pub fn is_noisy(self) -> bool {
        self == Self::Noisy
    }

    fn has_bits(self) -> bool {
        matches!(self, Self::Nk | Self::Trap)
    }

    /// Every seed has its own instance, and its own start on it.
    pub fn start(self, seed: u64) -> Genome {
        let mut rng = derive(seed, "start");
        if self.has_bits() {
            Genome::Bits((0..BITS).map(|_| rng.random()).collect())
        } else {
            let draw = |_| rng.random_range(-RANGE..RANGE);
            Genome::Reals((0..COORDINATES).map(draw).collect())
        }
    }

    /// What a genome is really worth on the instance of this seed.
    pub fn worth(self, seed: u64, genome: &Genome) -> f64 {
        match (self, genome) {
            (Self::Nk, Genome::Bits(bits)) => nk(seed, bits),
            (Self::Trap, Genome::Bits(bits)) => trap(bits),
            (Self::Plateau, Genome::Reals(point)) => rastrigin(&turned(seed, point)).floor(),
            (Self::Noisy, Genome::Reals(point)) => bowl(&turned(seed, point)),
            _ => f64::NAN,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Genome {
    Bits(Vec<bool>),
    Reals(Vec<f64>),
}

impl Genome {
    pub fn program(&self) -> Program {
        let text = match self {
            Self::Bits(bits) => bits.iter().map(|bit| if *bit { '1' } else { '0' }).collect(),
            Self::Reals(point) => point.iter().map(f64::to_string).collect::<Vec<_>>().join(" "),
        };
        Program::single("genome.txt", text)
    }

    pub fn of(program: &Program) -> Option<Self> {
        let (_, text) = program.sole()?;
        if text.chars().all(|c| matches!(c, '0' | '1')) {
            return Some(Self::Bits(text.chars().map(|c| c == '1').collect()));
        }
        let numbers: Result<Vec<f64>, _> = text.split(' ').map(str::parse).collect();
        numbers.ok().map(Self::Reals)
    }

    /// Each bit turns with probability 1/n, or a few coordinates take a step of any magnitude;
    /// something always changes.
    pub fn mutated(mut self, rng: &mut Pcg64Mcg) -> Self {
        match &mut self {
            Self::Bits(bits) => {
                let n = bits.len();
                let sure = rng.random_range(0..n);
                for (place, bit) in bits.iter_mut().enumerate() {
                    *bit ^= place == sure || rng.random_bool(1.0 / n as f64);
                }
            }
            Self::Reals(point) => {
                let step = RANGE * 10f64.powf(rng.random_range(-3.0..0.0));
                for _ in 0..rng.random_range(1..=3) {
                    let place = rng.random_range(0..point.len());
                    point[place] += step * bell(rng);
                }
            }
        }
        self
    }

    /// Every place from one of both.
    pub fn crossed(self, other: &Self, rng: &mut Pcg64Mcg) -> Self {
        match (self, other) {
            (Self::Bits(a), Self::Bits(b)) => Self::Bits(mixed(&a, b, rng)),
            (Self::Reals(a), Self::Reals(b)) => Self::Reals(mixed(&a, b, rng)),
            (own, _) => own,
        }
    }
}

fn mixed<T: Copy>(a: &[T], b: &[T], rng: &mut Pcg64Mcg) -> Vec<T> {
    a.iter().zip(b).map(|(a, b)| if rng.random() { *a } else { *b }).collect()
}

pub fn bell(rng: &mut impl Rng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// A stream of its own for each purpose.
pub fn derive(seed: u64, purpose: &str) -> Pcg64Mcg {
    evolve_core::rng::derive(seed, evolve_core::Seq(0), purpose)
}

fn nk(seed: u64, bits: &[bool]) -> f64 {
    let worth = |place: usize| {
        let state = (0..=NEIGHBOURS).map(|step| bits[(place + step) % bits.len()]);
        let state = state.fold(1u64, |state, bit| 2 * state + u64::from(bit));
        let key = [seed, place as u64, state].map(u64::to_le_bytes).concat();
        let hash = BlobHash::of(&key).to_string();
        u32::from_str_radix(&hash[..8], 16).map_or(0.0, |draw| f64::from(draw) / 4_294_967_296.0)
    };
    (0..bits.len()).map(worth).sum::<f64>() / bits.len() as f64
}

fn trap(bits: &[bool]) -> f64 {
    let ones = bits.chunks(TRAP).map(|trap| trap.iter().filter(|bit| **bit).count());
    let worth = |ones: usize| if ones == TRAP { TRAP } else { TRAP - 1 - ones };
    ones.map(worth).sum::<usize>() as f64 / bits.len() as f64
}

/// A random turn of the axes (Gram and Schmidt's) and a shift.
fn turned(seed: u64, point: &[f64]) -> Vec<f64> {
    let mut rng = derive(seed, "turn");
    let n = point.len();
    let shift: Vec<f64> = (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
    let mut turns: Vec<Vec<f64>> = Vec::with_capacity(n);
    while turns.len() < n {
        let mut new: Vec<f64> = (0..n).map(|_| bell(&mut rng)).collect();
        for other in &turns {
            let along = dot(&new, other);
            new.iter_mut().zip(other).for_each(|(a, o)| *a -= along * o);
        }
        let length = dot(&new, &new).sqrt();
        turns.push(new.iter().map(|a| a / length).collect());
    }
    let moved: Vec<f64> = point.iter().zip(&shift).map(|(x, s)| x - s).collect();
    turns.iter().map(|axis| dot(axis, &moved)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn rastrigin(point: &[f64]) -> f64 {
    point.iter().map(|x| x * x + 5.0 * (1.0 - (std::f64::consts::TAU * x).cos())).sum()
}

fn bowl(point: &[f64]) -> f64 {
    point.iter().enumerate().map(|(place, x)| (1.0 + place as f64) * x * x).sum()
}

/// The seed of one repeat's noise on one genome.
pub fn noise(seed: u64, genome: &Program, repeat: u32) -> f64 {
    let key = [&genome.to_bytes()[..], &seed.to_le_bytes(), &repeat.to_le_bytes()].concat();
    let hash = BlobHash::of(&key).to_string();
    let seed = u64::from_str_radix(&hash[..16], 16).unwrap_or_default();
    bell(&mut Pcg64Mcg::seed_from_u64(seed))
}
