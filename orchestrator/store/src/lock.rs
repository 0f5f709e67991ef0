//! The writer's lock. The only file that knows fs4.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use fs4::{FileExt, TryLockError};
use jiff::Timestamp;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::run_dir::RunDir;

/// Who has a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id on that host; 0 when it could not be read.
    pub pid: u32,
    /// The host's name.
    pub host: String,
    /// Since when.
    pub since: Timestamp,
}

impl Holder {
    /// One of whom nothing is known.
    pub(crate) fn unknown() -> Self {
        Self { pid: 0, host: String::new(), since: Timestamp::UNIX_EPOCH }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("another process");
        }
        write!(f, "process {} on {} since {:.0}", self.pid, self.host, self.since)
    }
}

/// The exclusive right to write a run. Released when dropped, or when the process ends in
/// whatever way.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

/// A reader that asks whether a run is held has the lock for an instant: wait that out.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

impl RunLock {
    /// Takes the run, or says who has it.
    pub fn lock(run: &RunDir) -> Result<Self, StoreError> {
        let path = run.lock_file();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        let mut tries = 1;
        loop {
            match FileExt::try_lock(&file) {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(BETWEEN_TRIES);
                }
                Err(TryLockError::WouldBlock) => {
                    let holder = read_holder(&path).unwrap_or_else(Holder::unknown);
                    return Err(StoreError::Locked { run: run.id().to_string(), holder });
                }
                Err(TryLockError::Error(error)) => {
                    return Err(StoreError::io("lock", &path)(error));
                }
            }
        }
        let holder = Holder { pid: std::process::id(), host: host_name(), since: Timestamp::now() };
        let text = serde_json::to_string(&holder).unwrap_or_default();
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{text}"))
            .map_err(StoreError::io("write", &path))?;
        Ok(Self { file })
    }

    /// Who has the run now, if a live process does. For readers: takes nothing away from
    /// anybody.
    pub fn holder(run: &RunDir) -> Option<Holder> {
        let path = run.lock_file();
        let holder = read_holder(&path)?;
        if holder.host == host_name() && !is_alive(holder.pid) {
            return None;
        }
        let file = File::open(&path).ok()?;
        match FileExt::try_lock_shared(&file) {
            Err(TryLockError::WouldBlock) => Some(holder),
            _ => None, // the lock goes with the file
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // An empty file tells readers at once that nobody is there.
        let _ = self.file.set_len(0);
    }
}

fn read_holder(path: &Path) -> Option<Holder> {
    let mut text = String::new();
    File::open(path).ok()?.read_to_string(&mut text).ok()?;
    if text.trim().is_empty() {
        return None;
    }
    Some(serde_json::from_str(&text).unwrap_or_else(|_| Holder::unknown()))
}

fn is_alive(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return true };
    // A process of another user may not be signalled, but it is there.
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use evolve_core::ids::RunId;

    #[test]
    fn the_second_writer_learns_who_the_first_is() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), &RunId::from("r")).unwrap();
        assert_eq!(RunLock::holder(&run), None);
        let lock = RunLock::lock(&run).unwrap();
        let message = RunLock::lock(&run).unwrap_err().to_string();
        assert!(message.contains(&std::process::id().to_string()), "{message}");
        assert!(message.contains(&host_name()), "{message}");
        assert_eq!(RunLock::holder(&run).unwrap().pid, std::process::id());
        drop(lock);
        assert_eq!(RunLock::holder(&run), None);
        RunLock::lock(&run).unwrap();
    }

    #[test]
    fn a_holder_that_died_holds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), &RunId::from("r")).unwrap();
        let dead = Holder { pid: 0x3fff_fff0, host: host_name(), since: Timestamp::now() };
        std::fs::write(run.lock_file(), serde_json::to_string(&dead).unwrap()).unwrap();
        assert_eq!(RunLock::holder(&run), None);
        let elsewhere = Holder { host: "elsewhere".into(), ..dead };
        std::fs::write(run.lock_file(), serde_json::to_string(&elsewhere).unwrap()).unwrap();
        assert_eq!(RunLock::holder(&run), None, "the lock itself is free");
        RunLock::lock(&run).unwrap();
    }
}
