//! A task's own templates.
#![allow(clippy::unwrap_used)] // helpers of tests may panic too

mod common;

use std::fs;

use common::context;
use evolve_core::event::Operator;
use evolve_prompts::{Counting, PromptError, Prompts};

fn load(files: &[(&str, &str)]) -> Result<Prompts, PromptError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    Prompts::load(Some(folder.path()))
}

#[test]
fn a_template_of_the_same_name_takes_the_shipped_ones_place() {
    let prompts = load(&[("system.md", "Be brief. {{ task }}"), (".swp", "junk")]).unwrap();
    let prompt = prompts.render(&context(Operator::Diff), 100_000, Counting::OpenAi).unwrap();
    assert_eq!(prompt.system, "Be brief. circle-packing-26\n");
    assert!(prompt.user.contains("# The parent: c000042"));
}

#[test]
fn a_syntax_error_names_file_line_and_reason() {
    let error = load(&[("user.md", "fine\n{% if operator %}\nnever closed\n")]).err().unwrap();
    let PromptError::Template { file, line, reason, .. } = &error else { panic!("{error}") };
    assert!(file.ends_with("user.md") && file.len() > "user.md".len(), "{file}");
    assert!(*line >= 2 && !reason.is_empty(), "{error}");
}

#[test]
fn an_unknown_variable_is_found_before_the_run() {
    let error = load(&[("repair.md", "line one\n{{ promblem }}\n")]).err().unwrap();
    let PromptError::Template { file, line: 2, reason, .. } = &error else { panic!("{error}") };
    assert!(file.ends_with("repair.md") && reason.contains("promblem"), "{error}");
}

#[test]
fn a_variable_that_only_one_operator_reaches_is_found_too() {
    let text = "{% if operator == \"crossover\" %}{{ nothing_like_this }}{% endif %}";
    let error = load(&[("user.md", text)]).err().unwrap();
    assert!(error.to_string().contains("nothing_like_this"), "{error}");
}

#[test]
fn a_file_that_replaces_nothing_is_an_error_with_a_guess() {
    let error = load(&[("sytem.md", "x")]).err().unwrap();
    assert!(error.to_string().contains("did you mean `system.md`?"), "{error}");
    let error = load(&[("notes.txt", "x")]).err().unwrap();
    assert!(error.to_string().contains("there are system.md, user.md"), "{error}");
}

#[test]
fn a_folder_that_is_not_there_is_an_error_with_its_path() {
    let error = Prompts::load(Some(std::path::Path::new("no/such/folder"))).err().unwrap();
    assert!(error.to_string().contains("no/such/folder"), "{error}");
}
