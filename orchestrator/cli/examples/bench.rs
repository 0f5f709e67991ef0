//! What the loop itself costs: real journal, blobs, database and lineage, an instant
//! proposer, an evaluator that does nothing.
//!
//! `cargo run -p evolve --example bench [-- CANDIDATES]` prints the table of
//! `docs/performance.md`.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a measuring program, not a part of evolve

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use evolve_core::event::{Change, Operator, Reservation, Resumed, RunStarted, Selection, Slots};
use evolve_core::outcome::{EvalReport, EvalStatus};
use evolve_core::ports::{
    BlobStore, BoxFuture, EvalRequest, Evaluator, HostFault, Journal, NewProgram, ProposalOutcome,
    ProposalRequest, Proposer, StageSink, SystemClock,
};
use evolve_core::redact::Redactor;
use evolve_core::task::{TaskConfig, parse_task};
use evolve_core::{Envelope, Event, Facts, Program, Seq};
use evolve_engine::{Begin, EngineSetup, Observer, Parts, run};
use evolve_search::{Menu, build};
use evolve_store::{Blobs, JournalWriter, Projections, Reader, RunDir};

const TASK: &str = "[task]\nname = \"bench\"\n[program]\npath = \"p.py\"\n[[objective]]\n\
    metric = \"value\"\ngoal = \"maximize\"\n[[evaluator.stage]]\nname = \"full\"\n\
    run = [\"true\"]\njudge = [\"true\"]\n";
const SLOTS: Slots = Slots { proposals: 8, evaluations: 8 };

fn main() {
    let wanted = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10_000u64);
    let folder = tempfile::tempdir_in(".").unwrap();
    let dir = RunDir::create(folder.path(), &"bench".into()).unwrap();
    println!("| what | measured |\n| --- | --- |");
    let watch = Watch::begin();
    let facts = start(&dir, wanted, &watch);
    assert_eq!(facts.counts.evaluated, wanted);
    watch.print(wanted);
    println!("| peak memory at {wanted} candidates | {:.0} MB |", peak_memory_mb());
    let (bytes, files) = disk(dir.root());
    println!("| disk after {wanted} candidates | {:.1} MB in {files} files |", bytes as f64 / 1e6);

    let begun = Instant::now();
    let reader = Reader::open(&dir).unwrap();
    println!("| open for reading at {wanted} | {:.3} s |", begun.elapsed().as_secs_f64());
    drop(reader);
    let watch = Watch::begin();
    resume(&dir, wanted + 50, &watch);
    println!("| resume at {wanted} to first proposal | {:.3} s |", watch.first_proposal());
}

fn task(candidates: u64) -> TaskConfig {
    let mut task = parse_task(TASK).unwrap();
    task.budget.candidates = Some(candidates);
    task
}

fn parts(task: &TaskConfig) -> Parts {
    let menu = Menu { operators: vec![(Operator::Mutate, 1.0)], models: Vec::new() };
    Parts {
        strategy: build(&task.search, menu).unwrap(),
        analyzer: Some(Box::new(evolve_analyze::RunAnalyzer::new(None))),
        clock: Arc::new(SystemClock),
    }
}

fn start(dir: &RunDir, wanted: u64, watch: &Watch) -> Facts {
    let blobs = Arc::new(Blobs::open_writer(dir, Redactor::default()).unwrap());
    let task = task(wanted);
    let program = blobs.put(&Program::single("p.py", "x = 0\n").to_bytes()).unwrap();
    let started = RunStarted {
        run: dir.id().clone(),
        task: task.clone(),
        overrides: Vec::new(),
        program: Some(program),
        from: None,
        population: 0,
        seed: 42,
        slots: SLOTS,
        proposer: "instant".into(),
        analyzer: true,
        sandbox: Vec::new(),
        evolve: "bench".into(),
        host: std::collections::BTreeMap::default(),
    };
    drive(dir, blobs, &task, None, Begin::New(Box::new(started)), watch)
}

fn resume(dir: &RunDir, wanted: u64, watch: &Watch) {
    let blobs = Arc::new(Blobs::open_writer(dir, Redactor::default()).unwrap());
    let reader = Reader::open(dir).unwrap();
    let mut budget = reader.facts().budget.clone();
    budget.candidates = Some(wanted);
    let change = format!("candidates={wanted}");
    let events: Vec<_> =
        reader.events(Seq(0)).map(|e| e.map_err(|e| HostFault::new(e.to_string()))).collect();
    let begin = Begin::Resume {
        events: Box::new(events.into_iter()),
        budget: vec![evolve_core::event::BudgetChanged { budget, change }],
        resumed: Resumed { process: Some(SLOTS), note: String::new() },
    };
    drive(dir, blobs, &task(wanted), Some(reader.facts()), begin, watch);
}

fn drive(
    dir: &RunDir,
    blobs: Arc<Blobs>,
    task: &TaskConfig,
    before: Option<&Facts>,
    begin: Begin,
    watch: &Watch,
) -> Facts {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (journal, _) = JournalWriter::open(dir, Arc::clone(&blobs)).unwrap();
    let projection = Projections::open(dir, Arc::clone(&blobs), before).unwrap();
    run(EngineSetup {
        begin,
        settled: Vec::new(),
        parts: parts(task),
        proposer: Box::new(Instantly),
        journal: Box::new(Timed { inner: journal, watch: watch.clone() }),
        projection: Box::new(projection),
        blobs,
        evaluator: Arc::new(Noop),
        runtime: runtime.handle().clone(),
        socket: Some(dir.control_socket()),
        observer: Box::new(watch.clone()),
        on_handle: Box::new(|_| {}),
    })
    .unwrap()
}

struct Instantly;

impl Proposer for Instantly {
    fn reservation(&self, _: &Selection) -> Reservation {
        Reservation::default()
    }
    fn propose(&self, request: ProposalRequest) -> BoxFuture<ProposalOutcome> {
        let text = format!("x = {}\n", request.seed);
        let change = Change { summary: "another number".into(), ..Change::default() };
        let program = NewProgram::of(Program::single("p.py", text), None, change);
        Box::pin(std::future::ready(ProposalOutcome { shown: Vec::new(), result: Ok(program) }))
    }
    fn observe(&mut self, _: &Facts, _: &Envelope) {}
}

struct Noop;

impl Evaluator for Noop {
    fn evaluate(&self, request: EvalRequest, _: Arc<dyn StageSink>) -> BoxFuture<EvalReport> {
        // Most candidates lose, a few gain, as in a real run.
        let value = (request.candidate.0 as f64).sqrt()
            * if request.candidate.0.is_multiple_of(50) { 1.0 } else { 0.5 };
        let mut report = EvalReport::host_fault("");
        report.status = EvalStatus::Ok;
        report.metrics.insert("value".into(), value);
        report.samples.push(value);
        Box::pin(std::future::ready(report))
    }
}

/// Notes times: of the first proposal, of each append, of each thousand candidates.
#[derive(Clone)]
struct Watch(Arc<Mutex<Noted>>);

struct Noted {
    begun: Instant,
    first: Option<Duration>,
    appends: Vec<Duration>,
    marks: Vec<(u64, Duration)>,
}

impl Watch {
    fn begin() -> Self {
        let noted =
            Noted { begun: Instant::now(), first: None, appends: Vec::new(), marks: Vec::new() };
        Self(Arc::new(Mutex::new(noted)))
    }

    fn first_proposal(&self) -> f64 {
        self.0.lock().unwrap().first.unwrap_or_default().as_secs_f64()
    }

    fn print(&self, wanted: u64) {
        let mut noted = self.0.lock().unwrap();
        noted.appends.sort_unstable();
        let at = |q: f64| noted.appends[((noted.appends.len() - 1) as f64 * q) as usize];
        println!(
            "| start to first proposal | {:.3} s |",
            noted.first.unwrap_or_default().as_secs_f64()
        );
        let rates: Vec<String> = noted
            .marks
            .windows(2)
            .map(|w| {
                format!(
                    "{:.0}",
                    (w[1].0 - w[0].0) as f64 / w[1].1.saturating_sub(w[0].1).as_secs_f64()
                )
            })
            .collect();
        let total = noted.marks.last().map_or(0.0, |(n, t)| *n as f64 / t.as_secs_f64());
        println!("| candidates/s over {wanted}, loop alone | {total:.0} |");
        println!("| the same by tenths | {} |", rates.join(" "));
        println!(
            "| journal append with fsync, p50 / p99 | {:.2} / {:.2} ms |",
            at(0.5).as_secs_f64() * 1e3,
            at(0.99).as_secs_f64() * 1e3
        );
    }
}

impl Observer for Watch {
    fn update(&mut self, facts: &Facts, events: &[Envelope]) {
        let mut noted = self.0.lock().unwrap();
        let now = noted.begun.elapsed();
        let selected = events.iter().any(|e| matches!(e.event, Event::Selected(_)));
        if selected && noted.first.is_none() {
            noted.first = Some(now);
        }
        let cap = facts.budget.candidates.unwrap_or(1);
        let tenth = (cap / 10).max(1);
        let last = noted.marks.last().map_or(0, |(n, _)| *n);
        if noted.marks.is_empty() || facts.counts.evaluated >= last + tenth {
            noted.marks.push((facts.counts.evaluated, now));
        }
    }
}

struct Timed {
    inner: JournalWriter,
    watch: Watch,
}

impl Journal for Timed {
    fn append(&mut self, events: &[Envelope]) -> Result<(), HostFault> {
        let begun = Instant::now();
        let result = self.inner.append(events);
        self.watch.0.lock().unwrap().appends.push(begun.elapsed());
        result
    }
}

fn peak_memory_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

fn disk(root: &Path) -> (u64, usize) {
    let mut sum = (0, 0);
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(meta) if meta.is_dir() => {
                let (bytes, files) = disk(&entry.path());
                sum = (sum.0 + bytes, sum.1 + files);
            }
            Ok(meta) => sum = (sum.0 + meta.len(), sum.1 + 1),
            Err(_) => {}
        }
    }
    sum
}
