//! `evolve report`.

use std::path::Path;

use evolve_report::write_report;

use crate::args::Report;
use crate::commands::print;
use crate::commands::read::open;
use crate::error::CliError;

/// Writes the page and prints its path.
pub fn report(runs: &Path, args: &Report) -> Result<(), CliError> {
    let run = open(runs, &args.run)?;
    let blobs = run.reader.blobs();
    let out = args.out.clone().unwrap_or_else(|| run.dir.report());
    let path = write_report(run.reader.facts(), &*blobs, &out, &run.moment)
        .map_err(|error| CliError::failed(error.to_string()))?;
    print(&format!("{}\n", path.display()));
    Ok(())
}
