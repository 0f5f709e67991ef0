//! `evolve bench`: the same tasks, budget and seeds for each strategy. Each run is a process of
//! its own, so that a bench that is killed loses what was under way and nothing else.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use evolve_core::event::StopReason;
use evolve_core::facts::Phase;
use evolve_report::bench::{Bench, BenchRun, Settings, page, text};
use evolve_store::{Reader, resolve_run};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::args::{self, Global, VERSION};
use crate::commands::{print, print_json};
use crate::error::{CliError, Exit};
use crate::session::store_error;
use crate::task_folder::TaskFolder;

/// One run to make.
#[derive(Debug, Clone)]
struct Job {
    task: PathBuf,
    strategy: String,
    seed: u64,
    /// Its runs folder, which holds this run alone.
    runs: PathBuf,
}

/// How far a job has come.
enum Progress {
    Absent,
    /// A run that can go on.
    Begun,
    Done(Box<BenchRun>),
}

/// Makes the runs that are missing, and compares.
pub fn bench(global: &Global, args: &args::Bench) -> Result<Exit, CliError> {
    let jobs = jobs(args)?;
    keep_settings(args)?;
    let all = jobs.len();
    let queue = Mutex::new(jobs.iter().cloned().collect::<VecDeque<_>>());
    let trouble: Mutex<Option<CliError>> = Mutex::new(None);
    let next = || {
        let stop = trouble.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        let job = if stop { None } else { queue.pop_front() };
        job.map(|job| (all - queue.len(), job))
    };
    std::thread::scope(|scope| {
        for _ in 0..args.jobs {
            scope.spawn(|| {
                while let Some((number, job)) = next() {
                    let told = if global.quiet { None } else { Some((number, all)) };
                    if let Err(error) = run(args, &job, told) {
                        let mut trouble = trouble.lock().unwrap_or_else(PoisonError::into_inner);
                        trouble.get_or_insert(error);
                    }
                }
            });
        }
    });
    if let Some(error) = trouble.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let mut runs = Vec::new();
    for job in &jobs {
        match progress(job)? {
            Progress::Done(run) => runs.push(*run),
            _ => return Err(CliError::failed(format!("{} did not end", job.runs.display()))),
        }
    }
    let bench = Bench::of(runs, settings(args));
    let html = page(&bench).map_err(|error| CliError::failed(error.to_string()))?;
    write(&args.out.join("index.html"), &html)?;
    let file = serde_json::to_string_pretty(&bench)
        .map_err(|error| CliError::failed(format!("cannot write JSON: {error}")))?;
    write(&args.out.join("bench.json"), &file)?;
    if args.json {
        print_json(&bench)?;
    } else {
        print(&text(&bench));
        print(&format!("page: {}\n", args.out.join("index.html").display()));
    }
    Ok(Exit::Done)
}

/// Every run, seeds in the outer loop, so that an unfinished bench has compared all strategies.
fn jobs(args: &args::Bench) -> Result<Vec<Job>, CliError> {
    if !args.budget.iter().any(|change| !change.ends_with("=none")) {
        return Err(CliError::usage("a bench needs a budget for each run")
            .help("for example --budget candidates=200"));
    }
    let strategies = strategies(&args.strategies)?;
    let mut tasks = Vec::new();
    for path in &args.tasks {
        let mut folder = TaskFolder::open(path)?;
        folder.change(&args.set, &args.budget)?;
        let name = folder.config.task.name.clone();
        if tasks.iter().any(|(other, _)| *other == name) {
            return Err(CliError::usage(format!("two of the tasks are called `{name}`"))
                .help("give each a `task.name` of its own"));
        }
        for strategy in &strategies {
            folder.config.search.strategy.clone_from(strategy);
            evolve_search::build(&folder.config.search, evolve_search::Menu::default())
                .map_err(|error| CliError::usage(error.to_string()))?;
        }
        tasks.push((name, folder.origin));
    }
    let mut jobs = Vec::new();
    for seed in 1..=args.seeds {
        for (name, root) in &tasks {
            for strategy in &strategies {
                let place = args.out.join("runs").join(name).join(strategy);
                jobs.push(Job {
                    task: root.clone(),
                    strategy: strategy.clone(),
                    seed,
                    runs: place.join(format!("seed-{seed}")),
                });
            }
        }
    }
    Ok(jobs)
}

fn strategies(asked: &[String]) -> Result<Vec<String>, CliError> {
    if asked.iter().any(|name| name == "all") {
        let all = evolve_search::strategies().iter();
        return Ok(all.map(|info| info.name.to_owned()).collect());
    }
    let mut names: Vec<String> = Vec::new();
    for name in asked.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let section = evolve_core::task::SearchSection {
            strategy: name.to_owned(),
            ..evolve_core::task::SearchSection::default()
        };
        evolve_search::build(&section, evolve_search::Menu::default())
            .map_err(|error| CliError::usage(error.to_string()))?;
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// What all runs of a folder must share to be compared.
fn keep_settings(args: &args::Bench) -> Result<(), CliError> {
    let now = json!({
        "budget": args.budget, "set": args.set, "proposer": args.proposer,
        "sandbox": args.sandbox.map(|kind| format!("{kind:?}").to_lowercase()),
        "version": VERSION,
    });
    let file = args.out.join("settings.json");
    std::fs::create_dir_all(&args.out).map_err(|error| {
        CliError::failed(format!("cannot make {}: {error}", args.out.display()))
    })?;
    let Ok(before) = std::fs::read_to_string(&file) else {
        return write(&file, &format!("{now:#}\n"));
    };
    let before: Value = serde_json::from_str(&before).unwrap_or_default();
    if before == now {
        return Ok(());
    }
    let changed = ["budget", "set", "proposer", "sandbox", "version"];
    let changed = changed.into_iter().filter(|key| before[*key] != now[*key]);
    let changed: Vec<_> =
        changed.map(|key| format!("{key}: {} → {}", before[key], now[key])).collect();
    Err(CliError::usage(format!(
        "{} holds runs made with other settings ({}); they cannot be compared",
        args.out.display(),
        changed.join("; ")
    ))
    .help("give another --out, or remove the folder"))
}

fn progress(job: &Job) -> Result<Progress, CliError> {
    if !job.runs.exists() {
        return Ok(Progress::Absent);
    }
    let Ok(dir) = resolve_run(&job.runs, "latest") else { return Ok(Progress::Absent) };
    let reader = Reader::open(&dir).map_err(store_error)?;
    let facts = reader.facts();
    Ok(match &facts.phase {
        Phase::Stopped { reason: StopReason::Interrupted | StopReason::Fault { .. } } => {
            Progress::Begun
        }
        Phase::Stopped { .. } => Progress::Done(Box::new(BenchRun::of(facts))),
        _ => Progress::Begun,
    })
}

/// Makes one run, or goes on with it.
fn run(args: &args::Bench, job: &Job, told: Option<(usize, usize)>) -> Result<(), CliError> {
    let before = progress(job)?;
    if let Some((number, all)) = told {
        let how = match &before {
            Progress::Absent => "",
            Progress::Begun => ", resumed",
            Progress::Done(_) => ", done before",
        };
        let task = job.task.file_name().unwrap_or_default().to_string_lossy().into_owned();
        eprintln!("[{number}/{all}] {task}: {}, seed {}{how}", job.strategy, job.seed);
    }
    let mut command =
        Command::new(std::env::current_exe().map_err(|error| {
            CliError::failed(format!("cannot find evolve's own program: {error}"))
        })?);
    command.arg("--runs").arg(&job.runs).arg("-q");
    match before {
        Progress::Done(_) => return Ok(()),
        Progress::Begun => {
            command.args(["resume", "latest"]);
        }
        Progress::Absent => {
            start(&mut command, args, job);
        }
    }
    // What they print is for who looks at one run.
    let output = command.stdin(Stdio::null()).output();
    let output =
        output.map_err(|error| CliError::failed(format!("cannot start a run: {error}")))?;
    match output.status.code() {
        Some(0) => Ok(()),
        Some(130) | None => Err(CliError::new(Exit::Interrupted, "the bench was interrupted")
            .help("the same command goes on with it")),
        Some(code) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            let what = format!(
                "{} with {}, seed {}, ended with exit code {code}: {said}",
                job.task.display(),
                job.strategy,
                job.seed
            );
            Err(CliError::failed(what).help("mend it; the same command goes on with the bench"))
        }
    }
}

fn start(command: &mut Command, args: &args::Bench, job: &Job) {
    command.arg("start").arg(&job.task);
    command.arg("--seed").arg(job.seed.to_string());
    command.arg("--set").arg(format!("search.strategy={}", job.strategy));
    for change in &args.set {
        command.arg("--set").arg(change);
    }
    for change in &args.budget {
        command.arg("--budget").arg(change);
    }
    if let Some(proposer) = &args.proposer {
        command.arg("--proposer").arg(proposer);
    }
    if let Some(kind) = args.sandbox {
        command.arg("--sandbox").arg(format!("{kind:?}").to_lowercase());
    }
}

fn settings(args: &args::Bench) -> Settings {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let host = crate::session::host();
    let machine = ["system", "cores", "memory"]
        .iter()
        .filter_map(|key| host.get(*key).map(|value| format!("{key}: {value}")));
    let jobs = (args.jobs > 1).then(|| format!("{} runs side by side", args.jobs));
    Settings {
        command: format!("evolve {}", words.join(" ")),
        version: VERSION.to_owned(),
        date: Timestamp::now().strftime("%Y-%m-%d").to_string(),
        machine: machine.chain(jobs).collect::<Vec<_>>().join("; "),
        ..Settings::default()
    }
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    std::fs::write(path, text)
        .map_err(|error| CliError::failed(format!("cannot write {}: {error}", path.display())))
}
