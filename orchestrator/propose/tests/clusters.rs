//! Clusters of programs by their embeddings, over real HTTP.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{Bench, KEY, Options, PROGRAM, model};
use evolve_core::event::{Change, Envelope, Event, Operator, Proposed, RunStarted, Slots};
use evolve_core::ports::{BlobStore, NewProgram, Proposer};
use evolve_core::program::Program;
use evolve_core::{CandidateId, Facts, Seq, Shape};
use evolve_propose::{Keys, ServedEmbedder};
use evolve_testkit::{ModelServer, Reply, Request};

fn diff(old: &str, new: &str) -> String {
    format!("Idea: another line.\n\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n")
}

/// Two steps that mean much the same, and another function.
fn answers() -> [String; 3] {
    let step = |size: &str| diff("    step = 0.5", &format!("    step = {size}"));
    [step("0.25"), step("0.125"), diff("    return math.sqrt(step)", "    return math.cos(step)")]
}

fn texts(request: &Request) -> Vec<String> {
    let texts = request.body["input"].as_array().unwrap().iter();
    texts.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Answers in turn; what is embedded points one way or the other.
async fn server() -> ModelServer {
    ModelServer::start(move |request| {
        if !request.path.ends_with("/embeddings") {
            let asked = request.messages()[1].1.to_owned();
            let wanted = (0..3).find(|n| asked.contains(&format!("answer {n}"))).unwrap_or(0);
            return Reply::text(&answers()[wanted]);
        }
        let vector =
            |text: &String| if text.contains("cos") { vec![0.0, 1.0] } else { vec![1.0, 0.1] };
        Reply::embeddings(&texts(request).iter().map(vector).collect::<Vec<_>>(), 9)
    })
    .await
    .unwrap()
}

fn bench(server: &ModelServer, search: &str) -> Bench {
    let embedding = format!("[embedding]\nname = \"e\"\nbase_url = \"{}\"\n", server.base_url());
    let mut options =
        Options::new(&format!("{}{embedding}{search}", model("m", &server.base_url(), "")));
    let keys = Keys::read(&options.task, |_| Some(KEY.into())).unwrap();
    let section = options.task.embedding.clone().unwrap();
    options.embedder = Some(Arc::new(ServedEmbedder::new(&section, &keys).unwrap()));
    let mut bench = options.build().unwrap();
    let start = bench.blobs.put(&Program::single("program.py", PROGRAM).to_bytes()).unwrap();
    let task = (*bench.task).clone();
    tell(
        &mut bench,
        vec![Event::RunStarted(RunStarted {
            run: "r".into(),
            task,
            overrides: Vec::new(),
            program: Some(start),
            from: None,
            population: 0,
            seed: 1,
            slots: Slots { proposals: 1, evaluations: 1 },
            proposer: "model".into(),
            analyzer: false,
            sandbox: Vec::new(),
            evolve: "0".into(),
            host: BTreeMap::default(),
        })],
    );
    bench
}

const BY_MEANING: &str =
    "[search]\nstrategy = \"map-elites\"\n[search.parameters]\ndescriptors = [\"cluster\"]\n";

fn tell(bench: &mut Bench, events: Vec<Event>) {
    let envelope = |event| Envelope { v: 1, seq: Seq(0), at: jiff::Timestamp::UNIX_EPOCH, event };
    let mut facts: Option<Facts> = None;
    for event in events {
        let event = envelope(event);
        let facts = facts.get_or_insert_with(|| {
            let first = evolve_testkit::generated::events(1, 1);
            Facts::begin(&first[0]).unwrap()
        });
        bench.proposers.observe(facts, &event);
    }
}

async fn made(bench: &Bench, answer: usize) -> NewProgram {
    let mut request = bench.request(Operator::Diff);
    let parent = Arc::make_mut(&mut request.parents[0]);
    parent.evaluation.as_mut().unwrap().feedback = format!("answer {answer}");
    bench.proposers.propose(request).await.result.unwrap()
}

fn proposed(bench: &Bench, number: u64, new: &NewProgram) -> Event {
    let start = Program::single("program.py", PROGRAM);
    Event::Proposed(Proposed {
        candidate: CandidateId(number),
        program: bench.blobs.put(&new.program.to_bytes()).unwrap(),
        normal: None,
        shape: Some(Shape { cluster: new.cluster, ..Shape::of(&new.program, Some(&start)) }),
        change: Change::default(),
        model: None,
        prompt: None,
        repairs: 0,
    })
}

fn embedded(server: &ModelServer) -> Vec<usize> {
    let requests = server.requests();
    let calls = requests.iter().filter(|request| request.path.ends_with("/embeddings"));
    calls.map(|request| texts(request).len()).collect()
}

#[tokio::test]
async fn programs_of_one_meaning_are_of_one_cluster_also_after_a_resume() {
    let server = server().await;
    let first = bench(&server, BY_MEANING);
    let mut journal = Vec::new();
    for (answer, cluster) in [(0, 0), (1, 0), (2, 1)] {
        let new = made(&first, answer).await;
        assert_eq!(new.cluster, Some(cluster), "{:?}", new.program);
        journal.push(proposed(&first, answer as u64 + 1, &new));
    }
    assert_eq!(embedded(&server), [1, 1, 1], "leaders' vectors are remembered");
    let request = server.requests().into_iter().find(|r| r.path.ends_with("/embeddings")).unwrap();
    assert_eq!(texts(&request), ["step = 0.25"], "the lines that the start does not have");

    let mut resumed = bench(&server, BY_MEANING);
    for bytes in first.blobs.all().values() {
        resumed.blobs.put(bytes).unwrap();
    }
    tell(&mut resumed, journal);
    assert_eq!(made(&resumed, 2).await.cluster, Some(1));
    assert_eq!(made(&resumed, 1).await.cluster, Some(0));
    assert_eq!(embedded(&server)[3..], [3, 1], "two leaders were asked for anew, once");
}

#[tokio::test]
async fn what_finding_a_cluster_costs_is_reserved_and_written_down() {
    let server = server().await;
    let (with, without) = (bench(&server, BY_MEANING), bench(&server, ""));
    for operator in [Operator::Mutate, Operator::Diff] {
        assert!(with.reservation(operator).tokens > without.reservation(operator).tokens);
    }
    assert_eq!(made(&without, 0).await.cluster, None);
    assert!(embedded(&server).is_empty(), "no strategy asks for it");
    let outcome = with.propose(Operator::Mutate).await;
    assert_eq!(outcome.result.unwrap().cluster, Some(0));
    let calls = with.calls.calls();
    assert_eq!(calls.iter().map(|call| call.model.as_str()).collect::<Vec<_>>(), ["e"]);
    assert_eq!(calls[0].usage.input, 9);
}

#[tokio::test]
async fn without_the_server_programs_come_all_the_same() {
    let server = ModelServer::start(|request| {
        if request.path.ends_with("/embeddings") {
            Reply::error(500, "no")
        } else {
            Reply::text(&answers()[0])
        }
    })
    .await
    .unwrap();
    let bench = bench(&server, BY_MEANING);
    assert_eq!(made(&bench, 0).await.cluster, None);
}
