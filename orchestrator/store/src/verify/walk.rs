//! One walk over the journal that gathers everything the rest is compared with.

use std::collections::{BTreeMap, BTreeSet};

use evolve_core::facts::Facts;
use evolve_core::ids::{BlobHash, Seq};

use super::Check;
use super::blobs_of::blobs_of;
use crate::blobs::Blobs;
use crate::database::SledDatabase;
use crate::error::StoreError;
use crate::journal::JournalMap;
use crate::lineage::{self, Expected};
use crate::recover::begin;
use crate::run_dir::RunDir;
use crate::snapshot;

/// What the journal says.
pub(super) struct Walk {
    /// Folded from event 0.
    pub(super) facts: Facts,
    /// Every blob an event names, with the first event that does and the part it plays.
    pub(super) blobs: BTreeMap<BlobHash, (Seq, &'static str)>,
    /// Canonical hashes at the snapshots' events.
    pub(super) hashes: BTreeMap<Seq, BlobHash>,
    /// What the database should hold, if it could be opened.
    pub(super) database: Option<(SledDatabase, Option<Facts>)>,
    /// Up to where the lineage says it is complete, if it can be read.
    pub(super) lineage_upto: Option<Seq>,
    /// What it should hold then; an error names what is missing for it.
    pub(super) lineage: Result<Expected, StoreError>,
}

/// Walks over the journal.
pub(super) fn walk(run: &RunDir, blobs: &Blobs, check: &mut Check) -> Result<Walk, StoreError> {
    let map = JournalMap::read(&run.journal())?;
    if map.torn > 0 {
        let what = format!("{} bytes at its end are the rest of a torn write", map.torn);
        check.note("journal", what, "`evolve resume` cuts them; no finished append is in them");
    }
    let mut events = map.lines(Seq(0))?;
    let first = events.next().ok_or_else(|| StoreError::Empty { path: run.journal() })??;
    let snapshots: BTreeSet<Seq> = snapshot::list(run)?.into_iter().map(|(seq, _)| seq).collect();
    let database = open_database(run, check);
    let database_upto = database.as_ref().map(SledDatabase::upto).transpose()?;
    let mut at_upto = None;
    let mut walked = Walk {
        facts: begin(&map, &first)?,
        blobs: BTreeMap::new(),
        hashes: BTreeMap::new(),
        database: None,
        lineage_upto: lineage::recorded(run).ok(),
        lineage: Ok(Expected::default()),
    };
    for event in std::iter::once(Ok(first)).chain(events) {
        let event = event?;
        if event.seq != Seq(0) {
            walked.facts.apply(&event);
        }
        for (hash, role) in blobs_of(&event.event) {
            walked.blobs.entry(hash).or_insert((event.seq, role));
        }
        if walked.lineage_upto.is_some_and(|upto| event.seq < upto)
            && let Ok(expected) = &mut walked.lineage
            && let Err(error) = expected.apply(&event, blobs)
        {
            walked.lineage = Err(error);
        }
        let now = walked.facts.next_seq;
        if snapshots.contains(&now) {
            walked.hashes.insert(now, walked.facts.canonical_hash());
        }
        if database_upto == Some(now) {
            at_upto = Some(walked.facts.clone());
        }
    }
    walked.database = database.map(|database| (database, at_upto));
    Ok(walked)
}

/// The database, unless somebody has it or it cannot be read.
fn open_database(run: &RunDir, check: &mut Check) -> Option<SledDatabase> {
    if check.report.live.is_some() || !run.database().exists() {
        return None;
    }
    SledDatabase::open(&run.database())
        .map_err(|error| check.damage("database", error.to_string(), super::REBUILD))
        .ok()
}
