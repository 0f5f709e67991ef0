//! A run in miniature: events are made and folded as the engine does it.

use std::collections::BTreeMap;

use evolve_core::event::{
    Change, Envelope, EvalStarted, Evaluated, Event, Operator, Promoted, Proposed, Reservation,
    RunStarted, Selected, Selection, Slots,
};
use evolve_core::facts::Facts;
use evolve_core::ids::{CandidateId, RunId, Seq};
use evolve_core::outcome::{EvalPurpose, EvalStatus, Usage};
use evolve_core::program::Program;
use evolve_core::rng::derive;
use evolve_mutate::{Editable, Memory, Mutated, mutate};
use rand::Rng;

const TASK: &str = r#"
[task]
name = "bench"
description = "d"
[program]
path = "program.py"
[[objective]]
metric = "score"
goal = "maximize"
[evaluator]
trust = "in-process"
[[evaluator.stage]]
name = "full"
run = ["true"]
timeout = "1s"
[budget]
candidates = 10
"#;

/// A run with a greedy strategy over one file.
pub struct Run {
    seed: u64,
    facts: Facts,
    memory: Memory,
    editable: Editable,
    evaluate: fn(&str) -> Option<f64>,
    programs: Vec<Program>,
    journal: Vec<Envelope>,
    elite: Vec<(f64, CandidateId)>,
    pub operators: BTreeMap<String, (u32, u32, f64)>,
    /// Steps of the first edits, in order.
    pub sizes: Vec<f64>,
    pub mutating: std::time::Duration,
}

impl Run {
    pub fn new(start: &str, evaluate: fn(&str) -> Option<f64>, seed: u64) -> Self {
        let program = Program::single("program.py", start);
        let task = evolve_core::task::parse_task(TASK).unwrap();
        let started = RunStarted {
            run: RunId::from("r"),
            task,
            overrides: Vec::new(),
            program: Some(program.hash()),
            from: None,
            seed,
            population: 0,
            slots: Slots { proposals: 1, evaluations: 1 },
            proposer: "mutate".into(),
            analyzer: false,
            sandbox: Vec::new(),
            evolve: String::new(),
            host: BTreeMap::new(),
        };
        let first = envelope(0, Event::RunStarted(started));
        let mut run = Self {
            seed,
            facts: Facts::begin(&first).unwrap(),
            memory: Memory::default(),
            editable: Editable::new(&program, &[]).unwrap(),
            evaluate,
            programs: vec![program],
            journal: vec![first],
            elite: Vec::new(),
            operators: BTreeMap::new(),
            sizes: Vec::new(),
            mutating: std::time::Duration::ZERO,
        };
        run.judge(CandidateId::START);
        run
    }

    fn push(&mut self, event: Event) {
        let event = envelope(self.facts.next_seq.0, event);
        self.facts.apply(&event);
        self.memory.observe(&self.facts, &event);
        self.journal.push(event);
    }

    fn judge(&mut self, candidate: CandidateId) {
        let text = &self.programs[candidate.0 as usize].files["program.py"];
        let score = (self.evaluate)(text);
        let purpose = EvalPurpose::Search;
        self.push(Event::EvalStarted(EvalStarted {
            candidate,
            attempt: 1,
            purpose,
            repeats: (0, 1),
        }));
        self.push(Event::Evaluated(Evaluated {
            candidate,
            attempt: 1,
            purpose,
            status: if score.is_some() { EvalStatus::Ok } else { EvalStatus::Crashed },
            detail: String::new(),
            stage: None,
            metrics: score.iter().map(|score| ("score".to_owned(), *score)).collect(),
            cases: BTreeMap::new(),
            samples: score.into_iter().collect(),
            feedback: String::new(),
            artifacts: BTreeMap::new(),
            log: None,
            usage: Usage::default(),
        }));
        let Some(score) = score else { return };
        if self.facts.best.is_none() || score > self.best() {
            let previous = self.facts.best;
            self.push(Event::Promoted(Promoted { candidate, score, gain: 0.0, previous }));
        }
        self.elite.push((score, candidate));
        self.elite.sort_by(|a, b| b.0.total_cmp(&a.0));
        self.elite.truncate(20);
    }

    pub fn best(&self) -> f64 {
        self.facts.best().and_then(|best| best.score()).unwrap()
    }

    /// What a fresh memory learns from this run's journal, and what it would do next.
    pub fn replayed(&self) -> (Mutated, Mutated) {
        let mut facts = Facts::begin(&self.journal[0]).unwrap();
        let mut memory = Memory::default();
        for event in &self.journal[1..] {
            facts.apply(event);
            memory.observe(&facts, event);
        }
        let parent = &self.programs[self.facts.best.unwrap().0 as usize];
        let next = |memory: &Memory| {
            let mut rng = derive(self.seed, self.facts.next_seq, "mutate");
            mutate("python", parent, &[], &self.editable, memory, &mut rng).unwrap()
        };
        (next(&self.memory), next(&memory))
    }

    /// Mutates the best (now and then another of the elite) and evaluates, so many times.
    pub fn steps(&mut self, steps: usize) {
        for _ in 0..steps {
            let seq = self.facts.next_seq;
            let mut rng = derive(self.seed, seq, "select");
            let mut place = |most: usize| rng.random_range(0..most);
            let parent = if place(10) > 0 { 0 } else { place(self.elite.len()) };
            let parent = self.elite[parent].1;
            let donors: Vec<CandidateId> =
                (0..3).map(|_| self.elite[place(self.elite.len())].1).collect();
            let candidate = self.facts.next_candidate();
            self.push(Event::Selected(Selected {
                candidate,
                selection: Selection {
                    operator: Operator::Mutate,
                    island: 0,
                    parents: vec![parent],
                    inspirations: donors.clone(),
                    models: Vec::new(),
                    tactic: None,
                },
                reserved: Reservation::default(),
            }));
            let at = |id: &CandidateId| self.programs[id.0 as usize].clone();
            let donors: Vec<Program> = donors.iter().map(at).collect();
            let mut rng = derive(self.seed, seq, "mutate");
            let began = std::time::Instant::now();
            let child =
                mutate("python", &at(&parent), &donors, &self.editable, &self.memory, &mut rng)
                    .unwrap();
            self.mutating += began.elapsed();
            let kind = child.change.edits[0].kind.clone();
            self.sizes.extend(child.change.edits[0].step.map(f64::abs));
            let before = self.best();
            self.propose(candidate, child.program, child.change);
            let gain = self.best() - before;
            let entry = self.operators.entry(kind).or_default();
            entry.0 += 1;
            entry.1 += u32::from(gain > 0.0);
            entry.2 += gain;
        }
    }

    fn propose(&mut self, candidate: CandidateId, program: Program, change: Change) {
        self.push(Event::Proposed(Proposed {
            candidate,
            program: program.hash(),
            normal: None,
            shape: None,
            change,
            model: None,
            prompt: None,
            repairs: 0,
        }));
        self.programs.push(program);
        self.judge(candidate);
        assert!(self.facts.misfits.is_empty(), "{:?}", self.facts.misfits);
    }
}

fn envelope(seq: u64, event: Event) -> Envelope {
    Envelope { v: 1, seq: Seq(seq), at: jiff::Timestamp::UNIX_EPOCH, event }
}

/// Prints what some seeds reach after some numbers of steps, and which operators did it.
pub fn report(
    name: &str,
    start: &str,
    evaluate: fn(&str) -> Option<f64>,
    marks: &[usize],
    seeds: u64,
) {
    let mut rows = Vec::new();
    for seed in 1..=seeds {
        let mut run = Run::new(start, evaluate, seed);
        let mut done = 0;
        let mut row = vec![run.best()];
        for mark in marks {
            run.steps(mark - done);
            done = *mark;
            row.push(run.best());
        }
        println!(
            "{name} seed {seed}: {row:.4?}  {:.0} µs/mutation",
            run.mutating.as_secs_f64() * 1e6 / done as f64
        );
        if seed == 1 {
            for (kind, (tries, wins, gain)) in &run.operators {
                println!("    {kind:10} {tries:6} tries {wins:5} wins  gain {gain:.4}");
            }
        }
        rows.push(row);
    }
    for (place, mark) in std::iter::once(&0).chain(marks).enumerate() {
        let mut column: Vec<f64> = rows.iter().map(|row| row[place]).collect();
        column.sort_by(f64::total_cmp);
        println!(
            "{name} after {mark:5}: worst {:.4}  median {:.4}  best {:.4}",
            column[0],
            column[column.len() / 2],
            column[column.len() - 1]
        );
    }
}
