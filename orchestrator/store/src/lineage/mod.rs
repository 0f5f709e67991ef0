//! The lineage: each evaluated candidate a git commit whose parents are its parents.
//!
//! A projection. `lineage.git/evolve-lineage.json` says up to which event it is complete and
//! which commits there are; it is written after the objects and before the references, so
//! that after a crash the references can be written anew from it.

mod fold;
mod git;
mod objects;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use evolve_core::event::Envelope;
use evolve_core::ids::{CandidateId, Seq};
use evolve_core::ports::BlobStore;
use evolve_core::program::Program;
use serde::{Deserialize, Serialize};

use crate::disk::{publish, remove_dir};
use crate::error::StoreError;
use crate::run_dir::RunDir;
use fold::{CommitSpec, LineageFold};
use git::GitRepo;
use objects::{Object, ObjectId, commit_objects};

/// Version of the state file, of the commits' form and of the references.
const VERSION: u32 = 1;
/// Commits are written when there are so many …
const LEAST_BATCH: usize = 64;
/// … and they are this part of all, so that the work per commit does not grow.
const BATCH_PART: usize = 8;

#[derive(Serialize, Deserialize)]
struct StateFile {
    version: u32,
    fold: LineageFold,
    commits: BTreeMap<CandidateId, String>,
}

/// The lineage of a run, for its owner.
pub(crate) struct Lineage {
    path: PathBuf,
    repo: GitRepo,
    fold: LineageFold,
    commits: BTreeMap<CandidateId, ObjectId>,
    waiting: Vec<CommitSpec>,
    /// Whether the fold has moved since the state was written.
    moved: bool,
}

impl Lineage {
    /// Opens the lineage and checks that what it says is there.
    pub(crate) fn open(run: &RunDir) -> Result<Self, StoreError> {
        let path = run.lineage();
        let repo = GitRepo::at(&path);
        let state = read_state(&path.join(STATE))?;
        let damaged = |detail: String| StoreError::Projection { what: "lineage", detail };
        let mut commits = BTreeMap::new();
        for (candidate, text) in state.commits {
            let id = text.parse().map_err(|()| damaged(format!("`{text}` is not a commit id")))?;
            commits.insert(candidate, id);
        }
        if let Some(lost) = repo.missing(commits.values())?.first() {
            return Err(damaged(format!("commit {lost} is missing")));
        }
        let mut fold = state.fold;
        fold.done = commits.keys().copied().collect();
        let lineage = Self { path, repo, fold, commits, waiting: Vec::new(), moved: false };
        lineage.write_refs()?;
        Ok(lineage)
    }

    /// Begins the lineage anew; what was there is removed.
    pub(crate) fn create(run: &RunDir) -> Result<Self, StoreError> {
        let path = run.lineage();
        remove_dir(&path)?;
        let repo = GitRepo::at(&path);
        repo.init()?;
        let mut lineage = Self {
            path,
            repo,
            fold: LineageFold::default(),
            commits: BTreeMap::new(),
            waiting: Vec::new(),
            moved: true,
        };
        lineage.publish()?;
        Ok(lineage)
    }

    /// The next event it expects.
    pub(crate) fn next(&self) -> Seq {
        self.fold.next
    }

    /// Takes note of an event.
    pub(crate) fn apply(&mut self, event: &Envelope) {
        self.waiting.extend(self.fold.apply(event));
        self.moved = true;
    }

    /// Whether enough commits wait to be written.
    pub(crate) fn is_due(&self) -> bool {
        self.waiting.len() >= LEAST_BATCH.max(self.commits.len() / BATCH_PART)
    }

    /// Whether a commit waits to be written.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Writes everything that waits, durably.
    pub(crate) fn flush(&mut self, blobs: &dyn BlobStore) -> Result<(), StoreError> {
        if !self.moved {
            return Ok(());
        }
        let mut objects = Vec::new();
        let mut commits = BTreeMap::new();
        for spec in &self.waiting {
            let find = |id: &CandidateId| commits.get(id).or_else(|| self.commits.get(id)).copied();
            let (id, needed) = build(spec, find, blobs)?;
            commits.insert(spec.candidate, id);
            objects.extend(needed);
        }
        self.repo.add(&objects)?;
        self.waiting.clear();
        self.commits.append(&mut commits);
        self.publish()
    }

    fn publish(&mut self) -> Result<(), StoreError> {
        let path = self.path.join(STATE);
        let state = StateFile {
            version: VERSION,
            fold: self.fold.clone(),
            commits: self.commits.iter().map(|(id, oid)| (*id, oid.to_string())).collect(),
        };
        let json = serde_json::to_vec(&state)
            .map_err(|error| StoreError::format(&path, error.to_string()))?;
        publish(&path, &json)?;
        self.moved = false;
        self.write_refs()
    }

    /// Brings `packed-refs` in line with the commits, if it is not.
    fn write_refs(&self) -> Result<(), StoreError> {
        let path = self.path.join("packed-refs");
        let text = packed_refs(&references(&self.commits, self.fold.best));
        match fs::read(&path) {
            Ok(there) if there == text.as_bytes() => Ok(()),
            _ => publish(&path, text.as_bytes()),
        }
    }
}

const STATE: &str = "evolve-lineage.json";

fn read_state(path: &std::path::Path) -> Result<StateFile, StoreError> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let json = fs::read(path).map_err(StoreError::io("read", path))?;
    let bad = |error: serde_json::Error| StoreError::format(path, error.to_string());
    let Version { version: found } = serde_json::from_slice(&json).map_err(bad)?;
    if found != VERSION {
        return Err(StoreError::format(path, format!("it is of version {found}, not {VERSION}")));
    }
    serde_json::from_slice(&json).map_err(bad)
}

fn build(
    spec: &CommitSpec,
    find: impl Fn(&CandidateId) -> Option<ObjectId>,
    blobs: &dyn BlobStore,
) -> Result<(ObjectId, Vec<Object>), StoreError> {
    let unusable = |detail: String| StoreError::Projection {
        what: "lineage",
        detail: format!("the program of {}: {detail}", spec.candidate),
    };
    let bytes = blobs.get(spec.program).map_err(|error| unusable(error.what))?;
    let program = Program::from_bytes(&bytes).map_err(|error| unusable(error.to_string()))?;
    let parents: Vec<_> = spec.parents.iter().filter_map(find).collect();
    commit_objects(spec, &parents, &program)
}

fn references(
    commits: &BTreeMap<CandidateId, ObjectId>,
    best: Option<CandidateId>,
) -> BTreeMap<String, ObjectId> {
    let each = commits.iter().map(|(id, oid)| (format!("refs/candidates/{id}"), *oid));
    let best = best.and_then(|id| commits.get(&id));
    each.chain(best.map(|oid| ("refs/heads/best".to_owned(), *oid))).collect()
}

fn packed_refs(references: &BTreeMap<String, ObjectId>) -> String {
    let mut text = String::from("# pack-refs with: peeled fully-peeled sorted \n");
    for (name, id) in references {
        let _ = writeln!(text, "{id} {name}");
    }
    text
}

/// What the events say the lineage should hold.
#[derive(Default)]
pub(crate) struct Expected {
    fold: LineageFold,
    commits: BTreeMap<CandidateId, ObjectId>,
    objects: BTreeSet<ObjectId>,
}

impl Expected {
    /// Takes note of an event.
    pub(crate) fn apply(
        &mut self,
        event: &Envelope,
        blobs: &dyn BlobStore,
    ) -> Result<(), StoreError> {
        if let Some(spec) = self.fold.apply(event) {
            let (id, objects) = build(&spec, |id| self.commits.get(id).copied(), blobs)?;
            self.commits.insert(spec.candidate, id);
            self.objects.extend(objects.iter().map(|object| object.id));
        }
        Ok(())
    }

    /// How many commits there should be.
    pub(crate) fn len(&self) -> usize {
        self.commits.len()
    }

    /// What is wrong with the lineage on disk, if anything.
    pub(crate) fn compare(&self, run: &RunDir) -> Result<Vec<String>, StoreError> {
        let repo = GitRepo::at(&run.lineage());
        let mut wrong = Vec::new();
        let expected = references(&self.commits, self.fold.best);
        let found = repo.references()?;
        for (name, id) in &expected {
            match found.get(name) {
                None => wrong.push(format!("{name} is missing")),
                Some(other) if other != id => wrong.push(format!("{name} is {other}, not {id}")),
                Some(_) => {}
            }
        }
        let extra = found.keys().filter(|name| !expected.contains_key(*name));
        wrong.extend(extra.map(|name| format!("{name} does not belong there")));
        let bad = repo.check(&self.objects)?;
        wrong.extend(bad.iter().map(|id| format!("object {id} is missing or damaged")));
        Ok(wrong)
    }
}

/// Up to which event the lineage on disk is complete.
pub(crate) fn recorded(run: &RunDir) -> Result<Seq, StoreError> {
    Ok(read_state(&run.lineage().join(STATE))?.fold.next)
}
