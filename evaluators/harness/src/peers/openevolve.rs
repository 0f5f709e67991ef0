//! OpenEvolve: a program, an `evaluator.py` with `evaluate(program_path)`, a `config.yaml`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::assemble::{self, Parts, name_of, place_program, tops};
use super::keys::{self, Key, Meaning};
use super::listing::{Listing, config_of, with_stem};
use super::models::{Draft, LLM, Naming};
use super::population::{Found, from_checkpoint};
use super::settings::Settings;
use super::{Adapter, Import, PeerError, Source, driver, python};

/// See the module's page.
pub(super) struct OpenEvolve;

/// Seconds for an evaluation where the configuration says nothing.
const TIMEOUT: f64 = 300.0;
/// Thresholds where it says nothing.
const THRESHOLDS: [f64; 3] = [0.5, 0.75, 0.9];

/// Why a key has no meaning here.
mod because {
    pub const JOURNAL: &str = "the journal keeps everything, always";
    pub const PROMPTS: &str = "the prompts are our own";
    pub const SELECTION: &str = "another way of selecting takes its place";
    pub const NO_JUDGE: &str = "no model judges programs";
    pub const EMBEDDINGS: &str = "duplicates are found by syntax, not by embeddings";
}

/// Every key of `config.yaml` besides those of models.
pub(super) const KEYS: &[Key] = &[
    (
        "max_iterations",
        Meaning::Taken(|v, s| {
            s.budget.insert("candidates".to_owned(), json!(keys::count(v)?));
            Ok(())
        }),
    ),
    ("random_seed", Meaning::Taken(seed)),
    (
        "language",
        Meaning::Taken(|v, s| {
            s.language = Some(keys::text(v)?);
            Ok(())
        }),
    ),
    (
        "file_suffix",
        Meaning::Taken(|v, s| {
            s.suffix = Some(keys::text(v)?);
            Ok(())
        }),
    ),
    (
        "max_code_length",
        Meaning::Taken(|v, s| {
            s.max_size = Some(keys::count(v)?);
            Ok(())
        }),
    ),
    (
        "diff_based_evolution",
        Meaning::Taken(|v, s| {
            if !keys::flag(v)? {
                s.operators.insert("rewrite", 1.0);
            }
            Ok(())
        }),
    ),
    (
        "full_rewrite_probability",
        Meaning::Taken(|v, s| {
            let share = keys::number(v)?;
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("{share} is not between 0 and 1"));
            }
            if share > 0.0 {
                s.operators.insert("rewrite", share);
                s.operators.insert("diff", 1.0 - share);
            }
            Ok(())
        }),
    ),
    (
        "early_stopping_patience",
        Meaning::Taken(|v, s| {
            s.budget.insert("stagnation".to_owned(), json!(keys::count(v)?));
            Ok(())
        }),
    ),
    ("convergence_threshold", Meaning::Nothing("a gain is told from noise by a test")),
    ("early_stopping_metric", Meaning::Nothing("it is always the score")),
    ("enforce_evolve_blocks", Meaning::Nothing("edits outside of the blocks are always refused")),
    ("diff_pattern", Meaning::Nothing(because::PROMPTS)),
    ("checkpoint_interval", Meaning::Nothing(because::JOURNAL)),
    ("checkpoint_on_improvement", Meaning::Nothing(because::JOURNAL)),
    ("log_level", Meaning::Nothing("see --log-level")),
    ("log_dir", Meaning::Nothing("see --log-level")),
    ("logger_prefix", Meaning::Nothing("see --log-level")),
    ("max_tasks_per_child", Meaning::Nothing("sandboxes are renewed by rules of our own")),
    ("evolution_trace.*", Meaning::Nothing(because::JOURNAL)),
    (
        "llm.primary_model",
        Meaning::Taken(|v, s| {
            named_model(v, s, 0, 1.0)?;
            Ok(())
        }),
    ),
    ("llm.primary_model_weight", Meaning::Taken(|v, s| weigh(v, s, 0))),
    (
        "llm.secondary_model",
        Meaning::Taken(|v, s| {
            named_model(v, s, 1, 0.2)?;
            Ok(())
        }),
    ),
    ("llm.secondary_model_weight", Meaning::Taken(|v, s| weigh(v, s, 1))),
    ("llm.provider", Meaning::Nothing("models are asked through OpenAI's interface")),
    ("llm.name", Meaning::Nothing("each model has its own")),
    ("llm.max_budget_usd", Meaning::Nothing("see budget.usd")),
    ("llm.max_ai_credits", Meaning::Nothing("see budget.usd")),
    ("llm.allow_all_tools", Meaning::Nothing("a command of your own is [command]")),
    ("llm.manual_mode", Meaning::Nothing("a command of your own is [command]")),
    ("prompt.system_message", Meaning::Taken(description)),
    ("prompt.num_top_programs", Meaning::Taken(shown)),
    ("prompt.num_diverse_programs", Meaning::Taken(shown)),
    ("prompt.*", Meaning::Nothing(because::PROMPTS)),
    (
        "database.num_islands",
        Meaning::Taken(|v, s| {
            s.islands(keys::count(v)?);
            Ok(())
        }),
    ),
    (
        "database.population_size",
        Meaning::Taken(|v, s| {
            s.archive(keys::count(v)?);
            Ok(())
        }),
    ),
    (
        "database.archive_size",
        Meaning::Nothing("the best are found without an archive of their own"),
    ),
    (
        "database.feature_dimensions",
        Meaning::Taken(|v, s| {
            s.features(keys::list(v, keys::text)?);
            Ok(())
        }),
    ),
    ("database.feature_bins", Meaning::Taken(bins)),
    ("database.exploration_ratio", Meaning::Taken(|v, s| grid(v, s, "exploration"))),
    ("database.exploitation_ratio", Meaning::Taken(|v, s| grid(v, s, "exploitation"))),
    ("database.elite_selection_ratio", Meaning::Taken(|v, s| grid(v, s, "elites"))),
    ("database.migration_interval", Meaning::Taken(|v, s| grid(v, s, "migration_interval"))),
    ("database.migration_rate", Meaning::Taken(|v, s| grid(v, s, "migration_rate"))),
    ("database.random_seed", Meaning::Taken(seed)),
    (
        "database.island_initial_programs",
        Meaning::Nothing("give them with `evolve import --population`"),
    ),
    ("database.diversity_metric", Meaning::Nothing(because::SELECTION)),
    ("database.diversity_reference_size", Meaning::Nothing(because::SELECTION)),
    ("database.novelty_llm", Meaning::Nothing(because::EMBEDDINGS)),
    ("database.embedding_model", Meaning::Nothing(because::EMBEDDINGS)),
    ("database.embedding_api_base", Meaning::Nothing(because::EMBEDDINGS)),
    ("database.similarity_threshold", Meaning::Nothing(because::EMBEDDINGS)),
    ("database.db_path", Meaning::Nothing(because::JOURNAL)),
    ("database.in_memory", Meaning::Nothing(because::JOURNAL)),
    ("database.log_prompts", Meaning::Nothing(because::JOURNAL)),
    ("database.artifacts_base_path", Meaning::Nothing(because::JOURNAL)),
    ("database.artifact_size_threshold", Meaning::Nothing(because::JOURNAL)),
    ("database.cleanup_old_artifacts", Meaning::Nothing(because::JOURNAL)),
    ("database.artifact_retention_days", Meaning::Nothing(because::JOURNAL)),
    ("database.max_snapshot_artifacts", Meaning::Nothing(because::JOURNAL)),
    (
        "evaluator.timeout",
        Meaning::Taken(|v, s| {
            s.timeout = Some(keys::positive(v)?);
            Ok(())
        }),
    ),
    (
        "evaluator.cascade_evaluation",
        Meaning::Taken(|v, s| {
            s.cascade = Some(keys::flag(v)?);
            Ok(())
        }),
    ),
    (
        "evaluator.cascade_thresholds",
        Meaning::Taken(|v, s| {
            s.thresholds = Some(keys::list(v, keys::number)?);
            Ok(())
        }),
    ),
    (
        "evaluator.parallel_evaluations",
        Meaning::Taken(|v, s| {
            s.run.insert("evaluation_slots".to_owned(), json!(keys::count(v)?.max(1)));
            Ok(())
        }),
    ),
    (
        "evaluator.memory_limit_mb",
        Meaning::Taken(|v, s| {
            let limit = format!("{}MiB", keys::count(v)?.max(1));
            s.resources.insert("memory".to_owned(), json!(limit));
            Ok(())
        }),
    ),
    (
        "evaluator.cpu_limit",
        Meaning::Taken(|v, s| {
            s.resources.insert("cpus".to_owned(), json!(keys::positive(v)?));
            Ok(())
        }),
    ),
    (
        "evaluator.evaluator_args",
        Meaning::Taken(|v, s| {
            if !v.is_object() {
                return Err(format!("{v} is not a mapping of names to values"));
            }
            s.arguments = Some(v.clone());
            Ok(())
        }),
    ),
    (
        "evaluator.max_retries",
        Meaning::Nothing("a failed evaluation is the program's, or the host's and then repeated"),
    ),
    ("evaluator.distributed", Meaning::Nothing("evaluations run on this machine")),
    ("evaluator.use_llm_feedback", Meaning::Nothing(because::NO_JUDGE)),
    ("evaluator.llm_feedback_weight", Meaning::Nothing(because::NO_JUDGE)),
    ("evaluator.enable_artifacts", Meaning::Nothing(because::JOURNAL)),
    ("evaluator.max_artifact_storage", Meaning::Nothing(because::JOURNAL)),
];

pub(super) fn seed(value: &Value, settings: &mut Settings) -> Result<(), String> {
    settings.search.insert("seed".to_owned(), json!(keys::count(value)?));
    Ok(())
}

fn description(value: &Value, settings: &mut Settings) -> Result<(), String> {
    let text = keys::text(value)?;
    // The word stands for the template of that name.
    if text != "system_message" {
        settings.description = Some(text);
    }
    Ok(())
}

fn shown(value: &Value, settings: &mut Settings) -> Result<(), String> {
    settings.show(keys::count(value)?);
    Ok(())
}

pub(super) fn grid(value: &Value, settings: &mut Settings, name: &str) -> Result<(), String> {
    settings.grid.insert(name.to_owned(), json!(keys::number(value)?));
    Ok(())
}

pub(super) fn bins(value: &Value, settings: &mut Settings) -> Result<(), String> {
    let most = value.as_object().map(|each| each.values().filter_map(Value::as_u64).max());
    let count = match most {
        Some(most) => most.unwrap_or(10),
        None => keys::count(value)?,
    };
    settings.grid.insert("bins".to_owned(), json!(count.clamp(1, 100)));
    Ok(())
}

/// A model with a key of its own, the first or the second.
fn named_model(
    value: &Value,
    settings: &mut Settings,
    which: usize,
    weight: f64,
) -> Result<(), String> {
    let name = keys::text(value)?;
    if !name.is_empty() {
        settings.named[which] = Some(settings.models.len());
        settings.models.push(Draft { name, weight: Some(weight), ..Draft::default() });
    }
    Ok(())
}

/// Keys come sorted by name, so a model's weight comes after the model.
fn weigh(value: &Value, settings: &mut Settings, which: usize) -> Result<(), String> {
    let weight = keys::number(value)?;
    if let Some(model) = settings.named[which].and_then(|at| settings.models.get_mut(at)) {
        model.weight = Some(weight);
    }
    Ok(())
}

impl Adapter for OpenEvolve {
    fn name(&self) -> &'static str {
        "openevolve"
    }

    fn recognise(&self, folder: &Path) -> Option<Source> {
        let evaluator = folder.join("evaluator.py");
        let stem = |stem| with_stem(folder, stem, &["py"]);
        let program = stem("initial_program").or_else(|| stem("initial_prompt"));
        let found = evaluator.is_file().then_some(program)?;
        Some(Source { program: Some(found?), evaluator, config: config_of(folder) })
    }

    fn import(&self, source: &Source) -> Result<Import, PeerError> {
        let mut settings = Settings::default();
        if let Some(config) = &source.config {
            keys::read(config, &[KEYS, LLM], &mut settings)?;
        }
        let plan = Plan { naming: Naming::Plain, timeout: TIMEOUT, thresholds: &THRESHOLDS };
        function_task(source, settings, &plan)
    }

    fn population(&self, place: &Path) -> Option<Result<Vec<Found>, PeerError>> {
        from_checkpoint(place, "code")
    }
}

/// What systems with such a function differ in.
pub(super) struct Plan<'a> {
    pub naming: Naming,
    pub timeout: f64,
    pub thresholds: &'a [f64],
}

/// The task of an evaluator that is a Python file with `evaluate(program_path)`.
pub(super) fn function_task(
    source: &Source,
    mut settings: Settings,
    plan: &Plan<'_>,
) -> Result<Import, PeerError> {
    let read = |path: &Path| fs::read_to_string(path).map_err(|why| PeerError::read(path, why));
    let evaluator = &source.evaluator;
    let text = read(evaluator)?;
    let stages =
        (1..=3).take_while(|n| python::defines(&text, &format!("evaluate_stage{n}"))).count();
    let cascade = settings.cascade.unwrap_or(true) && stages > 0;
    if !cascade && !python::defines(&text, "evaluate") {
        let why = "it defines no function `evaluate`; name the evaluator with --as KIND PROGRAM \
                   EVALUATOR";
        return Err(PeerError::shape(evaluator, why));
    }
    let program = source
        .program
        .clone()
        .ok_or_else(|| PeerError::shape(evaluator, "there is no start program beside it"))?;
    let root = evaluator.parent().unwrap_or(Path::new(".")).to_owned();
    let listing = Listing::of(&root)?;
    let secret: Option<&Path> = source.config.as_deref().filter(|_| settings.holds_secret);
    let mut files = listing.copies(&secret.into_iter().collect::<Vec<_>>());
    let path = place_program(&program, &listing, &mut files);
    files.extend(driver::with_shims("run_openevolve.py"));
    let limit = settings.timeout.unwrap_or(plan.timeout);
    let mut run = vec!["python3".to_owned(), driver::path("run_openevolve.py")];
    let name = evaluator.file_name().map_or("evaluator.py".into(), |name| name.to_string_lossy());
    run.push(name.into_owned());
    let mut option = |name: &str, value: String| run.extend([format!("--{name}={value}")]);
    if cascade {
        let thresholds = settings.thresholds.clone().unwrap_or_else(|| plan.thresholds.to_vec());
        let texts: Vec<_> = thresholds.iter().map(f64::to_string).collect();
        option("cascade", texts.join(","));
        option("stage-timeout", limit.to_string());
    }
    if let Some(suffix) = &settings.suffix {
        option("suffix", suffix.clone());
    }
    if !settings.features.is_empty() {
        option("features", settings.features.join(","));
    }
    if let Some(arguments) = &settings.arguments {
        option("arguments", arguments.to_string());
    }
    if !text.contains("combined_score") {
        settings.notes.push(format!(
            "{name} never says `combined_score`: the score is the mean of its numbers that are no \
             feature dimensions, so of all of them more should be better",
            name = evaluator.file_name().unwrap_or_default().to_string_lossy()
        ));
    }
    let parts = Parts {
        name: name_of(&root),
        visible: tops(&files),
        program: Some(path),
        kind: "command",
        run,
        // Stages have the time each.
        wall: limit * if cascade { stages as f64 } else { 1.0 },
        holdout: None,
        warm: warm(&[&text, &read_if_python(&program)], &listing),
        requirements: assemble::requirements(&root, &mut settings.notes),
        build: None,
        description_file: None,
        bytes: listing.bytes,
        naming: plan.naming,
    };
    assemble::task(&root, parts, settings, files)
}

/// What a driver needs, and what evaluator and program import of others.
pub(super) fn warm(texts: &[&str], listing: &Listing) -> Vec<String> {
    let own = ["argparse", "asyncio", "hashlib", "importlib.util", "json", "runpy", "tempfile"];
    let mut found: std::collections::BTreeSet<String> = own.map(str::to_owned).into();
    let shims = ["openevolve", "shinka", "skydiscover"];
    for module in texts.iter().flat_map(|text| python::imports(text)) {
        let root = module.split('.').next().unwrap_or_default().to_owned();
        if python::may_be_warm(&module)
            && !listing.has_module(&module)
            && !shims.contains(&root.as_str())
        {
            found.insert(module);
        }
    }
    found.into_iter().collect()
}

/// The text of a Python program; nothing for others.
pub(super) fn read_if_python(program: &PathBuf) -> String {
    let is_python = program.extension().is_some_and(|extension| extension == "py");
    if is_python { fs::read_to_string(program).unwrap_or_default() } else { String::new() }
}
