//! Directions for a search that stalls, by statistics: what was hardly tried, and where others
//! do better than the best.

use evolve_core::facts::CandidateFacts;
use evolve_core::knowledge::{Insight, InsightKind};
use evolve_core::{CandidateId, Facts};

use crate::findings::Said;
use crate::tally::Tally;

/// Tactics that can be told of at once.
pub(crate) const MOST: usize = 2;
/// Evaluations without a new best from which on directions are worth saying.
pub(crate) const STALLED: u64 = 25;
/// Candidates looked through for one that does better on a case.
const WINDOW: usize = 400;
/// Names that one tactic lists.
const MOST_NAMES: usize = 3;
/// Times as often as the least tried place the most tried one is, at least.
const LOPSIDED: u32 = 5;
const FEWEST_TRIES: u32 = 20;

/// The tactics that the counts give now.
pub(crate) fn tactics(facts: &Facts, sites: Option<&Tally>) -> Vec<(Insight, Said)> {
    if facts.counts.since_gain < STALLED {
        return Vec::new();
    }
    let lopsided = sites.and_then(neglected);
    lopsided.into_iter().chain(weak_cases(facts)).collect()
}

/// Places that were hardly changed while others were changed again and again.
fn neglected(sites: &Tally) -> Option<(Insight, Said)> {
    // A change of the whole program has a place without a name.
    let mut all: Vec<_> = sites.counts().filter(|(name, _)| !name.is_empty()).collect();
    all.sort_by(|a, b| b.1.tries.cmp(&a.1.tries).then(a.0.cmp(b.0)));
    let (busiest, most) = *all.first()?;
    let rare: Vec<_> =
        all.iter().rev().filter(|(_, count)| count.tries * LOPSIDED <= most.tries).collect();
    if most.tries < FEWEST_TRIES || rare.is_empty() {
        return None;
    }
    let names: Vec<String> =
        rare.iter().take(MOST_NAMES).map(|(name, _)| (*name).to_owned()).collect();
    let list = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let insight = tactic(
        "tactic-neglected",
        format!(
            "`{busiest}` was changed {} times and gained {} times; {list} hardly ever",
            most.tries, most.gains
        ),
        format!("leave `{busiest}` as it is, and change {list}, or what they rest on"),
        most.lost.iter().copied().collect(),
    );
    Some((insight, Said::new(names, most.tries)))
}

/// Cases on which some other program does better than the best.
fn weak_cases(facts: &Facts) -> Option<(Insight, Said)> {
    let best = facts.best()?;
    let cases = &best.evaluation.as_ref()?.cases;
    let goal = facts.objective().goal;
    let mut weak: Vec<(f64, &str, &CandidateFacts, f64, f64)> = Vec::new();
    for (case, own) in cases {
        let others = facts.candidates.iter().rev().take(WINDOW).filter(|c| c.score().is_some());
        let score = |c: &CandidateFacts| c.evaluation.as_ref()?.cases.get(case).copied();
        let rival = others
            .filter_map(|c| Some((c, score(c)?)))
            .max_by(|a, b| goal.order(a.1, b.1).then(b.0.id.cmp(&a.0.id)));
        let Some(rival) = rival else { continue };
        if goal.is_better(rival.1, *own) {
            let lag = (rival.1 - own).abs() / (rival.1.abs() + own.abs() + 1e-300);
            weak.push((lag, case, rival.0, *own, rival.1));
        }
    }
    weak.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    weak.truncate(MOST_NAMES);
    let first = weak.first()?;
    let claims: Vec<String> = weak
        .iter()
        .map(|(_, case, rival, own, theirs)| {
            format!("on `{case}` {} reaches {theirs:.6}, the best {} {own:.6}", rival.id, best.id)
        })
        .collect();
    let names = weak.iter().map(|one| format!("{} {}", one.1, one.2.id)).collect();
    let insight = tactic(
        "tactic-cases",
        claims.join("; "),
        format!(
            "find what {} does on `{}` and bring it into the best program",
            first.2.id, first.1
        ),
        weak.iter().map(|one| one.2.id).collect(),
    );
    Some((insight, Said::new(names, facts.counts.evaluated as u32)))
}

fn tactic(
    key: &str,
    claim: String,
    recommendation: String,
    mut evidence: Vec<CandidateId>,
) -> Insight {
    evidence.sort_unstable();
    evidence.dedup();
    Insight {
        key: key.to_owned(),
        claim,
        mechanism: String::new(),
        scope: "the search stalls".to_owned(),
        evidence,
        against: Vec::new(),
        recommendation,
        confidence: 0.5,
        kind: InsightKind::Tactic,
    }
}
