//! What the report says of how a run was made.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use common::{Draft, TASK, now, small_run};
use evolve_core::CandidateId;
use evolve_core::task::parse_task;
use evolve_report::methods::{commands, methods};

#[test]
fn the_methods_of_a_run_are_told_in_sentences() {
    let run = small_run();
    insta::assert_snapshot!(methods(&run.facts, &now()).join("\n\n"));
}

#[test]
fn every_setting_that_changes_a_run_changes_the_sentences() {
    let told = |task: &str| {
        let mut run = Draft::begin(task, Some("x = 1\n"));
        run.evaluate(CandidateId::START, Ok(1.0));
        methods(&run.facts, &now()).join("\n")
    };
    let plain = told(TASK);
    let search = |text: &str| format!("{TASK}\n[search]\n{text}\n");
    let stage = |text: &str| TASK.replace("[budget]", &format!("{text}\n[budget]"));
    let changes = [
        (search("strategy = \"map-elites\""), "The strategy was map-elites"),
        (search("islands = 5"), "5 islands"),
        (search("archive = 33"), "an archive of 33 programs"),
        (search("inspirations = 4"), "4 inspirations"),
        (search("operators = { diff = 0.75, rewrite = 0.25 }"), "diff 0.75 and rewrite 0.25"),
        (search("operator_choice = \"weights\""), "the weights were fixed"),
        (search("model_choice = \"weights\""), "chosen by fixed weights"),
        (
            TASK.replace("max_tokens = 2000", "max_tokens = 2000\ntemperature = 0.3"),
            "temperature 0.3",
        ),
        (TASK.replace("output = 2.0", "output = 3.5"), "$3.5 out per million tokens"),
        (TASK.replace("usd = 1.0", "usd = 7.0"), "$7.00"),
        (stage("timeout = \"7m\""), "timeout 7m"),
        (stage("repeats = { min = 2, max = 6 }"), "measured 2 to 6 times"),
        (stage("resources = { memory = \"3GiB\" }"), "3GiB memory"),
        (format!("{TASK}\n[prompts]\nmax_tokens = 12345\n"), "at most 12,345 tokens"),
        (format!("{TASK}\n[cognition]\nsources = [\"library:kernels\"]\n"), "library:kernels"),
        (
            format!("{TASK}\n[analyzer]\nmodel = \"small-model\"\nevery = 9\n"),
            "every 9 evaluations",
        ),
    ];
    for (task, sentence) in changes {
        let text = told(&task);
        assert!(text.contains(sentence), "{sentence:?} is not in\n{text}");
        assert!(!plain.contains(sentence), "{sentence:?} is always said");
    }
}

#[test]
fn the_commands_repeat_the_run_with_its_overrides_and_seed() {
    let run = small_run();
    // Where the task's folder is not known, no command is made up.
    assert_eq!(commands(&run.facts).len(), 1);
    let mut facts = run.facts.clone();
    let mut started = (*facts.run).clone();
    started.host.insert("task_folder".into(), "/tasks/it's here".into());
    started.overrides = vec!["--set search.islands=2".into(), "--no-analyzer".into()];
    started.seed = 7;
    facts.run = started.into();
    let text: Vec<String> = commands(&facts).into_iter().map(|(command, _)| command).collect();
    assert_eq!(
        text[0],
        r"evolve start '/tasks/it'\''s here' --set search.islands=2 --no-analyzer --seed 7"
    );
    assert!(text[1].ends_with("--proposer replay:20260102-030405-packing-7f3a"), "{text:?}");
}

#[test]
fn a_name_cannot_break_out_of_its_sentence_or_of_the_page() {
    let mut task = parse_task(TASK).unwrap();
    task.search.strategy = "<script>\u{1b}[2J\n".to_owned() + &"x".repeat(100_000);
    let run = Draft::configured(&task, None);
    let text = methods(&run.facts, &now()).join("\n");
    assert!(!text.contains('\u{1b}') && text.len() < 10_000);
    assert!(!run.page().contains("was <script>"));
}
