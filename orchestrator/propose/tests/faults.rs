//! Every way in which a provider fails, against a real server.
#![allow(clippy::unwrap_used)] // helpers of tests may panic too

mod common;

use std::time::Duration;

use common::{Bench, GOOD_DIFF, Options, billed, hasty, model, spent};
use evolve_core::event::Operator;
use evolve_core::money::Usd;
use evolve_core::outcome::{CallStatus, RejectReason};
use evolve_core::ports::Proposer;
use evolve_testkit::{ModelServer, Reply, Request};

type Fault = fn() -> Reply;

/// Fails with `fault` so many times, then answers.
async fn failing(times: usize, fault: Fault, more: &str) -> (ModelServer, Bench) {
    let handler = move |request: &Request| {
        if request.number < times { fault() } else { Reply::text(GOOD_DIFF) }
    };
    let server = ModelServer::start(handler).await.unwrap();
    let bench = Bench::new(&model("m", &server.base_url(), more));
    (server, bench)
}

#[tokio::test]
async fn what_passes_is_retried_what_does_not_is_not() {
    use CallStatus::{
        Garbled, RateLimited, Refused, Rejected, ServerError, Truncated, Unreachable,
    };
    // Fault, how it is called, how many requests are made when it never ends.
    let cases: [(Fault, CallStatus, usize); 16] = [
        (|| Reply::rate_limited(None), RateLimited, 4),
        (|| Reply::rate_limited(Some("0")), RateLimited, 4),
        (Reply::bare_rate_limit, RateLimited, 4),
        (|| Reply::error(429, "x (insufficient_quota)"), RateLimited, 1),
        (Reply::server_error, ServerError, 4),
        (|| Reply::error(503, "overloaded"), ServerError, 4),
        (Reply::reset, Unreachable, 4),
        (|| Reply::cut(GOOD_DIFF), Truncated, 2),
        (|| Reply::ended_early(GOOD_DIFF), Truncated, 2),
        // At the token limit it would end again.
        (|| Reply::text(GOOD_DIFF).with_finish("length"), Truncated, 1),
        (Reply::malformed_json, Garbled, 2),
        (Reply::web_page, Garbled, 2),
        (|| Reply::error_in_200("overloaded"), Garbled, 2),
        (|| Reply::error(401, "no such key"), Rejected, 1),
        (|| Reply::error(400, "the prompt is too long"), Rejected, 1),
        (|| Reply::refusal("I cannot help with that."), Refused, 1),
    ];
    for stream in [true, false] {
        for (number, (fault, status, requests)) in cases.into_iter().enumerate() {
            let more = format!("stream = {stream}");
            // The fault never ends.
            let (server, bench) = failing(usize::MAX, fault, &more).await;
            let none = bench.propose(Operator::Diff).await.result.unwrap_err();
            let what = format!("case {number}, stream {stream}: {}", none.detail);
            let failed =
                if status == Refused { RejectReason::Refused } else { RejectReason::ModelFailed };
            assert_eq!(none.reason, failed, "{what}");
            assert_eq!(bench.statuses(), vec![status; requests], "{what}");
            assert_eq!(server.requests().len(), requests, "one retry layer: {what}");
            assert!(bench.calls.calls().iter().all(|call| !call.detail.is_empty()), "{what}");
            let free = matches!(status, RateLimited | ServerError | Unreachable | Rejected);
            let (usd, tokens) = spent(&bench.calls.calls());
            assert_eq!((usd == Usd::ZERO, tokens == 0), (free, free), "{what}");
            // It passes.
            let (server, bench) = failing(1, fault, &more).await;
            let result = bench.propose(Operator::Diff).await.result;
            assert_eq!(result.is_ok(), requests > 1, "{what}");
            assert_eq!(server.requests().len(), requests.min(2), "{what}");
        }
    }
}

#[tokio::test]
async fn a_stalled_stream_and_a_silent_server_time_out() {
    let cases: [Fault; 2] = [|| Reply::stalled(GOOD_DIFF), Reply::silence];
    for stream in [true, false] {
        for fault in cases {
            let more = format!("stream = {stream}\ntimeout = \"100ms\"");
            let (server, bench) = failing(usize::MAX, fault, &more).await;
            let none = bench.propose(Operator::Diff).await.result.unwrap_err();
            assert_eq!(none.reason, RejectReason::ModelFailed);
            assert_eq!(bench.statuses(), [CallStatus::TimedOut; 2], "{}", none.detail);
            let calls = bench.calls.calls();
            // Nobody knows how much of an unseen answer is billed: the worst case counts.
            let expected = if stream { ..1_000 } else { ..1_001 };
            assert!(
                calls.iter().all(|call| call.estimated && expected.contains(&call.usage.output))
            );
            assert!(calls.iter().all(|call| call.usage.input > 0));
            // The server saw each connection end.
            server.until(|log| log.iter().all(|exchange| exchange.abandoned)).await;
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable_and_free() {
    let url = ModelServer::start(|_| Reply::silence()).await.unwrap().base_url();
    let bench = Bench::new(&model("m", &url, ""));
    let none = bench.propose(Operator::Diff).await.result.unwrap_err();
    assert_eq!(bench.statuses(), [CallStatus::Unreachable; 4], "{}", none.detail);
    assert_eq!(spent(&bench.calls.calls()), (Usd::ZERO, 0));
}

#[tokio::test]
async fn a_wait_that_the_provider_asks_for_is_kept() {
    let (server, bench) = failing(1, || Reply::rate_limited(Some("0.3")), "").await;
    bench.propose(Operator::Diff).await.result.unwrap();
    let log = server.exchanges();
    // A lower bound: a sleep never ends early, so this cannot fail on a slow machine.
    assert!(log[1].arrived - log[0].arrived >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_wait_that_nobody_should_wait_sends_the_next_model_in() {
    let dates: [Fault; 2] = [
        || Reply::rate_limited(Some("3600")),
        // One hour after the fixed clock's time.
        || Reply::rate_limited(Some("Thu, 01 Jan 2026 01:00:00 GMT")),
    ];
    for busy in dates {
        let busy = ModelServer::start(move |_| busy()).await.unwrap();
        let idle = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
        let models = model("a", &busy.base_url(), "") + &model("b", &idle.base_url(), "");
        let bench = Bench::new(&models);
        let new = bench.propose(Operator::Diff).await.result.unwrap();
        assert_eq!(new.model.unwrap().as_str(), "b");
        assert_eq!((busy.requests().len(), idle.requests().len()), (1, 1));
    }
}

#[tokio::test]
async fn the_next_model_takes_over_in_the_strategys_order() {
    let down = ModelServer::start(|_| Reply::error(404, "no such model")).await.unwrap();
    let up = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
    let models = model("a", &up.base_url(), "") + &model("b", &down.base_url(), "");
    let bench = Bench::new(&models);
    let mut request = bench.request(Operator::Diff);
    request.selection.models = vec!["gone".into(), "b".into(), "a".into()];
    let new = bench.proposers.propose(request).await.result.unwrap();
    assert_eq!(new.model.unwrap().as_str(), "a");
    let models: Vec<String> = bench.calls.calls().iter().map(|c| c.model.to_string()).collect();
    assert_eq!(models, ["b", "a"]);
}

#[tokio::test]
async fn a_server_that_wants_other_fields_gets_them() {
    let server = ModelServer::start(|request| {
        let body = &request.body;
        if body.get("max_tokens").is_some() {
            Reply::error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.")
        } else if body.get("stream_options").is_some() {
            Reply::error(400, "unknown field: stream_options")
        } else {
            Reply::text(GOOD_DIFF).without_usage()
        }
    })
    .await
    .unwrap();
    let bench = Bench::new(&model("m", &server.base_url(), ""));
    bench.propose(Operator::Diff).await.result.unwrap();
    assert_eq!(server.requests().len(), 3);
    assert_eq!(server.requests()[2].body["max_completion_tokens"], 1000);
    // It is remembered.
    bench.propose(Operator::Diff).await.result.unwrap();
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let server = ModelServer::start(|_| Reply::unstreamed(GOOD_DIFF)).await.unwrap();
    let bench = Bench::new(&model("m", &server.base_url(), ""));
    bench.propose(Operator::Diff).await.result.unwrap();
    assert!(server.requests()[0].is_stream());
    assert_eq!(spent(&bench.calls.calls()), billed(&server, &bench.task));
}

#[tokio::test]
async fn a_breaker_opens_after_failures_in_a_row_and_closes_with_a_probe() {
    let mut patience = hasty();
    patience.breaker_failures = 3;
    patience.tries = 2;
    patience.cool_down = Duration::from_secs(30);
    let down = ModelServer::start(|request| {
        if request.number < 3 { Reply::server_error() } else { Reply::text(GOOD_DIFF) }
    })
    .await
    .unwrap();
    let spare = ModelServer::start(|_| Reply::text(GOOD_DIFF)).await.unwrap();
    let models = model("a", &down.base_url(), "") + &model("b", &spare.base_url(), "");
    let mut options = Options::new(&models);
    options.patience = patience;
    let bench = options.build().unwrap();
    let used = async || bench.propose(Operator::Diff).await.result.unwrap().model.unwrap().0;
    assert_eq!(used().await, "b"); // two failures
    assert_eq!(used().await, "b"); // the third one opens it
    assert_eq!(down.requests().len(), 3, "the second try meets an open breaker");
    assert_eq!(used().await, "b");
    assert_eq!(down.requests().len(), 3, "an open breaker is not asked");
    let opened = bench.calls.breakers();
    assert_eq!((opened.len(), opened[0].open, opened[0].model.as_str()), (1, true, "a"));
    assert!(opened[0].why.contains("server-error"), "{}", opened[0].why);
    bench.clock.advance(Duration::from_secs(31));
    assert_eq!(used().await, "a");
    let closed = bench.calls.breakers();
    assert_eq!((closed.len(), closed[1].open), (2, false));
}

#[tokio::test]
async fn with_every_breaker_open_a_proposal_waits_before_it_gives_up() {
    let mut patience = hasty();
    patience.breaker_failures = 1;
    patience.tries = 1;
    patience.cool_down = Duration::from_millis(200);
    let server = ModelServer::start(|_| Reply::server_error()).await.unwrap();
    let mut options = Options::new(&model("m", &server.base_url(), ""));
    options.patience = patience;
    let bench = options.build().unwrap();
    bench.propose(Operator::Diff).await.result.unwrap_err();
    // The fixed clock does not move: the breaker is still open after the wait.
    let begun = std::time::Instant::now();
    let none = bench.propose(Operator::Diff).await.result.unwrap_err();
    assert!(begun.elapsed() >= Duration::from_millis(200), "a lower bound, never too short");
    assert_eq!(none.reason, RejectReason::ModelFailed);
    assert!(none.detail.contains("breaker"), "{}", none.detail);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn dropping_a_proposal_closes_its_connection() {
    let cases: [Fault; 2] = [|| Reply::stalled(GOOD_DIFF), Reply::silence];
    for stream in [true, false] {
        for fault in cases {
            let (server, bench) = failing(usize::MAX, fault, &format!("stream = {stream}")).await;
            let proposal = tokio::spawn(bench.proposers.propose(bench.request(Operator::Diff)));
            server.until(|log| log.len() == 1).await;
            proposal.abort();
            server.until(|log| log[0].abandoned).await;
            assert!(bench.calls.calls().is_empty(), "nothing was settled: the engine forfeits it");
        }
    }
}

#[tokio::test]
async fn concurrency_bounds_the_calls_side_by_side() {
    let server = ModelServer::start(|request| match request.number {
        0..=1 => Reply::text(GOOD_DIFF).after(Duration::from_millis(50)),
        _ => Reply::text(GOOD_DIFF),
    })
    .await
    .unwrap();
    let bench = Bench::new(&model("m", &server.base_url(), "concurrency = 2"));
    let proposals =
        (0..6).map(|_| tokio::spawn(bench.proposers.propose(bench.request(Operator::Diff))));
    for proposal in proposals.collect::<Vec<_>>() {
        proposal.await.unwrap().result.unwrap();
    }
    let log = server.exchanges();
    assert_eq!(log.len(), 6);
    // The first two take at least 50 ms, and nobody else may come in that time.
    assert!(log[2].arrived - log[0].arrived >= Duration::from_millis(50));
    let (usd, tokens) = billed(&server, &bench.task);
    assert_eq!(spent(&bench.calls.calls()), (usd, tokens));
}
