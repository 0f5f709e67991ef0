//! A program that a person gives: it has to pass what a model's answer has to pass.

use evolve_core::event::{Change, Operator};
use evolve_core::outcome::RejectReason;
use evolve_core::ports::{GivenProgram, NewProgram, NoProgram};
use evolve_core::program::Program;
use evolve_mutate::Editable;

use crate::by_model::{host_fault, load_blob, target_for};
use crate::patching::Mistake;
use crate::proposers::Shared;

/// Most characters of a note: it is one line of a report.
const NOTE: usize = 200;

pub(crate) fn admit(shared: &Shared, given: GivenProgram) -> Result<NewProgram, NoProgram> {
    let GivenProgram { program, note, base, blobs } = given;
    let base = base.map(|hash| load_blob(hash, blobs.as_ref())).transpose().map_err(host_fault)?;
    let target = target_for(shared, Operator::Inject, base)?;
    let refused = |mistake: Mistake| NoProgram::new(mistake.reason, mistake.problem);
    fits(&program, target.base.as_ref(), shared)?;
    let change = Change { summary: one_line(&note), ..Change::default() };
    let checked = target.checked(program, change).map_err(refused)?;
    Ok(NewProgram::of(checked.program, checked.normal, checked.change))
}

/// Whether its files and its fixed parts are as the task wants them. That nothing at all was
/// changed is not asked: who has the program already is told by its name.
fn fits(
    program: &Program,
    base: Option<&(Program, Editable)>,
    shared: &Shared,
) -> Result<(), NoProgram> {
    if program.files.is_empty() {
        return Err(NoProgram::new(RejectReason::Unusable, "the program has no file"));
    }
    for path in program.files.keys() {
        Program::check_path(path)
            .map_err(|bad| NoProgram::new(RejectReason::Unusable, bad.to_string()))?;
    }
    match base {
        Some((base, editable)) => editable
            .check(base, program)
            .map_err(|edit| NoProgram::new(RejectReason::OutsideRegion, edit.to_string())),
        None => Editable::new(program, shared.editable_globs())
            .map(drop)
            .map_err(|error| NoProgram::new(RejectReason::PatchFailed, error.to_string())),
    }
}

fn one_line(note: &str) -> String {
    let words: Vec<&str> = note.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(NOTE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
