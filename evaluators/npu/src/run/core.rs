//! The fast interpreter: decoded instructions, checks, and the data's plane where it is asked
//! for.

use super::array::Array;
use super::decode::{DmaStep, Mem, Step, Val, step};
use super::event::{Event, Observer};
use super::flight::{Flight, Way};
use super::memory::{Dram, within};
use super::rows::Rows;
use super::trap::{Region, Trap, TrapKind};
use super::{Limits, Outcome};
use crate::dtype::Dtype;
use crate::isa::{Op, Program, SCALARS, VECTORS};
use crate::machine::Machine;

/// Steps between two looks at whether somebody asked to stop.
const PATIENCE: u64 = 1024;
/// Bytes moved, and products of the array, that count as one unit of work.
const BYTES_PER_WORK: u64 = 64;
const PRODUCTS_PER_WORK: u64 = 256;
/// Most rows of a DMA transfer.
pub(super) const MOST_ROWS: i64 = 1 << 16;

/// A machine at work. Without `DATA` only addresses, sizes and control are followed; since no
/// data reach scalar registers, the course of a program is the same.
pub(super) struct Core<'a, O, const DATA: bool> {
    machine: &'a Machine,
    dram: &'a mut Dram,
    observer: &'a mut O,
    scalars: [i64; SCALARS as usize],
    pub(super) vectors: Vec<f32>,
    pub(super) scratch: Vec<f32>,
    pub(super) operand: Vec<f32>,
    pub(super) length: usize,
    pub(super) active: usize,
    pub(super) spad: Vec<u8>,
    array: Array,
    pub(super) flight: Flight,
    pub(super) work: u64,
}

impl<'a, O: Observer, const DATA: bool> Core<'a, O, DATA> {
    pub(super) fn new(machine: &'a Machine, dram: &'a mut Dram, observer: &'a mut O) -> Self {
        let length = machine.vector.length as usize;
        let elements = |count: usize| vec![0.0; if DATA { count } else { 0 }];
        Self {
            machine,
            dram,
            observer,
            scalars: [0; SCALARS as usize],
            vectors: elements(length * usize::from(VECTORS)),
            scratch: elements(length),
            operand: elements(length),
            length,
            active: length,
            spad: vec![0; if DATA { machine.spad_bytes() as usize } else { 0 }],
            array: Array::new(machine, DATA),
            flight: Flight::default(),
            work: 0,
        }
    }

    /// Runs to the end, or to a trap.
    pub(super) fn run(
        mut self,
        program: &Program,
        limits: &Limits<'_>,
    ) -> Result<Outcome, Box<Trap>> {
        let steps: Vec<Step> = program.insts.iter().map(step).collect();
        let (mut pc, mut count) = (0_u32, 0_u64);
        loop {
            let result = match steps.get(pc as usize) {
                None => Err(TrapKind::NoHalt),
                Some(_) if self.work > limits.work => Err(TrapKind::WorkLimit(limits.work)),
                Some(_) if count.is_multiple_of(PATIENCE) && limits.is_cancelled() => {
                    Err(TrapKind::Cancelled)
                }
                Some(step) => self.step(pc, step),
            };
            match result {
                Ok(Some(next)) => pc = next,
                Ok(None) => return Ok(Outcome { steps: count + 1 }),
                Err(kind) => {
                    let cycle = self.observer.cycle();
                    return Err(super::trap_at(program, pc, kind, count, cycle));
                }
            }
            count += 1;
            self.work += 1;
        }
    }

    #[inline]
    fn value(&self, value: Val) -> i64 {
        match value {
            Val::Reg(at) => self.scalars[usize::from(at)],
            Val::Int(value) => value,
        }
    }

    #[inline]
    fn address(&self, mem: Mem) -> i64 {
        mem.base.map_or(0, |base| self.scalars[usize::from(base)]).wrapping_add(mem.offset)
    }

    /// A size, checked.
    #[inline]
    pub(super) fn size(
        &self,
        what: &'static str,
        value: Val,
        least: i64,
        most: i64,
    ) -> Result<i64, TrapKind> {
        let value = self.value(value);
        if (least..=most).contains(&value) {
            return Ok(value);
        }
        Err(TrapKind::Size { what, value, least, most })
    }

    /// Executes one instruction; returns the next one's index, none after `halt`.
    #[inline]
    fn step(&mut self, pc: u32, step: &Step) -> Result<Option<u32>, TrapKind> {
        let event = match *step {
            Step::Halt => {
                self.observer.on(pc, &Event::Barrier);
                return Ok(None);
            }
            Step::Jump { to } => {
                self.observer.on(pc, &Event::Branch { taken: true });
                return Ok(Some(to));
            }
            Step::Branch { op, a, b, to } => {
                let (a, b) = (self.scalars[usize::from(a)], self.value(b));
                let taken = match op {
                    Op::Beq => a == b,
                    Op::Bne => a != b,
                    Op::Blt => a < b,
                    _ => a >= b,
                };
                self.observer.on(pc, &Event::Branch { taken });
                return Ok(Some(if taken { to } else { pc + 1 }));
            }
            Step::Nop => Event::Scalar { latency: 1 },
            Step::Barrier => {
                self.flight.settle();
                Event::Barrier
            }
            Step::Li { d, value } => {
                self.scalars[usize::from(d)] = value;
                Event::Scalar { latency: 1 }
            }
            Step::Alu { op, d, a, b } => self.alu(op, d, a, b)?,
            Step::Dma(dma) => self.dma(&dma)?,
            Step::Wait { tag, count } => {
                let count = self.size("count", count, 1, super::flight::MOST_OPEN as i64)?;
                self.flight.wait(tag, count)?;
                Event::Wait { tag, count: count as u64 }
            }
            Step::Load { ty, d, src, stride, k, n } => self.load(ty, d, src, stride, (k, n))?,
            Step::Product { ty, d, w, src, stride, m, add } => {
                self.product(ty, (d, w), src, stride, m, add)?
            }
            Step::Drain { ty, tag, dst, stride, a, m, n } => {
                self.drain(ty, tag, dst, stride, a, (m, n))?
            }
            Step::Invalid => return Err(TrapKind::Unsupported("operands are not as they must be")),
            _ => self.vector(step)?,
        };
        self.observer.on(pc, &event);
        Ok(Some(pc + 1))
    }

    #[inline]
    fn alu(&mut self, op: Op, d: u8, a: u8, b: Val) -> Result<Event, TrapKind> {
        let (a, b) = (self.scalars[usize::from(a)], self.value(b));
        let mut latency = 1;
        self.scalars[usize::from(d)] = match op {
            Op::Add => a.wrapping_add(b),
            Op::Sub => a.wrapping_sub(b),
            Op::Mul => {
                latency = 3;
                a.wrapping_mul(b)
            }
            Op::Div | Op::Rem => {
                if b == 0 {
                    return Err(TrapKind::DivisionByZero);
                }
                latency = 12;
                if op == Op::Div { a.wrapping_div(b) } else { a.wrapping_rem(b) }
            }
            Op::Min => a.min(b),
            Op::Max => a.max(b),
            Op::And => a & b,
            Op::Or => a | b,
            Op::Xor => a ^ b,
            Op::Shl => a.wrapping_shl(b as u32 & 63),
            _ => a.wrapping_shr(b as u32 & 63),
        };
        Ok(Event::Scalar { latency })
    }

    /// Rows in the scratchpad.
    #[inline]
    pub(super) fn spad_rows(
        &self,
        start: i64,
        rows: i64,
        bytes: i64,
        stride: i64,
    ) -> Result<Rows, TrapKind> {
        let size = self.machine.spad_bytes();
        let region = Region { start, rows, bytes, stride };
        within(region, 0, size.into()).ok_or(TrapKind::SpadBounds { rows: region, size })
    }

    /// An address and a stride that fit a type.
    #[inline]
    pub(super) fn aligned(&self, ty: Dtype, mem: Mem, stride: Val) -> Result<(i64, i64), TrapKind> {
        let stride = self.size("stride", stride, 0, self.machine.spad_bytes() as i64)?;
        let at = self.address(mem);
        let size = ty.size() as i64;
        if (at | stride) & (size - 1) == 0 {
            return Ok((at, stride));
        }
        Err(TrapKind::Misaligned { at, stride, size: ty.size() })
    }

    fn dma(&mut self, dma: &DmaStep) -> Result<Event, TrapKind> {
        let most = self.machine.spad_bytes() as i64;
        let rows = self.size("rows", dma.rows, 1, MOST_ROWS)?;
        let bytes = self.size("bytes", dma.bytes, 1, most)?;
        if rows * bytes > most {
            return Err(TrapKind::Size {
                what: "rows x bytes",
                value: rows * bytes,
                least: 1,
                most,
            });
        }
        let spad_stride = self.size("scratchpad stride", dma.spad_stride, 0, most)?;
        let dram_stride = self.size("DRAM stride", dma.dram_stride, 0, i64::MAX)?;
        let dense = |stride: i64| if stride == 0 { bytes } else { stride };
        let spad = self.spad_rows(self.address(dma.spad), rows, bytes, dense(spad_stride))?;
        let start = self.address(dma.dram);
        let region = Region { start, rows, bytes, stride: dense(dram_stride) };
        let (tensor, dram) = self.dram.find(region, !dma.load)?;
        let way = if dma.load { Way::Load } else { Way::Store };
        self.flight.start(dma.tag, way, spad, Some(dram))?;
        self.work += spad.total() / BYTES_PER_WORK + spad.rows;
        if DATA {
            let bytes = bytes as usize;
            for i in 0..spad.rows {
                let near = &mut self.spad[spad.row(i) as usize..][..bytes];
                if dma.load {
                    near.copy_from_slice(&self.dram.bytes(tensor, dram.row(i))[..bytes]);
                } else {
                    self.dram.bytes_mut(tensor, dram.row(i))[..bytes].copy_from_slice(near);
                }
            }
        }
        Ok(Event::Dma { load: dma.load, tag: dma.tag, spad, dram })
    }

    fn load(
        &mut self,
        ty: Dtype,
        d: u8,
        src: Mem,
        stride: Val,
        (k, n): (Val, Val),
    ) -> Result<Event, TrapKind> {
        let matrix = &self.machine.matrix;
        if !matrix.types.contains(&ty) {
            return Err(TrapKind::Unsupported("its array does not multiply this type"));
        }
        let k = self.size("k", k, 1, matrix.rows.into())?;
        let n = self.size("n", n, 1, matrix.cols.into())?;
        let (at, stride) = self.aligned(ty, src, stride)?;
        let rows = self.spad_rows(at, k, n * ty.size() as i64, stride)?;
        self.flight.read(&rows)?;
        self.work += rows.total() / BYTES_PER_WORK;
        let weights = &mut self.array.weights[usize::from(d)];
        (weights.ty, weights.k, weights.n) = (Some(ty), k as usize, n as usize);
        if DATA {
            let bytes = &self.spad[rows.start as usize..];
            self.array.load(d.into(), ty, bytes, rows.stride as usize);
        }
        Ok(Event::Load { w: d, rows })
    }

    fn product(
        &mut self,
        ty: Dtype,
        (d, w): (u8, u8),
        src: Mem,
        stride: Val,
        m: Val,
        add: bool,
    ) -> Result<Event, TrapKind> {
        let weights = &self.array.weights[usize::from(w)];
        let (k, n, held) = (weights.k, weights.n, weights.ty);
        let Some(tile) = self.array.tiles.get(usize::from(d)) else {
            return Err(TrapKind::Unsupported("it has fewer accumulator tiles"));
        };
        let m = self.size("m", m, 1, self.machine.matrix.tile_rows.into())?;
        if held != Some(ty) {
            return Err(TrapKind::Holds {
                what: format!("w{w}"),
                holds: held.map_or_else(|| "nothing".to_owned(), |ty| ty.name().to_owned()),
                wanted: ty.name().to_owned(),
            });
        }
        if add {
            tile_holds(d, tile, m, Some(ty.is_integer()))?;
        }
        let (at, stride) = self.aligned(ty, src, stride)?;
        let rows = self.spad_rows(at, m, k as i64 * ty.size() as i64, stride)?;
        self.flight.read(&rows)?;
        self.work += rows.rows * (k * n) as u64 / PRODUCTS_PER_WORK;
        if !add {
            let tile = &mut self.array.tiles[usize::from(d)];
            (tile.rows, tile.integer) = (m as usize, ty.is_integer());
        }
        if DATA {
            let bytes = &self.spad[rows.start as usize..];
            let stride = rows.stride as usize;
            self.array.product(d.into(), w.into(), bytes, stride, (m as usize, add));
        }
        Ok(Event::Product { a: d, w, rows, k: k as u64, n: n as u64, ty })
    }

    fn drain(
        &mut self,
        ty: Dtype,
        tag: u8,
        dst: Mem,
        stride: Val,
        a: u8,
        (m, n): (Val, Val),
    ) -> Result<Event, TrapKind> {
        let Some(tile) = self.array.tiles.get(usize::from(a)) else {
            return Err(TrapKind::Unsupported("it has fewer accumulator tiles"));
        };
        let m = self.size("m", m, 1, self.machine.matrix.tile_rows.into())?;
        let n = self.size("n", n, 1, self.machine.matrix.cols.into())?;
        tile_holds(a, tile, m, None)?;
        let (at, stride) = self.aligned(ty, dst, stride)?;
        let rows = self.spad_rows(at, m, n * ty.size() as i64, stride)?;
        self.flight.start(tag, Way::Drain, rows, None)?;
        self.work += rows.total() / BYTES_PER_WORK + rows.rows;
        if DATA {
            for i in 0..rows.rows {
                let out = &mut self.spad[rows.row(i) as usize..][..rows.bytes as usize];
                self.array.drain(a.into(), i as usize, ty, out, n as usize);
            }
        }
        Ok(Event::Drain { a, tag, rows })
    }
}

/// Whether a tile holds so many rows, of this kind of sums.
fn tile_holds(
    a: u8,
    tile: &super::array::Tile,
    m: i64,
    integer: Option<bool>,
) -> Result<(), TrapKind> {
    let kind = |integer: bool| if integer { "integer sums" } else { "float sums" };
    let rows = tile.rows as i64;
    if rows >= m && integer.is_none_or(|integer| integer == tile.integer) {
        return Ok(());
    }
    Err(TrapKind::Holds {
        what: format!("a{a}"),
        holds: match rows {
            0 => "nothing".to_owned(),
            rows => format!("{rows} rows of {}", kind(tile.integer)),
        },
        wanted: match integer {
            Some(integer) => format!("{m} rows of {}", kind(integer)),
            None => format!("{m} rows"),
        },
    })
}
