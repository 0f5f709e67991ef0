//! How well retrieval finds what the labelled situations call for, by method.
//!
//! `cargo run -p evolve-cognition --example labelled` measures words alone and with hashed
//! n-grams; `-- --server http://127.0.0.1:8099/v1` adds a server of embeddings
//! (`eval/embedding_server.py`); `-- --grid` prints the group for choosing over the weights;
//! `-- --misses` what was not found.

#[path = "../eval/measure.rs"]
mod measure;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use evolve_cognition::{Base, NgramEmbedder, Weights, load_bases};
use evolve_core::event::Reservation;
use evolve_core::ports::{BoxFuture, Embedder, HostFault, Meter};
use measure::{Group, Labelled, answer, quality, situations};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| words.iter().any(|word| word == flag);
    let server = words.iter().position(|word| word == "--server").and_then(|at| words.get(at + 1));
    let (entries, bad) = load_bases(&[None]);
    for mistake in &bad {
        eprintln!("{mistake}");
    }
    let folder = tempfile::tempdir()?;
    let items = entries.into_iter().map(|entry| entry.item).collect();
    let base = Base::open_or_build(folder.path(), items)?;
    let all = situations()?;
    let mut embedders: Vec<Arc<dyn Embedder>> = vec![Arc::new(NgramEmbedder)];
    if let Some(url) = server {
        embedders.push(Arc::new(Server::at(url).await?));
    }
    println!("{} items, {} situations", base.items().len(), all.len());
    if has("--grid") {
        return grid(&base, &all, &embedders).await;
    }
    println!("{:<34} {:>28} {:>28}", "", "tune", "held out");
    println!("{:<34} {:>28} {:>28}", "", "recall@5 nDCG@5 hit@5", "recall@5 nDCG@5 hit@5");
    row("words", &base, &all, has("--misses")).await?;
    for embedder in embedders {
        let name = format!("words + {}", embedder.name());
        let with = base.clone().with_embedder(embedder, None).await;
        row(&name, &with, &all, has("--misses")).await?;
    }
    Ok(())
}

async fn row(name: &str, base: &Base, all: &[Labelled], misses: bool) -> Result<(), HostFault> {
    let plain = Weights { relevance: 1.0, ..Weights::default() };
    for (how, weights) in [("", plain), (", diversified", Weights::default())] {
        let base = base.clone().with_weights(weights);
        let mut line = format!("{:<34}", format!("{name}{how}"));
        for group in [Group::Tune, Group::HeldOut] {
            let q = quality(&base, all, group).await?;
            line += &format!(" {:>8.3} {:>8.3} {:>8.3}  ", q.recall, q.ndcg, q.hit);
        }
        println!("{line}");
    }
    if misses {
        for labelled in all {
            let found = answer(base, labelled).await?;
            if labelled.relevant.iter().any(|id| !found.contains(id)) {
                let first = labelled.now.lines().next().unwrap_or_default();
                println!("  {:?} {first}", labelled.group);
                println!("    wanted {:?}\n    found  {found:?}", labelled.relevant);
            }
        }
    }
    Ok(())
}

/// Every combination of a few values of each weight, best first: recall and nDCG of the group for
/// choosing.
async fn grid(
    base: &Base,
    all: &[Labelled],
    embedders: &[Arc<dyn Embedder>],
) -> Result<(), Box<dyn Error>> {
    let mut bases = vec![("words".to_owned(), base.clone())];
    for embedder in embedders {
        let with = base.clone().with_embedder(Arc::clone(embedder), None).await;
        bases.push((embedder.name(), with));
    }
    for (name, base) in &bases {
        let fusions: &[f64] = if name == "words" { &[10.0] } else { &[3.0, 10.0, 30.0, 60.0] };
        let fields = [[3.0, 2.0, 2.0, 1.0], [2.0, 1.0, 1.0, 1.0], [1.0; 4], [1.0, 1.0, 1.0, 2.0]];
        let mut rows = Vec::new();
        for (fields, task) in fields.iter().flat_map(|f| [0.0, 0.1, 0.2, 0.3, 0.5].map(|t| (f, t)))
        {
            for (fusion, relevance) in
                fusions.iter().flat_map(|f| [1.0, 0.9, 0.8, 0.7, 0.6].map(|r| (f, r)))
            {
                let weights = Weights { fields: *fields, task, fusion: *fusion, relevance };
                let q = quality(&base.clone().with_weights(weights), all, Group::Tune).await?;
                rows.push((q.recall, q.ndcg, weights));
            }
        }
        rows.sort_by(|(a, x, _), (b, y, _)| (b + y).total_cmp(&(a + x)));
        for (recall, ndcg, weights) in rows.iter().take(12) {
            println!("{name:<24} {recall:.3} {ndcg:.3} {weights:?}");
        }
    }
    Ok(())
}

/// An OpenAI-compatible server of embeddings, without key and cost, for this measurement only.
struct Server {
    url: String,
    name: String,
    client: reqwest::Client,
}

impl Server {
    /// The first model that the server names.
    async fn at(url: &str) -> Result<Self, Box<dyn Error>> {
        let client = reqwest::Client::builder().timeout(Duration::from_mins(1)).build()?;
        let text = client.get(format!("{url}/models")).send().await?.text().await?;
        let answer: serde_json::Value = serde_json::from_str(&text)?;
        let name = answer["data"][0]["id"].as_str().ok_or("the server names no model")?;
        Ok(Self { url: url.to_owned(), name: name.to_owned(), client })
    }
}

impl Embedder for Server {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn reservation(&self) -> Reservation {
        Reservation::default()
    }

    fn embed(
        &self,
        texts: Vec<String>,
        _meter: Option<Meter>,
    ) -> BoxFuture<Result<Vec<Vec<f32>>, HostFault>> {
        let body = serde_json::json!({ "model": self.name, "input": texts }).to_string();
        let request = self.client.post(format!("{}/embeddings", self.url));
        let request = request.header("content-type", "application/json").body(body).send();
        Box::pin(async move {
            let fault = |what: String| HostFault::new(format!("no embeddings: {what}"));
            let text = async { request.await?.error_for_status()?.text().await }.await;
            let text = text.map_err(|error| fault(error.to_string()))?;
            let answer: Answer =
                serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
            Ok(answer.data.into_iter().map(|one| one.embedding).collect())
        })
    }
}

#[derive(serde::Deserialize)]
struct Answer {
    data: Vec<One>,
}

#[derive(serde::Deserialize)]
struct One {
    embedding: Vec<f32>,
}
