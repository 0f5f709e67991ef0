//! How fast 10,000 items are added and asked: `cargo run -p evolve-cognition --example speed`.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use evolve_cognition::{Base, NgramEmbedder, load_bases};
use evolve_core::knowledge::{CognitionItem, Credits, Insight, InsightKind, Situation};
use evolve_core::ports::{KnowledgeBase, Query};

const ITEMS: usize = 10_000;
const QUERIES: usize = 1_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let seeds: Vec<CognitionItem> = load_bases(&[None]).0.into_iter().map(|e| e.item).collect();
    let items: Vec<CognitionItem> = (0..ITEMS).map(|n| mixed(&seeds, n)).collect();
    let folder = tempfile::tempdir()?;
    let began = Instant::now();
    let base = Base::open_or_build(folder.path(), items.clone())?;
    let adding = began.elapsed();
    println!("add: {ITEMS} items in {adding:.2?}, {:.0}/s", ITEMS as f64 / adding.as_secs_f64());
    let began = Instant::now();
    let base = Base::open_or_build(folder.path(), base.items().to_vec())?;
    println!("open: {:.2?}", began.elapsed());
    asked("words", &base, &seeds, 0).await?;
    asked("words, 100 insights", &base, &seeds, 100).await?;
    let began = Instant::now();
    let base = base.with_embedder(Arc::new(NgramEmbedder), None).await;
    println!("vectors of hashed n-grams: {:.2?}", began.elapsed());
    asked("words + n-grams", &base, &seeds, 0).await?;
    Ok(())
}

/// An item out of parts of four others, so that words are as frequent as in the library.
fn mixed(seeds: &[CognitionItem], n: usize) -> CognitionItem {
    let part = |k: usize| &seeds[(n * (2 * k + 1) + n / seeds.len() * (k + 1)) % seeds.len()];
    CognitionItem {
        id: format!("item-{n}"),
        title: part(0).title.clone(),
        trigger: part(1).trigger.clone(),
        tags: part(2).tags.clone(),
        body: format!("{} {n}", part(3).body),
    }
}

async fn asked(
    what: &str,
    base: &Base,
    seeds: &[CognitionItem],
    insights: usize,
) -> Result<(), Box<dyn Error>> {
    let insights: Vec<Insight> =
        (0..insights).map(|n| insight(&seeds[n % seeds.len()], n)).collect();
    let mut times: Vec<Duration> = Vec::new();
    for n in 0..QUERIES {
        let seed = &seeds[n % seeds.len()];
        // The length of a real situation: a remark, some lines of a log, a description.
        let now: String = seed.body.chars().take(700).collect();
        let task = seeds[(n * 7 + 3) % seeds.len()].body.chars().take(400).collect();
        let query = Query {
            situation: Situation { now, task },
            top_k: 4,
            insights: insights.clone(),
            top_insights: 8,
            credits: Arc::new(Credits::default()),
            seed: n as u64,
            meter: None,
        };
        let began = Instant::now();
        base.retrieve(query).await?;
        times.push(began.elapsed());
    }
    times.sort();
    let at = |part: f64| times[((QUERIES as f64 * part) as usize).min(QUERIES - 1)];
    println!("query, {what}: p50 {:.2?}, p99 {:.2?}, most {:.2?}", at(0.5), at(0.99), at(1.0));
    Ok(())
}

fn insight(item: &CognitionItem, n: usize) -> Insight {
    Insight {
        key: format!("insight-{n}"),
        claim: item.title.clone(),
        mechanism: item.trigger.clone(),
        scope: String::new(),
        evidence: Vec::new(),
        against: Vec::new(),
        recommendation: item.title.clone(),
        confidence: 0.5,
        kind: InsightKind::Works,
    }
}
