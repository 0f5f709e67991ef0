//! `evolve verify`.

use std::path::Path;

use evolve_store::{Reader, RunLock, Severity, VerifyOptions, VerifyReport, resolve_run};
use serde_json::json;

use crate::args::Verify;
use crate::commands::{print, print_json};
use crate::error::{CliError, Exit};
use crate::knowledge;
use crate::session::store_error;

fn words(report: &VerifyReport) -> String {
    let checked = &report.checked;
    let mut text = format!(
        "{}: {} events, {} candidates, {} blobs, {} snapshots, {} database rows, {} commits\n",
        report.run,
        checked.events,
        checked.candidates,
        checked.blobs,
        checked.snapshots,
        checked.rows,
        checked.commits
    );
    if let Some(hash) = report.canonical_hash {
        text += &format!("canonical hash {hash}\n");
    }
    if let Some(holder) = &report.live {
        text +=
            &format!("a live process has the run ({holder}): its projections were not checked\n");
    }
    for part in &report.repaired {
        text += &format!("rebuilt: {part}\n");
    }
    for finding in &report.findings {
        let mark = match finding.severity {
            Severity::Damage => "damage",
            Severity::Note => "note",
        };
        text += &format!("{mark}: {}: {}; {}\n", finding.part, finding.what, finding.advice);
    }
    text
}

/// Checks, repairs when asked, prints what it found.
pub fn verify(runs: &Path, args: &Verify) -> Result<Exit, CliError> {
    let dir = resolve_run(runs, &args.run).map_err(store_error)?;
    let report =
        evolve_store::verify(&dir, VerifyOptions { repair: args.repair }).map_err(store_error)?;
    let task = Reader::open(&dir).map_err(store_error)?.facts().run.task.clone();
    let mut index = knowledge::is_sound(&task, &dir)?;
    if !index && args.repair && RunLock::holder(&dir).is_none() {
        knowledge::repair(&task, &dir)?;
        index = knowledge::is_sound(&task, &dir)?;
    }
    let ok = report.ok() && index;
    if args.json {
        let mut value = serde_json::to_value(&report)
            .map_err(|error| CliError::failed(format!("cannot write JSON: {error}")))?;
        value["version"] = json!(1);
        value["ok"] = json!(ok);
        value["index_ok"] = json!(index);
        print_json(&value)?;
    } else {
        print(&words(&report));
        if !index {
            print("index: missing or not of these items; `evolve verify --repair` rebuilds it\n");
        }
        print(if ok { "ok\n" } else { "not ok\n" });
    }
    Ok(if ok { Exit::Done } else { Exit::Failed })
}
