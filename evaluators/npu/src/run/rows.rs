//! Bytes of a memory that an instruction touches: rows at a constant distance.

use std::fmt;

/// `rows` pieces of `bytes` bytes, `stride` bytes from one's start to the next one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// First byte.
    pub start: u64,
    /// Pieces, at least 1.
    pub rows: u64,
    /// Bytes of a piece, at least 1.
    pub bytes: u64,
    /// Distance of two pieces.
    pub stride: u64,
}

impl Rows {
    /// One piece.
    pub fn one(start: u64, bytes: u64) -> Self {
        Self { start, rows: 1, bytes, stride: bytes }
    }

    /// One past the last byte. The rows lie in a memory, so this does not overflow.
    pub fn end(&self) -> u64 {
        self.start + (self.rows - 1) * self.stride + self.bytes
    }

    /// Where row `i` starts.
    pub fn row(&self, i: u64) -> u64 {
        self.start + i * self.stride
    }

    /// All bytes moved, those of overlapping rows counted again.
    pub fn total(&self) -> u64 {
        self.rows * self.bytes
    }

    /// Whether some byte belongs to both.
    pub fn overlaps(&self, other: &Self) -> bool {
        if self.start >= other.end() || other.start >= self.end() {
            return false;
        }
        if self.is_dense() && other.is_dense() {
            return true;
        }
        let (few, many) = if self.rows <= other.rows { (self, other) } else { (other, self) };
        (0..few.rows).any(|i| many.touches(few.row(i), few.row(i) + few.bytes))
    }

    fn is_dense(&self) -> bool {
        self.rows == 1 || self.stride <= self.bytes
    }

    /// Whether some row has a byte in `from..to`.
    fn touches(&self, from: u64, to: u64) -> bool {
        if self.is_dense() {
            return self.start < to && from < self.end();
        }
        if to <= self.start {
            return false;
        }
        // The last row that starts before `to`.
        let last = ((to - 1 - self.start) / self.stride).min(self.rows - 1);
        self.row(last) + self.bytes > from
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows == 1 {
            write!(f, "{}..{}", self.start, self.start + self.bytes)
        } else {
            write!(
                f,
                "{} rows of {} bytes, {} apart, from {}",
                self.rows, self.bytes, self.stride, self.start
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn any_rows() -> impl Strategy<Value = Rows> {
        (0_u64..60, 1_u64..6, 1_u64..9, 1_u64..20).prop_map(|(start, rows, bytes, stride)| Rows {
            start,
            rows,
            bytes,
            stride,
        })
    }

    fn bytes(rows: &Rows) -> BTreeSet<u64> {
        (0..rows.rows).flat_map(|i| rows.row(i)..rows.row(i) + rows.bytes).collect()
    }

    proptest! {
        #[test]
        fn rows_overlap_exactly_when_they_share_a_byte(a in any_rows(), b in any_rows()) {
            let shared = !bytes(&a).is_disjoint(&bytes(&b));
            prop_assert_eq!(a.overlaps(&b), shared);
            prop_assert_eq!(b.overlaps(&a), shared);
        }
    }
}
