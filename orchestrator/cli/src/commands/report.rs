//! `evolve report`.

use std::path::Path;

use evolve_report::bench::{BenchRun, Beside};
use evolve_report::{write_figures, write_report_beside};

use crate::args::Report;
use crate::commands::print;
use crate::commands::read::open;
use crate::error::CliError;

/// Writes the page, and what else was asked for, and prints the paths.
pub fn report(runs: &Path, args: &Report) -> Result<(), CliError> {
    let run = open(runs, &args.run)?;
    let facts = run.reader.facts();
    let beside = match &args.bench {
        Some(folder) => Some(beside(folder, &BenchRun::of(facts))?),
        None => None,
    };
    let blobs = run.reader.blobs();
    let out = args.out.clone().unwrap_or_else(|| run.dir.report());
    let path = write_report_beside(facts, &*blobs, &out, &run.moment, beside.as_ref())
        .map_err(|error| CliError::failed(error.to_string()))?;
    print(&format!("{}\n", path.display()));
    if args.figures {
        let figures =
            write_figures(facts, &path).map_err(|error| CliError::failed(error.to_string()))?;
        for figure in figures {
            print(&format!("{}\n", figure.display()));
        }
    }
    Ok(())
}

fn beside(folder: &Path, run: &BenchRun) -> Result<Beside, CliError> {
    let path = folder.join("bench.json");
    let wrong = |why: String| {
        CliError::usage(format!("`{}`: {why}", path.display()))
            .help("--bench takes the --out folder of `evolve bench` with the same task")
    };
    let json = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
    Beside::of(run, &json).map_err(|error| wrong(error.to_string()))
}
