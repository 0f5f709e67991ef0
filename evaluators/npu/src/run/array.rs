//! What the systolic array holds and computes.

use crate::dtype::Dtype;
use crate::machine::Machine;

/// A weight register.
#[derive(Clone)]
pub(super) struct Weights {
    /// The type of its elements; none before the first load.
    pub ty: Option<Dtype>,
    /// Rows that were loaded.
    pub k: usize,
    /// Columns that were loaded.
    pub n: usize,
    /// Elements, `n` a row; integers are exact.
    floats: Vec<f32>,
    integers: Vec<i32>,
}

/// An accumulator tile.
#[derive(Clone)]
pub(super) struct Tile {
    /// Rows that it holds; 0 before the first product.
    pub rows: usize,
    /// Whether its sums are integers.
    pub integer: bool,
    /// Sums, `cols` a row; integers in the bits of a float's place.
    sums: Vec<u32>,
}

/// The array.
pub(super) struct Array {
    pub weights: Vec<Weights>,
    pub tiles: Vec<Tile>,
    cols: usize,
    row: Vec<f32>,
    row_integers: Vec<i32>,
}

impl Array {
    pub(super) fn new(machine: &Machine, data: bool) -> Self {
        let matrix = &machine.matrix;
        let cols = matrix.cols as usize;
        let sums = if data { cols * matrix.tile_rows as usize } else { 0 };
        Self {
            weights: vec![
                Weights { ty: None, k: 0, n: 0, floats: Vec::new(), integers: Vec::new() };
                crate::isa::WEIGHTS.into()
            ],
            tiles: vec![
                Tile { rows: 0, integer: false, sums: vec![0; sums] };
                matrix.tiles as usize
            ],
            cols,
            row: Vec::new(),
            row_integers: Vec::new(),
        }
    }

    /// Loads weights: the bytes begin with the first row.
    pub(super) fn load(&mut self, w: usize, ty: Dtype, bytes: &[u8], stride: usize) {
        let weights = &mut self.weights[w];
        weights.floats.clear();
        weights.integers.clear();
        let size = ty.size() as usize;
        for i in 0..weights.k {
            let row = &bytes[i * stride..][..weights.n * size];
            for element in row.chunks_exact(size) {
                if ty.is_integer() {
                    weights.integers.push(element[0].cast_signed().into());
                } else {
                    weights.floats.push(ty.read(element));
                }
            }
        }
    }

    /// Multiplies `m` rows of activations into a tile; the bytes begin with the first row.
    pub(super) fn product(
        &mut self,
        tile: usize,
        w: usize,
        bytes: &[u8],
        stride: usize,
        (m, add): (usize, bool),
    ) {
        let weights = &self.weights[w];
        let Some(ty) = weights.ty else { return };
        let size = ty.size() as usize;
        let tile = &mut self.tiles[tile];
        for i in 0..m {
            let x = &bytes[i * stride..][..weights.k * size];
            let sums = &mut tile.sums[i * self.cols..][..self.cols];
            if !add {
                sums.fill(0);
            }
            let sums = &mut sums[..weights.n];
            if ty.is_integer() {
                self.row_integers.clear();
                self.row_integers.extend(x.iter().map(|byte| i32::from(byte.cast_signed())));
                for (x, w) in self.row_integers.iter().zip(weights.integers.chunks(weights.n)) {
                    for (sum, w) in sums.iter_mut().zip(w) {
                        *sum = sum.wrapping_add((x.wrapping_mul(*w)).cast_unsigned());
                    }
                }
                continue;
            }
            self.row.clear();
            self.row.extend(x.chunks_exact(size).map(|element| ty.read(element)));
            let n = weights.n;
            let mut blocks = sums.chunks_exact_mut(BLOCK);
            for (at, block) in blocks.by_ref().enumerate() {
                multiply(block, &self.row, &weights.floats[at * BLOCK..], n);
            }
            let rest = blocks.into_remainder();
            let at = n - rest.len();
            for (x, w) in self.row.iter().zip(weights.floats.chunks(n)) {
                for (sum, w) in rest.iter_mut().zip(&w[at..]) {
                    *sum = (f32::from_bits(*sum) + x * w).to_bits();
                }
            }
        }
    }

    /// Writes `n` sums of one row of a tile.
    pub(super) fn drain(&self, tile: usize, row: usize, ty: Dtype, out: &mut [u8], n: usize) {
        let tile = &self.tiles[tile];
        let size = ty.size() as usize;
        let sums = &tile.sums[row * self.cols..][..n];
        for (sum, out) in sums.iter().zip(out.chunks_exact_mut(size)) {
            if tile.integer && ty == Dtype::I32 {
                out.copy_from_slice(&sum.to_le_bytes());
            } else if tile.integer {
                ty.write(sum.cast_signed() as f32, out);
            } else {
                ty.write(f32::from_bits(*sum), out);
            }
        }
    }
}

/// Sums that are kept in the host's registers.
const BLOCK: usize = 16;

/// Adds the products of a row of activations with a block of columns, in the order of the
/// inner index; the weights begin with the block's first, `n` a row.
fn multiply(block: &mut [u32], row: &[f32], weights: &[f32], n: usize) {
    let mut sums = [0.0_f32; BLOCK];
    for (sum, bits) in sums.iter_mut().zip(&*block) {
        *sum = f32::from_bits(*bits);
    }
    for (x, w) in row.iter().zip(weights.chunks(n)) {
        if let Some(w) = w.first_chunk::<BLOCK>() {
            for (sum, w) in sums.iter_mut().zip(w) {
                *sum += x * w;
            }
        }
    }
    for (bits, sum) in block.iter_mut().zip(sums) {
        *bits = sum.to_bits();
    }
}
