//! Rules of `[notify]`.

use super::Findings;
use crate::task::TaskConfig;

pub(super) fn notify(task: &TaskConfig, found: &mut Findings) {
    let Some(section) = &task.notify else { return };
    match (&section.webhook, &section.webhook_env) {
        (None, None) => found.add(
            "notify",
            "there is neither `webhook` nor `webhook_env`",
            "give the URL, or the name of an environment variable that holds it",
        ),
        (Some(_), Some(_)) => found.add(
            "notify.webhook_env",
            "both `webhook` and `webhook_env` are given",
            "keep one of them",
        ),
        (Some(url), None) if !is_web_address(url) => found.add(
            "notify.webhook",
            format!("`{url}` is not an http or https URL"),
            "for example \"https://hooks.example.org/evolve\"",
        ),
        (None, Some(name)) if name.trim().is_empty() || name.contains('=') => found.add(
            "notify.webhook_env",
            format!("`{name}` is not the name of an environment variable"),
            "it names the variable; the URL itself goes into `webhook`",
        ),
        _ => {}
    }
    if section.on.is_empty() {
        let help = "choose from best, fault, pause and done, or remove the section";
        found.add("notify.on", "nothing is told", help);
    }
    if section.timeout.0.is_zero() {
        found.add("notify.timeout", "the timeout is zero", "");
    }
}

/// Whether a text begins as the address of a webhook must; who sends will see the rest.
pub fn is_web_address(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let plain = !url.contains(|c: char| c.is_whitespace() || c.is_control());
    plain && rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use crate::task::{Occasion, Span, parse_task};

    const TASK: &str = "[task]\nname = \"t\"\n[program]\npath = \"p.py\"\n[[objective]]\n\
                        metric = \"s\"\ngoal = \"maximize\"\n[[evaluator.stage]]\n\
                        name = \"a\"\nrun = [\"x\"]\njudge = [\"y\"]\n[notify]\n";

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, said) in [
            ("", "neither `webhook` nor"),
            ("webhook = \"http://a\"\nwebhook_env = \"A\"\n", "both `webhook` and"),
            ("webhook = \"ftp://a\"\n", "is not an http"),
            ("webhook = \"https:///x\"\n", "is not an http"),
            ("webhook = \"https://a b\"\n", "is not an http"),
            ("webhook_env = \" \"\n", "is not the name"),
            ("webhook = \"http://a\"\non = []\n", "nothing is told"),
            ("webhook = \"http://a\"\ntimeout = \"0s\"\n", "the timeout is zero"),
            ("webhook = \"http://a\"\nevery = \"1s\"\n", "unknown key `every`"),
        ] {
            let text = format!("{TASK}{text}");
            let problems = parse_task(&text).unwrap_err();
            assert!(problems.len() == 1, "{text}: {problems:?}");
            assert!(problems[0].message.contains(said), "{text}: {problems:?}");
            let span = problems[0].span.clone().unwrap();
            assert!(text[..span.end].contains("[notify]"), "{text}: {span:?}");
        }
    }

    #[test]
    fn everything_is_told_unless_the_task_says_otherwise() {
        let parsed = parse_task(&format!("{TASK}webhook_env = \"HOOK\"\n")).unwrap();
        let section = parsed.notify.unwrap();
        assert_eq!(section.on, Occasion::ALL);
        assert_eq!((section.min_interval, section.timeout), (Span::seconds(30), Span::seconds(10)));
    }
}
