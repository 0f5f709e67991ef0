//! Embeddings over real HTTP.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use std::sync::Arc;

use common::{Bench, model, task};
use evolve_core::event::Operator;
use evolve_core::outcome::CallStatus;
use evolve_core::ports::Embedder;
use evolve_core::task::TaskConfig;
use evolve_propose::{Keys, ServedEmbedder};
use evolve_testkit::{ModelServer, Reply, Request};

const KEY: &str = "sk-embedding-key-123456";

fn embedding_task(server: &ModelServer) -> TaskConfig {
    task(&format!(
        "[embedding]\nname = \"embedder\"\nbase_url = \"{}\"\napi_key_env = \"EMBEDDING_KEY\"\n\
         price = 2.0\ntimeout = \"2s\"\n",
        server.base_url()
    ))
}

fn embedder(server: &ModelServer) -> ServedEmbedder {
    let task = embedding_task(server);
    let keys = Keys::read(&task, |_| Some(KEY.to_owned())).unwrap();
    ServedEmbedder::new(&task.embedding.unwrap(), &keys).unwrap()
}

/// Letters counted: texts with the same letters have the same vector.
fn vectors(request: &Request) -> Vec<Vec<f32>> {
    let texts = request.body["input"].as_array().unwrap().iter();
    let count = |text: &str, c: char| text.chars().filter(|other| *other == c).count() as f32;
    texts.map(|t| t.as_str().unwrap()).map(|t| vec![count(t, 'a'), count(t, 'b')]).collect()
}

fn bench() -> Bench {
    Bench::new(&model("m", "http://127.0.0.1:1/v1", ""))
}

#[tokio::test]
async fn texts_become_vectors_in_their_order_and_the_call_is_paid_for() {
    let server = ModelServer::start(|r| Reply::embeddings(&vectors(r), 50)).await.unwrap();
    let embedder = embedder(&server);
    let bench = bench();
    let meter = bench.request(Operator::Diff).meter();
    let texts = vec!["aa".to_owned(), "abb".to_owned(), String::new(), "a\nb ".repeat(5_000)];
    let found = embedder.embed(texts, Some(meter)).await.unwrap();
    assert_eq!(found[..2], [vec![2.0, 0.0], vec![1.0, 2.0]]);
    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), Some(&*format!("Bearer {KEY}")));
    let sent = request.body["input"][3].as_str().unwrap().to_owned();
    assert!(sent.len() <= 2_000 && !sent.contains('\n'), "{}", sent.len());
    let calls = bench.calls.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].usage.input, calls[0].estimated), (50, false));
    assert!((calls[0].cost.dollars() - 0.0001).abs() < 1e-12, "{:?}", calls[0].cost);
    assert!(embedder.reservation().usd >= calls[0].cost);
    assert!(!bench.blobs.text(calls[0].request).contains(KEY));
}

#[tokio::test]
async fn a_server_that_fails_is_told_of_without_its_key_and_left_alone_for_a_while() {
    let server = ModelServer::start(|_| Reply::error(500, KEY)).await.unwrap();
    let embedder = embedder(&server);
    let bench = bench();
    let ask = |text: &str| {
        embedder.embed(vec![text.to_owned()], Some(bench.request(Operator::Diff).meter()))
    };
    let fault = ask("a").await.unwrap_err().what;
    assert!(fault.contains("embedder") && fault.contains("by words"), "{fault}");
    assert!(!fault.contains(KEY), "{fault}");
    assert!(ask("b").await.unwrap_err().what.contains("a moment ago"));
    assert_eq!(server.requests().len(), 1, "it was asked once");
    let calls = bench.calls.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].status, calls[0].usage.input), (CallStatus::ServerError, 0));
    assert!(!calls[0].detail.contains(KEY));
}

#[tokio::test]
async fn an_answer_of_other_vectors_than_asked_for_is_no_answer() {
    let server =
        ModelServer::start(|_| Reply::embeddings(&[vec![1.0], vec![1.0, 2.0]], 1)).await.unwrap();
    for texts in [vec!["a".to_owned()], vec!["a".to_owned(), "b".to_owned()]] {
        let fault = embedder(&server).embed(texts, None).await.unwrap_err().what;
        assert!(fault.contains("vectors"), "{fault}");
    }
    let _: Arc<dyn Embedder> = Arc::new(embedder(&server));
}
