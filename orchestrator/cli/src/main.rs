//! `evolve`: the binary and only composition root. It parses, wires, calls and prints.

mod args;
mod commands;
mod error;
mod event_log;
mod knowledge;
mod logging;
mod notify;
mod peers;
mod progress;
mod sandboxes;
mod session;
mod shipped;
mod signals;
mod slots;
mod task_folder;

use std::process::ExitCode;

use clap::Parser;
use evolve_engine::Command as Steer;

use args::{Cli, Command, Global, LogFormat};
use error::{CliError, Exit};

fn main() -> ExitCode {
    // A supervisor of the sandbox, and the reader of PDFs, is this same binary: it must start
    // before anything else.
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some(code) = evolve_sandbox::helper_main(&words) {
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    if let Some(code) = evolve_cognition::helper_main(&words) {
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    let cli = Cli::parse();
    set_colour(&cli.global);
    logging::start(&cli.global);
    if !stay_with_parent() {
        return ExitCode::from(Exit::Interrupted as u8);
    }
    match dispatch(&cli) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            let exit = error.exit;
            if cli.global.log_format == LogFormat::Json {
                error.log();
            } else {
                eprintln!("{:?}", miette::Report::new(error));
            }
            ExitCode::from(exit as u8)
        }
    }
}

/// Asks for SIGTERM at the parent's end, where the parent wants that; false if it is gone by now.
fn stay_with_parent() -> bool {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    let Some(parent) = std::env::var_os(evolve_core::env::WITH_PARENT) else { return true };
    if let Err(error) = set_parent_process_death_signal(Some(Signal::TERM)) {
        tracing::warn!("this run will not end with the process that started it: {error}");
    }
    let now = getppid().map(|pid| pid.as_raw_nonzero().get().to_string());
    now.is_some_and(|now| *now == *parent)
}

fn dispatch(cli: &Cli) -> Result<Exit, CliError> {
    let (global, runs) = (&cli.global, cli.global.runs.as_path());
    match &cli.command {
        Command::Init(args) => commands::init::init(args, global.quiet)?,
        Command::Check(args) => commands::check::check(args)?,
        Command::Start(args) => return commands::start::start(global, args),
        Command::Resume(args) => return commands::resume::resume(global, args),
        Command::Pause(args) => commands::steer::steer(runs, &args.run, &Steer::Pause)?,
        Command::Unpause(args) => commands::steer::steer(runs, &args.run, &Steer::Unpause)?,
        Command::Stop(args) => {
            let command = if args.now { Steer::StopNow } else { Steer::Stop };
            commands::steer::steer(runs, &args.run, &command)?;
        }
        Command::Budget(args) => commands::steer::budget(runs, &args.run, &args.changes)?,
        Command::Inject(args) => commands::inject::inject(runs, args)?,
        Command::List(args) => commands::read::list(runs, args)?,
        Command::Status(args) => commands::read::status(runs, args)?,
        Command::Watch(args) => return commands::watch::watch(global, args),
        Command::Best(args) => commands::read::best(runs, args)?,
        Command::Show(args) => commands::read::show(runs, args)?,
        Command::Prompt(args) => commands::prompt::prompt(runs, args)?,
        Command::Lineage(args) => commands::read::lineage(runs, args)?,
        Command::Insights(args) => return commands::insights::insights(runs, args),
        Command::Cognition(args) => return commands::cognition::cognition(runs, args),
        Command::Report(args) => commands::report::report(runs, args)?,
        Command::Serve(args) => commands::serve::serve(runs, args)?,
        Command::Export(args) => commands::read::export_lines(runs, args)?,
        Command::Verify(args) => return commands::verify::verify(runs, args),
        Command::Gc(args) => commands::gc::gc(args)?,
        Command::Import(args) => commands::import::import(args, global.quiet)?,
        Command::Bench(args) => return commands::bench::bench(global, args),
        Command::Tasks(args) => return commands::tasks::tasks(global, args),
        Command::Strategies(args) => commands::strategies::strategies(args)?,
        Command::Npu(args) => commands::npu::npu(args)?,
        Command::Schema => commands::schema::schema()?,
        Command::Devices(args) => commands::devices::devices(args)?,
        Command::Doctor(args) => commands::doctor::doctor(args)?,
        Command::Completions { shell } => commands::schema::completions(*shell),
    }
    Ok(Exit::Done)
}

/// Errors are drawn for a terminal with or without colour, as the flags say.
fn set_colour(global: &Global) {
    let colour = logging::colour(global);
    // Only the first hook counts; a second call in one process is harmless.
    let _ = miette::set_hook(Box::new(move |_| {
        let options = miette::MietteHandlerOpts::new().color(colour).unicode(true);
        let options = if colour { options } else { options.terminal_links(false) };
        Box::new(options.width(100).build())
    }));
}
