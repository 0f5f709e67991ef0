//! Random programs, legal by construction but for some that are not.

#![allow(dead_code)] // each test file uses its part

use evolve_npu::dtype::Dtype;
use evolve_npu::isa::{Arg, Default, Inst, Kind, Op, Program, SPECS, Spec};
use evolve_npu::machine::Machine;
use evolve_npu::run::Dram;
use proptest::prelude::*;

/// A machine small enough for the slow interpreter, with every type.
pub fn tiny() -> Machine {
    let text = evolve_npu::machine::PRESETS[0].1;
    let text = text
        .replace("rows = 16", "rows = 4")
        .replace("cols = 16", "cols = 4")
        .replace("tile_rows = 64", "tile_rows = 8")
        .replace("tiles = 8", "tiles = 3")
        .replace("lanes = 16", "lanes = 4")
        .replace("length = 64", "length = 8")
        .replace("kib = 128", "kib = 1")
        .replace("\"bf16\"]", "\"bf16\", \"f32\"]");
    Machine::parse(&text).unwrap()
}

/// Two tensors, at 4096 and 12288: one to read, one to write.
pub fn dram(seed: u8) -> Dram {
    let mut dram = Dram::default();
    // Small numbers of every type lie in such bytes, and some huge ones and NaNs.
    let bytes = |salt: u8| -> Vec<u8> {
        (0..1024_u32)
            .map(|i| (i as u8).wrapping_mul(37).wrapping_add(seed).rotate_left(u32::from(salt)))
            .collect()
    };
    dram.add("X", bytes(1), false);
    dram.add("Y", bytes(3), true);
    dram
}

/// What an operand may be, mostly in range.
fn arg(kind: Kind, machine: &Machine, at: usize, len: usize) -> BoxedStrategy<Arg> {
    let size = || prop_oneof![8 => 1_i64..5, 1 => 0_i64..20, 1 => any::<i64>()];
    let near = || {
        (
            prop::option::weighted(0.4, 0_u8..8),
            prop_oneof![12 => (0_i64..110).prop_map(|x| x * 8), 1 => -8_i64..1100],
        )
            .prop_map(|(base, offset)| Arg::Mem { base, offset })
    };
    match kind {
        Kind::ScalarOut | Kind::Scalar => (0_u8..8).prop_map(Arg::S).boxed(),
        Kind::Value => {
            prop_oneof![1 => (0_u8..8).prop_map(Arg::S), 4 => size().prop_map(Arg::Int)].boxed()
        }
        Kind::Int => {
            prop_oneof![(0_i64..12).prop_map(Arg::Int), any::<i64>().prop_map(Arg::Int)].boxed()
        }
        Kind::Float => number().prop_map(Arg::Float).boxed(),
        Kind::VectorOut | Kind::Vector | Kind::VectorBoth => (0_u8..4).prop_map(Arg::V).boxed(),
        Kind::VectorOrFloat => {
            prop_oneof![3 => (0_u8..4).prop_map(Arg::V), 1 => number().prop_map(Arg::Float)].boxed()
        }
        Kind::TileOut | Kind::Tile | Kind::TileBoth => {
            (0_u8..machine.matrix.tiles as u8).prop_map(Arg::A).boxed()
        }
        Kind::WeightOut | Kind::Weight => (0_u8..2).prop_map(Arg::W).boxed(),
        Kind::Tag => (0_u8..3).prop_map(Arg::T).boxed(),
        Kind::Spad => near().boxed(),
        Kind::Dram => {
            let place =
                prop_oneof![10 => 4096_i64..4900, 10 => 12_288_i64..13_100, 1 => 0_i64..15_000];
            place.prop_map(|offset| Arg::Mem { base: None, offset }).boxed()
        }
        // Mostly forward, so that most programs end.
        Kind::Label => prop_oneof![
            6 => (at as u32 + 1)..=(len as u32),
            1 => 0..=(len as u32),
        ]
        .prop_map(Arg::To)
        .boxed(),
    }
}

fn number() -> impl Strategy<Value = f32> {
    prop_oneof![
        4 => -4.0_f32..4.0,
        1 => any::<f32>().prop_filter("NaN equals nothing", |x| !x.is_nan()),
    ]
}

/// An instruction as the table allows it.
pub fn inst(machine: &Machine, at: usize, len: usize) -> BoxedStrategy<Inst> {
    let machine = machine.clone();
    (0..SPECS.len())
        .prop_flat_map(move |which| {
            let spec: &Spec = &SPECS[which];
            let types = match spec.op {
                Op::Mload | Op::Mmul | Op::Mmac => machine.matrix.types.clone(),
                _ => Dtype::ALL.to_vec(),
            };
            let args: Vec<_> = spec
                .operands
                .iter()
                .map(|operand| match (operand.name, spec.op) {
                    (
                        "stride",
                        Op::Mload | Op::Mmul | Op::Mmac | Op::Mdrain | Op::Vld | Op::Vst,
                    ) => prop_oneof![Just(4_i64), Just(8), Just(16), Just(32)]
                        .prop_map(Arg::Int)
                        .boxed(),
                    ("dstride" | "sstride", _) => {
                        prop_oneof![Just(0_i64), Just(8), Just(40)].prop_map(Arg::Int).boxed()
                    }
                    _ => arg(operand.kind, &machine, at, len),
                })
                .collect();
            (prop::sample::select(types), args).prop_map(move |(ty, args)| Inst {
                op: spec.op,
                ty: spec.typed.then_some(ty),
                args,
                line: 0,
            })
        })
        .boxed()
}

/// Starts that make most of what follows legal: data in the scratchpad, weights, tiles.
pub fn prelude() -> Vec<Inst> {
    let machine = tiny();
    let source = "
        li s1, 3
        li s2, 64
        li s3, 128
        li s4, 2
        dload t0, [0], [X], 1, 768
        wait t0
        mload.f16 w0, [64], 16
        mload.i8 w1, [8], 8, 3, 4
        mmul.f16 a0, w0, [128], 16, 6
        mmul.i8 a1, w1, [256], 8, 8
        vld.f16 v0, [512]
        vld.i8 v1, [16]
        vmv v2, v1
    ";
    let dram = dram(0);
    evolve_npu::asm::assemble(source, &machine, &dram.constants()).unwrap().insts
}

/// A program: the prelude, random instructions, a halt.
pub fn program(most: usize) -> impl Strategy<Value = Program> {
    let machine = tiny();
    let before = prelude().len();
    (1..=most)
        .prop_flat_map(move |count| {
            let len = before + count + 1;
            (0..count).map(|i| inst(&machine, before + i, len - 1)).collect::<Vec<_>>()
        })
        .prop_map(|random| {
            let mut insts = prelude();
            insts.extend(random);
            insts.push(Inst { op: Op::Halt, ty: None, args: Vec::new(), line: 0 });
            Program { insts }
        })
}

/// Whether every operand is there; used to see that the table and this file agree.
pub fn needs(spec: &Spec) -> usize {
    spec.operands.iter().filter(|operand| operand.default == Default::None).count()
}
