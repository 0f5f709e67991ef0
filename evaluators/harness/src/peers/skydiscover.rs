//! SkyDiscover: a Python evaluator as OpenEvolve's, an evaluator in a container (a Dockerfile and
//! `evaluate.sh`), or a Harbor task.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::assemble::{self, Parts, name_of};
use super::keys::{self, Key, Meaning};
use super::listing::{Listing, config_of, with_stem};
use super::models::{LLM, Naming};
use super::openevolve::{Plan, bins, function_task, grid, seed};
use super::population::{Found, from_checkpoint};
use super::settings::Settings;
use super::{Adapter, Content, Import, ImportFile, PeerError, Source, driver};

/// See the module's page.
pub(super) struct SkyDiscover;

/// Seconds for an evaluation where the configuration says nothing.
const TIMEOUT: f64 = 360.0;
/// Thresholds where it says nothing.
const THRESHOLDS: [f64; 2] = [0.3, 0.6];
/// The folder of an image's files in the equivalent task.
const IMAGE: &str = "evolve_image";
/// Where a Harbor task's program goes if nothing says so.
const SOLUTION: &str = "/app/solution.py";

mod because {
    pub const JOURNAL: &str = "the journal keeps everything, always";
    pub const PROMPTS: &str = "the prompts are our own";
    pub const SELECTION: &str = "another way of selecting takes its place";
    pub const COMMAND: &str = "an agent of your own is [command]";
    pub const REPORT: &str = "see `evolve report`";
    pub const NO_JUDGE: &str = "no model judges programs";
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
            let language = keys::text(v)?;
            if language == "image" {
                return Err("programs that are images cannot be evolved here".to_owned());
            }
            s.language = Some(language);
            Ok(())
        }),
    ),
    ("file_suffix", Meaning::Taken(suffix)),
    (
        "diff_based_generation",
        Meaning::Taken(|v, s| {
            if !keys::flag(v)? {
                s.operators.insert("rewrite", 1.0);
            }
            Ok(())
        }),
    ),
    (
        "max_solution_length",
        Meaning::Taken(|v, s| {
            s.max_size = Some(keys::count(v)?);
            Ok(())
        }),
    ),
    (
        "max_parallel_iterations",
        Meaning::Taken(|v, s| {
            s.run.insert("proposal_slots".to_owned(), json!(keys::count(v)?.max(1)));
            Ok(())
        }),
    ),
    ("checkpoint_interval", Meaning::Nothing(because::JOURNAL)),
    ("log_level", Meaning::Nothing("see --log-level")),
    ("log_dir", Meaning::Nothing("see --log-level")),
    ("system_prompt_override", Meaning::Nothing(because::PROMPTS)),
    ("llm.guide_models", Meaning::Nothing("no model guides the search")),
    (
        "prompt.system_message",
        Meaning::Taken(|v, s| {
            let text = keys::text(v)?;
            if text != "system_message" {
                s.description = Some(text);
            }
            Ok(())
        }),
    ),
    ("prompt.*", Meaning::Nothing(because::PROMPTS)),
    ("search.type", Meaning::Nothing(because::SELECTION)),
    ("search.switch_interval", Meaning::Nothing(because::SELECTION)),
    ("search.output_dir", Meaning::Nothing("see --runs")),
    ("search.num_context_programs", Meaning::Taken(shown)),
    ("search.num_inspirations", Meaning::Taken(shown)),
    (
        "search.database.num_islands",
        Meaning::Taken(|v, s| {
            s.islands(keys::count(v)?);
            Ok(())
        }),
    ),
    (
        "search.database.population_size",
        Meaning::Taken(|v, s| {
            s.archive(keys::count(v)?);
            Ok(())
        }),
    ),
    ("search.database.random_seed", Meaning::Taken(seed)),
    (
        "search.database.feature_dimensions",
        Meaning::Taken(|v, s| {
            s.features(keys::list(v, keys::text)?);
            Ok(())
        }),
    ),
    ("search.database.feature_bins", Meaning::Taken(bins)),
    ("search.database.exploration_ratio", Meaning::Taken(|v, s| grid(v, s, "exploration"))),
    ("search.database.exploitation_ratio", Meaning::Taken(|v, s| grid(v, s, "exploitation"))),
    ("search.database.elite_selection_ratio", Meaning::Taken(|v, s| grid(v, s, "elites"))),
    ("search.database.db_path", Meaning::Nothing(because::JOURNAL)),
    ("search.database.log_prompts", Meaning::Nothing(because::JOURNAL)),
    ("search.database.*", Meaning::Nothing(because::SELECTION)),
    ("database.*", Meaning::Nothing(because::JOURNAL)),
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
    ("evaluator.file_suffix", Meaning::Taken(suffix)),
    ("evaluator.evaluation_file", Meaning::Nothing("name the evaluator on the command line")),
    ("evaluator.is_image_mode", Meaning::Nothing("programs are texts")),
    (
        "evaluator.max_retries",
        Meaning::Nothing("a failed evaluation is the program's, or the host's and then repeated"),
    ),
    ("evaluator.llm_as_judge", Meaning::Nothing(because::NO_JUDGE)),
    ("evaluator.use_llm_feedback", Meaning::Nothing(because::NO_JUDGE)),
    ("evaluator.llm_feedback_weight", Meaning::Nothing(because::NO_JUDGE)),
    ("agentic.*", Meaning::Nothing(because::COMMAND)),
    ("monitor.*", Meaning::Nothing(because::REPORT)),
    ("human_feedback_enabled", Meaning::Nothing("write it into the task's description")),
    ("human_feedback_file", Meaning::Nothing("write it into the task's description")),
    ("human_feedback_mode", Meaning::Nothing("write it into the task's description")),
    (
        "benchmark.*",
        Meaning::Nothing(
            "resolvers that load problems are not run; give a program and an evaluator",
        ),
    ),
];

fn suffix(value: &Value, settings: &mut Settings) -> Result<(), String> {
    settings.suffix = Some(keys::text(value)?);
    Ok(())
}

fn shown(value: &Value, settings: &mut Settings) -> Result<(), String> {
    settings.show(keys::count(value)?);
    Ok(())
}

fn is_container(folder: &Path) -> bool {
    folder.join("Dockerfile").is_file() && folder.join("evaluate.sh").is_file()
}

fn is_harbor(folder: &Path) -> bool {
    folder.join("instruction.md").is_file()
        && folder.join("tests/test.sh").is_file()
        && folder.join("environment/Dockerfile").is_file()
}

impl Adapter for SkyDiscover {
    fn name(&self) -> &'static str {
        "skydiscover"
    }

    fn recognise(&self, folder: &Path) -> Option<Source> {
        let config = config_of(folder);
        if is_harbor(folder) {
            return Some(Source { program: None, evaluator: folder.to_owned(), config });
        }
        let stem = |stem| with_stem(folder, stem, &["py"]);
        let program = Some(stem("initial_program").or_else(|| stem("initial_prompt"))?);
        let folders = ["evaluator", "eval"].map(|name| folder.join(name));
        if let Some(evaluator) = folders.iter().find(|folder| is_container(folder)) {
            return Some(Source { program, evaluator: evaluator.clone(), config });
        }
        let inner = folders.iter().map(|folder| folder.join("evaluator.py"));
        let beside = folder.join("evaluator.py");
        if !beside.is_file() {
            let evaluator = inner.into_iter().find(|path| path.is_file())?;
            return Some(Source { program, evaluator, config });
        }
        // Such a folder is OpenEvolve's too; only the configuration tells.
        let own = ["search", "diff_based_generation", "max_solution_length", "monitor", "agentic"];
        let keys = config.as_deref().map(keys::top_level).unwrap_or_default();
        let is_own = keys.iter().any(|key| own.contains(&key.as_str()));
        is_own.then_some(Source { program, evaluator: beside, config })
    }

    fn import(&self, source: &Source) -> Result<Import, PeerError> {
        let mut settings = Settings::default();
        if let Some(config) = &source.config {
            keys::read(config, &[KEYS, LLM], &mut settings)?;
            read_message(config, &mut settings);
        }
        let evaluator = &source.evaluator;
        if is_harbor(evaluator) {
            return harbor(source, settings);
        }
        if is_container(evaluator) {
            return container(source, settings);
        }
        let inner = evaluator.join("evaluator.py");
        let source =
            if inner.is_file() { &Source { evaluator: inner, ..source.clone() } } else { source };
        let plan = Plan { naming: Naming::ByName, timeout: TIMEOUT, thresholds: &THRESHOLDS };
        function_task(source, settings, &plan)
    }

    fn population(&self, place: &Path) -> Option<Result<Vec<Found>, PeerError>> {
        from_checkpoint(place, "solution")
    }
}

/// A short message may be the name of a file that holds it.
fn read_message(config: &Path, settings: &mut Settings) {
    let Some(text) = settings.description.as_deref().map(str::trim) else { return };
    if text.contains('\n') || text.len() >= 256 {
        return;
    }
    let file = config.parent().unwrap_or(Path::new(".")).join(text);
    if let Some(text) = file.is_file().then(|| fs::read_to_string(&file).ok()).flatten() {
        settings.description = Some(text);
    }
}

/// The files of an image's folder, under the equivalent task's own.
fn image_files(folder: &Path, below: &str) -> Result<(Vec<ImportFile>, u64), PeerError> {
    let listing = Listing::of(folder)?;
    let mut files = listing.copies(&[]);
    for file in &mut files {
        file.path = format!("{below}/{}", file.path);
    }
    Ok((files, listing.bytes))
}

/// The last `WORKDIR` of a Dockerfile.
fn workdir(dockerfile: &str) -> String {
    let words = dockerfile.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut named = words.filter_map(|words| match words[..] {
        [word, folder] if word.eq_ignore_ascii_case("workdir") && folder.starts_with('/') => {
            Some(folder.to_owned())
        }
        _ => None,
    });
    named.next_back().unwrap_or_else(|| "/".to_owned())
}

fn start_file(source: &Source, files: &mut Vec<ImportFile>) -> Option<String> {
    let program = source.program.as_ref()?;
    let name = program.file_name()?.to_string_lossy().into_owned();
    files.push(ImportFile { path: name.clone(), content: Content::Copy(program.clone()) });
    Some(name)
}

/// An evaluator in a container. `evaluate.sh` says by its arguments whether it knows a `test`
/// mode: that one then measures would-be winners.
fn container(source: &Source, settings: Settings) -> Result<Import, PeerError> {
    let folder = &source.evaluator;
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(|why| PeerError::read(&path, why))
    };
    let (dockerfile, script) = (read("Dockerfile")?, read("evaluate.sh")?);
    let (mut files, _) = image_files(folder, IMAGE)?;
    let program = start_file(source, &mut files);
    if program.is_none() {
        return Err(PeerError::shape(folder, "there is no start program beside it"));
    }
    files.extend(driver::alone("run_container.sh"));
    let run = |mode: &str| {
        let words = ["sh", &driver::path("run_container.sh"), &workdir(&dockerfile), mode];
        words.map(str::to_owned).to_vec()
    };
    let knows_modes = ["$2", "${2", "$@", "$*", "shift"].iter().any(|word| script.contains(word));
    let parts = Parts {
        name: name_of(folder),
        program,
        kind: "skydiscover-container",
        run: run("train"),
        wall: settings.timeout.unwrap_or(TIMEOUT),
        holdout: knows_modes.then(|| run("test")),
        warm: Vec::new(),
        requirements: Vec::new(),
        visible: vec![driver::FOLDER.to_owned()],
        build: Some(format!("{IMAGE}/Dockerfile")),
        description_file: None,
        bytes: 0,
        naming: Naming::ByName,
    };
    assemble::task(folder, parts, settings, files)
}

/// A Harbor task. What its image holds is for reading only here, so what the tests write lies
/// behind links that lead into the working folder.
fn harbor(source: &Source, settings: Settings) -> Result<Import, PeerError> {
    let folder = &source.evaluator;
    let environment = folder.join("environment");
    let path = environment.join("Dockerfile");
    let dockerfile = fs::read_to_string(&path).map_err(|why| PeerError::read(&path, why))?;
    let solution = solution_path(folder, &dockerfile);
    let top = solution.split('/').nth(1).unwrap_or_default().to_owned();
    if ["", "usr", "etc", "bin", "lib", "lib64", "sbin", "dev", "proc", "sys", "evolve", "tests"]
        .contains(&top.as_str())
    {
        let why = format!("its program belongs to {solution}, which cannot be written here");
        return Err(PeerError::shape(folder, why));
    }
    let (image, _) = image_files(&environment, IMAGE)?;
    let mut files: Vec<_> =
        image.into_iter().filter(|file| file.path != format!("{IMAGE}/Dockerfile")).collect();
    files.push(ImportFile {
        path: format!("{IMAGE}/Dockerfile"),
        content: Content::Text(format!("{}\n{}", dockerfile.trim_end(), harbor_layers(&top))),
    });
    let (tests, _) = image_files(&folder.join("tests"), &format!("{IMAGE}/evolve_tests"))?;
    files.extend(tests);
    files.push(ImportFile {
        path: "instruction.md".to_owned(),
        content: Content::Copy(folder.join("instruction.md")),
    });
    let program = start_file(source, &mut files);
    files.extend(driver::alone("run_harbor.sh"));
    let run = ["sh", &driver::path("run_harbor.sh"), &solution, &workdir(&dockerfile)];
    let parts = Parts {
        name: name_of(folder),
        program,
        kind: "harbor",
        run: run.map(str::to_owned).to_vec(),
        wall: settings.timeout.unwrap_or(TIMEOUT),
        holdout: None,
        warm: Vec::new(),
        requirements: Vec::new(),
        visible: vec![driver::FOLDER.to_owned()],
        build: Some(format!("{IMAGE}/Dockerfile")),
        description_file: Some("instruction.md".to_owned()),
        bytes: 0,
        naming: Naming::ByName,
    };
    assemble::task(folder, parts, settings, files)
}

/// The tests, and links in the place of what they write.
fn harbor_layers(top: &str) -> String {
    let moved = if top == "tmp" {
        String::new()
    } else {
        format!(
            " && mkdir -p /evolve-harbor /{top} && cp -a /{top} /evolve-harbor/{top} \
             && rm -rf /{top} && ln -s /evolve/work/{top} /{top} \
             && chmod -R a+rX /evolve-harbor"
        )
    };
    format!(
        "# Added: the tests, and what they write behind links into the sandbox.\n\
         USER root\nWORKDIR /\nCOPY evolve_tests /tests\n\
         RUN chmod -R a+rX /tests && rm -rf /logs && ln -s /evolve/work/logs /logs{moved}\n"
    )
}

/// Where the program belongs: where the reference solution puts it, else a path that the
/// instruction names, else the usual one.
fn solution_path(folder: &Path, dockerfile: &str) -> String {
    let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    let solve = read(folder.join("solution/solve.sh"));
    if let Some(path) = redirect_of(&solve) {
        if path.starts_with('/') {
            return path;
        }
        let entered = solve.lines().filter_map(|line| line.trim().strip_prefix("cd "));
        let folder = entered.map(|path| path.trim().trim_matches('"')).find(|p| p.starts_with('/'));
        let folder = folder.map_or_else(|| workdir(dockerfile), str::to_owned);
        return format!("{}/{}", folder.trim_end_matches('/'), path.trim_start_matches("./"));
    }
    let instruction = read(folder.join("instruction.md"));
    let quotes = |c: char| c.is_whitespace() || "`\"'(),".contains(c);
    let mut words = instruction.split(quotes).map(|word| word.trim_end_matches(['.', ':']));
    words.find(|word| word.starts_with('/') && is_code(word)).unwrap_or(SOLUTION).to_owned()
}

/// The first file of code that a script writes with `>`.
fn redirect_of(script: &str) -> Option<String> {
    script.lines().find_map(|line| {
        let (_, after) = line.split_once('>')?;
        let path = after.trim_start_matches('>').split_whitespace().next()?;
        let path = path.trim_matches(['"', '\'']);
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        (is_code(path) && path.chars().all(plain)).then(|| path.to_owned())
    })
}

fn is_code(path: &str) -> bool {
    let ends = ["py", "sh", "js", "ts", "cpp", "cc", "c", "rs", "go", "java", "rb", "jl"];
    path.rsplit_once('.').is_some_and(|(stem, end)| !stem.is_empty() && ends.contains(&end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_harbor_program_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let at = |solve: &str, instruction: &str| {
            let solution = folder.path().join("solution");
            fs::create_dir_all(&solution).unwrap();
            fs::write(solution.join("solve.sh"), solve).unwrap();
            fs::write(folder.path().join("instruction.md"), instruction).unwrap();
            solution_path(folder.path(), "FROM x\nWORKDIR /srv\nworkdir /app\n")
        };
        assert_eq!(at("cat > /app/solver.py <<'EOF'\n", ""), "/app/solver.py");
        assert_eq!(at("cd /work\ncat > src/a.rs <<X\n", ""), "/work/src/a.rs");
        assert_eq!(at("cat >a.py <<X\n", ""), "/app/a.py");
        assert_eq!(at("", "Write `/data/main.py`, please."), "/data/main.py");
        assert_eq!(at("echo 1 > /dev/null\n", "no path"), SOLUTION);
    }

    #[test]
    fn the_last_workdir_counts() {
        assert_eq!(workdir("FROM x\nWORKDIR /a\nRUN y\nWORKDIR /b\n"), "/b");
        assert_eq!(workdir("FROM x\n"), "/");
    }
}
