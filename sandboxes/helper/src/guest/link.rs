//! The way between the helper and its controller.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;

use crate::wire::{self, Ask, Tell};

/// Where asks come from and answers go.
pub enum Link {
    /// Two pipes. When the controller is gone, so is the reason to go on.
    Pipes {
        /// Asks.
        input: BufReader<File>,
        /// Answers.
        output: File,
    },
    /// A socket on which a controller may come back.
    Socket {
        /// Where it comes.
        listener: UnixListener,
        /// The one that is there.
        stream: Option<BufReader<UnixStream>>,
    },
}

impl Link {
    /// Whether a controller that is gone may come back.
    pub(super) fn is_patient(&self) -> bool {
        matches!(self, Self::Socket { .. })
    }

    /// The next ask with its payload; none when nobody asked for so long or the controller is
    /// gone for good.
    pub(super) fn next(&mut self, patience: Option<Duration>) -> Option<(Ask, Vec<u8>)> {
        loop {
            match self {
                Self::Pipes { input, .. } => return wire::receive(input).ok(),
                Self::Socket { stream: Some(open), .. } => {
                    let buffered = !open.buffer().is_empty();
                    if !buffered && !readable(open.get_ref().as_fd(), patience) {
                        return None;
                    }
                    match wire::receive(open) {
                        Ok(asked) => return Some(asked),
                        Err(_) => self.lose(),
                    }
                }
                Self::Socket { listener, stream } => {
                    if !readable(listener.as_fd(), patience) {
                        return None;
                    }
                    *stream = accept(listener);
                }
            }
        }
    }

    /// Takes a controller that came back while a command runs.
    pub(super) fn accept(&mut self) {
        if let Self::Socket { listener, stream } = self
            && stream.is_none()
            && readable(listener.as_fd(), Some(Duration::ZERO))
        {
            *stream = accept(listener);
        }
    }

    /// Answers. A controller that is gone does not hear it.
    pub(super) fn tell(&mut self, tell: &Tell, payload: &[&[u8]]) {
        if self.try_tell(tell, payload).is_err() {
            self.lose();
        }
    }

    /// Says why nothing comes of it all.
    pub fn refuse(&mut self, why: &str) {
        self.tell(&Tell::Fault(why.to_owned()), &[]);
    }

    fn try_tell(&mut self, tell: &impl Serialize, payload: &[&[u8]]) -> io::Result<()> {
        match self {
            Self::Pipes { output, .. } => wire::send(output, tell, payload),
            Self::Socket { stream: Some(stream), .. } => {
                wire::send(stream.get_mut(), tell, payload)
            }
            Self::Socket { stream: None, .. } => Ok(()),
        }
    }

    pub(super) fn lose(&mut self) {
        if let Self::Socket { stream, .. } = self {
            *stream = None;
        }
    }

    /// What to watch while a command runs: hanging up, or (of a listener) somebody coming.
    pub(super) fn watch(&self) -> PollFd<'_> {
        let file: BorrowedFd<'_> = match self {
            Self::Pipes { input, .. } => input.get_ref().as_fd(),
            Self::Socket { stream: Some(stream), .. } => stream.get_ref().as_fd(),
            Self::Socket { listener, .. } => {
                return PollFd::from_borrowed_fd(listener.as_fd(), PollFlags::IN);
            }
        };
        PollFd::from_borrowed_fd(file, PollFlags::empty())
    }
}

/// A controller; nobody else may be one. Who may speak to a daemon starts its relay as root,
/// which no command in the sandbox can become.
fn accept(listener: &UnixListener) -> Option<BufReader<UnixStream>> {
    let (mut stream, _) = listener.accept().ok()?;
    if !is_root(&stream) {
        let _ = stream.write_all(b"go away\n");
        return None;
    }
    Some(BufReader::new(stream))
}

#[cfg(target_os = "linux")]
fn is_root(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid.is_root())
}

#[cfg(not(target_os = "linux"))]
fn is_root(_stream: &UnixStream) -> bool {
    false // containers run Linux
}

fn readable(file: BorrowedFd<'_>, patience: Option<Duration>) -> bool {
    let timeout = patience.map(timespec);
    loop {
        let mut watched = [PollFd::from_borrowed_fd(file, PollFlags::IN)];
        match poll(&mut watched, timeout.as_ref()) {
            Ok(n) => return n > 0,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

pub(super) fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}
