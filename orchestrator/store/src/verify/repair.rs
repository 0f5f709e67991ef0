//! Rebuilding what is a projection.

use std::fs;

use evolve_core::facts::Facts;
use evolve_core::ids::Seq;
use evolve_core::ports::ProgramDatabase;
use evolve_core::redact::Redactor;

use super::Check;
use crate::blobs::Blobs;
use crate::database::SledDatabase;
use crate::disk::remove_dir;
use crate::error::StoreError;
use crate::journal::JournalMap;
use crate::lineage::Lineage;
use crate::projections::rows;
use crate::run_dir::RunDir;
use crate::snapshot;

/// Rebuilds the projections about which something was found, and says which.
pub(super) fn repair(run: &RunDir, found: &Check) -> Result<Vec<&'static str>, StoreError> {
    let Some(walked) = &found.walk else { return Ok(Vec::new()) };
    let facts = &walked.facts;
    let mut repaired = Vec::new();
    if found.has_finding("snapshots") || snapshot::list(run)?.is_empty() {
        snapshots(run, facts)?;
        repaired.push("snapshots");
    }
    if found.has_finding("database") {
        database(run, facts)?;
        repaired.push("database");
    }
    // Without the programs there is nothing to build commits of.
    if found.has_finding("lineage") && !found.has_finding("blobs") {
        lineage(run, facts.next_seq)?;
        repaired.push("lineage");
    }
    Ok(repaired)
}

fn snapshots(run: &RunDir, facts: &Facts) -> Result<(), StoreError> {
    for (_, path) in snapshot::list(run)? {
        fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
    }
    // These facts come from the journal, which holds no secrets.
    snapshot::write(run, facts, &Redactor::default())
}

fn database(run: &RunDir, facts: &Facts) -> Result<(), StoreError> {
    remove_dir(&run.database())?;
    let mut database = SledDatabase::open(&run.database())?;
    let insights = facts.insights.iter().map(|(key, insight)| (key, Some(insight)));
    database.write(rows(facts), insights, facts.next_seq)?;
    database
        .flush()
        .map_err(|fault| StoreError::Projection { what: "results database", detail: fault.what })
}

fn lineage(run: &RunDir, upto: Seq) -> Result<(), StoreError> {
    let blobs = Blobs::open_reader(run)?;
    let mut lineage = Lineage::create(run)?;
    for event in JournalMap::read(&run.journal())?.lines(Seq(0))? {
        let event = event?;
        if event.seq >= upto {
            break;
        }
        lineage.apply(&event);
        if lineage.is_due() {
            lineage.flush(&blobs)?;
        }
    }
    lineage.flush(&blobs)
}
