//! Content-addressed blobs in append-only segments (`blobs/000001.seg`, …).

mod appender;
mod cache;
mod segment;
mod sidecar;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use evolve_core::ids::BlobHash;
use evolve_core::ports::{BlobStore, HostFault};
use evolve_core::redact::Redactor;
use zstd::bulk::{Compressor, Decompressor};

use crate::disk::keep_aside;
use crate::error::StoreError;
use crate::run_dir::RunDir;
use appender::{Appender, SEGMENT_LEN};
use cache::Cache;
use segment::{Depth, Encoding, Place, Places, Scan, scan};

/// The blobs of a run. Share it with `Arc`; all methods may be called from any thread.
pub struct Blobs {
    dir: PathBuf,
    redactor: Redactor,
    places: RwLock<Places>,
    files: Mutex<BTreeMap<u32, Arc<File>>>,
    cache: Mutex<Cache>,
    decompressors: Mutex<Vec<Decompressor<'static>>>,
    /// How far a reader has looked: segment and offset.
    seen: Mutex<(u32, u64)>,
    writer: Option<Writer>,
}

struct Writer {
    appender: Mutex<Appender>,
    compressor: Mutex<Compressor<'static>>,
    /// Held during a sync, so that nobody returns before a sync that includes their blob.
    syncing: Mutex<()>,
}

impl Blobs {
    /// Opens the blobs for writing. Only the holder of the run's lock may. A torn tail (a
    /// write that was cut short) is cut and kept beside the segment.
    pub fn open_writer(run: &RunDir, redactor: Redactor) -> Result<Self, StoreError> {
        Self::open_writer_with(&run.blobs(), redactor, SEGMENT_LEN)
    }

    fn open_writer_with(
        dir: &Path,
        redactor: Redactor,
        segment_len: u64,
    ) -> Result<Self, StoreError> {
        fs::create_dir_all(dir).map_err(StoreError::io("make folder", dir))?;
        let numbers = segments(dir)?;
        let newest = numbers.last().copied().unwrap_or(1);
        let mut places = Places::new();
        for number in numbers.iter().filter(|number| **number != newest) {
            places.extend(closed_segment(dir, *number, true)?);
        }
        let mut length = 0;
        if numbers.last().is_some() {
            let path = segment_path(dir, newest);
            let scan = scan(&path, newest, 0, Depth::Bytes)?;
            warn_of_gaps(&path, &scan);
            if scan.torn > 0 {
                cut(&path, scan.end)?;
            }
            length = scan.end;
            places.extend(scan.places);
        }
        let writer = Writer {
            appender: Mutex::new(Appender::open(dir, newest, length, segment_len)?),
            compressor: Mutex::new(
                appender::compressor().map_err(StoreError::io("set up zstd for", dir))?,
            ),
            syncing: Mutex::new(()),
        };
        Ok(Self::new(dir, redactor, places, (newest, 0), Some(writer)))
    }

    /// Opens the blobs for reading. Writes nothing, takes no lock and follows a writer.
    pub fn open_reader(run: &RunDir) -> Result<Self, StoreError> {
        let dir = run.blobs();
        let blobs = Self::new(&dir, Redactor::default(), Places::new(), (0, 0), None);
        blobs.follow()?;
        Ok(blobs)
    }

    fn new(
        dir: &Path,
        redactor: Redactor,
        places: Places,
        seen: (u32, u64),
        writer: Option<Writer>,
    ) -> Self {
        Self {
            dir: dir.to_owned(),
            redactor,
            places: RwLock::new(places),
            files: Mutex::default(),
            cache: Mutex::default(),
            decompressors: Mutex::default(),
            seen: Mutex::new(seen),
            writer,
        }
    }

    /// What takes secrets out of everything that is put.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// How many blobs are known.
    pub fn len(&self) -> usize {
        self.places.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether no blob is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes every blob that was put before this call durable. A failure is final: the
    /// blobs take nothing any more.
    pub fn sync(&self) -> Result<(), StoreError> {
        let Some(writer) = &self.writer else { return Ok(()) };
        let _one_at_a_time = lock(&writer.syncing);
        let Some((file, segment, length)) = lock(&writer.appender).unsynced()? else {
            return Ok(());
        };
        let outcome = file.sync_data(); // others may put meanwhile
        lock(&writer.appender).synced(segment, length, outcome)
    }

    /// Stores bytes, secrets taken out, and returns the hash of what is stored.
    pub fn store(&self, bytes: &[u8]) -> Result<BlobHash, StoreError> {
        let Some(writer) = &self.writer else {
            return Err(StoreError::format(&self.dir, "the blobs were opened for reading only"));
        };
        if bytes.len() > appender::LARGEST {
            let most = appender::LARGEST >> 20;
            let what = format!("a blob of {} MiB is over the {most} MiB limit", bytes.len() >> 20);
            return Err(StoreError::format(&self.dir, what));
        }
        let clean = self.redactor.redact_bytes(bytes);
        let hash = BlobHash::of(&clean);
        if self.place(hash).is_some() {
            return Ok(hash);
        }
        let (stored, encoding) = appender::encode(&mut lock(&writer.compressor), &clean);
        let mut appender = lock(&writer.appender);
        if self.place(hash).is_some() {
            return Ok(hash); // another thread was faster
        }
        if appender.is_full() {
            let closed = self.places_of(appender.segment());
            appender.roll(&closed)?;
        }
        let place = appender.append(hash, clean.len() as u32, &stored, encoding)?;
        self.places.write().unwrap_or_else(PoisonError::into_inner).insert(hash, place);
        Ok(hash)
    }

    /// The bytes with this hash.
    pub fn load(&self, hash: BlobHash) -> Result<Vec<u8>, StoreError> {
        if let Some(bytes) = lock(&self.cache).get(hash) {
            return Ok(bytes.to_vec());
        }
        let mut place = self.place(hash);
        if place.is_none() && self.writer.is_none() {
            self.follow()?;
            place = self.place(hash);
        }
        let missing = || StoreError::Blob { hash, what: "is not in this run".to_owned() };
        let bytes = self.read(hash, &place.ok_or_else(missing)?)?;
        lock(&self.cache).insert(hash, &bytes);
        Ok(bytes)
    }

    fn read(&self, hash: BlobHash, place: &Place) -> Result<Vec<u8>, StoreError> {
        let path = segment_path(&self.dir, place.segment);
        let damaged = |why: &str| StoreError::Blob {
            hash,
            what: format!("in `{}` at byte {} {why}", path.display(), place.offset),
        };
        let file = self.file(place.segment)?;
        let mut stored = vec![0; place.stored as usize];
        file.read_exact_at(&mut stored, u64::from(place.offset))
            .map_err(StoreError::io("read", &path))?;
        let bytes = match place.encoding {
            Encoding::Plain => stored,
            Encoding::Zstd => self
                .decompress(&stored, place.raw as usize)
                .map_err(|_| damaged("is damaged: it does not decompress"))?,
        };
        if BlobHash::of(&bytes) == hash {
            Ok(bytes)
        } else {
            Err(damaged("is damaged: its hash is another one"))
        }
    }

    #[cfg(test)]
    pub(crate) fn write_to_a_full_disk(&self) {
        lock(&self.writer.as_ref().unwrap().appender).write_to_a_full_disk();
    }

    /// Setting a decompressor up costs more than using it: they are kept.
    fn decompress(&self, stored: &[u8], length: usize) -> std::io::Result<Vec<u8>> {
        let kept = lock(&self.decompressors).pop();
        let mut decompressor = kept.map_or_else(Decompressor::new, Ok)?;
        let bytes = decompressor.decompress(stored, length);
        lock(&self.decompressors).push(decompressor);
        bytes
    }

    fn file(&self, segment: u32) -> Result<Arc<File>, StoreError> {
        let mut files = lock(&self.files);
        if let Some(file) = files.get(&segment) {
            return Ok(Arc::clone(file));
        }
        let path = segment_path(&self.dir, segment);
        let file = Arc::new(File::open(&path).map_err(StoreError::io("open", &path))?);
        files.insert(segment, Arc::clone(&file));
        Ok(file)
    }

    fn place(&self, hash: BlobHash) -> Option<Place> {
        self.places.read().unwrap_or_else(PoisonError::into_inner).get(&hash).copied()
    }

    fn places_of(&self, segment: u32) -> Places {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        let of_segment = places.iter().filter(|(_, place)| place.segment == segment);
        of_segment.map(|(hash, place)| (*hash, *place)).collect()
    }

    /// Looks at what was appended since the last look.
    fn follow(&self) -> Result<(), StoreError> {
        let mut seen = lock(&self.seen);
        let numbers = segments(&self.dir)?;
        let newest = numbers.last().copied().unwrap_or_default();
        let first = seen.0;
        for number in numbers.into_iter().filter(|number| *number >= first) {
            let from = if number == seen.0 { seen.1 } else { 0 };
            let (found, end) = if from == 0 && number != newest {
                (closed_segment(&self.dir, number, false)?, 0)
            } else {
                let path = segment_path(&self.dir, number);
                let scan = scan(&path, number, from, Depth::Headers)?;
                (scan.places, scan.end)
            };
            self.places.write().unwrap_or_else(PoisonError::into_inner).extend(found);
            *seen = (number, end);
        }
        Ok(())
    }
}

impl BlobStore for Blobs {
    fn put(&self, bytes: &[u8]) -> Result<BlobHash, HostFault> {
        Ok(self.store(bytes)?)
    }

    fn get(&self, hash: BlobHash) -> Result<Vec<u8>, HostFault> {
        Ok(self.load(hash)?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn segment_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:06}.seg"))
}

fn sidecar_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:06}.idx"))
}

/// The numbers of the segments that are there, in order.
fn segments(dir: &Path) -> Result<Vec<u32>, StoreError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("read folder", dir)(error)),
    };
    let mut numbers: Vec<u32> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".seg")?.parse().ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The blobs of a segment that does not grow any more; a writer mends its sidecar.
fn closed_segment(dir: &Path, number: u32, mend: bool) -> Result<Places, StoreError> {
    let path = segment_path(dir, number);
    let length = fs::metadata(&path).map_err(StoreError::io("read", &path))?.len();
    let beside = sidecar_path(dir, number);
    if let Some(places) = sidecar::read(&beside, number, length) {
        return Ok(places);
    }
    let scan = scan(&path, number, 0, Depth::Bytes)?;
    warn_of_gaps(&path, &scan);
    if mend {
        sidecar::write(&beside, number, length, &scan.places)?;
    }
    Ok(scan.places)
}

fn warn_of_gaps(path: &Path, scan: &Scan) {
    for (from, to) in &scan.gaps {
        tracing::warn!(
            "`{}` is damaged from byte {from} to {to}; `evolve verify` shows what is lost",
            path.display()
        );
    }
}

fn cut(path: &Path, length: u64) -> Result<(), StoreError> {
    let bytes = fs::read(path).map_err(StoreError::io("read", path))?;
    let torn = bytes.get(length as usize..).unwrap_or_default();
    let aside = keep_aside(path, torn)?;
    tracing::warn!(
        "cut {} torn bytes from the end of `{}`; they are kept in `{}`",
        torn.len(),
        path.display(),
        aside.display()
    );
    let file = OpenOptions::new().write(true).open(path).map_err(StoreError::io("open", path))?;
    file.set_len(length).map_err(StoreError::io("cut", path))?;
    file.sync_all().map_err(StoreError::io("sync", path))
}
