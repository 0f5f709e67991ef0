//! A Python that imported what every command needs and forks for each of them.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Pid;

use super::filter::Filter;
use super::limits;
use crate::sys;
use crate::wire::{Ended, Rlimits, Warm};

const PROGRAM: &str = include_str!("warm.py");

/// How a forked command ended, with CPU seconds and peak memory in bytes.
pub(super) type ForkEnd = (Ended, f64, u64);

/// The warm Python.
pub(super) struct Server {
    child: Child,
    talk: BufReader<UnixStream>,
    python: String,
    options: Vec<String>,
    /// The end from which everything is read that its children print.
    pub output: OwnedFd,
}

impl Server {
    /// Starts it and waits until it is ready.
    pub(super) fn start(
        warm: &Warm,
        python: &Path,
        env: &BTreeMap<String, String>,
        folder: &Path,
        rlimits: Option<Rlimits>,
        filter: Filter,
    ) -> Result<Self, String> {
        let start = || -> io::Result<Self> {
            let (ours, theirs) = UnixStream::pair()?;
            let (output, printed) = io::pipe()?;
            let mut command = Command::new(python);
            command
                .args(&warm.options)
                .args(["-u", "-c", PROGRAM, &serde_json::to_string(&warm.imports)?])
                .env_clear()
                .envs(env)
                .current_dir(folder)
                .stdin(Stdio::null())
                .stdout(printed.try_clone()?)
                .stderr(printed);
            let child = sys::Child {
                limits: rlimits.map(limits::of).unwrap_or_default(),
                filter,
                third: Some(theirs.into()),
            };
            sys::confine(&mut command, child);
            let child = command.spawn()?;
            let talk = BufReader::new(ours);
            let (python, options) = (warm.python.clone(), warm.options.clone());
            Ok(Self { child, talk, python, options, output: output.into() })
        };
        let python = python.display();
        let mut server = start().map_err(|why| format!("`{python}` cannot be started: {why}"))?;
        let _ = server.talk.get_ref().set_read_timeout(Some(warm.patience));
        let answer = server.line();
        let _ = server.talk.get_ref().set_read_timeout(Some(Duration::from_secs(30)));
        match answer {
            Ok(line) if line == "ready" => Ok(server),
            Ok(line) => Err(format!(
                "warm_imports: {}",
                line.strip_prefix("failed ").unwrap_or("Python said something else than `ready`")
            )),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(format!("warm_imports took longer than {:?}", warm.patience))
            }
            Err(_) => {
                let said = super::capture::last_words(&server.output);
                Err(format!("warm_imports: `{python}` ended before it was ready: {said}"))
            }
        }
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Whether it said more than was heard: then nothing becomes readable.
    pub(super) fn has_spoken(&self) -> bool {
        !self.talk.buffer().is_empty()
    }

    /// Becomes readable when the command ended, or this Python did.
    pub(super) fn talk(&self) -> BorrowedFd<'_> {
        self.talk.get_ref().as_fd()
    }

    /// The script and arguments, if this Python can run the command.
    pub(super) fn script<'a>(&self, argv: &'a [String]) -> Option<&'a [String]> {
        let (python, rest) = argv.split_first()?;
        let script = rest.strip_prefix(self.options.as_slice())?;
        let is_script = script.first().is_some_and(|word| !word.starts_with('-'));
        (*python == self.python && is_script).then_some(script)
    }

    /// Forks for a command.
    pub(super) fn fork(
        &mut self,
        script: &[String],
        env: &BTreeMap<String, String>,
        folder: &Path,
    ) -> io::Result<()> {
        let command = serde_json::json!({ "argv": script, "env": env, "cwd": folder });
        let mut line = serde_json::to_vec(&command)?;
        line.push(b'\n');
        self.talk.get_mut().write_all(&line)?;
        let answer = self.line()?;
        if answer == "started" { Ok(()) } else { Err(io::Error::other(answer)) }
    }

    /// How the command ended; waits for it. An error when this Python was killed meanwhile.
    pub(super) fn ended(&mut self) -> io::Result<ForkEnd> {
        let answer = self.line()?;
        let garbage = || io::Error::other(format!("a warm Python said `{answer}`"));
        let mut words = answer.strip_prefix("ended ").ok_or_else(garbage)?.split(' ');
        let mut next = || words.next().ok_or_else(garbage);
        let status: i32 = next()?.parse().map_err(|_| garbage())?;
        let cpu = next()?.parse().map_err(|_| garbage())?;
        let peak = next()?.parse().map_err(|_| garbage())?;
        let ended = match status & 0x7f {
            0 => Ended::Code((status >> 8) & 0xff),
            signal => Ended::Signal(signal),
        };
        Ok((ended, cpu, peak))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.talk.read_line(&mut line)?;
        if line.pop() != Some('\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }
}
