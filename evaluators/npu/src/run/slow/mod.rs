//! A second interpreter, written to be obviously right and not fast: it reads the assembled
//! instructions themselves, keeps sets of bytes, and shares no arithmetic with the fast one
//! but the definitions of element types and of libm's functions.

mod arithmetic;

use std::collections::BTreeSet;

use self::arithmetic::{element, tree};
use super::trap::{Region, Trap, TrapKind};
use super::{Dram, Limits, Outcome, Rows};
use crate::dtype::Dtype;
use crate::isa::{Arg, Inst, Op, Program};
use crate::machine::Machine;

/// A sum in an accumulator tile.
#[derive(Clone, Copy)]
enum Sum {
    Float(f32),
    Integer(i32),
}

struct Weights {
    ty: Dtype,
    rows: Vec<Vec<f32>>,
}

struct Transfer {
    tag: u8,
    writes_spad: bool,
    is_drain: bool,
    writes_dram: bool,
    spad: BTreeSet<i128>,
    dram: BTreeSet<i128>,
}

struct Slow<'a> {
    machine: &'a Machine,
    dram: &'a mut Dram,
    scalars: [i64; 32],
    vectors: Vec<Vec<f32>>,
    active: usize,
    spad: Vec<u8>,
    weights: [Option<Weights>; 2],
    tiles: Vec<Vec<Vec<Sum>>>,
    open: Vec<Transfer>,
}

/// Runs a program on the tensors as [`super::run`] does, by the slow interpreter; the limit
/// is on instructions here.
pub fn run_slowly(
    program: &Program,
    machine: &Machine,
    dram: &mut Dram,
    limits: &Limits<'_>,
) -> Result<Outcome, Box<Trap>> {
    let length = machine.vector.length as usize;
    let mut slow = Slow {
        machine,
        dram,
        scalars: [0; 32],
        vectors: vec![vec![0.0; length]; 32],
        active: length,
        spad: vec![0; machine.spad_bytes() as usize],
        weights: [None, None],
        tiles: vec![Vec::new(); machine.matrix.tiles as usize],
        open: Vec::new(),
    };
    let (mut pc, mut steps) = (0_u32, 0_u64);
    loop {
        let result = match program.insts.get(pc as usize) {
            None => Err(TrapKind::NoHalt),
            Some(_) if steps > limits.work => Err(TrapKind::WorkLimit(limits.work)),
            Some(_) if limits.is_cancelled() => Err(TrapKind::Cancelled),
            Some(inst) => slow.execute(inst),
        };
        steps += 1;
        match result {
            Ok(Next::Halt) => return Ok(Outcome { steps }),
            Ok(Next::Following) => pc += 1,
            Ok(Next::At(to)) => pc = to,
            Err(kind) => return Err(super::trap_at(program, pc, kind, steps - 1, None)),
        }
    }
}

enum Next {
    Halt,
    Following,
    At(u32),
}

type Done = Result<(), TrapKind>;

fn register(inst: &Inst, at: usize) -> Result<usize, TrapKind> {
    match inst.args.get(at) {
        Some(Arg::S(n) | Arg::V(n) | Arg::A(n) | Arg::W(n) | Arg::T(n)) => Ok((*n).into()),
        _ => Err(TrapKind::Unsupported("operands are not as they must be")),
    }
}

/// All bytes of a region.
fn bytes_of(region: Region) -> BTreeSet<i128> {
    let mut all = BTreeSet::new();
    for i in 0..region.rows {
        let row = i128::from(region.start) + i128::from(i) * i128::from(region.stride);
        all.extend(row..row + i128::from(region.bytes));
    }
    all
}

impl Slow<'_> {
    fn execute(&mut self, inst: &Inst) -> Result<Next, TrapKind> {
        match inst.op {
            Op::Halt => return Ok(Next::Halt),
            Op::Nop => {}
            Op::Barrier => self.open.clear(),
            Op::Jmp | Op::Beq | Op::Bne | Op::Blt | Op::Bge => return self.branch(inst),
            Op::Dload | Op::Dstore => self.dma(inst)?,
            Op::Wait => self.wait(inst)?,
            Op::Mload => self.mload(inst)?,
            Op::Mmul | Op::Mmac => self.product(inst)?,
            Op::Mdrain => self.drain(inst)?,
            Op::Vset => {
                self.active =
                    self.size(inst, 0, "n", 1, self.machine.vector.length.into())? as usize;
            }
            Op::Vld | Op::Vst | Op::Vbc => self.access(inst)?,
            op if op < Op::Jmp => self.scalar(inst)?,
            _ => self.vector(inst)?,
        }
        Ok(Next::Following)
    }

    fn value(&self, inst: &Inst, at: usize) -> i64 {
        match inst.args[at] {
            Arg::S(n) => self.scalars[usize::from(n)],
            Arg::Int(value) => value,
            _ => 0,
        }
    }

    fn address(&self, inst: &Inst, at: usize) -> i64 {
        match inst.args[at] {
            Arg::Mem { base: Some(base), offset } => {
                let sum = i128::from(self.scalars[usize::from(base)]) + i128::from(offset);
                sum as i64
            }
            Arg::Mem { base: None, offset } => offset,
            _ => 0,
        }
    }

    fn size(
        &self,
        inst: &Inst,
        at: usize,
        what: &'static str,
        least: i64,
        most: i64,
    ) -> Result<i64, TrapKind> {
        let value = self.value(inst, at);
        if value < least || value > most {
            return Err(TrapKind::Size { what, value, least, most });
        }
        Ok(value)
    }

    fn scalar(&mut self, inst: &Inst) -> Done {
        let d = register(inst, 0)?;
        if inst.op == Op::Li {
            self.scalars[d] = self.value(inst, 1);
            return Ok(());
        }
        let a = i128::from(self.value(inst, 1));
        let b = i128::from(self.value(inst, 2));
        let bits = (b & 63) as u32;
        let result: i128 = match inst.op {
            Op::Add => a + b,
            Op::Sub => a - b,
            Op::Mul => a * b,
            Op::Div | Op::Rem if b == 0 => return Err(TrapKind::DivisionByZero),
            Op::Div => a / b,
            Op::Rem => a % b,
            Op::Min => a.min(b),
            Op::Max => a.max(b),
            Op::And => a & b,
            Op::Or => a | b,
            Op::Xor => a ^ b,
            Op::Shl => a << bits,
            _ => a >> bits,
        };
        // The low 64 bits: arithmetic modulo 2^64.
        self.scalars[d] = result as i64;
        Ok(())
    }

    fn branch(&mut self, inst: &Inst) -> Result<Next, TrapKind> {
        let Some(Arg::To(to)) = inst.args.last() else {
            return Err(TrapKind::Unsupported("operands are not as they must be"));
        };
        let taken = match inst.op {
            Op::Jmp => true,
            Op::Beq => self.value(inst, 0) == self.value(inst, 1),
            Op::Bne => self.value(inst, 0) != self.value(inst, 1),
            Op::Blt => self.value(inst, 0) < self.value(inst, 1),
            _ => self.value(inst, 0) >= self.value(inst, 1),
        };
        Ok(if taken { Next::At(*to) } else { Next::Following })
    }

    fn spad_region(&self, region: Region) -> Result<BTreeSet<i128>, TrapKind> {
        let size = self.machine.spad_bytes();
        let last = i128::from(region.start)
            + i128::from(region.rows - 1) * i128::from(region.stride)
            + i128::from(region.bytes);
        if region.start < 0 || last > i128::from(size) {
            return Err(TrapKind::SpadBounds { rows: region, size });
        }
        Ok(bytes_of(region))
    }

    fn clash(&self, spad: &BTreeSet<i128>, write: bool) -> Done {
        for open in &self.open {
            if (write || open.writes_spad) && !open.spad.is_disjoint(spad) {
                let rows = Rows::one(0, 1);
                return Err(if open.is_drain {
                    TrapKind::Undrained { rows, tag: open.tag }
                } else {
                    TrapKind::Race { rows, tag: open.tag }
                });
            }
        }
        Ok(())
    }

    fn open(&mut self, transfer: Transfer) -> Done {
        self.clash(&transfer.spad, transfer.writes_spad)?;
        for open in &self.open {
            let writes = open.writes_dram || transfer.writes_dram;
            if writes && !open.dram.is_disjoint(&transfer.dram) {
                return Err(TrapKind::DramRace { rows: Rows::one(0, 1), tag: open.tag });
            }
        }
        if self.open.len() >= 256 {
            return Err(TrapKind::TooManyTransfers(256));
        }
        self.open.push(transfer);
        Ok(())
    }

    fn dma(&mut self, inst: &Inst) -> Done {
        let load = inst.op == Op::Dload;
        let most = self.machine.spad_bytes() as i64;
        let rows = self.size(inst, 3, "rows", 1, 65_536)?;
        let bytes = self.size(inst, 4, "bytes", 1, most)?;
        if rows * bytes > most {
            let (what, value) = ("rows x bytes", rows * bytes);
            return Err(TrapKind::Size { what, value, least: 1, most });
        }
        let (spad_at, dram_at) = if load { (1, 2) } else { (2, 1) };
        let (spad_stride, dram_stride) = if load { (5, 6) } else { (6, 5) };
        let mut near = self.size(inst, spad_stride, "scratchpad stride", 0, most)?;
        let mut far = self.size(inst, dram_stride, "DRAM stride", 0, i64::MAX)?;
        if near == 0 {
            near = bytes;
        }
        if far == 0 {
            far = bytes;
        }
        let start = self.address(inst, spad_at);
        let spad = self.spad_region(Region { start, rows, bytes, stride: near })?;
        let region = Region { start: self.address(inst, dram_at), rows, bytes, stride: far };
        let (tensor, _) = self.dram.find(region, !load)?;
        let dram = bytes_of(region);
        self.open(Transfer {
            tag: register(inst, 0)? as u8,
            writes_spad: load,
            is_drain: false,
            writes_dram: !load,
            spad,
            dram,
        })?;
        for i in 0..rows {
            for j in 0..bytes {
                let near_at = (start + i * near + j) as usize;
                let far_at = (region.start + i * far + j) as u64;
                if load {
                    self.spad[near_at] = self.dram.bytes(tensor, far_at)[0];
                } else {
                    self.dram.bytes_mut(tensor, far_at)[0] = self.spad[near_at];
                }
            }
        }
        Ok(())
    }

    fn wait(&mut self, inst: &Inst) -> Done {
        let tag = register(inst, 0)? as u8;
        let wanted = self.size(inst, 1, "count", 1, 256)?;
        let open = self.open.iter().filter(|open| open.tag == tag).count() as u64;
        if (wanted as u64) > open {
            return Err(TrapKind::Deadlock { tag, wanted, open });
        }
        for _ in 0..wanted {
            if let Some(at) = self.open.iter().position(|open| open.tag == tag) {
                self.open.remove(at);
            }
        }
        Ok(())
    }

    /// Address and stride, checked to fit the type.
    fn aligned(
        &self,
        inst: &Inst,
        mem: usize,
        stride: Option<usize>,
    ) -> Result<(Dtype, i64, i64), TrapKind> {
        let ty = inst.ty.unwrap_or(Dtype::I8);
        let most = self.machine.spad_bytes() as i64;
        let stride = match stride {
            Some(at) => self.size(inst, at, "stride", 0, most)?,
            None => 0,
        };
        let at = self.address(inst, mem);
        let size = ty.size() as i64;
        if at.rem_euclid(size) != 0 || stride % size != 0 {
            return Err(TrapKind::Misaligned { at, stride, size: ty.size() });
        }
        Ok((ty, at, stride))
    }

    fn mload(&mut self, inst: &Inst) -> Done {
        let matrix = &self.machine.matrix;
        if !matrix.types.iter().any(|ty| Some(*ty) == inst.ty) {
            return Err(TrapKind::Unsupported("its array does not multiply this type"));
        }
        let k = self.size(inst, 3, "k", 1, matrix.rows.into())?;
        let n = self.size(inst, 4, "n", 1, matrix.cols.into())?;
        let (ty, start, stride) = self.aligned(inst, 1, Some(2))?;
        let size = ty.size() as i64;
        let spad = self.spad_region(Region { start, rows: k, bytes: n * size, stride })?;
        self.clash(&spad, false)?;
        let read = |i: i64, j: i64| ty.read(&self.spad[(start + i * stride + j * size) as usize..]);
        let rows = (0..k).map(|i| (0..n).map(|j| read(i, j)).collect()).collect();
        self.weights[register(inst, 0)?] = Some(Weights { ty, rows });
        Ok(())
    }

    fn product(&mut self, inst: &Inst) -> Done {
        let add = inst.op == Op::Mmac;
        let (a, w) = (register(inst, 0)?, register(inst, 1)?);
        if a >= self.tiles.len() {
            return Err(TrapKind::Unsupported("it has fewer accumulator tiles"));
        }
        let m = self.size(inst, 4, "m", 1, self.machine.matrix.tile_rows.into())?;
        let holds =
            || TrapKind::Holds { what: String::new(), holds: String::new(), wanted: String::new() };
        let weights = match &self.weights[w] {
            Some(weights) if Some(weights.ty) == inst.ty => weights,
            _ => return Err(holds()),
        };
        let tile = &self.tiles[a];
        if add {
            let integer = matches!(tile.first().and_then(|row| row.first()), Some(Sum::Integer(_)));
            if (tile.len() as i64) < m || integer != weights.ty.is_integer() {
                return Err(holds());
            }
        }
        let (ty, start, stride) = self.aligned(inst, 2, Some(3))?;
        let (k, n) = (weights.rows.len() as i64, weights.rows[0].len());
        let size = ty.size() as i64;
        let spad = self.spad_region(Region { start, rows: m, bytes: k * size, stride })?;
        self.clash(&spad, false)?;
        let cols = self.machine.matrix.cols as usize;
        let zero = if ty.is_integer() { Sum::Integer(0) } else { Sum::Float(0.0) };
        let mut tile = if add { tile.clone() } else { vec![vec![zero; cols]; m as usize] };
        for (i, row) in tile.iter_mut().enumerate().take(m as usize) {
            for (j, sum) in row.iter_mut().enumerate().take(n) {
                for p in 0..k {
                    let at = start + i as i64 * stride + p * size;
                    let x = ty.read(&self.spad[at as usize..]);
                    let w = weights.rows[p as usize][j];
                    *sum = match *sum {
                        Sum::Float(sum) => Sum::Float(sum + x * w),
                        Sum::Integer(sum) => {
                            let exact = i64::from(sum) + x as i64 * w as i64;
                            Sum::Integer(exact as i32)
                        }
                    };
                }
            }
        }
        self.tiles[a] = tile;
        Ok(())
    }

    fn drain(&mut self, inst: &Inst) -> Done {
        let a = register(inst, 3)?;
        if a >= self.tiles.len() {
            return Err(TrapKind::Unsupported("it has fewer accumulator tiles"));
        }
        let m = self.size(inst, 4, "m", 1, self.machine.matrix.tile_rows.into())?;
        let n = self.size(inst, 5, "n", 1, self.machine.matrix.cols.into())?;
        if (self.tiles[a].len() as i64) < m {
            let (what, holds, wanted) = (String::new(), String::new(), String::new());
            return Err(TrapKind::Holds { what, holds, wanted });
        }
        let (ty, start, stride) = self.aligned(inst, 1, Some(2))?;
        let size = ty.size() as i64;
        let spad = self.spad_region(Region { start, rows: m, bytes: n * size, stride })?;
        self.open(Transfer {
            tag: register(inst, 0)? as u8,
            writes_spad: true,
            is_drain: true,
            writes_dram: false,
            spad,
            dram: BTreeSet::new(),
        })?;
        for i in 0..m {
            for j in 0..n {
                let at = (start + i * stride + j * size) as usize;
                let out = &mut self.spad[at..];
                match self.tiles[a][i as usize][j as usize] {
                    Sum::Float(sum) => ty.write(sum, out),
                    Sum::Integer(sum) if ty == Dtype::I32 => {
                        out[..4].copy_from_slice(&sum.to_le_bytes());
                    }
                    Sum::Integer(sum) => ty.write(sum as f32, out),
                }
            }
        }
        Ok(())
    }

    fn access(&mut self, inst: &Inst) -> Done {
        let register = register(inst, 0)?;
        let whole = inst.op == Op::Vbc;
        let (ty, start, stride) = self.aligned(inst, 1, (!whole).then_some(2))?;
        let rows = if whole { 1 } else { self.active as i64 };
        let region = Region { start, rows, bytes: ty.size() as i64, stride };
        let spad = self.spad_region(region)?;
        let store = inst.op == Op::Vst;
        self.clash(&spad, store)?;
        for i in 0..self.active {
            let at = (start + i as i64 * stride) as usize;
            if store {
                ty.write(self.vectors[register][i], &mut self.spad[at..]);
            } else if !whole {
                self.vectors[register][i] = ty.read(&self.spad[at..]);
            }
        }
        if whole {
            let value = ty.read(&self.spad[start as usize..]);
            self.vectors[register].fill(value);
        }
        Ok(())
    }

    fn vector(&mut self, inst: &Inst) -> Done {
        let d = register(inst, 0)?;
        let operand = |slow: &Self, at: usize| -> Vec<f32> {
            match inst.args.get(at) {
                Some(Arg::V(n)) => slow.vectors[usize::from(*n)].clone(),
                Some(Arg::Float(value)) => vec![*value; slow.vectors[0].len()],
                _ => vec![0.0; slow.vectors[0].len()],
            }
        };
        let (a, b, c) = (operand(self, 1), operand(self, 2), operand(self, 3));
        match inst.op {
            Op::Vli => self.vectors[d] = a,
            Op::Viota => self.vectors[d] = (0..a.len()).map(|i| i as f32).collect(),
            Op::Vrsum | Op::Vrmax | Op::Vrmin => {
                let value = tree(inst.op, &a[..self.active]);
                self.vectors[d].fill(value);
            }
            _ => {
                for i in 0..self.active {
                    let old = self.vectors[d][i];
                    self.vectors[d][i] = element(inst.op, old, a[i], b[i], c[i]);
                }
            }
        }
        Ok(())
    }
}
