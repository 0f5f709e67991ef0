//! What evaluators in images leave in place of a result of ours. Fails closed, as that does.

use evolve_core::objective::Metrics;
use serde_json::Value;

use crate::result::{ArtifactSource, Judged, NoResult, nan_to_null};
use crate::text;

/// What `evaluate.sh` printed: one JSON object with `status`, `combined_score`, `metrics` and
/// `artifacts`. Whatever says anything but success has no score.
pub(crate) fn parse_container(bytes: &[u8]) -> Result<Judged, NoResult> {
    let printed = object(bytes, "evaluate.sh printed")?;
    let mut judged = Judged::default();
    if let Some(metrics) = printed.get("metrics").and_then(Value::as_object) {
        judged.metrics = numbers(metrics)?;
    }
    if let Some(artifacts) = printed.get("artifacts").and_then(Value::as_object) {
        judged.artifacts = artifacts
            .iter()
            .take(64)
            .map(|(name, value)| (text::line(name), ArtifactSource::Text(words(value))))
            .filter(|(name, _)| !name.is_empty())
            .collect();
    }
    let told = |name: &str| printed.get("artifacts").and_then(|all| all.get(name)).map(words);
    let said = told("feedback").or_else(|| told("error")).or_else(|| told("details"));
    judged.feedback = text::paragraph(&said.unwrap_or_default(), 4_000);
    let status = printed.get("status").and_then(Value::as_str).unwrap_or("error");
    if status != "success" {
        judged.metrics.remove("combined_score");
        if judged.feedback.is_empty() {
            judged.feedback = format!("the evaluator's status is `{}`", text::line(status));
        }
        return Ok(judged);
    }
    if !judged.metrics.contains_key("combined_score")
        && let Some(value) = printed.get("combined_score")
    {
        judged.metrics.insert("combined_score".to_owned(), finite("combined_score", value)?);
    }
    Ok(judged)
}

/// What a Harbor task's tests left: a number, or an object with `reward` (or `score`).
pub(crate) fn parse_reward(bytes: &[u8]) -> Result<Judged, NoResult> {
    let written = String::from_utf8_lossy(bytes);
    let mut judged = Judged::default();
    if let Ok(reward) = written.trim().parse::<f64>() {
        if !reward.is_finite() {
            return Err(NoResult::NotFinite("the reward is not a finite number".to_owned()));
        }
        judged.metrics.insert("combined_score".to_owned(), reward);
        return Ok(judged);
    }
    let mut reward = object(bytes, "the reward")?;
    let score = reward.remove("reward").or_else(|| reward.remove("score"));
    judged.metrics = numbers(&reward)?;
    judged.metrics.remove("combined_score");
    if let Some(score) = score {
        judged.metrics.insert("combined_score".to_owned(), finite("reward", &score)?);
    }
    Ok(judged)
}

fn object(bytes: &[u8], what: &str) -> Result<serde_json::Map<String, Value>, NoResult> {
    let garbage = |why: &dyn std::fmt::Display| {
        NoResult::Garbage(text::line(&format!("{what} no JSON object: {why}")))
    };
    let written = str::from_utf8(bytes).map_err(|why| garbage(&why))?;
    match serde_json::from_str::<Value>(&nan_to_null(written.trim())) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(garbage(&"it is something else")),
        Err(why) => Err(garbage(&why)),
    }
}

fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn finite(name: &str, value: &Value) -> Result<f64, NoResult> {
    let number = value.as_f64().filter(|number| number.is_finite());
    number.ok_or_else(|| {
        NoResult::NotFinite(format!("`{}` is not a finite number", text::line(name)))
    })
}

/// The numbers of an object; flags count as 1 and 0, texts are left out. What stands there for
/// NaN is refused.
fn numbers(map: &serde_json::Map<String, Value>) -> Result<Metrics, NoResult> {
    let mut found = Metrics::new();
    for (name, value) in map.iter().take(1_000) {
        match value {
            Value::Bool(flag) => found.insert(name.clone(), f64::from(u8::from(*flag))),
            Value::Number(_) | Value::Null => found.insert(name.clone(), finite(name, value)?),
            _ => None,
        };
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_container_prints_is_a_result_if_it_says_success() {
        let printed = br#"{"status": "success", "combined_score": 0.5,
            "metrics": {"combined_score": 0.5, "ok": true, "word": "x"},
            "artifacts": {"details": "three of six", "n": 3}}"#;
        let judged = parse_container(printed).unwrap();
        assert_eq!(judged.metrics["combined_score"].to_bits(), 0.5_f64.to_bits());
        assert_eq!(judged.metrics.len(), 2);
        assert_eq!(judged.artifacts[1].1, ArtifactSource::Text("3".into()));
        assert_eq!(judged.feedback, "three of six");
        let only = br#"{"status": "success", "combined_score": 2, "metrics": {}}"#;
        assert!(parse_container(only).unwrap().metrics["combined_score"] > 1.0);
    }

    #[test]
    fn what_is_no_success_has_no_score() {
        for printed in [
            r#"{"status": "error", "combined_score": 9, "metrics": {"combined_score": 9}}"#,
            r#"{"combined_score": 9, "metrics": {}}"#,
            r#"{"status": "timeout", "combined_score": 9}"#,
        ] {
            let judged = parse_container(printed.as_bytes()).unwrap();
            assert!(!judged.metrics.contains_key("combined_score"), "{printed}");
            assert!(judged.feedback.contains("status"), "{printed}");
        }
        for printed in [
            r#"{"status": "success", "combined_score": NaN, "metrics": {}}"#,
            r#"{"status": "success", "combined_score": 1, "metrics": {"loss": NaN}}"#,
            r#"{"status": "success", "combined_score": "1", "metrics": {}}"#,
        ] {
            let refused = parse_container(printed.as_bytes());
            assert!(matches!(refused, Err(NoResult::NotFinite(_))), "{printed}");
        }
        // A program that prints a result of its own beside the evaluator's.
        let twice = r#"{"status": "success", "combined_score": 9}{"status": "success"}"#;
        for printed in ["", "noise", "[1]", twice] {
            let refused = parse_container(printed.as_bytes());
            assert!(matches!(refused, Err(NoResult::Garbage(_))), "{printed}");
        }
    }

    #[test]
    fn rewards_are_numbers_or_objects() {
        let score = |text: &str| parse_reward(text.as_bytes()).unwrap().metrics["combined_score"];
        assert_eq!(score(" 0.25\n").to_bits(), 0.25_f64.to_bits());
        assert_eq!(score(r#"{"reward": 2, "passed": 3}"#).to_bits(), 2_f64.to_bits());
        assert_eq!(score(r#"{"score": 1}"#).to_bits(), 1_f64.to_bits());
        assert!(parse_reward(b"nan").is_err() && parse_reward(b"").is_err());
        let none = parse_reward(br#"{"combined_score": 9}"#).unwrap();
        assert!(none.metrics.is_empty());
    }
}
