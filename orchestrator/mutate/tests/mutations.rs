//! What every mutation promises, whatever the seed.
#![allow(clippy::unwrap_used)] // a panic is how a test's helper fails

use std::collections::BTreeMap;

use evolve_core::program::Program;
use evolve_mutate::{Editable, Memory, NoChange, language, mutate, normal_hash};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

const CODE: &str = include_str!("common/programs.py");

fn mutated(
    program: &Program,
    donors: &[Program],
    seed: u64,
) -> Result<evolve_mutate::Mutated, NoChange> {
    let editable = Editable::new(program, &[]).unwrap();
    mutate(
        "python",
        program,
        donors,
        &editable,
        &Memory::default(),
        &mut Pcg64Mcg::seed_from_u64(seed),
    )
}

#[test]
fn children_parse_differ_and_stay_inside_over_generations() {
    let python = language("python").unwrap();
    let start = Program::single("p.py", CODE);
    let editable = Editable::new(&start, &[]).unwrap();
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..40 {
        let mut line = vec![start.clone()];
        for generation in 0..60 {
            let parent = line[line.len() - 1].clone();
            let child = mutated(&parent, &line, seed * 1000 + generation).unwrap();
            let text = &child.program.files["p.py"];
            assert_ne!(child.program, parent);
            assert_eq!(python.syntax_error(text), None, "{text}");
            editable.check(&parent, &child.program).unwrap();
            assert_eq!(child.normal, normal_hash(python.as_ref(), &child.program), "{text}");
            assert!((1..=32).contains(&child.change.edits.len()));
            assert!(!child.change.summary.is_empty() && !child.change.summary.contains('\n'));
            *kinds.entry(child.change.edits[0].kind.clone()).or_default() += 1;
            line.push(child.program);
        }
    }
    for kind in [
        "literal",
        "row",
        "resample",
        "joint",
        "cluster",
        "drift",
        "stretch",
        "swap",
        "exchange",
        "blend",
        "difference",
        "operator",
        "string",
        "bound",
        "order",
        "repeat",
        "delete",
        "splice",
    ] {
        assert!(kinds.contains_key(kind), "no {kind} in {kinds:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_child_and_another_one_another() {
    let start = Program::single("p.py", CODE);
    assert_eq!(mutated(&start, &[], 7), mutated(&start, &[], 7));
    let children: std::collections::BTreeSet<_> =
        (0..50).map(|seed| mutated(&start, &[], seed).unwrap().program.hash()).collect();
    assert!(children.len() > 40);
}

#[test]
fn numbers_keep_their_kind_and_zeros_move() {
    let start = Program::single("p.py", "a = 0\nb = 0.0\n");
    let (mut whole, mut real) = (0, 0);
    for seed in 0..200 {
        let child = mutated(&start, &[], seed).unwrap();
        let text = child.program.files["p.py"].clone();
        let value =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        if let Some(a) = value("a = ") {
            assert!(a.parse::<i64>().is_ok(), "{text}");
            whole += u32::from(a != "0");
        }
        if let Some(b) = value("b = ") {
            assert!(b.contains(['.', 'e']) && b.parse::<f64>().is_ok(), "{text}");
            assert!(b.len() <= 16, "{text}");
            real += u32::from(b != "0.0");
        }
    }
    assert!(whole > 20 && real > 20, "{whole} {real}");
}

#[test]
fn first_steps_of_a_number_that_stands_alone_are_of_all_sizes() {
    let start = Program::single("p.py", "WEIGHT = 0.1\n");
    let steps = (0..400).filter_map(|seed| {
        let change = mutated(&start, &[], seed).unwrap().change;
        let first = &change.edits[0];
        (first.kind == "literal").then(|| first.step.unwrap().abs())
    });
    let steps: Vec<f64> = steps.collect();
    let share = |within: std::ops::Range<f64>| {
        steps.iter().filter(|step| within.contains(step)).count() as f64 / steps.len() as f64
    };
    // With one size in mind, 0.2, next to none would be larger than the number.
    let shares = [share(0.0..0.1), share(0.5..50.0), share(1.0..50.0)];
    assert!(shares[0] > 0.2 && shares[1] > 0.15 && shares[2] > 0.05, "{shares:?}");
}

#[test]
fn a_run_does_not_begin_with_what_pays_late() {
    let rows = (0..30).map(|row| format!("({row}.0, 0.5)")).collect::<Vec<_>>().join(", ");
    let start = Program::single("p.py", format!("TABLE = [{rows}]\n"));
    let drawn = |seed| mutated(&start, &[], seed).unwrap().change.edits[0].kind == "distribution";
    assert!(!(0..300).any(drawn));
}

#[test]
fn a_number_stays_apart_from_the_word_before_it() {
    for (language, path, text) in [
        ("python", "p.py", "def f(x):\n    return-1 if x else-2.5\n"),
        ("c", "p.c", "int f(int x) { if (x) return-1; else return-2; }\n"),
        ("rust", "p.rs", "fn f(x: bool) -> i32 { if x { return-1; } return-2; }\n"),
    ] {
        let program = Program::single(path, text);
        let editable = Editable::new(&program, &[]).unwrap();
        let mut positive = 0;
        for seed in 0..300 {
            let mut rng = Pcg64Mcg::seed_from_u64(seed);
            let memory = Memory::default();
            let child = mutate(language, &program, &[], &editable, &memory, &mut rng).unwrap();
            let text = &child.program.files[path];
            let digit = |c: char| c.is_ascii_digit();
            let followed =
                |word: &str| text.split(word).skip(1).any(|rest| rest.starts_with(digit));
            assert!(!followed("return") && !followed("else"), "{text}");
            positive += u32::from(followed("return "));
        }
        // In the others the sign is no part of the number here.
        assert!(positive > 0 || language != "python");
    }
}

#[test]
fn without_a_place_to_change_there_is_no_change() {
    let outside = Program::single(
        "p.py",
        "x = 1\n# EVOLVE-BLOCK-START\nrun()\n# EVOLVE-BLOCK-END\ny = 2.5\n",
    );
    for seed in 0..20 {
        if let Ok(child) = mutated(&outside, &[], seed) {
            assert!(child.program.files["p.py"].contains("x = 1\n"));
        }
    }
    let nothing = Program::single("p.py", "import x\n");
    assert_eq!(mutated(&nothing, &[], 1), Err(NoChange::NoSite));
    let broken = Program::single("p.py", "x = (\n");
    assert_eq!(mutated(&broken, &[], 1), Err(NoChange::NoFile("python")));
    let editable = Editable::new(&nothing, &[]).unwrap();
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    let other = mutate("cobol", &nothing, &[], &editable, &Memory::default(), &mut rng);
    assert_eq!(other, Err(NoChange::UnknownLanguage("cobol".into())));
}

#[test]
fn files_of_other_languages_are_left_alone() {
    let mut program = Program::single("p.py", "x = 1.5\n");
    program.files.insert("data.txt".into(), "x = 1.5 (\n".into());
    for seed in 0..50 {
        let child = mutated(&program, &[], seed).unwrap();
        assert_eq!(child.program.files["data.txt"], "x = 1.5 (\n");
        assert!(child.normal.is_some());
    }
}

#[test]
fn names_of_places_survive_changes_elsewhere() {
    let sites = |text: &str| -> std::collections::BTreeSet<String> {
        let program = Program::single("p.py", text);
        let children = (0..400).filter_map(|seed| mutated(&program, &[], seed).ok());
        children
            .flat_map(|child| child.change.edits)
            .filter(|e| e.kind == "literal")
            .map(|e| e.site)
            .collect()
    };
    let before = sites("def f(x):\n    y = x * 2.5\n    return y + 0.5\n");
    let after = sites(
        "import os\n\n\ndef g():\n    return 7.25\n\n\ndef f(x):\n    # more\n    z = 1.5\n    y = x * 3.75\n    return y + 0.5\n",
    );
    assert!(!before.is_empty() && before.is_subset(&after), "{before:?} {after:?}");
}

fn any_statement() -> impl Strategy<Value = String> {
    let name = "[abc]";
    prop_oneof![
        (name, name, 0..9u32).prop_map(|(a, b, n)| format!("{a} = {b} + {n}")),
        (name, name).prop_map(|(a, b)| format!("{a} = [{b} for {b} in range(3) if {b} > 1]")),
        (name, name).prop_map(|(a, b)| format!("print({a}, key={b})")),
        (name, name).prop_map(|(a, b)| format!("{a}.x = f'{{{b}:.2f}} {a}'")),
        (name, name).prop_map(|(a, b)| format!("for {a} in {b}: {b} = {a} * 2")),
    ]
}

fn function(statements: &[String], sep: &str) -> String {
    let body: String = statements.iter().flat_map(|line| ["    ", line, sep, "\n"]).collect();
    format!("def run(a):\n    b = c = 0\n{body}    return a, b, c\n")
}

/// Renames whole words.
fn renamed(text: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain(std::iter::once('\n')) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
        } else {
            out.push_str(if word == from { to } else { &word });
            word.clear();
            out.push(c);
        }
    }
    out
}

proptest! {
    #[test]
    fn the_normal_form_ignores_comments_blanks_and_local_names(statements in prop::collection::vec(any_statement(), 1..8)) {
        let python = language("python").unwrap();
        let plain = function(&statements, "");
        let normal = python.normalise(&plain);
        prop_assert_eq!(python.syntax_error(&plain), None, "{}", plain);
        prop_assert_eq!(python.normalise(&normal), normal.clone(), "not idempotent:\n{}", plain);
        let commented = function(&statements, "  # c\n\n    # d").replace(" = ", "  =  ");
        prop_assert_eq!(python.normalise(&commented), normal.clone(), "{}", commented);
        // A name that occurs as a word in a string may be looked up by it, so it counts.
        if !plain.contains(" b'") && !plain.contains(" c'") {
            let other = renamed(&renamed(&plain, "b", "other"), "c", "another");
            prop_assert_eq!(python.normalise(&other), normal, "{}", other);
        }
    }

    #[test]
    fn no_text_makes_the_language_panic(text in prop_oneof![any::<String>(), "[a-z0-9(){}\\[\\]:=,.'\"#\\\\ \n\t]{0,80}"]) {
        let python = language("python").unwrap();
        let normal = python.normalise(&text);
        prop_assert_eq!(python.normalise(&normal), normal.clone(), "{:?}", text);
        let program = Program::single("p.py", text);
        let _ = normal_hash(python.as_ref(), &program);
        if let Ok(child) = mutated(&program, &[], 1) {
            prop_assert_eq!(python.syntax_error(&child.program.files["p.py"]), None);
        }
    }
}
