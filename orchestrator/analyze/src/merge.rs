//! What a model found, compared with what is known: evidence adds up, contradictions lower
//! confidence and are kept.

use std::collections::BTreeMap;

use evolve_core::knowledge::{Insight, InsightKind};
use evolve_core::ports::{Finding, Learned};
use evolve_core::words::ShortTexts;
use evolve_core::{CandidateId, Facts};

/// Likeness of two claims from which on they count as one.
const SAME_CLAIM: f64 = 0.7;
/// Candidates that one insight cites, for it and against it.
const MOST_EVIDENCE: usize = 12;
/// How many candidates a model's own confidence counts for.
const PRIOR: f64 = 2.0;
/// Insights of models that are held at once; the least sure go first.
const MOST_HELD: usize = 48;
/// Tactics that are held at once.
const MOST_TACTICS: usize = 6;
/// Confidence below which an insight with something against it is given up.
const GIVEN_UP: f64 = 0.15;

/// Keys of what models found begin so; statistics have names of their own.
pub(crate) const PREFIX: &str = "found-";

/// Takes findings up, one after the other.
pub(crate) fn merge(facts: &Facts, findings: Vec<Finding>) -> Learned {
    let mut table = Table::of(facts);
    for finding in findings {
        table.take(finding);
    }
    table.keep_the_best();
    table.learned(facts)
}

struct Table {
    held: BTreeMap<String, Insight>,
    next: u64,
}

impl Table {
    fn of(facts: &Facts) -> Self {
        let numbers = facts.insights.keys().filter_map(|key| key.strip_prefix(PREFIX));
        let last = numbers.filter_map(|number| number.parse::<u64>().ok()).max().unwrap_or(0);
        // Never a number that was given before, also not one that was retired since.
        let next = last.max(facts.counts.analyses * 100) + 1;
        Self { held: facts.insights.clone(), next }
    }

    fn take(&mut self, finding: Finding) {
        let Finding { insight, confirms, contradicts, replaces } = finding;
        let mut insight = insight;
        add(&mut insight.evidence, &[]);
        let evidence = insight.evidence.clone();
        for key in &confirms {
            if let Some(held) = self.held.get_mut(key) {
                add(&mut held.evidence, &evidence);
                held.confidence = confidence(held);
            }
        }
        for key in &contradicts {
            self.contradict(key, &evidence);
        }
        for key in replaces {
            if !key.starts_with(PREFIX) {
                continue; // what statistics say is theirs to take back
            }
            if let Some(old) = self.held.remove(&key) {
                add(&mut insight.evidence, &old.evidence);
                add(&mut insight.against, &old.against);
            }
        }
        match self.like(&insight) {
            Some((key, true)) => {
                // The same claim of the opposite kind: one of the two is wrong, or both hold
                // elsewhere. Both stay, each with the other's evidence against it.
                let others = self.held.get(&key).map(|held| held.evidence.clone());
                add(&mut insight.against, &others.unwrap_or_default());
                self.contradict(&key, &evidence);
                self.insert(insight);
            }
            Some((key, false)) => {
                if let Some(held) = self.held.get_mut(&key) {
                    add(&mut held.evidence, &insight.evidence);
                    fill(&mut held.mechanism, insight.mechanism);
                    fill(&mut held.scope, insight.scope);
                    fill(&mut held.recommendation, insight.recommendation);
                    held.confidence = confidence(held);
                }
            }
            None => self.insert(insight),
        }
    }

    fn insert(&mut self, mut insight: Insight) {
        insight.key = format!("{PREFIX}{}", self.next);
        insight.confidence = confidence(&insight);
        self.next += 1;
        self.held.insert(insight.key.clone(), insight);
    }

    fn contradict(&mut self, key: &str, evidence: &[CandidateId]) {
        if let Some(held) = self.held.get_mut(key).filter(|held| held.key.starts_with(PREFIX)) {
            add(&mut held.against, evidence);
            held.confidence = confidence(held);
        }
    }

    /// A model's insight that makes the same claim, and whether it is of the opposite kind.
    fn like(&self, insight: &Insight) -> Option<(String, bool)> {
        let others: Vec<&Insight> = self
            .held
            .values()
            .filter(|held| held.key.starts_with(PREFIX))
            .filter(|held| {
                (held.kind == InsightKind::Tactic) == (insight.kind == InsightKind::Tactic)
            })
            .collect();
        let mut texts = ShortTexts::default();
        for held in &others {
            texts.add(&held.claim);
        }
        let (place, _) =
            texts.like(&insight.claim).into_iter().find(|(_, likeness)| *likeness >= SAME_CLAIM)?;
        let opposite = |a, b| {
            matches!(
                (a, b),
                (InsightKind::Works, InsightKind::Fails) | (InsightKind::Fails, InsightKind::Works)
            )
        };
        Some((others[place].key.clone(), opposite(others[place].kind, insight.kind)))
    }

    /// Gives up what is contradicted through and through, then the least sure.
    fn keep_the_best(&mut self) {
        self.held.retain(|key, held| {
            !key.starts_with(PREFIX) || held.against.is_empty() || held.confidence >= GIVEN_UP
        });
        for (tactics, most) in [(true, MOST_TACTICS), (false, MOST_HELD)] {
            let mut own: Vec<(f64, u64, String)> = self
                .held
                .values()
                .filter(|held| held.key.starts_with(PREFIX))
                .filter(|held| (held.kind == InsightKind::Tactic) == tactics)
                .map(|held| (held.confidence, number(&held.key), held.key.clone()))
                .collect();
            // The least sure first, the older first among equals; of tactics the older.
            own.sort_by(|a, b| {
                let sure = if tactics { std::cmp::Ordering::Equal } else { a.0.total_cmp(&b.0) };
                sure.then(a.1.cmp(&b.1))
            });
            let excess = own.len().saturating_sub(most);
            for (_, _, key) in own.into_iter().take(excess) {
                self.held.remove(&key);
            }
        }
    }

    fn learned(self, facts: &Facts) -> Learned {
        let retired =
            facts.insights.keys().filter(|key| !self.held.contains_key(*key)).cloned().collect();
        let changed =
            self.held.into_iter().filter(|(key, now)| facts.insights.get(key) != Some(now));
        Learned { insights: changed.map(|(_, insight)| insight).collect(), retired }
    }
}

fn number(key: &str) -> u64 {
    key.strip_prefix(PREFIX).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// What the model said, weighed as [`PRIOR`] candidates, with those that speak for and against:
/// the mean of a beta distribution, never certain.
fn confidence(insight: &Insight) -> f64 {
    let (pro, contra) = (insight.evidence.len() as f64, insight.against.len() as f64);
    let said = insight.confidence.clamp(0.05, 0.95);
    let mean = (PRIOR * said + pro) / (PRIOR + pro + contra);
    // A single observation is no more than what was said of it.
    let mean = if pro < 2.0 && contra == 0.0 { mean.min(said) } else { mean };
    (mean.clamp(0.0, 0.99) * 100.0).round() / 100.0
}

fn add(list: &mut Vec<CandidateId>, more: &[CandidateId]) {
    list.extend_from_slice(more);
    list.sort_unstable();
    list.dedup();
    let excess = list.len().saturating_sub(MOST_EVIDENCE);
    list.drain(..excess);
}

fn fill(held: &mut String, new: String) {
    if held.is_empty() {
        *held = new;
    }
}
