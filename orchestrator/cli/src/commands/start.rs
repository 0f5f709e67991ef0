//! `evolve start`.

use std::path::Path;
use std::sync::Arc;

use evolve_core::event::RunStarted;
use evolve_core::ports::BlobStore;
use evolve_core::task::{SandboxKind, TaskConfig};
use evolve_core::{CandidateId, Program, RunId};
use evolve_engine::Begin;
use evolve_store::{Reader, RunDir, new_run_id, resolve_run};
use jiff::Timestamp;

use crate::args::{Global, Sandbox, Start, VERSION};
use crate::error::{CliError, Exit};
use crate::sandboxes::Sandboxes;
use crate::session::{self, Opened, ProposerKind, Wiring, store_error};
use crate::slots;
use crate::task_folder::TaskFolder;

/// Who proposes, as `--proposer` says.
enum Proposing {
    Live(ProposerKind),
    Replay(String),
}

/// Starts a run and drives it to its rest.
pub fn start(global: &Global, args: &Start) -> Result<Exit, CliError> {
    let folder = open_task(args)?;
    let kind = match proposing(args, &folder)? {
        Proposing::Replay(run) => return super::replay::replay(global, args, &folder, &run),
        Proposing::Live(kind) => kind,
    };
    let (program, from) = start_program(&global.runs, args, &folder)?;
    if args.dry_run {
        super::estimate::estimate(&folder, kind, program.as_ref(), args.json)?;
        return Ok(Exit::Done);
    }
    let description = folder.description()?;
    let sandboxes = Sandboxes::open(&folder.config, &folder.root, global.quiet)?;
    check_requirements(&folder.config, &sandboxes)?;
    say_how(global, &folder, kind, &*sandboxes.sandbox);

    let task = Arc::new(folder.config.clone());
    let dir = create_run(&global.runs, &folder)?;
    let made = MadeRun { dir: dir.clone(), keep: false };
    let opened = Opened::open(dir.clone(), &task, None)?;
    let mut made = made;
    let started = RunStarted {
        run: dir.id().clone(),
        task: folder.config.clone(),
        overrides: overrides(args),
        program: program.as_ref().map(|p| opened.blobs.put(&p.to_bytes())).transpose()?,
        from,
        population: folder.population()?.len() as u32,
        seed: task.search.seed,
        slots: slots::resolve(&task, kind),
        proposer: kind.word().to_owned(),
        analyzer: !args.no_analyzer,
        sandbox: sandbox_lines(&*sandboxes.sandbox),
        evolve: VERSION.to_owned(),
        host: host(&folder.origin),
    };
    let wiring = Wiring {
        task,
        description,
        proposer: kind,
        analyzer: started.analyzer,
        task_root: dir.task(),
    };
    made.keep = true;
    let begin = Begin::New(Box::new(started));
    session::drive(global, opened, &wiring, sandboxes, begin, args.json).inspect_err(|error| {
        // A run that never began is not left lying about.
        made.keep =
            error.exit == Exit::Fault || dir.journal().metadata().is_ok_and(|m| m.len() > 0);
    })
}

/// Removes the folder of a run that never began.
struct MadeRun {
    dir: RunDir,
    keep: bool,
}

impl Drop for MadeRun {
    fn drop(&mut self) {
        if !self.keep {
            let _ = std::fs::remove_dir_all(self.dir.root());
        }
    }
}

/// The task with all overrides applied.
pub fn open_task(args: &Start) -> Result<TaskFolder, CliError> {
    let mut folder = TaskFolder::open_as(&args.task, &args.peer)?;
    folder.change(&args.set, &args.budget)?;
    if let Some(seed) = args.seed {
        folder.config.search.seed = seed;
    }
    if let Some(kind) = args.sandbox {
        folder.config.sandbox.kind = sandbox_kind(kind);
    }
    if args.no_cognition {
        folder.config.cognition.top_k = 0;
    }
    Ok(folder)
}

/// The flag as the task says it.
pub fn sandbox_kind(kind: Sandbox) -> SandboxKind {
    match kind {
        Sandbox::Auto => SandboxKind::Auto,
        Sandbox::Docker => SandboxKind::Docker,
        Sandbox::Process => SandboxKind::Process,
        Sandbox::Unconfined => SandboxKind::Unconfined,
    }
}

/// Every override as written, for the journal.
pub fn overrides(args: &Start) -> Vec<String> {
    let flags = [("--no-cognition", args.no_cognition), ("--no-analyzer", args.no_analyzer)];
    let valued = args
        .set
        .iter()
        .map(|v| format!("--set {v}"))
        .chain(args.budget.iter().map(|v| format!("--budget {v}")))
        .chain(args.seed.map(|v| format!("--seed {v}")))
        .chain(args.proposer.iter().map(|v| format!("--proposer {v}")))
        .chain(args.peer.system.map(|v| format!("--as {}", v.word())))
        .chain(args.peer.evaluator.iter().map(|v| format!("evaluator {}", v.display())))
        .chain(args.peer.config.iter().map(|v| format!("--config {}", v.display())))
        .chain(args.from.iter().map(|v| format!("--from {v}")))
        .chain(args.sandbox.map(|v| format!("--sandbox {v:?}").to_lowercase()));
    let set = flags.iter().filter(|(_, on)| *on).map(|(flag, _)| (*flag).to_owned());
    valued.chain(set).collect()
}

fn proposing(args: &Start, folder: &TaskFolder) -> Result<Proposing, CliError> {
    let task = &folder.config;
    match args.proposer.as_deref() {
        None => Ok(Proposing::Live(ProposerKind::of(task))),
        Some("mutate") => Ok(Proposing::Live(ProposerKind::Mutate)),
        Some("model") if !task.model.is_empty() => Ok(Proposing::Live(ProposerKind::Model)),
        Some("command") if task.command.is_some() => Ok(Proposing::Live(ProposerKind::Command)),
        Some("command") => Err(CliError::usage("--proposer command: the task has no [command]")
            .help("add one to task.toml: run = [\"…\"]")),
        Some("model") => Err(CliError::usage("--proposer model: the task has no [[model]]")
            .help("add one to task.toml: name, base_url, api_key_env")),
        Some(other) => match other.strip_prefix("replay:") {
            Some(run) if !run.is_empty() => Ok(Proposing::Replay(run.to_owned())),
            _ => Err(CliError::usage(format!("unknown proposer `{other}`"))
                .help("there are `mutate`, `model`, `command` and `replay:RUN`")),
        },
    }
}

/// The start program, and the words of `--from` when it came from there.
fn start_program(
    runs: &Path,
    args: &Start,
    folder: &TaskFolder,
) -> Result<(Option<Program>, Option<String>), CliError> {
    let Some(from) = &args.from else { return Ok((folder.program()?, None)) };
    let (run, candidate) = from.rsplit_once(':').ok_or_else(|| {
        CliError::usage(format!("--from {from}: not RUN:CANDIDATE"))
            .help("for example --from latest:c000042; `evolve best RUN` names the best")
    })?;
    let dir = resolve_run(runs, run).map_err(store_error)?;
    let reader = Reader::open(&dir).map_err(store_error)?;
    let id: CandidateId = if candidate == "best" {
        reader.facts().best.ok_or_else(|| {
            CliError::new(Exit::NotFound, format!("{} has no best candidate yet", dir.id()))
        })?
    } else {
        candidate.parse().map_err(|error| CliError::usage(format!("--from {from}: {error}")))?
    };
    let facts = reader.facts().candidate(id).filter(|c| c.program.is_some()).ok_or_else(|| {
        CliError::new(Exit::NotFound, format!("{} has no program {id}", dir.id()))
    })?;
    let program = reader.program(facts).map_err(store_error)?;
    Ok((program, Some(format!("{}:{id}", dir.id()))))
}

/// Every Python package that the task needs must be where its commands run.
pub fn check_requirements(task: &TaskConfig, sandboxes: &Sandboxes) -> Result<(), CliError> {
    let check = evolve_evaluators::check_requirements(task, &*sandboxes.sandbox);
    let missing = sandboxes.runtime.block_on(check)?;
    if missing.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = missing.iter().map(|m| format!("{} ({})", m.name, m.why)).collect();
    let list = list.join("; ");
    Err(CliError::usage(format!("the task needs Python packages that are not installed: {list}"))
        .help(if sandboxes.sandbox.name() == "docker" {
            "use an image that has them: sandbox.image, or a Dockerfile with sandbox.build"
        } else {
            "install them where python3 finds them, for example with pip"
        }))
}

/// The first lines of output: who proposes, and what the sandbox cannot do.
fn say_how(
    global: &Global,
    folder: &TaskFolder,
    kind: ProposerKind,
    sandbox: &dyn evolve_core::sandbox::Sandbox,
) {
    if global.quiet {
        return;
    }
    folder.notes.iter().for_each(|note| eprintln!("note: {note}"));
    match kind {
        ProposerKind::Mutate if folder.config.model.is_empty() => eprintln!(
            "no model is configured: the mutate proposer searches, offline and free \
             (add [[model]] to task.toml to use one)"
        ),
        ProposerKind::Mutate => eprintln!("the mutate proposer searches; no model is asked"),
        ProposerKind::Command => {
            let run = folder.config.command.iter().flat_map(|command| &command.run);
            let run: Vec<_> = run.map(String::as_str).collect();
            eprintln!("a command proposes: {}", run.join(" "));
        }
        ProposerKind::Model => {
            let names: Vec<_> = folder.config.model.iter().map(|m| m.name.as_str()).collect();
            eprintln!("models propose: {}", names.join(", "));
        }
    }
    if kind != ProposerKind::Mutate {
        say_prices(&folder.config);
    }
    // What it does enforce is in the report and in `evolve doctor`.
    for line in sandbox_lines(sandbox).iter().filter(|line| line.contains("not enforced")) {
        eprintln!("sandbox {line}");
    }
}

/// Which prices are not the task's own.
fn say_prices(task: &TaskConfig) {
    let shipped = task.model.iter().filter(|model| {
        model.price.is_some() && model.price == evolve_core::task::shipped_price(model)
    });
    let names: Vec<_> = shipped.map(|model| model.name.as_str()).collect();
    if !names.is_empty() {
        eprintln!(
            "list prices of {}: {} (give `price` in task.toml if yours differ)",
            *evolve_core::task::PRICES_AS_OF,
            names.join(", ")
        );
    }
}

/// The sandbox's name and guarantees, for people and the journal.
pub fn sandbox_lines(sandbox: &dyn evolve_core::sandbox::Sandbox) -> Vec<String> {
    sandbox.guarantees().into_iter().map(|line| format!("{}: {line}", sandbox.name())).collect()
}

/// This host, and where the task came from.
pub fn host(root: &Path) -> std::collections::BTreeMap<String, String> {
    let mut host = session::host();
    host.insert(TASK_FOLDER.to_owned(), root.display().to_string());
    host
}

/// Key under which a run remembers the folder its task was copied from.
pub const TASK_FOLDER: &str = "task_folder";

/// Makes a run's folder with the frozen task in it.
pub fn create_run(runs: &Path, folder: &TaskFolder) -> Result<RunDir, CliError> {
    // Names only: never part of a decision.
    let random = getrandom::u64()
        .map_err(|error| CliError::failed(format!("the system gives no random number: {error}")))?;
    let id: RunId = new_run_id(&folder.config.task.name, Timestamp::now(), random);
    let dir = RunDir::create(runs, &id).map_err(store_error)?;
    folder.freeze(&dir.task())?;
    Ok(dir)
}
