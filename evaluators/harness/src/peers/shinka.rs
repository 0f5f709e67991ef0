//! ShinkaEvolve: `initial.<ext>` and an `evaluate.py` that is called with `--program_path` and
//! `--results_dir` and leaves `metrics.json` and `correct.json`.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::assemble::{self, Parts, name_of, place_program, tops};
use super::keys::{self, Key, Meaning};
use super::listing::{Listing, config_of, with_stem};
use super::models::{Draft, Naming};
use super::openevolve::{read_if_python, warm};
use super::population::Found;
use super::settings::Settings;
use super::{Adapter, Import, PeerError, Source, driver};

/// See the module's page.
pub(super) struct Shinka;

/// Seconds for an evaluation where the configuration gives no time: there is no limit there.
const TIMEOUT: f64 = 3600.0;

/// Extensions of start programs, the likeliest first.
const EXTENSIONS: [&str; 14] =
    ["py", "go", "jl", "rs", "cpp", "cc", "cxx", "cu", "swift", "json", "f90", "f95", "f03", "f08"];

/// Names of databases.
const DATABASES: [&str; 2] = ["programs.sqlite", "evolution_db.sqlite"];

mod because {
    pub const PROMPTS: &str = "the prompts are our own, and do not evolve";
    pub const NOVELTY: &str = "duplicates are found by syntax, not by embeddings or models";
    pub const META: &str = "insights come of statistics over the experiments";
    pub const SELECTION: &str = "another way of selecting takes its place";
    pub const PACE: &str = "proposals keep evaluations busy by rules of our own";
    pub const HYDRA: &str = "composition of configurations is hydra's";
}

/// Both forms of a key's table: `evo` and `evo_config`, `db` and `db_config`, `job` and
/// `job_config`.
macro_rules! both {
    ($table:literal: $($key:literal => $meaning:expr),* $(,)?) => {
        &[$((concat!($table, ".", $key), $meaning), (concat!($table, "_config.", $key), $meaning)),*]
    };
}

/// Keys of the evolution.
pub(super) const EVO: &[Key] = both! { "evo":
    "task_sys_msg" => Meaning::Taken(|v, s| {
        s.description = Some(keys::text(v)?);
        Ok(())
    }),
    "num_generations" => Meaning::Taken(|v, s| {
        // The start is a generation there.
        let candidates = keys::count(v)?.saturating_sub(1).max(1);
        s.budget.insert("candidates".to_owned(), json!(candidates));
        Ok(())
    }),
    "max_api_costs" => Meaning::Taken(|v, s| {
        s.budget.insert("usd".to_owned(), json!(keys::positive(v)?));
        Ok(())
    }),
    "patch_types" => Meaning::Taken(patch_types),
    "patch_type_probs" => Meaning::Taken(patch_weights),
    "language" => Meaning::Taken(|v, s| {
        s.language = Some(keys::text(v)?);
        Ok(())
    }),
    "llm_models" => Meaning::Taken(|v, s| {
        let names = keys::list(v, keys::text)?;
        s.models.extend(names.into_iter().map(|name| Draft { name, ..Draft::default() }));
        Ok(())
    }),
    "llm_kwargs" => Meaning::Taken(model_options),
    "llm_dynamic_selection" => Meaning::Taken(model_choice),
    "init_program_path" => Meaning::Taken(|v, s| {
        s.program = Some(keys::text(v)?);
        Ok(())
    }),
    "use_text_feedback" => Meaning::Taken(|v, s| {
        s.text_feedback = Some(keys::flag(v)?);
        Ok(())
    }),
    "llm_dynamic_selection_kwargs" => Meaning::Nothing(because::SELECTION),
    "max_patch_resamples" => Meaning::Nothing("an answer that cannot be applied goes back twice at most"),
    "max_patch_attempts" => Meaning::Nothing("an answer that cannot be applied goes back twice at most"),
    "job_type" => Meaning::Nothing("where commands run is [sandbox] kind"),
    "results_dir" => Meaning::Nothing("see --runs"),
    "inspiration_sort_order" => Meaning::Nothing(because::PROMPTS),
    "embedding_model" => Meaning::Nothing(because::NOVELTY),
    "code_embed_sim_threshold" => Meaning::Nothing(because::NOVELTY),
    "max_novelty_attempts" => Meaning::Nothing(because::NOVELTY),
    "novelty_llm_models" => Meaning::Nothing(because::NOVELTY),
    "novelty_llm_kwargs" => Meaning::Nothing(because::NOVELTY),
    "meta_rec_interval" => Meaning::Nothing(because::META),
    "meta_llm_models" => Meaning::Nothing(because::META),
    "meta_llm_kwargs" => Meaning::Nothing(because::META),
    "meta_max_recommendations" => Meaning::Nothing(because::META),
    "sample_single_meta_rec" => Meaning::Nothing(because::META),
    "enable_controlled_oversubscription" => Meaning::Nothing(because::PACE),
    "proposal_target_mode" => Meaning::Nothing(because::PACE),
    "proposal_target_min_samples" => Meaning::Nothing(because::PACE),
    "proposal_target_ratio_cap" => Meaning::Nothing(because::PACE),
    "proposal_buffer_max" => Meaning::Nothing(because::PACE),
    "proposal_target_hard_cap" => Meaning::Nothing(because::PACE),
    "proposal_target_ewma_alpha" => Meaning::Nothing(because::PACE),
    "evolve_prompts" => Meaning::Nothing(because::PROMPTS),
    "prompt_patch_types" => Meaning::Nothing(because::PROMPTS),
    "prompt_patch_type_probs" => Meaning::Nothing(because::PROMPTS),
    "prompt_evolution_interval" => Meaning::Nothing(because::PROMPTS),
    "prompt_archive_size" => Meaning::Nothing(because::PROMPTS),
    "prompt_llm_models" => Meaning::Nothing(because::PROMPTS),
    "prompt_llm_kwargs" => Meaning::Nothing(because::PROMPTS),
    "prompt_ucb_exploration_constant" => Meaning::Nothing(because::PROMPTS),
    "prompt_epsilon" => Meaning::Nothing(because::PROMPTS),
    "prompt_evo_top_k_programs" => Meaning::Nothing(because::PROMPTS),
    "prompt_percentile_recompute_interval" => Meaning::Nothing(because::PROMPTS),
    "_target_" => Meaning::Nothing(because::HYDRA),
};

/// Keys of the database of programs.
pub(super) const DB: &[Key] = both! { "db":
    "num_islands" => Meaning::Taken(|v, s| {
        s.islands(keys::count(v)?);
        Ok(())
    }),
    "archive_size" => Meaning::Taken(|v, s| {
        s.archive(keys::count(v)?);
        Ok(())
    }),
    "num_archive_inspirations" => Meaning::Taken(shown),
    "num_top_k_inspirations" => Meaning::Taken(shown),
    "db_path" => Meaning::Nothing("the journal keeps everything, always"),
    "elite_selection_ratio" => Meaning::Nothing(because::SELECTION),
    "migration_interval" => Meaning::Nothing(because::SELECTION),
    "migration_rate" => Meaning::Nothing(because::SELECTION),
    "island_elitism" => Meaning::Nothing(because::SELECTION),
    "enforce_island_separation" => Meaning::Nothing(because::SELECTION),
    "island_selection_strategy" => Meaning::Nothing(because::SELECTION),
    "enable_dynamic_islands" => Meaning::Nothing(because::SELECTION),
    "stagnation_threshold" => Meaning::Nothing(because::SELECTION),
    "island_spawn_strategy" => Meaning::Nothing(because::SELECTION),
    "island_spawn_subtree_size" => Meaning::Nothing(because::SELECTION),
    "parent_selection_strategy" => Meaning::Nothing(because::SELECTION),
    "exploitation_alpha" => Meaning::Nothing(because::SELECTION),
    "exploitation_ratio" => Meaning::Nothing(because::SELECTION),
    "parent_selection_lambda" => Meaning::Nothing(because::SELECTION),
    "num_beams" => Meaning::Nothing(because::SELECTION),
    "archive_selection_strategy" => Meaning::Nothing(because::SELECTION),
    "archive_criteria" => Meaning::Nothing(because::SELECTION),
    "_target_" => Meaning::Nothing(because::HYDRA),
};

/// Keys of a job, an evaluation.
pub(super) const JOB: &[Key] = both! { "job":
    "eval_program_path" => Meaning::Taken(|v, s| {
        s.evaluator = Some(keys::text(v)?);
        Ok(())
    }),
    "extra_cmd_args" => Meaning::Taken(more_arguments),
    "time" => Meaning::Taken(|v, s| {
        s.timeout = Some(clock(&keys::text(v)?)?);
        Ok(())
    }),
    "cpus" => Meaning::Taken(|v, s| {
        s.resources.insert("cpus".to_owned(), json!(keys::positive(v)?));
        Ok(())
    }),
    "gpus" => Meaning::Taken(|v, s| {
        let count = keys::count(v)?;
        if count > 0 {
            s.resources.insert("device".to_owned(), json!({ "kind": "cuda", "count": count }));
        }
        Ok(())
    }),
    "mem" => Meaning::Taken(|v, s| {
        s.resources.insert("memory".to_owned(), json!(memory(&keys::text(v)?)?));
        Ok(())
    }),
    "numeric_threads_per_job" => Meaning::Nothing("see resources.cpus, and [sandbox] env"),
    "conda_env" => Meaning::Nothing("packages are those of the sandbox's python3"),
    "activate_script" => Meaning::Nothing("packages are those of the sandbox's python3"),
    "python_executable" => Meaning::Nothing("packages are those of the sandbox's python3"),
    "modules" => Meaning::Nothing("packages are those of the sandbox's python3"),
    "image" => Meaning::Nothing("name it as [sandbox] image"),
    "image_tar_path" => Meaning::Nothing("name it as [sandbox] image"),
    "docker_flags" => Meaning::Nothing("name it as [sandbox] image"),
    "partition" => Meaning::Nothing("evaluations run on this machine"),
    "_target_" => Meaning::Nothing(because::HYDRA),
};

/// Keys at the top.
pub(super) const RUNNER: &[Key] = &[
    ("max_evaluation_jobs", Meaning::Taken(|v, s| slots(v, s, "evaluation_slots"))),
    ("max_proposal_jobs", Meaning::Taken(|v, s| slots(v, s, "proposal_slots"))),
    ("max_db_workers", Meaning::Nothing("one thread writes the journal")),
    ("verbose", Meaning::Nothing("see --log-level")),
    ("debug", Meaning::Nothing("see --log-level")),
    ("exp_name", Meaning::Nothing("runs are named after the task")),
    ("run_name", Meaning::Nothing("runs are named after the task")),
    ("variant_suffix", Meaning::Nothing("runs are named after the task")),
    ("results_dir", Meaning::Nothing("see --runs")),
    ("output_dir", Meaning::Nothing("see --runs")),
    ("defaults", Meaning::Nothing(because::HYDRA)),
    ("hydra.*", Meaning::Nothing(because::HYDRA)),
    ("evaluate_function.*", Meaning::Nothing(because::HYDRA)),
    ("distributed_job_config.*", Meaning::Nothing("evaluations run on this machine")),
];

fn slots(value: &Value, settings: &mut Settings, name: &str) -> Result<(), String> {
    settings.run.insert(name.to_owned(), json!(keys::count(value)?.max(1)));
    Ok(())
}

fn shown(value: &Value, settings: &mut Settings) -> Result<(), String> {
    settings.show(keys::count(value)?);
    Ok(())
}

/// Our operator for a type of patch.
fn operator(patch: &str) -> Result<&'static str, String> {
    match patch {
        "diff" => Ok("diff"),
        "full" => Ok("rewrite"),
        "cross" => Ok("crossover"),
        other => Err(format!("`{other}` is none of diff, full, cross")),
    }
}

/// Types and weights are lists of their own; `patch_type_probs` comes first by name.
fn patch_weights(value: &Value, settings: &mut Settings) -> Result<(), String> {
    let weights = keys::list(value, keys::number)?;
    let usual = ["diff", "rewrite", "crossover"];
    settings.operators = usual.into_iter().zip(weights).collect();
    Ok(())
}

fn patch_types(value: &Value, settings: &mut Settings) -> Result<(), String> {
    let names = keys::list(value, |item| operator(&keys::text(item)?))?;
    let usual = ["diff", "rewrite", "crossover"];
    let weight = |place: usize| settings.operators.get(usual[place.min(2)]).copied().unwrap_or(1.0);
    settings.operators =
        names.into_iter().enumerate().map(|(place, name)| (name, weight(place))).collect();
    Ok(())
}

fn model_choice(value: &Value, settings: &mut Settings) -> Result<(), String> {
    let choice = if keys::text(value)? == "fixed" { "weights" } else { "bandit" };
    settings.search.insert("model_choice".to_owned(), json!(choice));
    Ok(())
}

fn model_options(value: &Value, settings: &mut Settings) -> Result<(), String> {
    let map = value.as_object().ok_or_else(|| format!("{value} is not a mapping"))?;
    for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
        // Of several values each call drew one there.
        let first = value.as_array().map_or(value, |all| all.first().unwrap_or(&Value::Null));
        let several = value.as_array().is_some_and(|all| all.len() > 1);
        let (name, taken) = match key.as_str() {
            "temperatures" => ("temperature", json!(keys::number(first)?)),
            "max_tokens" => ("max_tokens", json!(keys::count(first)?)),
            "reasoning_efforts" if first.as_str() == Some("disabled") => continue,
            "reasoning_efforts" => ("reasoning_effort", json!(keys::text(first)?)),
            other => {
                settings.notes.push(format!("left out of `llm_kwargs`: `{other}`"));
                continue;
            }
        };
        if several && name == "temperature" {
            // The middle one stands for all.
            let all = keys::list(value, keys::number)?;
            settings.shared.fields.insert(name.to_owned(), json!(all[all.len() / 2]));
            settings.notes.push(format!(
                "`llm_kwargs.{key}`: of several values the middle one is taken; more models with \
                 other ones can be added as [[model]]"
            ));
            continue;
        }
        settings.shared.fields.insert(name.to_owned(), taken);
    }
    Ok(())
}

fn more_arguments(value: &Value, settings: &mut Settings) -> Result<(), String> {
    let map = value.as_object().ok_or_else(|| format!("{value} is not a mapping"))?;
    for (name, value) in map {
        settings.more_arguments.push(format!("--{name}"));
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        settings.more_arguments.push(text);
    }
    Ok(())
}

/// Seconds of `hh:mm:ss`.
fn clock(text: &str) -> Result<f64, String> {
    let parts: Option<Vec<u32>> = text.split(':').map(|part| part.trim().parse().ok()).collect();
    match parts.as_deref() {
        Some([hours, minutes, seconds]) => {
            Ok(f64::from(hours * 3600 + minutes * 60 + seconds).max(1.0))
        }
        _ => Err(format!("`{text}` is not hh:mm:ss")),
    }
}

/// A size as Slurm writes it: `8G`, `500M`.
fn memory(text: &str) -> Result<String, String> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let unit = match text[digits.len()..].to_uppercase().as_str() {
        "G" | "GB" => "GiB",
        "M" | "MB" | "" => "MiB",
        "K" | "KB" => "KiB",
        _ => return Err(format!("`{text}` is not a size such as 8G")),
    };
    let count: u64 = digits.parse().map_err(|_| format!("`{text}` is not a size such as 8G"))?;
    Ok(format!("{}{unit}", count.max(1)))
}

impl Adapter for Shinka {
    fn name(&self) -> &'static str {
        "shinka"
    }

    fn recognise(&self, folder: &Path) -> Option<Source> {
        let evaluator = folder.join("evaluate.py");
        let program = evaluator.is_file().then(|| with_stem(folder, "initial", &EXTENSIONS))?;
        let shinka = ["shinka.yaml", "shinka.yml"].map(|name| folder.join(name));
        let config = shinka.into_iter().find(|path| path.is_file()).or_else(|| config_of(folder));
        Some(Source { program: Some(program?), evaluator, config })
    }

    fn import(&self, source: &Source) -> Result<Import, PeerError> {
        let mut settings = Settings::default();
        if let Some(config) = &source.config {
            keys::read(config, &[RUNNER, EVO, DB, JOB], &mut settings)?;
        }
        let root = source.evaluator.parent().unwrap_or(Path::new(".")).to_owned();
        let evaluator = named(&root, settings.evaluator.as_deref(), &source.evaluator);
        let program = match (&source.program, &settings.program) {
            (given, Some(name)) if root.join(name).is_file() => given
                .clone()
                .filter(|given| given.parent() != Some(&root))
                .unwrap_or_else(|| root.join(name)),
            (Some(given), _) => given.clone(),
            (None, _) => {
                return Err(PeerError::shape(&root, "there is no start program initial.<ext>"));
            }
        };
        if root.join("run_evo.py").is_file() && source.config.is_none() {
            settings.notes.push(
                "run_evo.py holds its configuration in Python, which is not run; give the budget and \
                 models with --budget and in task.toml"
                    .to_owned(),
            );
        }
        let text =
            fs::read_to_string(&evaluator).map_err(|why| PeerError::read(&evaluator, why))?;
        let listing = Listing::of(&root)?;
        let mut files = listing.copies(&[]);
        let path = place_program(&program, &listing, &mut files);
        files.extend(driver::with_shims("run_shinka.py"));
        let below = evaluator.strip_prefix(&root).unwrap_or(&evaluator);
        let mut run = vec!["python3".to_owned(), driver::path("run_shinka.py")];
        if settings.text_feedback == Some(false) {
            run.push("--no-text-feedback".to_owned());
        }
        run.push(below.to_string_lossy().into_owned());
        if !settings.more_arguments.is_empty() {
            run.push("--".to_owned());
            run.append(&mut settings.more_arguments);
        }
        let parts = Parts {
            name: name_of(&root),
            visible: tops(&files),
            program: Some(path),
            kind: "command",
            run,
            wall: settings.timeout.unwrap_or(TIMEOUT),
            holdout: None,
            warm: warm(&[&text, &read_if_python(&program), DRIVER_NEEDS], &listing),
            requirements: assemble::requirements(&root, &mut settings.notes),
            build: None,
            description_file: None,
            bytes: listing.bytes,
            naming: Naming::ByName,
        };
        assemble::task(&root, parts, settings, files)
    }

    fn population(&self, place: &Path) -> Option<Result<Vec<Found>, PeerError>> {
        let file = database(place)?;
        Some(read_database(&file).map_err(|why| PeerError::population(&file, &why)))
    }
}

/// Modules of the standard library that the packages beside the driver import.
const DRIVER_NEEDS: &str = "import dataclasses\nimport pickle\nimport pkgutil\nimport statistics\n";

/// A file that the configuration names, if it is in the folder; else the one that was found.
fn named(root: &Path, name: Option<&str>, found: &Path) -> PathBuf {
    let given = name.map(|name| root.join(name)).filter(|path| path.is_file());
    given.filter(|path| path.starts_with(root)).unwrap_or_else(|| found.to_owned())
}

/// The database itself, or that of a run's folder.
fn database(place: &Path) -> Option<PathBuf> {
    if place.is_dir() {
        return DATABASES.iter().map(|name| place.join(name)).find(|path| path.is_file());
    }
    let extension = place.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("sqlite" | "db" | "sqlite3")).then(|| place.to_owned())
}

/// Incorrect programs have no score. The database is read from a copy: opening one whose run
/// was killed changes it.
fn read_database(file: &Path) -> Result<Vec<Found>, String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let copy = folder.path().join("programs.sqlite");
    fs::copy(file, &copy).map_err(|why| why.to_string())?;
    let log = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    if log(file).is_file() {
        fs::copy(log(file), log(&copy)).map_err(|why| why.to_string())?;
    }
    let found = || -> rusqlite::Result<Vec<Found>> {
        let database = Connection::open_with_flags(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let mut rows = database.prepare("SELECT code, combined_score, correct FROM programs")?;
        let rows = rows.query_map([], |row| {
            let score: Option<f64> = row.get(1)?;
            let correct: Option<bool> = row.get(2)?;
            let score = score.filter(|score| score.is_finite() && correct == Some(true));
            Ok(Found { code: row.get(0)?, score })
        })?;
        rows.collect()
    };
    match found() {
        Ok(found) if found.is_empty() => Err("it holds no program".to_owned()),
        Ok(found) => Ok(found),
        Err(why) => Err(why.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_read() {
        assert_eq!(clock("00:10:00"), Ok(600.0));
        assert!(clock("10m").is_err() && clock("1:2").is_err());
        assert_eq!(memory("8G").as_deref(), Ok("8GiB"));
        assert!(memory("lots").is_err());
    }

    #[test]
    fn a_database_gives_its_programs_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("programs.sqlite");
        let database = Connection::open(&file).unwrap();
        database
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 CREATE TABLE programs (id TEXT, code TEXT, combined_score REAL, correct BOOLEAN);
                 INSERT INTO programs VALUES ('a', 'x = 1', 2.5, 1), ('b', 'x = 2', 9.0, 0),
                                             ('c', 'x = 3', NULL, 1);",
            )
            .unwrap();
        // Its last words are in the log beside it still.
        let found = Shinka.population(folder.path()).unwrap().unwrap();
        let score = |code: &str| found.iter().find(|f| f.code == code).unwrap().score;
        assert_eq!(found.len(), 3);
        assert_eq!((score("x = 1"), score("x = 2"), score("x = 3")), (Some(2.5), None, None));
        assert!(folder.path().join("programs.sqlite-wal").metadata().unwrap().len() > 0);
        let other = folder.path().join("other.sqlite");
        fs::write(&other, "no database").unwrap();
        assert!(Shinka.population(&other).unwrap().is_err());
        assert!(Shinka.population(&folder.path().join("x.txt")).is_none());
    }
}
