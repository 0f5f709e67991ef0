//! `evolve watch`: the dashboard on a terminal, lines elsewhere.

use std::io::{IsTerminal, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use evolve_core::env;
use evolve_engine::{Command, ControlError, send_command};
use evolve_report::model::{RunState, Status};
use evolve_report::watch::{Left, Live, Look, Steer, Steering, line, run};
use evolve_store::{RunDir, resolve_run};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{ColorWhen, Global, StatusArgs, Watch};
use crate::commands::read;
use crate::error::{CliError, Exit};
use crate::session::store_error;

/// How often the journal is looked at where there is no terminal.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The least time between two lines.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Shows a run until the person leaves it, or, without a terminal, until it comes to rest.
pub fn watch(global: &Global, args: &Watch) -> Result<Exit, CliError> {
    if args.once {
        read::status(&global.runs, &StatusArgs { run: args.run.clone(), json: false })?;
        return Ok(Exit::Done);
    }
    let dir = resolve_run(&global.runs, &args.run).map_err(store_error)?;
    let mut live = Live::open(&dir).map_err(store_error)?;
    if !has_terminal() {
        lines(&mut live)?;
        return Ok(Exit::Done);
    }
    let ended = Arc::new(AtomicBool::new(false));
    end_on_signals(&ended)?;
    let left = run(&mut live, &steering(&dir), look(global), &ended)
        .map_err(|error| CliError::failed(error.to_string()))?;
    Ok(match left {
        Left::Quit => Exit::Done,
        Left::Signal => Exit::Interrupted,
    })
}

/// Whether there is a terminal to draw on and to read keys from.
fn has_terminal() -> bool {
    let dumb = std::env::var_os(env::TERM).is_some_and(|term| term == "dumb");
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal() && !dumb
}

fn look(global: &Global) -> Look {
    let colour = match global.color {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => std::env::var_os(env::NO_COLOR).is_none_or(|value| value.is_empty()),
    };
    // The first that is set decides; none at all is the C locale.
    let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = env::LOCALE.iter().find_map(set).unwrap_or_default().to_lowercase();
    Look { colour, unicode: locale.contains("utf-8") || locale.contains("utf8") }
}

/// Commands to the process that has the run.
fn steering(dir: &RunDir) -> Steering {
    let (socket, id) = (dir.control_socket(), dir.id().clone());
    Arc::new(move |steer| {
        let command = match steer {
            Steer::Pause => Command::Pause,
            Steer::Unpause => Command::Unpause,
            Steer::Stop => Command::Stop,
        };
        match send_command(&socket, &command) {
            Ok(reply) if reply.ok => Ok(reply.message),
            Ok(reply) => Err(reply.message),
            Err(ControlError::NotLive { .. }) => {
                Err(format!("no process has this run; `evolve resume {id}` starts one"))
            }
            Err(error) => Err(error.to_string()),
        }
    })
}

/// Ends the dashboard, and so gives the terminal back, where a signal would end the process.
fn end_on_signals(ended: &Arc<AtomicBool>) -> Result<(), CliError> {
    let failed = |error| CliError::failed(format!("cannot watch signals: {error}"));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let signals = {
        let _entered = runtime.enter();
        let on = |kind| signal(kind).map_err(failed);
        [on(SignalKind::interrupt())?, on(SignalKind::terminate())?, on(SignalKind::hangup())?]
    };
    let ended = Arc::clone(ended);
    std::thread::spawn(move || {
        let [mut interrupt, mut terminate, mut hangup] = signals;
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        });
        ended.store(true, Ordering::Relaxed);
    });
    Ok(())
}

/// A line whenever something changed, until the run comes to rest or nobody reads.
fn lines(live: &mut Live) -> Result<(), CliError> {
    let mut written = None;
    let mut last = None::<Instant>;
    loop {
        // The process first: what it wrote before it was gone is then seen.
        let moment = live.moment();
        live.refresh().map_err(store_error)?;
        let status = Status::of(live.facts(), &moment, None);
        let rests = matches!(status.state, RunState::Stopped | RunState::Gone);
        let seen = (live.facts().next_seq, status.state);
        let due = last.is_none_or(|last| last.elapsed() >= LINE_EVERY);
        if written != Some(seen) && (due || rests) {
            let mut out = std::io::stdout().lock();
            if writeln!(out, "{}", line(&status)).and_then(|()| out.flush()).is_err() {
                return Ok(()); // the reader went away
            }
            (written, last) = (Some(seen), Some(Instant::now()));
        }
        if rests {
            return Ok(());
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
