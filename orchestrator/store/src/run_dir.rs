//! The layout of a run's folder, and finding runs.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use evolve_core::ids::RunId;
use jiff::Timestamp;

use crate::disk::sync_dir;
use crate::error::StoreError;

/// A run's folder. Knows where everything lies; opens nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir {
    root: PathBuf,
    id: RunId,
}

impl RunDir {
    /// Makes the folder of a new run, with the folders inside it.
    pub fn create(runs: &Path, id: &RunId) -> Result<Self, StoreError> {
        let run = Self { root: runs.join(id.as_str()), id: id.clone() };
        fs::create_dir_all(runs).map_err(StoreError::io("make folder", runs))?;
        match fs::create_dir(&run.root) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(StoreError::Exists { path: run.root });
            }
            other => other.map_err(StoreError::io("make folder", &run.root))?,
        }
        for dir in [run.task(), run.blobs(), run.snapshots(), run.report()] {
            fs::create_dir(&dir).map_err(StoreError::io("make folder", &dir))?;
        }
        sync_dir(&run.root)?;
        sync_dir(runs)?;
        Ok(run)
    }

    /// A run's folder that is there. A folder without a journal is not a run.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let missing = || StoreError::NoRun {
            text: path.display().to_string(),
            runs: path.parent().unwrap_or_else(|| Path::new(".")).to_owned(),
        };
        let root = path.canonicalize().map_err(|_| missing())?;
        let name = root.file_name().and_then(|name| name.to_str()).ok_or_else(missing)?;
        let run = Self { id: RunId(name.to_owned()), root: root.clone() };
        if run.has_journal() { Ok(run) } else { Err(missing()) }
    }

    /// The run's id: the folder's name.
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The task folder as it was at the start.
    pub fn task(&self) -> PathBuf {
        self.root.join("task")
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.root.join("events.jsonl")
    }

    /// Programs, prompts, answers, logs, artifacts.
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// Snapshots of the facts.
    pub fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    /// The results database.
    pub fn database(&self) -> PathBuf {
        self.root.join("db")
    }

    /// The lineage: a bare git repository.
    pub fn lineage(&self) -> PathBuf {
        self.root.join("lineage.git")
    }

    /// The search index.
    pub fn index(&self) -> PathBuf {
        self.root.join("index")
    }

    /// The static report.
    pub fn report(&self) -> PathBuf {
        self.root.join("report")
    }

    /// The socket for live commands.
    pub fn control_socket(&self) -> PathBuf {
        self.root.join("control.sock")
    }

    /// The writer's lock.
    pub fn lock_file(&self) -> PathBuf {
        self.root.join("run.lock")
    }

    fn has_journal(&self) -> bool {
        self.journal().is_file()
    }

    /// The start time, to the second, with which the id begins.
    fn second(&self) -> &str {
        self.id.as_str().get(..SECOND).unwrap_or(self.id.as_str())
    }

    /// The start time to the nanosecond, from the journal's first line; for runs that were
    /// started in the same second.
    fn began(&self) -> Option<Timestamp> {
        let mut head = Vec::new();
        fs::File::open(self.journal()).ok()?.take(256).read_to_end(&mut head).ok()?;
        let head = String::from_utf8_lossy(&head);
        let (_, after) = head.split_once("\"at\":\"")?;
        after.split_once('"')?.0.parse().ok()
    }
}

/// Length of a start time as ids have it.
const SECOND: usize = "20261124-041900".len();

/// All runs, newest first. Folders without a journal are skipped; a missing `runs` folder
/// holds none.
pub fn list_runs(runs: &Path) -> Result<Vec<RunDir>, StoreError> {
    let entries = match fs::read_dir(runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("read folder", runs)(error)),
    };
    let mut found: Vec<RunDir> = entries
        .flatten()
        .filter_map(|entry| {
            let id = RunId(entry.file_name().to_str()?.to_owned());
            Some(RunDir { root: entry.path(), id })
        })
        .filter(RunDir::has_journal)
        .collect();
    found.sort_by(|a, b| {
        let seconds = b.second().cmp(a.second());
        seconds.then_with(|| b.began().cmp(&a.began())).then_with(|| b.id.cmp(&a.id))
    });
    Ok(found)
}

/// The run that is meant by a full id, a unique prefix of one, or `latest`.
pub fn resolve_run(runs: &Path, text: &str) -> Result<RunDir, StoreError> {
    let none = || StoreError::NoRun { text: text.to_owned(), runs: runs.to_owned() };
    let mut all = list_runs(runs)?;
    if let Some(place) = all.iter().position(|run| run.id.as_str() == text) {
        return Ok(all.swap_remove(place));
    }
    if text == "latest" {
        return all.into_iter().next().ok_or_else(none);
    }
    if text.is_empty() {
        return Err(none());
    }
    all.retain(|run| run.id.as_str().starts_with(text));
    match all.len() {
        0 => Err(none()),
        1 => Ok(all.swap_remove(0)),
        _ => Err(StoreError::Ambiguous {
            text: text.to_owned(),
            matches: all.into_iter().map(|run| run.id.0).collect(),
        }),
    }
}

/// A new run's id: start time (UTC), task name and a tail of four hexadecimal digits, for
/// example `20261124-041900-circle-packing-1f3a`.
pub fn new_run_id(task_name: &str, now: Timestamp, random: u64) -> RunId {
    let name: String = task_name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .take(48)
        .collect();
    let name = name.trim_matches('-');
    let name = if name.is_empty() { "run" } else { name };
    RunId(format!("{}-{name}-{:04x}", now.strftime("%Y%m%d-%H%M%S"), random & 0xffff))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs_with(ids: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for id in ids {
            let run = RunDir::create(dir.path(), &RunId::from(*id)).unwrap();
            fs::write(run.journal(), "").unwrap();
        }
        dir
    }

    #[test]
    fn of_two_runs_of_one_second_the_later_is_the_latest() {
        let ids = ["20260101-000000-a-ffff", "20260101-000000-b-0001", "20251231-235959-z-ffff"];
        let dir = runs_with(&ids);
        for (id, at) in [(ids[0], "00.1Z"), (ids[1], "00.25Z"), (ids[2], "00.9Z")] {
            let journal = RunDir { root: dir.path().join(id), id: RunId::from(id) }.journal();
            fs::write(journal, format!("{{\"v\":1,\"seq\":0,\"at\":\"2026-01-01T00:00:{at}\"}}\n"))
                .unwrap();
        }
        let listed: Vec<_> = list_runs(dir.path()).unwrap().into_iter().map(|r| r.id.0).collect();
        assert_eq!(listed, [ids[1], ids[0], ids[2]]);
    }

    #[test]
    fn a_run_id_says_when_and_what() {
        let now = "2026-11-24T04:19:00.9Z".parse().unwrap();
        let id = |name| new_run_id(name, now, 0xdead_1f3a).0;
        assert_eq!(id("circle_packing"), "20261124-041900-circle-packing-1f3a");
        assert_eq!(id("../Ä"), "20261124-041900-run-1f3a");
    }

    #[test]
    fn runs_are_found_by_id_by_unique_prefix_and_as_the_latest() {
        let ids = ["20260101-000000-a-0001", "20260101-000000-b-0002", "20260202-000000-a-0003"];
        let dir = runs_with(&ids);
        fs::create_dir(dir.path().join("20260909-000000-no-journal-0000")).unwrap();
        let found = |text| resolve_run(dir.path(), text).map(|run| run.id.0);
        assert_eq!(found(ids[0]).unwrap(), ids[0]);
        assert_eq!(found("20260101-000000-b").unwrap(), ids[1]);
        assert_eq!(found("latest").unwrap(), ids[2]);
        let error = found("20260101").unwrap_err().to_string();
        assert!(error.contains(ids[0]) && error.contains(ids[1]), "{error}");
        for text in ["", "2027", "20260909"] {
            assert!(matches!(found(text), Err(StoreError::NoRun { .. })), "{text}");
        }
    }

    #[test]
    fn an_id_that_is_another_ones_prefix_is_found() {
        let dir = runs_with(&["run", "run-2"]);
        assert_eq!(resolve_run(dir.path(), "run").unwrap().id.0, "run");
    }

    #[test]
    fn runs_are_listed_newest_first_and_a_missing_folder_holds_none() {
        let dir = runs_with(&["20260101-000000-a-0001", "20260202-000000-a-0003"]);
        let listed: Vec<_> = list_runs(dir.path()).unwrap().into_iter().map(|r| r.id.0).collect();
        assert_eq!(listed, ["20260202-000000-a-0003", "20260101-000000-a-0001"]);
        assert_eq!(list_runs(&dir.path().join("none")).unwrap(), []);
    }

    #[test]
    fn a_new_run_never_takes_an_old_ones_folder() {
        let dir = runs_with(&["run"]);
        let error = RunDir::create(dir.path(), &RunId::from("run")).unwrap_err();
        assert!(matches!(error, StoreError::Exists { .. }), "{error}");
        assert!(RunDir::open(dir.path().join("run")).is_ok());
        assert!(RunDir::open(dir.path().join("other")).is_err());
        assert!(RunDir::open(dir.path()).is_err());
    }
}
