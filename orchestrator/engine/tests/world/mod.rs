//! A small world to run the loop in: programs are numbers, a proposal adds a step, the
//! evaluator scores the number. Workers finish in an order that no test controls.

#![allow(dead_code)] // each test file uses a part of it
#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use evolve_core::event::{
    AnalysisPurpose, CallSettled, Change, Envelope, Event, Operator, Reservation, RunStarted,
    Selection, Slots,
};
use evolve_core::ids::{BlobHash, CandidateId};
use evolve_core::knowledge::{Insight, InsightKind};
use evolve_core::money::TokenUsage;
use evolve_core::outcome::{CallStatus, EvalReport, EvalStatus, RejectReason, StageReport, Usage};
use evolve_core::ports::{
    AnalysisRequest, Analyzer, BlobStore, BoxFuture, Clock, EvalRequest, Evaluator, Finding,
    GivenProgram, HostFault, Inquiry, Journal, Learned, NewProgram, NoProgram, Projection,
    ProposalOutcome, ProposalRequest, Proposer, StageSink, SystemClock,
};
use evolve_core::task::{TaskConfig, parse_task};
use evolve_core::{Facts, Program, Usd};
use evolve_engine::{Begin, EngineError, EngineSetup, Handle, Observer, Parts, run};
use evolve_search::{Menu, build};
use evolve_testkit::MemoryBlobs;
use tokio::runtime::Runtime;

pub const TASK: &str = r#"
[task]
name = "numbers"
[program]
path = "number.txt"
[[objective]]
metric = "value"
goal = "maximize"
plausible_max = 1000.0
[[evaluator.stage]]
name = "full"
run = ["true"]
judge = ["true"]
repeats = { min = 1, max = 1 }
[budget]
candidates = 40
"#;

/// Remembers what was appended, and fails when told to.
#[derive(Clone, Default)]
pub struct Tape {
    pub events: Arc<Mutex<Vec<Envelope>>>,
    pub fail_after: Option<usize>,
}

impl Tape {
    pub fn all(&self) -> Vec<Envelope> {
        self.events.lock().unwrap().clone()
    }
}

impl Journal for Tape {
    fn append(&mut self, events: &[Envelope]) -> Result<(), HostFault> {
        let mut all = self.events.lock().unwrap();
        if self.fail_after.is_some_and(|n| all.len() + events.len() > n) {
            return Err(HostFault::new("the disk is full"));
        }
        all.extend_from_slice(events);
        Ok(())
    }
}

pub struct Nothing;

impl Projection for Nothing {
    fn follow(&mut self, _: &[Envelope], _: &Facts) {}
    fn settle(&mut self, _: &Facts) -> Result<(), HostFault> {
        Ok(())
    }
}

impl Observer for Nothing {
    fn update(&mut self, _: &Facts, _: &[Envelope]) {}
}

/// Adds a step that depends on the seed; some proposals fail, some repeat.
pub struct Steps {
    pub cost: Option<Reservation>,
    pub bounds: f64,
    pub step: fn(u64) -> f64,
    /// What is the same of two numbers that are the same in other words.
    pub sense: Option<fn(f64) -> f64>,
}

impl Proposer for Steps {
    fn reservation(&self, _: &Selection) -> Reservation {
        self.cost.unwrap_or_default()
    }

    fn propose(&self, request: ProposalRequest) -> BoxFuture<ProposalOutcome> {
        let (cost, bounds, step, sense) = (self.cost, self.bounds, self.step, self.sense);
        Box::pin(async move {
            for _ in 0..request.seed % 5 {
                tokio::task::yield_now().await;
            }
            if let Some(cost) = cost {
                settle(&request, cost);
            }
            let result = if request.seed.is_multiple_of(11) {
                Err(NoProgram::new(RejectReason::PatchFailed, "no luck"))
            } else {
                let mut new = next(&request, bounds, step);
                let sense = sense.map(|sense| sense(number(&new.program)).to_string());
                new.normal = sense.map(|text| BlobHash::of(text.as_bytes()));
                Ok(new)
            };
            ProposalOutcome { shown: vec!["item".into()], result }
        })
    }

    fn admit(&self, given: GivenProgram) -> BoxFuture<Result<NewProgram, NoProgram>> {
        let sense = self.sense;
        Box::pin(async move {
            let value = number(&given.program);
            if value.is_nan() {
                return Err(NoProgram::new(RejectReason::Syntax, "that is no number"));
            }
            let normal = sense.map(|sense| BlobHash::of(sense(value).to_string().as_bytes()));
            let change = Change { summary: given.note, ..Change::default() };
            let (model, prompt) = (None, None);
            Ok(NewProgram { model, prompt, ..NewProgram::of(given.program, normal, change) })
        })
    }

    fn observe(&mut self, _: &Facts, _: &Envelope) {}
}

fn settle(request: &ProposalRequest, cost: Reservation) {
    let spent = Usd(request.seed % (cost.usd.0 + 1));
    let blob = request.blobs.put(b"request").unwrap();
    request.calls.settled(CallSettled {
        candidate: request.candidate,
        analysis: None,
        model: "m".into(),
        status: CallStatus::Ok,
        detail: String::new(),
        usage: TokenUsage { input: 1, cached: 0, output: request.seed % (cost.tokens) },
        estimated: false,
        cost: spent,
        request: blob,
        response: None,
        latency_ms: 1,
    });
}

/// Asks after every third evaluation, one call an analysis, within what is reserved.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    pub reserved: Reservation,
    waiting: Option<CandidateId>,
    seen: u64,
}

impl Reader {
    pub fn new(reserved: Reservation) -> Self {
        Self { reserved, waiting: None, seen: 0 }
    }
}

impl Analyzer for Reader {
    fn observe(&mut self, _: &Facts, event: &Envelope) -> Learned {
        match &event.event {
            Event::Evaluated(evaluated) => {
                self.seen += 1;
                self.waiting = Some(evaluated.candidate).filter(|_| self.seen.is_multiple_of(3));
            }
            Event::AnalysisStarted(_) => self.waiting = None,
            _ => {}
        }
        Learned::default()
    }

    fn inquire(&self, facts: &Facts) -> Option<Inquiry> {
        let candidates = vec![self.waiting.filter(|_| facts.analysing.is_empty())?];
        Some(Inquiry { purpose: AnalysisPurpose::Learn, candidates, reserved: self.reserved })
    }

    fn analyze(&self, request: AnalysisRequest) -> BoxFuture<Result<Vec<Finding>, String>> {
        let most = self.reserved;
        Box::pin(async move {
            let meter = &request.meter;
            meter.calls.settled(CallSettled {
                candidate: meter.candidate,
                analysis: meter.analysis,
                model: "reader".into(),
                status: CallStatus::Ok,
                detail: String::new(),
                usage: TokenUsage { input: most.tokens, cached: 0, output: 0 },
                estimated: false,
                cost: Usd(request.seed % (most.usd.0 + 1)),
                request: meter.blobs.put(b"what do they show?").unwrap(),
                response: None,
                latency_ms: 1,
            });
            if request.seed.is_multiple_of(5) {
                return Err("nobody answered".to_owned());
            }
            let insight = Insight {
                key: String::new(),
                claim: format!("seen in {}", meter.candidate),
                mechanism: String::new(),
                scope: String::new(),
                evidence: vec![meter.candidate],
                against: Vec::new(),
                recommendation: String::new(),
                confidence: 0.5,
                kind: InsightKind::Works,
            };
            let (confirms, contradicts, replaces) = (Vec::new(), Vec::new(), Vec::new());
            Ok(vec![Finding { insight, confirms, contradicts, replaces }])
        })
    }

    fn merge(&self, facts: &Facts, findings: Vec<Finding>) -> Learned {
        let key = format!("r{}", facts.counts.analyses);
        let insights =
            findings.into_iter().map(|f| Insight { key: key.clone(), ..f.insight }).collect();
        Learned { insights, retired: Vec::new() }
    }
}

/// From -2 to 4.
pub fn whole_step(seed: u64) -> f64 {
    (seed % 7) as f64 - 2.0
}

fn next(request: &ProposalRequest, bounds: f64, step: fn(u64) -> f64) -> NewProgram {
    let parent = request.parents.first().and_then(|p| p.program).map_or(0.0, |hash| {
        let program = Program::from_bytes(&request.blobs.get(hash).unwrap()).unwrap();
        number(&program)
    });
    let step = step(request.seed);
    let value = (parent + step).min(bounds);
    let change = Change { summary: format!("add {step}"), ..Change::default() };
    NewProgram::of(Program::single("number.txt", value.to_string()), None, change)
}

pub fn number(program: &Program) -> f64 {
    program.sole().and_then(|(_, text)| text.parse().ok()).unwrap_or(f64::NAN)
}

/// Scores a number; every seventh value crashes.
pub struct Score {
    pub faults: AtomicUsize,
    pub evaluated: Mutex<Vec<CandidateId>>,
    /// Added to a sample: index of the repeat and value give the noise.
    pub noise: f64,
    /// What a number is really worth; NaN for a crash.
    pub worth: fn(f64) -> f64,
    /// What a number gets besides in a repeat; NaN for a crash.
    pub luck: fn(f64, u32) -> f64,
}

impl Default for Score {
    fn default() -> Self {
        Self {
            faults: AtomicUsize::new(0),
            evaluated: Mutex::default(),
            noise: 0.0,
            worth,
            luck: |_, _| 0.0,
        }
    }
}

fn worth(value: f64) -> f64 {
    if (value as i64) % 7 == 3 { f64::NAN } else { value }
}

/// A draw that depends on value and repeat alone: the mean of three even ones, near enough to
/// normal, with standard deviation 1.
fn draw(value: f64, repeat: u32) -> f64 {
    let even = |salt: u64| {
        let text = format!("{value} {repeat} {salt}");
        let bits = BlobHash::of(text.as_bytes()).to_string();
        u64::from_str_radix(&bits[..12], 16).unwrap() as f64 / (1u64 << 48) as f64
    };
    2.0 * (even(0) + even(1) + even(2) - 1.5)
}

impl Evaluator for Score {
    fn evaluate(&self, request: EvalRequest, stages: Arc<dyn StageSink>) -> BoxFuture<EvalReport> {
        self.evaluated.lock().unwrap().push(request.candidate);
        let fault =
            self.faults.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        let (noise, worth, luck) = (self.noise, self.worth, self.luck);
        Box::pin(async move {
            for _ in 0..request.candidate.0 % 4 {
                tokio::task::yield_now().await;
            }
            if fault.is_ok() {
                return EvalReport::host_fault("the sandbox is down");
            }
            let noise = |value, repeat| noise * draw(value, repeat) + luck(value, repeat);
            report(&request, worth, noise, &*stages)
        })
    }
}

fn report(
    request: &EvalRequest,
    worth: fn(f64) -> f64,
    noise: impl Fn(f64, u32) -> f64,
    stages: &dyn StageSink,
) -> EvalReport {
    let value = number(&request.program);
    let worth = worth(value);
    let samples: Vec<f64> =
        (request.repeats.0..request.repeats.1).map(|repeat| worth + noise(value, repeat)).collect();
    let crashed = samples.iter().any(|sample| !sample.is_finite());
    let mean = samples.iter().sum::<f64>() / samples.len() as f64;
    let status = if crashed { EvalStatus::Crashed } else { EvalStatus::Ok };
    let mut report = EvalReport::host_fault(if crashed { "it fell" } else { "" });
    report.status = status;
    report.usage = Usage { wall_s: 0.001, cpu_s: 0.001, peak_memory: 1, ..Usage::default() };
    report.log = format!("log of {value}").into_bytes();
    if !crashed {
        report.metrics.insert("value".into(), mean);
        report.samples = samples;
    }
    stages.stage_done(StageReport {
        stage: "full".into(),
        repeat: request.repeats.0,
        status,
        detail: String::new(),
        metrics: report.metrics.clone(),
        cases: BTreeMap::default(),
        artifacts: BTreeMap::default(),
        feedback: String::new(),
        log: report.log.clone(),
        usage: report.usage,
    });
    report
}

pub struct World {
    pub runtime: Runtime,
    pub blobs: Arc<MemoryBlobs>,
    pub tape: Tape,
    pub task: TaskConfig,
    pub start: Option<Program>,
    pub cost: Option<Reservation>,
    pub bounds: f64,
    pub step: fn(u64) -> f64,
    pub sense: Option<fn(f64) -> f64>,
    pub slots: Slots,
    pub evaluator: Arc<Score>,
    pub clock: Arc<dyn Clock>,
    pub seed: u64,
    /// Who asks a model what evaluations show, if anybody does.
    pub reader: Option<Reader>,
}

impl World {
    pub fn new(task: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self {
            runtime: runtime.unwrap(),
            blobs: Arc::default(),
            tape: Tape::default(),
            task: parse_task(task).unwrap(),
            start: Some(Program::single("number.txt", "1")),
            cost: None,
            bounds: 500.0,
            step: whole_step,
            sense: None,
            slots: Slots { proposals: 3, evaluations: 4 },
            evaluator: Arc::default(),
            clock: Arc::new(SystemClock),
            seed: 42,
            reader: None,
        }
    }

    pub fn started(&self) -> RunStarted {
        let program = self.start.as_ref().map(|p| self.blobs.put(&p.to_bytes()).unwrap());
        RunStarted {
            run: "r".into(),
            task: self.task.clone(),
            overrides: Vec::new(),
            program,
            from: None,
            seed: self.seed,
            population: 0,
            slots: self.slots,
            proposer: "steps".into(),
            analyzer: false,
            sandbox: Vec::new(),
            evolve: "test".into(),
            host: BTreeMap::default(),
        }
    }

    pub fn parts(&self) -> Parts {
        let menu = Menu {
            operators: vec![(Operator::Diff, 1.0), (Operator::Mutate, 1.0)],
            models: vec![("m".into(), 1.0)],
        };
        Parts {
            strategy: build(&self.task.search, menu).unwrap(),
            analyzer: self.reader.map(|reader| Box::new(reader) as Box<dyn Analyzer>),
            clock: Arc::clone(&self.clock),
        }
    }

    pub fn begin(&self, begin: Begin) -> Result<Facts, EngineError> {
        self.begin_with(begin, |_| {})
    }

    pub fn begin_with(
        &self,
        begin: Begin,
        on_handle: impl FnOnce(Handle) + Send + 'static,
    ) -> Result<Facts, EngineError> {
        run(EngineSetup {
            begin,
            settled: Vec::new(),
            parts: self.parts(),
            proposer: Box::new(Steps {
                cost: self.cost,
                bounds: self.bounds,
                step: self.step,
                sense: self.sense,
            }),
            journal: Box::new(self.tape.clone()),
            projection: Box::new(Nothing),
            blobs: Arc::clone(&self.blobs) as Arc<dyn BlobStore>,
            evaluator: Arc::clone(&self.evaluator) as Arc<dyn Evaluator>,
            runtime: self.runtime.handle().clone(),
            socket: None,
            observer: Box::new(Nothing),
            on_handle: Box::new(on_handle),
        })
    }

    pub fn start(&self) -> Facts {
        self.begin(Begin::New(Box::new(self.started()))).unwrap()
    }

    /// Takes the run over from a prefix of its journal, as after a crash.
    pub fn resume_from(&mut self, prefix: Vec<Envelope>) -> Facts {
        self.tape = Tape { events: Arc::new(Mutex::new(prefix.clone())), fail_after: None };
        self.begin(Begin::Resume {
            events: Box::new(prefix.into_iter().map(Ok)),
            budget: Vec::new(),
            resumed: evolve_core::event::Resumed { process: Some(self.slots), note: String::new() },
        })
        .unwrap()
    }
}

/// The fold of a tape, which must be sound.
pub fn fold(events: &[Envelope]) -> Facts {
    let facts = Facts::fold(events).unwrap();
    assert_eq!(facts.misfits, Vec::<String>::new());
    facts
}

pub fn count(events: &[Envelope], what: impl Fn(&Event) -> bool) -> usize {
    events.iter().filter(|e| what(&e.event)).count()
}
