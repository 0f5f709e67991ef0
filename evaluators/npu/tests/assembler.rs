//! The assembler: what it accepts, what it says, and that nothing makes it panic.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use common::{inst, tiny};
use evolve_npu::asm::assemble;
use evolve_npu::isa::{Program, SPECS};
use evolve_npu::machine::Machine;
use evolve_npu::object;
use proptest::prelude::*;

fn edge() -> Machine {
    Machine::preset("edge16").unwrap()
}

fn text(source: &str) -> String {
    assemble(source, &edge(), &[]).unwrap().disassemble()
}

fn mistakes(source: &str) -> String {
    assemble(source, &edge(), &[("M".to_owned(), 50)]).unwrap_err().to_string()
}

#[test]
fn constants_repetitions_and_conditions_are_expanded() {
    let source = "
        .equ TN, 2          ; tiles side by side
        .rept TN, i
            mmul.f16 a(i), w(i % 2), [s1 + 32*i], 32, min(16, TILE_ROWS)
            .if i == 1
                wait t(i)
            .else
                vmul v(i + 3), v1, 1.0/4
            .endif
        .endr
        row(3): jmp row(3)";
    let expected = "    mmul.f16 a0, w0, [s1], 32, 16
    vmul v3, v1, 0.25
    mmul.f16 a1, w1, [s1 + 32], 32, 16
    wait t1, 1
L4:
    jmp L4
";
    assert_eq!(text(source), expected);
}

#[test]
fn a_name_of_a_repetition_hides_an_earlier_one_and_gives_it_back() {
    let source = ".equ i, 7\n.rept 2, i\n nop\n.endr\nli s1, i";
    assert!(text(source).ends_with("li s1, 7\n"));
}

#[test]
fn a_mistake_is_told_with_line_caret_and_what_was_expected() {
    let expected = "\
line 2, column 14: expected a vector register (v0..v31), found `s3`
 2 |     vadd v1, s3, v2
   |              ^^
   = usage: vadd vD, vA, b:v|num";
    assert_eq!(mistakes("halt\n    vadd v1, s3, v2"), expected);
}

#[test]
fn every_mistake_says_what_to_do() {
    for (source, said) in [
        ("vadd v1, v2", "expected `,`, found the end of the line"),
        ("vad v1, v2, v3", "there is no instruction `vad`"),
        ("vad v1, v2, v3", "did you mean `vadd`?"),
        ("vld v1, [0]", "`vld` needs a type: vld.i8, vld.i32, vld.f16"),
        ("mmul.f32 a0, w0, [0], 8, 8", "`mmul` of edge16 has no type `f32`: mmul.i8"),
        ("nop.f16", "`nop` takes no type"),
        ("li s40, 1", "there is no s40: edge16 has s0 to s31"),
        ("mdrain.f16 t0, [0], 2, a8, 1", "there is no a8: edge16 has a0 to a7"),
        ("jmp nowhere", "there is no label `nowhere`"),
        ("loop: nop\nloop: nop", "the label `loop` is there twice"),
        ("s1: nop", "`s1` is a register, not a label"),
        ("li s1, N", "`N` is not defined"),
        ("li s1, m", "`m` is not defined"),
        ("li s1, 1 / 0", "division by 0"),
        ("li s1, 9223372036854775807 + 1", "does not fit in 64 bits"),
        ("li s1, 99999999999999999999", "too large for 64 bits"),
        ("li s1, 1.5", "expected an integer, found the number 1.5"),
        ("li s1, (2", "expected `)`, found the end of the line"),
        ("vld.f16 v1, 64", "expected a scratchpad address"),
        ("vld.f16 v1, [v2]", "an address begins with a scalar register"),
        ("wait", "expected a tag (t0..t15), found the end of the line"),
        ("halt 1", "expected the end of the line, found `1`"),
        (".rept 3\nnop", "this block has no `.endr`"),
        (".endr", "`.endr` without its beginning"),
        (".rept 2\n.endif\n.endr", "`.endif` does not end the block"),
        (".if 1\n.rept 2\n.endif\n.endr", "does not end the block"),
        (".rept -1\n.endr", "cannot repeat -1 times"),
        (".equ M, 3", "`M` is defined by the machine or the task"),
        (".equ v, 3", "`v` is a register"),
        (".org 3", "there is no directive `.org`"),
        ("li s1, foo(3)", "there is no function `foo`"),
        ("nop @", "`@` has no meaning here"),
    ] {
        let found = mistakes(source);
        assert!(found.contains(said), "{source}\n{found}");
    }
}

#[test]
fn many_mistakes_are_told_at_once_but_not_all() {
    let found = assemble(&"vadd v1\n".repeat(50), &edge(), &[]).unwrap_err();
    assert_eq!(
        found.0.iter().map(|error| error.line).collect::<Vec<_>>(),
        (1..=10).collect::<Vec<_>>()
    );
}

#[test]
fn bombs_are_refused() {
    let deep = "(".repeat(100_000);
    assert!(mistakes(&format!("li s1, {deep}")).contains("nested deeper"));
    let minus = "-".repeat(100_000);
    assert!(mistakes(&format!("li s1, {minus}1")).contains("nested deeper"));
    let nested = format!("{}nop\n{}", ".rept 10\n".repeat(15), ".endr\n".repeat(15));
    assert!(mistakes(&nested).contains("repetitions included"));
    let empty = format!("{}{}", ".rept 60000\n".repeat(15), ".endr\n".repeat(15));
    assert!(mistakes(&empty).contains("repetitions included"));
    let blocks = format!("{}{}", ".if 1\n".repeat(500), ".endif\n".repeat(500));
    assert!(mistakes(&blocks).contains("nested deeper"));
    assert!(mistakes(&"x".repeat(2 << 20)).contains("longer than"));
}

#[test]
fn every_instruction_is_written_as_its_usage_says() {
    for spec in SPECS {
        let usage = spec.usage();
        assert!(usage.starts_with(spec.name), "{usage}");
        assert_eq!(usage.matches(',').count(), spec.operands.len().saturating_sub(1), "{usage}");
        assert!(spec.doc.ends_with('.'), "{}", spec.name);
        assert!(common::needs(spec) <= spec.operands.len());
    }
}

fn program() -> impl Strategy<Value = Program> {
    let machine = tiny();
    (1_usize..12)
        .prop_flat_map(move |len| (0..len).map(|at| inst(&machine, at, len)).collect::<Vec<_>>())
        .prop_map(|insts| Program { insts })
}

/// Words from which garbage is made that looks like assembly.
fn almost() -> impl Strategy<Value = String> {
    let words = [
        "vadd",
        "vld.f16",
        "mmul.i8",
        ".rept",
        ".endr",
        ".if",
        ".else",
        ".endif",
        ".equ",
        "L",
        "L:",
        "v1",
        "s2",
        "a9",
        "w0",
        "t3",
        "v(",
        "(",
        ")",
        "[",
        "]",
        ",",
        ":",
        "+",
        "-",
        "*",
        "/",
        "1",
        "0x",
        "1e",
        "1.5e+",
        "9999999999",
        "min",
        "cdiv",
        "\n",
        "\n",
        " ",
        ";",
        "é",
        "\u{0}",
        "i",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..60).prop_map(|w| w.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_disassembled_assembles_to_the_same_program(program in program()) {
        let source = program.disassemble();
        let mut again = assemble(&source, &tiny(), &[]).unwrap();
        again.insts.iter_mut().for_each(|inst| inst.line = 0);
        prop_assert_eq!(&again, &program, "{}", source);
    }

    #[test]
    fn an_object_file_holds_the_whole_program(program in program()) {
        prop_assert_eq!(object::decode(&object::encode(&program)).unwrap(), program);
    }

    #[test]
    fn no_text_makes_the_assembler_panic(garbage in any::<String>(), likely in almost()) {
        for source in [garbage, likely] {
            if let Err(errors) = assemble(&source, &edge(), &[]) {
                prop_assert!(!errors.0.is_empty());
                let lines = source.lines().count().max(1);
                for error in &errors.0 {
                    prop_assert!(error.line >= 1 && error.line <= lines, "{}", error);
                }
            }
        }
    }

    #[test]
    fn no_bytes_make_the_object_reader_panic(
        bytes in any::<Vec<u8>>(), program in program(), at in any::<prop::sample::Index>(), x: u8,
    ) {
        let _ = object::decode(&bytes);
        let mut bytes = object::encode(&program);
        let at = at.index(bytes.len());
        bytes[at] = x;
        let _ = object::decode(&bytes);
        bytes.truncate(at);
        prop_assert!(object::decode(&bytes).is_err());
    }
}
