//! The `mutate` proposer: syntax-aware edits, offline and free.

use evolve_core::outcome::RejectReason;
use evolve_core::ports::{NewProgram, NoProgram, ProposalOutcome, ProposalRequest};
use evolve_core::program::Program;
use evolve_mutate::{Editable, Memory, mutate, mutate_by};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use crate::material::{load_program, load_programs};
use crate::proposers::Shared;

pub(crate) fn propose(
    shared: &Shared,
    memory: &Memory,
    request: &ProposalRequest,
) -> ProposalOutcome {
    ProposalOutcome { shown: Vec::new(), result: child(shared, memory, request) }
}

fn child(
    shared: &Shared,
    memory: &Memory,
    request: &ProposalRequest,
) -> Result<NewProgram, NoProgram> {
    let no_change = |detail: String| NoProgram::new(RejectReason::NoChange, detail);
    let Some((parent, others)) = request.parents.split_first() else {
        return Err(no_change("`mutate` needs a parent, and the selection has none".to_owned()));
    };
    let Some(language) = &shared.language_name else {
        return Err(no_change(
            "the program's language is not known; name it in `program.language`".to_owned(),
        ));
    };
    let blobs = request.blobs.as_ref();
    let fault =
        |fault: evolve_core::ports::HostFault| NoProgram::new(RejectReason::HostFault, fault.what);
    let program = load_program(parent, blobs).map_err(fault)?;
    let donors = donors(&program, request, others);
    let editable = Editable::new(&program, shared.editable_globs())
        .map_err(|error| no_change(error.to_string()))?;
    let mut rng = Pcg64Mcg::seed_from_u64(request.seed);
    let child = match shared.language.as_deref().filter(|language| language.changes()) {
        Some(own) => mutate_by(own, &program, &donors, &editable, memory, &mut rng),
        None => mutate(language, &program, &donors, &editable, memory, &mut rng),
    };
    let child = child.map_err(|error| no_change(error.to_string()))?;
    if let Some(problem) = shared.denied.brought_in(Some(&program), &child.program) {
        let line = problem.lines().next().unwrap_or_default();
        return Err(NoProgram::new(RejectReason::Denied, line));
    }
    Ok(NewProgram::of(child.program, child.normal, child.change))
}

/// Programs to take material from, most useful first, none twice.
fn donors(
    parent: &Program,
    request: &ProposalRequest,
    others: &[std::sync::Arc<evolve_core::facts::CandidateFacts>],
) -> Vec<Program> {
    let known =
        others.iter().chain(&request.inspirations).chain(&request.lineage).chain(&request.best);
    let mut donors: Vec<Program> = Vec::new();
    for program in load_programs(known, request.blobs.as_ref()) {
        if program != *parent && !donors.contains(&program) {
            donors.push(program);
        }
    }
    donors
}
