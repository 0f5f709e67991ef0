//! DRAM: the tensors of a program.

use super::rows::Rows;
use super::trap::{Region, TrapKind};

/// Distance of tensors in DRAM, so that a transfer past one's end meets nothing.
const GAP: u64 = 4096;

/// A piece of DRAM with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name in messages, and in programs as a constant.
    pub name: String,
    /// Address of its first byte.
    pub base: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether a program may write it.
    pub writable: bool,
}

/// All tensors of a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dram {
    tensors: Vec<Tensor>,
}

impl Dram {
    /// Adds a tensor behind those that are there, at a multiple of 4096 bytes, and returns
    /// its address.
    pub fn add(&mut self, name: &str, bytes: Vec<u8>, writable: bool) -> u64 {
        let end = self.tensors.last().map_or(0, |last| last.base + last.bytes.len() as u64);
        let base = (end + GAP).next_multiple_of(GAP);
        self.tensors.push(Tensor { name: name.to_owned(), base, bytes, writable });
        base
    }

    /// The tensors, in the order of their addresses.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// A tensor's bytes.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.tensors.iter().find(|tensor| tensor.name == name).map(|tensor| &*tensor.bytes)
    }

    /// Their addresses, as constants for the assembler.
    pub fn constants(&self) -> Vec<(String, i64)> {
        self.tensors.iter().map(|tensor| (tensor.name.clone(), tensor.base as i64)).collect()
    }

    /// The tensor that all rows lie in, with the rows.
    pub(super) fn find(&self, region: Region, write: bool) -> Result<(usize, Rows), TrapKind> {
        let at = self.tensors.partition_point(|tensor| tensor.base as i64 <= region.start);
        let near = at.saturating_sub(1);
        let outside = || TrapKind::DramBounds {
            rows: region,
            nearest: self.tensors.get(near).map_or_else(
                || "none: the program has no tensors".to_owned(),
                |tensor| {
                    let end = tensor.base + tensor.bytes.len() as u64;
                    format!("{} at {}..{end}", tensor.name, tensor.base)
                },
            ),
        };
        let tensor = self.tensors.get(near).ok_or_else(outside)?;
        let end = i128::from(tensor.base) + tensor.bytes.len() as i128;
        let rows = within(region, i128::from(tensor.base), end).ok_or_else(outside)?;
        if write && !tensor.writable {
            return Err(TrapKind::ReadOnly(tensor.name.clone()));
        }
        Ok((near, rows))
    }

    /// The bytes of a tensor from an address on.
    pub(super) fn bytes(&self, tensor: usize, address: u64) -> &[u8] {
        let tensor = &self.tensors[tensor];
        &tensor.bytes[(address - tensor.base) as usize..]
    }

    /// The same, to write.
    pub(super) fn bytes_mut(&mut self, tensor: usize, address: u64) -> &mut [u8] {
        let tensor = &mut self.tensors[tensor];
        &mut tensor.bytes[(address - tensor.base) as usize..]
    }
}

/// The region as rows, if it lies in `from..to`. Pieces and bytes are above 0, the stride is
/// not negative.
pub(super) fn within(region: Region, from: i128, to: i128) -> Option<Rows> {
    let start = i128::from(region.start);
    let last = start + i128::from(region.rows - 1) * i128::from(region.stride);
    let inside = start >= from && last + i128::from(region.bytes) <= to;
    // A single row has no distance to a next one, whatever its stride says.
    let stride = if region.rows == 1 { region.bytes } else { region.stride };
    inside.then(|| Rows {
        start: region.start.cast_unsigned(),
        rows: region.rows.cast_unsigned(),
        bytes: region.bytes.cast_unsigned(),
        stride: stride.cast_unsigned(),
    })
}
