//! How long the pages of a large run take and how large they are.
//!
//! `cargo run -p evolve-report --example pages -- 100000 [FOLDER]`: the run is generated into the
//! folder, or found there, and served over loopback.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use evolve_core::facts::Facts;
use evolve_core::ids::RunId;
use evolve_core::ports::{HostFault, Journal, Projection};
use evolve_core::redact::Redactor;
use evolve_report::serve::{Setup, serve};
use evolve_store::{Blobs, JournalWriter, Projections, RunDir};
use evolve_testkit::generated;

type Failed = Box<dyn std::error::Error>;

/// Asked for so often; the median is told.
const ROUNDS: usize = 5;

fn main() -> Result<(), Failed> {
    let mut words = std::env::args().skip(1);
    let candidates = words.next().map_or(Ok(10_000), |text| text.parse())?;
    let temporary = tempfile::tempdir()?;
    let folder = words.next().map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    if !folder.join("run").exists() {
        generate(&folder, candidates)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(&folder, candidates))
}

fn generate(folder: &Path, candidates: u64) -> Result<(), Failed> {
    let begun = Instant::now();
    let run = RunDir::create(folder, &RunId::from("run"))?;
    let blobs = Arc::new(Blobs::open_writer(&run, Redactor::default())?);
    let events = generated::run(1, candidates, &*blobs)?;
    let (mut journal, _) = JournalWriter::open(&run, Arc::clone(&blobs))?;
    let mut projections = Projections::open(&run, Arc::clone(&blobs), None)?;
    let mut facts: Option<Facts> = None;
    for batch in events.chunks(256) {
        journal.append(batch)?;
        for event in batch {
            match &mut facts {
                Some(facts) => facts.apply(event),
                none => *none = Some(Facts::begin(event)?),
            }
        }
        if let Some(facts) = &facts {
            projections.follow(batch, facts);
        }
    }
    projections.settle(&facts.ok_or("no events")?)?;
    println!("generated in {:.1} s: {} events", begun.elapsed().as_secs_f64(), events.len());
    Ok(())
}

async fn measure(folder: &Path, candidates: u64) -> Result<(), Failed> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let setup = Setup {
        runs: folder.to_owned(),
        listener,
        token: None,
        index: Arc::new(|| Err(HostFault::new("this example does not search"))),
    };
    tokio::spawn(serve(setup, std::future::pending()));
    let middle = format!("c{:06}", candidates / 2);
    let pages = [
        "/runs/run".to_owned(),
        "/".to_owned(),
        "/runs/run?x=time".to_owned(),
        "/runs/run?x=usd".to_owned(),
        "/runs/run/candidates".to_owned(),
        "/runs/run/candidates?q=circle&sort=time&page=7".to_owned(),
        format!("/runs/run/candidates/{middle}"),
        "/runs/run/lineage".to_owned(),
        "/runs/run/lineage.json".to_owned(),
        "/runs/run/archive".to_owned(),
        "/runs/run/front".to_owned(),
        "/runs/run/insights".to_owned(),
        "/runs/run/models".to_owned(),
        "/runs/run/cost".to_owned(),
        "/runs/run/repeat".to_owned(),
        "/compare?run=run".to_owned(),
        "/metrics".to_owned(),
    ];
    println!("{:<52} {:>10} {:>10} {:>10}", "page", "first", "median", "size");
    let client = reqwest::Client::new();
    for page in pages {
        let mut times = Vec::new();
        let mut size = 0;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let answer = client.get(format!("http://{address}{page}")).send().await?;
            let status = answer.status();
            size = answer.bytes().await?.len();
            times.push(begun.elapsed());
            if !status.is_success() {
                return Err(format!("{page}: {status}").into());
            }
        }
        let first = times[0];
        times.sort();
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
        let size = format!("{:.1} kB", size as f64 / 1000.0);
        println!("{page:<52} {:>10} {:>10} {size:>10}", ms(first), ms(times[ROUNDS / 2]));
    }
    Ok(())
}
