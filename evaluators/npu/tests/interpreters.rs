//! The fast and the slow interpreter agree, on programs that end and on programs that trap.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use std::mem::discriminant;

use common::{dram, program, tiny};
use evolve_npu::isa::Program;
use evolve_npu::run::{Dram, Limits, Outcome, Trap, follow, run, run_slowly};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const LIMITS: Limits<'static> = Limits { work: 2_000, cancel: None };

/// What both must agree on: how it ended and where.
fn course(result: &Result<Outcome, Box<Trap>>) -> String {
    match result {
        Ok(outcome) => format!("ended after {} steps", outcome.steps),
        Err(trap) => format!("{:?} at {} step {}", discriminant(&trap.kind), trap.pc, trap.step),
    }
}

/// Runs a program both ways and compares; returns whether it came to its end.
fn agree(program: &Program, seed: u8) -> Result<bool, TestCaseError> {
    let machine = tiny();
    let (mut fast, mut slow, mut none): (Dram, Dram, Dram) = (dram(seed), dram(seed), dram(seed));
    let first = run(program, &machine, &mut fast, &LIMITS, &mut ());
    let second = run_slowly(program, &machine, &mut slow, &LIMITS);
    let third = follow(program, &machine, &mut none, &LIMITS, &mut ());
    prop_assert_eq!(course(&first), course(&third), "with and without data");
    let limit = |result: &Result<_, Box<Trap>>| matches!(result, Err(trap) if matches!(trap.kind, evolve_npu::run::TrapKind::WorkLimit(_)));
    if limit(&first) || limit(&second) {
        // Work is counted by instructions in the slow one: only that both go on for long.
        return Ok(false);
    }
    prop_assert_eq!(course(&first), course(&second), "\n{}", program.disassemble());
    prop_assert!(fast == slow, "different bytes in DRAM\n{}", program.disassemble());
    Ok(first.is_ok())
}

/// Random programs in such a number; how many of them ended without a trap.
fn fuzz(cases: u32) -> u32 {
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let ended = std::cell::Cell::new(0);
    let everything = "
        dstore t2, [Y], [0], 1, 1024
    ";
    let machine = tiny();
    let last = evolve_npu::asm::assemble(everything, &machine, &dram(0).constants()).unwrap();
    runner
        .run(&(program(14), any::<u8>()), |(mut program, seed)| {
            // At the end the whole scratchpad goes to DRAM, where it is compared.
            let halt = program.insts.pop();
            program.insts.push(evolve_npu::isa::Inst {
                op: evolve_npu::isa::Op::Barrier,
                ty: None,
                args: Vec::new(),
                line: 0,
            });
            program.insts.extend(last.insts.clone());
            program.insts.extend(halt);
            ended.set(ended.get() + u32::from(agree(&program, seed)?));
            Ok(())
        })
        .unwrap();
    ended.get()
}

#[test]
fn random_programs_run_the_same_under_both_interpreters() {
    let ended = fuzz(20_000);
    assert!(ended > 4_000, "only {ended} of 20,000 programs came to their end");
}

#[test]
#[ignore = "takes minutes; .ci/full runs it"]
fn a_million_random_programs_run_the_same_under_both_interpreters() {
    let ended = fuzz(1_000_000);
    println!("{ended} of 1,000,000 random programs came to their end, the others trapped alike");
}
