//! The only file that knows git2.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use git2::{ObjectType, Odb, OdbLookupFlags, Oid, Repository, RepositoryInitOptions};

use super::objects::{Kind, Object, ObjectId};
use crate::disk::sync_dir;
use crate::error::StoreError;

/// More packs than this are made one.
const MOST_PACKS: usize = 24;

/// The lineage's repository. Opened anew for every operation, so that it always sees what
/// is there.
#[derive(Debug, Clone)]
pub(crate) struct GitRepo {
    path: PathBuf,
}

impl GitRepo {
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Makes a bare repository whose branch is `best`.
    pub(crate) fn init(&self) -> Result<(), StoreError> {
        let mut options = RepositoryInitOptions::new();
        options.bare(true).no_reinit(true).external_template(false).initial_head("best");
        Repository::init_opts(&self.path, &options).map_err(failed)?;
        sync_dir(&self.path)
    }

    fn open(&self) -> Result<Repository, StoreError> {
        Repository::open_bare(&self.path).map_err(failed)
    }

    /// Those of the objects that are not there.
    pub(crate) fn missing<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a ObjectId>,
    ) -> Result<Vec<ObjectId>, StoreError> {
        let repo = self.open()?;
        let odb = repo.odb().map_err(failed)?;
        let mut missing = Vec::new();
        for id in ids {
            if !odb.exists_ext(oid(*id)?, OdbLookupFlags::NO_REFRESH) {
                missing.push(*id);
            }
        }
        Ok(missing)
    }

    /// Whether an object is there, whole.
    pub(crate) fn check(&self, objects: &BTreeSet<ObjectId>) -> Result<Vec<ObjectId>, StoreError> {
        let repo = self.open()?;
        let odb = repo.odb().map_err(failed)?;
        let mut bad = Vec::new();
        for id in objects {
            let found = odb.read(oid(*id)?).and_then(|o| Oid::hash_object(o.kind(), o.data()));
            if found.ok() != Some(oid(*id)?) {
                bad.push(*id);
            }
        }
        Ok(bad)
    }

    /// Writes the objects that are not there yet into one pack, durably.
    pub(crate) fn add(&self, objects: &[Object]) -> Result<(), StoreError> {
        let new = self.not_there(objects)?;
        if new.is_empty() {
            return Ok(());
        }
        let before = self.packs()?;
        let dir = self.pack_dir();
        fs::create_dir_all(&dir).map_err(StoreError::io("make folder", &dir))?;
        // The pack is made of a repository in memory: one on disk would look through its
        // folders for every object.
        let memory = Odb::new().map_err(failed)?;
        memory.add_new_mempack_backend(1).map_err(failed)?;
        let mut ids = Vec::new();
        for object in &new {
            let id = memory.write(object_type(object.kind), &object.bytes).map_err(failed)?;
            ids.push((id, object.name.as_deref()));
        }
        let repo = Repository::from_odb(memory).map_err(failed)?;
        let mut builder = repo.packbuilder().map_err(failed)?;
        builder.set_threads(1);
        for (id, name) in ids {
            builder.insert_object(id, name).map_err(failed)?;
        }
        builder.write(&dir, 0o444).map_err(failed)?;
        self.sync_packs(&before)?;
        if self.packs()?.len() > MOST_PACKS { self.join_packs() } else { Ok(()) }
    }

    /// Those of the objects that are not there yet, each once.
    fn not_there<'a>(&self, objects: &'a [Object]) -> Result<Vec<&'a Object>, StoreError> {
        let repo = self.open()?;
        let odb = repo.odb().map_err(failed)?;
        let mut seen = BTreeSet::new();
        let mut new = Vec::new();
        for object in objects {
            let there = odb.exists_ext(oid(object.id)?, OdbLookupFlags::NO_REFRESH);
            if seen.insert(object.id) && !there {
                new.push(object);
            }
        }
        Ok(new)
    }

    /// Puts everything into one pack.
    fn join_packs(&self) -> Result<(), StoreError> {
        let before = self.packs()?;
        let name = {
            let repo = self.open()?;
            let odb = repo.odb().map_err(failed)?;
            let mut builder = repo.packbuilder().map_err(failed)?;
            builder.set_threads(1);
            let mut ids = Vec::new();
            odb.foreach(|id| {
                ids.push(*id);
                true
            })
            .map_err(failed)?;
            for id in ids {
                builder.insert_object(id, None).map_err(failed)?;
            }
            builder.write(&self.pack_dir(), 0o444).map_err(failed)?;
            builder.name().map_err(failed)?.unwrap_or_default().to_owned()
        };
        self.sync_packs(&before)?;
        for old in before.into_iter().filter(|old| !old.to_string_lossy().contains(&name)) {
            // The index goes first: without it nobody looks for the pack.
            for path in [old.with_extension("idx"), old] {
                fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
            }
        }
        sync_dir(&self.pack_dir())
    }

    fn pack_dir(&self) -> PathBuf {
        self.path.join("objects/pack")
    }

    fn packs(&self) -> Result<BTreeSet<PathBuf>, StoreError> {
        let dir = self.pack_dir();
        match fs::read_dir(&dir) {
            Ok(entries) => Ok(entries
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "pack"))
                .collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeSet::new()),
            Err(error) => Err(StoreError::io("read folder", &dir)(error)),
        }
    }

    fn sync_packs(&self, before: &BTreeSet<PathBuf>) -> Result<(), StoreError> {
        for pack in self.packs()?.difference(before) {
            for path in [pack.clone(), pack.with_extension("idx")] {
                File::open(&path)
                    .and_then(|file| file.sync_all())
                    .map_err(StoreError::io("sync", &path))?;
            }
        }
        sync_dir(&self.pack_dir())
    }

    /// All references as git sees them.
    pub(crate) fn references(&self) -> Result<BTreeMap<String, ObjectId>, StoreError> {
        let repo = self.open()?;
        let mut found = BTreeMap::new();
        for reference in repo.references().map_err(failed)? {
            let reference = reference.map_err(failed)?;
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            if let Some(id) = reference.target() {
                found.insert(name, object_id(id));
            }
        }
        Ok(found)
    }
}

/// The name of an object with these bytes.
pub(crate) fn hash_object(kind: Kind, bytes: &[u8]) -> Result<ObjectId, StoreError> {
    Oid::hash_object(object_type(kind), bytes).map(object_id).map_err(failed)
}

fn object_type(kind: Kind) -> ObjectType {
    match kind {
        Kind::Blob => ObjectType::Blob,
        Kind::Tree => ObjectType::Tree,
        Kind::Commit => ObjectType::Commit,
    }
}

fn oid(id: ObjectId) -> Result<Oid, StoreError> {
    Oid::from_bytes(&id.0).map_err(failed)
}

fn object_id(id: Oid) -> ObjectId {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(id.as_bytes());
    ObjectId(bytes)
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn failed(error: git2::Error) -> StoreError {
    StoreError::Projection { what: "lineage", detail: error.message().to_owned() }
}
