//! A model's answer becomes findings: what does not fit is left out, nothing is believed that
//! names experiments it was not told of.

use evolve_core::CandidateId;
use evolve_core::knowledge::{Insight, InsightKind};
use evolve_core::ports::Finding;
use serde::Deserialize;

/// Findings that are taken from one answer.
pub(crate) const MOST_FINDINGS: usize = 6;
/// Longest claim, mechanism, scope or recommendation, in bytes.
const LONGEST: usize = 400;

#[derive(Deserialize)]
struct Answer {
    insights: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Item {
    claim: String,
    #[serde(default)]
    mechanism: Option<String>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    recommendation: Option<String>,
    #[serde(default)]
    confidence: Option<f64>,
    kind: InsightKind,
    #[serde(default)]
    evidence: Vec<String>,
    #[serde(default)]
    confirms: Vec<String>,
    #[serde(default)]
    contradicts: Vec<String>,
    #[serde(default)]
    replaces: Vec<String>,
}

/// The findings of an answer that was about these candidates; the error is one line on why there
/// are none.
pub(crate) fn findings(
    answer: &str,
    known: &[CandidateId],
    tactics: bool,
) -> Result<Vec<Finding>, String> {
    let items = items(answer)?;
    let several = items.len();
    let found: Vec<Finding> = items
        .into_iter()
        .filter_map(|item| serde_json::from_value::<Item>(item).ok())
        .filter_map(|item| finding(item, known, tactics))
        .take(MOST_FINDINGS)
        .collect();
    if found.is_empty() && several > 0 {
        return Err(format!(
            "none of {several} insights in the answer has a claim, a known kind and an experiment \
             that was shown"
        ));
    }
    Ok(found)
}

/// The object, also where words or a fence stand around it, or only its list was given.
fn items(answer: &str) -> Result<Vec<serde_json::Value>, String> {
    let mut why = "the answer holds no JSON object".to_owned();
    for (at, _) in answer.match_indices(['{', '[']) {
        let text = &answer[at..];
        let parsed = if text.starts_with('{') {
            let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Answer>();
            stream.next().map(|read| read.map(|answer| answer.insights))
        } else {
            let mut stream = serde_json::Deserializer::from_str(text).into_iter();
            stream.next()
        };
        match parsed {
            Some(Ok(items)) => return Ok(items),
            Some(Err(error)) if why.starts_with("the answer") => {
                why = format!("the answer is not the JSON that was asked for: {error}");
            }
            _ => {}
        }
        if at > LONGEST_PREAMBLE {
            break;
        }
    }
    Err(why)
}

/// Bytes in which the object must begin.
const LONGEST_PREAMBLE: usize = 20_000;

fn finding(item: Item, known: &[CandidateId], tactics: bool) -> Option<Finding> {
    let claim = line(&item.claim);
    if claim.is_empty() || (item.kind == InsightKind::Tactic && !tactics) {
        return None;
    }
    let evidence: Vec<CandidateId> = item
        .evidence
        .iter()
        .filter_map(|id| id.trim().parse().ok())
        .filter(|id| known.contains(id))
        .collect();
    // A tactic is about what was not tried; everything else was seen somewhere.
    let stands =
        !evidence.is_empty() || item.kind == InsightKind::Tactic || !item.replaces.is_empty();
    let said = item.confidence.filter(|said| said.is_finite()).unwrap_or(0.5);
    let text = |text: Option<String>| text.map(|text| line(&text)).unwrap_or_default();
    stands.then(|| Finding {
        insight: Insight {
            key: String::new(),
            claim,
            mechanism: text(item.mechanism),
            scope: text(item.scope),
            evidence,
            against: Vec::new(),
            recommendation: text(item.recommendation),
            confidence: said.clamp(0.0, 1.0),
            kind: item.kind,
        },
        confirms: item.confirms,
        contradicts: item.contradicts,
        replaces: item.replaces,
    })
}

/// One line of bounded length, without control characters.
fn line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    let line = words.join(" ");
    let end = line.floor_char_boundary(LONGEST);
    if end < line.len() { format!("{}…", &line[..end]) } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [CandidateId; 2] = [CandidateId(3), CandidateId(4)];

    fn found(answer: &str) -> Result<Vec<Finding>, String> {
        findings(answer, &KNOWN, false)
    }

    #[test]
    fn the_object_is_found_also_inside_words_and_fences() {
        let object = r#"{"insights": [{"claim": "steps below 0.01 stall", "kind": "fails", "evidence": ["c000003", "c000099"], "confidence": 7, "mechanism": null}]}"#;
        for answer in [
            object.to_owned(),
            format!("Here {{it}} is:\n```json\n{object}\n```\nDone."),
            object.strip_prefix("{\"insights\": ").unwrap().trim_end_matches('}').to_owned() + "",
        ] {
            let found = found(&answer).unwrap();
            assert_eq!(found.len(), 1, "{answer}");
            assert_eq!(found[0].insight.evidence, [CandidateId(3)]);
            assert!((found[0].insight.confidence - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn what_cites_nothing_that_was_shown_is_not_believed() {
        let answer = r#"{"insights": [{"claim": "x", "kind": "works", "evidence": ["c000099"]}]}"#;
        assert!(found(answer).unwrap_err().contains("none of 1 insights"));
        assert!(found("{\"insights\": []}").unwrap().is_empty());
        assert!(found("I see nothing.").unwrap_err().contains("no JSON"));
        assert!(found("{\"insights\": 3}").unwrap_err().contains("not the JSON"));
    }

    #[test]
    fn tactics_are_taken_only_where_they_were_asked_for() {
        let answer = r#"{"insights": [{"claim": "try rows", "kind": "tactic"}]}"#;
        assert!(found(answer).is_err());
        assert_eq!(findings(answer, &KNOWN, true).unwrap().len(), 1);
    }

    #[test]
    fn long_and_hostile_texts_become_short_lines() {
        let claim = format!("a\\n# b\\u001b[31m {}", "long ".repeat(500));
        let answer = format!(
            "{{\"insights\": [{{\"claim\": \"{claim}\", \"kind\": \"bug\", \"evidence\": [\"c4\"]}}]}}"
        );
        let claim = &found(&answer).unwrap()[0].insight.claim;
        assert!(claim.starts_with("a # b [31m long") && claim.len() < LONGEST + 4, "{claim}");
        assert!(!claim.contains('\n'));
    }
}
