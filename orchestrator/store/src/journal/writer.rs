//! The journal's writing side.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evolve_core::event::Envelope;
use evolve_core::facts::Facts;
use evolve_core::ids::Seq;
use evolve_core::ports::{HostFault, Journal};

use super::line;
use crate::blobs::Blobs;
use crate::disk::{keep_aside, sync_dir};
use crate::error::StoreError;
use crate::recover::{State, recover};
use crate::run_dir::RunDir;

/// What was found when a journal was opened.
#[derive(Debug)]
pub struct Recovered {
    /// The facts after the last event; none in a new run.
    pub facts: Option<Facts>,
    /// The snapshot the facts were folded from, by the number of events it holds.
    pub snapshot: Option<Seq>,
    /// A torn tail that was cut: the events of an append that never returned.
    pub torn: Option<TornTail>,
}

/// What was cut from the end of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// How many bytes.
    pub bytes: u64,
    /// Where they are kept.
    pub kept: PathBuf,
}

/// Appends events. Only the holder of the run's lock may.
pub struct JournalWriter {
    path: PathBuf,
    file: File,
    blobs: Arc<Blobs>,
    next: u64,
    /// Length of the file; all of it durable.
    durable: u64,
    failed: Option<String>,
}

impl JournalWriter {
    /// Opens a run's journal, or begins it. What a crash left half-written at its end is
    /// cut and kept in `events.jsonl.torn-N`; damage before the end is an error.
    pub fn open(run: &RunDir, blobs: Arc<Blobs>) -> Result<(Self, Recovered), StoreError> {
        let path = run.journal();
        let is_new = !path.exists();
        let State { map, facts, snapshot } = recover(run)?;
        let torn = if map.torn > 0 { Some(keep_tail(&path, map.end)?) } else { None };
        blobs.sync()?;
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        if torn.is_some() {
            file.set_len(map.end).map_err(StoreError::io("cut", &path))?;
        }
        // What a killed process wrote may still be in memory only, and is about to be acted on.
        file.sync_all().map_err(StoreError::io("sync", &path))?;
        if is_new {
            sync_dir(run.root())?;
        }
        let writer = Self { path, file, blobs, next: map.events, durable: map.end, failed: None };
        Ok((writer, Recovered { facts, snapshot, torn }))
    }

    fn encode(&self, events: &[Envelope]) -> Result<Vec<u8>, HostFault> {
        let mut lines = Vec::new();
        for (event, expected) in events.iter().zip(self.next..) {
            if event.seq != Seq(expected) {
                let (path, seq) = (self.path.display(), event.seq);
                let what = format!("`{path}`: event {seq} was appended where {expected} belongs");
                return Err(HostFault::new(what));
            }
            let line = line::encode(event, self.blobs.redactor()).map_err(|why| {
                let path = self.path.display();
                HostFault::new(format!("`{path}`: event {expected} cannot be written: {why}"))
            })?;
            lines.extend_from_slice(&line);
        }
        Ok(lines)
    }

    /// After a failed write or sync nobody knows what is on the disk; asking again would
    /// only be told that all is well. So the writer gives up for good.
    fn fail(&mut self, action: &'static str, error: std::io::Error) -> HostFault {
        let error = StoreError::io(action, &self.path)(error);
        self.failed = Some(error.to_string());
        // What was refused must not be found later. If this fails too, it is as after a crash.
        let _ = self.file.set_len(self.durable);
        error.into()
    }
}

impl Journal for JournalWriter {
    fn append(&mut self, events: &[Envelope]) -> Result<(), HostFault> {
        if let Some(why) = &self.failed {
            let what = format!("nothing is written after a failure ({why}); mend it and resume");
            return Err(HostFault::new(what));
        }
        let lines = self.encode(events)?;
        if let Err(error) = self.blobs.sync() {
            self.failed = Some(error.to_string());
            return Err(error.into());
        }
        if let Err(error) = self.file.write_all(&lines) {
            return Err(self.fail("write", error));
        }
        if let Err(error) = self.file.sync_data() {
            return Err(self.fail("sync", error));
        }
        self.durable += lines.len() as u64;
        self.next += events.len() as u64;
        Ok(())
    }
}

fn keep_tail(path: &Path, end: u64) -> Result<TornTail, StoreError> {
    let bytes = fs::read(path).map_err(StoreError::io("read", path))?;
    let tail = bytes.get(end as usize..).unwrap_or_default();
    let kept = keep_aside(path, tail)?;
    tracing::warn!(
        "cut {} bytes of a torn write from the end of `{}`; they are kept in `{}`",
        tail.len(),
        path.display(),
        kept.display()
    );
    Ok(TornTail { bytes: tail.len() as u64, kept })
}

#[cfg(test)]
mod tests {
    use super::*;
    use evolve_core::ids::RunId;
    use evolve_core::redact::Redactor;
    use evolve_testkit::generated;

    #[test]
    fn after_a_failed_write_the_writer_refuses_everything() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), &RunId::from("r")).unwrap();
        let blobs = Arc::new(Blobs::open_writer(&run, Redactor::default()).unwrap());
        let events = generated::events(1, 5);
        let (mut writer, recovered) = JournalWriter::open(&run, Arc::clone(&blobs)).unwrap();
        assert!(recovered.facts.is_none());
        writer.append(&events[..3]).unwrap();
        writer.file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let fault = writer.append(&events[3..5]).unwrap_err();
        assert!(fault.what.contains("No space left"), "{fault}");
        // Even when there is space again.
        writer.file = OpenOptions::new().append(true).open(run.journal()).unwrap();
        let fault = writer.append(&events[3..5]).unwrap_err();
        assert!(fault.what.contains("No space left") && fault.what.contains("resume"), "{fault}");
        let (_, recovered) = JournalWriter::open(&run, blobs).unwrap();
        assert_eq!(recovered.facts.unwrap().next_seq, Seq(3));
    }

    #[test]
    fn an_event_is_not_written_before_the_blobs_it_names_are_durable() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), &RunId::from("r")).unwrap();
        let blobs = Arc::new(Blobs::open_writer(&run, Redactor::default()).unwrap());
        let (mut writer, _) = JournalWriter::open(&run, Arc::clone(&blobs)).unwrap();
        blobs.store(b"a program").unwrap();
        blobs.write_to_a_full_disk(); // which cannot be synced
        for _ in 0..2 {
            writer.append(&generated::events(1, 1)[..1]).unwrap_err();
            assert_eq!(fs::read(run.journal()).unwrap(), b"");
        }
    }

    #[test]
    fn what_a_failed_write_left_half_done_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), &RunId::from("r")).unwrap();
        let blobs = Arc::new(Blobs::open_writer(&run, Redactor::default()).unwrap());
        let events = generated::events(1, 5);
        let (mut writer, _) = JournalWriter::open(&run, blobs).unwrap();
        writer.append(&events[..3]).unwrap();
        let before = fs::read(run.journal()).unwrap();
        writer.file.write_all(b"{\"v\":1,\"seq").unwrap();
        writer.fail("write", std::io::Error::other("EIO"));
        assert_eq!(fs::read(run.journal()).unwrap(), before);
    }
}
