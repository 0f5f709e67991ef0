//! The cycle model: a scoreboard that gives every instruction the cycle in which it is issued
//! and in which its result is there. Instructions are issued in order; units work beside each
//! other. What it counts depends on the program and the machine alone, never on data.

mod array;
mod banks;
mod counters;
mod units;
mod uses;

use std::collections::VecDeque;

pub use array::{ProductTime, product_time};
pub use counters::{At, Cause, Counters, Span, Track};

use self::banks::{Banks, Lines};
use self::uses::{Uses, uses};
use crate::isa::{Program, SCALARS, TAGS, Unit, VECTORS, WEIGHTS};
use crate::machine::Machine;
use crate::run::{Event, Observer, Rows};

/// Cycles from a taken branch to the next instruction.
const BRANCH: u64 = 2;
/// Most spans that a timeline keeps.
const MOST_SPANS: usize = 100_000;

/// A transfer that was not waited for yet.
#[derive(Debug, Clone, Copy)]
struct Open {
    done: u64,
    drain: bool,
}

/// Counts the cycles of a run.
pub struct Clock<'a> {
    machine: &'a Machine,
    uses: Vec<Uses>,
    /// The cycle in which the next instruction may be issued.
    now: u64,
    /// Instructions that were issued in it.
    issued: u32,
    /// When everything that was begun has ended.
    end: u64,
    scalars: [u64; SCALARS as usize],
    vectors: [u64; VECTORS as usize],
    vector_free: u64,
    memory_free: u64,
    /// Whether the memory port is busy because of conflicts.
    memory_conflict: bool,
    weights_free: u64,
    weights_ready: [u64; WEIGHTS as usize],
    weights_used: [u64; WEIGHTS as usize],
    array_free: u64,
    /// The activations of the last product, and when it began.
    resident: Option<(Rows, u64)>,
    /// When the last instructions of the array began, oldest first.
    array_queue: VecDeque<u64>,
    tiles_ready: Vec<u64>,
    tiles_drained: Vec<u64>,
    drain_free: u64,
    drain_queue: VecDeque<u64>,
    engines: Vec<u64>,
    dram_free: u64,
    dma_queue: Vec<u64>,
    open: [VecDeque<Open>; TAGS as usize],
    banks: Banks,
    lines: Lines,
    counters: Counters,
    spans: Option<Vec<Span>>,
}

impl<'a> Clock<'a> {
    /// A clock for one run of a program. With `timeline`, it keeps what the units did, up to
    /// 100,000 spans.
    pub fn new(machine: &'a Machine, program: &Program, timeline: bool) -> Self {
        let tiles = machine.matrix.tiles as usize;
        Self {
            machine,
            uses: program.insts.iter().map(uses).collect(),
            now: 0,
            issued: 0,
            end: 0,
            scalars: [0; SCALARS as usize],
            vectors: [0; VECTORS as usize],
            vector_free: 0,
            memory_free: 0,
            memory_conflict: false,
            weights_free: 0,
            weights_ready: [0; WEIGHTS as usize],
            weights_used: [0; WEIGHTS as usize],
            array_free: 0,
            resident: None,
            array_queue: VecDeque::new(),
            tiles_ready: vec![0; tiles],
            tiles_drained: vec![0; tiles],
            drain_free: 0,
            drain_queue: VecDeque::new(),
            engines: vec![0; machine.dma.engines as usize],
            dram_free: 0,
            dma_queue: Vec::new(),
            open: std::array::from_fn(|_| VecDeque::new()),
            banks: Banks::new(machine),
            lines: Lines::new(machine),
            counters: Counters {
                at: vec![At::default(); program.insts.len()],
                ..Counters::default()
            },
            spans: timeline.then(Vec::new),
        }
    }

    /// What was counted, and the timeline.
    pub fn finish(mut self) -> (Counters, Vec<Span>) {
        self.counters.cycles = self.end.max(self.now);
        (self.counters, self.spans.unwrap_or_default())
    }

    /// Issues an instruction when nothing of `reasons` is in its way any more; the cycle.
    #[inline]
    fn issue<const N: usize>(&mut self, pc: u32, reasons: [(u64, Cause); N]) -> u64 {
        let uses = self.uses[pc as usize];
        let (mut at, mut cause) = (self.now, Cause::Operand);
        let mut bits = uses.scalars;
        while bits != 0 {
            at = at.max(self.scalars[bits.trailing_zeros() as usize]);
            bits &= bits - 1;
        }
        bits = uses.vectors;
        while bits != 0 {
            at = at.max(self.vectors[bits.trailing_zeros() as usize]);
            bits &= bits - 1;
        }
        for (ready, reason) in reasons {
            if ready > at {
                (at, cause) = (ready, reason);
            }
        }
        // A cycle in which others were issued is not lost.
        let lost = (at - self.now).saturating_sub(u64::from(self.issued > 0));
        let here = &mut self.counters.at[pc as usize];
        here.count += 1;
        here.stalled += lost;
        self.counters.stalls[cause as usize] += lost;
        if at > self.now {
            if lost > 0 {
                self.span(Track::Stall, pc, at - lost, at);
            }
            (self.now, self.issued) = (at, 0);
        }
        self.counters.instructions += 1;
        self.issued += 1;
        if self.issued >= self.machine.issue_width {
            (self.now, self.issued) = (self.now + 1, 0);
        }
        self.end = self.end.max(at + 1);
        at
    }

    #[inline]
    fn span(&mut self, track: Track, pc: u32, from: u64, to: u64) {
        if let Some(spans) = &mut self.spans
            && spans.len() < MOST_SPANS
        {
            spans.push(Span { track, pc, from, to });
        }
    }

    /// A unit works for some cycles.
    #[inline]
    fn works(&mut self, unit: Unit, track: Track, pc: u32, from: u64, to: u64) {
        self.counters.busy[unit as usize] += to - from;
        self.end = self.end.max(to);
        self.span(track, pc, from, to);
    }

    fn wait(&mut self, pc: u32, tag: u8, count: u64) {
        let (mut at, mut cause) = (0, Cause::WaitDma);
        for _ in 0..count {
            if let Some(open) = self.open[usize::from(tag)].pop_front()
                && open.done > at
            {
                at = open.done;
                cause = if open.drain { Cause::WaitDrain } else { Cause::WaitDma };
            }
        }
        self.issue(pc, [(at, cause)]);
    }
}

impl Observer for Clock<'_> {
    #[inline]
    fn on(&mut self, pc: u32, event: &Event) {
        match *event {
            Event::Scalar { latency } => {
                let at = self.issue(pc, []);
                self.counters.busy[Unit::Scalar as usize] += 1;
                if let Some(d) = self.uses[pc as usize].scalar_out {
                    self.scalars[usize::from(d)] = at + latency;
                }
            }
            Event::Branch { taken } => {
                let at = self.issue(pc, []);
                self.counters.busy[Unit::Scalar as usize] += 1;
                if taken {
                    self.counters.stalls[Cause::Branch as usize] += BRANCH - 1;
                    self.counters.at[pc as usize].stalled += BRANCH - 1;
                    (self.now, self.issued) = (at + BRANCH, 0);
                }
            }
            Event::Vector { class, n, operations } => self.vector(pc, class, n, operations),
            Event::Access { store, rows } => self.access(pc, store, &rows),
            Event::Dma { load, tag, spad, dram } => self.dma(pc, load, tag, &spad, &dram),
            Event::Wait { tag, count } => self.wait(pc, tag, count),
            Event::Barrier => {
                self.open.iter_mut().for_each(VecDeque::clear);
                self.issue(pc, [(self.end, Cause::Barrier)]);
            }
            Event::Load { w, rows } => self.load(pc, w, &rows),
            Event::Product { a, w, rows, k, n, ty } => self.product(pc, (a, w), &rows, (k, n), ty),
            Event::Drain { a, tag, rows } => self.drain(pc, a, tag, &rows),
        }
    }

    fn cycle(&self) -> Option<u64> {
        Some(self.now)
    }
}
