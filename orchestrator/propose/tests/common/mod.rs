//! A run's proposer in front of real model servers.
#![allow(dead_code)] // every test file uses its own part of this

use std::sync::Arc;
use std::time::Duration;

use evolve_core::event::{CallSettled, Change, Operator, Reservation, Selection};
use evolve_core::facts::{CandidateFacts, CandidateState, Evaluation};
use evolve_core::ids::{CandidateId, Seq};
use evolve_core::money::{TokenUsage, Usd};
use evolve_core::objective::Metrics;
use evolve_core::outcome::{CallStatus, EvalStatus, Usage};
use evolve_core::ports::{
    BlobStore, Embedder, KnowledgeBase, ProposalOutcome, ProposalRequest, Proposer,
};
use evolve_core::program::Program;
use evolve_core::task::{TaskConfig, parse_task};
use evolve_prompts::Prompts;
use evolve_propose::{Keys, Patience, ProposerSetup, Proposers, SetupError};
use evolve_testkit::{FixedClock, MemoryBlobs, ModelServer, Recorder};

pub const KEY: &str = "sk-test-0123456789abcdef";

pub const PROGRAM: &str = "import math\n# EVOLVE-BLOCK-START\ndef pack():\n    step = 0.5\n    \
                           return math.sqrt(step)\n# EVOLVE-BLOCK-END\nprint(pack())\n";

/// An answer that changes the step.
pub const GOOD_DIFF: &str = "Idea: a smaller step should converge closer.\n\n<<<<<<< SEARCH\n    step = \
                             0.5\n=======\n    step = 0.25\n>>>>>>> REPLACE\n";

/// Waits that are over at once, so that no test sleeps.
pub fn hasty() -> Patience {
    Patience {
        base: Duration::from_millis(1),
        cap: Duration::from_millis(2),
        cool_down: Duration::from_millis(1),
        ..Patience::default()
    }
}

/// A `[[model]]` section.
pub fn model(name: &str, url: &str, more: &str) -> String {
    format!(
        "[[model]]\nname = \"{name}\"\nbase_url = \"{url}\"\napi_key_env = \"TEST_KEY\"\n\
         max_tokens = 1000\nprice = {{ input = 1.0, cached = 0.25, output = 4.0 }}\n{more}\n"
    )
}

pub fn task(models: &str) -> TaskConfig {
    task_with(models, "[program]\npath = \"program.py\"\nmax_size = \"4KiB\"\n")
}

/// The task with its program described like this.
pub fn task_with(models: &str, program: &str) -> TaskConfig {
    parse_task(&format!(
        "[task]\nname = \"packing\"\nkind = \"math\"\n{program}[[objective]]\nmetric = \"score\"\ngoal = \"maximize\"\n\
         [[evaluator.stage]]\nrun = [\"x\"]\njudge = [\"y\"]\n{models}"
    ))
    .unwrap()
}

pub struct Bench {
    pub proposers: Proposers,
    pub blobs: Arc<MemoryBlobs>,
    pub calls: Arc<Recorder>,
    pub clock: Arc<FixedClock>,
    pub task: Arc<TaskConfig>,
    pub parents: Vec<Arc<CandidateFacts>>,
    pub seed: u64,
}

pub struct Options {
    pub task: TaskConfig,
    pub patience: Patience,
    pub knowledge: Option<Arc<dyn KnowledgeBase>>,
    pub embedder: Option<Arc<dyn Embedder>>,
    pub program: Program,
}

impl Options {
    pub fn new(models: &str) -> Self {
        Self {
            task: task(models),
            patience: hasty(),
            knowledge: None,
            embedder: None,
            program: Program::single("program.py", PROGRAM),
        }
    }

    pub fn build(self) -> Result<Bench, SetupError> {
        let task = Arc::new(self.task);
        let clock = Arc::new(FixedClock::default());
        let proposers = Proposers::new(ProposerSetup {
            task: task.clone(),
            description: "Pack circles as densely as you can.".into(),
            prompts: Prompts::shipped().unwrap(),
            knowledge: self.knowledge,
            embedder: self.embedder,
            keys: Keys::read(&task, |name| (name == "TEST_KEY").then(|| KEY.to_owned()))?,
            clock: clock.clone(),
            patience: self.patience,
            population: Vec::new(),
            command: None,
            languages: Vec::new(),
        })?;
        let blobs = Arc::new(MemoryBlobs::default());
        let parent = candidate(1, &self.program, &blobs);
        Ok(Bench {
            proposers,
            blobs,
            calls: Arc::default(),
            clock,
            task,
            parents: vec![Arc::new(parent)],
            seed: 7,
        })
    }
}

impl Bench {
    pub fn new(models: &str) -> Self {
        Options::new(models).build().unwrap()
    }

    pub fn request(&self, operator: Operator) -> ProposalRequest {
        let parents = if operator == Operator::Draft { Vec::new() } else { self.parents.clone() };
        ProposalRequest {
            candidate: CandidateId(42),
            seed: self.seed,
            selection: Selection {
                operator,
                island: 0,
                parents: parents.iter().map(|parent| parent.id).collect(),
                inspirations: Vec::new(),
                models: self.task.model.iter().map(|model| model.name.clone()).collect(),
                tactic: None,
            },
            parents,
            inspirations: Vec::new(),
            lineage: Vec::new(),
            tried: Vec::new(),
            taken: Vec::new(),
            best: None,
            insights: Vec::new(),
            lost: Vec::new(),
            blobs: self.blobs.clone(),
            calls: self.calls.clone(),
        }
    }

    pub async fn propose(&self, operator: Operator) -> ProposalOutcome {
        self.proposers.propose(self.request(operator)).await
    }

    pub fn reservation(&self, operator: Operator) -> Reservation {
        self.proposers.reservation(&self.request(operator).selection)
    }

    pub fn statuses(&self) -> Vec<CallStatus> {
        self.calls.calls().iter().map(|call| call.status).collect()
    }

    /// All text that left the proposer for the disk: blobs, calls, breakers.
    pub fn written(&self) -> String {
        let mut all = String::new();
        for bytes in self.blobs.all().values() {
            all.push_str(&String::from_utf8_lossy(bytes));
        }
        for call in self.calls.calls() {
            all.push_str(&serde_json::to_string(&call).unwrap());
        }
        for breaker in self.calls.breakers() {
            all.push_str(&serde_json::to_string(&breaker).unwrap());
        }
        all
    }
}

pub fn spent(calls: &[CallSettled]) -> (Usd, u64) {
    let mut usd = Usd::ZERO;
    let mut tokens = 0;
    for call in calls {
        usd += call.cost;
        tokens += call.usage.total();
    }
    (usd, tokens)
}

/// What the server says it would bill, priced by the first model of the task.
pub fn billed(server: &ModelServer, task: &TaskConfig) -> (Usd, u64) {
    let price = task.model[0].price.unwrap();
    let mut usd = Usd::ZERO;
    let mut tokens = 0;
    for usage in server.exchanges().into_iter().filter_map(|exchange| exchange.billed) {
        usd += price.cost(usage);
        tokens += TokenUsage::total(usage);
    }
    (usd, tokens)
}

pub fn candidate(id: u64, program: &Program, blobs: &MemoryBlobs) -> CandidateFacts {
    let at = jiff::Timestamp::UNIX_EPOCH;
    CandidateFacts {
        id: CandidateId(id),
        state: CandidateState::Evaluated,
        selection: Selection {
            operator: Operator::Diff,
            island: 0,
            parents: vec![CandidateId(0)],
            inspirations: Vec::new(),
            models: Vec::new(),
            tactic: None,
        },
        generation: 1,
        program: Some(blobs.put(&program.to_bytes()).unwrap()),
        normal: None,
        shape: None,
        change: Change { summary: format!("the change of {id}"), ..Change::default() },
        model: None,
        prompt: None,
        calls: Vec::new(),
        shown: Vec::new(),
        tokens: TokenUsage::default(),
        cost: Usd::ZERO,
        attempts: 1,
        evaluation: Some(Evaluation {
            status: EvalStatus::Ok,
            detail: String::new(),
            stage: None,
            metrics: Metrics::from([("score".into(), 0.1 + 0.2), ("valid".into(), 1.0)]),
            cases: Metrics::new(),
            samples: vec![0.1 + 0.2],
            feedback: "the corners are empty".into(),
            artifacts: std::collections::BTreeMap::new(),
            log: None,
            usage: Usage::default(),
            attempts: 1,
            seq: Seq(3),
            at,
        }),
        holdout: None,
        quarantined: None,
        demoted: None,
        rejected: None,
        selected: Seq(1),
        selected_at: at,
    }
}
