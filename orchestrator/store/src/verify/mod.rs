//! `evolve verify`: compares everything a run has on disk with everything else, and
//! rebuilds what can be rebuilt.

mod blobs_of;
mod projections;
mod repair;
mod walk;

use evolve_core::ids::{BlobHash, RunId};
use serde::Serialize;

use crate::blobs::Blobs;
use crate::error::StoreError;
use crate::lock::{Holder, RunLock};
use crate::run_dir::RunDir;
use projections::{check_database, check_lineage, check_snapshots};
use walk::{Walk, walk};

const REBUILD: &str = "`evolve verify --repair` rebuilds it from journal and blobs";

/// What to do besides looking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerifyOptions {
    /// Rebuild projections that are missing, behind, of another version, or damaged. Needs
    /// the run's lock.
    pub repair: bool,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Something is not as it must be.
    Damage,
    /// Something is as a crash or a running process leaves it; it mends itself.
    Note,
}

/// Something that was noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The part of the run: `journal`, `blobs`, `snapshots`, `database` or `lineage`.
    pub part: &'static str,
    /// What is the case, and where.
    pub what: String,
    /// What to do.
    pub advice: String,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Events of the journal.
    pub events: u64,
    /// Candidates they made, rejected ones included.
    pub candidates: u64,
    /// Different blobs that events name.
    pub blobs: u64,
    /// Snapshots.
    pub snapshots: u64,
    /// Candidates in the results database.
    pub rows: u64,
    /// Commits of the lineage.
    pub commits: u64,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Which run.
    pub run: RunId,
    /// How much was looked at.
    pub checked: Checked,
    /// The canonical hash of the facts, folded from event 0; none if that was not possible.
    pub canonical_hash: Option<BlobHash>,
    /// Everything noticed, as it is after repairs.
    pub findings: Vec<Finding>,
    /// The parts that were rebuilt.
    pub repaired: Vec<&'static str>,
    /// The process that has the run, if one does: its projections were not looked at.
    pub live: Option<Holder>,
}

impl VerifyReport {
    /// Whether nothing is damaged.
    pub fn ok(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity == Severity::Note)
    }
}

/// Checks a run. An error means that it could not be checked (or, with `repair`, that a live
/// process has it); damage is a finding.
pub fn verify(run: &RunDir, options: VerifyOptions) -> Result<VerifyReport, StoreError> {
    if options.repair {
        let _lock = RunLock::lock(run)?;
        let mut found = check(run, None)?;
        if let Some(walked) = &mut found.walk {
            walked.database = None; // closes it
        }
        let repaired = repair::repair(run, &found)?;
        let mut report = if repaired.is_empty() { found } else { check(run, None)? }.report;
        report.repaired = repaired;
        return Ok(report);
    }
    // Hold the run while looking at it, so that nobody changes it meanwhile; if somebody has
    // it, look only at what may be looked at.
    match RunLock::lock(run) {
        Ok(_lock) => Ok(check(run, None)?.report),
        Err(StoreError::Locked { holder, .. }) => Ok(check(run, Some(holder))?.report),
        // A run on read-only storage cannot be locked, and nobody can write it either.
        Err(StoreError::Io { source, .. })
            if source.kind() == std::io::ErrorKind::ReadOnlyFilesystem
                || source.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            Ok(check(run, Some(RunLock::holder(run).unwrap_or_else(Holder::unknown)))?.report)
        }
        Err(error) => Err(error),
    }
}

/// A report in the making, with what repairs need.
struct Check {
    report: VerifyReport,
    walk: Option<Walk>,
}

impl Check {
    fn add(&mut self, severity: Severity, part: &'static str, what: String, advice: &str) {
        let advice = advice.to_owned();
        self.report.findings.push(Finding { severity, part, what, advice });
    }

    fn damage(&mut self, part: &'static str, what: String, advice: &str) {
        self.add(Severity::Damage, part, what, advice);
    }

    fn note(&mut self, part: &'static str, what: String, advice: &str) {
        self.add(Severity::Note, part, what, advice);
    }

    fn has_finding(&self, part: &str) -> bool {
        self.report.findings.iter().any(|finding| finding.part == part)
    }
}

fn check(run: &RunDir, live: Option<Holder>) -> Result<Check, StoreError> {
    let report = VerifyReport {
        run: run.id().clone(),
        checked: Checked::default(),
        canonical_hash: None,
        findings: Vec::new(),
        repaired: Vec::new(),
        live: live.clone(),
    };
    let mut check = Check { report, walk: None };
    let blobs = Blobs::open_reader(run)?;
    let walked = match walk(run, &blobs, &mut check) {
        Ok(walked) => walked,
        Err(error @ (StoreError::Damaged { .. } | StoreError::Newer { .. })) => {
            let advice = "nothing after this line can be trusted or checked";
            check.damage("journal", error.to_string(), advice);
            return Ok(check);
        }
        Err(error) => return Err(error),
    };
    check.report.canonical_hash = Some(walked.facts.canonical_hash());
    check.report.checked.events = walked.facts.next_seq.0;
    check.report.checked.candidates = walked.facts.candidates.len() as u64 - 1;
    for misfit in &walked.facts.misfits {
        let advice = "the journal was not written by a sound evolve; please report it";
        check.damage("journal", misfit.clone(), advice);
    }
    check_blobs(&walked, &blobs, &mut check);
    check_snapshots(run, &walked, &mut check)?;
    if let Some(holder) = live {
        let what = format!("the run is in use by {holder}: database and lineage were not checked");
        check.note("journal", what, "verify it again when it rests");
    } else {
        check_database(run, &walked, &mut check);
        check_lineage(run, &walked, &mut check);
    }
    check.walk = Some(walked);
    Ok(check)
}

fn check_blobs(walked: &Walk, blobs: &Blobs, check: &mut Check) {
    check.report.checked.blobs = walked.blobs.len() as u64;
    for (hash, (seq, role)) in &walked.blobs {
        if let Err(error) = blobs.load(*hash) {
            let what = format!("the {role} that event {seq} names: {error}");
            check.damage("blobs", what, "restore `blobs/` from a copy; it cannot be rebuilt");
        }
    }
}
