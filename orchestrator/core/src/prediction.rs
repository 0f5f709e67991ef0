//! What a proposer expected, beside what was measured.

use crate::facts::{CandidateFacts, Facts};
use crate::objective::Goal;
use crate::task::TaskConfig;

/// Whether an expectation came true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// As expected.
    CameTrue,
    /// Otherwise than expected.
    DidNot,
}

impl Verdict {
    /// A few words for people and prompts.
    pub fn words(self) -> &'static str {
        match self {
            Self::CameTrue => "came true",
            Self::DidNot => "did not come true",
        }
    }
}

/// Words for a metric that rises, and for one that falls.
const UP: &[&str] =
    &["up", "higher", "increase", "increases", "rise", "rises", "grow", "grows", "more", "larger"];
const DOWN: &[&str] = &[
    "down",
    "lower",
    "decrease",
    "decreases",
    "fall",
    "falls",
    "drop",
    "drops",
    "less",
    "smaller",
    "shrink",
];
const BETTER: &[&str] =
    &["better", "improve", "improves", "improved", "improvement", "gain", "gains"];
const WORSE: &[&str] = &["worse", "worsen", "worsens"];
const SAME: &[&str] = &["same", "unchanged", "equal"];

/// Compares the direction that a candidate's proposer expected with what was measured against
/// its parent. None where nothing was expected, no direction is said, or nothing can be compared.
/// A failed evaluation is not what anybody expected.
pub fn expectation(
    task: &TaskConfig,
    candidate: &CandidateFacts,
    parent: &CandidateFacts,
) -> Option<Verdict> {
    let said = candidate.change.prediction.as_str();
    if said.is_empty() {
        return None;
    }
    let evaluation = candidate.evaluation.as_ref()?;
    let before = &parent.evaluation.as_ref()?.metrics;
    // The metric that the line names, else the primary one.
    let named = before.keys().chain(evaluation.metrics.keys()).filter(|name| mentions(said, name));
    let metric = named.max_by_key(|name| name.len()).unwrap_or(&task.primary().metric);
    let known = task.objective.iter().find(|objective| objective.metric == *metric);
    let expected = direction(said, known.map(|objective| objective.goal))?;
    let Some(now) = evaluation.metrics.get(metric).filter(|_| candidate.score().is_some()) else {
        return Some(Verdict::DidNot);
    };
    let came_true = now.partial_cmp(before.get(metric)?)? == expected;
    Some(if came_true { Verdict::CameTrue } else { Verdict::DidNot })
}

/// The same for a candidate of a run, against its first parent.
pub fn verdict(facts: &Facts, candidate: &CandidateFacts) -> Option<Verdict> {
    let parent = facts.candidate(*candidate.parents().first()?)?;
    expectation(&facts.run.task, candidate, parent)
}

fn mentions(said: &str, name: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    said.match_indices(name).any(|(at, _)| {
        edge(said[..at].chars().next_back()) && edge(said[at + name.len()..].chars().next())
    })
}

/// The first word that gives a direction decides.
fn direction(said: &str, goal: Option<Goal>) -> Option<std::cmp::Ordering> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let better = match goal {
        Some(Goal::Maximize) => Some(Greater),
        Some(Goal::Minimize) => Some(Less),
        None => None,
    };
    let words = said.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    for word in words {
        let is = |list: &[&str]| list.contains(&word.as_str());
        if is(UP) {
            return Some(Greater);
        } else if is(DOWN) {
            return Some(Less);
        } else if is(SAME) {
            return Some(Equal);
        } else if is(BETTER) {
            return better;
        } else if is(WORSE) {
            return better.map(std::cmp::Ordering::reverse);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn a_direction_is_read_from_the_first_word_that_gives_one() {
        let of = |said| direction(said, Some(Goal::Minimize));
        assert_eq!(of("`latency` down by 3 ms, throughput up"), Some(Less));
        assert_eq!(of("Higher, about 0.02"), Some(Greater));
        assert_eq!(of("better by a little"), Some(Less));
        assert_eq!(of("worse at first"), Some(Greater));
        assert_eq!(of("unchanged"), Some(Equal));
        assert_eq!(of("0.5"), None);
        assert_eq!(direction("it improves", None), None);
    }

    #[test]
    fn a_metric_is_named_as_a_whole_word() {
        assert!(mentions("`score` up", "score") && mentions("score", "score"));
        assert!(!mentions("score_2 up", "score") && !mentions("underscore up", "score"));
    }
}
