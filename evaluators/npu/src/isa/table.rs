//! The table.

use super::{Default, Kind, Operand, Spec, Unit};

const fn need(name: &'static str, kind: Kind) -> Operand {
    Operand { name, kind, default: Default::None }
}

const fn may(name: &'static str, kind: Kind, default: Default) -> Operand {
    Operand { name, kind, default }
}

const SCALAR3: &[Operand] =
    &[need("D", Kind::ScalarOut), need("A", Kind::Scalar), need("b", Kind::Value)];
const BRANCH: &[Operand] =
    &[need("A", Kind::Scalar), need("b", Kind::Value), need("to", Kind::Label)];
const VECTOR2: &[Operand] = &[need("D", Kind::VectorOut), need("A", Kind::Vector)];
const VECTOR3: &[Operand] =
    &[need("D", Kind::VectorOut), need("A", Kind::Vector), need("b", Kind::VectorOrFloat)];

/// One line each: variant, mnemonic, typed, unit, operands, what it does.
macro_rules! table {
    ($($op:ident $name:literal $typed:literal $unit:ident $operands:expr, $doc:literal;)*) => {
        /// What an instruction does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        // The texts are the manual's: indices in brackets are no links.
        #[allow(rustdoc::broken_intra_doc_links)]
        pub enum Op {
            $(#[doc = $doc] $op,)*
        }

        /// Every instruction, in the order of [`Op`].
        pub const SPECS: &[Spec] = &[$(Spec {
            op: Op::$op,
            name: $name,
            typed: $typed,
            unit: Unit::$unit,
            operands: $operands,
            doc: $doc,
        },)*];
    };
}

table! {
    Halt "halt" false Scalar &[], "Ends the program, after every transfer has ended.";
    Nop "nop" false Scalar &[], "Does nothing.";
    Barrier "barrier" false Scalar &[], "Waits for every transfer and for all units.";
    Li "li" false Scalar &[need("D", Kind::ScalarOut), need("value", Kind::Int)],
        "sD = value.";
    Add "add" false Scalar SCALAR3, "sD = sA + b, modulo 2^64.";
    Sub "sub" false Scalar SCALAR3, "sD = sA - b, modulo 2^64.";
    Mul "mul" false Scalar SCALAR3, "sD = sA * b, modulo 2^64.";
    Div "div" false Scalar SCALAR3, "sD = sA / b, rounded towards zero; traps when b is 0.";
    Rem "rem" false Scalar SCALAR3, "sD = sA - b * (sA / b); traps when b is 0.";
    Min "min" false Scalar SCALAR3, "sD = the smaller of sA and b.";
    Max "max" false Scalar SCALAR3, "sD = the larger of sA and b.";
    And "and" false Scalar SCALAR3, "sD = sA and b, bit by bit.";
    Or "or" false Scalar SCALAR3, "sD = sA or b, bit by bit.";
    Xor "xor" false Scalar SCALAR3, "sD = sA exclusive-or b, bit by bit.";
    Shl "shl" false Scalar SCALAR3, "sD = sA shifted left by the low 6 bits of b.";
    Shr "shr" false Scalar SCALAR3,
        "sD = sA shifted right by the low 6 bits of b, keeping the sign.";
    Jmp "jmp" false Scalar &[need("to", Kind::Label)], "Goes on at the label.";
    Beq "beq" false Scalar BRANCH, "Goes on at the label if sA = b.";
    Bne "bne" false Scalar BRANCH, "Goes on at the label if sA is not b.";
    Blt "blt" false Scalar BRANCH, "Goes on at the label if sA < b.";
    Bge "bge" false Scalar BRANCH, "Goes on at the label if sA >= b.";
    Dload "dload" false Dma &[
            need("G", Kind::Tag),
            need("dst", Kind::Spad),
            need("src", Kind::Dram),
            need("rows", Kind::Value),
            need("bytes", Kind::Value),
            may("dstride", Kind::Value, Default::Int(0)),
            may("sstride", Kind::Value, Default::Int(0)),
        ],
        "Starts a transfer of rows x bytes from DRAM to scratchpad. Row i goes from \
         src + i*sstride to dst + i*dstride; a stride of 0 means `bytes`.";
    Dstore "dstore" false Dma &[
            need("G", Kind::Tag),
            need("dst", Kind::Dram),
            need("src", Kind::Spad),
            need("rows", Kind::Value),
            need("bytes", Kind::Value),
            may("dstride", Kind::Value, Default::Int(0)),
            may("sstride", Kind::Value, Default::Int(0)),
        ],
        "Starts a transfer of rows x bytes from scratchpad to DRAM. Row i goes from \
         src + i*sstride to dst + i*dstride; a stride of 0 means `bytes`.";
    Wait "wait" false Scalar &[
            need("G", Kind::Tag),
            may("count", Kind::Value, Default::Int(1)),
        ],
        "Waits for the oldest `count` transfers of the tag that were not waited for yet. \
         Traps when there are fewer: it would wait for ever.";
    Mload "mload" true Matrix &[
            need("D", Kind::WeightOut),
            need("src", Kind::Spad),
            need("stride", Kind::Value),
            may("k", Kind::Value, Default::Rows),
            may("n", Kind::Value, Default::Cols),
        ],
        "Loads k rows of n weights into wD; row i is read at src + i*stride.";
    Mmul "mmul" true Matrix &[
            need("D", Kind::TileOut),
            need("B", Kind::Weight),
            need("src", Kind::Spad),
            need("stride", Kind::Value),
            need("m", Kind::Value),
        ],
        "aD[i][j] = sum over p of x[i][p] * wB[p][j], for m rows of k activations x, read at \
         src + i*stride. k and n are those of wB; tile aD then holds m rows.";
    Mmac "mmac" true Matrix &[
            need("D", Kind::TileBoth),
            need("B", Kind::Weight),
            need("src", Kind::Spad),
            need("stride", Kind::Value),
            need("m", Kind::Value),
        ],
        "As mmul, but adds to what tile aD holds.";
    Mdrain "mdrain" true Matrix &[
            need("G", Kind::Tag),
            need("dst", Kind::Spad),
            need("stride", Kind::Value),
            need("A", Kind::Tile),
            need("m", Kind::Value),
            may("n", Kind::Value, Default::Cols),
        ],
        "Starts to write m rows of n sums of tile aA to the scratchpad, row i at \
         dst + i*stride. The bytes may be touched after a wait for the tag.";
    Vset "vset" false Vector &[need("n", Kind::Value)],
        "Makes the first n elements of vector registers active (1 to VLEN; VLEN at the start).";
    Vld "vld" true Memory &[
            need("D", Kind::VectorOut),
            need("src", Kind::Spad),
            may("stride", Kind::Value, Default::ElementSize),
        ],
        "Loads the active elements of vD; element i is read at src + i*stride.";
    Vst "vst" true Memory &[
            need("A", Kind::Vector),
            need("dst", Kind::Spad),
            may("stride", Kind::Value, Default::ElementSize),
        ],
        "Stores the active elements of vA; element i is written at dst + i*stride.";
    Vbc "vbc" true Memory &[need("D", Kind::VectorOut), need("src", Kind::Spad)],
        "Loads one element into all elements of vD, active or not.";
    Vli "vli" false Vector &[need("D", Kind::VectorOut), need("value", Kind::Float)],
        "Sets all elements of vD, active or not.";
    Viota "viota" false Vector &[need("D", Kind::VectorOut)],
        "Sets all elements of vD to their index, from 0.";
    Vmv "vmv" false Vector VECTOR2, "vD = vA.";
    Vneg "vneg" false Vector VECTOR2, "vD = -vA.";
    Vabs "vabs" false Vector VECTOR2, "vD = |vA|.";
    Vexp "vexp" false Vector VECTOR2, "vD = e^vA.";
    Vlog "vlog" false Vector VECTOR2, "vD = natural logarithm of vA.";
    Vtanh "vtanh" false Vector VECTOR2, "vD = hyperbolic tangent of vA.";
    Vsqrt "vsqrt" false Vector VECTOR2, "vD = square root of vA.";
    Vrsqrt "vrsqrt" false Vector VECTOR2, "vD = 1 / square root of vA, rounded twice.";
    Vrcp "vrcp" false Vector VECTOR2, "vD = 1 / vA.";
    Vadd "vadd" false Vector VECTOR3, "vD = vA + b.";
    Vsub "vsub" false Vector VECTOR3, "vD = vA - b.";
    Vmul "vmul" false Vector VECTOR3, "vD = vA * b.";
    Vdiv "vdiv" false Vector VECTOR3, "vD = vA / b.";
    Vmin "vmin" false Vector VECTOR3, "vD = vA if vA < b, else b.";
    Vmax "vmax" false Vector VECTOR3, "vD = vA if vA > b, else b.";
    Vlt "vlt" false Vector VECTOR3, "vD = 1 where vA < b, else 0.";
    Vle "vle" false Vector VECTOR3, "vD = 1 where vA <= b, else 0.";
    Veq "veq" false Vector VECTOR3, "vD = 1 where vA = b, else 0.";
    Vmac "vmac" false Vector
        &[need("D", Kind::VectorBoth), need("A", Kind::Vector), need("b", Kind::VectorOrFloat)],
        "vD = vD + vA * b, rounded after the product and after the sum.";
    Vsel "vsel" false Vector &[
            need("D", Kind::VectorOut),
            need("M", Kind::Vector),
            need("A", Kind::Vector),
            need("b", Kind::VectorOrFloat),
        ],
        "vD = vA where vM is not 0, else b.";
    Vrsum "vrsum" false Vector VECTOR2,
        "Sets all elements of vD to the sum of the active elements of vA, added as a tree: \
         element i takes element i + h, with h from half the next power of two of n down to 1.";
    Vrmax "vrmax" false Vector VECTOR2,
        "Sets all elements of vD to the largest active element of vA, by the same tree.";
    Vrmin "vrmin" false Vector VECTOR2,
        "Sets all elements of vD to the smallest active element of vA, by the same tree.";
}
