//! `evolve report`.

use std::path::Path;

use evolve_report::bench::{BenchRun, Beside};
use evolve_report::html::Extras;
use evolve_report::{write_figures, write_report_with};

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
    let extras = Extras { beside, journal: Some(hash(&run.dir.journal())?) };
    let blobs = run.reader.blobs();
    let out = args.out.clone().unwrap_or_else(|| run.dir.report());
    let path = write_report_with(facts, &*blobs, &out, &run.moment, &extras)
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

/// BLAKE3 of a file, as `b3sum` prints it.
fn hash(path: &Path) -> Result<String, CliError> {
    let mut hasher = blake3::Hasher::new();
    let read = std::fs::File::open(path).and_then(|file| hasher.update_reader(file).map(|_| ()));
    read.map_err(|error| CliError::failed(format!("cannot read `{}`: {error}", path.display())))?;
    Ok(hasher.finalize().to_hex().to_string())
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
