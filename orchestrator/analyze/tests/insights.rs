//! What the analyzer says of runs whose truth is known.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

mod common;

use std::collections::{BTreeMap, BTreeSet};

use evolve_analyze::{MOST_INSIGHTS, StatisticalAnalyzer};
use evolve_core::event::{
    Change, Edit, EvalStarted, Evaluated, Event, Operator, Promoted, Proposed, Rejected,
    Reservation, Selected, Selection,
};
use evolve_core::knowledge::{Insight, InsightKind};
use evolve_core::objective::Metrics;
use evolve_core::outcome::{EvalPurpose, EvalStatus, RejectReason, Usage};
use evolve_core::{BlobHash, CandidateId, Envelope, Facts, Shape};
use jiff::Timestamp;

/// A proposal and how it ended.
#[derive(Clone)]
struct Trial {
    operator: Operator,
    kind: &'static str,
    site: String,
    model: Option<&'static str>,
    end: Result<f64, String>,
}

fn trial(site: &str, score: f64) -> Trial {
    Trial {
        operator: Operator::Mutate,
        kind: "literal",
        site: site.to_owned(),
        model: None,
        end: Ok(score),
    }
}

struct Run {
    facts: Facts,
    journal: Vec<Envelope>,
    analyzer: StatisticalAnalyzer,
    said: Vec<Insight>,
    retired: Vec<String>,
    shape: Option<Shape>,
}

impl Run {
    fn new() -> Self {
        let first = common::first();
        let mut run = Self {
            facts: Facts::begin(&first).unwrap(),
            journal: vec![first],
            analyzer: StatisticalAnalyzer::new(),
            said: Vec::new(),
            retired: Vec::new(),
            shape: None,
        };
        run.evaluate(CandidateId::START, &Ok(0.0));
        run
    }

    fn append(&mut self, event: Event) {
        let seq = self.facts.next_seq;
        let envelope = Envelope { v: 1, seq, at: Timestamp::UNIX_EPOCH, event };
        self.facts.apply(&envelope);
        let learned = self.analyzer.observe(&self.facts, &envelope);
        self.said.extend(learned.insights);
        self.retired.extend(learned.retired);
        self.journal.push(envelope);
    }

    fn select(&mut self, operator: Operator) -> CandidateId {
        let candidate = self.facts.next_candidate();
        let parents = vec![CandidateId::START];
        let (inspirations, models) = (Vec::new(), Vec::new());
        let selection =
            Selection { operator, island: 0, parents, inspirations, models, tactic: None };
        let reserved = Reservation::default();
        self.append(Event::Selected(Selected { candidate, selection, reserved }));
        candidate
    }

    fn add(&mut self, trial: &Trial) {
        let candidate = self.select(trial.operator);
        let edit = Edit { kind: trial.kind.to_owned(), site: trial.site.clone(), step: None };
        self.append(Event::Proposed(Proposed {
            candidate,
            program: BlobHash::of(&candidate.0.to_le_bytes()),
            normal: None,
            shape: self.shape,
            change: Change { edits: vec![edit], ..Change::default() },
            model: trial.model.map(Into::into),
            prompt: None,
            repairs: 0,
        }));
        self.evaluate(candidate, &trial.end);
    }

    /// Makes the newest candidate the best.
    fn promote(&mut self) {
        let candidate = CandidateId(self.facts.candidates.len() as u64 - 1);
        let score = self.facts.candidate(candidate).and_then(|c| c.score()).unwrap();
        let (gain, previous) = (0.0, self.facts.best);
        self.append(Event::Promoted(Promoted { candidate, score, gain, previous }));
    }

    fn evaluate(&mut self, candidate: CandidateId, end: &Result<f64, String>) {
        let (attempt, purpose) = (1, EvalPurpose::Search);
        let repeats = (0, 1);
        self.append(Event::EvalStarted(EvalStarted { candidate, attempt, purpose, repeats }));
        self.append(Event::Evaluated(Evaluated {
            candidate,
            attempt,
            purpose,
            status: if end.is_ok() { EvalStatus::Ok } else { EvalStatus::Crashed },
            detail: end.clone().err().unwrap_or_default(),
            stage: None,
            metrics: end.iter().map(|score| ("score".to_owned(), *score)).collect(),
            cases: Metrics::new(),
            samples: end.iter().copied().collect(),
            feedback: String::new(),
            artifacts: BTreeMap::new(),
            log: None,
            usage: Usage::default(),
        }));
    }

    fn latest(&self, key: &str) -> Option<&Insight> {
        self.said.iter().rev().find(|insight| insight.key == key)
    }
}

#[test]
fn a_site_that_pays_and_one_that_never_does_are_named_with_evidence() {
    let mut run = Run::new();
    for i in 0..300 {
        let (site, pays) = match i % 3 {
            0 => ("radius", i % 2 == 0),
            1 => ("seed", false),
            _ => ("angle", i % 10 == 0),
        };
        run.add(&trial(site, if pays { -1.0 } else { 1.0 }));
    }
    let works = run.latest("site-works").unwrap();
    assert!(works.claim.contains("`radius`") && !works.claim.contains("`seed`"), "{works:?}");
    assert_eq!(works.kind, InsightKind::Works);
    assert!(works.confidence > 0.9 && works.confidence < 1.0);
    for id in &works.evidence {
        let candidate = run.facts.candidate(*id).unwrap();
        assert_eq!(candidate.change.edits[0].site, "radius");
        assert!(candidate.score().unwrap() < 0.0);
    }
    let fails = run.latest("site-fails").unwrap();
    assert!(fails.claim.contains("`seed` gained on the parent in 0 of"), "{fails:?}");
}

#[test]
fn operators_edit_kinds_and_models_are_compared_too() {
    let mut run = Run::new();
    for i in 0..200 {
        let good = i % 2 == 0;
        run.add(&Trial {
            operator: if good { Operator::Rewrite } else { Operator::Diff },
            kind: if good { "block" } else { "literal" },
            site: "s".to_owned(),
            model: Some(if good { "large" } else { "small" }),
            end: if good { Ok(f64::from(i % 3) - 1.5) } else { Ok(1.0) },
        });
    }
    assert!(run.latest("operator-works").unwrap().claim.contains("`rewrite`"));
    assert!(run.latest("operator-fails").unwrap().claim.contains("`diff`"));
    assert!(run.latest("edit-works").unwrap().claim.contains("`block`"));
    assert!(run.latest("model-works").unwrap().recommendation.contains("`large`"));
}

#[test]
fn where_nothing_differs_nothing_is_said() {
    // A fixed pseudo-random sequence: 40 sites, all of which gain in one of five.
    let mut run = Run::new();
    let mut state = 7u64;
    for _ in 0..2000 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (site, luck) = ((state >> 33) % 40, (state >> 45) % 5);
        run.add(&trial(&format!("site{site}"), if luck == 0 { -1.0 } else { 1.0 }));
    }
    assert!(run.said.is_empty(), "{:?}", run.said);
}

#[test]
fn a_recurring_failure_is_told_at_once_and_not_at_every_further_one() {
    let mut run = Run::new();
    let crash = |i: u64| Trial { end: Err(format!("index {i} out of range")), ..trial("s", 0.0) };
    run.add(&crash(3));
    run.add(&crash(14));
    assert!(run.said.is_empty());
    run.add(&crash(15));
    assert_eq!(run.said.len(), 1);
    let insight = &run.said[0];
    assert_eq!((insight.key.as_str(), insight.kind), ("failure-1", InsightKind::Bug));
    assert!(insight.claim.contains("crashed") && insight.claim.contains("index 15 out of range"));
    assert_eq!(insight.evidence, [CandidateId(1), CandidateId(2), CandidateId(3)]);
    for i in 0..200 {
        run.add(&crash(i));
    }
    assert!(run.said.len() < 15, "{}", run.said.len());
    assert!(run.latest("failure-1").unwrap().claim.starts_with("200 proposals"));
}

#[test]
fn rejections_count_and_interruptions_do_not() {
    let mut run = Run::new();
    for i in 0..200 {
        let candidate = run.select(if i % 2 == 0 { Operator::Diff } else { Operator::Rewrite });
        let reason = if i % 2 == 0 { RejectReason::PatchFailed } else { RejectReason::Interrupted };
        run.append(Event::Rejected(Rejected {
            candidate,
            reason,
            detail: format!("block {i} was not found"),
            clash: None,
            prompt: None,
            forfeited: Reservation::default(),
        }));
    }
    let insight = run.latest("failure-1").unwrap();
    assert!(insight.claim.contains("patch-failed"), "{insight:?}");
    assert!(run.said.iter().all(|insight| !insight.claim.contains("interrupted")));
    for i in 0..60 {
        let operator = if i % 2 == 0 { Operator::Diff } else { Operator::Rewrite };
        run.add(&Trial { operator, ..trial("s", if i % 3 == 0 { -1.0 } else { 1.0 }) });
    }
    // Of the evaluated ones both gain alike; diff's hundred failed patches make the difference.
    assert!(run.latest("operator-works").unwrap().claim.contains("`rewrite`"), "{:?}", run.said);
}

#[test]
fn a_difference_that_fades_is_taken_back() {
    let mut run = Run::new();
    let alternate = |run: &mut Run, count: u64, good: &str| {
        for i in 0..count {
            let site = if i % 2 == 0 { "a" } else { "b" };
            run.add(&trial(site, if site == good { -1.0 } else { 1.0 }));
        }
    };
    alternate(&mut run, 50, "a");
    assert!(run.latest("site-works").unwrap().claim.contains("`a`"));
    alternate(&mut run, 50, "b");
    assert!(run.retired.contains(&"site-works".to_owned()), "{:?}", run.retired);
    let last = run.latest("site-works").unwrap();
    assert!(last.claim.contains("`a`"), "nothing is said under a key that is given up: {last:?}");
}

#[test]
fn keys_stay_few_whatever_happens_and_texts_stay_short() {
    let mut run = Run::new();
    for i in 0..3000u64 {
        let letters: String =
            format!("{:b}", i % 97).chars().map(|c| if c == '0' { 'x' } else { 'y' }).collect();
        let operator = [Operator::Mutate, Operator::Diff, Operator::Rewrite][(i % 3) as usize];
        let end = match i % 4 {
            0 => Err(format!("{letters}\u{0}{}", "long ".repeat(1000))),
            1 => Ok(f64::from(u8::from(i % 5 == 0)) - 0.5),
            _ => Ok(((i * 7) % 13) as f64 - 9.0),
        };
        let site = format!("site{}", i % 601);
        run.add(&Trial { operator, kind: "literal", site, model: Some("m"), end });
    }
    let keys: BTreeSet<_> = run.said.iter().map(|insight| &insight.key).collect();
    assert!(keys.len() <= MOST_INSIGHTS && MOST_INSIGHTS <= 17, "{keys:?}");
    for insight in &run.said {
        assert!(insight.claim.chars().count() < 600, "{insight:?}");
        assert!(!insight.claim.chars().any(char::is_control));
        assert!((0.0..=1.0).contains(&insight.confidence));
        assert!(insight.evidence.len() <= 8);
    }
}

#[test]
fn feeding_the_same_journal_again_gives_the_same_insights() {
    let mut run = Run::new();
    for i in 0..120 {
        run.add(&trial(if i % 2 == 0 { "a" } else { "b" }, if i % 4 == 0 { -1.0 } else { 1.0 }));
    }
    let mut facts = Facts::begin(&run.journal[0]).unwrap();
    let mut again = StatisticalAnalyzer::new();
    let mut said = again.observe(&facts, &run.journal[0]).insights;
    for event in &run.journal[1..] {
        facts.apply(event);
        said.extend(again.observe(&facts, event).insights);
    }
    assert!(!said.is_empty());
    assert_eq!(said, run.said);
}

#[test]
fn a_search_that_stalls_is_told_where_it_hardly_looked() {
    let mut run = Run::new();
    for i in 0..60 {
        run.add(&trial(if i % 12 == 0 { "rare" } else { "busy" }, 1.0));
    }
    run.add(&trial("", 1.0)); // the whole program is no place that was hardly looked at
    for _ in 0..24 {
        run.add(&trial("busy", 1.0));
    }
    let tactic = run.latest("tactic-neglected").unwrap();
    assert_eq!(tactic.kind, InsightKind::Tactic);
    assert!(tactic.claim.contains("`busy` was changed") && tactic.claim.contains("`rare`"));
    assert!(!tactic.claim.contains("``"), "{tactic:?}");
    assert!(tactic.recommendation.contains("change `rare`"), "{tactic:?}");
    // While it gains, nothing is said.
    let mut gaining = Run::new();
    for i in 0..60 {
        gaining.add(&trial(if i % 12 == 0 { "rare" } else { "busy" }, -f64::from(i)));
        gaining.promote();
    }
    assert!(gaining.latest("tactic-neglected").is_none());
}

#[test]
fn a_descriptor_that_goes_with_the_score_is_told_and_one_that_does_not_is_not() {
    let mut run = Run::new();
    for i in 0..50_u32 {
        let noise = f64::from(i * 7 % 5);
        run.shape = Some(Shape {
            size: 1.0 + f64::from(i) / 50.0,
            complexity: 1.0 + f64::from(i * 13 % 17),
            distance: 0.5,
            cluster: None,
        });
        run.add(&trial("a", -f64::from(i) + noise)); // less is better here
    }
    let size = run.latest("shape-size").unwrap();
    assert!(size.claim.contains("longer programs score better"), "{size:?}");
    assert!(run.latest("shape-complexity").is_none() && run.latest("shape-distance").is_none());
}
