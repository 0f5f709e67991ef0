//! The vector unit and its memory port.

use super::core::Core;
use super::decode::{Elements, Mem, Step, Val};
use super::event::{Class, Event, Observer};
use super::trap::TrapKind;
use crate::dtype::Dtype;
use crate::isa::Op;

impl<O: Observer, const DATA: bool> Core<'_, O, DATA> {
    /// Instructions of the vector unit and of its memory port.
    #[inline]
    pub(super) fn vector(&mut self, step: &Step) -> Result<Event, TrapKind> {
        self.work += self.active as u64 / 16;
        let event = |class, n: usize, operations: usize| Event::Vector {
            class,
            n: n as u64,
            operations: operations as u64,
        };
        Ok(match *step {
            Step::SetLength { n } => {
                self.active = self.size("n", n, 1, self.length as i64)? as usize;
                event(Class::Add, 1, 0)
            }
            Step::VectorLoad { ty, d, src, stride } => self.access(ty, d, src, stride, false)?,
            Step::VectorStore { ty, a, dst, stride } => self.access(ty, a, dst, stride, true)?,
            Step::Broadcast { ty, d, src } => {
                let (at, _) = self.aligned(ty, src, Val::Int(0))?;
                let rows = self.spad_rows(at, 1, ty.size() as i64, 0)?;
                self.flight.read(&rows)?;
                if DATA {
                    let value = ty.read(&self.spad[rows.start as usize..]);
                    self.whole(d).fill(value);
                }
                Event::Access { store: false, rows }
            }
            Step::Fill { d, value } => {
                if DATA {
                    self.whole(d).fill(value);
                }
                event(Class::Add, self.length, 0)
            }
            Step::Iota { d } => {
                if DATA {
                    self.whole(d).iter_mut().enumerate().for_each(|(i, x)| *x = i as f32);
                }
                event(Class::Add, self.length, 0)
            }
            Step::Unary { op, d, a } => {
                self.unary(op, d, a);
                let class = match op {
                    Op::Vexp | Op::Vlog | Op::Vtanh => Class::Exp,
                    Op::Vsqrt | Op::Vrsqrt | Op::Vrcp => Class::Div,
                    _ => Class::Add,
                };
                event(class, self.active, if op == Op::Vmv { 0 } else { self.active })
            }
            Step::Binary { op, d, a, b } => {
                self.binary(op, d, a, b);
                let class = match op {
                    Op::Vmul => Class::Mul,
                    Op::Vdiv => Class::Div,
                    _ => Class::Add,
                };
                event(class, self.active, self.active)
            }
            Step::Mac { d, a, b } => {
                if DATA {
                    self.multiply_add(d, a, b);
                }
                event(Class::Mul, self.active, 2 * self.active)
            }
            Step::Select { d, mask, a, b } => {
                if DATA {
                    self.select(d, mask, a, b);
                }
                event(Class::Add, self.active, self.active)
            }
            Step::Reduce { op, d, a } => {
                if DATA {
                    let from = self.place(a);
                    let scratch = &mut self.scratch[..self.active];
                    scratch.copy_from_slice(&self.vectors[from..from + self.active]);
                    let value = reduce(op, scratch);
                    self.whole(d).fill(value);
                }
                event(Class::Reduce, self.active, self.active - 1)
            }
            _ => return Err(TrapKind::Unsupported("it is not a vector instruction")),
        })
    }

    /// Where a vector register's elements begin.
    fn place(&self, register: u8) -> usize {
        usize::from(register) * self.length
    }

    /// All elements of a vector register.
    fn whole(&mut self, register: u8) -> &mut [f32] {
        let at = self.place(register);
        &mut self.vectors[at..at + self.length]
    }

    /// Puts the active elements of an operand into `self.operand`.
    fn fetch(&mut self, b: Elements) {
        match b {
            Elements::All(value) => self.operand[..self.active].fill(value),
            Elements::Reg(b) => {
                let at = self.place(b);
                let from = &self.vectors[at..at + self.active];
                self.operand[..self.active].copy_from_slice(from);
            }
        }
    }

    fn access(
        &mut self,
        ty: Dtype,
        register: u8,
        mem: Mem,
        stride: Val,
        store: bool,
    ) -> Result<Event, TrapKind> {
        let (at, stride) = self.aligned(ty, mem, stride)?;
        let size = ty.size() as i64;
        let n = self.active as i64;
        // Neighbours are one piece: a cheaper shape of the same bytes.
        let rows = if stride == size {
            self.spad_rows(at, 1, n * size, 0)?
        } else {
            self.spad_rows(at, n, size, stride)?
        };
        if store {
            self.flight.write(&rows)?;
        } else {
            self.flight.read(&rows)?;
        }
        if DATA {
            let place = self.place(register);
            let (size, stride) = (size as usize, stride as usize);
            let elements = &mut self.vectors[place..place + self.active];
            let bytes = &mut self.spad[at as usize..];
            for (i, element) in elements.iter_mut().enumerate() {
                let bytes = &mut bytes[i * stride..i * stride + size];
                if store {
                    ty.write(*element, bytes);
                } else {
                    *element = ty.read(bytes);
                }
            }
        }
        Ok(Event::Access { store, rows })
    }

    fn unary(&mut self, op: Op, d: u8, a: u8) {
        if !DATA {
            return;
        }
        let f = unary(op);
        let (from, to) = (self.place(a), self.place(d));
        for i in 0..self.active {
            self.vectors[to + i] = f(self.vectors[from + i]);
        }
    }

    fn binary(&mut self, op: Op, d: u8, a: u8, b: Elements) {
        if !DATA {
            return;
        }
        self.fetch(b);
        let (n, from, to) = (self.active, self.place(a), self.place(d));
        binary(op, &mut self.scratch[..n], &self.vectors[from..from + n], &self.operand);
        self.vectors[to..to + n].copy_from_slice(&self.scratch[..n]);
    }

    fn multiply_add(&mut self, d: u8, a: u8, b: Elements) {
        self.fetch(b);
        let (n, from, to) = (self.active, self.place(a), self.place(d));
        for (b, a) in self.operand[..n].iter_mut().zip(&self.vectors[from..from + n]) {
            *b *= *a;
        }
        for (d, product) in self.vectors[to..to + n].iter_mut().zip(&self.operand[..n]) {
            *d += *product;
        }
    }

    fn select(&mut self, d: u8, mask: u8, a: u8, b: Elements) {
        self.fetch(b);
        let (mask, from, to) = (self.place(mask), self.place(a), self.place(d));
        for i in 0..self.active {
            if self.vectors[mask + i] != 0.0 {
                self.operand[i] = self.vectors[from + i];
            }
        }
        self.vectors[to..to + self.active].copy_from_slice(&self.operand[..self.active]);
    }
}

/// One element of an operation on one operand.
fn unary(op: Op) -> fn(f32) -> f32 {
    match op {
        Op::Vneg => |a| -a,
        Op::Vabs => f32::abs,
        // libm's functions are the same on every host; the system's are not.
        Op::Vexp => libm::expf,
        Op::Vlog => libm::logf,
        Op::Vtanh => libm::tanhf,
        Op::Vsqrt => f32::sqrt,
        Op::Vrsqrt => |a| 1.0 / a.sqrt(),
        Op::Vrcp => |a| 1.0 / a,
        _ => |a| a,
    }
}

/// Applies an operation on two operands, element by element.
#[inline]
fn binary(op: Op, out: &mut [f32], a: &[f32], b: &[f32]) {
    let truth = |is: bool| if is { 1.0 } else { 0.0 };
    match op {
        Op::Vsub => each(out, a, b, |a, b| a - b),
        Op::Vmul => each(out, a, b, |a, b| a * b),
        Op::Vdiv => each(out, a, b, |a, b| a / b),
        Op::Vmin => each(out, a, b, |a, b| if a < b { a } else { b }),
        Op::Vmax => each(out, a, b, |a, b| if a > b { a } else { b }),
        Op::Vlt => each(out, a, b, |a, b| truth(a < b)),
        Op::Vle => each(out, a, b, |a, b| truth(a <= b)),
        #[allow(clippy::float_cmp)] // equality is what the instruction asks for
        Op::Veq => each(out, a, b, |a, b| truth(a == b)),
        _ => each(out, a, b, |a, b| a + b),
    }
}

#[inline]
fn each(out: &mut [f32], a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = f(*a, *b);
    }
}

/// Folds the elements as a tree; the result is the first element.
fn reduce(op: Op, elements: &mut [f32]) -> f32 {
    let mut count = elements.len();
    let mut half = count.next_power_of_two() / 2;
    while half > 0 {
        let (low, high) = elements.split_at_mut(half.min(count));
        let high = &high[..count.saturating_sub(half)];
        for (low, high) in low.iter_mut().zip(high) {
            *low = match op {
                Op::Vrsum => *low + *high,
                Op::Vrmax => {
                    if *low > *high {
                        *low
                    } else {
                        *high
                    }
                }
                _ => {
                    if *low < *high {
                        *low
                    } else {
                        *high
                    }
                }
            };
        }
        count = count.min(half);
        half /= 2;
    }
    elements.first().copied().unwrap_or(0.0)
}
