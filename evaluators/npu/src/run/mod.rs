//! Running programs: the fast interpreter, and what both interpreters share.

mod array;
mod core;
mod decode;
mod event;
mod flight;
mod memory;
mod rows;
mod slow;
mod trap;
mod vector;

use std::sync::atomic::{AtomicBool, Ordering};

pub use event::{Class, Event, Observer};
pub use memory::{Dram, Tensor};
pub use rows::Rows;
pub use slow::run_slowly;
pub use trap::{Region, Trap, TrapKind};

use self::core::Core;
use crate::isa::Program;
use crate::machine::Machine;

/// What a run may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// Units of work: an instruction is one, and more when it moves many bytes or multiplies
    /// much.
    pub work: u64,
    /// Set to true to stop the run soon.
    pub cancel: Option<&'a AtomicBool>,
}

impl Default for Limits<'_> {
    fn default() -> Self {
        Self { work: 50_000_000, cancel: None }
    }
}

impl Limits<'_> {
    fn is_cancelled(&self) -> bool {
        self.cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed))
    }
}

/// A run that came to its `halt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Instructions that were executed.
    pub steps: u64,
}

/// Runs a program on the tensors, and tells the observer of every instruction.
pub fn run<O: Observer>(
    program: &Program,
    machine: &Machine,
    dram: &mut Dram,
    limits: &Limits<'_>,
    observer: &mut O,
) -> Result<Outcome, Box<Trap>> {
    Core::<O, true>::new(machine, dram, observer).run(program, limits)
}

/// Follows a program's course without its data: checks and times are those of [`run`], since
/// no data reach addresses or branches, and the tensors stay as they are.
pub fn follow<O: Observer>(
    program: &Program,
    machine: &Machine,
    dram: &mut Dram,
    limits: &Limits<'_>,
    observer: &mut O,
) -> Result<Outcome, Box<Trap>> {
    Core::<O, false>::new(machine, dram, observer).run(program, limits)
}

/// A trap with its place; boxed, as results hold it, to keep them small.
#[allow(clippy::unnecessary_box_returns)]
pub(crate) fn trap_at(
    program: &Program,
    pc: u32,
    kind: TrapKind,
    step: u64,
    cycle: Option<u64>,
) -> Box<Trap> {
    let inst = program.insts.get(pc as usize);
    Box::new(Trap {
        kind,
        pc,
        line: inst.map_or(0, |inst| inst.line),
        text: inst.map_or_else(|| "end of the program".to_owned(), ToString::to_string),
        step,
        cycle,
    })
}
