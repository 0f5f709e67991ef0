//! Changes that a language makes itself.

use evolve_core::event::{Change, Edit};
use evolve_core::ports::{Language, Wish};
use evolve_core::program::Program;
use rand::Rng;
use rand_pcg::Pcg64Mcg;

use super::{MAX_DONORS, Memory, Mutated, NoChange, TRIES};
use crate::language::normal_hash;
use crate::regions::Editable;

/// Makes one child of `parent` by a change of the language's own; see [`super::mutate`].
pub fn mutate_by(
    language: &dyn Language,
    parent: &Program,
    donors: &[Program],
    editable: &Editable,
    memory: &Memory,
    rng: &mut Pcg64Mcg,
) -> Result<Mutated, NoChange> {
    let files: Vec<(&String, &String)> = parent
        .files
        .iter()
        .filter(|(path, text)| !editable.ranges(path, text).is_empty())
        .filter(|(_, text)| language.syntax_error(text).is_none())
        .collect();
    if files.is_empty() {
        return Err(NoChange::NoFile(language.name()));
    }
    let promise = |kind: &str, site: &str| memory.promise(kind) * memory.place_promise(kind, site);
    for _ in 0..TRIES {
        let (path, text) = files[rng.random_range(0..files.len())];
        let others: Vec<&str> = donors
            .iter()
            .take(MAX_DONORS)
            .filter_map(|donor| donor.files.get(path).map(String::as_str))
            .collect();
        let free = editable.ranges(path, text);
        let seed = rng.random();
        let wish = Wish { free: &free, donors: &others, seed, promise: &promise };
        let Some(own) = language.change(text, &wish) else { continue };
        let mut program = parent.clone();
        program.files.insert(path.clone(), own.text);
        let parses = || language.syntax_error(&program.files[path]).is_none();
        if program == *parent || editable.check(parent, &program).is_err() || !parses() {
            continue;
        }
        let edit = Edit { kind: own.kind, site: own.site, step: None };
        let change = Change { summary: own.summary, edits: vec![edit], ..Change::default() };
        let normal = normal_hash(language, &program);
        return Ok(Mutated { program, change, normal });
    }
    Err(NoChange::NoSite)
}
