//! `evolve import`: writes the equivalent task of another system's.

use std::path::{Path, PathBuf};

use evolve_evaluators::peers::{self, best_first};
use serde_json::json;

use crate::args::Import;
use crate::commands::{print, print_json};
use crate::error::CliError;
use crate::peers::usage;
use crate::task_folder::{TASK_FILE, TaskFolder, copy_folder, toml_text, write};

/// The folder of a population.
const POPULATION: &str = "population";

/// Writes the folder.
pub fn import(args: &Import, quiet: bool) -> Result<(), CliError> {
    let mut folder = TaskFolder::open_as(&args.task, &args.peer)?;
    if !folder.is_made() && args.population.is_none() {
        return Err(CliError::usage(format!(
            "{} is a task of evolve's own already",
            args.task.display()
        ))
        .help("`evolve start` runs it; with --population it is copied and gets start programs"));
    }
    let out = match &args.out {
        Some(out) => out.clone(),
        None => PathBuf::from(format!("{}-evolve", folder.config.task.name)),
    };
    if out.exists() {
        return Err(CliError::usage(format!("{} exists already", out.display()))
            .help("give another folder with --out"));
    }
    let programs = match &args.population {
        Some(place) => best_first(
            peers::population(place).map_err(|error| usage(&error))?,
            usize::from(args.top),
        ),
        None => Vec::new(),
    };
    let made = write_folder(&mut folder, &out, &programs);
    if made.is_err() {
        // Nothing half made is left.
        let _ = std::fs::remove_dir_all(&out);
    }
    made?;
    if args.json {
        return print_json(&json!({
            "version": 1,
            "folder": out.display().to_string(),
            "task": folder.config.task.name,
            "population": programs.len(),
            "notes": folder.notes,
        }));
    }
    if !quiet {
        folder.notes.iter().for_each(|note| eprintln!("note: {note}"));
    }
    let mut text = format!("{}\n", out.display());
    if !programs.is_empty() {
        text += &format!("{} start programs, to be measured again\n", programs.len());
    }
    print(&text);
    if !quiet {
        eprintln!("next: evolve check {0} && evolve start {0}", out.display());
    }
    Ok(())
}

fn write_folder(
    folder: &mut TaskFolder,
    out: &Path,
    programs: &[peers::Found],
) -> Result<(), CliError> {
    std::fs::create_dir_all(out)
        .map_err(|error| CliError::failed(format!("cannot make {}: {error}", out.display())))?;
    copy_folder(&folder.root, out)?;
    if !programs.is_empty() {
        put_population(folder, out, programs)?;
        let head = "# Written by evolve import.\n";
        write(&out.join(TASK_FILE), &format!("{head}{}", toml_text(&folder.config)?))?;
    }
    // What was written must be a task.
    TaskFolder::open(out)?.population().map(drop)
}

fn put_population(
    folder: &mut TaskFolder,
    out: &Path,
    programs: &[peers::Found],
) -> Result<(), CliError> {
    let Some(section) = &mut folder.config.program else {
        return Err(CliError::usage("a population needs a start program, and the task has none")
            .help("name one: --as SYSTEM PROGRAM EVALUATOR"));
    };
    let extension = Path::new(&section.path).extension().and_then(|e| e.to_str());
    let extension = extension.map(|e| format!(".{e}")).unwrap_or_default();
    let place = out.join(POPULATION);
    if place.exists() {
        return Err(CliError::usage(format!("the task has a folder `{POPULATION}` already")));
    }
    std::fs::create_dir(&place)
        .map_err(|error| CliError::failed(format!("cannot make {}: {error}", place.display())))?;
    for (number, program) in programs.iter().enumerate() {
        write(&place.join(format!("{:04}{extension}", number + 1)), &program.code)?;
    }
    section.population = Some(POPULATION.to_owned());
    Ok(())
}
