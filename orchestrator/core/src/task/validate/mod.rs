//! The rules that types cannot say.

mod knowledge;
mod models;
mod notify;
mod npu;

pub use notify::is_web_address;

use std::collections::BTreeSet;
use std::path::{Component, Path};

use globset::Glob;

use super::{EvaluatorKind, MountMode, Stage, TaskConfig, Trust, shipped_price};
use crate::ids::StageName;
use crate::program::Program;

/// A mistake at a path of the document.
pub(super) struct Finding {
    pub path: String,
    pub message: String,
    pub help: Option<String>,
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, path: impl Into<String>, message: impl Into<String>, help: &str) {
        self.0.push(Finding {
            path: path.into(),
            message: message.into(),
            help: (!help.is_empty()).then(|| help.to_owned()),
        });
    }
}

/// Gives unnamed stages their names, and models the price that is known.
pub(super) fn fill_in(task: &mut TaskConfig) {
    for model in &mut task.model {
        model.price = model.price.or_else(|| shipped_price(model));
    }
    let evaluator = &mut task.evaluator;
    if evaluator.kind == EvaluatorKind::BuiltinNpu {
        if evaluator.stage.is_empty() {
            evaluator.stage.push(Stage::built_in("grade"));
        }
        evaluator.holdout.get_or_insert_with(|| Stage::built_in("holdout"));
    }
    for (i, stage) in task.evaluator.stage.iter_mut().enumerate() {
        if stage.name.as_str().is_empty() {
            stage.name = StageName(format!("stage{}", i + 1));
        }
    }
    if let Some(holdout) = &mut task.evaluator.holdout {
        holdout.name = "holdout".into();
    }
}

/// Every broken rule.
pub(super) fn findings(task: &TaskConfig) -> Vec<Finding> {
    let mut found = Findings(Vec::new());
    task_section(task, &mut found);
    program(task, &mut found);
    objectives(task, &mut found);
    evaluator(task, &mut found);
    models::models(task, &mut found);
    models::command(task, &mut found);
    knowledge::knowledge(task, &mut found);
    search(task, &mut found);
    models::budget(task, &mut found);
    env(&task.sandbox.env, "sandbox.env", &mut found);
    sandbox(task, &mut found);
    notify::notify(task, &mut found);
    found.0
}

fn env(entries: &[String], key: &str, found: &mut Findings) {
    for (i, entry) in entries.iter().enumerate() {
        if entry.split_once('=').is_none_or(|(name, _)| name.is_empty()) {
            found.add(format!("{key}.{i}"), format!("`{entry}` is not NAME=value"), "");
        }
    }
}

fn sandbox(task: &TaskConfig, found: &mut Findings) {
    let section = &task.sandbox;
    relative(section.build.as_deref(), "sandbox.build", found);
    if section.image.is_some() && section.build.is_some() {
        found.add("sandbox.build", "both `image` and `build` are given", "keep one of them");
    }
    if section.image.as_deref().is_some_and(|image| image.trim().is_empty()) {
        found.add("sandbox.image", "the image has no name", "");
    }
    let mut targets = BTreeSet::new();
    for (i, mount) in section.mount.iter().enumerate() {
        let key = |name: &str| format!("sandbox.mount.{i}.{name}");
        if !mount.source.starts_with(['/', '$']) {
            found.add(key("source"), "this is not an absolute path", "begin with `/` or `${NAME}`");
        }
        let target = Path::new(&mount.target);
        let plain = target.components().skip(1).all(|part| matches!(part, Component::Normal(_)));
        if !target.is_absolute() || !plain || target.components().count() < 2 {
            let what = format!("`{}` is not an absolute path without `..`", mount.target);
            found.add(key("target"), what, "for example /data");
        }
        if let Some(own) = TAKEN.iter().find(|own| target.starts_with(own)) {
            let what = format!("{own} is the sandbox's own");
            found.add(key("target"), what, "choose another place, for example /data");
        }
        if !targets.insert(&mount.target) {
            found.add(key("target"), "two mounts have the same target", "");
        }
        if mount.shared && mount.mode == MountMode::Ro {
            found.add(
                key("shared"),
                "only a cache can be shared; data always is",
                "remove the key",
            );
        }
    }
}

/// Places in a sandbox that cannot be covered by a mount.
const TAKEN: [&str; 7] =
    ["/evolve", "/evolve-helper", "/evolve-door", "/proc", "/sys", "/dev", "/tmp"];

/// Cores of one's own are whole ones.
fn pinned(stage: &Stage, key: &str, found: &mut Findings) {
    if stage.resources.pin && stage.resources.cpus.fract() != 0.0 {
        let what = format!("{} cores cannot be one's own", stage.resources.cpus);
        found.add(format!("{key}.resources.pin"), what, "give `cpus` as a whole number");
    }
}

fn task_section(task: &TaskConfig, found: &mut Findings) {
    let name = &task.task.name;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) || name.starts_with('.') {
        found.add(
            "task.name",
            format!("`{name}` is not a task name"),
            "use up to 64 letters, digits, `-`, `_` and `.`; it becomes part of folder names",
        );
    }
    if task.task.description.is_some() && task.task.description_file.is_some() {
        found.add(
            "task.description_file",
            "both `description` and `description_file` are given",
            "keep one of them",
        );
    }
    relative(task.task.description_file.as_deref(), "task.description_file", found);
    relative(task.prompts.folder.as_deref(), "prompts.folder", found);
    for (i, source) in task.cognition.sources.iter().enumerate() {
        if source.starts_with("library:") {
            continue; // which subjects there are is known where the library is
        }
        relative(Some(source.trim_end_matches('/')), &format!("cognition.sources.{i}"), found);
    }
}

fn relative(path: Option<&str>, key: &str, found: &mut Findings) {
    if let Some(Err(error)) = path.map(|p| Program::check_path(p.trim_end_matches('/'))) {
        found.add(key, error.to_string(), "give a path inside the task folder");
    }
}

fn program(task: &TaskConfig, found: &mut Findings) {
    let Some(program) = &task.program else {
        if task.model.is_empty() && task.command.is_none() {
            found.add(
                "task",
                "there is no program to start from and no model to draft one",
                "add `[program]` with a `path`, or a `[[model]]`",
            );
        }
        return;
    };
    relative(Some(&program.path), "program.path", found);
    relative(program.population.as_deref(), "program.population", found);
    globs(&program.editable, "program.editable", found);
    for (i, rule) in program.deny.iter().enumerate() {
        let what = match regex::Regex::new(&rule.pattern) {
            Err(error) => error.to_string(),
            Ok(pattern) if pattern.is_match("") => "it matches everything".to_owned(),
            Ok(_) => continue,
        };
        let what = format!("`{}` cannot be denied: {what}", rule.pattern);
        found.add(format!("program.deny.{i}.pattern"), what, "");
    }
}

fn globs(patterns: &[String], key: &str, found: &mut Findings) {
    for (i, pattern) in patterns.iter().enumerate() {
        if let Err(error) = Glob::new(pattern.trim_end_matches('/')) {
            found.add(format!("{key}.{i}"), format!("`{pattern}` is not a glob: {error}"), "");
        }
    }
}

fn objectives(task: &TaskConfig, found: &mut Findings) {
    if task.objective.is_empty() {
        found.add("objective", "a task needs at least one objective", "add `[[objective]]`");
    }
    let mut seen = BTreeSet::new();
    for (i, objective) in task.objective.iter().enumerate() {
        let path = format!("objective.{i}");
        if objective.metric.is_empty() {
            found.add(format!("{path}.metric"), "the metric has no name", "");
        }
        if !seen.insert(&objective.metric) {
            found.add(
                format!("{path}.metric"),
                format!("`{}` is the metric of two objectives", objective.metric),
                "remove one",
            );
        }
        for (key, value) in [
            ("target", objective.target),
            ("baseline", objective.baseline),
            ("human", objective.human),
            ("plausible_max", objective.plausible_max),
        ] {
            if value.is_some_and(|v| !v.is_finite()) {
                found.add(format!("{path}.{key}"), format!("`{key}` must be a finite number"), "");
            }
        }
        if let (Some(target), Some(bound)) = (objective.target, objective.plausible_max)
            && objective.goal.is_better(target, bound)
        {
            found.add(
                format!("{path}.plausible_max"),
                "the target lies beyond `plausible_max`, so it could never be believed",
                "a bound for a minimised metric is its least plausible value",
            );
        }
    }
}

fn evaluator(task: &TaskConfig, found: &mut Findings) {
    let evaluator = &task.evaluator;
    match (evaluator.kind, &evaluator.npu) {
        (EvaluatorKind::BuiltinNpu, _) => return npu::npu(evaluator, found),
        (_, Some(_)) => found.add(
            "evaluator.npu",
            "`[evaluator.npu]` has no meaning for commands",
            "remove it, or set kind = \"builtin:npu\"",
        ),
        (_, None) => {}
    }
    if evaluator.stage.is_empty() {
        found.add(
            "evaluator.stage",
            "an evaluator needs at least one stage",
            "add `[[evaluator.stage]]` with `run` and `judge`",
        );
    }
    for (key, patterns) in [
        ("candidate_files", &evaluator.candidate_files),
        ("judge_files", &evaluator.judge_files),
        ("shared_files", &evaluator.shared_files),
    ] {
        globs(patterns, &format!("evaluator.{key}"), found);
    }
    let mut names = BTreeSet::new();
    for (i, stage) in evaluator.stage.iter().enumerate() {
        let path = format!("evaluator.stage.{i}");
        if !names.insert(&stage.name) || stage.name.as_str() == "holdout" {
            found.add(
                format!("{path}.name"),
                format!("the name `{}` is taken", stage.name),
                "give every stage a name of its own; `holdout` is reserved",
            );
        }
        stage_rules(evaluator.trust, stage, &path, found);
    }
    if let Some(holdout) = &evaluator.holdout {
        stage_rules(evaluator.trust, holdout, "evaluator.holdout", found);
    }
}

fn stage_rules(trust: Trust, stage: &Stage, path: &str, found: &mut Findings) {
    pinned(stage, path, found);
    if stage.run.is_empty() || stage.run[0].is_empty() {
        found.add(
            format!("{path}.run"),
            "`run` is empty",
            "give the command as a list, for example [\"python3\", \"run.py\"]",
        );
    }
    match trust {
        Trust::Split if stage.judge.is_empty() => found.add(
            path,
            format!("stage `{}` has no `judge`", stage.name),
            "under trust = \"split\" every stage has `run` and `judge`; with trust = \"in-process\" \
             `run` writes the result itself, which a hostile program can forge",
        ),
        Trust::InProcess if !stage.judge.is_empty() => found.add(
            format!("{path}.judge"),
            "`judge` has no meaning under trust = \"in-process\"",
            "remove it, or use trust = \"split\"",
        ),
        _ => {}
    }
    if stage.repeats.min < 1 || stage.repeats.max < stage.repeats.min {
        found.add(format!("{path}.repeats"), "`repeats` needs 1 ≤ min ≤ max", "");
    }
    if stage.timeout.0.is_zero() {
        found.add(format!("{path}.timeout"), "the timeout is zero", "");
    }
    if !(stage.resources.cpus.is_finite() && stage.resources.cpus > 0.0) {
        found.add(format!("{path}.resources.cpus"), "`cpus` must be more than 0", "");
    }
}

fn search(task: &TaskConfig, found: &mut Findings) {
    let search = &task.search;
    for (operator, weight) in &search.operators {
        let path = format!("search.operators.{}", operator.word());
        if !(weight.is_finite() && *weight >= 0.0) {
            found.add(&path, "a weight is a number of at least 0", "");
        }
        if !operator.is_chosen() {
            let message = format!("`{}` is not an operator to choose", operator.word());
            found.add(&path, message, "remove it");
        }
    }
    if !search.operators.is_empty() && search.operators.values().all(|w| *w <= 0.0) {
        found.add("search.operators", "all operators have weight 0", "");
    }
    if search.islands < 1 {
        found.add("search.islands", "there must be at least one island", "");
    }
    if search.archive < 2 {
        found.add("search.archive", "the archive must hold at least 2 candidates", "");
    }
}

#[cfg(test)]
mod tests {
    use crate::task::parse_task;

    const BASE: &str = "[task]\nname = \"t\"\n[program]\npath = \"p.py\"\n";
    const OBJECTIVE: &str = "[[objective]]\nmetric = \"s\"\ngoal = \"maximize\"\n";
    const STAGE: &str = "[[evaluator.stage]]\nname = \"a\"\nrun = [\"x\"]\njudge = [\"y\"]\n";

    fn messages(text: &str) -> Vec<String> {
        parse_task(text).unwrap_err().into_iter().map(|p| p.message).collect()
    }

    #[test]
    fn a_stage_without_judge_is_an_error_under_split() {
        let stage = STAGE.replace("judge = [\"y\"]\n", "");
        assert_eq!(messages(&format!("{BASE}{OBJECTIVE}{stage}")), ["stage `a` has no `judge`"]);
    }

    #[test]
    fn a_seedless_task_needs_a_model() {
        let base = BASE.replace("[program]\npath = \"p.py\"\n", "");
        assert!(messages(&format!("{base}{OBJECTIVE}{STAGE}"))[0].contains("no program"));
    }

    #[test]
    fn several_mistakes_are_listed_together() {
        let text = format!(
            "{}{OBJECTIVE}{OBJECTIVE}{STAGE}{STAGE}[search]\nislands = 0\n",
            BASE.replace("p.py", "../p.py")
        );
        let found = messages(&text);
        assert_eq!(found.len(), 4, "{found:?}");
    }

    #[test]
    fn a_target_beyond_the_plausible_is_refused() {
        let objective = format!("{OBJECTIVE}target = 3\nplausible_max = 2\n");
        assert!(
            messages(&format!("{BASE}{objective}{STAGE}"))[0].contains("beyond `plausible_max`")
        );
    }

    #[test]
    fn what_a_sandbox_cannot_show_is_refused() {
        for (text, said) in [
            ("image = \"x\"\nbuild = \"Dockerfile\"", "both `image` and `build`"),
            ("build = \"../Dockerfile\"", "../Dockerfile"),
            ("[[sandbox.mount]]\nsource = \"data\"\ntarget = \"/d\"", "not an absolute path"),
            ("[[sandbox.mount]]\nsource = \"/a\"\ntarget = \"/d/../e\"", "without `..`"),
            ("[[sandbox.mount]]\nsource = \"/a\"\ntarget = \"/\"", "not an absolute path"),
            ("[[sandbox.mount]]\nsource = \"/a\"\ntarget = \"/evolve/work\"", "the sandbox's own"),
            ("[[sandbox.mount]]\nsource = \"/a\"\ntarget = \"/d\"\nshared = true", "only a cache"),
        ] {
            let found = messages(&format!("{BASE}{OBJECTIVE}{STAGE}[sandbox]\n{text}\n"));
            assert!(found.len() == 1 && found[0].contains(said), "{text}: {found:?}");
        }
        let twice = "[[sandbox.mount]]\nsource = \"/a\"\ntarget = \"/d\"\n".repeat(2);
        let found = messages(&format!("{BASE}{OBJECTIVE}{STAGE}{twice}"));
        assert_eq!(found, ["two mounts have the same target"]);
    }

    #[test]
    fn half_a_core_is_nobodys_own() {
        let stage = format!("{STAGE}resources = {{ cpus = 1.5, pin = true }}\n");
        let found = messages(&format!("{BASE}{OBJECTIVE}{stage}"));
        assert_eq!(found, ["1.5 cores cannot be one's own"]);
    }

    #[test]
    fn a_pattern_that_denies_nothing_or_everything_is_refused() {
        for (pattern, said) in [("(", "unclosed group"), ("x*", "it matches everything")] {
            let deny = format!("deny = [{{ pattern = '{pattern}', reason = \"why\" }}]");
            let base = BASE.replace("path = \"p.py\"", &format!("path = \"p.py\"\n{deny}"));
            let found = messages(&format!("{base}{OBJECTIVE}{STAGE}"));
            assert!(found.len() == 1 && found[0].contains(said), "{found:?}");
        }
    }
}
