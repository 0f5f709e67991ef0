//! Element types in memory, and how registers' values become them.

use half::{bf16, f16};
use serde::{Deserialize, Serialize};

/// The type of an element in DRAM or scratchpad. Vector registers hold `f32` whatever the
/// type in memory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// 8-bit signed integer.
    I8,
    /// 32-bit signed integer.
    I32,
    /// IEEE 754 binary16.
    F16,
    /// The upper half of a binary32.
    Bf16,
    /// IEEE 754 binary32.
    F32,
}

impl Dtype {
    /// Every type.
    pub const ALL: [Self; 5] = [Self::I8, Self::I32, Self::F16, Self::Bf16, Self::F32];

    /// Its name in assembly and in machine descriptions.
    pub fn name(self) -> &'static str {
        match self {
            Self::I8 => "i8",
            Self::I32 => "i32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
        }
    }

    /// The type with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ty| ty.name() == name)
    }

    /// Bytes of an element.
    pub fn size(self) -> u64 {
        match self {
            Self::I8 => 1,
            Self::F16 | Self::Bf16 => 2,
            Self::I32 | Self::F32 => 4,
        }
    }

    /// Whether sums of products of this type are 32-bit integers.
    pub fn is_integer(self) -> bool {
        matches!(self, Self::I8 | Self::I32)
    }

    /// Reads an element; `bytes` has at least [`Dtype::size`] bytes, little-endian. An `i32`
    /// is rounded to the nearest `f32`.
    pub fn read(self, bytes: &[u8]) -> f32 {
        match self {
            Self::I8 => f32::from(bytes[0].cast_signed()),
            Self::I32 => i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as f32,
            Self::F16 => f16::from_le_bytes([bytes[0], bytes[1]]).to_f32(),
            Self::Bf16 => bf16::from_le_bytes([bytes[0], bytes[1]]).to_f32(),
            Self::F32 => f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
        }
    }

    /// Writes an element, rounded to nearest, ties to even. Integers saturate and take NaN
    /// as 0; a NaN of a floating type is always the same quiet one, so that results have one
    /// bit pattern on every host.
    pub fn write(self, value: f32, bytes: &mut [u8]) {
        match self {
            Self::I8 => bytes[0] = (value.round_ties_even() as i8).cast_unsigned(),
            Self::I32 => {
                bytes[..4].copy_from_slice(&(value.round_ties_even() as i32).to_le_bytes());
            }
            Self::F16 => {
                let value = if value.is_nan() { f16::NAN } else { f16::from_f32(value) };
                bytes[..2].copy_from_slice(&value.to_le_bytes());
            }
            Self::Bf16 => {
                let value = if value.is_nan() { bf16::NAN } else { bf16::from_f32(value) };
                bytes[..2].copy_from_slice(&value.to_le_bytes());
            }
            Self::F32 => {
                let value = if value.is_nan() { f32::NAN } else { value };
                bytes[..4].copy_from_slice(&value.to_le_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_saturate_and_round_to_even() {
        let to_i8 = |value| {
            let mut bytes = [0; 4];
            Dtype::I8.write(value, &mut bytes);
            bytes[0].cast_signed()
        };
        assert_eq!([to_i8(2.5), to_i8(3.5), to_i8(-2.5)], [2, 4, -2]);
        assert_eq!([to_i8(1e9), to_i8(-1e9), to_i8(f32::NAN)], [127, -128, 0]);
    }

    #[test]
    fn every_nan_is_stored_alike() {
        for ty in [Dtype::F16, Dtype::Bf16, Dtype::F32] {
            let (mut one, mut other) = ([0; 4], [0; 4]);
            ty.write(f32::NAN, &mut one);
            ty.write(f32::from_bits(0xffc0_1234), &mut other);
            assert_eq!(one, other);
            assert!(ty.read(&one).is_nan());
        }
    }

    #[test]
    fn subnormals_are_kept() {
        let mut bytes = [0; 2];
        Dtype::F16.write(6e-8, &mut bytes);
        assert!(Dtype::F16.read(&bytes) > 0.0);
    }
}
