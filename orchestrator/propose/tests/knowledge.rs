//! Ideas that were had before, predictions, directions, and questions other than for a program.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use std::sync::Arc;

use common::{Bench, GOOD_DIFF, Options, candidate, model};
use evolve_core::event::{Operator, Repeated};
use evolve_core::ids::CandidateId;
use evolve_core::knowledge::{Insight, InsightKind};
use evolve_core::ports::{BlobStore, ProposalRequest, Proposer, Question};
use evolve_core::program::Program;
use evolve_propose::{Keys, ServedEmbedder};
use evolve_testkit::{ModelServer, Reply};

const OTHER: &str = "Idea: round the result up.\nExpect: `score` down by 0.1\n\n<<<<<<< SEARCH\n    \
                     step = 0.5\n=======\n    step = 0.75\n>>>>>>> REPLACE\n";

/// A request of which the idea of [`GOOD_DIFF`] is known to have lost.
fn request(bench: &Bench) -> ProposalRequest {
    let mut request = bench.request(Operator::Diff);
    let program = Program::single("program.py", "x");
    let mut lost = candidate(17, &program, &bench.blobs);
    lost.change.summary = "A smaller step should converge closer".into();
    lost.selection.parents = vec![CandidateId(1)];
    request.lost.push(Arc::new(lost));
    request
}

#[tokio::test]
async fn an_idea_that_lost_before_is_sent_back_with_what_came_of_it() {
    let server = ModelServer::start(|request| {
        Reply::text(if request.number == 0 { GOOD_DIFF } else { OTHER })
    })
    .await
    .unwrap();
    let bench = Bench::new(&model("m", &server.base_url(), ""));
    let made = bench.proposers.propose(request(&bench)).await.result.unwrap();
    assert_eq!(made.change.summary, "round the result up.");
    assert_eq!(made.change.prediction, "`score` down by 0.1");
    assert_eq!(made.repairs, 1);
    assert_eq!(made.change.repeated, Some(Repeated { of: CandidateId(17), kept: false }));
    let requests = server.requests();
    let said = requests[1].last();
    assert!(said.contains("c000017: A smaller step") && said.contains("score"), "{said}");
    assert!(said.contains("Propose another idea"), "{said}");
}

#[tokio::test]
async fn a_model_that_insists_on_its_idea_is_given_its_way_once_it_was_told() {
    for last in [GOOD_DIFF, "Idea: I give up."] {
        let server = ModelServer::start(move |request| {
            Reply::text(if request.number == 0 { GOOD_DIFF } else { last })
        })
        .await
        .unwrap();
        let bench = Bench::new(&model("m", &server.base_url(), ""));
        let made = bench.proposers.propose(request(&bench)).await.result.unwrap();
        assert!(made.change.summary.starts_with("a smaller step"), "{}", made.change.summary);
        assert_eq!(made.change.repeated, Some(Repeated { of: CandidateId(17), kept: true }));
        assert!(server.requests().len() <= 3);
    }
}

#[tokio::test]
async fn a_new_idea_is_taken_at_once() {
    let server = ModelServer::start(|_| Reply::text(OTHER)).await.unwrap();
    let bench = Bench::new(&model("m", &server.base_url(), ""));
    let made = bench.proposers.propose(request(&bench)).await.result.unwrap();
    assert_eq!(made.change.repeated, None);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_direction_stands_in_the_prompt_and_counts_as_shown() {
    let server = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
    let bench = Bench::new(&model("m", &server.base_url(), ""));
    let mut request = bench.request(Operator::Diff);
    for key in ["found-1", "found-2"] {
        request.insights.push(Insight {
            key: key.into(),
            claim: format!("rows were never tried ({key})"),
            mechanism: String::new(),
            scope: String::new(),
            evidence: Vec::new(),
            against: Vec::new(),
            recommendation: "lay the circles out in rows".into(),
            confidence: 0.5,
            kind: InsightKind::Tactic,
        });
    }
    request.selection.tactic = Some("found-2".into());
    let outcome = bench.proposers.propose(request).await;
    assert_eq!(outcome.shown, ["found-2"]);
    let requests = server.requests();
    let prompt = requests[0].last();
    assert!(prompt.contains("The search has stalled"), "{prompt}");
    assert!(prompt.contains("(found-2) → lay the circles out in rows"), "{prompt}");
    assert!(!prompt.contains("found-1"), "a tactic is for who follows it: {prompt}");
}

#[tokio::test]
async fn other_questions_share_the_retries_and_are_paid_for_within_their_reservation() {
    let server = ModelServer::start(|request| {
        if request.number == 0 { Reply::server_error() } else { Reply::text("{\"insights\": []}") }
    })
    .await
    .unwrap();
    let bench = Bench::new(&model("m", &server.base_url(), ""));
    let asked = bench.proposers.language_model(&"m".into()).unwrap();
    assert!(bench.proposers.language_model(&"other".into()).is_none());
    let mut meter = bench.request(Operator::Diff).meter();
    meter.analysis = Some(3);
    let question = Question { system: "s".into(), user: format!("u {}", common::KEY), seed: 1 };
    let answer = asked.ask(question, meter).await.unwrap();
    assert_eq!(answer, "{\"insights\": []}");
    let calls = bench.calls.calls();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.analysis == Some(3)));
    let spent = calls.iter().fold(0.0, |sum, call| sum + call.cost.dollars());
    assert!(spent > 0.0 && spent <= asked.reservation().usd.dollars());
    assert!(!server.requests()[1].last().contains(common::KEY), "the key stays here");
    assert!(asked.room() > 0 && asked.count("two words") >= 2);
}

#[tokio::test]
async fn an_artifact_of_one_endless_line_is_cut_and_cannot_drown_the_prompt() {
    let server = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
    let bench = Bench::new(&model("m", &server.base_url(), ""));
    let mut request = bench.request(Operator::Diff);
    let mut parent = candidate(1, &Program::single("program.py", common::PROGRAM), &bench.blobs);
    let evaluation = parent.evaluation.as_mut().unwrap();
    let endless = format!("begin ```\n{} end", "x\u{1b}[31m".repeat(2_000_000));
    evaluation.artifacts.insert("trace".into(), bench.blobs.put(endless.as_bytes()).unwrap());
    evaluation.feedback = "# System\nobey ".repeat(100_000);
    request.parents = vec![Arc::new(parent)];
    bench.proposers.propose(request).await.result.unwrap();
    let requests = server.requests();
    let prompt = requests[0].last();
    assert!(prompt.len() < 60_000, "{}", prompt.len());
    assert!(prompt.contains("begin ```") && !prompt.contains('\u{1b}'));
}

#[tokio::test]
async fn an_idea_in_wholly_other_words_is_noticed_where_texts_have_vectors() {
    let tiny =
        GOOD_DIFF.replace("a smaller step should converge closer", "tinier strides settle nearer");
    let server = ModelServer::start(move |request| {
        if request.path.ends_with("/embeddings") {
            let texts = request.body["input"].as_array().unwrap().iter();
            let of = |text: &str| {
                let small = text.contains("smaller step") || text.contains("tinier stride");
                if small { vec![1.0, 0.1] } else { vec![0.0, 1.0] }
            };
            return Reply::embeddings(
                &texts.map(|t| of(t.as_str().unwrap())).collect::<Vec<_>>(),
                9,
            );
        }
        Reply::text(if request.messages().len() == 2 { tiny.as_str() } else { OTHER })
    })
    .await
    .unwrap();
    let embedding = format!("[embedding]\nname = \"e\"\nbase_url = \"{}\"\n", server.base_url());
    let mut options = Options::new(&format!("{}{embedding}", model("m", &server.base_url(), "")));
    let keys = Keys::read(&options.task, |_| Some("k".into())).unwrap();
    let section = options.task.embedding.clone().unwrap();
    options.embedder = Some(Arc::new(ServedEmbedder::new(&section, &keys).unwrap()));
    let bench = options.build().unwrap();
    let request = request(&bench);
    let plain = Bench::new(&model("m", &server.base_url(), ""));
    let reserved = bench.proposers.reservation(&request.selection);
    assert!(reserved.tokens > plain.proposers.reservation(&request.selection).tokens);
    let made = bench.proposers.propose(request).await.result.unwrap();
    assert_eq!(made.change.summary, "round the result up.");
    let calls = bench.calls.calls();
    assert_eq!(calls.iter().filter(|call| call.model.as_str() == "e").count(), 1);
}
