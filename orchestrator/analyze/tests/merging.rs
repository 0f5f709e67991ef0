//! What models find, beside what is known: evidence adds up, contradictions lower confidence.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

mod common;

use common::facts;
use evolve_analyze::RunAnalyzer;
use evolve_core::event::{Analyzed, Event};
use evolve_core::knowledge::{Insight, InsightKind};
use evolve_core::ports::{Analyzer, Finding, Learned};
use evolve_core::{CandidateId, Envelope, Facts};
use proptest::prelude::*;

fn finding(claim: &str, kind: InsightKind, evidence: &[u64], confidence: f64) -> Finding {
    Finding {
        insight: Insight {
            key: String::new(),
            claim: claim.to_owned(),
            mechanism: String::new(),
            scope: String::new(),
            evidence: evidence.iter().map(|id| CandidateId(*id)).collect(),
            against: Vec::new(),
            recommendation: "more of it".to_owned(),
            confidence,
            kind,
        },
        confirms: Vec::new(),
        contradicts: Vec::new(),
        replaces: Vec::new(),
    }
}

/// Records what was learned, as the engine does.
fn take(facts: &mut Facts, findings: Vec<Finding>) -> Learned {
    let learned = RunAnalyzer::new(None).merge(facts, findings);
    let Learned { insights, retired } = learned.clone();
    let event = Event::Analyzed(Analyzed { insights, retired, ..Analyzed::default() });
    let (seq, at) = (facts.next_seq, facts.last_at);
    facts.apply(&Envelope { v: 1, seq, at, event });
    learned
}

fn sole(facts: &Facts) -> &Insight {
    assert_eq!(facts.insights.len(), 1, "{:?}", facts.insights);
    facts.insights.values().next().unwrap()
}

#[test]
fn the_same_claim_in_other_words_is_one_insight_with_more_evidence() {
    let mut facts = facts();
    let works = InsightKind::Works;
    take(&mut facts, vec![finding("growing the corner circles first gains", works, &[1], 0.6)]);
    let before = sole(&facts).clone();
    take(&mut facts, vec![finding("Growing corner circles first gains.", works, &[2, 3], 0.6)]);
    let now = sole(&facts);
    assert_eq!(now.key, before.key);
    assert_eq!(now.evidence, [1, 2, 3].map(CandidateId));
    assert!(now.confidence > before.confidence, "{} {}", now.confidence, before.confidence);
    assert!(before.confidence <= 0.6, "one observation is no more than what was said of it");
}

#[test]
fn a_contradiction_lowers_confidence_and_both_claims_are_kept() {
    let mut facts = facts();
    let claim = "a larger step gains near the corners";
    take(&mut facts, vec![finding(claim, InsightKind::Works, &[1, 2], 0.8)]);
    let before = sole(&facts).clone();
    take(&mut facts, vec![finding(claim, InsightKind::Fails, &[5, 6], 0.8)]);
    assert_eq!(facts.insights.len(), 2);
    let works = &facts.insights[&before.key];
    assert!(works.confidence < before.confidence);
    assert_eq!(works.against, [5, 6].map(CandidateId));
    let fails = facts.insights.values().find(|held| held.kind == InsightKind::Fails).unwrap();
    assert_eq!(fails.against, [1, 2].map(CandidateId));
}

#[test]
fn named_insights_are_confirmed_contradicted_and_replaced() {
    let mut facts = facts();
    take(
        &mut facts,
        vec![
            finding("rows of equal length lose", InsightKind::Fails, &[1], 0.5),
            finding("hexagonal layouts gain at the rim", InsightKind::Works, &[2], 0.5),
        ],
    );
    let keys: Vec<String> = facts.insights.keys().cloned().collect();
    let mut confirming = finding("the middle is full", InsightKind::Limit, &[7, 8], 0.5);
    confirming.confirms.push(keys[0].clone());
    confirming.contradicts.push(keys[1].clone());
    take(&mut facts, vec![confirming]);
    assert_eq!(facts.insights[&keys[0]].evidence, [1, 7, 8].map(CandidateId));
    assert_eq!(facts.insights[&keys[1]].against, [7, 8].map(CandidateId));

    let mut whole = finding("layout decides, rows and rim alike", InsightKind::Works, &[], 0.6);
    whole.replaces = vec![keys[0].clone(), "site-works".to_owned(), "nonsense".to_owned()];
    let learned = take(&mut facts, vec![whole]);
    assert_eq!(learned.retired, [keys[0].clone()]);
    let held = facts.insights.values().find(|held| held.claim.starts_with("layout")).unwrap();
    assert_eq!(held.evidence, [1, 7, 8].map(CandidateId), "evidence is handed on");
    assert!(!keys.contains(&held.key), "a key that was given is not given again");
}

#[test]
fn what_statistics_say_is_theirs_to_take_back() {
    let mut facts = facts();
    let event = Event::Analyzed(Analyzed {
        insights: vec![Insight {
            key: "operator-works".to_owned(),
            ..finding("`diff` gains", InsightKind::Works, &[1], 0.9).insight
        }],
        ..Analyzed::default()
    });
    let (seq, at) = (facts.next_seq, facts.last_at);
    facts.apply(&Envelope { v: 1, seq, at, event });
    let mut other = finding("`diff` gains", InsightKind::Fails, &[2], 0.9);
    other.contradicts.push("operator-works".to_owned());
    other.replaces.push("operator-works".to_owned());
    take(&mut facts, vec![other]);
    let held = &facts.insights["operator-works"];
    assert!(held.against.is_empty() && (held.confidence - 0.9).abs() < 1e-9, "{held:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_found_insights_stay_bounded_and_confidence_is_never_certain(
        found in prop::collection::vec(
            ("[a-f]{1,3}( [a-f]{1,3}){0,6}", 0_usize..5, prop::collection::vec(0_u64..40, 0..6), -1.0..2.0_f64),
            0..120,
        ),
    ) {
        use InsightKind::{Bug, Fails, Limit, Tactic, Works};
        let mut facts = facts();
        for chunk in found.chunks(6) {
            let chunk = chunk.iter().map(|(claim, kind, evidence, said)| {
                finding(claim, [Works, Fails, Bug, Limit, Tactic][*kind], evidence, *said)
            });
            take(&mut facts, chunk.collect());
        }
        prop_assert!(facts.insights.len() <= 54, "{}", facts.insights.len());
        for held in facts.insights.values() {
            prop_assert!((0.0..=0.99).contains(&held.confidence), "{held:?}");
            prop_assert!(held.evidence.is_sorted() && held.evidence.len() <= 12);
        }
    }
}
