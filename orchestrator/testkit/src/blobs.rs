//! Blobs in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use evolve_core::ids::BlobHash;
use evolve_core::ports::{BlobStore, HostFault};

/// A [`BlobStore`] that keeps everything in memory, as it was put: nothing is redacted, so
/// a test can see whether a caller let a secret through.
#[derive(Debug, Default)]
pub struct MemoryBlobs(Mutex<BTreeMap<BlobHash, Vec<u8>>>);

impl MemoryBlobs {
    /// Everything that was put, by hash.
    pub fn all(&self) -> BTreeMap<BlobHash, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A blob as text; empty if there is none.
    pub fn text(&self, hash: BlobHash) -> String {
        self.get(hash).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Forgets a blob, as a damaged disk would.
    pub fn lose(&self, hash: BlobHash) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash);
    }
}

impl BlobStore for MemoryBlobs {
    fn put(&self, bytes: &[u8]) -> Result<BlobHash, HostFault> {
        let hash = BlobHash::of(bytes);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(hash)
            .or_insert_with(|| bytes.to_vec());
        Ok(hash)
    }

    fn get(&self, hash: BlobHash) -> Result<Vec<u8>, HostFault> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&hash)
            .cloned()
            .ok_or_else(|| HostFault::new(format!("there is no blob {}", hash.short())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_can_be_got_until_it_is_lost() {
        let blobs = MemoryBlobs::default();
        let hash = blobs.put(b"text").unwrap();
        assert_eq!(blobs.get(hash).unwrap(), b"text");
        blobs.lose(hash);
        assert!(blobs.get(hash).unwrap_err().what.contains(&hash.short()));
    }
}
