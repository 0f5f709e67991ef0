//! Object files: an assembled program as bytes.
//!
//! Little-endian. `NPU1`, the number of instructions (u32), then each instruction: its place
//! in the table (u8), its type (u8; 255 without), and its operands in order, each a kind
//! (u8) and its value.

use crate::dtype::Dtype;
use crate::isa::{Arg, Inst, Kind, Op, Program, SCALARS, SPECS, TAGS, VECTORS, WEIGHTS};

const MAGIC: &[u8; 4] = b"NPU1";
/// Accumulator tiles that any machine can have.
const MOST_TILES: u8 = 64;

/// Bytes that are no object file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// It begins otherwise.
    #[error("not an object file: it does not begin with NPU1")]
    NoMagic,
    /// It ends too soon.
    #[error("the object file ends within instruction {0}")]
    Short(usize),
    /// It goes on too long.
    #[error("the object file has {0} bytes after its last instruction")]
    Long(usize),
    /// An instruction is none.
    #[error("instruction {at} of the object file is not valid: {why}")]
    Invalid {
        /// Its index.
        at: usize,
        /// What is wrong.
        why: String,
    },
}

/// The program as bytes. Lines of its source are not kept.
pub fn encode(program: &Program) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend((program.insts.len() as u32).to_le_bytes());
    for inst in &program.insts {
        out.push(inst.op as u8);
        let ty = inst.ty.and_then(|ty| Dtype::ALL.iter().position(|known| *known == ty));
        out.push(ty.map_or(255, |at| at as u8));
        for arg in &inst.args {
            match *arg {
                Arg::S(n) => out.extend([0, n]),
                Arg::V(n) => out.extend([1, n]),
                Arg::A(n) => out.extend([2, n]),
                Arg::W(n) => out.extend([3, n]),
                Arg::T(n) => out.extend([4, n]),
                Arg::Int(value) => {
                    out.push(5);
                    out.extend(value.to_le_bytes());
                }
                Arg::Float(value) => {
                    out.push(6);
                    out.extend(value.to_le_bytes());
                }
                Arg::Mem { base, offset } => {
                    out.extend([7, base.unwrap_or(255)]);
                    out.extend(offset.to_le_bytes());
                }
                Arg::To(at) => {
                    out.push(8);
                    out.extend(at.to_le_bytes());
                }
            }
        }
    }
    out
}

/// The program of an object file.
pub fn decode(bytes: &[u8]) -> Result<Program, ObjectError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(ObjectError::NoMagic)?;
    let mut reader = Reader { rest, at: 0 };
    let count = u32::from_le_bytes(reader.take()?) as usize;
    let mut program = Program::default();
    for at in 0..count {
        reader.at = at;
        program.insts.push(reader.inst(count)?);
    }
    if reader.rest.is_empty() { Ok(program) } else { Err(ObjectError::Long(reader.rest.len())) }
}

struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ObjectError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(ObjectError::Short(self.at))?;
        self.rest = rest;
        Ok(*head)
    }

    fn invalid<T>(&self, why: impl Into<String>) -> Result<T, ObjectError> {
        Err(ObjectError::Invalid { at: self.at, why: why.into() })
    }

    fn inst(&mut self, count: usize) -> Result<Inst, ObjectError> {
        let [op, ty] = self.take()?;
        let Some(spec) = SPECS.get(usize::from(op)) else {
            return self.invalid(format!("there is no operation {op}"));
        };
        let ty = match (spec.typed, Dtype::ALL.get(usize::from(ty))) {
            (true, Some(ty)) => Some(*ty),
            (false, None) if ty == 255 => None,
            _ => return self.invalid(format!("`{}` cannot have the type {ty}", spec.name)),
        };
        let matrix = matches!(spec.op, Op::Mload | Op::Mmul | Op::Mmac);
        if matrix && ty == Some(Dtype::I32) {
            return self.invalid("the array multiplies no i32");
        }
        let mut args = Vec::with_capacity(spec.operands.len());
        for operand in spec.operands {
            args.push(self.arg(operand.kind, count)?);
        }
        Ok(Inst { op: spec.op, ty, args, line: 0 })
    }

    fn arg(&mut self, kind: Kind, count: usize) -> Result<Arg, ObjectError> {
        let [form] = self.take()?;
        let arg = match form {
            0..=4 => {
                let [n] = self.take()?;
                let (arg, most) = match form {
                    0 => (Arg::S(n), SCALARS),
                    1 => (Arg::V(n), VECTORS),
                    2 => (Arg::A(n), MOST_TILES),
                    3 => (Arg::W(n), WEIGHTS),
                    _ => (Arg::T(n), TAGS),
                };
                if n >= most {
                    return self.invalid(format!("there is no register {arg}"));
                }
                arg
            }
            5 => Arg::Int(i64::from_le_bytes(self.take()?)),
            6 => Arg::Float(f32::from_le_bytes(self.take()?)),
            7 => {
                let [base] = self.take()?;
                if base >= SCALARS && base != 255 {
                    return self.invalid(format!("there is no register s{base}"));
                }
                let base = (base != 255).then_some(base);
                Arg::Mem { base, offset: i64::from_le_bytes(self.take()?) }
            }
            8 => Arg::To(u32::from_le_bytes(self.take()?)),
            _ => return self.invalid(format!("there is no operand of kind {form}")),
        };
        if !fits(kind, arg) {
            return self.invalid(format!("expected {}, found {arg}", kind.expected()));
        }
        if matches!(arg, Arg::To(to) if to as usize > count) {
            return self.invalid("a branch leaves the program");
        }
        Ok(arg)
    }
}

/// Whether an operand may stand where the table wants this kind.
pub(crate) fn fits(kind: Kind, arg: Arg) -> bool {
    match kind {
        Kind::ScalarOut | Kind::Scalar => matches!(arg, Arg::S(_)),
        Kind::Value => matches!(arg, Arg::S(_) | Arg::Int(_)),
        Kind::Int => matches!(arg, Arg::Int(_)),
        Kind::Float => matches!(arg, Arg::Float(_)),
        Kind::VectorOut | Kind::Vector | Kind::VectorBoth => matches!(arg, Arg::V(_)),
        Kind::VectorOrFloat => matches!(arg, Arg::V(_) | Arg::Float(_)),
        Kind::TileOut | Kind::Tile | Kind::TileBoth => matches!(arg, Arg::A(_)),
        Kind::WeightOut | Kind::Weight => matches!(arg, Arg::W(_)),
        Kind::Tag => matches!(arg, Arg::T(_)),
        Kind::Spad | Kind::Dram => matches!(arg, Arg::Mem { .. }),
        Kind::Label => matches!(arg, Arg::To(_)),
    }
}
