//! The instruction set as one table: assembler, disassembler, object files, manual, fuzzing
//! and mutation all read it, so that they cannot disagree.

mod inst;
mod table;

pub use inst::{Arg, Inst, Program};
pub use table::{Op, SPECS};

/// Scalar registers `s0` …; 64-bit integers.
pub const SCALARS: u8 = 32;
/// Vector registers `v0` ….
pub const VECTORS: u8 = 32;
/// Weight registers `w0` …: one in use, one being filled.
pub const WEIGHTS: u8 = 2;
/// Tags `t0` … of transfers.
pub const TAGS: u8 = 16;

/// The unit that works on an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Integers, branches, waits.
    Scalar,
    /// Arithmetic on vector registers.
    Vector,
    /// Vector loads and stores.
    Memory,
    /// The systolic array.
    Matrix,
    /// Transfers to and from DRAM.
    Dma,
}

impl Unit {
    /// Every unit, in the order of reports.
    pub const ALL: [Self; 5] = [Self::Scalar, Self::Vector, Self::Memory, Self::Matrix, Self::Dma];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "vector",
            Self::Memory => "memory",
            Self::Matrix => "matrix",
            Self::Dma => "dma",
        }
    }
}

/// What an operand may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A scalar register that is written.
    ScalarOut,
    /// A scalar register that is read.
    Scalar,
    /// A scalar register or a constant integer.
    Value,
    /// A constant integer.
    Int,
    /// A constant number.
    Float,
    /// A vector register that is written.
    VectorOut,
    /// A vector register that is read.
    Vector,
    /// A vector register that is read and written.
    VectorBoth,
    /// A vector register that is read, or a constant number for every element.
    VectorOrFloat,
    /// An accumulator tile that is written.
    TileOut,
    /// An accumulator tile that is read.
    Tile,
    /// An accumulator tile that is read and written.
    TileBoth,
    /// A weight register that is written.
    WeightOut,
    /// A weight register that is read.
    Weight,
    /// A tag.
    Tag,
    /// An address in the scratchpad.
    Spad,
    /// An address in DRAM.
    Dram,
    /// Where to go on.
    Label,
}

impl Kind {
    /// What the assembler says it expected.
    pub fn expected(self) -> &'static str {
        match self {
            Self::ScalarOut | Self::Scalar => "a scalar register (s0..s31)",
            Self::Value => "a scalar register (s0..s31) or an integer",
            Self::Int => "an integer",
            Self::Float => "a number",
            Self::VectorOut | Self::Vector | Self::VectorBoth => "a vector register (v0..v31)",
            Self::VectorOrFloat => "a vector register (v0..v31) or a number",
            Self::TileOut | Self::Tile | Self::TileBoth => "an accumulator tile (a0, a1, ..)",
            Self::WeightOut | Self::Weight => "a weight register (w0 or w1)",
            Self::Tag => "a tag (t0..t15)",
            Self::Spad => "a scratchpad address ([s1], [s1 + 64] or [64])",
            Self::Dram => "a DRAM address ([s1], [s1 + 64] or [X])",
            Self::Label => "a label",
        }
    }

    /// How the manual writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::ScalarOut | Self::Scalar => "s",
            Self::Value => "s|int",
            Self::Int => "int",
            Self::Float => "num",
            Self::VectorOut | Self::Vector | Self::VectorBoth => "v",
            Self::VectorOrFloat => "v|num",
            Self::TileOut | Self::Tile | Self::TileBoth => "a",
            Self::WeightOut | Self::Weight => "w",
            Self::Tag => "t",
            Self::Spad => "[spad]",
            Self::Dram => "[dram]",
            Self::Label => "label",
        }
    }
}

/// What an operand is when it is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// It may not be left out.
    None,
    /// This number.
    Int(i64),
    /// Bytes of an element.
    ElementSize,
    /// Rows of the array.
    Rows,
    /// Columns of the array.
    Cols,
}

/// An operand in the table.
#[derive(Debug, Clone, Copy)]
pub struct Operand {
    /// Its name in the manual.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is when left out; only the last operands may be.
    pub default: Default,
}

/// An instruction in the table.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Which.
    pub op: Op,
    /// Its mnemonic.
    pub name: &'static str,
    /// Whether the mnemonic needs a type: `vld.f16`.
    pub typed: bool,
    /// The unit that works on it.
    pub unit: Unit,
    /// Its operands, in order.
    pub operands: &'static [Operand],
    /// What it does.
    pub doc: &'static str,
}

impl Spec {
    /// The instruction with this mnemonic.
    pub fn find(name: &str) -> Option<&'static Self> {
        SPECS.iter().find(|spec| spec.name == name)
    }

    /// How it is written: `vadd vD, vA, v|num`.
    pub fn usage(&self) -> String {
        let mut text = self.name.to_owned();
        if self.typed {
            text.push_str(".T");
        }
        for (at, operand) in self.operands.iter().enumerate() {
            text.push_str(if at == 0 { " " } else { ", " });
            let written = match operand.kind {
                Kind::Value | Kind::Int | Kind::Float | Kind::Label | Kind::VectorOrFloat => {
                    format!("{}:{}", operand.name, operand.kind.symbol())
                }
                Kind::Spad | Kind::Dram => format!("[{}]", operand.name),
                kind => format!("{}{}", kind.symbol(), operand.name),
            };
            if operand.default == Default::None {
                text.push_str(&written);
            } else {
                text.push_str(&format!("({written})"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_its_enum_and_names_are_unique() {
        for (at, spec) in SPECS.iter().enumerate() {
            assert_eq!(spec.op as usize, at, "{}", spec.name);
            assert_eq!(Spec::find(spec.name).unwrap().op, spec.op);
        }
    }

    #[test]
    fn only_last_operands_may_be_left_out() {
        for spec in SPECS {
            let optional = spec.operands.iter().map(|operand| operand.default != Default::None);
            let optional: Vec<bool> = optional.collect();
            assert!(optional.is_sorted(), "{}", spec.name);
        }
    }
}
