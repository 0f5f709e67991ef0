//! Writes the report of a generated run, to look at while the page is worked on:
//! `cargo run -p evolve-report --example sample_report -- OUT [CANDIDATES]`.

use std::path::Path;

use evolve_core::Facts;
use evolve_report::{Moment, write_report};
use evolve_testkit::{MemoryBlobs, generated};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("usage: sample_report OUT [CANDIDATES]")?;
    let candidates = arguments.next().map_or(Ok(300), |text| text.parse())?;
    let blobs = MemoryBlobs::default();
    let events = generated::run(7, candidates, &blobs)?;
    let facts = Facts::fold(&events)?;
    let begin = std::time::Instant::now();
    let path = write_report(&facts, &blobs, Path::new(&out), &Moment::at(facts.last_at))?;
    let size = std::fs::metadata(&path)?.len();
    println!("{}: {size} bytes in {:?}", path.display(), begin.elapsed());
    Ok(())
}
