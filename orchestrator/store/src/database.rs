//! The results database. The only file that knows sled.
//!
//! One tree. Keys begin with a letter: `c` candidate number and part, `i` insight key, `m`
//! what the database says of itself. Values stay below 64 KiB (sled 0.34 turns large ones
//! into files that it never removes), so a large candidate is split into parts.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use evolve_core::facts::CandidateFacts;
use evolve_core::ids::{CandidateId, Seq};
use evolve_core::knowledge::Insight;
use evolve_core::ports::{HostFault, ProgramDatabase};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

const VERSION: u32 = 1;
const LARGEST_VALUE: usize = 60 << 10;
const CACHE: u64 = 16 << 20;
const VERSION_KEY: &[u8] = b"mversion";
const UPTO_KEY: &[u8] = b"mupto";

/// The results database of a run. One process, one owner thread.
pub(crate) struct SledDatabase {
    db: sled::Db,
    path: PathBuf,
}

impl SledDatabase {
    /// Opens the database, or begins it. An error means that it has to be rebuilt.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let db = open_patiently(path)?;
        let database = Self { db, path: path.to_owned() };
        match database.number(VERSION_KEY)? {
            None if database.db.is_empty() => {
                database.set(VERSION_KEY, u64::from(VERSION))?;
                database.set(UPTO_KEY, 0)?;
            }
            Some(found) if found == u64::from(VERSION) => {}
            found => {
                let found = found.map_or("no version".to_owned(), |v| format!("version {v}"));
                return Err(failed(&format!("it has {found}, not {VERSION}")));
            }
        }
        Ok(database)
    }

    /// The event before which everything is in it.
    pub(crate) fn upto(&self) -> Result<Seq, StoreError> {
        Ok(Seq(self.number(UPTO_KEY)?.unwrap_or_default()))
    }

    /// Stores candidates and insights as they are before event `upto`; an insight that is none
    /// any more goes.
    pub(crate) fn write<'a>(
        &self,
        candidates: impl IntoIterator<Item = &'a CandidateFacts>,
        insights: impl IntoIterator<Item = (&'a String, Option<&'a Insight>)>,
        upto: Seq,
    ) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for candidate in candidates {
            self.put(&mut batch, &candidate_key(candidate.id), &to_json(candidate)?)?;
        }
        for (key, insight) in insights {
            let json = insight.map(to_json).transpose()?.unwrap_or_default();
            self.put(&mut batch, &insight_key(key), &json)?;
        }
        batch.insert(UPTO_KEY, &upto.0.to_be_bytes());
        self.db.apply_batch(batch).map_err(from_sled)
    }

    /// Adds a value in parts, and the removal of parts that an older value had besides.
    fn put(&self, batch: &mut sled::Batch, key: &[u8], json: &[u8]) -> Result<(), StoreError> {
        let mut part = 0;
        for chunk in json.chunks(LARGEST_VALUE) {
            batch.insert(part_key(key, part), chunk);
            part += 1;
        }
        while self.db.contains_key(part_key(key, part)).map_err(from_sled)? {
            batch.remove(part_key(key, part));
            part += 1;
        }
        Ok(())
    }

    /// Everything in it.
    pub(crate) fn read_all(&self) -> Result<Contents, StoreError> {
        let mut contents = Contents::default();
        for json in self.values(b"c")? {
            let candidate: CandidateFacts = from_json(&json)?;
            contents.candidates.insert(candidate.id, candidate);
        }
        for json in self.values(b"i")? {
            let insight: Insight = from_json(&json)?;
            contents.insights.insert(insight.key.clone(), insight);
        }
        Ok(contents)
    }

    /// The values whose keys begin so, their parts joined.
    fn values(&self, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut values: Vec<Vec<u8>> = Vec::new();
        for entry in self.db.scan_prefix(prefix) {
            let (key, value) = entry.map_err(from_sled)?;
            match values.last_mut() {
                Some(last) if !key.ends_with(&[0, 0]) => last.extend_from_slice(&value),
                _ => values.push(value.to_vec()),
            }
        }
        Ok(values)
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, StoreError> {
        let value = self.db.get(key).map_err(from_sled)?;
        Ok(value.and_then(|bytes| bytes.first_chunk().copied()).map(u64::from_be_bytes))
    }

    fn set(&self, key: &[u8], number: u64) -> Result<(), StoreError> {
        self.db.insert(key, &number.to_be_bytes()).map_err(from_sled)?;
        Ok(())
    }
}

/// What a database holds.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) candidates: BTreeMap<CandidateId, CandidateFacts>,
    pub(crate) insights: BTreeMap<String, Insight>,
}

impl ProgramDatabase for SledDatabase {
    fn store(&mut self, candidates: &[Arc<CandidateFacts>], upto: Seq) -> Result<(), HostFault> {
        Ok(self.write(candidates.iter().map(AsRef::as_ref), [], upto)?)
    }

    fn load(&self, id: CandidateId) -> Result<Option<CandidateFacts>, HostFault> {
        let values = self.values(&candidate_key(id))?;
        Ok(values.first().map(|json| from_json(json)).transpose()?)
    }

    fn flush(&mut self) -> Result<(), HostFault> {
        self.db.flush().map_err(from_sled)?;
        // sled's flush does not sync the folder's names.
        Ok(crate::disk::sync_dir(&self.path)?)
    }
}

/// Opens sled. It panics on some kinds of damage; and a database that was closed an instant
/// ago may still be locked.
fn open_patiently(path: &Path) -> Result<sled::Db, StoreError> {
    let mut tries = 0;
    loop {
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE)
            .flush_every_ms(None)
            .mode(sled::Mode::LowSpace);
        let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
        match opened {
            Ok(Ok(db)) => return Ok(db),
            Ok(Err(sled::Error::Io(error))) if is_locked(&error) && tries < 50 => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(Err(error)) => return Err(from_sled(error)),
            Err(_) => return Err(failed("sled gave up on it")),
        }
    }
}

fn is_locked(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::WouldBlock || error.to_string().contains("lock")
}

fn candidate_key(id: CandidateId) -> Vec<u8> {
    [b"c", id.0.to_be_bytes().as_slice()].concat()
}

fn insight_key(key: &str) -> Vec<u8> {
    [b"i", key.as_bytes(), &[0]].concat()
}

fn part_key(key: &[u8], part: u16) -> Vec<u8> {
    [key, &part.to_be_bytes()].concat()
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| failed(&error.to_string()))
}

fn from_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(json).map_err(|error| failed(&error.to_string()))
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn from_sled(error: sled::Error) -> StoreError {
    failed(&error.to_string())
}

fn failed(detail: &str) -> StoreError {
    StoreError::Projection { what: "results database", detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evolve_core::Facts;
    use evolve_testkit::generated;

    fn facts() -> Facts {
        Facts::fold(&generated::events(2, 60)).unwrap()
    }

    #[test]
    fn candidates_come_back_after_reopening_and_the_database_knows_how_far_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let facts = facts();
        let mut database = SledDatabase::open(dir.path()).unwrap();
        assert_eq!(database.upto().unwrap(), Seq(0));
        database.store(&facts.candidates, Seq(77)).unwrap();
        database.flush().unwrap();
        drop(database);
        let database = SledDatabase::open(dir.path()).unwrap();
        assert_eq!(database.upto().unwrap(), Seq(77));
        for candidate in &facts.candidates {
            assert_eq!(database.load(candidate.id).unwrap().as_ref(), Some(&**candidate));
        }
        assert_eq!(database.load(CandidateId(999)).unwrap(), None);
        assert_eq!(database.read_all().unwrap().candidates.len(), facts.candidates.len());
    }

    #[test]
    fn no_value_is_large_and_a_candidate_may_grow_and_shrink() {
        let dir = tempfile::tempdir().unwrap();
        let mut database = SledDatabase::open(dir.path()).unwrap();
        let mut candidate = CandidateFacts::clone(&facts().candidates[1]);
        for size in [10, 500_000, 130_000, 10] {
            candidate.change.summary = "x".repeat(size);
            database.store(&[Arc::new(candidate.clone())], Seq(1)).unwrap();
            assert_eq!(database.load(candidate.id).unwrap().unwrap(), candidate);
            let largest = database.db.iter().values().map(|v| v.unwrap().len()).max();
            assert!(largest.unwrap() <= 64 << 10);
        }
        assert_eq!(database.db.scan_prefix(b"c").count(), 1, "stale parts are removed");
    }

    #[test]
    fn a_database_of_another_version_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let database = SledDatabase::open(dir.path()).unwrap();
        database.set(VERSION_KEY, 9).unwrap();
        drop(database);
        let error = SledDatabase::open(dir.path()).err().unwrap().to_string();
        assert!(error.contains("version 9") && error.contains("--repair"), "{error}");
    }
}
