//! What the tests of retrieval share.

#![allow(dead_code, clippy::unwrap_used)] // each test uses a part; helpers of tests

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use evolve_cognition::Base;
use evolve_core::knowledge::{CognitionItem, Credits, Situation};
use evolve_core::ports::{Found, HostFault, KnowledgeBase, Query};

pub fn item(id: &str, trigger: &str, body: &str) -> CognitionItem {
    CognitionItem {
        id: id.to_owned(),
        title: format!("About {id}"),
        trigger: trigger.to_owned(),
        tags: vec!["tag".to_owned()],
        body: body.to_owned(),
    }
}

/// The result of a future that never has to wait.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = Box::pin(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// A question about what is the case now, without anything else.
pub fn question(now: &str, top_k: usize) -> Query {
    Query {
        situation: Situation { now: now.to_owned(), task: String::new() },
        top_k,
        insights: Vec::new(),
        top_insights: 0,
        credits: Arc::new(Credits::default()),
        seed: 1,
        meter: None,
    }
}

pub fn ask(base: &Base, query: Query) -> Result<Found, HostFault> {
    at_once(base.retrieve(query))
}

pub fn found(base: &Base, now: &str, top_k: usize) -> Vec<CognitionItem> {
    ask(base, question(now, top_k)).unwrap().items
}

pub fn ids(base: &Base, now: &str, top_k: usize) -> Vec<String> {
    found(base, now, top_k).into_iter().map(|item| item.id).collect()
}
