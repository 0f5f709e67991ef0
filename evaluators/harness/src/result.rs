//! Reads what a judge wrote. Fails closed: what is not clearly a result is none.

use std::fmt;

use evolve_core::objective::Metrics;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::text;

/// Longest result file in bytes.
pub(crate) const LARGEST_RESULT: u64 = 1 << 20;
/// Most metrics of a result.
const MOST_METRICS: usize = 1_000;
/// Most cases of a result.
const MOST_CASES: usize = 10_000;
/// Most artifacts of a result.
const MOST_ARTIFACTS: usize = 64;
/// Longest name of a metric, case or artifact in characters.
const LONGEST_NAME: usize = 200;
/// Longest feedback in characters; the rest is cut.
const LONGEST_FEEDBACK: usize = 4_000;

/// A result as the judge wrote it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Judged {
    pub metrics: Metrics,
    pub cases: Metrics,
    pub artifacts: Vec<(String, ArtifactSource)>,
    pub feedback: String,
}

/// Where an artifact's bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ArtifactSource {
    Text(String),
    File(String),
}

/// Why there is no result.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoResult {
    /// A number that is none: NaN, infinite, too large. The candidate's fault.
    NotFinite(String),
    /// Something that is not a result. The judge's fault.
    Garbage(String),
}

/// Reads a result file's bytes.
pub(crate) fn parse(bytes: &[u8]) -> Result<Judged, NoResult> {
    if bytes.len() as u64 > LARGEST_RESULT {
        return garbage(format!("the result is larger than {LARGEST_RESULT} bytes"));
    }
    let Ok(text) = str::from_utf8(bytes) else {
        return garbage("the result is not UTF-8".to_owned());
    };
    let text = nan_to_null(text);
    let mut judged = Judged::default();
    let mut has_metrics = false;
    for (key, value) in object(&text, "the result")? {
        match key.as_str() {
            "metrics" => {
                has_metrics = true;
                judged.metrics = numbers(&value, "metrics", MOST_METRICS)?;
            }
            "cases" => judged.cases = numbers(&value, "cases", MOST_CASES)?,
            "artifacts" => judged.artifacts = artifacts(&value)?,
            "feedback" => judged.feedback = feedback(&value)?,
            other => {
                return garbage(format!(
                    "the result has an unknown key `{}`; there are metrics, cases, artifacts, \
                     feedback",
                    text::line(other)
                ));
            }
        }
    }
    if has_metrics { Ok(judged) } else { garbage("the result has no `metrics`".to_owned()) }
}

fn garbage<T>(why: String) -> Result<T, NoResult> {
    Err(NoResult::Garbage(why))
}

/// The entries of a JSON object, unread; a key that comes twice is an error.
fn object(text: &str, what: &str) -> Result<Vec<(String, String)>, NoResult> {
    match serde_json::from_str::<Entries>(text) {
        Ok(Entries(entries)) => Ok(entries),
        Err(error) => {
            garbage(format!("{what} is not as expected: {}", text::line(&error.to_string())))
        }
    }
}

struct Entries(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut seen = std::collections::BTreeSet::new();
                let mut entries = Vec::new();
                // Values stay text: nesting costs no stack, and numbers keep their digits.
                while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if !seen.insert(key.clone()) {
                        return Err(serde::de::Error::custom(format!("`{key}` is there twice")));
                    }
                    entries.push((key, value.get().to_owned()));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

fn numbers(text: &str, what: &str, most: usize) -> Result<Metrics, NoResult> {
    let mut found = Metrics::new();
    for (name, value) in object(text, &format!("`{what}`"))? {
        check_name(&name, what)?;
        if found.len() == most {
            return garbage(format!("`{what}` has more than {most} entries"));
        }
        let shown = text::line(&name);
        let value = match value.as_bytes()[0] {
            b'0'..=b'9' | b'-' => value.parse().unwrap_or(f64::NAN),
            b'n' => f64::NAN,
            kind => {
                let kind = match kind {
                    b'"' => "a string",
                    b't' | b'f' => "true or false (write 1 or 0)",
                    b'[' => "a list",
                    _ => "an object",
                };
                return garbage(format!("`{what}` holds numbers only, but `{shown}` is {kind}"));
            }
        };
        if !value.is_finite() {
            return Err(NoResult::NotFinite(format!("`{shown}` is not a finite number")));
        }
        found.insert(name, value);
    }
    Ok(found)
}

fn artifacts(text: &str) -> Result<Vec<(String, ArtifactSource)>, NoResult> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        File(InFile),
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct InFile {
        file: String,
    }
    let mut found = Vec::new();
    for (name, value) in object(text, "`artifacts`")? {
        check_name(&name, "artifacts")?;
        if found.len() == MOST_ARTIFACTS {
            return garbage(format!("there are more than {MOST_ARTIFACTS} artifacts"));
        }
        let source = match serde_json::from_str(&value) {
            Ok(Written::Text(text)) => ArtifactSource::Text(text),
            Ok(Written::File(InFile { file })) => ArtifactSource::File(file),
            Err(_) => {
                return garbage(format!(
                    "artifact `{}` is neither a text nor {{\"file\": path}}",
                    text::line(&name)
                ));
            }
        };
        found.push((name, source));
    }
    Ok(found)
}

fn feedback(text: &str) -> Result<String, NoResult> {
    match serde_json::from_str::<String>(text) {
        Ok(feedback) => Ok(text::paragraph(&feedback, LONGEST_FEEDBACK)),
        Err(_) => garbage("`feedback` is not a text".to_owned()),
    }
}

fn check_name(name: &str, what: &str) -> Result<(), NoResult> {
    let long = name.chars().count() > LONGEST_NAME;
    if name.is_empty() || long || name.chars().any(char::is_control) {
        return garbage(format!("`{what}` has a name that is empty, too long or unprintable"));
    }
    Ok(())
}

/// Python's `json` writes `NaN`, `Infinity` and `-Infinity`, which are no JSON. They become
/// `null`, which is refused as a number where one is expected, instead of making the whole
/// file unreadable.
pub(crate) fn nan_to_null(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(['"', 'N', 'I', '-']) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let word = ["NaN", "Infinity", "-Infinity"].into_iter().find(|w| rest.starts_with(*w));
        let taken = if let Some(word) = word {
            out.push_str("null");
            word.len()
        } else {
            let end = if rest.starts_with('"') { string_end(rest) } else { 1 };
            out.push_str(&rest[..end]);
            end
        };
        rest = &rest[taken..];
    }
    out.push_str(rest);
    out
}

/// Where the string ends that the text begins with.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (i, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return i + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> NoResult {
        parse(text.as_bytes()).expect_err(text)
    }

    #[test]
    fn a_whole_result_is_read() {
        let judged = parse(
            br#"{"metrics": {"score": 2.61, "valid": 1, "loss": -1e-3}, "cases": {"n=26": 2.61},
                 "artifacts": {"why": "circle \"3\"", "p.svg": {"file": "out/p.svg"}},
                 "feedback": "two NaN corners\u001b[31m"}"#,
        )
        .unwrap();
        assert_eq!(judged.metrics["loss"].to_bits(), (-1e-3_f64).to_bits());
        assert_eq!(judged.cases["n=26"].to_bits(), 2.61_f64.to_bits());
        assert_eq!(judged.artifacts[0].1, ArtifactSource::Text("circle \"3\"".into()));
        assert_eq!(judged.artifacts[1].1, ArtifactSource::File("out/p.svg".into()));
        assert_eq!(judged.feedback, "two NaN corners[31m");
    }

    #[test]
    fn what_is_not_finite_is_invalid() {
        for value in ["NaN", "Infinity", "-Infinity", "null", "1e999", "-1e999"] {
            let text = format!("{{\"metrics\": {{\"ok\": 1, \"score\": {value}}}}}");
            assert!(matches!(refused(&text), NoResult::NotFinite(why) if why.contains("`score`")));
        }
    }

    #[test]
    fn what_is_no_result_is_garbage() {
        for text in [
            "",
            "null",
            "[]",
            "1",
            "{}",
            "{\"metrics\": []}",
            "{\"metrics\": {\"s\": \"1\"}}",
            "{\"metrics\": {\"s\": true}}",
            "{\"metrics\": {\"s\": [1]}}",
            "{\"metrics\": {\"s\": {\"x\": 1}}}",
            "{\"metrics\": {\"s\": 1, \"s\": 2}}",
            "{\"metrics\": {\"s\": 1}, \"metrics\": {\"s\": 2}}",
            "{\"metrics\": {\"s\": 1}} trailing",
            "{\"metrics\": {\"s\": 1}, \"metric\": {}}",
            "{\"metrics\": {\"s\": 01}}",
            "{\"metrics\": {\"\": 1}}",
            "{\"metrics\": {\"a\\nb\": 1}}",
            "{\"metrics\": {}, \"artifacts\": {\"a\": 1}}",
            "{\"metrics\": {}, \"artifacts\": {\"a\": {\"file\": \"x\", \"y\": 1}}}",
            "{\"metrics\": {}, \"feedback\": 1}",
            "{\"metrics\": {\"s\": 1}",
        ] {
            assert!(matches!(refused(text), NoResult::Garbage(_)), "{text}");
        }
        assert!(matches!(parse(b"{\"metrics\": {\"\xff\": 1}}"), Err(NoResult::Garbage(_))));
    }

    #[test]
    fn bombs_are_refused_without_harm() {
        let deep =
            format!("{{\"metrics\": {{\"s\": {}1{}}}}}", "[".repeat(200_000), "]".repeat(200_000));
        assert!(matches!(refused(&deep), NoResult::Garbage(_)));
        let deep = format!("{{\"metrics\": {}", "{\"a\":".repeat(150_000));
        assert!(matches!(refused(&deep), NoResult::Garbage(_)));
        let many: Vec<String> = (0..1001).map(|i| format!("\"m{i}\": 1")).collect();
        let text = format!("{{\"metrics\": {{{}}}}}", many.join(","));
        assert!(matches!(refused(&text), NoResult::Garbage(why) if why.contains("1000")));
        let large = format!("{{\"metrics\": {{}}, \"feedback\": \"{}\"}}", "x".repeat(1 << 20));
        assert!(matches!(refused(&large), NoResult::Garbage(why) if why.contains("larger")));
    }

    #[test]
    fn long_feedback_is_cut() {
        let text = format!("{{\"metrics\": {{}}, \"feedback\": \"{}\"}}", "é".repeat(10_000));
        let feedback = parse(text.as_bytes()).unwrap().feedback;
        assert_eq!(feedback.chars().count(), 4_001);
        assert!(feedback.ends_with('…'));
    }

    proptest! {
        #[test]
        fn accepted_metrics_are_finite(text in "[-0-9eE.+NaIfinty]{1,12}") {
            if let Ok(judged) = parse(format!("{{\"metrics\": {{\"s\": {text}}}}}").as_bytes()) {
                prop_assert!(judged.metrics["s"].is_finite());
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), text in "[\"{}\\[\\]:,\\\\a-cN-]{0,40}") {
            let _ = parse(&bytes);
            let _ = parse(text.as_bytes());
        }

        #[test]
        fn every_finite_number_is_read_as_it_was_written(value in any::<f64>()) {
            prop_assume!(value.is_finite());
            let judged = parse(format!("{{\"metrics\": {{\"s\": {value:?}}}}}").as_bytes()).unwrap();
            prop_assert_eq!(judged.metrics["s"].to_bits(), value.to_bits());
        }
    }
}
