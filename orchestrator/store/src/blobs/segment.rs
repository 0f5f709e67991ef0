//! The format of a blob segment.
//!
//! A segment is a header (`EVBLOBS`, version, number) and records, each a record header
//! (magic, hash, lengths, encoding, checksums) and the stored bytes. Integers are little
//! endian. Records are only ever appended. A damaged stretch is stepped over by looking for
//! the next record that is whole; what follows the last whole record is torn.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use evolve_core::ids::BlobHash;

use crate::error::StoreError;

/// Version of segments and of their sidecars.
pub(crate) const VERSION: u32 = 1;
pub(crate) const HEADER_LEN: u64 = 16;
pub(crate) const RECORD_LEN: usize = 56;

const MAGIC: &[u8; 8] = b"EVBLOBS\0";
const RECORD_MAGIC: [u8; 4] = *b"EVBL";

/// Where the blobs of a segment are.
pub(crate) type Places = HashMap<BlobHash, Place>;

/// How a blob's bytes are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Zstd,
}

impl Encoding {
    pub(crate) fn code(self) -> u32 {
        match self {
            Self::Plain => 0,
            Self::Zstd => 1,
        }
    }

    pub(crate) fn from_code(code: u32) -> Option<Self> {
        match code {
            0 => Some(Self::Plain),
            1 => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Where a blob's stored bytes are, and what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) segment: u32,
    pub(crate) offset: u32,
    pub(crate) stored: u32,
    pub(crate) raw: u32,
    pub(crate) crc: u32,
    pub(crate) encoding: Encoding,
}

impl Place {
    pub(crate) fn end(&self) -> u64 {
        u64::from(self.offset) + u64::from(self.stored)
    }
}

pub(crate) fn header(number: u32) -> [u8; HEADER_LEN as usize] {
    let mut bytes = [0; HEADER_LEN as usize];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// The record for a blob: header and stored bytes in one piece.
pub(crate) fn record(hash: BlobHash, place: &Place, stored: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(RECORD_LEN + stored.len());
    bytes.extend_from_slice(&RECORD_MAGIC);
    bytes.extend_from_slice(&hash.0);
    for number in [place.raw, place.stored, place.encoding.code(), place.crc] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(stored);
    bytes
}

pub(crate) fn number_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Reads a record header that begins at `at` in its segment.
fn record_header(bytes: &[u8], segment: u32, at: u64) -> Option<(BlobHash, Place)> {
    let bytes = bytes.get(..RECORD_LEN)?;
    if bytes[..4] != RECORD_MAGIC
        || number_at(bytes, RECORD_LEN - 4)? != crc32c::crc32c(&bytes[..RECORD_LEN - 4])
    {
        return None;
    }
    let place = Place {
        segment,
        offset: u32::try_from(at + RECORD_LEN as u64).ok()?,
        stored: number_at(bytes, 40)?,
        raw: number_at(bytes, 36)?,
        crc: number_at(bytes, 48)?,
        encoding: Encoding::from_code(number_at(bytes, 44)?)?,
    };
    Some((BlobHash(*bytes[4..].first_chunk()?), place))
}

/// What a scan found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The whole records; of two with one hash, the later one.
    pub(crate) places: Places,
    /// Where the last whole record ends.
    pub(crate) end: u64,
    /// Damaged stretches between whole records: from, to.
    pub(crate) gaps: Vec<(u64, u64)>,
    /// How many bytes follow the last whole record.
    pub(crate) torn: u64,
}

/// How much of a record a scan looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Its header, and that its bytes are there.
    Headers,
    /// Its bytes too.
    Bytes,
}

/// Reads the records of a segment from `from` on (0: from its beginning).
pub(crate) fn scan(path: &Path, number: u32, from: u64, depth: Depth) -> Result<Scan, StoreError> {
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    let length = file.metadata().map_err(StoreError::io("read", path))?.len();
    let mut input = BufReader::with_capacity(256 << 10, file);
    // A segment that is shorter than it was has been cut by its writer: look at all of it.
    let from = if from > length { 0 } else { from };
    let mut scan = Scan { end: from.max(HEADER_LEN), ..Scan::default() };
    if length < HEADER_LEN {
        // A segment whose creation was cut short.
        scan.end = 0;
        scan.torn = length;
        return Ok(scan);
    }
    check_header(&mut input, path, number)?;
    input.seek(SeekFrom::Start(scan.end)).map_err(StoreError::io("read", path))?;
    while scan.end < length {
        let whole = next_record(&mut input, number, scan.end, length, depth)
            .map_err(StoreError::io("read", path))?;
        let (at, hash, place) = if let Some((hash, place)) = whole {
            (scan.end, hash, place)
        } else {
            let found =
                resync(&mut input, number, scan.end).map_err(StoreError::io("read", path))?;
            let Some(found) = found else { break };
            found
        };
        if at > scan.end {
            scan.gaps.push((scan.end, at));
        }
        scan.end = place.end();
        scan.places.insert(hash, place);
    }
    scan.torn = length.saturating_sub(scan.end);
    Ok(scan)
}

fn check_header(input: &mut impl Read, path: &Path, number: u32) -> Result<(), StoreError> {
    let mut bytes = [0; HEADER_LEN as usize];
    input.read_exact(&mut bytes).map_err(StoreError::io("read", path))?;
    if bytes[..8] != *MAGIC {
        return Err(StoreError::format(path, "it does not begin as a blob segment"));
    }
    let found = number_at(&bytes, 8).unwrap_or_default();
    if found > VERSION {
        return Err(StoreError::Newer { path: path.to_owned(), line: None, found, known: VERSION });
    }
    if number_at(&bytes, 12) != Some(number) {
        return Err(StoreError::format(path, "it is another segment under this name"));
    }
    Ok(())
}

/// The record at the input's position, if it is whole; else the position is undefined.
fn next_record(
    input: &mut BufReader<File>,
    number: u32,
    at: u64,
    length: u64,
    depth: Depth,
) -> io::Result<Option<(BlobHash, Place)>> {
    if at + RECORD_LEN as u64 > length {
        return Ok(None);
    }
    let mut bytes = [0; RECORD_LEN];
    input.read_exact(&mut bytes)?;
    let Some((hash, place)) = record_header(&bytes, number, at) else { return Ok(None) };
    if place.end() > length {
        return Ok(None);
    }
    match depth {
        Depth::Headers => input.seek_relative(i64::from(place.stored))?,
        Depth::Bytes => {
            let mut stored = vec![0; place.stored as usize];
            input.read_exact(&mut stored)?;
            if crc32c::crc32c(&stored) != place.crc {
                return Ok(None);
            }
        }
    }
    Ok(Some((hash, place)))
}

/// The first whole record after `at`, with the input placed behind it.
fn resync(
    input: &mut BufReader<File>,
    number: u32,
    at: u64,
) -> io::Result<Option<(u64, BlobHash, Place)>> {
    input.seek(SeekFrom::Start(at))?;
    let mut rest = Vec::new();
    input.read_to_end(&mut rest)?;
    for start in 1..rest.len().saturating_sub(RECORD_LEN - 1) {
        if rest[start..start + 4] != RECORD_MAGIC {
            continue;
        }
        let begin = at + start as u64;
        let Some((hash, place)) = record_header(&rest[start..], number, begin) else { continue };
        let stored = rest.get(start + RECORD_LEN..start + RECORD_LEN + place.stored as usize);
        if stored.is_some_and(|stored| crc32c::crc32c(stored) == place.crc) {
            input.seek(SeekFrom::Start(place.end()))?;
            return Ok(Some((begin, hash, place)));
        }
    }
    Ok(None)
}
