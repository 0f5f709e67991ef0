//! What opening and writing a run costs, by its size.
//!
//! `cargo run -p evolve-store --example open_cost -- 10000`

use std::sync::Arc;
use std::time::Instant;

use evolve_core::facts::Facts;
use evolve_core::ids::{RunId, Seq};
use evolve_core::ports::{Journal, Projection};
use evolve_core::redact::Redactor;
use evolve_store::{Blobs, JournalWriter, Projections, Reader, RunDir, VerifyOptions, verify};
use evolve_testkit::generated;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let candidates = std::env::args().nth(1).map_or(Ok(10_000), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let run = RunDir::create(dir.path(), &RunId::from("run"))?;
    let blobs = Arc::new(Blobs::open_writer(&run, Redactor::default())?);

    let begin = Instant::now();
    let events = generated::run(1, candidates, &*blobs)?;
    let say = |what: &str, begin: Instant| {
        println!("{what:<44} {:>8.3} s", begin.elapsed().as_secs_f64());
    };
    println!("{candidates} candidates, {} events, {} blobs", events.len(), blobs.len());
    say("generate and put blobs", begin);

    let (mut journal, _) = JournalWriter::open(&run, Arc::clone(&blobs))?;
    let mut projections = Projections::open(&run, Arc::clone(&blobs), None)?;
    let mut facts: Option<Facts> = None;
    let (mut appends, mut follows) = (Vec::new(), Vec::new());
    let begin = Instant::now();
    for batch in events.chunks(16) {
        let at = Instant::now();
        journal.append(batch)?;
        appends.push(at.elapsed());
        for event in batch {
            match &mut facts {
                Some(facts) => facts.apply(event),
                none => *none = Some(Facts::begin(event)?),
            }
        }
        let at = Instant::now();
        if let Some(facts) = &facts {
            projections.follow(batch, facts);
        }
        follows.push(at.elapsed());
    }
    say("append (16 events, fsync), fold, follow", begin);
    for (what, mut times) in [("append", appends), ("follow", follows)] {
        times.sort();
        let at = |part: usize| times[times.len() * part / 1000];
        println!("  {what}: p50 {:?}, p99 {:?}, p99.9 {:?}", at(500), at(990), at(999));
    }
    let facts = facts.ok_or("no events")?;
    let begin = Instant::now();
    projections.settle(&facts)?;
    say("settle what was behind", begin);
    drop((projections, journal, blobs));

    for path in [run.journal(), run.blobs(), run.snapshots(), run.database(), run.lineage()] {
        let (bytes, files) = size(&path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        println!("  {name}: {:.1} MB in {files} files", bytes as f64 / 1e6);
    }

    let begin = Instant::now();
    let reader = Reader::open(&run)?;
    say("Reader::open from the snapshot", begin);
    let begin = Instant::now();
    let count = reader.events(Seq(0)).flatten().count();
    say("read every event", begin);
    assert_eq!(count, events.len());
    let begin = Instant::now();
    let blobs = Arc::new(Blobs::open_writer(&run, Redactor::default())?);
    let (_, recovered) = JournalWriter::open(&run, blobs)?;
    say("open for writing (resume)", begin);
    assert_eq!(recovered.snapshot, Some(facts.next_seq));

    std::fs::remove_dir_all(run.snapshots())?;
    let begin = Instant::now();
    Reader::open(&run)?;
    say("Reader::open without a snapshot", begin);
    let begin = Instant::now();
    let report = verify(&run, VerifyOptions::default())?;
    say("verify", begin);
    std::fs::remove_dir_all(run.database())?;
    std::fs::remove_dir_all(run.lineage())?;
    let begin = Instant::now();
    let repaired = verify(&run, VerifyOptions { repair: true })?;
    say("verify and rebuild all", begin);
    println!("  {:?} {:?}", report.checked, repaired.findings);
    Ok(())
}

fn size(path: &std::path::Path) -> std::io::Result<(u64, u64)> {
    if path.is_file() {
        return Ok((path.metadata()?.len(), 1));
    }
    let mut sum = (0, 0);
    for entry in std::fs::read_dir(path)? {
        let (bytes, files) = size(&entry?.path())?;
        sum = (sum.0 + bytes, sum.1 + files);
    }
    Ok(sum)
}
