//! What models answer becomes programs, or goes back to them.
#![allow(clippy::unwrap_used)] // helpers of tests may panic too

mod common;

use std::sync::{Arc, Mutex};

use common::{Bench, GOOD_DIFF, Options, PROGRAM, candidate, model, task_with};
use evolve_core::event::{Operator, Reservation};
use evolve_core::facts::CandidateFacts;
use evolve_core::knowledge::{CognitionItem, Insight, InsightKind, Situation};
use evolve_core::outcome::{CallStatus, EvalStatus, RejectReason};
use evolve_core::ports::{
    BoxFuture, Found, HostFault, KnowledgeBase, ProposalOutcome, Proposer, Query,
};
use evolve_core::program::Program;
use evolve_prompts::Counting;
use evolve_testkit::{ModelServer, Reply, Request};

async fn served(
    handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> (ModelServer, Bench) {
    let server = ModelServer::start(handler).await.unwrap();
    let bench = Bench::new(&model("m", &server.base_url(), ""));
    (server, bench)
}

fn text_of(outcome: &ProposalOutcome) -> String {
    let program = &outcome.result.as_ref().unwrap().program;
    program.sole().unwrap().1.to_owned()
}

fn reason(outcome: &ProposalOutcome) -> RejectReason {
    outcome.result.as_ref().unwrap_err().reason
}

fn diff(search: &str, replace: &str) -> String {
    format!("Idea: something.\n\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n")
}

#[tokio::test]
async fn a_diff_is_applied_streamed_and_not() {
    for stream in [true, false] {
        let server = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
        let url = server.base_url();
        let bench = Bench::new(&model("m", &url, &format!("stream = {stream}\ntemperature = 0.7")));
        let outcome = bench.propose(Operator::Diff).await;
        assert_eq!(text_of(&outcome), PROGRAM.replace("0.5", "0.25"));
        let new = outcome.result.unwrap();
        assert_eq!(new.model.unwrap().as_str(), "m");
        assert_eq!(new.repairs, 0);
        assert_eq!(new.change.summary, "a smaller step should converge closer.");
        assert!(new.normal.is_some());
        let requests = server.requests();
        assert_eq!(requests.len(), 1);
        let body = &requests[0].body;
        assert_eq!((body["stream"] == true, requests[0].wants_usage()), (stream, stream));
        assert_eq!((&body["max_tokens"], &body["temperature"]), (&1000.into(), &0.7.into()));
        assert_eq!(requests[0].header("authorization"), Some("Bearer sk-test-0123456789abcdef"));
    }
}

#[tokio::test]
async fn the_other_interface_is_spoken_streamed_and_not() {
    for stream in [true, false] {
        let server = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
        let more = format!("api = \"responses\"\nreasoning_effort = \"low\"\nstream = {stream}");
        let bench = Bench::new(&model("m", &server.base_url(), &more));
        let outcome = bench.propose(Operator::Diff).await;
        assert_eq!(text_of(&outcome), PROGRAM.replace("0.5", "0.25"));
        let requests = server.requests();
        let body = &requests[0].body;
        assert_eq!((requests.len(), requests[0].path.as_str()), (1, "/v1/responses"));
        assert_eq!((&body["max_output_tokens"], &body["store"]), (&1000.into(), &false.into()));
        assert_eq!(body["reasoning"]["effort"], "low");
        assert_eq!(requests[0].messages()[0].0, "system");
        // What it cost is what the server counted.
        let call = &bench.calls.calls()[0];
        assert_eq!(Some(call.usage), server.exchanges()[0].billed);
        assert!(!call.estimated);
    }
}

#[tokio::test]
async fn answers_of_the_other_interface_fail_in_the_same_ways() {
    for (reply, status) in [
        (Reply::refusal("I would rather not"), CallStatus::Refused),
        (Reply::text("Idea: too").with_finish("length"), CallStatus::Truncated),
        (Reply::text("Idea").with_finish("content_filter"), CallStatus::Refused),
        (Reply::cut("Idea: it breaks"), CallStatus::Truncated),
        (Reply::ended_early("Idea: it ends"), CallStatus::Truncated),
        (Reply::error_in_200("overloaded"), CallStatus::Garbled),
        (Reply::server_error(), CallStatus::ServerError),
    ] {
        let server = ModelServer::start(move |_| reply.clone()).await.unwrap();
        let bench = Bench::new(&model("m", &server.base_url(), "api = \"responses\""));
        assert!(bench.propose(Operator::Diff).await.result.is_err());
        assert_eq!(bench.statuses()[0], status, "{:?}", bench.calls.calls()[0].detail);
    }
}

#[tokio::test]
async fn prompt_request_and_answer_are_stored_and_readable() {
    let (_server, bench) = served(|_| Reply::text(GOOD_DIFF)).await;
    let new = bench.propose(Operator::Diff).await.result.unwrap();
    let prompt = bench.blobs.text(new.prompt.unwrap());
    assert!(prompt.contains("4 |     step = 0.5") && prompt.contains("lines 3–5"), "{prompt}");
    assert!(prompt.contains("`score` = 0.30000000000000004"), "{prompt}");
    assert!(prompt.contains("the corners are empty") && prompt.contains("Pack circles"));
    let call = &bench.calls.calls()[0];
    assert!(bench.blobs.text(call.request).contains("\"model\":\"m\""));
    let answer: serde_json::Value =
        serde_json::from_str(&bench.blobs.text(call.response.unwrap())).unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], GOOD_DIFF);
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn a_private_metric_is_in_no_prompt() {
    let (_server, mut bench) = served(|_| Reply::text(GOOD_DIFF)).await;
    let mut parent = CandidateFacts::clone(&bench.parents[0]);
    let metrics = &mut parent.evaluation.as_mut().unwrap().metrics;
    metrics.extend([("private.seed".to_owned(), 4.5), ("shared".to_owned(), 5.5)]);
    bench.parents = vec![Arc::new(parent)];
    let new = bench.propose(Operator::Diff).await.result.unwrap();
    let prompt = bench.blobs.text(new.prompt.unwrap());
    assert!(prompt.contains("`shared` = 5.5") && !prompt.contains("private.seed"), "{prompt}");
}

#[tokio::test]
async fn a_rewrite_replaces_the_program() {
    let (server, bench) = served(|_| {
        let program = PROGRAM.replace("step = 0.5\n    return", "radius = 2\n    return");
        Reply::text(format!(
            "Radii in place of steps.\n\n```python\n{}```\n",
            program.replace("(step)", "(radius)")
        ))
    })
    .await;
    let outcome = bench.propose(Operator::Rewrite).await;
    assert!(text_of(&outcome).contains("math.sqrt(radius)"), "{}", text_of(&outcome));
    assert!(server.requests()[0].last().contains("Write the program anew"));
}

#[tokio::test]
async fn a_crossover_shows_both_parents() {
    let (server, mut bench) = served(|_| {
        Reply::text(format!("Both.\n\n```python\n{}```\n", PROGRAM.replace("0.5", "0.125")))
    })
    .await;
    let other = Program::single("program.py", PROGRAM.replace("sqrt", "cbrt"));
    bench.parents.push(Arc::new(candidate(2, &other, &bench.blobs)));
    let outcome = bench.propose(Operator::Crossover).await;
    assert!(text_of(&outcome).contains("0.125"));
    let prompt = server.requests()[0].last().to_owned();
    assert!(prompt.contains("math.sqrt(step)") && prompt.contains("math.cbrt(step)"), "{prompt}");
}

#[tokio::test]
async fn a_fix_shows_the_failure_first() {
    let (server, mut bench) = served(|_| Reply::text(GOOD_DIFF)).await;
    let mut failed = candidate(1, &Program::single("program.py", PROGRAM), &bench.blobs);
    let evaluation = failed.evaluation.as_mut().unwrap();
    evaluation.status = EvalStatus::Crashed;
    evaluation.detail = "ZeroDivisionError: float division".into();
    evaluation.samples.clear();
    let put =
        |text: &str| evolve_core::ports::BlobStore::put(&*bench.blobs, text.as_bytes()).unwrap();
    evaluation.log = Some(put("Traceback, line 4\n"));
    evaluation.artifacts.insert("aaa-notes".into(), put("all is calm\n"));
    evaluation.artifacts.insert("picture.png".into(), put("\u{0}binary"));
    bench.parents = vec![Arc::new(failed)];
    bench.propose(Operator::Fix).await.result.unwrap();
    let prompt = server.requests()[0].last().to_owned();
    assert!(prompt.contains("crashed: ZeroDivisionError"), "{prompt}");
    let place = |text: &str| prompt.find(text).unwrap_or_else(|| panic!("no {text} in {prompt}"));
    assert!(place("Traceback, line 4") < place("all is calm"));
    assert!(!prompt.contains("picture.png"));
}

#[tokio::test]
async fn a_draft_starts_from_nothing() {
    let (server, bench) = served(|_| Reply::text("A start.\n\n```python\nprint(1)\n```\n")).await;
    let outcome = bench.propose(Operator::Draft).await;
    assert_eq!(outcome.result.unwrap().program, Program::single("program.py", "print(1)\n"));
    assert!(server.requests()[0].last().contains("Write a first program"));
}

#[tokio::test]
async fn a_failed_patch_goes_back_with_the_reason_in_the_same_conversation() {
    let (server, bench) = served(|request| {
        Reply::text(if request.number == 0 {
            diff("    stride = 0.5", "    stride = 1")
        } else {
            GOOD_DIFF.into()
        })
    })
    .await;
    let outcome = bench.propose(Operator::Diff).await;
    assert_eq!(text_of(&outcome), PROGRAM.replace("0.5", "0.25"));
    assert_eq!(outcome.result.unwrap().repairs, 1);
    let requests = server.requests();
    let (first, second) = (requests[0].messages(), requests[1].messages());
    assert_eq!(first[..], second[..2], "the prefix stays, so that it is cached");
    assert_eq!(second[2].0, "assistant");
    assert!(second[2].1.contains("stride = 0.5"));
    assert!(second[3].1.contains("could not be applied"), "{}", second[3].1);
    assert!(second[3].1.contains("stride"), "the reason names what was not found");
}

#[tokio::test]
async fn a_syntax_error_goes_back_with_its_line() {
    let (server, bench) = served(|request| {
        let broken = diff("    step = 0.5", "    step = (0.5");
        Reply::text(if request.number == 0 { broken } else { GOOD_DIFF.into() })
    })
    .await;
    assert_eq!(bench.propose(Operator::Diff).await.result.unwrap().repairs, 1);
    let repair = server.requests()[1].last().to_owned();
    assert!(repair.contains("does not parse") && repair.contains("program.py:"), "{repair}");
}

#[tokio::test]
async fn what_only_a_compiler_can_judge_is_not_rejected_for_its_syntax() {
    let server = ModelServer::start(|_: &Request| Reply::text(GOOD_DIFF)).await.unwrap();
    let models = model("m", &server.base_url(), "");
    let program = "[program]\npath = \"program.py\"\nlanguage = \"cpp\"\n";
    let options = Options { task: task_with(&models, program), ..Options::new(&models) };
    let bench = options.build().unwrap();
    let new = bench.propose(Operator::Diff).await.result.unwrap();
    assert_eq!((new.repairs, new.normal), (0, None), "Python is no C++, but who knows");
}

#[tokio::test]
async fn repairs_end_and_the_last_mistake_is_the_reason() {
    for (answer, expected) in [
        (diff("    stride = 0.5", "    stride = 1"), RejectReason::PatchFailed),
        (diff("    step = 0.5", "    step = (0.5"), RejectReason::Syntax),
        (diff("print(pack())", "print(99)"), RejectReason::OutsideRegion),
        (
            diff("    step = 0.5", &format!("    step = 0.5 # {}", "x".repeat(5_000))),
            RejectReason::TooLarge,
        ),
        ("I would rather talk about the weather.".into(), RejectReason::Unusable),
    ] {
        let reply = move |request: &Request| Reply::text(format!("{answer}\n{}", request.number));
        let (server, bench) = served(reply).await;
        let outcome = bench.propose(Operator::Diff).await;
        let none = outcome.result.as_ref().unwrap_err();
        assert_eq!(none.reason, expected, "{}", none.detail);
        assert!(none.prompt.is_some() && !none.detail.is_empty() && !none.detail.contains('\n'));
        assert_eq!(server.requests().len(), 3);
    }
}

#[tokio::test]
async fn a_model_that_repeats_its_mistake_word_for_word_is_not_asked_a_third_time() {
    let (server, bench) = served(|_| Reply::text(diff("    stride = 0.5", "    x = 1"))).await;
    assert_eq!(reason(&bench.propose(Operator::Diff).await), RejectReason::PatchFailed);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn prompts_stay_within_their_limit_even_with_an_answer_sent_back() {
    let long = format!("{}\n{}", "wordy ".repeat(4_000), diff("    stride = 0.5", "    x = 1"));
    let reply = move |request: &Request| Reply::text(format!("{long}\n{}", request.number));
    let server = ModelServer::start(reply).await.unwrap();
    let talkative = model("m", &server.base_url(), "").replace("1000", "10000");
    let bench = Bench::new(&format!("{talkative}[prompts]\nmax_tokens = 2000\n"));
    assert_eq!(reason(&bench.propose(Operator::Diff).await), RejectReason::PatchFailed);
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in &requests {
        let texts = request.messages().into_iter().map(|(_, text)| Counting::Cautious.count(text));
        let tokens: u64 = texts.sum();
        assert!(tokens <= 2_000, "{tokens} tokens");
    }
    assert!(requests[1].messages()[2].1.contains("[… left out …]"));
}

#[tokio::test]
async fn a_program_too_large_for_the_prompt_is_refused_before_any_call() {
    let server = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
    let models = format!("{}[prompts]\nmax_tokens = 1000\n", model("m", &server.base_url(), ""));
    let mut options = Options::new(&models);
    options.program = Program::single("program.py", format!("{PROGRAM}{}", "x = 1\n".repeat(600)));
    let none = options.build().unwrap().propose(Operator::Diff).await.result.unwrap_err();
    assert_eq!(none.reason, RejectReason::TooLarge);
    assert!(none.detail.contains("prompts.max_tokens"), "{}", none.detail);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_lost_program_is_the_hosts_fault() {
    let (server, bench) = served(|_| Reply::text(GOOD_DIFF)).await;
    bench.blobs.lose(bench.parents[0].program.unwrap());
    assert_eq!(reason(&bench.propose(Operator::Diff).await), RejectReason::HostFault);
    assert_eq!(reason(&bench.propose(Operator::Mutate).await), RejectReason::HostFault);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_key_is_sent_only_where_one_is_named() {
    let server = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
    let keyless = model("m", &server.base_url(), "").replace("api_key_env = \"TEST_KEY\"\n", "");
    Bench::new(&keyless).propose(Operator::Diff).await.result.unwrap();
    assert_eq!(server.requests()[0].header("authorization"), None);
}

struct Shelf(Mutex<Vec<(String, usize)>>);

impl KnowledgeBase for Shelf {
    fn reservation(&self) -> Reservation {
        Reservation::default()
    }

    fn retrieve(&self, query: Query) -> BoxFuture<Result<Found, HostFault>> {
        let Situation { now, task } = &query.situation;
        self.0.lock().unwrap().push((format!("{now}|{task}"), query.top_k));
        let item = |id: &str, body: String| CognitionItem {
            id: id.into(),
            title: "Holes".into(),
            trigger: "packing".into(),
            tags: Vec::new(),
            body,
        };
        let huge = "far too long ".repeat(20_000);
        let items = vec![item("holes", "Fill the holes.".into()), item("huge", huge)];
        Box::pin(std::future::ready(Ok(Found { items, insights: query.insights })))
    }
}

#[tokio::test]
async fn knowledge_is_asked_with_the_situation_and_only_what_was_shown_is_reported() {
    let server = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
    let shelf = Arc::new(Shelf(Mutex::default()));
    let mut options = Options::new(&model("m", &server.base_url(), ""));
    options.knowledge = Some(shelf.clone());
    let bench = options.build().unwrap();
    let mut request = bench.request(Operator::Diff);
    request.insights.push(Insight {
        key: "site:step".into(),
        claim: "smaller steps gain".into(),
        mechanism: "they overlap less".into(),
        scope: String::new(),
        evidence: Vec::new(),
        against: Vec::new(),
        recommendation: String::new(),
        confidence: 0.75,
        kind: InsightKind::Works,
    });
    let outcome = bench.proposers.propose(request).await;
    assert_eq!(outcome.shown, ["holes", "site:step"]);
    let prompt = server.requests()[0].last().to_owned();
    assert!(prompt.contains("Fill the holes.") && !prompt.contains("far too long"), "{prompt}");
    assert!(prompt.contains("[works, confidence 0.75] smaller steps gain"), "{prompt}");
    let asked = shelf.0.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].0.contains("Pack circles") && asked[0].0.contains("the corners are empty"));
    assert_eq!(asked[0].1, 4);
}

#[tokio::test]
async fn mutate_needs_no_model() {
    let bench = Bench::new("");
    assert!(bench.reservation(Operator::Mutate).is_zero());
    let new = bench.propose(Operator::Mutate).await.result.unwrap();
    assert_ne!(new.program, Program::single("program.py", PROGRAM));
    assert!(new.normal.is_some() && new.model.is_none() && new.prompt.is_none());
    // The same seed makes the same child.
    assert_eq!(bench.propose(Operator::Mutate).await.result.unwrap(), new);
    assert!(bench.calls.calls().is_empty());
}

#[tokio::test]
async fn the_model_without_weights_answers_every_shape_of_prompt() {
    let (_server, bench) =
        served(|request| Reply::text(evolve_testkit::perturb::answer(request))).await;
    for operator in [Operator::Diff, Operator::Fix, Operator::Rewrite] {
        let new = bench.propose(operator).await.result.unwrap();
        let text = new.program.sole().unwrap().1;
        assert!(text != PROGRAM && text.contains("return math.sqrt(step)"), "{text}");
        assert!(new.change.summary.contains("step = "), "{}", new.change.summary);
    }
}

#[tokio::test]
async fn what_the_task_forbids_goes_back_with_the_reason() {
    let answers = [diff("    step = 0.5", "    step = eval('0.5')"), GOOD_DIFF.to_owned()];
    let server =
        ModelServer::start(move |request| Reply::text(answers[request.number.min(1)].clone()))
            .await
            .unwrap();
    let rule = "deny = [{ pattern = '\\beval\\(', reason = \"no code from strings\" }]";
    let models = model("m", &server.base_url(), "");
    let mut options = Options::new(&models);
    let text = format!("[program]\npath = \"program.py\"\n{rule}\n");
    let with = task_with(&models, &text);
    options.task = with;
    let bench = options.build().unwrap();
    let done = bench.propose(Operator::Diff).await.result.unwrap();
    assert_eq!(done.repairs, 1);
    let repair = server.requests()[1].last().to_owned();
    assert!(repair.contains("this task forbids") && repair.contains("no code from strings"));
    assert!(repair.contains("program.py:4: `eval(`"), "{repair}");
}
