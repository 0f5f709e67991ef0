//! Instructions in the form in which the fast interpreter runs them.

use crate::dtype::Dtype;
use crate::isa::{Arg, Inst, Op};

/// A register or a constant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Val {
    Reg(u8),
    Int(i64),
}

/// A register's value, or 0, plus an offset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mem {
    pub base: Option<u8>,
    pub offset: i64,
}

/// A vector register or a number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Elements {
    Reg(u8),
    All(f32),
}

/// A transfer between DRAM and scratchpad.
#[derive(Debug, Clone, Copy)]
pub(super) struct DmaStep {
    pub load: bool,
    pub tag: u8,
    pub spad: Mem,
    pub dram: Mem,
    pub rows: Val,
    pub bytes: Val,
    pub spad_stride: Val,
    pub dram_stride: Val,
}

/// A decoded instruction.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Halt,
    Nop,
    Barrier,
    Li {
        d: u8,
        value: i64,
    },
    Alu {
        op: Op,
        d: u8,
        a: u8,
        b: Val,
    },
    Jump {
        to: u32,
    },
    Branch {
        op: Op,
        a: u8,
        b: Val,
        to: u32,
    },
    Dma(DmaStep),
    Wait {
        tag: u8,
        count: Val,
    },
    Load {
        ty: Dtype,
        d: u8,
        src: Mem,
        stride: Val,
        k: Val,
        n: Val,
    },
    Product {
        ty: Dtype,
        d: u8,
        w: u8,
        src: Mem,
        stride: Val,
        m: Val,
        add: bool,
    },
    Drain {
        ty: Dtype,
        tag: u8,
        dst: Mem,
        stride: Val,
        a: u8,
        m: Val,
        n: Val,
    },
    SetLength {
        n: Val,
    },
    VectorLoad {
        ty: Dtype,
        d: u8,
        src: Mem,
        stride: Val,
    },
    VectorStore {
        ty: Dtype,
        a: u8,
        dst: Mem,
        stride: Val,
    },
    Broadcast {
        ty: Dtype,
        d: u8,
        src: Mem,
    },
    Fill {
        d: u8,
        value: f32,
    },
    Iota {
        d: u8,
    },
    Unary {
        op: Op,
        d: u8,
        a: u8,
    },
    Binary {
        op: Op,
        d: u8,
        a: u8,
        b: Elements,
    },
    Mac {
        d: u8,
        a: u8,
        b: Elements,
    },
    Select {
        d: u8,
        mask: u8,
        a: u8,
        b: Elements,
    },
    Reduce {
        op: Op,
        d: u8,
        a: u8,
    },
    /// Operands that are not as the table says; only a hand-made program has such.
    Invalid,
}

fn register(arg: Arg) -> Option<u8> {
    match arg {
        Arg::S(n) | Arg::V(n) | Arg::A(n) | Arg::W(n) | Arg::T(n) => Some(n),
        _ => None,
    }
}

fn val(arg: Arg) -> Option<Val> {
    match arg {
        Arg::S(n) => Some(Val::Reg(n)),
        Arg::Int(value) => Some(Val::Int(value)),
        _ => None,
    }
}

fn mem(arg: Arg) -> Option<Mem> {
    match arg {
        Arg::Mem { base, offset } => Some(Mem { base, offset }),
        _ => None,
    }
}

fn elements(arg: Arg) -> Option<Elements> {
    match arg {
        Arg::V(n) => Some(Elements::Reg(n)),
        Arg::Float(value) => Some(Elements::All(value)),
        _ => None,
    }
}

/// The instruction's decoded form.
pub(super) fn step(inst: &Inst) -> Step {
    let fit = inst.args.len() == inst.spec().operands.len()
        && inst
            .args
            .iter()
            .zip(inst.spec().operands)
            .all(|(arg, operand)| crate::object::fits(operand.kind, *arg));
    if !fit || inst.ty.is_some() != inst.spec().typed {
        return Step::Invalid;
    }
    decode(inst).unwrap_or(Step::Invalid)
}

fn decode(inst: &Inst) -> Option<Step> {
    let args = &inst.args;
    let reg = |at: usize| args.get(at).copied().and_then(register);
    let value = |at: usize| args.get(at).copied().and_then(val);
    let memory = |at: usize| args.get(at).copied().and_then(mem);
    let vector = |at: usize| args.get(at).copied().and_then(elements);
    let to = |at: usize| match args.get(at) {
        Some(Arg::To(to)) => Some(*to),
        _ => None,
    };
    let op = inst.op;
    Some(match op {
        Op::Halt => Step::Halt,
        Op::Nop => Step::Nop,
        Op::Barrier => Step::Barrier,
        Op::Li => match args[1] {
            Arg::Int(value) => Step::Li { d: reg(0)?, value },
            _ => return None,
        },
        Op::Jmp => Step::Jump { to: to(0)? },
        Op::Beq | Op::Bne | Op::Blt | Op::Bge => {
            Step::Branch { op, a: reg(0)?, b: value(1)?, to: to(2)? }
        }
        Op::Add
        | Op::Sub
        | Op::Mul
        | Op::Div
        | Op::Rem
        | Op::Min
        | Op::Max
        | Op::And
        | Op::Or
        | Op::Xor
        | Op::Shl
        | Op::Shr => Step::Alu { op, d: reg(0)?, a: reg(1)?, b: value(2)? },
        Op::Dload | Op::Dstore => Step::Dma(dma(op == Op::Dload, args)?),
        Op::Wait => Step::Wait { tag: reg(0)?, count: value(1)? },
        Op::Mload | Op::Mmul | Op::Mmac | Op::Mdrain => matrix(inst)?,
        Op::Vset => Step::SetLength { n: value(0)? },
        Op::Vld => {
            Step::VectorLoad { ty: inst.ty?, d: reg(0)?, src: memory(1)?, stride: value(2)? }
        }
        Op::Vst => {
            Step::VectorStore { ty: inst.ty?, a: reg(0)?, dst: memory(1)?, stride: value(2)? }
        }
        Op::Vbc => Step::Broadcast { ty: inst.ty?, d: reg(0)?, src: memory(1)? },
        Op::Vli => match args[1] {
            Arg::Float(value) => Step::Fill { d: reg(0)?, value },
            _ => return None,
        },
        Op::Viota => Step::Iota { d: reg(0)? },
        Op::Vmv
        | Op::Vneg
        | Op::Vabs
        | Op::Vexp
        | Op::Vlog
        | Op::Vtanh
        | Op::Vsqrt
        | Op::Vrsqrt
        | Op::Vrcp => Step::Unary { op, d: reg(0)?, a: reg(1)? },
        Op::Vadd
        | Op::Vsub
        | Op::Vmul
        | Op::Vdiv
        | Op::Vmin
        | Op::Vmax
        | Op::Vlt
        | Op::Vle
        | Op::Veq => Step::Binary { op, d: reg(0)?, a: reg(1)?, b: vector(2)? },
        Op::Vmac => Step::Mac { d: reg(0)?, a: reg(1)?, b: vector(2)? },
        Op::Vsel => Step::Select { d: reg(0)?, mask: reg(1)?, a: reg(2)?, b: vector(3)? },
        Op::Vrsum | Op::Vrmax | Op::Vrmin => Step::Reduce { op, d: reg(0)?, a: reg(1)? },
    })
}

fn dma(load: bool, args: &[Arg]) -> Option<DmaStep> {
    let (spad, dram) = if load { (args[1], args[2]) } else { (args[2], args[1]) };
    let (spad_stride, dram_stride) = if load { (args[5], args[6]) } else { (args[6], args[5]) };
    Some(DmaStep {
        load,
        tag: register(args[0])?,
        spad: mem(spad)?,
        dram: mem(dram)?,
        rows: val(args[3])?,
        bytes: val(args[4])?,
        spad_stride: val(spad_stride)?,
        dram_stride: val(dram_stride)?,
    })
}

fn matrix(inst: &Inst) -> Option<Step> {
    let args = &inst.args;
    let ty = inst.ty?;
    Some(match inst.op {
        Op::Mload => Step::Load {
            ty,
            d: register(args[0])?,
            src: mem(args[1])?,
            stride: val(args[2])?,
            k: val(args[3])?,
            n: val(args[4])?,
        },
        Op::Mdrain => Step::Drain {
            ty,
            tag: register(args[0])?,
            dst: mem(args[1])?,
            stride: val(args[2])?,
            a: register(args[3])?,
            m: val(args[4])?,
            n: val(args[5])?,
        },
        _ => Step::Product {
            ty,
            d: register(args[0])?,
            w: register(args[1])?,
            src: mem(args[2])?,
            stride: val(args[3])?,
            m: val(args[4])?,
            add: inst.op == Op::Mmac,
        },
    })
}
