//! Rules of `[embedding]` and `[analyzer]`.

use super::Findings;
use crate::task::TaskConfig;

pub(super) fn knowledge(task: &TaskConfig, found: &mut Findings) {
    if let Some(name) = &task.analyzer.model
        && !task.model.iter().any(|model| model.name == *name)
    {
        let known: Vec<&str> = task.model.iter().map(|model| model.name.as_str()).collect();
        let help = if known.is_empty() {
            "add a [[model]] of that name, or remove the key: statistics then do what they can"
                .to_owned()
        } else {
            format!("the task has: {}", known.join(", "))
        };
        found.add("analyzer.model", format!("there is no [[model]] named `{name}`"), &help);
    }
    if task.search.asks_for_clusters() && task.embedding.is_none() {
        found.add(
            "search.parameters.descriptors",
            "`cluster` is found by embeddings, but the task has no [embedding]",
            "add an [embedding], or order programs by `size`, `complexity` or `distance`",
        );
    }
    let Some(embedding) = &task.embedding else { return };
    if !embedding.base_url.starts_with("http://") && !embedding.base_url.starts_with("https://") {
        found.add(
            "embedding.base_url",
            format!("`{}` is not an http or https URL", embedding.base_url),
            "for example \"http://localhost:8000/v1\"",
        );
    }
    if embedding.price.is_some_and(|price| !(price.is_finite() && price >= 0.0)) {
        found.add("embedding.price", "a price is a number of at least 0", "");
    }
    if task.budget.usd.is_some() && embedding.price.is_none() {
        found.add(
            "embedding",
            "budget `usd` is set, but the embedding has no `price`",
            "it is needed to reserve the worst case before a call; 0 if it costs nothing",
        );
    }
    if !(0.0..=1.0).contains(&embedding.same_idea) {
        found.add("embedding.same_idea", "a cosine is between 0 and 1", "1 lets all ideas pass");
    }
    if embedding.timeout.0.is_zero() {
        found.add("embedding.timeout", "the timeout is zero", "");
    }
}

#[cfg(test)]
mod tests {
    use crate::task::parse_task;

    const TASK: &str = "[task]\nname = \"t\"\n[program]\npath = \"p.py\"\n[[objective]]\n\
                        metric = \"s\"\ngoal = \"maximize\"\n[[evaluator.stage]]\n\
                        name = \"a\"\nrun = [\"x\"]\njudge = [\"y\"]\n";

    #[test]
    fn an_analyzer_asks_a_model_that_is_there_and_an_embedding_can_be_paid_for() {
        for (text, said) in [
            ("[analyzer]\nmodel = \"m\"\n", "no [[model]] named `m`"),
            ("[analyzer]\nmodel = \"m\"\n[[model]]\nname = \"n\"\n", "no [[model]] named `m`"),
            ("[embedding]\nname = \"e\"\nbase_url = \"x\"\n", "`x` is not an http"),
            ("[embedding]\nname = \"e\"\nprice = -1\n", "a price is a number"),
            ("[embedding]\nname = \"e\"\n[budget]\nusd = 1\n", "the embedding has no `price`"),
            ("[embedding]\nname = \"e\"\nsame_idea = 1.5\n", "a cosine is between"),
            ("[embedding]\nname = \"e\"\ntimeout = \"0s\"\n", "the timeout is zero"),
            ("[search.parameters]\ndescriptors = [\"size\", \"cluster\"]\n", "no [embedding]"),
        ] {
            let problems = parse_task(&format!("{TASK}{text}")).unwrap_err();
            let found: Vec<_> = problems.into_iter().map(|p| p.message).collect();
            assert!(found.len() == 1 && found[0].contains(said), "{text}: {found:?}");
        }
        let sound =
            "[analyzer]\nmodel = \"m\"\n[[model]]\nname = \"m\"\n[embedding]\nname = \"e\"\n";
        assert!(parse_task(&format!("{TASK}{sound}")).is_ok());
    }
}
