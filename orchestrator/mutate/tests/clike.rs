//! What every mutation and every normal form of C, C++ and Rust promises.
#![allow(clippy::unwrap_used)] // a panic is how a test's helper fails

use std::collections::BTreeMap;

use evolve_core::program::Program;
use evolve_mutate::{Editable, Memory, Mutated, NoChange, language, mutate, normal_hash};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

const PROGRAMS: [(&str, &str, &str); 3] = [
    ("c", "p.c", include_str!("common/programs.c")),
    ("cpp", "p.cpp", include_str!("common/programs.cpp")),
    ("rust", "p.rs", include_str!("common/programs.rs")),
];

fn mutated(
    name: &str,
    program: &Program,
    donors: &[Program],
    seed: u64,
) -> Result<Mutated, NoChange> {
    let editable = Editable::new(program, &[]).unwrap();
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    mutate(name, program, donors, &editable, &Memory::default(), &mut rng)
}

/// The text before and behind the region.
fn around(text: &str) -> (&str, &str) {
    let start = text.find("EVOLVE-BLOCK-START").unwrap();
    let end = text.find("EVOLVE-BLOCK-END").unwrap();
    (&text[..start + 18], &text[end..])
}

#[test]
fn children_parse_differ_and_stay_inside_over_generations() {
    for (name, path, code) in PROGRAMS {
        let language = language(name).unwrap();
        let start = Program::single(path, code);
        let editable = Editable::new(&start, &[]).unwrap();
        let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
        for seed in 0..20 {
            let mut line = vec![start.clone()];
            for generation in 0..40 {
                let parent = line[line.len() - 1].clone();
                let child = mutated(name, &parent, &line, seed * 1000 + generation).unwrap();
                let text = &child.program.files[path];
                assert_ne!(child.program, parent);
                assert_eq!(language.syntax_error(text), None, "{text}");
                assert_eq!(around(text), around(code));
                editable.check(&parent, &child.program).unwrap();
                assert_eq!(child.normal, normal_hash(language.as_ref(), &child.program), "{text}");
                let normal = language.normalise(text);
                assert_eq!(language.normalise(&normal), normal, "not idempotent:\n{text}");
                *kinds.entry(child.change.edits[0].kind.clone()).or_default() += 1;
                line.push(child.program);
            }
        }
        for kind in [
            "literal", "row", "joint", "swap", "exchange", "blend", "operator", "bound", "order",
            "repeat", "delete", "splice",
        ] {
            assert!(kinds.contains_key(kind), "no {kind} in {name}: {kinds:?}");
        }
    }
}

#[test]
fn suffixes_stay_and_numbers_keep_their_kind() {
    let cases = [
        ("c", "int f() { return g(10u, 0x1F, 1.5f); }", ["u", "", "f"]),
        ("cpp", "int f() { return g(1'0ull, 5, 2.5L); }", ["ull", "", "L"]),
        ("rust", "fn f() { g(1_0u8, 5, 2f64); }", ["u8", "", "f64"]),
    ];
    for (name, text, suffixes) in cases {
        let mut changed = 0;
        for seed in 0..200 {
            let Ok(child) = mutated(name, &Program::single("p", text), &[], seed) else { continue };
            let text = &child.program.files["p"];
            let Some((_, rest)) = text.split_once("g(") else { continue };
            let Some((inside, _)) = rest.split_once(')') else { continue };
            let numbers: Vec<&str> = inside.split(", ").collect();
            if numbers.len() != 3 || text.matches("g(").count() != 1 {
                continue;
            }
            for (number, suffix) in numbers.iter().zip(suffixes) {
                assert!(number.ends_with(suffix), "{text}");
            }
            assert!(!numbers[0].starts_with('-'), "{text}");
            assert!(!numbers[1].contains('.'), "{text}");
            changed += 1;
        }
        assert!(changed > 50, "{name}: {changed}");
    }
}

#[test]
fn what_is_outside_or_fixed_is_never_changed() {
    for (name, text) in [
        ("c", "#define N 3\n#if N > 2\n#endif\nenum e { A = 1, B = 2 };\n"),
        ("cpp", "#include <vector>\nenum class E : int { A = 1 };\nusing V = std::vector<int>;\n"),
        ("rust", "enum E { A = 1 }\nmacro_rules! m { () => { 2 + 3 } }\n"),
    ] {
        let found = mutated(name, &Program::single("p", text), &[], 1);
        assert_eq!(found, Err(NoChange::NoSite), "{text}");
    }
    let broken = Program::single("p.c", "int x = (\n");
    assert_eq!(mutated("c", &broken, &[], 1), Err(NoChange::NoFile("c")));
}

#[test]
fn a_child_that_does_not_parse_is_not_made() {
    let cpp = language("cpp").unwrap();
    // The first `>` would end the list.
    let wrong = "void f() { std::array<int, N > M> x; }";
    assert!(cpp.syntax_error(wrong).is_some());
    let parent = Program::single("p.cc", wrong.replace("N >", "N <"));
    let children = (0..100).filter_map(|seed| mutated("cpp", &parent, &[], seed).ok());
    let texts: std::collections::BTreeSet<String> =
        children.map(|child| child.program.files["p.cc"].clone()).collect();
    assert_eq!(texts.into_iter().collect::<Vec<_>>(), [wrong.replace("N >", "N <=")]);
}

#[test]
fn a_statement_comes_twice_or_goes() {
    for (name, start) in [("c", "int f() {"), ("cpp", "int f() {"), ("rust", "fn f() {")] {
        let parent = Program::single("p", format!("{start} g(); }}"));
        let children = (0..100).filter_map(|seed| mutated(name, &parent, &[], seed).ok());
        let texts: std::collections::BTreeSet<String> =
            children.map(|child| child.program.files["p"].clone()).collect();
        let expected = [format!("{start} ; }}"), format!("{start} g(); g(); }}")];
        assert_eq!(texts.into_iter().collect::<Vec<_>>(), expected);
    }
}

/// A statement of each language over variables a, b and c.
fn any_statement() -> impl Strategy<Value = [String; 3]> {
    let name = "[abc]";
    prop_oneof![
        (name, name, 0..9u32).prop_map(|(a, b, n)| {
            let text = format!("{a} = {b} + {n};");
            [text.clone(), text.clone(), text]
        }),
        (name, name).prop_map(|(a, b)| {
            let text = format!("{a} = - -{b} * (2 - {a});");
            [text.clone(), text.clone(), text]
        }),
        (name, name).prop_map(|(a, b)| {
            [
                format!("for (int i = 0; i < {a}; i++) {{ int {b} = i; t[{b}] += i; }}"),
                format!("for (auto i : t) {{ auto {b} = [&](int q) {{ return q + i * {a}; }}; }}"),
                format!("for i in 0..({a}) {{ let {b} = |q: i32| q + i; t[i] += {b}(i); }}"),
            ]
        }),
        (name, name).prop_map(|(a, b)| {
            [
                format!("printf(\"%d b // c\\n\", {a}, s->{b}, '\"');"),
                format!("std::cout << \"b /* c\" << {a} << s.{b} << '\"';"),
                format!("println!(\"b // c {{}}\", {a}, s.{b}, '\"');"),
            ]
        }),
    ]
}

fn function(language: usize, statements: &[[String; 3]], end: &str) -> String {
    let body: String = statements.iter().flat_map(|s| ["    ", &s[language], end, "\n"]).collect();
    match language {
        0 => format!(
            "#include <stdio.h>\n#define N 3\nint run(int a)\n{{\n    int b = 0, c = 0;\n{body}    return a + b * c;\n}}\n"
        ),
        1 => format!(
            "#include <iostream>\n#define N 3\nint run(int a) {{\n    int b = 0, c{{0}};\n{body}    return a + b * c;\n}}\n"
        ),
        _ => format!(
            "fn run(mut a: i32) -> i32 {{\n    let (mut b, mut c) = (0, 0);\n{body}    a + b * c\n}}\n"
        ),
    }
}

/// Renames whole words outside of texts and behind no point.
fn renamed(text: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    let (mut quote, mut before) = (None, ' ');
    for c in text.chars().chain(std::iter::once('\n')) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        let field = before == '.' || before == '>';
        out.push_str(if word == from && quote.is_none() && !field { to } else { &word });
        word.clear();
        out.push(c);
        match quote {
            Some(end) if c == end => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ => {}
        }
        before = c;
    }
    out
}

proptest! {
    #[test]
    fn the_normal_form_ignores_comments_blanks_and_local_names(statements in prop::collection::vec(any_statement(), 1..8)) {
        for (index, (name, ..)) in PROGRAMS.iter().enumerate() {
            let language = language(name).unwrap();
            let plain = function(index, &statements, "");
            let normal = language.normalise(&plain);
            prop_assert_eq!(language.syntax_error(&plain), None, "{}", plain);
            prop_assert_eq!(language.normalise(&normal), normal.clone(), "not idempotent:\n{}", plain);
            let commented = function(index, &statements, "  // c \" '\n\n /* d\n ' */ ");
            let commented = commented.replace(" = ", "\n=\t").replace(" + ", "/* */+ ");
            prop_assert_eq!(language.normalise(&commented), normal.clone(), "{}", commented);
            let other = renamed(&renamed(&plain, "b", "other"), "c", "another");
            prop_assert_eq!(language.normalise(&other), normal.clone(), "{}", other);
            let other = plain.replace("a + b * c", "a + c * b");
            prop_assert_ne!(language.normalise(&other), normal);
        }
    }

    #[test]
    fn no_text_makes_a_language_panic(text in prop_oneof![any::<String>(), "[a-z0-9(){}\\[\\]:=,.'\"#\\\\/*<>&|+;! \n\t-]{0,80}"]) {
        for (name, path, _) in PROGRAMS {
            let language = language(name).unwrap();
            let normal = language.normalise(&text);
            prop_assert_eq!(language.normalise(&normal), normal.clone(), "{:?}", text);
            let program = Program::single(path, text.clone());
            let _ = normal_hash(language.as_ref(), &program);
            if let Ok(child) = mutated(name, &program, &[], 1) {
                prop_assert_eq!(language.syntax_error(&child.program.files[path]), None);
            }
        }
    }
}
