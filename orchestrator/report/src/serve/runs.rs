//! The runs that are looked at, each opened once and followed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use evolve_core::Facts;
use evolve_core::ports::BlobStore;
use evolve_store::{Reader, RunDir, RunLock, StoreError, list_runs};

use super::answer::Failure;
use super::calls::CallLog;
use super::search::Searched;
use crate::model::{BrokenRun, Moment, RunLine};

/// Runs that are kept open; the one that nobody looked at for longest is closed.
const OPEN: usize = 16;
/// The journal is not looked at more often.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// A run that is followed.
pub(super) struct Live {
    dir: RunDir,
    reader: Reader,
    looked: Instant,
    /// Model calls in the order in which they ended.
    pub(super) calls: CallLog,
    /// What can be searched, once somebody searched.
    pub(super) searched: Option<Searched>,
}

impl Live {
    fn open(dir: RunDir) -> Result<Self, StoreError> {
        let reader = Reader::open(&dir)?;
        Ok(Self { dir, reader, looked: Instant::now(), calls: CallLog::default(), searched: None })
    }

    /// Reads what was written since the last look, if that is a while ago.
    pub(super) fn look(&mut self) -> Result<(), StoreError> {
        if self.looked.elapsed() >= BETWEEN_LOOKS {
            self.reader.refresh()?;
            self.looked = Instant::now();
        }
        Ok(())
    }

    /// The facts as of the last look.
    pub(super) fn facts(&self) -> &Facts {
        self.reader.facts()
    }

    /// The run's blobs.
    pub(super) fn blobs(&self) -> Arc<dyn BlobStore> {
        self.reader.blobs()
    }

    /// The run's reader.
    pub(super) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The model calls up to the last look, or as many as can be read in so long.
    pub(super) fn read_calls(&mut self, within: Duration) {
        self.calls.follow(&self.reader, within);
    }

    /// Now, and whether a process has the run.
    pub(super) fn moment(&self) -> Moment {
        Moment::of(&self.dir)
    }
}

struct Kept {
    live: Arc<Mutex<Live>>,
    used: Instant,
}

/// What a run's journal looked like when its line was made.
type Seen = (u64, Option<SystemTime>);

/// A run's line, and what its journal looked like then.
type KnownLine = (Seen, Result<RunLine, BrokenRun>);

/// All runs of a folder.
pub(super) struct Runs {
    folder: PathBuf,
    open: Mutex<HashMap<String, Kept>>,
    /// Lines of runs at rest.
    lines: Mutex<HashMap<String, KnownLine>>,
}

impl Runs {
    /// Of this folder.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, open: Mutex::default(), lines: Mutex::default() }
    }

    /// The run with exactly this name.
    fn find(&self, name: &str) -> Result<RunDir, Failure> {
        let all = list_runs(&self.folder)?;
        all.into_iter().find(|dir| dir.id().as_str() == name).ok_or_else(|| {
            Failure::missing(format!("there is no run {name} in {}", self.folder.display()))
        })
    }

    /// Does something with a run, brought up to date first.
    pub(super) fn with<T>(
        &self,
        name: &str,
        work: impl FnOnce(&mut Live) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let live = self.live(name)?;
        let mut live = locked(&live);
        live.look()?;
        work(&mut live)
    }

    fn live(&self, name: &str) -> Result<Arc<Mutex<Live>>, Failure> {
        if let Some(kept) = locked(&self.open).get_mut(name) {
            kept.used = Instant::now();
            return Ok(Arc::clone(&kept.live));
        }
        let live = Arc::new(Mutex::new(Live::open(self.find(name)?)?));
        let mut open = locked(&self.open);
        let kept = Kept { live, used: Instant::now() };
        let live = Arc::clone(&open.entry(name.to_owned()).or_insert(kept).live);
        while open.len() > OPEN {
            let oldest =
                open.iter().min_by_key(|(_, kept)| kept.used).map(|(name, _)| name.clone());
            let Some(oldest) = oldest else { break };
            open.remove(&oldest);
        }
        Ok(live)
    }

    /// A line for each run, newest first. Runs that did not change are not read again.
    pub(super) fn lines(&self) -> Result<(Vec<RunLine>, Vec<BrokenRun>), Failure> {
        let dirs = list_runs(&self.folder)?;
        let mut known = std::mem::take(&mut *locked(&self.lines));
        let (mut lines, mut broken, mut fresh) = (Vec::new(), Vec::new(), HashMap::new());
        for dir in dirs {
            let name = dir.id().to_string();
            let alive = RunLock::holder(&dir).is_some();
            let seen = seen(&dir);
            let line = match known.remove(&name) {
                Some((before, line)) if before == seen && !alive => line,
                _ => self.line(&dir, alive),
            };
            match &line {
                Ok(line) => lines.push(line.clone()),
                Err(why) => broken.push(why.clone()),
            }
            if !alive {
                fresh.insert(name, (seen, line));
            }
        }
        *locked(&self.lines) = fresh;
        Ok((lines, broken))
    }

    fn line(&self, dir: &RunDir, alive: bool) -> Result<RunLine, BrokenRun> {
        let broken = |why: String| BrokenRun { run: dir.id().to_string(), why };
        if alive || locked(&self.open).contains_key(dir.id().as_str()) {
            // A live run will change again: keep it open.
            let line =
                self.with(dir.id().as_str(), |live| Ok(RunLine::of(live.facts(), &live.moment())));
            return line.map_err(|failure| broken(failure.to_string()));
        }
        let reader = Reader::open(dir).map_err(|error| broken(error.to_string()))?;
        Ok(RunLine::of(reader.facts(), &Moment::of(dir)))
    }
}

fn seen(dir: &RunDir) -> Seen {
    match std::fs::metadata(dir.journal()) {
        Ok(data) => (data.len(), data.modified().ok()),
        Err(_) => (0, None),
    }
}

/// The lock, also after a thread that had it panicked: what it guards is only read from disk.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
