//! Mistakes that are found before a run starts, and secrets that stay where they are.
#![allow(clippy::unwrap_used)] // helpers of tests may panic too

mod common;

use std::time::{Duration, Instant};

use common::{Bench, GOOD_DIFF, KEY, Options, model, task};
use evolve_core::event::Operator;
use evolve_propose::{Keys, SetupError, default_operators};
use evolve_testkit::{ModelServer, Reply};

fn error(models: &str) -> SetupError {
    Options::new(models).build().err().unwrap()
}

#[test]
fn a_missing_key_names_its_variable() {
    let models = model("m", "http://127.0.0.1:1/v1", "").replace("TEST_KEY", "OTHER_KEY");
    let error = error(&models);
    assert!(matches!(&error, SetupError::MissingKey { variable, .. } if variable == "OTHER_KEY"));
    assert!(error.to_string().contains("`OTHER_KEY`"), "{error}");
    let blank = Keys::read(&task(&models), |_| Some(" \n".to_owned())).err().unwrap();
    assert!(matches!(blank, SetupError::MissingKey { .. }));
}

#[test]
fn a_key_with_a_line_break_is_refused_without_being_shown() {
    let task = task(&model("m", "http://127.0.0.1:1/v1", ""));
    let keys = Keys::read(&task, |_| Some(format!("{KEY}\n"))).unwrap();
    assert!(!format!("{keys:?}").contains(KEY));
    let mut setup_task = Options::new(&model("m", "http://127.0.0.1:1/v1", ""));
    setup_task.task = task;
    let setup = evolve_propose::ProposerSetup {
        task: setup_task.task.into(),
        description: String::new(),
        prompts: evolve_prompts::Prompts::shipped().unwrap(),
        knowledge: None,
        embedder: None,
        keys,
        clock: std::sync::Arc::new(evolve_core::ports::SystemClock),
        population: Vec::new(),
        command: None,
        languages: Vec::new(),
        patience: evolve_propose::Patience::default(),
    };
    let error = evolve_propose::Proposers::new(setup).err().unwrap();
    assert!(matches!(error, SetupError::BadKey { .. }));
    let text = format!("{error} {error:?}");
    assert!(text.contains("TEST_KEY") && text.contains("line break") && !text.contains(KEY));
}

#[test]
fn a_base_url_that_is_none_is_named() {
    let error = error(&model("m", "http://me:secret@127.0.0.1/v1", ""));
    assert!(matches!(&error, SetupError::BadUrl { .. }));
    assert!(error.to_string().contains("api_key_env"), "{error}");
}

#[test]
fn an_operator_that_needs_a_model_is_refused_without_one() {
    let error = error("[search]\noperators = { diff = 1.0, mutate = 1.0 }\n");
    assert_eq!(error, SetupError::NoModel(Operator::Diff));
    let fine = "[search]\noperators = { diff = 0.0, mutate = 1.0 }\n";
    Options::new(fine).build().unwrap();
}

#[test]
fn the_default_operators_follow_models_and_language() {
    let with = model("m", "http://127.0.0.1:1/v1", "");
    assert_eq!(default_operators(&task(""), &[]), [(Operator::Mutate, 1.0)]);
    let mixed = default_operators(&task(&with), &[]);
    assert_eq!(
        mixed.iter().map(|(o, _)| *o).collect::<Vec<_>>(),
        [Operator::Diff, Operator::Rewrite, Operator::Crossover, Operator::Mutate,]
    );
    let mut unknown = task(&with);
    unknown.program.as_mut().unwrap().path = "program.xyz".into();
    assert!(default_operators(&unknown, &[]).iter().all(|(o, _)| *o != Operator::Mutate));
    let own = task(&format!("[search]\noperators = {{ rewrite = 2.0 }}\n{with}"));
    assert_eq!(default_operators(&own, &[]), [(Operator::Rewrite, 2.0)]);
}

#[tokio::test]
async fn a_key_in_a_program_does_not_enter_the_prompt() {
    let server = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
    let mut options = Options::new(&model("m", &server.base_url(), ""));
    let text = options.program.files.get_mut("program.py").unwrap();
    *text = format!("{text}# {KEY}\n");
    let bench = options.build().unwrap();
    bench.propose(Operator::Diff).await.result.unwrap();
    let prompt = server.requests()[0].last().to_owned();
    assert!(prompt.contains("# [redacted]") && !prompt.contains(KEY), "{prompt}");
}

#[tokio::test]
async fn the_key_is_never_written_even_when_the_provider_repeats_it() {
    let cases: [fn() -> Reply; 5] = [
        || Reply::error(401, &format!("Incorrect API key provided: {KEY}")),
        || Reply::error(500, &format!("debug: authorization={KEY}")),
        || Reply::error_in_200(&format!("bad key {KEY}")),
        || Reply::refusal(&format!("I will not use {KEY}")),
        || Reply::text(GOOD_DIFF.replace("a smaller step", KEY)),
    ];
    for stream in [true, false] {
        for reply in cases {
            let server = ModelServer::start(move |_| reply()).await.unwrap();
            let bench = Bench::new(&model("m", &server.base_url(), &format!("stream = {stream}")));
            let outcome = bench.propose(Operator::Diff).await;
            assert!(server.requests()[0].header("authorization").unwrap().contains(KEY));
            assert!(!bench.calls.calls().is_empty());
            let written = bench.written();
            assert!(written.contains("[redacted]"), "the provider did repeat it");
            assert!(!written.contains(KEY), "{written}");
            assert!(!format!("{outcome:?}").contains(KEY), "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn what_a_model_is_asked_with_is_passed_on() {
    for stream in [true, false] {
        let server = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
        let more = format!(
            "stream = {stream}\ntemperature = 0.7\ntop_p = 0.9\nreasoning_effort = \"low\"\n\
             extra = {{ top_k = 40, chat_template_kwargs = {{ enable_thinking = false }} }}"
        );
        let bench = Bench::new(&model("m", &server.base_url(), &more));
        bench.propose(Operator::Diff).await.result.unwrap();
        let body = server.requests()[0].body.clone();
        assert_eq!(body["temperature"], 0.7);
        assert_eq!(body["top_p"], 0.9);
        assert_eq!(body["reasoning_effort"], "low");
        assert_eq!(body["top_k"], 40);
        assert_eq!(body["chat_template_kwargs"]["enable_thinking"], false);
        assert_eq!(body["model"], "m");
        assert_eq!(body["stream"], stream);
    }
}

#[tokio::test]
async fn a_key_that_a_command_prints_is_sent_and_never_written() {
    let server =
        ModelServer::start(|_| Reply::error(401, &format!("wrong key {KEY}"))).await.unwrap();
    let section = model("m", &server.base_url(), "")
        .replace("api_key_env = \"TEST_KEY\"", &format!("api_key_command = [\"echo\", \"{KEY}\"]"));
    let bench = Bench::new(&section);
    let outcome = bench.propose(Operator::Diff).await;
    assert_eq!(server.requests()[0].header("authorization"), Some(&*format!("Bearer {KEY}")));
    assert!(!format!("{outcome:?}").contains(KEY) && !bench.written().contains(KEY));
    let fails = section.replace("\"echo\"", "\"false\"");
    let error = error(&fails);
    assert!(matches!(&error, SetupError::KeyCommand { .. }), "{error}");
}

#[tokio::test]
async fn calls_keep_to_the_rate_that_the_task_gives() {
    for rate in ["requests_per_minute = 600", "tokens_per_minute = 1_000_000"] {
        let server = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
        let bench = Bench::new(&model("m", &server.base_url(), rate));
        let start = Instant::now();
        let one = || bench.propose(Operator::Diff);
        let (a, b, c) = tokio::join!(one(), one(), one());
        for outcome in [a, b, c] {
            outcome.result.unwrap();
        }
        let mut arrived: Vec<_> = server.exchanges().iter().map(|e| e.arrived - start).collect();
        arrived.sort();
        // 100 ms apart by requests; by tokens at least the 60 ms of an answer of 1,000.
        for (after, arrived) in (0..).zip(&arrived) {
            assert!(*arrived >= Duration::from_millis(60) * after, "{rate}: {arrived:?}");
        }
    }
}
