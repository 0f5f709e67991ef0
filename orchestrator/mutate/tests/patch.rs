//! What models write, well and badly, and what becomes of it.
#![allow(clippy::unwrap_used)] // a panic is how a test's helper fails

use evolve_core::outcome::RejectReason;
use evolve_core::program::Program;
use evolve_mutate::{Editable, PatchError, Patched, Reason, apply_diff, apply_rewrite, draft};
use proptest::prelude::*;

const CODE: &str =
    "import math\n\ndef f(x):\n    y = x + 1\n    return y\n\ndef g(x):\n    return x\n";

fn program(text: &str) -> Program {
    Program::single("p.py", text)
}

fn diff(text: &str, answer: &str) -> Result<Patched, PatchError> {
    let program = program(text);
    let editable = Editable::new(&program, &[]).unwrap();
    apply_diff(&program, answer, &editable)
}

fn rewrite(text: &str, answer: &str) -> Result<Patched, PatchError> {
    let program = program(text);
    let editable = Editable::new(&program, &[]).unwrap();
    apply_rewrite(&program, answer, &editable)
}

fn block(search: &str, replace: &str) -> String {
    format!("<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n")
}

fn text(patched: Result<Patched, PatchError>) -> String {
    let patched = patched.unwrap_or_else(|error| panic!("{error}"));
    patched.program.files.into_values().next().unwrap()
}

fn reason(patched: Result<Patched, PatchError>) -> Reason {
    patched.unwrap_err().failures.remove(0).reason
}

#[test]
fn a_block_replaces_what_it_found() {
    let answer = format!(
        "Idea: add two\n\n```python\n{}```\nDone.",
        block("    y = x + 1\n", "    y = x + 2\n    y += 0\n")
    );
    let patched = diff(CODE, &answer).unwrap();
    assert_eq!(patched.program, program(&CODE.replace("y = x + 1\n", "y = x + 2\n    y += 0\n")));
    assert_eq!(patched.change.summary, "add two");
    assert_eq!(patched.change.edits[0].site, "p.py: def f(x):");
}

#[test]
fn several_blocks_apply_in_order_and_may_build_on_each_other() {
    let answer =
        block("    y = x + 1\n", "    z = x + 1\n") + &block("    return y\n", "    return z\n");
    assert!(text(diff(CODE, &answer)).contains("    z = x + 1\n    return z\n"));
    // The second block's text occurs twice once the first is in: the old place is meant.
    let answer =
        block("    y = x + 1\n", "    return x\n") + &block("    return x\n", "    return x * 2\n");
    assert!(text(diff(CODE, &answer)).contains("def g(x):\n    return x * 2\n"));
}

#[test]
fn line_ends_of_answer_and_file_need_not_agree() {
    let answer = block("    y = x + 1\n", "    y = 2\n    y = 3\n");
    let windows = |text: &str| text.replace('\n', "\r\n");
    let wanted = CODE.replace("y = x + 1\n", "y = 2\n    y = 3\n");
    assert_eq!(text(diff(CODE, &windows(&answer))), wanted);
    assert_eq!(text(diff(&windows(CODE), &answer)), windows(&wanted));
    assert_eq!(text(diff(&windows(CODE), &windows(&answer))), windows(&wanted));
    let open = CODE.trim_end();
    assert_eq!(
        text(diff(open, &block("    return x\n", "    return 1\n"))),
        open.replace("return x", "return 1")
    );
}

#[test]
fn dividers_inside_code_are_code() {
    let rst = "\"\"\"Title\n=======\n\"\"\"\na = 1\n";
    let inside_search = block("\"\"\"Title\n=======\n", "\"\"\"Name\n====\n");
    assert_eq!(text(diff(rst, &inside_search)), rst.replace("Title\n=======", "Name\n===="));
    let inside_replace = block("a = 1\n", "b = '''\n=======\n'''\n");
    assert_eq!(text(diff(rst, &inside_replace)), rst.replace("a = 1\n", "b = '''\n=======\n'''\n"));
}

#[test]
fn drifted_indentation_is_mended_where_the_place_is_unique() {
    let answer = block("y = x + 1\nreturn y\n", "if x:\n    return 0\nreturn x\n");
    assert!(
        text(diff(CODE, &answer))
            .contains("def f(x):\n    if x:\n        return 0\n    return x\n")
    );
    let answer = block("        y = x + 1\n        return y\n", "        return 0\n");
    assert!(text(diff(CODE, &answer)).contains("def f(x):\n    return 0\n"));
    // Lines that drifted by different amounts are not the same code.
    let answer = block("  y = x + 1\n      return y\n", "  return 0\n");
    assert!(matches!(reason(diff(CODE, &answer)), Reason::Absent { .. }));
}

#[test]
fn blanks_at_line_ends_and_around_the_text_are_forgiven() {
    let answer = block("\n    y = x + 1   \n\n", "\n    y = 5\n\n");
    assert_eq!(text(diff(CODE, &answer)), CODE.replace("y = x + 1", "y = 5"));
}

#[test]
fn a_text_that_is_absent_is_answered_with_the_nearest() {
    let error = diff(CODE, &block("    y = x + 3\n    return y\n", "    return 1\n")).unwrap_err();
    let shown = error.to_string();
    for part in [
        "block 1 (line 1 of the answer)",
        "does not occur",
        "lines 4-5 of p.py",
        "    y = x + 1\n",
        "`    y = x + 3`",
    ] {
        assert!(shown.contains(part), "{part} is not in:\n{shown}");
    }
    assert_eq!(error.reason(), RejectReason::PatchFailed);
}

#[test]
fn a_text_that_occurs_twice_is_refused_with_both_places() {
    let twice = "a = 1\nb = 2\na = 1\n";
    let error = diff(twice, &block("a = 1\n", "a = 2\n")).unwrap_err();
    assert!(error.to_string().contains("2 times (at p.py:1, p.py:3)"), "{error}");
    // Tolerance never makes a choice either.
    assert!(matches!(
        reason(diff("  a = 1\n    a = 1\n", &block("a = 1\n", "a = 2\n"))),
        Reason::Ambiguous { .. }
    ));
}

#[test]
fn no_block_is_skipped() {
    let good = block("    y = x + 1\n", "    y = 2\n");
    let before = program(CODE);
    for (bad, test) in [
        (
            block("nothing like it at all\n", "x\n"),
            (|r| matches!(r, Reason::Absent { .. })) as fn(&Reason) -> bool,
        ),
        ("<<<<<<< SEARCH\n    return x\n=======\n    return 1\n".into(), |r| {
            *r == Reason::Unterminated
        }),
        ("<<<<<<< SEARCH\n    return x\n>>>>>>> REPLACE\n".into(), |r| *r == Reason::NoDivider),
        ("<<<<<<< SERACH\n    return x\n".into(), |r| matches!(r, Reason::Stray { .. })),
        (">>>>>>> REPLACE\n".into(), |r| matches!(r, Reason::Stray { .. })),
        (block("", "x\n"), |r| *r == Reason::EmptySearch),
        (block("  \n", "x\n"), |r| *r == Reason::EmptySearch),
        (block("    return x\n", "    return x\n"), |r| *r == Reason::NoChange),
    ] {
        for answer in [format!("{good}{bad}"), format!("{bad}{good}")] {
            let error = diff(CODE, &answer).unwrap_err();
            assert!(error.failures.iter().any(|f| test(&f.reason)), "{answer}\n{error}");
        }
    }
    assert_eq!(before, program(CODE));
    assert_eq!(
        diff(CODE, "I would not change a thing.").unwrap_err().reason(),
        RejectReason::Unusable
    );
}

const REGIONS: &str =
    "import math\n# EVOLVE-BLOCK-START\na = 1\nb = 2\n# EVOLVE-BLOCK-END\na = 1\n";

#[test]
fn an_edit_outside_a_region_is_refused_and_one_inside_preferred() {
    let error = diff(REGIONS, &block("import math\n", "import os\n")).unwrap_err();
    assert!(error.to_string().contains("p.py:1"), "{error}");
    assert_eq!(error.reason(), RejectReason::OutsideRegion);
    assert_eq!(
        text(diff(REGIONS, &block("a = 1\n", "a = 3\n"))),
        REGIONS.replacen("a = 1", "a = 3", 1)
    );
    // Markers may stand in a block as context.
    let answer = block("# EVOLVE-BLOCK-START\na = 1\n", "# EVOLVE-BLOCK-START\na = 4\n");
    assert_eq!(text(diff(REGIONS, &answer)), REGIONS.replacen("a = 1", "a = 4", 1));
}

#[test]
fn a_path_before_a_block_chooses_the_file() {
    let mut program = Program::single("src/a.py", "x = 1\n");
    program.files.insert("src/b.py".into(), "x = 1\n".into());
    let editable = Editable::new(&program, &[]).unwrap();
    let apply = |head: &str| {
        apply_diff(&program, &format!("{head}\n{}", block("x = 1\n", "x = 2\n")), &editable)
    };
    for head in
        ["src/b.py", "### `src/b.py`", "b.py", "File: src/b.py\n\n```python", "```python src/b.py"]
    {
        let patched = apply(head).unwrap_or_else(|error| panic!("{head}: {error}"));
        assert_eq!(patched.program.files["src/b.py"], "x = 2\n", "{head}");
        assert_eq!(patched.program.files["src/a.py"], "x = 1\n", "{head}");
    }
    assert!(matches!(reason(apply("Here it is:")), Reason::Ambiguous { .. }));
    assert!(matches!(reason(apply("src/c.py")), Reason::UnknownFile { .. }));
}

#[test]
fn a_rewrite_gives_a_whole_file() {
    let answer = "Idea: simpler\n```python\ndef f(x):\n    return x\n```\n";
    let patched = rewrite(CODE, answer).unwrap();
    assert_eq!(patched.program, program("def f(x):\n    return x\n"));
    assert_eq!(patched.change.summary, "simpler");
    // A shell command beside it is prose.
    assert!(rewrite(CODE, &format!("{answer}Run:\n```bash\npython p.py\n```\n")).is_ok());
    assert!(matches!(
        reason(rewrite(CODE, &format!("{answer}```python\nx\n```\n"))),
        Reason::Several { .. }
    ));
}

#[test]
fn a_rewrite_that_was_cut_off_is_an_error() {
    let error = rewrite(CODE, "```python\ndef f(x):\n    return").unwrap_err();
    assert!(error.to_string().contains("cut off"), "{error}");
    assert!(matches!(reason(rewrite(CODE, "no code")), Reason::NoFence));
    assert!(matches!(reason(rewrite(CODE, "```python\n```\n")), Reason::EmptyFile));
    assert!(matches!(reason(rewrite(CODE, &format!("```\n{CODE}```\n"))), Reason::NoChange));
}

#[test]
fn a_rewrite_of_a_region_may_give_the_file_or_the_region() {
    let wanted = REGIONS.replace("a = 1\nb = 2\n", "c = 3\n");
    for body in [
        wanted.clone(),
        "c = 3\n".to_owned(),
        "import math\nc = 3\na = 1\n".to_owned(),
        wanted.replace("import math\n", "import math  \n\n"),
    ] {
        assert_eq!(text(rewrite(REGIONS, &format!("```python\n{body}```\n"))), wanted, "{body}");
    }
    let outside = wanted.replace("import math", "import os");
    assert!(matches!(
        reason(rewrite(REGIONS, &format!("```\n{outside}```\n"))),
        Reason::Outside(_)
    ));
    let two = format!("{REGIONS}# EVOLVE-BLOCK-START\nz = 1\n# EVOLVE-BLOCK-END\n");
    assert!(matches!(
        reason(rewrite(&two, "```\nc = 3\n```\n")),
        Reason::WhichRegion { count: 2, .. }
    ));
}

#[test]
fn a_rewrite_of_several_files_names_them() {
    let mut program = Program::single("a.py", "x = 1\n");
    program.files.insert("b.py".into(), "x = 1\n".into());
    let editable = Editable::new(&program, &["*.py".into()]).unwrap();
    let answer = "a.py\n```python\nx = 2\n```\n\n```python b.py\nx = 3\n```\n\n**c.py**\n```python\nx = 4\n```\n";
    let patched = apply_rewrite(&program, answer, &editable).unwrap().program;
    let texts: Vec<&str> = patched.files.values().map(String::as_str).collect();
    assert_eq!(texts, ["x = 2\n", "x = 3\n", "x = 4\n"]);
    assert!(matches!(
        reason(apply_rewrite(&program, "```python\nx = 2\n```\n", &editable)),
        Reason::WhichFile { .. }
    ));
    let other = "c.txt\n```\nx\n```\n";
    assert!(matches!(
        reason(apply_rewrite(&program, other, &editable)),
        Reason::UnknownFile { .. }
    ));
}

#[test]
fn a_draft_is_a_first_program() {
    assert_eq!(draft("Sure:\n```python\nx = 1\n```\n", "p.py").unwrap(), program("x = 1\n"));
    let two = "p.py\n```\nx = 1\n```\nlib/q.py\n```\ny = 1\n```\n";
    assert_eq!(draft(two, "p.py").unwrap().files.len(), 2);
    assert!(draft("x = 1", "p.py").is_err());
    assert!(draft("```python\nx = 1\n", "p.py").is_err());
    assert!(
        draft("a.py\n```\nx\n```\nb.py\n```\ny\n```\n", "p.py")
            .unwrap_err()
            .to_string()
            .contains("`p.py`")
    );
}

fn any_line() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[ ]{0,4}[a-c]{1,3} = [0-9]{1,2}",
        1 => Just(String::new()),
        1 => Just("=======".to_owned()),
        1 => Just("  # é ü".to_owned()),
        1 => Just("```".to_owned()),
    ]
}

/// The block for replacing these lines, with context until SEARCH occurs once.
fn make_block(
    lines: &[String],
    mut from: usize,
    mut to: usize,
    new: &[String],
) -> Option<(Vec<String>, Vec<String>)> {
    let mut replace = new.to_vec();
    loop {
        let search = &lines[from..to];
        let count = lines.windows(search.len().max(1)).filter(|window| *window == search).count();
        if count == 1 && search.iter().any(|line| !line.trim().is_empty()) {
            return Some((search.to_vec(), replace));
        }
        if to < lines.len() {
            replace.push(lines[to].clone());
            to += 1;
        } else if from > 0 {
            from -= 1;
            replace.insert(0, lines[from].clone());
        } else {
            return None;
        }
    }
}

fn occurs(lines: &[String], search: &[String]) -> bool {
    !search.is_empty() && lines.windows(search.len()).any(|window| window == search)
}

proptest! {
    #[test]
    fn a_block_made_from_an_edit_gives_the_edit(
        lines in prop::collection::vec(any_line(), 1..14),
        new in prop::collection::vec(any_line(), 0..5),
        at in any::<prop::sample::Index>(), length in 1..4usize,
        windows_file: bool, windows_answer: bool, open: bool,
    ) {
        let from = at.index(lines.len());
        let to = (from + length).min(lines.len());
        let Some((search, replace)) = make_block(&lines, from, to, &new) else { return Ok(()) };
        // A longer SEARCH that also occurs would be a different, equally valid reading.
        let body = [search.clone(), vec!["=======".to_owned()], replace.clone()].concat();
        let longer = (search.len() + 1..body.len()).any(|cut| body[cut] == "=======" && occurs(&lines, &body[..cut]));
        // The only line of a file without a line end does not tell which ends it has.
        prop_assume!(!longer && search != replace && !(open && windows_file && lines.len() == 1));
        let changed = [&lines[..from], &new[..], &lines[to..]].concat();
        let end = if windows_file { "\r\n" } else { "\n" };
        let write = |lines: &[String]| {
            let mut text: String = lines.iter().flat_map(|line| [line.as_str(), end]).collect();
            if open && !lines.is_empty() && !lines[lines.len() - 1].is_empty() { text.truncate(text.len() - end.len()); }
            text
        };
        // Without a last line end, an empty last line cannot be written at all.
        prop_assume!(!open || [&lines, &changed].iter().all(|l| l.last().is_some_and(|last| !last.is_empty())));
        let mut answer = format!("<<<<<<< SEARCH\n{}\n>>>>>>> REPLACE\n", body.join("\n"));
        if windows_answer { answer = answer.replace('\n', "\r\n"); }
        let patched = diff(&write(&lines), &answer);
        let patched = patched.map_err(|error| TestCaseError::fail(format!("{error}\n{answer}")))?;
        prop_assert_eq!(&patched.program.files["p.py"], &write(&changed));
    }

    #[test]
    fn no_answer_makes_it_panic(
        lines in prop::collection::vec(prop_oneof![
            any_line(), any::<String>(), Just("<<<<<<< SEARCH".to_owned()), Just(">>>>>>> REPLACE".to_owned()),
            Just("```python".to_owned()), Just("p.py".to_owned()), Just("# EVOLVE-BLOCK-START".to_owned()), Just("# EVOLVE-BLOCK-END".to_owned()),
        ], 0..20),
        code in prop::collection::vec(any_line(), 0..8), regions: bool,
    ) {
        let answer = lines.join("\n");
        let code = if regions { REGIONS.to_owned() } else { code.join("\n") };
        for result in [diff(&code, &answer), rewrite(&code, &answer)] {
            match result {
                Ok(patched) => prop_assert_ne!(patched.program, program(&code)),
                Err(error) => prop_assert!(!error.to_string().is_empty() && !error.failures.is_empty()),
            }
        }
        let _ = draft(&answer, "p.py");
    }
}
