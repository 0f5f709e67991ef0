//! Live commands over `control.sock`: one JSON object a line, answered by one.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream as AsyncStream};
use tokio::sync::oneshot;

use crate::inject::Inject;
use crate::message::Message;

/// Longest command line that is read: a program in JSON, with room to spare.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;
/// Longest path that every system takes as a socket's address, in bytes.
const LONGEST_ADDRESS: usize = 100;
/// How long a client waits for the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a person can ask of a live run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Start nothing new; wait.
    Pause,
    /// Go on.
    Unpause,
    /// Let running work end, then stop.
    Stop,
    /// Stop without waiting; running work is cancelled and redone on resume.
    StopNow,
    /// Change a budget: `KEY=VALUE`.
    Budget {
        /// For example `candidates=500`.
        change: String,
    },
    /// Make a person's program a candidate.
    Inject(Inject),
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether it was done.
    pub ok: bool,
    /// One line for the person.
    pub message: String,
}

impl Reply {
    pub(crate) fn ok(message: impl Into<String>) -> Self {
        Self { ok: true, message: message.into() }
    }

    pub(crate) fn no(message: impl Into<String>) -> Self {
        Self { ok: false, message: message.into() }
    }
}

/// A command that got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens.
    #[error("no process has this run (nothing listens on {path})")]
    NotLive {
        /// The socket.
        path: PathBuf,
    },
    /// The talk broke off.
    #[error("the process that has this run did not answer: {0}")]
    Broken(#[from] std::io::Error),
    /// The command is longer than is read.
    #[error("that is {size} bytes to send; a process takes {LONGEST_LINE} at most")]
    TooLong {
        /// Its length.
        size: usize,
    },
    /// The answer is not one.
    #[error("the process that has this run gave an answer that cannot be read: {0}")]
    Garbled(#[from] serde_json::Error),
}

/// Sends a command to the process that has the run and waits for the answer.
pub fn send(socket: &Path, command: &Command) -> Result<Reply, ControlError> {
    let stream = reachable(socket).and_then(|(_folder, short)| UnixStream::connect(short));
    let mut stream = stream.map_err(|_| ControlError::NotLive { path: socket.to_owned() })?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_string(command)?;
    line.push('\n');
    if line.len() as u64 > LONGEST_LINE {
        return Err(ControlError::TooLong { size: line.len() });
    }
    stream.write_all(line.as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(serde_json::from_str(&answer)?)
}

/// A path by which a socket can be reached however deep its folder is: addresses of sockets end
/// after some hundred bytes, so a longer one goes by the folder's open descriptor, which must be
/// kept for as long.
fn reachable(socket: &Path) -> std::io::Result<(Option<File>, PathBuf)> {
    let (Some(folder), Some(name)) = (socket.parent(), socket.file_name()) else {
        return Ok((None, socket.to_owned()));
    };
    if socket.as_os_str().len() <= LONGEST_ADDRESS {
        return Ok((None, socket.to_owned()));
    }
    let folder = File::open(folder)?;
    let short = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
    Ok((Some(folder), short))
}

/// Opens the socket. One left by a process that is gone is replaced; the run's lock has
/// made sure that it is gone.
pub(crate) fn listen(socket: &Path) -> std::io::Result<UnixListener> {
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let (_folder, short) = reachable(socket)?;
    let listener = UnixListener::bind(short)?;
    // Only the owner steers a run.
    std::fs::set_permissions(socket, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(listener)
}

/// Serves commands until dropped.
pub(crate) async fn serve(listener: UnixListener, sender: Sender<Message>) {
    while let Ok((stream, _)) = listener.accept().await {
        let sender = sender.clone();
        tokio::spawn(async move {
            // A client that breaks off concerns nobody else.
            let _ = answer(stream, sender).await;
        });
    }
}

async fn answer(stream: AsyncStream, sender: Sender<Message>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(read.take(LONGEST_LINE)).lines();
    while let Some(line) = lines.next_line().await? {
        let reply = match serde_json::from_str(&line) {
            Ok(command) => ask(command, &sender).await,
            Err(_) if line.len() as u64 >= LONGEST_LINE => {
                Reply::no(format!("a command has {LONGEST_LINE} bytes at most"))
            }
            Err(error) => Reply::no(format!("not a command: {error}")),
        };
        // Each line may be that long, not all of them together.
        lines.get_mut().get_mut().set_limit(LONGEST_LINE);
        let mut text = serde_json::to_string(&reply).unwrap_or_default();
        text.push('\n');
        write.write_all(text.as_bytes()).await?;
    }
    Ok(())
}

async fn ask(command: Command, sender: &Sender<Message>) -> Reply {
    let (give, take) = oneshot::channel();
    let place = Box::new(move |reply| {
        let _ = give.send(reply);
    });
    if sender.send(Message::Control(command, Some(place))).is_err() {
        return Reply::no("the run has ended");
    }
    take.await.unwrap_or_else(|_| Reply::no("the run has ended"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_readable_json() {
        let text = serde_json::to_string(&Command::Budget { change: "usd=1".into() }).unwrap();
        assert_eq!(text, r#"{"command":"budget","change":"usd=1"}"#);
        assert!(serde_json::from_str::<Command>(r#"{"command":"explode"}"#).is_err());
    }

    #[test]
    fn a_dead_socket_says_that_nobody_listens() {
        let error = send(Path::new("/nonexistent/control.sock"), &Command::Pause).unwrap_err();
        assert!(matches!(error, ControlError::NotLive { .. }));
    }

    #[tokio::test]
    async fn a_hostile_client_gets_an_answer_and_harms_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("deep".repeat(30));
        std::fs::create_dir(&deep).unwrap();
        let socket = deep.join("control.sock");
        std::fs::write(&socket, "left over").unwrap();
        let listener = listen(&socket).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        tokio::spawn(serve(listener, sender));
        std::thread::spawn(move || {
            while let Ok(Message::Control(command, Some(place))) = receiver.recv() {
                place(Reply::ok(format!("{command:?}")));
            }
        });
        let answers = tokio::task::spawn_blocking(move || {
            let connect = || {
                let (_folder, short) = reachable(&socket).unwrap();
                UnixStream::connect(short).unwrap()
            };
            let mut bad = connect();
            bad.write_all(b"\x00garbage\n{\"command\":\"pause\"").unwrap();
            drop(bad);
            let mut bad = connect();
            bad.write_all(b"nonsense\n").unwrap();
            let mut line = String::new();
            BufReader::new(bad).read_line(&mut line).unwrap();
            (line, send(&socket, &Command::Pause).unwrap())
        });
        let (line, reply) = answers.await.unwrap();
        assert!(line.contains("not a command"));
        assert_eq!(reply, Reply::ok("Pause"));
    }
}
