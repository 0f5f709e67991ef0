//! The writing side of the blobs.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evolve_core::ids::BlobHash;
use zstd::bulk::Compressor;

use super::segment::{self, Encoding, HEADER_LEN, Place, RECORD_LEN};
use super::{segment_path, sidecar};
use crate::disk::sync_dir;
use crate::error::StoreError;

/// A segment that has reached this length is closed.
pub(crate) const SEGMENT_LEN: u64 = 64 << 20;
/// Larger blobs are refused.
pub(crate) const LARGEST: usize = 256 << 20;

const LEVEL: i32 = 3;

/// Appends records to the newest segment.
pub(crate) struct Appender {
    dir: PathBuf,
    segment: u32,
    file: Arc<File>,
    /// Length of the segment.
    length: u64,
    /// How much of it is durable.
    durable: u64,
    segment_len: u64,
    /// Why nothing is written any more: after a failed write or sync nobody knows what is
    /// on the disk.
    failed: Option<String>,
}

impl Appender {
    /// Goes on with a segment that is whole up to `length`, or begins it.
    pub(crate) fn open(
        dir: &Path,
        segment: u32,
        length: u64,
        segment_len: u64,
    ) -> Result<Self, StoreError> {
        let path = segment_path(dir, segment);
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        let mut length = length;
        if length < HEADER_LEN {
            file.set_len(0).map_err(StoreError::io("write", &path))?;
            file.write_all(&segment::header(segment)).map_err(StoreError::io("write", &path))?;
            length = HEADER_LEN;
        }
        // What a killed process wrote may still be in memory only.
        file.sync_all().map_err(StoreError::io("sync", &path))?;
        sync_dir(dir)?;
        let (dir, file) = (dir.to_owned(), Arc::new(file));
        Ok(Self { dir, segment, file, length, durable: length, segment_len, failed: None })
    }

    pub(crate) fn segment(&self) -> u32 {
        self.segment
    }

    pub(crate) fn is_full(&self) -> bool {
        self.length >= self.segment_len
    }

    /// Writes one record.
    pub(crate) fn append(
        &mut self,
        hash: BlobHash,
        raw: u32,
        stored: &[u8],
        encoding: Encoding,
    ) -> Result<Place, StoreError> {
        self.check()?;
        let place = Place {
            segment: self.segment,
            offset: self.length as u32 + RECORD_LEN as u32, // segments end long before 4 GiB
            stored: stored.len() as u32,
            raw,
            crc: crc32c::crc32c(stored),
            encoding,
        };
        let record = segment::record(hash, &place, stored);
        if let Err(error) = (&*self.file).write_all(&record) {
            return Err(self.fail("write", error));
        }
        self.length = place.end();
        Ok(place)
    }

    /// Makes everything in this segment durable and goes on in the next one.
    pub(crate) fn roll(&mut self, places: &segment::Places) -> Result<(), StoreError> {
        self.check()?;
        if let Err(error) = self.file.sync_data() {
            return Err(self.fail("sync", error));
        }
        let path = super::sidecar_path(&self.dir, self.segment);
        sidecar::write(&path, self.segment, self.length, places)?;
        *self = Self::open(&self.dir, self.segment + 1, 0, self.segment_len)?;
        Ok(())
    }

    /// What has to be synced, if anything: the file and the length that is then durable.
    pub(crate) fn unsynced(&self) -> Result<Option<(Arc<File>, u32, u64)>, StoreError> {
        self.check()?;
        let dirty = self.durable < self.length;
        Ok(dirty.then(|| (Arc::clone(&self.file), self.segment, self.length)))
    }

    /// Notes the outcome of a sync.
    pub(crate) fn synced(
        &mut self,
        segment: u32,
        length: u64,
        outcome: std::io::Result<()>,
    ) -> Result<(), StoreError> {
        match outcome {
            Ok(()) if segment == self.segment => self.durable = self.durable.max(length),
            Ok(()) => {} // rolled meanwhile, which synced it too
            Err(error) => return Err(self.fail("sync", error)),
        }
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn write_to_a_full_disk(&mut self) {
        self.file = Arc::new(OpenOptions::new().append(true).open("/dev/full").unwrap());
    }

    fn check(&self) -> Result<(), StoreError> {
        let path = segment_path(&self.dir, self.segment);
        match &self.failed {
            Some(why) => Err(StoreError::format(&path, format!("an earlier write failed: {why}"))),
            None => Ok(()),
        }
    }

    fn fail(&mut self, action: &'static str, error: std::io::Error) -> StoreError {
        self.failed = Some(error.to_string());
        // Nobody may find what is perhaps not durable. If this fails too, the next writer cuts.
        let _ = self.file.set_len(self.durable);
        StoreError::io(action, &segment_path(&self.dir, self.segment))(error)
    }
}

/// The bytes to store: compressed if that is shorter.
pub(crate) fn encode<'a>(
    compressor: &mut Compressor<'static>,
    bytes: &'a [u8],
) -> (std::borrow::Cow<'a, [u8]>, Encoding) {
    match compressor.compress(bytes) {
        Ok(short) if short.len() < bytes.len() => (short.into(), Encoding::Zstd),
        _ => (bytes.into(), Encoding::Plain),
    }
}

pub(crate) fn compressor() -> std::io::Result<Compressor<'static>> {
    Compressor::new(LEVEL)
}
