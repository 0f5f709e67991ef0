//! Decoded blobs that were asked for lately. The only file that knows lru.

use std::sync::Arc;

use evolve_core::ids::BlobHash;
use lru::LruCache;

const MOST_BYTES: usize = 4 << 20;
/// A larger blob would push out everything else.
const LARGEST: usize = 512 << 10;

pub(crate) struct Cache {
    entries: LruCache<BlobHash, Arc<[u8]>>,
    bytes: usize,
}

impl Default for Cache {
    fn default() -> Self {
        Self { entries: LruCache::unbounded(), bytes: 0 }
    }
}

impl Cache {
    pub(crate) fn get(&mut self, hash: BlobHash) -> Option<Arc<[u8]>> {
        self.entries.get(&hash).cloned()
    }

    pub(crate) fn insert(&mut self, hash: BlobHash, bytes: &[u8]) {
        if bytes.len() > LARGEST {
            return;
        }
        self.bytes += bytes.len();
        if let Some(old) = self.entries.put(hash, bytes.into()) {
            self.bytes -= old.len();
        }
        while self.bytes > MOST_BYTES {
            let Some((_, old)) = self.entries.pop_lru() else { break };
            self.bytes -= old.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_forgets_what_was_not_asked_for_longest() {
        let mut cache = Cache::default();
        let hash = |n: u8| BlobHash::of(&[n]);
        let blob = vec![0; LARGEST];
        for n in 0..8 {
            cache.insert(hash(n), &blob);
        }
        assert!(cache.get(hash(0)).is_some());
        cache.insert(hash(8), &blob);
        assert!(cache.get(hash(0)).is_some());
        assert!(cache.get(hash(1)).is_none());
        assert!(cache.bytes <= MOST_BYTES);
        cache.insert(hash(9), &vec![0; LARGEST + 1]);
        assert!(cache.get(hash(9)).is_none());
    }
}
