//! Generated runs: events as a real run of so many candidates would leave them, with the
//! programs, prompts, answers, logs and artifacts they name.
//!
//! They hold every kind of event: model calls that fail, proposals that are rejected,
//! evaluations that end in every status, host faults that are tried again, confirmed,
//! held-out, quarantined and demoted winners, insights, pauses and a process that was killed.
//! The same seed gives the same events, and they fold without a misfit.

mod evaluate;
mod propose;
mod texts;

use std::collections::BTreeMap;

use evolve_core::event::{
    Analyzed, BudgetChanged, BudgetKey, Envelope, Event, JOURNAL_VERSION, PauseCause, Paused,
    Rejected, Resumed, RunStarted, Slots, StopReason, Stopped,
};
use evolve_core::facts::Facts;
use evolve_core::ids::{BlobHash, CandidateId, RunId, Seq};
use evolve_core::knowledge::{Insight, InsightKind};
use evolve_core::outcome::{EvalPurpose, RejectReason};
use evolve_core::ports::{BlobStore, HostFault};
use evolve_core::program::Program;
use evolve_core::rng::derive_seed;
use evolve_core::task::{TaskConfig, parse_task};

/// The task of every generated run, as its `task.toml`.
pub const TASK: &str = include_str!("generated/task.toml");

const SLOTS: Slots = Slots { proposals: 3, evaluations: 2 };

/// The events of a run with so many proposals besides the start. Their blobs are hashed
/// and thrown away.
pub fn events(seed: u64, candidates: u64) -> Vec<Envelope> {
    run(seed, candidates, &HashOnly).unwrap_or_default() // hashing does not fail
}

/// The events of a run with so many proposals besides the start; everything they name is
/// put into `blobs`. Fails only when `blobs` does.
pub fn run(seed: u64, candidates: u64, blobs: &dyn BlobStore) -> Result<Vec<Envelope>, HostFault> {
    let mut story = Story::begin(seed, blobs)?;
    let quarter = (candidates / 4).max(1);
    let mut milestones = [2 * quarter, 3 * quarter].into_iter().peekable();
    while story.facts.next_candidate().0 <= candidates || story.is_busy() {
        let chosen = story.facts.next_candidate().0 - 1;
        if milestones.next_if(|at| chosen >= *at).is_some() {
            story.interlude()?;
        }
        let proposing = story.facts.proposing.len();
        let may_select = chosen < candidates && story.scores() > 0;
        let running = story.facts.evaluating.len();
        if running < SLOTS.evaluations as usize && !story.facts.ready.is_empty() {
            story.start_evaluation();
        } else if may_select && proposing < SLOTS.proposals as usize && story.chance(0.6) {
            story.select();
        } else if running > 0 && (proposing == 0 || story.chance(0.5)) {
            story.end_evaluation()?;
        } else if proposing > 0 {
            story.end_proposal()?;
        }
    }
    let reason = StopReason::Budget { budget: BudgetKey::Candidates };
    story.push(Event::Stopped(Stopped { reason }));
    Ok(story.events)
}

/// A run in the making.
struct Story<'a> {
    seed: u64,
    draws: u64,
    facts: Facts,
    events: Vec<Envelope>,
    blobs: &'a dyn BlobStore,
    programs: BTreeMap<CandidateId, Program>,
    /// What an endless number of repeats would measure.
    worth: BTreeMap<CandidateId, f64>,
    /// Evaluations begun so far.
    attempts: BTreeMap<(CandidateId, EvalPurpose), u32>,
    /// Candidates with a score, oldest first.
    scored: Vec<CandidateId>,
    /// Candidates whose evaluation failed, oldest first.
    failed: Vec<CandidateId>,
    interludes: u32,
}

impl<'a> Story<'a> {
    fn begin(seed: u64, blobs: &'a dyn BlobStore) -> Result<Self, HostFault> {
        let task = task();
        let program = texts::start_program();
        let hash = blobs.put(&program.to_bytes())?;
        let first = Envelope {
            v: JOURNAL_VERSION,
            seq: Seq(0),
            at: EPOCH.parse().unwrap_or_default(),
            event: Event::RunStarted(RunStarted {
                run: RunId(format!("20260102-030405-generated-{:04x}", seed & 0xffff)),
                task,
                overrides: vec!["search.islands=3".to_owned()],
                program: Some(hash),
                from: None,
                seed,
                population: 0,
                slots: SLOTS,
                proposer: "model".to_owned(),
                analyzer: true,
                sandbox: vec!["generated: nothing was run".to_owned()],
                evolve: "0.1.0 (generated)".to_owned(),
                host: BTreeMap::from([("system".to_owned(), "none".to_owned())]),
            }),
        };
        let facts = Facts::begin(&first)
            .map_err(|error| HostFault::new(format!("generating a run: {error}")))?;
        Ok(Self {
            seed,
            draws: 0,
            facts,
            events: vec![first],
            blobs,
            programs: BTreeMap::from([(CandidateId::START, program)]),
            worth: BTreeMap::from([(CandidateId::START, 1.0)]),
            attempts: BTreeMap::new(),
            scored: Vec::new(),
            failed: Vec::new(),
            interludes: 0,
        })
    }

    fn push(&mut self, event: Event) {
        let pause = std::time::Duration::from_millis(20 + self.below(1500));
        let envelope = Envelope {
            v: JOURNAL_VERSION,
            seq: self.facts.next_seq,
            at: self.facts.last_at + pause,
            event,
        };
        self.facts.apply(&envelope);
        self.events.push(envelope);
    }

    fn is_busy(&self) -> bool {
        let facts = &self.facts;
        !(facts.ready.is_empty() && facts.proposing.is_empty() && facts.evaluating.is_empty())
    }

    fn scores(&self) -> usize {
        self.scored.len()
    }

    fn draw(&mut self) -> u64 {
        self.draws += 1;
        derive_seed(self.seed, Seq(self.draws), "generated run")
    }

    /// A whole number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.draw() % n.max(1)
    }

    /// A number from 0 up to 1.
    fn unit(&mut self) -> f64 {
        (self.draw() >> 10) as f64 / (1_u64 << 53) as f64
    }

    fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let place = self.below(from.len() as u64) as usize;
        from.get(place).copied()
    }

    fn put(&self, text: &str) -> Result<BlobHash, HostFault> {
        self.blobs.put(text.as_bytes())
    }

    /// First a pause by hand with a changed budget, then a process that is killed.
    fn interlude(&mut self) -> Result<(), HostFault> {
        self.interludes += 1;
        if self.interludes == 1 {
            self.push(Event::Paused(Paused { cause: PauseCause::Asked }));
            let mut budget = self.facts.budget.clone();
            budget.stagnation = Some(1_000_000);
            let change = "stagnation=1000000".to_owned();
            self.push(Event::BudgetChanged(BudgetChanged { budget, change }));
            self.push(Event::Resumed(Resumed { process: None, note: String::new() }));
            return Ok(());
        }
        let note = "the task folder changed since the start".to_owned();
        self.push(Event::Resumed(Resumed { process: Some(SLOTS), note }));
        let orphans: Vec<_> = self.facts.proposing.iter().map(|(id, left)| (*id, *left)).collect();
        for (candidate, forfeited) in orphans {
            let prompt = Some(self.put(&texts::prompt(candidate, None))?);
            self.push(Event::Rejected(Rejected {
                candidate,
                reason: RejectReason::Interrupted,
                detail: "the process ended while it was under way".to_owned(),
                clash: None,
                prompt,
                forfeited,
            }));
        }
        Ok(())
    }

    fn analyze(&mut self) {
        let evidence: Vec<_> = self.scored.iter().rev().take(3).copied().collect();
        let topic = self.below(12);
        let insight = Insight {
            key: format!("radius-{topic}"),
            claim: format!("a larger radius in ring {topic} gains until the circles touch"),
            mechanism: String::new(),
            scope: String::new(),
            evidence,
            against: Vec::new(),
            recommendation: format!("try ring {topic} in smaller steps"),
            confidence: self.unit(),
            kind: if self.chance(0.7) { InsightKind::Works } else { InsightKind::Fails },
        };
        // The oldest of many is given up.
        let many = self.facts.insights.len() > 6;
        let oldest = self.facts.insights.keys().find(|key| **key != insight.key).filter(|_| many);
        let retired = oldest.cloned().into_iter().collect();
        let insights = vec![insight];
        self.push(Event::Analyzed(Analyzed { insights, retired, ..Analyzed::default() }));
    }
}

const EPOCH: &str = "2026-01-02T03:04:05Z";

#[allow(clippy::expect_used)] // the text is part of this program; a test reads it
fn task() -> TaskConfig {
    parse_task(TASK).expect("generated/task.toml is a valid task")
}

/// Hashes and forgets.
struct HashOnly;

impl BlobStore for HashOnly {
    fn put(&self, bytes: &[u8]) -> Result<BlobHash, HostFault> {
        Ok(BlobHash::of(bytes))
    }

    fn get(&self, hash: BlobHash) -> Result<Vec<u8>, HostFault> {
        Err(HostFault::new(format!("blob {} was not kept", hash.short())))
    }
}

#[cfg(test)]
mod tests;
