//! Rules of models, of the command that may ask them, and of what both may spend.

use std::collections::BTreeSet;

use super::{Findings, env, globs};
use crate::task::{ModelSection, TaskConfig};

pub(super) fn models(task: &TaskConfig, found: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (i, model) in task.model.iter().enumerate() {
        let path = format!("model.{i}");
        if !seen.insert(&model.name) {
            found.add(format!("{path}.name"), format!("`{}` is listed twice", model.name), "");
        }
        if !model.base_url.starts_with("http://") && !model.base_url.starts_with("https://") {
            found.add(
                format!("{path}.base_url"),
                format!("`{}` is not an http or https URL", model.base_url),
                "for example \"http://localhost:8000/v1\"",
            );
        }
        if !(model.weight.is_finite() && model.weight >= 0.0) {
            found.add(format!("{path}.weight"), "a weight is a number of at least 0", "");
        }
        if let Some(price) = &model.price
            && [price.input, price.output, price.cached.unwrap_or(0.0)]
                .iter()
                .any(|p| !p.is_finite() || *p < 0.0)
        {
            found.add(format!("{path}.price"), "a price is a number of at least 0", "");
        }
        request_fields(model, &path, found);
    }
}

/// Fields of a request that other keys, or evolve itself, decide about.
const DECIDED: [&str; 14] = [
    "model",
    "messages",
    "input",
    "instructions",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "reasoning_effort",
    "n",
    "max_output_tokens",
    "reasoning",
];

fn request_fields(model: &ModelSection, path: &str, found: &mut Findings) {
    if model.api_key_env.is_some() && !model.api_key_command.is_empty() {
        let what = "both `api_key_env` and `api_key_command` are given";
        found.add(format!("{path}.api_key_command"), what, "keep one of them");
    }
    if let Some(field) = model.extra.keys().find(|field| DECIDED.contains(&field.as_str())) {
        let what = format!("`{field}` is not for `extra`");
        found.add(format!("{path}.extra.{field}"), what, "use the model's own key, if it has one");
    }
    if model.top_p.is_some_and(|top_p| !(top_p > 0.0 && top_p <= 1.0)) {
        found.add(format!("{path}.top_p"), "`top_p` is more than 0 and at most 1", "");
    }
}

pub(super) fn command(task: &TaskConfig, found: &mut Findings) {
    let Some(command) = &task.command else { return };
    if command.run.first().is_none_or(String::is_empty) {
        found.add(
            "command.run",
            "`run` is empty",
            "give the command as a list, for example [\"python3\", \"agent.py\"]",
        );
    }
    globs(&command.files, "command.files", found);
    env(&command.env, "command.env", found);
    if command.timeout.0.is_zero() {
        found.add("command.timeout", "the timeout is zero", "");
    }
    if !(command.cpus.is_finite() && command.cpus > 0.0) {
        found.add("command.cpus", "`cpus` must be more than 0", "");
    }
    if command.tokens == 0 {
        found.add("command.tokens", "`tokens` must be more than 0", "");
    }
    if command.usd.is_some_and(|usd| !(usd.is_finite() && usd >= 0.0)) {
        found.add("command.usd", "`usd` is a number of at least 0", "");
    }
    if command.usd.is_some() && task.model.is_empty() {
        found.add("command.usd", "the task has no model to spend on", "remove the key");
    }
}

pub(super) fn budget(task: &TaskConfig, found: &mut Findings) {
    let budget = &task.budget;
    if let Some(usd) = budget.usd {
        if !(usd.is_finite() && usd >= 0.0) {
            found.add("budget.usd", "`usd` is a number of at least 0", "");
        }
        for (i, model) in task.model.iter().enumerate() {
            if model.price.is_none() || model.max_tokens.is_none() {
                found.add(
                    format!("model.{i}"),
                    format!(
                        "budget `usd` is set, but model `{}` has no `price` or no `max_tokens`",
                        model.name
                    ),
                    "both are needed to reserve the worst case before a call",
                );
            }
        }
    }
    if budget.tokens.is_some() {
        for (i, model) in task.model.iter().enumerate() {
            if model.max_tokens.is_none() {
                found.add(
                    format!("model.{i}"),
                    format!(
                        "budget `tokens` is set, but model `{}` has no `max_tokens`",
                        model.name
                    ),
                    "it is needed to reserve the worst case before a call",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::task::parse_task;

    const TASK: &str = "[task]\nname = \"t\"\n[program]\npath = \"p.py\"\n[[objective]]\n\
                        metric = \"s\"\ngoal = \"maximize\"\n[[evaluator.stage]]\n\
                        name = \"a\"\nrun = [\"x\"]\njudge = [\"y\"]\n";

    fn messages(text: &str) -> Vec<String> {
        parse_task(text).unwrap_err().into_iter().map(|p| p.message).collect()
    }

    #[test]
    fn a_usd_budget_needs_prices() {
        let text = format!("{TASK}[budget]\nusd = 1.0\n[[model]]\nname = \"m\"\n");
        assert!(messages(&text)[0].contains("no `price`"));
    }

    #[test]
    fn a_request_has_one_place_for_each_field() {
        for (text, said) in [
            ("extra = { temperature = 1 }", "`temperature` is not for `extra`"),
            ("extra = { messages = [] }", "`messages` is not for `extra`"),
            ("top_p = 1.5", "`top_p` is more than 0"),
            ("api_key_env = \"K\"\napi_key_command = [\"x\"]", "both `api_key_env`"),
        ] {
            let model = format!("[[model]]\nname = \"m\"\n{text}\n");
            let found = messages(&format!("{TASK}{model}"));
            assert!(found.len() == 1 && found[0].contains(said), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_command_that_could_not_run_is_refused() {
        for (text, said) in [
            ("run = []", "`run` is empty"),
            ("run = [\"a\"]\ntimeout = \"0s\"", "the timeout is zero"),
            ("run = [\"a\"]\ncpus = 0", "`cpus` must be more"),
            ("run = [\"a\"]\nenv = [\"x\"]", "`x` is not NAME=value"),
            ("run = [\"a\"]\nfiles = [\"[\"]", "is not a glob"),
            ("run = [\"a\"]\nusd = 1", "no model to spend on"),
            ("run = [\"a\"]\ntokens = 0", "`tokens` must be more"),
        ] {
            let found = messages(&format!("{TASK}[command]\n{text}\n"));
            assert!(found.len() == 1 && found[0].contains(said), "{text}: {found:?}");
        }
    }
}
