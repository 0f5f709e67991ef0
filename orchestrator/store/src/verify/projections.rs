//! Comparing the projections with what the journal says.

use evolve_core::facts::Facts;
use evolve_core::ids::Seq;
use serde::Serialize;
use serde_json::Value;

use super::walk::Walk;
use super::{Check, REBUILD};
use crate::database::SledDatabase;
use crate::error::StoreError;
use crate::projections::rows;
use crate::run_dir::RunDir;
use crate::snapshot;

const CATCHES_UP: &str = "`evolve resume` brings it up; so does `evolve verify --repair`";
/// More differences of one kind are only counted.
const SHOWN: usize = 5;

pub(super) fn check_snapshots(
    run: &RunDir,
    walked: &Walk,
    check: &mut Check,
) -> Result<(), StoreError> {
    for (seq, path) in snapshot::list(run)? {
        check.report.checked.snapshots += 1;
        match snapshot::read(&path) {
            Err(error @ StoreError::Newer { .. }) => {
                check.note("snapshots", error.to_string(), "it is skipped; the journal is read");
            }
            Err(error) => check.damage("snapshots", error.to_string(), REBUILD),
            Ok(facts) if walked.hashes.get(&seq) != Some(&facts.canonical_hash()) => {
                let path = path.display();
                let what = format!("`{path}` is not what the first {seq} events fold to");
                check.damage("snapshots", what, REBUILD);
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

pub(super) fn check_database(run: &RunDir, walked: &Walk, check: &mut Check) {
    let Some((database, facts)) = &walked.database else {
        if !check.has_finding("database") {
            let what = format!("`{}` is missing", run.database().display());
            check.damage("database", what, REBUILD);
        }
        return;
    };
    if let Err(error) = compare_database(database, facts.as_ref(), walked, check) {
        check.damage("database", error.to_string(), REBUILD);
    }
}

fn compare_database(
    database: &SledDatabase,
    facts: Option<&Facts>,
    walked: &Walk,
    check: &mut Check,
) -> Result<(), StoreError> {
    let (upto, now) = (database.upto()?, walked.facts.next_seq);
    if !note_distance("database", upto, now, check) {
        return Ok(());
    }
    let found = database.read_all()?;
    check.report.checked.rows = found.candidates.len() as u64;
    let mut wrong = Vec::new();
    let (mut expected, mut insights) = (0, 0);
    if let Some(facts) = facts {
        for candidate in rows(facts) {
            expected += 1;
            if !found.candidates.get(&candidate.id).is_some_and(|row| same(row, candidate)) {
                wrong.push(candidate.id.to_string());
            }
        }
        for (key, insight) in &facts.insights {
            insights += 1;
            if !found.insights.get(key).is_some_and(|row| same(row, insight)) {
                wrong.push(format!("insight {key}"));
            }
        }
    }
    let extra = (found.candidates.len() + found.insights.len()).saturating_sub(expected + insights);
    if extra > 0 && wrong.is_empty() {
        wrong.push(format!("{extra} rows too many"));
    }
    differ("database", "differs from the journal", wrong, check);
    Ok(())
}

/// Equal as stored; floats that are not numbers included.
fn same(a: &impl Serialize, b: &impl Serialize) -> bool {
    let json = |value: serde_json::Result<Value>| value.unwrap_or(Value::Null);
    json(serde_json::to_value(a)) == json(serde_json::to_value(b))
}

pub(super) fn check_lineage(run: &RunDir, walked: &Walk, check: &mut Check) {
    let Some(upto) = walked.lineage_upto else {
        let what = format!("`{}` is missing or cannot be read", run.lineage().display());
        return check.damage("lineage", what, REBUILD);
    };
    if !note_distance("lineage", upto, walked.facts.next_seq, check) {
        return;
    }
    match &walked.lineage {
        Ok(expected) => {
            check.report.checked.commits = expected.len() as u64;
            match expected.compare(run) {
                Ok(wrong) => differ("lineage", "differs from the journal", wrong, check),
                Err(error) => check.damage("lineage", error.to_string(), REBUILD),
            }
        }
        Err(error) => {
            let advice = "mend the blobs first; then `evolve verify --repair`";
            check.damage("lineage", format!("it cannot be checked: {error}"), advice);
        }
    }
}

/// Notes how far a projection is behind; false if it is ahead, which it may never be.
fn note_distance(part: &'static str, upto: Seq, now: Seq, check: &mut Check) -> bool {
    if upto > now {
        let what = format!("it knows {upto} events, the journal has {now}");
        check.damage(part, what, REBUILD);
        return false;
    }
    if upto < now {
        let what = format!("it is {} events behind the journal's {now}", now.0 - upto.0);
        check.note(part, what, CATCHES_UP);
    }
    true
}

fn differ(part: &'static str, what: &str, wrong: Vec<String>, check: &mut Check) {
    if wrong.is_empty() {
        return;
    }
    let more = wrong.len().saturating_sub(SHOWN);
    let mut list = wrong.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 {
        list = format!("{list} and {more} more");
    }
    check.damage(part, format!("it {what}: {list}"), REBUILD);
}
