//! Grading a program: is it right on every shape and input, and how fast is it.

use serde::Serialize;

use super::bound::Bound;
use super::inputs::{ADVERSARIAL, Inputs, Kind, values};
use super::tasks::{Dims, Spec};
use crate::asm::{AsmErrors, assemble};
use crate::cost::energy;
use crate::dtype::Dtype;
use crate::isa::Program;
use crate::machine::Machine;
use crate::profile::Profile;
use crate::run::{Limits, follow, run};
use crate::timing::{Cause, Clock, Counters};

/// Which inputs a program is graded on, and what it may take.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// Inputs, for every shape.
    pub kinds: Vec<Kind>,
    /// For each run.
    pub limits: Limits<'a>,
}

impl<'a> Plan<'a> {
    /// The difficult inputs and `count` random ones from consecutive seeds.
    pub fn new(seed: u64, count: u64, limits: Limits<'a>) -> Self {
        let random = (0..count).map(|i| Kind::Seed(seed.wrapping_add(i)));
        Self { kinds: random.chain(ADVERSARIAL).collect(), limits }
    }
}

/// How a program did on one shape.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// The shape, as `M=64 N=64 K=64`.
    pub shape: String,
    /// Cycles; none unless it is right on every input.
    pub cycles: Option<u64>,
    /// Energy in nanojoules; none unless it is right on every input.
    pub energy_nj: Option<f64>,
    /// Cycles of the naive program.
    pub baseline: u64,
    /// Cycles that no program can do with less.
    pub bound: u64,
    /// What was wrong: the trap, or the first wrong element.
    pub wrong: Option<String>,
    /// Cycles lost, by cause, largest first.
    pub stalls: Vec<(&'static str, u64)>,
}

impl Case {
    /// The naive program's cycles divided by this one's; none if it is wrong.
    pub fn speedup(&self) -> Option<f64> {
        self.cycles.map(|cycles| self.baseline as f64 / cycles as f64)
    }

    /// The bound divided by the cycles; none if it is wrong.
    pub fn of_bound(&self) -> Option<f64> {
        self.cycles.map(|cycles| self.bound as f64 / cycles as f64)
    }
}

/// How a program did.
#[derive(Debug, Clone, PartialEq)]
pub enum Grade {
    /// It does not assemble for some shape.
    NotAssembled {
        /// The shape.
        shape: String,
        /// The mistakes.
        errors: AsmErrors,
    },
    /// It was run on every shape.
    Run(Graded),
}

/// The shapes of a task, each graded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Graded {
    /// In the order of the task's shapes.
    pub cases: Vec<Case>,
}

impl Graded {
    /// Whether it is right on every shape and input.
    pub fn is_right(&self) -> bool {
        self.cases.iter().all(|case| case.cycles.is_some())
    }

    /// Geometric mean of the speedups; none unless it is right on all.
    pub fn speedup(&self) -> Option<f64> {
        self.cases.iter().map(Case::speedup).collect::<Option<Vec<_>>>().map(|all| mean(&all))
    }

    /// Geometric mean of bound over cycles; none unless it is right on all.
    pub fn of_bound(&self) -> Option<f64> {
        self.cases.iter().map(Case::of_bound).collect::<Option<Vec<_>>>().map(|all| mean(&all))
    }
}

fn mean(values: &[f64]) -> f64 {
    super::metrics::geomean(values).unwrap_or(0.0)
}

/// A program assembled for a shape.
fn assembled(
    task: &Spec,
    dims: &Dims,
    machine: &Machine,
    source: &str,
) -> Result<Program, AsmErrors> {
    let mut constants = Inputs::draw(task, dims, Kind::Zeros).dram().constants();
    constants.extend(dims.0.iter().map(|(name, size)| ((*name).to_owned(), *size as i64)));
    assemble(source, machine, &constants)
}

/// Grades a source on every shape. The cycles are those of the machine's model, so the same
/// source has the same grade everywhere.
pub fn grade(task: &Spec, machine: &Machine, source: &str, plan: &Plan<'_>) -> Grade {
    let mut cases = Vec::with_capacity(task.shapes.len());
    for dims in &task.shapes {
        let program = match assembled(task, dims, machine, source) {
            Ok(program) => program,
            Err(errors) => return Grade::NotAssembled { shape: dims.text(), errors },
        };
        cases.push(case(task, dims, machine, &program, plan));
    }
    Grade::Run(Graded { cases })
}

fn case(task: &Spec, dims: &Dims, machine: &Machine, program: &Program, plan: &Plan<'_>) -> Case {
    let mut case = Case {
        shape: dims.text(),
        cycles: None,
        energy_nj: None,
        baseline: baseline_cycles(task, dims, machine).unwrap_or(0),
        bound: Bound::of(task, dims, machine).cycles(),
        wrong: None,
        stalls: Vec::new(),
    };
    let counters = match count(task, dims, machine, program, &plan.limits) {
        Ok(counters) => counters,
        Err(wrong) => {
            case.wrong = Some(wrong);
            return case;
        }
    };
    case.stalls = stalls(&counters);
    for kind in &plan.kinds {
        if let Some(wrong) = mistake(task, dims, machine, program, *kind, &plan.limits) {
            case.wrong = Some(format!("{} inputs: {wrong}", kind.name()));
            return case;
        }
    }
    case.energy_nj = Some(energy(machine, &counters).total_nj());
    case.cycles = Some(counters.cycles);
    case
}

/// Follows a program through the cycle model.
fn count(
    task: &Spec,
    dims: &Dims,
    machine: &Machine,
    program: &Program,
    limits: &Limits<'_>,
) -> Result<Counters, String> {
    let mut dram = Inputs::draw(task, dims, Kind::Zeros).dram();
    let mut clock = Clock::new(machine, program, false);
    match follow(program, machine, &mut dram, limits, &mut clock) {
        Ok(_) => Ok(clock.finish().0),
        Err(trap) => Err(trap.to_string()),
    }
}

fn stalls(counters: &Counters) -> Vec<(&'static str, u64)> {
    let mut found: Vec<_> =
        Cause::ALL.iter().map(|cause| (cause.name(), counters.stall(*cause))).collect();
    found.retain(|(_, cycles)| *cycles > 0);
    found.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    found
}

/// Cycles of the naive program; none if this machine is too small for it.
pub fn baseline_cycles(task: &Spec, dims: &Dims, machine: &Machine) -> Option<u64> {
    let program = assembled(task, dims, machine, task.baseline).ok()?;
    count(task, dims, machine, &program, &Limits::default()).ok().map(|counters| counters.cycles)
}

/// Profiles a source on one shape; an error is told as text.
pub fn profile(
    task: &Spec,
    dims: &Dims,
    machine: &Machine,
    source: &str,
    limits: &Limits<'_>,
) -> Result<Profile, String> {
    let program = assembled(task, dims, machine, source).map_err(|errors| errors.to_string())?;
    let mut dram = Inputs::draw(task, dims, Kind::Zeros).dram();
    Profile::of(program, machine, &mut dram, limits).map_err(|trap| trap.to_string())
}

/// Runs a program on inputs; what is wrong with its output, if anything.
fn mistake(
    task: &Spec,
    dims: &Dims,
    machine: &Machine,
    program: &Program,
    kind: Kind,
    limits: &Limits<'_>,
) -> Option<String> {
    let inputs = Inputs::draw(task, dims, kind);
    let mut dram = inputs.dram();
    if let Err(trap) = run(program, machine, &mut dram, limits, &mut ()) {
        return Some(trap.to_string());
    }
    let output = task.tensors.last()?;
    let found = values(output.ty, dram.get(output.name)?);
    let wanted = (task.reference)(dims, &inputs);
    let size = wanted.iter().map(|x| x.abs()).filter(|x| x.is_finite()).sum::<f64>()
        / wanted.len().max(1) as f64;
    let wrong =
        |(_, (found, wanted)): &(usize, (&f64, &f64))| !close(output.ty, **found, **wanted, size);
    let pairs = || found.iter().zip(&wanted).enumerate();
    let (at, (is, should)) = pairs().find(wrong)?;
    let count = pairs().filter(wrong).count();
    Some(format!(
        "{}[{at}] is {is:.6e}, not {should:.6e}; {count} of {} elements are wrong",
        output.name,
        wanted.len()
    ))
}

/// Whether an output is near enough: within `tolerance` of the reference's size, or of the
/// mean size of all outputs where it is smaller, since sums of large terms may cancel. What
/// is past the type's range must be infinite, or, near its end, may be.
fn close(ty: Dtype, found: f64, wanted: f64, size: f64) -> bool {
    let tolerance = tolerance(ty);
    let largest = if ty == Dtype::F16 { 65_504.0 } else { f64::from(f32::MAX) };
    if found.is_nan() {
        return false;
    }
    if wanted.abs() > largest * (1.0 - tolerance) {
        let same = found.is_sign_positive() == wanted.is_sign_positive();
        return same && found.abs() >= largest * (1.0 - 2.0 * tolerance);
    }
    // Half a step of the least denormal is rounding too.
    let least = if ty == Dtype::F16 { 6e-8 } else { 1e-38 };
    (found - wanted).abs() <= tolerance * wanted.abs().max(size.min(largest)) + least
}

/// Relative tolerance of a type: four steps of its significand for f16 and bf16, whose
/// intermediate values are rounded too; for f32 what a sum of a thousand terms may lose.
fn tolerance(ty: Dtype) -> f64 {
    match ty {
        Dtype::F16 => 1.0 / 256.0,
        Dtype::Bf16 => 1.0 / 32.0,
        Dtype::F32 => 1e-5,
        Dtype::I8 | Dtype::I32 => 0.0,
    }
}
