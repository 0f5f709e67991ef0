//! Snapshots: the facts as they were after so many events, so that nobody has to fold a
//! long journal from its beginning.
//!
//! `snapshots/<events>.zst` holds a header (`EVSNAP`, version, checksum, number of events, number
//! of parts), then parts: the facts without their candidates, and the candidates, some thousands
//! a part, so that they are read side by side. A part is its length, its compressed length and
//! JSON, compressed. A snapshot that cannot be used is skipped: the journal has everything.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evolve_core::facts::{CandidateFacts, Facts};
use evolve_core::ids::Seq;
use evolve_core::redact::Redactor;

use crate::disk::publish;
use crate::error::StoreError;
use crate::journal::redact_texts;
use crate::run_dir::RunDir;

/// Version of the format, facts included: bump it when a fold's result changes.
pub(crate) const VERSION: u32 = 2;
/// How many snapshots are kept.
const KEPT: usize = 2;
const LEVEL: i32 = 1;
const MAGIC: &[u8; 8] = b"EVSNAP\0\0";
const HEADER_LEN: usize = 32;
/// Candidates of a part.
const PART: usize = 4_096;
/// The checksum covers everything after itself.
const CHECKED_FROM: usize = 16;

/// Whether it is time for another snapshot: the journal grew by 5,000 events and by a
/// quarter since the last.
pub(crate) fn is_due(last: Seq, now: Seq) -> bool {
    let grown = now.0.saturating_sub(last.0);
    grown >= 5_000 && grown >= last.0 / 4
}

/// Writes a snapshot and removes the older ones but one.
pub(crate) fn write(run: &RunDir, facts: &Facts, redactor: &Redactor) -> Result<(), StoreError> {
    let dir = run.snapshots();
    fs::create_dir_all(&dir).map_err(StoreError::io("make folder", &dir))?;
    let path = path(&dir, facts.next_seq);
    publish(&path, &encode(facts, redactor).map_err(|why| StoreError::format(&path, why))?)?;
    for (_, old) in list(run)?.into_iter().skip(KEPT) {
        fs::remove_file(&old).map_err(StoreError::io("remove", &old))?;
    }
    Ok(())
}

fn path(dir: &Path, seq: Seq) -> PathBuf {
    dir.join(format!("{:012}.zst", seq.0))
}

fn encode(facts: &Facts, redactor: &Redactor) -> Result<Vec<u8>, String> {
    let mut rest = facts.clone();
    let candidates = std::mem::take(&mut rest.candidates);
    let mut bytes = Vec::new();
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&facts.next_seq.0.to_le_bytes());
    bytes.extend_from_slice(&(1 + candidates.len().div_ceil(PART) as u64).to_le_bytes());
    push_part(&mut bytes, &rest, redactor)?;
    for part in candidates.chunks(PART) {
        push_part(&mut bytes, &part, redactor)?;
    }
    let crc = crc32c::crc32c(&bytes[CHECKED_FROM..]);
    bytes[12..CHECKED_FROM].copy_from_slice(&crc.to_le_bytes());
    Ok(bytes)
}

fn push_part(
    bytes: &mut Vec<u8>,
    part: &impl serde::Serialize,
    redactor: &Redactor,
) -> Result<(), String> {
    let mut json = serde_json::to_vec(part).map_err(|error| error.to_string())?;
    if redactor.redact_bytes(&json) != json {
        // The live facts may hold what was taken out of the journal's texts.
        let mut value = serde_json::to_value(part).map_err(|error| error.to_string())?;
        redact_texts(&mut value, redactor);
        json = value.to_string().into_bytes();
    }
    let packed = zstd::bulk::compress(&json, LEVEL).map_err(|error| error.to_string())?;
    bytes.extend_from_slice(&(json.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&(packed.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&packed);
    Ok(())
}

/// The snapshots that are there, newest first, unread.
pub(crate) fn list(run: &RunDir) -> Result<Vec<(Seq, PathBuf)>, StoreError> {
    let dir = run.snapshots();
    let entries = match fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("read folder", &dir)(error)),
    };
    let mut found: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let seq = entry.file_name().to_str()?.strip_suffix(".zst")?.parse().ok()?;
            Some((Seq(seq), entry.path()))
        })
        .collect();
    found.sort_by_key(|(seq, _)| std::cmp::Reverse(*seq));
    Ok(found)
}

/// Reads a snapshot.
pub(crate) fn read(path: &Path) -> Result<Facts, StoreError> {
    let bytes = fs::read(path).map_err(StoreError::io("read", path))?;
    let bad = |what: &str| StoreError::format(path, what);
    if bytes.len() < HEADER_LEN {
        return Err(bad("it is cut short"));
    }
    if bytes[..8] != *MAGIC {
        return Err(bad("it is not a snapshot"));
    }
    let word =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    if word(8) > VERSION {
        let (path, found) = (path.to_owned(), word(8));
        return Err(StoreError::Newer { path, line: None, found, known: VERSION });
    }
    if word(8) < VERSION {
        return Err(bad("it was written by an older evolve"));
    }
    if word(12) != crc32c::crc32c(&bytes[CHECKED_FROM..]) {
        return Err(bad("its checksum does not fit"));
    }
    let mut facts = decode(&bytes).map_err(|why| bad(&why))?;
    facts.reindex();
    Ok(facts)
}

/// The facts of a snapshot whose checksum fits.
fn decode(bytes: &[u8]) -> Result<Facts, String> {
    let mut at = CHECKED_FROM;
    let (events, count) = (take_long(bytes, &mut at)?, take_long(bytes, &mut at)?);
    let mut parts: Vec<(usize, &[u8])> = Vec::new();
    for _ in 0..count {
        let (length, packed) = (take_long(bytes, &mut at)?, take_long(bytes, &mut at)?);
        let end = at.checked_add(packed as usize).filter(|end| *end <= bytes.len());
        let end = end.ok_or("it is cut short")?;
        parts.push((length as usize, &bytes[at..end]));
        at = end;
    }
    let (first, candidates) = parts.split_first().ok_or("it has no parts")?;
    let mut facts: Facts = unpack(*first)?;
    if facts.next_seq.0 != events {
        return Err("it holds another number of events than it says".to_owned());
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = candidates.len().div_ceil(threads).max(1);
    facts.candidates = std::thread::scope(|scope| {
        let readers: Vec<_> =
            candidates.chunks(share).map(|parts| scope.spawn(|| unpack_all(parts))).collect();
        let mut all = Vec::new();
        for reader in readers {
            all.extend(reader.join().map_err(|_| "it cannot be read".to_owned())??);
        }
        Ok::<_, String>(all)
    })?;
    Ok(facts)
}

fn unpack_all(parts: &[(usize, &[u8])]) -> Result<Vec<Arc<CandidateFacts>>, String> {
    let mut all = Vec::new();
    for part in parts {
        all.extend(unpack::<Vec<Arc<CandidateFacts>>>(*part)?);
    }
    Ok(all)
}

fn unpack<T: serde::de::DeserializeOwned>((length, packed): (usize, &[u8])) -> Result<T, String> {
    let json = zstd::bulk::decompress(packed, length).map_err(|error| error.to_string())?;
    serde_json::from_slice(&json).map_err(|error| error.to_string())
}

fn take_long(bytes: &[u8], at: &mut usize) -> Result<u64, String> {
    let long = bytes.get(*at..*at + 8).and_then(|bytes| bytes.try_into().ok());
    *at += 8;
    long.map(u64::from_le_bytes).ok_or_else(|| "it is cut short".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use evolve_core::ids::RunId;
    use evolve_testkit::generated;

    fn run_with(events: &[u64]) -> (tempfile::TempDir, RunDir) {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), &RunId::from("r")).unwrap();
        let all = generated::events(1, 20);
        for count in events {
            let facts = Facts::fold(&all[..*count as usize]).unwrap();
            write(&run, &facts, &Redactor::default()).unwrap();
        }
        (dir, run)
    }

    #[test]
    fn the_two_newest_snapshots_are_kept_and_read_back_equal() {
        let (_dir, run) = run_with(&[10, 20, 30]);
        let found = list(&run).unwrap();
        assert_eq!(found.iter().map(|(seq, _)| seq.0).collect::<Vec<_>>(), [30, 20]);
        let facts = read(&found[0].1).unwrap();
        let expected = Facts::fold(&generated::events(1, 20)[..30]).unwrap();
        assert_eq!(facts.canonical_hash(), expected.canonical_hash());
        let program = expected.run.program.unwrap();
        assert_eq!(facts.known_program(program), expected.known_program(program));
    }

    #[test]
    fn a_snapshot_with_any_byte_changed_is_refused() {
        let (_dir, run) = run_with(&[30]);
        let path = &list(&run).unwrap()[0].1;
        let good = fs::read(path).unwrap();
        for at in (0..HEADER_LEN).chain((HEADER_LEN..good.len()).step_by(13)) {
            let mut bad = good.clone();
            bad[at] ^= 0x41;
            fs::write(path, bad).unwrap();
            assert!(read(path).is_err(), "byte {at}");
        }
        fs::write(path, &good[..9]).unwrap();
        assert!(read(path).is_err());
    }

    #[test]
    fn snapshots_become_rarer_as_the_journal_grows() {
        assert!(!is_due(Seq(0), Seq(4_999)));
        assert!(is_due(Seq(0), Seq(5_000)));
        assert!(!is_due(Seq(100_000), Seq(110_000)));
        assert!(is_due(Seq(100_000), Seq(125_000)));
    }
}
