//! How a run was made, in sentences fit for a paper, and the commands that repeat it.
//!
//! Every sentence is generated from the facts; none says what the journal does not hold.

use evolve_core::event::Operator;
use evolve_core::facts::Phase;
use evolve_core::task::{
    Budget, Choice, EvaluatorKind, ModelSection, ParameterValue, Stage, TaskConfig, Trust,
};
use evolve_core::{Facts, Goal, Objective};

use crate::format::{count, duration, one_line};
use crate::model::{Moment, Status};
use crate::text::dollars;

/// Longest text of a task's author within a sentence, in characters.
const QUOTED: usize = 200;
/// Key under which a run remembers the folder its task was copied from.
const TASK_FOLDER: &str = "task_folder";

/// How the run was made and what came of it: paragraphs of plain text.
pub fn methods(facts: &Facts, moment: &Moment) -> Vec<String> {
    let paragraphs = [
        vec![aim(facts), begin(facts), search(facts)],
        vec![proposers(facts), knowledge(facts)],
        vec![evaluation(facts), noise(facts), trust(facts)],
        vec![limits(facts), outcome(facts, moment)],
    ];
    paragraphs.map(|sentences| sentences.join(" ")).into()
}

/// The commands that repeat the run, with what each of them promises.
pub fn commands(facts: &Facts) -> Vec<(String, &'static str)> {
    let run = &facts.run;
    let mut commands = Vec::new();
    let taken_over = run.overrides.iter().any(|text| text.starts_with("--as "));
    if let (Some(folder), false) = (run.host.get(TASK_FOLDER), taken_over) {
        let mut words = vec![quoted(folder)];
        for text in &run.overrides {
            match text.split_once(' ') {
                Some((flag, value)) => words.push(format!("{flag} {}", quoted(value))),
                None => words.push(text.clone()),
            }
        }
        if !run.overrides.iter().any(|text| text.starts_with("--seed ")) {
            words.push(format!("--seed {}", run.seed));
        }
        let note = "the same search anew; models and clocks may answer differently";
        commands.push((format!("evolve start {}", words.join(" ")), note));
        let replay = format!("evolve start {} --proposer replay:{}", quoted(folder), run.run);
        commands.push((replay, "the recorded answers and results again: the same canonical hash"));
    }
    commands.push((format!("evolve verify {}", run.run), "whether journal and blobs are whole"));
    commands
}

/// A word of a shell's command line.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn aim(facts: &Facts) -> String {
    let task = &facts.run.task;
    let version = one_line(&facts.run.evolve, 60);
    let aims: Vec<String> = task.objective.iter().map(objective).collect();
    let name = one_line(&task.task.name, 80);
    format!("Programs for the task {name} were evolved with evolve {version}, to {}.", list(&aims))
}

fn objective(objective: &Objective) -> String {
    let goal = match objective.goal {
        Goal::Maximize => "maximise",
        Goal::Minimize => "minimise",
    };
    let known = [
        ("baseline", objective.baseline),
        ("best design by people", objective.human),
        ("target", objective.target),
    ];
    let known: Vec<String> =
        known.iter().filter_map(|(name, value)| Some(format!("{name} {}", (*value)?))).collect();
    let known = if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) };
    format!("{goal} {}{known}", one_line(&objective.metric, 80))
}

fn begin(facts: &Facts) -> String {
    let run = &facts.run;
    let from = match (&run.from, run.program) {
        (Some(from), _) => format!("the program {}", one_line(from, 120)),
        (None, Some(hash)) => format!("the task's start program (BLAKE3 {hash})"),
        (None, None) => return "There was no start program: the first were drafts.".to_owned(),
    };
    let score = match facts.start_score() {
        Some(score) => format!("which scored {score}"),
        None => "which has no score".to_owned(),
    };
    let others = match run.population {
        0 => String::new(),
        n => format!(" {} further start programs were proposed first.", count(n.into())),
    };
    format!("The search began with {from}, {score}.{others}")
}

fn search(facts: &Facts) -> String {
    let search = &facts.run.task.search;
    let parameters: Vec<String> = search
        .parameters
        .iter()
        .map(|(name, value)| match value {
            ParameterValue::Number(number) => format!("{name} = {number}"),
            ParameterValue::Names(names) => format!("{name} = {}", names.join(", ")),
        })
        .collect();
    let parameters = match parameters.as_slice() {
        [] => "its parameters at their defaults".to_owned(),
        some => one_line(&some.join("; "), QUOTED),
    };
    let operators = match search.operators.len() {
        0 => "Operators had their default weights".to_owned(),
        _ => format!("Operators had the weights {}", weights(&search.operators)),
    };
    let follow = match search.operator_choice {
        Choice::Bandit => "the weights may follow what each operator gained",
        Choice::Weights => "the weights were fixed",
    };
    format!(
        "The strategy was {} ({parameters}), with seed {}, up to {} {}, an archive of {} programs and {} \
         inspirations for each proposal. {operators}; {follow}.",
        one_line(&search.strategy, 60),
        facts.run.seed,
        count(search.islands.into()),
        if search.islands == 1 { "island" } else { "islands" },
        count(search.archive.into()),
        count(search.inspirations.into()),
    )
}

fn weights(operators: &std::collections::BTreeMap<Operator, f64>) -> String {
    let each: Vec<String> = operators
        .iter()
        .map(|(operator, weight)| format!("{} {weight}", operator.word()))
        .collect();
    list(&each)
}

fn proposers(facts: &Facts) -> String {
    let run = &facts.run;
    match run.proposer.as_str() {
        "mutate" => "Changes were made by syntax-aware mutation, without a model.".to_owned(),
        "model" => {
            let models: Vec<String> = run.task.model.iter().map(model).collect();
            let choice = match run.task.search.model_choice {
                Choice::Bandit => "weights that follow their gains per dollar",
                Choice::Weights => "fixed weights",
            };
            format!(
                "Changes were proposed by {}, chosen by {choice}; prompts had at most {} tokens.",
                list(&models),
                count(run.task.prompts.max_tokens.into())
            )
        }
        other => format!("Changes were proposed by the proposer {}.", one_line(other, 80)),
    }
}

fn model(model: &ModelSection) -> String {
    let mut said = vec![format!("weight {}", model.weight)];
    said.extend(model.max_tokens.map(|n| format!("at most {} tokens", count(n.into()))));
    said.extend(model.temperature.map(|t| format!("temperature {t}")));
    said.extend(model.top_p.map(|p| format!("top-p {p}")));
    said.extend(model.reasoning_effort.as_ref().map(|effort| format!("reasoning {effort}")));
    said.extend(model.extra.iter().map(|(key, value)| format!("{key} = {value}")));
    said.push(match model.price {
        Some(price) => {
            let cached = price.cached.map(|usd| format!(", ${usd} cached")).unwrap_or_default();
            format!("${} in{cached}, ${} out per million tokens", price.input, price.output)
        }
        None => "no price of its own".to_owned(),
    });
    format!("{} ({})", one_line(model.name.as_str(), 80), one_line(&said.join(", "), 400))
}

fn knowledge(facts: &Facts) -> String {
    let task = &facts.run.task;
    let shown = if task.cognition.sources.is_empty() {
        "No cognition items were shown.".to_owned()
    } else {
        let sources = list(&task.cognition.sources);
        let most = count(task.cognition.top_k.into());
        format!("Proposers saw up to {most} cognition items of {}.", one_line(&sources, QUOTED))
    };
    let analyzer = match (facts.run.analyzer, &task.analyzer.model) {
        (false, _) => "No analyzer was at work.".to_owned(),
        (true, None) => "An analyzer drew insights from the experiments by statistics.".to_owned(),
        (true, Some(model)) => format!(
            "An analyzer drew insights from the experiments, by statistics and by asking {} after \
             every {} evaluations.",
            one_line(model.as_str(), 80),
            count(task.analyzer.every.into())
        ),
    };
    format!("{shown} {analyzer}")
}

fn evaluation(facts: &Facts) -> String {
    let evaluator = &facts.run.task.evaluator;
    if evaluator.kind == EvaluatorKind::BuiltinNpu {
        let machine = evaluator.npu.as_ref().map_or("default", |npu| npu.machine.as_str());
        let machine = one_line(machine, 60);
        return format!("Candidates were measured on the simulated accelerator {machine}.");
    }
    let stages: Vec<String> = evaluator.stage.iter().map(stage).collect();
    let number = match stages.len() {
        1 => "one stage".to_owned(),
        n => format!("{n} stages, each of which could end the evaluation"),
    };
    format!("Each candidate was evaluated in {number}: {}.", stages.join("; "))
}

fn stage(stage: &Stage) -> String {
    let repeats = match (stage.repeats.min, stage.repeats.max) {
        (1, 1) => "measured once".to_owned(),
        (least, most) if least == most => format!("measured {most} times"),
        (least, most) => format!("measured {least} to {most} times"),
    };
    let gate = stage.gate.as_ref().map(|gate| format!(", passed if {}", one_line(gate, 120)));
    let resources = &stage.resources;
    format!(
        "{} ({repeats}, timeout {}, {} CPU, {} memory{})",
        one_line(stage.name.0.as_str(), 60),
        stage.timeout,
        resources.cpus,
        resources.memory,
        gate.unwrap_or_default()
    )
}

fn noise(facts: &Facts) -> String {
    let evaluator = &facts.run.task.evaluator;
    let repeated = evaluator.stage.iter().any(|stage| stage.repeats.max > 1);
    let noise = if repeated {
        "A would-be best was measured again, up to the most repeats, and became the best only if \
         the repeats that both have said so."
    } else {
        "Each score is one measurement; the evaluator is taken to be free of noise."
    };
    match &evaluator.holdout {
        Some(_) => {
            format!("{noise} Winners were verified on held-out cases that no prompt showed.")
        }
        None => noise.to_owned(),
    }
}

fn trust(facts: &Facts) -> String {
    let task: &TaskConfig = &facts.run.task;
    let writes = match task.evaluator.trust {
        Trust::Split => {
            "Candidates ran in one sandbox and were judged in another; only the judge wrote results."
        }
        Trust::InProcess => {
            "Candidates shared a process with the judge and could have written their own results."
        }
    };
    let shared = if task.shares_cache() { " All candidates shared a cache." } else { "" };
    let sandbox: Vec<String> =
        facts.run.sandbox.iter().map(|line| one_line(line, QUOTED)).collect();
    let sandbox = match sandbox.as_slice() {
        [] => String::new(),
        lines => format!(" Sandbox: {}.", lines.join("; ")),
    };
    format!("{writes}{shared}{sandbox}")
}

fn limits(facts: &Facts) -> String {
    let slots = &facts.slots;
    let host: Vec<String> = facts
        .run
        .host
        .iter()
        // Where it lay and what the machine is called say nothing about the result.
        .filter(|(key, _)| !matches!(key.as_str(), TASK_FOLDER | "name"))
        .map(|(key, value)| format!("{} {}", one_line(key, 40), one_line(value, 120)))
        .collect();
    let host = match host.as_slice() {
        [] => String::new(),
        some => format!(" on a host with {}", some.join(", ")),
    };
    format!(
        "Up to {} proposals and {} evaluations ran side by side{host}. The budget was {}.",
        slots.proposals,
        slots.evaluations,
        budget(&facts.budget)
    )
}

fn budget(budget: &Budget) -> String {
    let mut parts = Vec::new();
    parts.extend(budget.candidates.map(|n| format!("{} evaluated candidates", count(n))));
    parts.extend(budget.usd.map(dollars));
    parts.extend(budget.tokens.map(|n| format!("{} tokens", count(n))));
    parts.extend(budget.wall.map(|span| duration(span.0.as_secs_f64())));
    parts.extend(budget.stagnation.map(|n| format!("{} candidates without a gain", count(n))));
    if parts.is_empty() { "unlimited".to_owned() } else { list(&parts) }
}

fn outcome(facts: &Facts, moment: &Moment) -> String {
    let status = Status::of(facts, moment, None);
    let counts = &status.candidates;
    let end = match (&facts.phase, &status.stopped) {
        (Phase::Stopped { .. }, Some(stop)) => {
            format!("The run ended because {}, after", one_line(&stop.detail, QUOTED))
        }
        _ => "The run has not come to rest; so far there were".to_owned(),
    };
    let best = match &status.best {
        None => "no candidate has a score".to_owned(),
        Some(best) => {
            let score = best.score.map_or_else(|| "none".to_owned(), |score| score.to_string());
            format!("the best, {}, scores {score}", best.candidate)
        }
    };
    format!(
        "{end} {} evaluated candidates ({} of them failed), {} rejected {}, {} tokens, {} and \
         {}; {best}.",
        count(counts.evaluated),
        count(counts.failed),
        count(counts.rejected),
        if counts.rejected == 1 { "proposal" } else { "proposals" },
        count(status.cost.tokens),
        dollars(status.cost.usd),
        duration(status.cost.wall_s)
    )
}

/// `a, b and c`.
fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
