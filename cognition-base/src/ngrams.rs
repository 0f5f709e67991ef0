//! Vectors of a text's words and pieces of words: no model, no network, no cost.

use evolve_core::event::Reservation;
use evolve_core::ports::{BoxFuture, Embedder, HostFault, Meter};

use crate::index::stems;

/// Numbers in a vector.
const LENGTH: usize = 512;
/// Lengths of the pieces of a word, in letters.
const PIECES: std::ops::RangeInclusive<usize> = 3..=5;
/// What a whole word counts for beside its pieces together.
const WHOLE: f32 = 1.0;

/// An [`Embedder`] that hashes words and their pieces of three to five letters into signed places
/// of a vector (K. Weinberger et al., "Feature hashing for large scale multitask learning", ICML
/// 2009; pieces as in P. Bojanowski et al., "Enriching word vectors with subword information",
/// TACL 2017). It knows no meanings: it finds what is spelt alike, such as `prefetching` beside
/// `prefetcher`.
#[derive(Debug, Clone, Copy, Default)]
pub struct NgramEmbedder;

impl Embedder for NgramEmbedder {
    fn name(&self) -> String {
        format!("ngrams-{LENGTH}-1")
    }

    fn reservation(&self) -> Reservation {
        Reservation::default()
    }

    fn embed(
        &self,
        texts: Vec<String>,
        _meter: Option<Meter>,
    ) -> BoxFuture<Result<Vec<Vec<f32>>, HostFault>> {
        Box::pin(async move { Ok(texts.iter().map(|text| vector(text)).collect()) })
    }
}

fn vector(text: &str) -> Vec<f32> {
    let mut counts = std::collections::BTreeMap::new();
    for word in stems(text) {
        *counts.entry(word).or_insert(0_u32) += 1;
    }
    let mut vector = vec![0.0; LENGTH];
    for (word, count) in counts {
        let weight = 1.0 + (count as f32).ln();
        add(&mut vector, &word, WHOLE * weight);
        let letters: Vec<char> = format!("<{word}>").chars().collect();
        let pieces: Vec<String> = PIECES
            .flat_map(|length| letters.windows(length).map(|piece| piece.iter().collect()))
            .collect();
        let each = weight / (pieces.len().max(1) as f32).sqrt();
        for piece in &pieces {
            add(&mut vector, piece, each);
        }
    }
    vector
}

fn add(vector: &mut [f32], feature: &str, weight: f32) {
    let hash = fnv(feature.as_bytes());
    let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
    vector[(hash % LENGTH as u64) as usize] += sign * weight;
}

/// FNV-1a, whose values are the same in every version and on every machine; the end is mixed so
/// that its high bits may be used too.
fn fnv(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
