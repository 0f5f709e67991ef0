//! The real loop on a landscape: an instant proposer, an instant evaluator, nothing on disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use evolve_core::event::{Change, Envelope, Operator, Reservation, RunStarted, Selection, Slots};
use evolve_core::outcome::{EvalReport, EvalStatus};
use evolve_core::ports::{
    BlobStore, BoxFuture, EvalRequest, Evaluator, HostFault, Journal, NewProgram, Projection,
    ProposalOutcome, ProposalRequest, Proposer, StageSink, SystemClock,
};
use evolve_core::task::parse_task;
use evolve_core::{Facts, Goal, Program};
use evolve_engine::{Begin, EngineSetup, Observer, Parts, run};
use evolve_report::bench::{BenchRun, Point};
use evolve_search::{Menu, build};
use evolve_testkit::MemoryBlobs;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tokio::runtime::Handle;

use crate::terrain::{Genome, Terrain, noise};

const SLOTS: Slots = Slots { proposals: 2, evaluations: 2 };
/// Share of the proposals that mix two parents.
const CROSSOVER: f64 = 0.2;

struct Nowhere;

impl Journal for Nowhere {
    fn append(&mut self, _: &[Envelope]) -> Result<(), HostFault> {
        Ok(())
    }
}

impl Projection for Nowhere {
    fn follow(&mut self, _: &[Envelope], _: &Facts) {}
    fn settle(&mut self, _: &Facts) -> Result<(), HostFault> {
        Ok(())
    }
}

impl Observer for Nowhere {
    fn update(&mut self, _: &Facts, _: &[Envelope]) {}
}

/// The same for every strategy: what is proposed depends on parents and seed alone.
struct Instant;

impl Proposer for Instant {
    fn reservation(&self, _: &Selection) -> Reservation {
        Reservation::default()
    }

    fn propose(&self, request: ProposalRequest) -> BoxFuture<ProposalOutcome> {
        let mut rng = Pcg64Mcg::seed_from_u64(request.seed);
        let parents = request.parents.iter().filter_map(|parent| parent.program);
        let genomes = parents.filter_map(|hash| genome(&*request.blobs, hash));
        let genomes: Vec<Genome> = genomes.collect();
        let child = match &genomes[..] {
            [a, b, ..] => {
                let mixed = a.clone().crossed(b, &mut rng);
                if rng.random() { mixed.mutated(&mut rng) } else { mixed }
            }
            _ => genomes[0].clone().mutated(&mut rng),
        };
        let new = NewProgram::of(child.program(), None, Change::default());
        Box::pin(std::future::ready(ProposalOutcome { shown: Vec::new(), result: Ok(new) }))
    }

    fn observe(&mut self, _: &Facts, _: &Envelope) {}
}

fn genome(blobs: &dyn BlobStore, hash: evolve_core::BlobHash) -> Option<Genome> {
    Genome::of(&Program::from_bytes(&blobs.get(hash).ok()?).ok()?)
}

struct Survey {
    terrain: Terrain,
    seed: u64,
}

impl Evaluator for Survey {
    fn evaluate(&self, request: EvalRequest, _: Arc<dyn StageSink>) -> BoxFuture<EvalReport> {
        let mut report = EvalReport::host_fault("");
        let worth =
            Genome::of(&request.program).map_or(f64::NAN, |g| self.terrain.worth(self.seed, &g));
        let spread = if self.terrain.is_noisy() { 0.3 * (worth.abs() + 1.0) } else { 0.0 };
        let repeats = request.repeats.0..request.repeats.1;
        report.samples =
            repeats.map(|r| worth + spread * noise(self.seed, &request.program, r)).collect();
        report.status = EvalStatus::Ok;
        let mean = report.samples.iter().sum::<f64>() / report.samples.len() as f64;
        report.metrics.insert("worth".into(), mean);
        Box::pin(std::future::ready(report))
    }
}

/// One run; its curve is of what the programs are really worth.
pub fn climb(
    terrain: Terrain,
    strategy: &str,
    seed: u64,
    candidates: u64,
    runtime: &Handle,
) -> BenchRun {
    let blobs: Arc<MemoryBlobs> = Arc::default();
    let begin = Begin::New(Box::new(started(terrain, strategy, seed, candidates, &blobs)));
    let Begin::New(first) = &begin else { unreachable!() };
    let menu = Menu {
        operators: vec![(Operator::Mutate, 1.0 - CROSSOVER), (Operator::Crossover, CROSSOVER)],
        models: Vec::new(),
    };
    let strategy = build(&first.task.search, menu).unwrap();
    let facts = run(EngineSetup {
        settled: Vec::new(),
        begin,
        parts: Parts { strategy, analyzer: None, clock: Arc::new(SystemClock) },
        proposer: Box::new(Instant),
        journal: Box::new(Nowhere),
        projection: Box::new(Nowhere),
        blobs: Arc::clone(&blobs) as Arc<dyn BlobStore>,
        evaluator: Arc::new(Survey { terrain, seed }),
        runtime: runtime.clone(),
        socket: None,
        observer: Box::new(Nowhere),
        on_handle: Box::new(|_| {}),
    })
    .unwrap();
    let mut bench = BenchRun::of(&facts);
    if terrain.is_noisy() {
        let best = facts.best().and_then(|best| best.program).unwrap();
        let score = terrain.worth(seed, &genome(&*blobs, best).unwrap());
        bench.curve = vec![Point { candidates: facts.counts.evaluated, score }];
        bench.start = Some(terrain.worth(seed, &terrain.start(seed)));
    }
    bench
}

fn started(
    terrain: Terrain,
    strategy: &str,
    seed: u64,
    candidates: u64,
    blobs: &MemoryBlobs,
) -> RunStarted {
    let goal = if terrain.goal() == Goal::Maximize { "maximize" } else { "minimize" };
    let repeats = if terrain.is_noisy() { "{ min = 2, max = 8 }" } else { "{ min = 1, max = 1 }" };
    let task = format!(
        "[task]\nname = \"{}\"\n[program]\npath = \"genome.txt\"\n[[objective]]\nmetric = \
         \"worth\"\ngoal = \"{goal}\"\n[[evaluator.stage]]\nname = \"full\"\nrun = [\"true\"]\n\
         judge = [\"true\"]\nrepeats = {repeats}\n[search]\nstrategy = \"{strategy}\"\n\
         [budget]\ncandidates = {candidates}\n",
        terrain.name()
    );
    RunStarted {
        run: "landscape".into(),
        task: parse_task(&task).unwrap(),
        overrides: Vec::new(),
        program: Some(blobs.put(&terrain.start(seed).program().to_bytes()).unwrap()),
        from: None,
        population: 0,
        seed,
        slots: SLOTS,
        proposer: "instant".into(),
        analyzer: false,
        sandbox: Vec::new(),
        evolve: env!("CARGO_PKG_VERSION").into(),
        host: BTreeMap::default(),
    }
}
