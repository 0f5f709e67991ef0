//! What slow models cost: a real HTTP server in another process answers after two seconds;
//! real proposers, engine and store; evaluations that take no time, or two seconds in the
//! process sandbox.
//!
//! `cargo run --example models` prints the table of `docs/performance.md`.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a measuring program, not a part of evolve

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use evolve_core::event::{Operator, RunStarted, Slots};
use evolve_core::outcome::{EvalReport, EvalStatus};
use evolve_core::ports::{BlobStore, BoxFuture, EvalRequest, Evaluator, StageSink, SystemClock};
use evolve_core::redact::Redactor;
use evolve_core::task::{TaskConfig, parse_task};
use evolve_core::{Envelope, Event, Facts, Program};
use evolve_engine::{Begin, EngineSetup, Observer, Parts, run};
use evolve_evaluators::{Harness, HarnessSetup};
use evolve_prompts::Prompts;
use evolve_propose::{Keys, Patience, ProposerSetup, Proposers};
use evolve_sandbox::{HelperCommand, ProcessSandbox};
use evolve_search::{Menu, build};
use evolve_store::{Blobs, JournalWriter, Projections, RunDir};
use evolve_testkit::{ModelServer, Reply, perturb};

/// How long the model and the slow evaluation take.
const LATENCY: Duration = Duration::from_secs(2);

const PROGRAM: &str =
    "# EVOLVE-BLOCK-START\nX = 0.5\nY = 0.25\nZ = 1.5\nW = 12.0\nV = 3.25\n# EVOLVE-BLOCK-END\n";

fn main() {
    // A supervisor of the sandbox is this same binary.
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some(code) = evolve_sandbox::helper_main(&words) {
        std::process::exit(code);
    }
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return serve();
    }
    let server = Server::start();
    println!("| what | of the ideal | CPU of this process, in cores | peak memory |");
    println!("| --- | --- | --- | --- |");
    for slots in [8, 32, 256] {
        let slots = Slots { proposals: slots, evaluations: 8 };
        let rounds = 10;
        let wanted = u64::from(slots.proposals) * rounds;
        let (watch, cpu) = measure(&server, slots, wanted, &Evaluations::Instant);
        let ideal = wanted as f64 * LATENCY.as_secs_f64() / f64::from(slots.proposals);
        let name = format!("model 2 s, evaluation 0 s, {} calls in flight", slots.proposals);
        print(&name, ideal, &watch, cpu);
    }
    let slots = Slots { proposals: 32, evaluations: 8 };
    let wanted = 160;
    let (watch, cpu) = measure(&server, slots, wanted, &Evaluations::Slow);
    // The first answers come after one latency; then evaluations are what bounds it.
    let ideal = LATENCY.as_secs_f64() * (1.0 + wanted as f64 / f64::from(slots.evaluations));
    print("model 2 s, evaluation 2 s, 32 and 8 slots", ideal, &watch, cpu);
}

/// Memory is the peak since the program began, so it can only grow from line to line.
fn print(what: &str, ideal: f64, watch: &Watch, cpu: f64) {
    let took = watch.took().as_secs_f64();
    println!(
        "| {what} | {:.1} % | {:.2} | {:.0} MB |",
        100.0 * ideal / took,
        cpu / took,
        peak_memory_mb()
    );
}

/// The model, in a process of its own.
struct Server {
    child: Child,
    base_url: String,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { child, base_url: line.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let reply = |request: &evolve_testkit::Request| {
            Reply::text(perturb::answer(request)).after(LATENCY)
        };
        let server = ModelServer::start(reply).await.unwrap();
        println!("{}", server.base_url());
        server.run().await;
    });
}

enum Evaluations {
    Instant,
    Slow,
}

fn task(server: &Server, wanted: u64) -> TaskConfig {
    parse_task(&format!(
        "[task]\nname = \"bench\"\n[program]\npath = \"p.py\"\n[[objective]]\nmetric = \"value\"\n\
         goal = \"maximize\"\n[evaluator]\njudge_files = [\"judge.sh\"]\n[[evaluator.stage]]\n\
         name = \"full\"\nrun = [\"sleep\", \"2\"]\njudge = [\"sh\", \"judge.sh\"]\n\
         resources = {{ cpus = 0.1 }}\n[search]\noperators = {{ diff = 1.0 }}\n\
         [budget]\ncandidates = {wanted}\n[[model]]\nname = \"m\"\nbase_url = \"{}\"\n\
         max_tokens = 1000\nconcurrency = 1024\n",
        server.base_url
    ))
    .unwrap()
}

fn measure(server: &Server, slots: Slots, wanted: u64, evaluations: &Evaluations) -> (Watch, f64) {
    let folder = tempfile::tempdir_in(".").unwrap();
    std::fs::write(
        folder.path().join("judge.sh"),
        "echo '{\"metrics\": {\"value\": 1}}' > \"$EVOLVE_RESULT\"\n",
    )
    .unwrap();
    let dir = RunDir::create(folder.path(), &"bench".into()).unwrap();
    let blobs = Arc::new(Blobs::open_writer(&dir, Redactor::default()).unwrap());
    let task = Arc::new(task(server, wanted));
    let started = RunStarted {
        run: dir.id().clone(),
        task: TaskConfig::clone(&task),
        overrides: Vec::new(),
        program: Some(blobs.put(&Program::single("p.py", PROGRAM).to_bytes()).unwrap()),
        from: None,
        seed: 42,
        population: 0,
        slots,
        proposer: "model".into(),
        analyzer: true,
        sandbox: Vec::new(),
        evolve: "bench".into(),
        host: BTreeMap::default(),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let evaluator: Arc<dyn Evaluator> = match evaluations {
        Evaluations::Instant => Arc::new(Instantly),
        Evaluations::Slow => Arc::new(harness(&task, folder.path())),
    };
    let (journal, _) = JournalWriter::open(&dir, Arc::clone(&blobs)).unwrap();
    let projection = Projections::open(&dir, Arc::clone(&blobs), None).unwrap();
    let watch = Watch::default();
    let before = cpu_seconds();
    run(EngineSetup {
        begin: Begin::New(Box::new(started)),
        settled: Vec::new(),
        parts: parts(&task),
        proposer: Box::new(proposers(&task)),
        journal: Box::new(journal),
        projection: Box::new(projection),
        blobs,
        evaluator,
        runtime: runtime.handle().clone(),
        socket: None,
        observer: Box::new(watch.clone()),
        on_handle: Box::new(|_| {}),
    })
    .unwrap();
    (watch, cpu_seconds() - before)
}

fn harness(task: &Arc<TaskConfig>, folder: &Path) -> Harness {
    Harness::new(HarnessSetup {
        task: Arc::clone(task),
        task_root: folder.to_owned(),
        sandbox: Arc::new(ProcessSandbox::new(HelperCommand::current_exe().unwrap())),
        gpus: Vec::new(),
    })
    .unwrap()
}

fn parts(task: &TaskConfig) -> Parts {
    let models = task.model.iter().map(|model| (model.name.clone(), model.weight)).collect();
    let menu = Menu { operators: vec![(Operator::Diff, 1.0)], models };
    Parts {
        strategy: build(&task.search, menu).unwrap(),
        analyzer: Some(Box::new(evolve_analyze::RunAnalyzer::new(None))),
        clock: Arc::new(SystemClock),
    }
}

fn proposers(task: &Arc<TaskConfig>) -> Proposers {
    Proposers::new(ProposerSetup {
        task: Arc::clone(task),
        description: "Find the numbers.".into(),
        prompts: Prompts::shipped().unwrap(),
        knowledge: None,
        embedder: None,
        keys: Keys::default(),
        clock: Arc::new(SystemClock),
        patience: Patience::default(),
        population: Vec::new(),
        command: None,
        languages: Vec::new(),
    })
    .unwrap()
}

struct Instantly;

impl Evaluator for Instantly {
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

/// Notes when the first proposal was selected and when the last evaluation ended.
#[derive(Clone, Default)]
struct Watch(Arc<Mutex<(Option<Instant>, Option<Instant>)>>);

impl Watch {
    fn took(&self) -> Duration {
        let (first, last) = *self.0.lock().unwrap();
        last.unwrap().duration_since(first.unwrap())
    }
}

impl Observer for Watch {
    fn update(&mut self, _: &Facts, events: &[Envelope]) {
        let mut noted = self.0.lock().unwrap();
        if events.iter().any(|e| matches!(e.event, Event::Selected(_))) {
            noted.0.get_or_insert_with(Instant::now);
        }
        if events.iter().any(|e| matches!(e.event, Event::Evaluated(_))) {
            noted.1 = Some(Instant::now());
        }
    }
}

/// User and system time of this process; what it starts is not counted.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
    let ticks = |i: usize| fields.get(i).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(12) + ticks(13)) / 100.0
}

fn peak_memory_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}
