//! Items and insights for a situation: embedders, credit, insights, the shipped library.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

mod common;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{ask, at_once, found, ids, item, question};
use evolve_cognition::{Base, NgramEmbedder, freeze_library, load, subjects};
use evolve_core::event::Reservation;
use evolve_core::knowledge::{CognitionItem, Credits, Insight, InsightKind, Situation};
use evolve_core::ports::{BoxFuture, Embedder, HostFault, KnowledgeBase, Meter};
use tempfile::TempDir;

/// Knows that `automobile` and `car` are alike; counts texts; fails when told to.
#[derive(Default)]
struct Synonyms {
    texts: AtomicUsize,
    fails_after: Option<usize>,
    name: &'static str,
}

impl Embedder for Synonyms {
    fn name(&self) -> String {
        format!("synonyms{}", self.name)
    }

    fn reservation(&self) -> Reservation {
        Reservation { tokens: 7, ..Reservation::default() }
    }

    fn embed(
        &self,
        texts: Vec<String>,
        _: Option<Meter>,
    ) -> BoxFuture<Result<Vec<Vec<f32>>, HostFault>> {
        let before = self.texts.fetch_add(texts.len(), Ordering::Relaxed);
        let fails = self.fails_after.is_some_and(|after| before >= after);
        Box::pin(async move {
            if fails {
                return Err(HostFault::new("the server does not answer"));
            }
            let is = |text: &str, words: [&str; 2]| {
                if words.iter().any(|word| text.contains(word)) { 1.0 } else { 0.0 }
            };
            let vector = |text: &String| {
                vec![is(text, ["automobile", "car"]), is(text, ["ship", "boat"]), 0.1]
            };
            Ok(texts.iter().map(vector).collect())
        })
    }
}

fn vehicles() -> Vec<CognitionItem> {
    vec![
        item("road", "the car is slow", "change gear"),
        item("sea", "the ship is slow", "set sail"),
        item("slow", "the train is slow", "slow train slow"),
    ]
}

#[test]
fn an_embedder_finds_what_no_word_does_and_computes_each_item_once() {
    let folder = TempDir::new().unwrap();
    let open = || Base::open_or_build(folder.path(), vehicles()).unwrap();
    assert!(ids(&open(), "automobile", 3).is_empty(), "no item has the word");
    let embedder = Arc::new(Synonyms::default());
    let base = at_once(open().with_embedder(embedder.clone(), None));
    assert_eq!(embedder.texts.load(Ordering::Relaxed), 3);
    assert_eq!(ids(&base, "automobile", 1), ["road"]);
    assert_eq!(base.reservation().tokens, 7);
    assert_eq!(embedder.texts.load(Ordering::Relaxed), 4);

    let again = Arc::new(Synonyms::default());
    let base = at_once(open().with_embedder(again.clone(), None));
    assert_eq!(again.texts.load(Ordering::Relaxed), 0, "the vectors were kept");
    assert_eq!(ids(&base, "boat", 1), ["sea"]);

    let other = Arc::new(Synonyms { name: " of another model", ..Synonyms::default() });
    at_once(open().with_embedder(other.clone(), None));
    assert_eq!(other.texts.load(Ordering::Relaxed), 3, "vectors of another name are not used");

    let file = folder.path().join("items.vectors");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    let mended = Arc::new(Synonyms { name: " of another model", ..Synonyms::default() });
    at_once(open().with_embedder(mended.clone(), None));
    assert_eq!(mended.texts.load(Ordering::Relaxed), 3, "damaged vectors are computed again");

    let mut changed = vehicles();
    changed[1].trigger = "the boat is slow".to_owned();
    let base = Base::open_or_build(folder.path(), changed).unwrap();
    let one = Arc::new(Synonyms { name: " of another model", ..Synonyms::default() });
    at_once(base.with_embedder(one.clone(), None));
    assert_eq!(one.texts.load(Ordering::Relaxed), 1, "only the changed item is new");
}

#[test]
fn when_the_embedder_fails_words_alone_decide() {
    let folder = TempDir::new().unwrap();
    for fails_after in [0, 3] {
        let base = Base::open_or_build(folder.path(), vehicles()).unwrap();
        let _ = fs::remove_file(folder.path().join("items.vectors"));
        let embedder = Arc::new(Synonyms { fails_after: Some(fails_after), ..Synonyms::default() });
        let base = at_once(base.with_embedder(embedder, None));
        assert_eq!(ids(&base, "my ship", 1), ["sea"], "fails after {fails_after}");
        assert!(ids(&base, "automobile", 1).is_empty());
    }
}

#[test]
fn hashed_ngrams_find_what_is_spelt_alike() {
    let folder = TempDir::new().unwrap();
    let items = vec![
        item("tune", "prefetcher misconfigured", "widen the window"),
        item("else", "circles leave gaps", "grow the corners"),
    ];
    let base = Base::open_or_build(folder.path(), items).unwrap();
    assert!(ids(&base, "superprefetching", 1).is_empty());
    let base = at_once(base.with_embedder(Arc::new(NgramEmbedder), None));
    assert_eq!(ids(&base, "superprefetching", 1), ["tune"]);
}

#[test]
fn words_of_now_count_more_than_words_of_the_task() {
    let folder = TempDir::new().unwrap();
    let base = Base::open_or_build(folder.path(), vehicles()).unwrap();
    let mut query = question("the ship", 1);
    query.situation.task = "a program for a car".to_owned();
    assert_eq!(ask(&base, query).unwrap().items[0].id, "sea");
    let mut query = question("", 1);
    query.situation.task = "a program for a car".to_owned();
    assert_eq!(ask(&base, query).unwrap().items[0].id, "road", "without now the task decides");
}

#[test]
fn an_item_that_never_helped_sinks_and_one_that_did_rises() {
    let folder = TempDir::new().unwrap();
    let items = (0..2).map(|n| item(&format!("i{n}"), "alike", "alike")).collect();
    let base = Base::open_or_build(folder.path(), items).unwrap();
    let mut credits = Credits::default();
    for n in 0..60 {
        credits.count(&["i0".to_owned()], false);
        credits.count(&["i1".to_owned()], n % 2 == 0);
    }
    let credits = Arc::new(credits);
    let first = |seed: u64| {
        let mut query = question("alike", 2);
        (query.seed, query.credits) = (seed, Arc::clone(&credits));
        ask(&base, query).unwrap().items[0].id.clone()
    };
    assert_eq!(ids(&base, "alike", 2), ["i0", "i1"], "without credit the order is that of words");
    assert!((0..50).filter(|seed| first(*seed) == "i1").count() >= 48);
}

#[test]
fn credit_does_not_bring_up_what_does_not_fit() {
    let folder = TempDir::new().unwrap();
    let base = Base::open_or_build(folder.path(), vehicles()).unwrap();
    let mut credits = Credits::default();
    (0..90).for_each(|_| credits.count(&["sea".to_owned()], true));
    (0..90).for_each(|_| credits.count(&["road".to_owned()], false));
    let mut query = question("the car needs another gear", 1);
    query.credits = Arc::new(credits);
    assert_eq!(ask(&base, query).unwrap().items[0].id, "road");
}

fn insight(key: &str, claim: &str, confidence: f64) -> Insight {
    Insight {
        key: key.to_owned(),
        claim: claim.to_owned(),
        mechanism: String::new(),
        scope: String::new(),
        evidence: Vec::new(),
        against: Vec::new(),
        recommendation: String::new(),
        confidence,
        kind: InsightKind::Works,
    }
}

fn told(insights: &[Insight], now: &str, credits: Credits) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let base = Base::open_or_build(folder.path(), Vec::new()).unwrap();
    let mut query = question(now, 4);
    query.insights = insights.to_vec();
    query.top_insights = 2;
    query.credits = Arc::new(credits);
    query.situation = Situation { task: "circles in a square".to_owned(), ..query.situation };
    ask(&base, query).unwrap().insights.into_iter().map(|insight| insight.key).collect()
}

#[test]
fn insights_are_told_by_relevance_confidence_and_credit() {
    let all = [
        insight("sure", "radius grows last", 0.9),
        insight("fits", "corner conflicts come from the padding of rows", 0.5),
        insight("unsure", "corner conflicts need another padding", 0.05),
    ];
    assert_eq!(told(&all, "padding conflicts in the corner", Credits::default())[0], "fits");
    assert_eq!(told(&all, "zebra", Credits::default()), ["sure", "fits"]);
    let alike = [insight("a", "alike", 0.5), insight("b", "alike", 0.5)];
    assert_eq!(told(&alike, "alike", Credits::default()), ["a", "b"]);
    let mut credits = Credits::default();
    for n in 0..80 {
        credits.count(&["a".to_owned()], false);
        credits.count(&["b".to_owned()], n % 2 == 0);
    }
    assert_eq!(told(&alike, "alike", credits), ["b", "a"]);
    assert!(told(&[], "alike", Credits::default()).is_empty());
    assert_eq!(told(&[insight("odd", "alike", f64::NAN)], "alike", Credits::default()), ["odd"]);
}

#[test]
fn insights_that_changed_are_read_anew() {
    let folder = TempDir::new().unwrap();
    let base = Base::open_or_build(folder.path(), Vec::new()).unwrap();
    let first = |insights: Vec<Insight>| {
        let mut query = question("corner", 4);
        (query.insights, query.top_insights) = (insights, 1);
        ask(&base, query).unwrap().insights[0].key.clone()
    };
    assert_eq!(first(vec![insight("a", "corner", 0.5), insight("b", "edge", 0.5)]), "a");
    assert_eq!(first(vec![insight("a", "edge", 0.5), insight("b", "corner", 0.5)]), "b");
}

#[test]
fn the_library_is_a_source_and_a_frozen_task_keeps_its_own_copy() {
    let task = TempDir::new().unwrap();
    let all = load(task.path(), &["library:".to_owned()]).unwrap();
    assert!(all.len() >= 80, "{}", all.len());
    let subject = subjects()[0];
    let source = [format!("library:{subject}")];
    let shipped = load(task.path(), &source).unwrap();
    assert!(!shipped.is_empty() && shipped.len() < all.len());

    freeze_library(&source, task.path()).unwrap();
    assert_eq!(load(task.path(), &source).unwrap(), shipped);
    let folder = task.path().join(".library").join(subject);
    let file = folder.join("of-an-older-version.md");
    fs::write(&file, "---\nid: older\ntitle: T\ntrigger: x\n---\nBody\n").unwrap();
    let frozen = load(task.path(), &source).unwrap();
    assert_eq!(frozen.len(), shipped.len() + 1, "the copy is read, not the library");
    freeze_library(&source, task.path()).unwrap();
    assert!(file.exists(), "what is frozen stays");
    let overlapping = ["library:".to_owned(), source[0].clone()];
    assert_eq!(load(task.path(), &overlapping).unwrap().len(), frozen.len());
}

#[test]
fn a_subject_that_does_not_exist_is_told_with_those_that_do() {
    let task = TempDir::new().unwrap();
    for bad in ["library:alchemy", "library:..", "library:/etc", "library:kernels/.."] {
        let said = load(task.path(), &[bad.to_owned()]).unwrap_err().to_string();
        assert!(said.contains("no such subject") && said.contains(subjects()[0]), "{said}");
        let said = freeze_library(&[bad.to_owned()], task.path()).unwrap_err().to_string();
        assert!(said.contains("no such subject"), "{said}");
    }
    assert!(!task.path().join(".library").exists());
}

#[test]
fn whole_items_of_the_library_come_back() {
    let folder = TempDir::new().unwrap();
    let items = load(folder.path(), &["library:".to_owned()]).unwrap();
    let base = Base::open_or_build(&folder.path().join("index"), items.clone()).unwrap();
    assert!(found(&base, "bank conflicts in the scratchpad", 5).iter().all(|i| items.contains(i)));
}
