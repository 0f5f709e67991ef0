//! A hash that is the same on every machine and in every version, unlike the standard
//! library's: names of places in the journal depend on it.

use std::hash::Hasher;

/// FNV-1a, 64 bits (Fowler, Noll and Vo).
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a text, set apart from what follows.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.write(text.as_bytes());
        self.write(&[0xff]);
        self
    }

    /// Adds a number.
    pub(crate) fn number(mut self, number: u64) -> Self {
        self.write(&number.to_le_bytes());
        self
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        let mut hash = Fnv::new();
        hash.write(b"foobar");
        assert_eq!(hash.finish(), 0x8594_4171_f739_67e8);
    }
}
