//! Changes without a model: syntax-aware edits whose sizes and kinds are learned from the
//! journal.

mod blend;
mod desk;
mod distribution;
mod draws;
mod ensemble;
mod memory;
mod number;
mod numeric;
mod own;
mod recent;
mod structure;
mod triangle;

use std::cell::OnceCell;

use evolve_core::event::Change;
use evolve_core::ids::BlobHash;
use evolve_core::program::Program;
use rand::Rng;
use rand_pcg::Pcg64Mcg;

use crate::language::{self, Syntax};
use crate::regions::Editable;
use desk::{Desk, Group, Sketch};
use draws::DISTRIBUTION;
pub use memory::Memory;
pub use own::mutate_by;

/// Tries before giving up.
const TRIES: usize = 60;
/// Donors looked at.
const MAX_DONORS: usize = 8;
/// Share of the choice of an operator that does not depend on what it won.
const FLOOR: f64 = 0.02;

/// A mutated program.
#[derive(Debug, Clone, PartialEq)]
pub struct Mutated {
    /// The child.
    pub program: Program,
    /// What was changed.
    pub change: Change,
    /// Its normal hash.
    pub normal: Option<BlobHash>,
}

/// No change could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoChange {
    /// No syntax-aware edits for this language.
    #[error("programs in `{0}` cannot be mutated; known: python, c, cpp, rust")]
    UnknownLanguage(String),
    /// The parent's editable files do not parse.
    #[error("no editable file of the parent parses as {0}")]
    NoFile(&'static str),
    /// Nothing inside the editable regions can be changed.
    #[error("found no change inside the editable regions that parses")]
    NoSite,
}

/// What an operator works with.
struct Tools<'p, 't> {
    desk: &'t Desk<'p>,
    donors: &'t Donors<'p>,
    memory: &'t Memory,
    rng: &'t mut Pcg64Mcg,
}

/// Other programs, laid out when they are first asked for.
struct Donors<'p> {
    syntax: &'static dyn Syntax,
    editable: &'p Editable,
    programs: Vec<(&'p Program, OnceCell<Desk<'p>>)>,
}

impl<'p> Donors<'p> {
    fn desk(&self, index: usize) -> Option<&Desk<'p>> {
        let (program, desk) = self.programs.get(index)?;
        Some(desk.get_or_init(|| Desk::new(self.syntax, program, self.editable)))
    }
}

/// Makes a change of its kind, if the program has a place for it.
type Make = fn(&mut Tools<'_, '_>) -> Option<Sketch>;

/// The operators: the kind of their first edit, their weight before anything is known, and
/// how they are done. Their order is a part of what a seed decides.
const OPERATORS: &[(&str, f64, Make)] = &[
    ("literal", 1.0, numeric::literal),
    ("row", 1.0, numeric::row),
    ("resample", 0.5, numeric::resample),
    ("joint", 1.0, numeric::joint),
    ("cluster", 1.0, numeric::cluster),
    ("drift", 1.0, numeric::drift),
    ("stretch", 0.5, numeric::stretch),
    ("line", 1.0, numeric::line),
    ("swap", 0.3, numeric::swap),
    ("exchange", 0.5, blend::exchange),
    ("blend", 0.5, blend::blend),
    ("difference", 0.5, blend::difference),
    ("operator", 0.3, structure::operator),
    ("string", 0.3, structure::string),
    ("bound", 0.3, structure::bound),
    ("order", 0.1, structure::order),
    ("repeat", 0.1, structure::statement),
    ("splice", 0.3, structure::splice),
    (DISTRIBUTION, 0.0, ensemble::draw),
];

/// Makes one child of `parent`. `donors` are other programs of the run that material may be
/// taken from, most useful first (second parent, inspirations, ancestors, the best).
pub fn mutate(
    language: &str,
    parent: &Program,
    donors: &[Program],
    editable: &Editable,
    memory: &Memory,
    rng: &mut Pcg64Mcg,
) -> Result<Mutated, NoChange> {
    let unknown = || NoChange::UnknownLanguage(language.to_owned());
    let syntax = language::syntax(language).ok_or_else(unknown)?;
    let desk = Desk::new(syntax, parent, editable);
    if desk.files.is_empty() {
        return Err(NoChange::NoFile(syntax.name()));
    }
    let others = donors.iter().filter(|donor| *donor != parent).take(MAX_DONORS);
    let programs = others.map(|donor| (donor, OnceCell::new())).collect();
    let donors = Donors { syntax, editable, programs };
    let mut tools = Tools { desk: &desk, donors: &donors, memory, rng };
    let weigh = |(kind, prior, _): &(&str, f64, Make)| prior * (FLOOR + memory.promise(kind));
    let mut weights: Vec<f64> = OPERATORS.iter().map(weigh).collect();
    // Draws have a share of their own.
    let draws = tools.rng.random_bool(ensemble::share(&desk, memory));
    let place = || OPERATORS.iter().position(|(kind, ..)| *kind == DISTRIBUTION);
    let mut first = if draws { place() } else { None };
    for _ in 0..TRIES {
        let Some(chosen) = first.take().or_else(|| tools.pick(&weights)) else { break };
        let Some(mut sketch) = OPERATORS[chosen].2(&mut tools) else {
            weights[chosen] *= 0.5; // it may have no place in this program
            continue;
        };
        let Some(program) = sketch.apply(&desk, parent) else { continue };
        if program == *parent || editable.check(parent, &program).is_err() {
            continue;
        }
        let Ok(normal) = normal_of_child(syntax, &desk, &sketch, &program) else { continue };
        return Ok(Mutated { program, change: sketch.change, normal });
    }
    Err(NoChange::NoSite)
}

/// The child does not parse.
struct Unparsable;

/// The child's normal hash; none if a file that may not change does not parse.
fn normal_of_child(
    syntax: &'static dyn Syntax,
    desk: &Desk<'_>,
    sketch: &Sketch,
    child: &Program,
) -> Result<Option<BlobHash>, Unparsable> {
    let mut normal = Program::default();
    let mut complete = true;
    for (path, text) in &child.files {
        let mut text = text.clone();
        if language::is_of(syntax.name(), path, child) {
            let place = desk.files.iter().position(|file| file.path == path);
            let known = place.and_then(|place| sketch.tree_after(place, &desk.files[place]));
            let tree = known.unwrap_or_else(|| syntax.parse(&text));
            match (&tree.error, place) {
                (None, _) => text = syntax.normalise(&text, &tree),
                (Some(_), Some(_)) => return Err(Unparsable),
                (Some(_), None) => complete = false,
            }
        }
        normal.files.insert(path.clone(), text);
    }
    Ok(complete.then(|| language::hash_of(&normal)))
}

impl Tools<'_, '_> {
    /// An index by weight; none if no weight is positive.
    fn pick(&mut self, weights: &[f64]) -> Option<usize> {
        let sum: f64 = weights.iter().filter(|weight| weight.is_finite()).sum();
        if sum <= 0.0 {
            return None;
        }
        let mut left = self.rng.random_range(0.0..sum);
        for (index, weight) in weights.iter().enumerate().filter(|(_, weight)| weight.is_finite()) {
            if left < *weight {
                return Some(index);
            }
            left -= weight;
        }
        weights.iter().rposition(|weight| *weight > 0.0)
    }

    /// A donor; earlier ones more often.
    fn donor(&mut self) -> Option<usize> {
        let weights: Vec<f64> =
            (0..self.donors.programs.len()).map(|at| 1.0 / (at as f64 + 1.0)).collect();
        self.pick(&weights)
    }

    /// Distance of two rows of a table, in units of its columns' scales.
    fn distance(&self, group: &Group, a: usize, b: usize) -> f64 {
        let pairs = group.rows[a].iter().zip(&group.rows[b]);
        let square = pairs.map(|(a, b)| {
            let (a, b) = (&self.desk.numbers[*a], &self.desk.numbers[*b]);
            ((a.value - b.value) / a.scale).powi(2)
        });
        square.sum::<f64>().sqrt()
    }
}
