//! The index beside a closed segment, so that opening a run need not walk through it. A
//! sidecar that is missing or does not fit its segment is ignored.

use std::fs;
use std::path::Path;

use evolve_core::ids::BlobHash;

use super::segment::{Encoding, Place, Places, VERSION, number_at};
use crate::disk::publish;
use crate::error::StoreError;

const MAGIC: &[u8; 8] = b"EVBLIDX\0";
const HEADER_LEN: usize = 24;
const ENTRY_LEN: usize = 52;

/// Writes the sidecar of a segment that will not grow any more.
pub(crate) fn write(
    path: &Path,
    segment: u32,
    segment_len: u64,
    places: &Places,
) -> Result<(), StoreError> {
    let mut bytes = Vec::with_capacity(HEADER_LEN + places.len() * ENTRY_LEN + 4);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&segment.to_le_bytes());
    bytes.extend_from_slice(&segment_len.to_le_bytes());
    let mut sorted: Vec<_> = places.iter().collect();
    sorted.sort_by_key(|(_, place)| place.offset);
    for (hash, place) in sorted {
        bytes.extend_from_slice(&hash.0);
        for number in [place.offset, place.stored, place.raw, place.crc, place.encoding.code()] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    publish(path, &bytes)
}

/// The sidecar's content, if it is whole, of this version and for a segment of this length.
pub(crate) fn read(path: &Path, segment: u32, segment_len: u64) -> Option<Places> {
    let bytes = fs::read(path).ok()?;
    let body = bytes.len().checked_sub(4).filter(|body| *body >= HEADER_LEN)?;
    let fits = bytes[..8] == *MAGIC
        && number_at(&bytes, 8)? == VERSION
        && number_at(&bytes, 12)? == segment
        && u64::from_le_bytes(*bytes[16..].first_chunk()?) == segment_len
        && number_at(&bytes, body)? == crc32c::crc32c(&bytes[..body]);
    if !fits {
        return None;
    }
    bytes[HEADER_LEN..body]
        .chunks_exact(ENTRY_LEN)
        .map(|entry| {
            let place = Place {
                segment,
                offset: number_at(entry, 32)?,
                stored: number_at(entry, 36)?,
                raw: number_at(entry, 40)?,
                crc: number_at(entry, 44)?,
                encoding: Encoding::from_code(number_at(entry, 48)?)?,
            };
            Some((BlobHash(*entry.first_chunk()?), place))
        })
        .collect()
}
