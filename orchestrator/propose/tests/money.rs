//! What calls cost, and that no proposal costs more than was reserved for it.
#![allow(clippy::unwrap_used)] // helpers of tests may panic too

mod common;

use common::{Bench, GOOD_DIFF, billed, model, spent};
use evolve_core::event::Operator;
use evolve_core::money::{TokenUsage, Usd};
use evolve_core::outcome::CallStatus;
use evolve_prompts::count_tokens;
use evolve_testkit::{ModelServer, Reply};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

const BAD_DIFF: &str = "Idea.\n\n<<<<<<< SEARCH\nnot there\n=======\nx\n>>>>>>> REPLACE\n";

#[tokio::test]
async fn the_providers_count_is_taken_with_its_cached_part() {
    let usage = TokenUsage { input: 1_000, cached: 600, output: 50 };
    for stream in [true, false] {
        let server =
            ModelServer::start(move |_| Reply::text(GOOD_DIFF).with_usage(usage)).await.unwrap();
        let bench = Bench::new(&model("m", &server.base_url(), &format!("stream = {stream}")));
        bench.propose(Operator::Diff).await.result.unwrap();
        let call = bench.calls.calls().remove(0);
        assert_eq!((call.usage, call.estimated), (usage, false));
        assert_eq!(call.cost, Usd::from_dollars((400.0 + 600.0 * 0.25 + 50.0 * 4.0) / 1e6));
    }
}

#[tokio::test]
async fn without_a_count_we_estimate_and_say_so() {
    for stream in [true, false] {
        let server = ModelServer::start(|_| Reply::text(GOOD_DIFF).without_usage()).await.unwrap();
        let bench = Bench::new(&model("m", &server.base_url(), &format!("stream = {stream}")));
        bench.propose(Operator::Diff).await.result.unwrap();
        let call = bench.calls.calls().remove(0);
        assert!(call.estimated && call.cost > Usd::ZERO);
        let requests = server.requests();
        let texts = requests[0].messages().into_iter().map(|(_, text)| count_tokens(text));
        assert!(call.usage.input > texts.sum::<u64>());
        assert_eq!(call.usage.output, (GOOD_DIFF.len() as u64 * 2).div_ceil(7));
    }
}

#[tokio::test]
async fn without_a_price_calls_cost_nothing_and_tokens_still_count() {
    let server = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
    let text = model("m", &server.base_url(), "");
    let free =
        text.lines().filter(|line| !line.starts_with("price")).collect::<Vec<_>>().join("\n");
    let bench = Bench::new(&free);
    assert_eq!(bench.reservation(Operator::Diff).usd, Usd::ZERO);
    bench.propose(Operator::Diff).await.result.unwrap();
    let (usd, tokens) = spent(&bench.calls.calls());
    assert!(usd == Usd::ZERO && tokens > 0);
}

#[tokio::test]
async fn every_answer_and_repair_is_counted_as_the_server_counts_it() {
    for stream in [true, false] {
        let server = ModelServer::start(|request| {
            let text = if request.number % 3 == 2 { GOOD_DIFF } else { BAD_DIFF };
            Reply::text(format!("{text}\n{}", request.number))
        })
        .await
        .unwrap();
        let bench = Bench::new(&model("m", &server.base_url(), &format!("stream = {stream}")));
        for _ in 0..4 {
            assert_eq!(bench.propose(Operator::Diff).await.result.unwrap().repairs, 2);
        }
        assert_eq!(server.requests().len(), 12);
        assert_eq!(spent(&bench.calls.calls()), billed(&server, &bench.task));
    }
}

/// One of everything a provider does; usage sometimes at its worst, sometimes missing.
fn any_reply(rng: &mut Pcg64Mcg) -> Reply {
    let reply = match rng.random_range(0..14) {
        0 => Reply::rate_limited(None),
        1 => Reply::server_error(),
        2 => Reply::reset(),
        3 => Reply::cut("x".repeat(rng.random_range(0..20_000))),
        4 => Reply::ended_early("y".repeat(rng.random_range(0..20_000))),
        5 => Reply::malformed_json(),
        6 => Reply::web_page(),
        7 => Reply::error_in_200("overloaded"),
        8 => Reply::refusal("no"),
        9 => Reply::error(404, "no such model"),
        10 => Reply::stalled(BAD_DIFF),
        11 => Reply::text(GOOD_DIFF),
        _ => Reply::text(BAD_DIFF),
    };
    match rng.random_range(0..4) {
        0 => reply.without_usage(),
        1 => reply.with_usage(TokenUsage { input: 32_000, cached: 0, output: 1_000 }),
        _ => reply,
    }
}

#[tokio::test]
async fn no_proposal_ever_costs_more_than_its_reservation() {
    let mut billed_calls = Vec::new();
    for seed in 0..60 {
        let script = std::sync::Mutex::new(Pcg64Mcg::seed_from_u64(seed));
        let handler = move |_: &evolve_testkit::Request| any_reply(&mut script.lock().unwrap());
        let server = ModelServer::start(handler).await.unwrap();
        let more = |stream: bool| format!("stream = {stream}\ntimeout = \"60ms\"");
        let models = model("a", &server.base_url(), &more(seed % 2 == 0))
            + &model("b", &server.base_url(), &more(seed % 3 == 0)).replace("4.0", "9.0");
        let mut bench = Bench::new(&models);
        bench.seed = seed;
        let reserved = bench.reservation(Operator::Diff);
        let _ = bench.propose(Operator::Diff).await;
        let calls = bench.calls.calls();
        let (usd, tokens) = spent(&calls);
        assert!(usd <= reserved.usd && tokens <= reserved.tokens, "seed {seed}: {calls:#?}");
        // A call that timed out may never have reached the handler; none is made unsettled.
        assert!(server.requests().len() <= calls.len(), "seed {seed}");
        let costly = calls.iter().filter(|call| call.usage.total() > 0).count();
        assert!(costly <= 3, "seed {seed}: {costly} billed calls");
        assert!(calls.iter().all(|c| c.status != CallStatus::Ok || c.usage.total() > 0));
        billed_calls.push(costly);
    }
    // The mix reaches both ends, else the loop above proves little.
    assert!(billed_calls.contains(&1) && billed_calls.contains(&3), "{billed_calls:?}");
}

#[tokio::test]
async fn a_provider_that_counts_more_than_we_do_is_not_asked_again() {
    let dear = TokenUsage { input: 60_000, cached: 0, output: 1_900 };
    let server = ModelServer::start(move |_| Reply::text(BAD_DIFF).with_usage(dear)).await.unwrap();
    let bench = Bench::new(&model("m", &server.base_url(), ""));
    bench.propose(Operator::Diff).await.result.unwrap_err();
    let (usd, tokens) = spent(&bench.calls.calls());
    let reserved = bench.reservation(Operator::Diff);
    assert!(usd <= reserved.usd && tokens <= reserved.tokens);
    assert_eq!(server.requests().len(), 1);
}
