//! A small run, written by hand, and the means to write others.
#![allow(dead_code)] // each test file uses its part
#![allow(clippy::unwrap_used)] // a test's own data

use std::collections::BTreeMap;

use evolve_core::event::{
    Analyzed, CallSettled, Change, Edit, Envelope, EvalStarted, Evaluated, Event, JOURNAL_VERSION,
    KnowledgeShown, Operator, Promoted, Proposed, Rejected, Repeated, Reservation, RunStarted,
    Selected, Selection, Stopped, Verdict,
};
use evolve_core::knowledge::{Insight, InsightKind};
use evolve_core::objective::Metrics;
use evolve_core::outcome::{CallStatus, EvalPurpose, EvalStatus, RejectReason, Usage};
use evolve_core::ports::BlobStore as _;
use evolve_core::task::{TaskConfig, parse_task};
use evolve_core::{BlobHash, CandidateId, Facts, Program, Seq, TokenUsage, Usd};
use evolve_report::Moment;
use evolve_testkit::MemoryBlobs;

pub const TASK: &str = r#"
[task]
name = "packing"
description = "Pack 26 circles in a unit square; maximise the sum of radii."
kind = "math"

[program]
path = "program.py"

[[objective]]
metric = "sum_of_radii"
goal = "maximize"
baseline = 0.9598
target = 2.6359

[evaluator]
candidate_files = ["run.py"]
judge_files = ["judge.py"]

[[evaluator.stage]]
name = "full"
run = ["python3", "run.py"]
judge = ["python3", "judge.py"]

[budget]
candidates = 5
usd = 1.0
wall = "5m"

[[model]]
name = "small-model"
price = { input = 0.25, output = 2.0 }
max_tokens = 2000
"#;

/// An hour after the run began.
pub fn now() -> Moment {
    Moment::at("2026-01-02T04:04:05Z".parse().unwrap())
}

/// A run under construction: events one second apart, their blobs, the facts so far.
pub struct Draft {
    pub facts: Facts,
    pub blobs: MemoryBlobs,
}

impl Draft {
    pub fn begin(task: &str, start: Option<&str>) -> Self {
        Self::configured(&parse_task(task).unwrap(), start)
    }

    pub fn configured(task: &TaskConfig, start: Option<&str>) -> Self {
        let blobs = MemoryBlobs::default();
        let program =
            start.map(|text| blobs.put(&Program::single("program.py", text).to_bytes()).unwrap());
        let first = Envelope {
            v: JOURNAL_VERSION,
            seq: Seq(0),
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
            event: Event::RunStarted(run_started(task, program)),
        };
        Self { facts: Facts::begin(&first).unwrap(), blobs }
    }

    pub fn put(&self, text: &str) -> BlobHash {
        self.blobs.put(text.as_bytes()).unwrap()
    }

    pub fn push(&mut self, event: Event) -> &mut Self {
        let at = self.facts.last_at + std::time::Duration::from_secs(1);
        let seq = self.facts.next_seq;
        self.facts.apply(&Envelope { v: JOURNAL_VERSION, seq, at, event });
        self
    }

    pub fn select(&mut self, operator: Operator, parents: &[u64]) -> CandidateId {
        let candidate = self.facts.next_candidate();
        let parents = parents.iter().map(|id| CandidateId(*id)).collect();
        let selection = Selection {
            operator,
            island: 1,
            parents,
            inspirations: vec![],
            models: vec![],
            tactic: None,
        };
        let reserved = Reservation::default();
        self.push(Event::Selected(Selected { candidate, selection, reserved }));
        candidate
    }

    pub fn call(&mut self, candidate: CandidateId, status: CallStatus, answer: &str) {
        let request = self.put(&format!("{{\"prompt\": \"improve {candidate}\"}}"));
        let response = (status == CallStatus::Ok).then(|| self.put(answer));
        self.push(Event::CallSettled(CallSettled {
            candidate,
            analysis: None,
            model: "small-model".into(),
            status,
            detail: String::new(),
            usage: TokenUsage { input: 1200, cached: 200, output: 340 },
            estimated: false,
            cost: Usd::from_dollars(0.00098),
            request,
            response,
            latency_ms: 800,
        }));
    }

    pub fn propose(&mut self, candidate: CandidateId, text: &str, summary: &str) {
        self.propose_after(candidate, text, summary, None);
    }

    /// With an idea that was sent back before, or not.
    pub fn propose_after(
        &mut self,
        candidate: CandidateId,
        text: &str,
        summary: &str,
        repeated: Option<Repeated>,
    ) {
        let program =
            self.put(std::str::from_utf8(&Program::single("program.py", text).to_bytes()).unwrap());
        let prompt = self.put(&format!("Improve the parent of {candidate}.\n"));
        self.push(Event::Proposed(Proposed {
            candidate,
            program,
            normal: None,
            shape: None,
            change: Change {
                summary: summary.into(),
                prediction: String::new(),
                edits: vec![Edit {
                    kind: "literal".into(),
                    site: "radius".into(),
                    step: Some(0.1),
                }],
                repeated,
            },
            model: Some("small-model".into()),
            prompt: Some(prompt),
            repairs: 0,
        }));
    }

    pub fn reject(&mut self, candidate: CandidateId, reason: RejectReason, detail: &str) {
        self.push(Event::Rejected(Rejected {
            candidate,
            reason,
            detail: detail.into(),
            clash: (reason == RejectReason::Duplicate).then_some(CandidateId(1)),
            prompt: None,
            forfeited: Reservation::default(),
        }));
    }

    pub fn evaluate(&mut self, candidate: CandidateId, result: Result<f64, (EvalStatus, &str)>) {
        self.evaluate_for(candidate, EvalPurpose::Search, result);
    }

    pub fn evaluate_for(
        &mut self,
        candidate: CandidateId,
        purpose: EvalPurpose,
        result: Result<f64, (EvalStatus, &str)>,
    ) {
        let metric = self.facts.objective().metric.clone();
        let mut metrics = Metrics::new();
        let (status, detail) = match result {
            Ok(score) => {
                metrics.insert(metric, score);
                metrics.insert("valid".into(), 1.0);
                (EvalStatus::Ok, "")
            }
            Err((status, detail)) => (status, detail),
        };
        let repeats = (0, 1);
        let attempt = self.facts.candidate(candidate).unwrap().attempts + 1;
        self.push(Event::EvalStarted(EvalStarted { candidate, attempt, purpose, repeats }));
        let log = Some(self.put(&format!("stage full\n{candidate}: {}\n", status.word())));
        let violations = self.put("none\n");
        let picture = self.blobs.put(&[0x89, b'P', b'N', b'G', 0xff, 0]).unwrap();
        self.push(Event::Evaluated(Evaluated {
            candidate,
            attempt,
            purpose,
            status,
            detail: detail.into(),
            stage: (status != EvalStatus::Ok).then(|| "full".into()),
            samples: result.ok().into_iter().collect(),
            cases: result.ok().map(|score| ("n=26".to_owned(), score)).into_iter().collect(),
            metrics,
            feedback: "two corner circles could grow".into(),
            artifacts: BTreeMap::from([
                ("violations".to_owned(), violations),
                ("packing.png".to_owned(), picture),
            ]),
            log,
            usage: Usage { wall_s: 0.25, cpu_s: 0.2, peak_memory: 12 << 20, ..Usage::default() },
        }));
    }

    pub fn promote(&mut self, candidate: CandidateId) {
        let score = self.facts.candidate(candidate).unwrap().score().unwrap();
        let previous = self.facts.best;
        self.push(Event::Promoted(Promoted { candidate, score, gain: 0.0, previous }));
    }

    pub fn shown(&mut self, candidate: CandidateId, items: &[&str]) {
        let items = items.iter().map(|item| (*item).to_owned()).collect();
        self.push(Event::KnowledgeShown(KnowledgeShown { candidate, items }));
    }

    pub fn insight(&mut self, claim: &str) {
        self.push(Event::Analyzed(Analyzed {
            insights: vec![Insight {
                key: "k".into(),
                claim: claim.into(),
                evidence: vec![CandidateId(1)],
                recommendation: "grow the outer ring".into(),
                confidence: 0.75,
                kind: InsightKind::Works,
                mechanism: String::new(),
                scope: String::new(),
                against: Vec::new(),
            }],
            ..Analyzed::default()
        }));
    }

    pub fn quarantine(&mut self, candidate: CandidateId, why: &str) {
        self.push(Event::Quarantined(Verdict { candidate, why: why.into() }));
    }

    pub fn stop(&mut self, reason: evolve_core::event::StopReason) {
        self.push(Event::Stopped(Stopped { reason }));
    }

    pub fn page(&self) -> String {
        evolve_report::html::page(&self.facts, &self.blobs, &now()).unwrap()
    }
}

/// Through JSON, as a journal has it: fields that later versions add have their defaults.
fn run_started(task: &TaskConfig, program: Option<BlobHash>) -> RunStarted {
    serde_json::from_value(serde_json::json!({
        "run": "20260102-030405-packing-7f3a",
        "task": task,
        "overrides": ["search.islands=2"],
        "program": program,
        "seed": task.search.seed,
        "slots": { "proposals": 2, "evaluations": 2 },
        "proposer": "model",
        "analyzer": true,
        "sandbox": [
            "process: own process group, time and memory limits",
            "not enforced: network",
        ],
        "evolve": "0.1.0 (abcdef0)",
        "host": { "cores": "2" },
    }))
    .unwrap()
}

const START: &str = "import math\n\ndef pack():\n    radius = 0.10\n    return radius\n";
const BETTER: &str = "import math\n\ndef pack():\n    radius = 0.12\n    return radius\n";
const BEST: &str =
    "import math\n\ndef pack():\n    radius = 0.12\n    rings = 3\n    return radius * rings\n";

/// Start, a better one, a duplicate, a time-out, the best, one that is too good.
pub fn small_run() -> Draft {
    let mut run = Draft::begin(TASK, Some(START));
    run.evaluate(CandidateId::START, Ok(0.9598));
    run.promote(CandidateId::START);

    let better = run.select(Operator::Diff, &[0]);
    run.shown(better, &["packing-hints", "insight:ring"]);
    run.call(better, CallStatus::Ok, "<<<<<<< SEARCH ...");
    run.propose(better, BETTER, "a larger radius");
    run.evaluate(better, Ok(2.413_000_01));
    run.promote(better);

    let same = run.select(Operator::Mutate, &[1]);
    run.reject(same, RejectReason::Duplicate, "the same program as c000001");

    let slow = run.select(Operator::Diff, &[1]);
    run.call(slow, CallStatus::TimedOut, "");
    run.call(slow, CallStatus::Ok, "while True: pass");
    run.propose(slow, "while True:\n    pass\n", "a loop");
    run.evaluate(slow, Err((EvalStatus::TimedOut, "killed after 5m in stage full")));

    let best = run.select(Operator::Crossover, &[1, 0]);
    run.call(best, CallStatus::Ok, "rings");
    run.propose(best, BEST, "rings of circles");
    run.evaluate(best, Ok(2.413_000_02));
    run.evaluate_for(best, EvalPurpose::Holdout, Ok(2.41));
    run.promote(best);

    let cheat = run.select(Operator::Rewrite, &[4]);
    run.call(cheat, CallStatus::Ok, "return 99");
    run.propose(cheat, "def pack():\n    return 99\n", "returns a constant");
    run.evaluate(cheat, Ok(99.0));
    run.quarantine(cheat, "99 is beyond what is plausible (2.65)");
    run.insight("a larger radius gains until circles touch");
    run.stop(evolve_core::event::StopReason::Budget {
        budget: evolve_core::event::BudgetKey::Candidates,
    });
    assert!(run.facts.misfits.is_empty(), "{:?}", run.facts.misfits);
    run
}
