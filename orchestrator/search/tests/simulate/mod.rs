//! A run in miniature: real facts and events, an invented landscape in place of evaluators.

#![allow(dead_code)] // each user needs a part of it
#![allow(clippy::unwrap_used)] // also part of an example, which is not a test to clippy

use std::collections::VecDeque;

use evolve_core::event::{
    Change, EvalStarted, Evaluated, Event, Operator, Promoted, Proposed, Rejected, Reservation,
    RunStarted, Selected, Selection, Slots,
};
use evolve_core::facts::CandidateFacts;
use evolve_core::objective::Metrics;
use evolve_core::outcome::{EvalPurpose, EvalStatus, RejectReason, Usage};
use evolve_core::task::{SearchSection, parse_task};
use evolve_core::{BlobHash, CandidateId, Envelope, Facts, Goal, ModelName, RunId, Seq, rng};
use evolve_search::{Menu, Strategy, build};
use jiff::Timestamp;
use rand_pcg::Pcg64Mcg;

/// How a proposal ends in the miniature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    Score(f64),
    Failed,
    Rejected(RejectReason),
}

/// A run: facts, journal, strategy.
pub struct Run {
    pub facts: Facts,
    pub journal: Vec<Envelope>,
    pub strategy: Box<dyn Strategy>,
    pub seed: u64,
    model: Option<ModelName>,
}

pub fn mutate_only() -> Menu {
    Menu { operators: vec![(Operator::Mutate, 1.0)], models: Vec::new() }
}

pub fn with_models() -> Menu {
    Menu {
        operators: vec![
            (Operator::Diff, 0.6),
            (Operator::Rewrite, 0.2),
            (Operator::Crossover, 0.15),
            (Operator::Fix, 0.05),
        ],
        models: vec![("small".into(), 1.0), ("large".into(), 2.0)],
    }
}

pub fn section(strategy: &str) -> SearchSection {
    SearchSection { strategy: strategy.to_owned(), ..SearchSection::default() }
}

impl Run {
    /// A run whose start has this score; a seedless one without.
    pub fn new(search: &SearchSection, menu: Menu, goal: Goal, start: Option<f64>) -> Self {
        Self::seeded(search, menu, goal, start, 7)
    }

    pub fn seeded(
        search: &SearchSection,
        menu: Menu,
        goal: Goal,
        start: Option<f64>,
        seed: u64,
    ) -> Self {
        let model = menu.models.first().map(|(name, _)| name.clone());
        let strategy = build(search, menu).unwrap();
        let first = started(goal, start.is_some(), seed);
        let facts = Facts::begin(&first).unwrap();
        let mut run = Self { facts, journal: vec![first], strategy, seed, model };
        let first = run.journal[0].clone();
        run.strategy.observe(&run.facts, &first);
        if let Some(score) = start {
            run.evaluate(CandidateId::START, End::Score(score));
        }
        run
    }

    pub fn append(&mut self, event: Event) {
        let seq = self.facts.next_seq;
        let envelope = Envelope { v: 1, seq, at: Timestamp::UNIX_EPOCH, event };
        self.facts.apply(&envelope);
        self.strategy.observe(&self.facts, &envelope);
        self.journal.push(envelope);
    }

    pub fn rng(&self) -> Pcg64Mcg {
        rng::derive(self.seed, self.facts.next_seq, "select")
    }

    /// Selects and reserves.
    pub fn select(&mut self) -> (CandidateId, Selection) {
        let selection = self.strategy.select(&self.facts, &mut self.rng());
        let candidate = self.facts.next_candidate();
        let reserved = Reservation::default();
        self.append(Event::Selected(Selected {
            candidate,
            selection: selection.clone(),
            reserved,
        }));
        (candidate, selection)
    }

    /// A person's program, with its end.
    pub fn inject(&mut self, parents: Vec<CandidateId>, island: u32, end: End) -> CandidateId {
        let candidate = self.facts.next_candidate();
        let selection = Selection {
            operator: Operator::Inject,
            island,
            parents,
            inspirations: Vec::new(),
            models: Vec::new(),
            tactic: None,
        };
        let reserved = Reservation::default();
        self.append(Event::Selected(Selected { candidate, selection, reserved }));
        let model = self.model.take(); // no model gave it
        self.resolve(candidate, end);
        self.model = model;
        candidate
    }

    /// Ends a proposal that was selected.
    pub fn resolve(&mut self, candidate: CandidateId, end: End) {
        if let End::Rejected(reason) = end {
            self.append(Event::Rejected(Rejected {
                candidate,
                reason,
                detail: String::new(),
                clash: None,
                prompt: None,
                forfeited: Reservation::default(),
            }));
            return;
        }
        self.propose(candidate);
        self.evaluate(candidate, end);
    }

    /// A program came of a proposal.
    pub fn propose(&mut self, candidate: CandidateId) {
        self.append(Event::Proposed(Proposed {
            candidate,
            program: BlobHash::of(&candidate.0.to_le_bytes()),
            normal: None,
            shape: None,
            change: Change::default(),
            model: self.model.clone(),
            prompt: None,
            repairs: 0,
        }));
    }

    pub fn evaluate(&mut self, candidate: CandidateId, end: End) {
        let purpose = EvalPurpose::Search;
        let attempt = 1;
        self.append(Event::EvalStarted(EvalStarted {
            candidate,
            attempt,
            purpose,
            repeats: (0, 1),
        }));
        self.append(Event::Evaluated(evaluated(candidate, purpose, end)));
        if let End::Score(score) = end {
            self.promote(candidate, score);
        }
    }

    fn promote(&mut self, candidate: CandidateId, score: f64) {
        let best = self.facts.best().and_then(|best| best.score());
        let goal = self.facts.objective().goal;
        if score.is_finite() && best.is_none_or(|best| goal.is_better(score, best)) {
            let previous = self.facts.best;
            self.append(Event::Promoted(Promoted { candidate, score, gain: 0.0, previous }));
        }
    }

    /// Resolves `count` proposals, `workers` of which are always under way, in order.
    pub fn go(
        &mut self,
        count: usize,
        workers: usize,
        mut end: impl FnMut(&Facts, &CandidateFacts) -> End,
    ) {
        let mut under_way = VecDeque::new();
        for _ in 0..count {
            while under_way.len() < workers {
                under_way.push_back(self.select().0);
            }
            let next = under_way.pop_front().unwrap();
            let end = end(&self.facts, self.facts.candidate(next).unwrap());
            self.resolve(next, end);
        }
    }
}

pub fn evaluated(candidate: CandidateId, purpose: EvalPurpose, end: End) -> Evaluated {
    let (status, samples, detail) = match end {
        End::Score(score) => (EvalStatus::Ok, vec![score], String::new()),
        _ => (EvalStatus::Crashed, Vec::new(), "division by zero".to_owned()),
    };
    Evaluated {
        candidate,
        attempt: 1,
        purpose,
        status,
        detail,
        stage: None,
        metrics: samples.iter().map(|score| ("score".to_owned(), *score)).collect(),
        cases: Metrics::new(),
        samples,
        feedback: String::new(),
        artifacts: std::collections::BTreeMap::new(),
        log: None,
        usage: Usage::default(),
    }
}

fn started(goal: Goal, seeded: bool, seed: u64) -> Envelope {
    let goal = if goal == Goal::Maximize { "maximize" } else { "minimize" };
    let source = if seeded { "[program]\npath = \"p.py\"\n" } else { "[[model]]\nname = \"m\"\n" };
    let text = format!(
        "[task]\nname = \"t\"\ndescription = \"d\"\n{source}[[objective]]\nmetric = \"score\"\n\
         goal = \"{goal}\"\n[[evaluator.stage]]\nrun = [\"a\"]\njudge = [\"b\"]\n"
    );
    let task = parse_task(&text).unwrap();
    let event = Event::RunStarted(RunStarted {
        run: RunId::from("test"),
        task,
        overrides: Vec::new(),
        program: seeded.then(|| BlobHash::of(b"start")),
        from: None,
        seed,
        population: 0,
        slots: Slots { proposals: 2, evaluations: 2 },
        proposer: "mutate".to_owned(),
        analyzer: true,
        sandbox: Vec::new(),
        evolve: "test".to_owned(),
        host: std::collections::BTreeMap::new(),
    });
    Envelope { v: 1, seq: Seq(0), at: Timestamp::UNIX_EPOCH, event }
}
