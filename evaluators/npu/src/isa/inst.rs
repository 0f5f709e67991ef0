//! Assembled instructions, and their text.

use std::fmt;

use super::{Op, SPECS, Spec};
use crate::dtype::Dtype;

/// An operand of an assembled instruction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arg {
    /// A scalar register.
    S(u8),
    /// A vector register.
    V(u8),
    /// An accumulator tile.
    A(u8),
    /// A weight register.
    W(u8),
    /// A tag.
    T(u8),
    /// An integer.
    Int(i64),
    /// A number for every element.
    Float(f32),
    /// A scalar register's value, or 0, plus an offset.
    Mem {
        /// The register.
        base: Option<u8>,
        /// Bytes added to it.
        offset: i64,
    },
    /// Index of the instruction to go on with.
    To(u32),
}

/// An assembled instruction: operands are as the table says, none is left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Inst {
    /// What to do.
    pub op: Op,
    /// The element type, where the mnemonic has one.
    pub ty: Option<Dtype>,
    /// The operands.
    pub args: Vec<Arg>,
    /// Line of the source, from 1; 0 without a source.
    pub line: u32,
}

impl Inst {
    /// Its entry in the table.
    pub fn spec(&self) -> &'static Spec {
        &SPECS[self.op as usize]
    }
}

impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S(n) => write!(f, "s{n}"),
            Self::V(n) => write!(f, "v{n}"),
            Self::A(n) => write!(f, "a{n}"),
            Self::W(n) => write!(f, "w{n}"),
            Self::T(n) => write!(f, "t{n}"),
            Self::Int(value) => write!(f, "{value}"),
            // With a point or an exponent, so that it is read back as the same number.
            Self::Float(value) if value.is_nan() => write!(f, "nan"),
            Self::Float(value) if value.is_infinite() => {
                write!(f, "{}inf", if *value < 0.0 { "-" } else { "" })
            }
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Mem { base: None, offset } => write!(f, "[{offset}]"),
            Self::Mem { base: Some(base), offset: 0 } => write!(f, "[s{base}]"),
            Self::Mem { base: Some(base), offset } => {
                let sign = if *offset < 0 { '-' } else { '+' };
                write!(f, "[s{base} {sign} {}]", offset.unsigned_abs())
            }
            Self::To(at) => write!(f, "L{at}"),
        }
    }
}

impl fmt::Display for Inst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spec().name)?;
        if let Some(ty) = self.ty {
            write!(f, ".{}", ty.name())?;
        }
        for (at, arg) in self.args.iter().enumerate() {
            write!(f, "{} {arg}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// An assembled program.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Program {
    /// Its instructions; execution starts with the first.
    pub insts: Vec<Inst>,
}

impl Program {
    /// The program as text that assembles to the same program, with a label `L<index>`
    /// before every instruction that is the goal of a branch.
    pub fn disassemble(&self) -> String {
        let mut goals: Vec<bool> = vec![false; self.insts.len() + 1];
        for arg in self.insts.iter().flat_map(|inst| &inst.args) {
            if let Arg::To(at) = arg
                && let Some(goal) = goals.get_mut(*at as usize)
            {
                *goal = true;
            }
        }
        let mut text = String::new();
        for (at, inst) in self.insts.iter().enumerate() {
            if goals[at] {
                text.push_str(&format!("L{at}:\n"));
            }
            text.push_str(&format!("    {inst}\n"));
        }
        if goals[self.insts.len()] {
            text.push_str(&format!("L{}:\n", self.insts.len()));
        }
        text
    }
}
