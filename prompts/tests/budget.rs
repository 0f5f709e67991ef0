//! Prompts fit, and lose whole items, least important first.
#![allow(clippy::unwrap_used)] // helpers of tests may panic too

mod common;

use common::context;
use evolve_core::event::Operator;
use evolve_prompts::{Artifact, Counting, KnowledgeView, PromptError, Prompts, Step, count_tokens};

#[test]
fn a_prompt_never_has_more_tokens_than_its_budget_and_no_item_is_cut() {
    let prompts = Prompts::shipped().unwrap();
    let mut full = context(Operator::Diff);
    for i in 0..30 {
        full.cognition.push(KnowledgeView {
            id: format!("item-{i}"),
            title: "t".into(),
            body: format!("begin-{i} {} end-{i}", "word ".repeat(20 * i)),
        });
        full.tried.push(Step { id: format!("t{i}"), change: "c".into(), outcome: "o".into() });
    }
    let least = match prompts.render(&full, 10, Counting::OpenAi).unwrap_err() {
        PromptError::TooLong { needed, budget: 10 } => needed,
        other => panic!("{other}"),
    };
    for budget in (least..least + 5_000).step_by(250) {
        let prompt = prompts.render(&full, budget, Counting::OpenAi).unwrap();
        assert!(
            prompt.tokens(Counting::OpenAi) <= budget,
            "{} > {budget}",
            prompt.tokens(Counting::OpenAi)
        );
        for i in 0..30 {
            let whole = prompt.user.contains(&format!("begin-{i} "));
            assert_eq!(whole, prompt.user.contains(&format!(" end-{i}\n")), "item {i} was cut");
            let id = format!("item-{i}");
            assert_eq!(whole, prompt.context.cognition.iter().any(|item| item.id == id));
        }
        assert!(prompt.user.contains("return grid(5)") && prompt.user.contains("SEARCH"));
        // What is left out would not have fit.
        for item in full.cognition.iter().filter(|item| !prompt.user.contains(&item.body)) {
            let needed = prompt.tokens(Counting::OpenAi) + count_tokens(&item.body);
            assert!(needed > budget, "{} would fit into {budget}", item.id);
        }
    }
    let all = prompts.render(&full, least + 100_000, Counting::OpenAi).unwrap();
    assert!(all.left_out.is_empty(), "{:?}", all.left_out);
}

#[test]
fn the_least_important_section_goes_first() {
    let prompts = Prompts::shipped().unwrap();
    let full = context(Operator::Diff);
    let whole = prompts.render(&full, 100_000, Counting::OpenAi).unwrap();
    assert!(whole.left_out.is_empty());
    // Only what failed, and what not to repeat, survives a tight budget.
    let tight =
        prompts.render(&full, whole.tokens(Counting::OpenAi) - 60, Counting::OpenAi).unwrap();
    assert!(!tight.context.parents[0].artifacts.is_empty());
    assert!(tight.context.lineage.len() < full.lineage.len(), "{:?}", tight.left_out);
    assert!(tight.left_out.iter().any(|line| line.contains("lineage")), "{:?}", tight.left_out);
}

#[test]
fn one_section_cannot_crowd_out_the_others() {
    let prompts = Prompts::shipped().unwrap();
    let mut full = context(Operator::Diff);
    let log = |i: usize| Artifact { name: format!("log {i}"), text: "line\n".repeat(10) };
    full.parents[0].artifacts = (0..200).map(log).collect();
    let prompt = prompts.render(&full, 4_000, Counting::OpenAi).unwrap();
    assert!(prompt.context.parents[0].artifacts.len() > 2);
    assert_eq!(prompt.context.inspirations.len(), 1);
    assert_eq!(prompt.context.insights.len(), 1);
    assert_eq!(prompt.context.cognition.len(), 1);
}

#[test]
fn a_program_that_cannot_fit_is_a_typed_error_that_says_what_to_do() {
    let prompts = Prompts::shipped().unwrap();
    let mut full = context(Operator::Diff);
    full.parents[0].files[0].text = "x = 1\n".repeat(5_000);
    let error = prompts.render(&full, 4_000, Counting::OpenAi).unwrap_err();
    assert!(matches!(error, PromptError::TooLong { .. }));
    assert!(error.to_string().contains("raise `prompts.max_tokens`"), "{error}");
}
