//! From text to a validated task, with every mistake located.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::validate::{self, Finding};
use super::{TaskConfig, schema};

/// A mistake in `task.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the text; absent when the mistake is that something is missing.
    pub span: Option<Range<usize>>,
    /// What to do.
    pub help: Option<String>,
}

/// Reads and validates a task. On failure every mistake that could be found is listed, in
/// the order of the text.
pub fn parse_task(text: &str) -> Result<TaskConfig, Vec<Problem>> {
    let document = DeTable::parse(text).map_err(|error| vec![from_toml(&error)])?;
    let mut problems = schema::unknown_keys(document.get_ref());
    match toml::from_str::<TaskConfig>(text) {
        Ok(mut task) => {
            validate::fill_in(&mut task);
            let findings = validate::findings(&task);
            problems.extend(findings.into_iter().map(|f| locate(document.get_ref(), f)));
            if problems.is_empty() {
                return Ok(task);
            }
        }
        // Unknown keys were reported above, with a suggestion.
        Err(error) if !error.message().starts_with("unknown field") => {
            problems.push(from_toml(&error));
        }
        Err(_) => {}
    }
    problems.sort_by_key(|problem| problem.span.as_ref().map_or(usize::MAX, |span| span.start));
    Err(problems)
}

fn from_toml(error: &toml::de::Error) -> Problem {
    let message = error.message();
    // serde names the missing key; say it in the words of the other messages.
    let (message, help) = match message.strip_prefix("missing field ") {
        Some(field) => (format!("missing key {field}"), Some(missing_help(field))),
        None => (message.to_owned(), None),
    };
    Problem { message, span: error.span(), help }
}

fn missing_help(field: &str) -> String {
    match field.trim_matches('`') {
        "task" => "add `[task]` with a `name`".to_owned(),
        "objective" => {
            "add `[[objective]]` with `metric` and `goal = \"maximize\"` or \"minimize\"".to_owned()
        }
        "evaluator" => "add `[evaluator]` and at least one `[[evaluator.stage]]`".to_owned(),
        other => format!("add `{other} = …` here"),
    }
}

fn locate(document: &DeTable<'_>, finding: Finding) -> Problem {
    Problem { span: span_of(document, &finding.path), message: finding.message, help: finding.help }
}

/// The span of the value at a path such as `evaluator.stage.0.judge`, or of its nearest
/// ancestor that is there.
fn span_of(document: &DeTable<'_>, path: &str) -> Option<Range<usize>> {
    let mut parts = path.split('.');
    let first = document.get(parts.next()?)?;
    let (mut span, mut value) = (first.span(), first.get_ref());
    for part in parts {
        let next = match value {
            DeValue::Table(table) => table.get(part),
            DeValue::Array(items) => part.parse::<usize>().ok().and_then(|i| items.get(i)),
            _ => None,
        };
        let Some(next) = next else { break };
        (span, value) = (next.span(), next.get_ref());
    }
    Some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[task]
name = "t"
[program]
path = "p.py"
[[objective]]
metric = "score"
goal = "maximize"
[evaluator]
judge_files = ["judge.py"]
[[evaluator.stage]]
name = "full"
run = ["python3", "run.py"]
judge = ["python3", "judge.py"]
"#;

    fn problems(text: &str) -> Vec<Problem> {
        parse_task(text).unwrap_err()
    }

    #[test]
    fn a_minimal_task_is_accepted_with_defaults() {
        let task = parse_task(GOOD).unwrap();
        assert_eq!(task.search.strategy, "adaptive");
        assert_eq!(task.language().as_deref(), Some("python"));
        assert_eq!(task.evaluator.stage[0].timeout.to_string(), "1m");
    }

    #[test]
    fn a_misspelt_key_is_shown_with_a_suggestion() {
        let text = GOOD.replace("[evaluator]\n", "[search]\nstratgy = \"x\"\n[evaluator]\n");
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].message, "unknown key `stratgy` in `[search]`");
        assert_eq!(found[0].help.as_deref(), Some("did you mean `strategy`?"));
        assert_eq!(&text[found[0].span.clone().unwrap()], "stratgy");
    }

    #[test]
    fn every_unknown_key_is_reported_at_once() {
        let text = GOOD.replace("name = \"full\"", "name = \"full\"\ntimout = \"5s\"\nfoo = 1");
        let messages: Vec<_> = problems(&text).into_iter().map(|p| p.message).collect();
        assert_eq!(
            messages,
            [
                "unknown key `timout` in `[evaluator.stage]`",
                "unknown key `foo` in `[evaluator.stage]`"
            ]
        );
    }

    #[test]
    fn keys_of_later_versions_say_so() {
        let text = format!("{GOOD}\n[budget]\ndevice_hours = 4\n");
        assert!(
            problems(&text)[0].help.as_deref().unwrap().contains("does not have leased devices")
        );
    }

    #[test]
    fn wrong_types_and_bad_toml_are_located() {
        let text = GOOD.replace("\"maximize\"", "\"up\"");
        let found = problems(&text);
        assert_eq!(&text[found[0].span.clone().unwrap()], "\"up\"");
        assert!(problems("[task\n")[0].span.is_some());
        let text = format!("{GOOD}\n[budget]\nwall = \"soon\"\n");
        assert!(problems(&text)[0].message.contains("is not a duration"));
    }

    #[test]
    fn missing_tables_are_named() {
        let found = problems("[task]\nname = \"x\"\n");
        assert!(found[0].message.contains("missing key"), "{found:?}");
        assert!(found[0].help.as_deref().unwrap().starts_with("add "));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "[ -~\n]{0,200}") {
            let _ = parse_task(&text);
        }
    }
}
