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
    /// A socket on which a controller may come back, or another one take over.
    Socket {
        /// Where it comes.
        listener: UnixListener,
        /// The one that is there.
        stream: Option<BufReader<UnixStream>>,
    },
}

/// What happens next.
pub(super) enum Next {
    /// The controller asks something, with this payload.
    Asked(Box<Ask>, Vec<u8>),
    /// A controller came.
    Came,
    /// The controller is gone for good.
    Over,
}

/// How long a controller that is there, or seems to be, may ask for nothing.
const SILENCE: Duration = Duration::from_hours(24);

/// How long a message may be stuck on its way.
const STUCK: Duration = Duration::from_secs(30);

impl Link {
    /// Whether a controller that is gone may come back.
    pub(super) fn is_patient(&self) -> bool {
        matches!(self, Self::Socket { .. })
    }

    /// Waits for what happens next. A controller that is gone is waited for so long.
    pub(super) fn next(&mut self, patience: Duration) -> Next {
        loop {
            match self {
                Self::Pipes { input, .. } => {
                    let asked = wire::receive(input);
                    return asked
                        .map_or(Next::Over, |(ask, payload)| Next::Asked(Box::new(ask), payload));
                }
                Self::Socket { stream: Some(open), .. } if !open.buffer().is_empty() => {
                    match wire::receive(open) {
                        Ok((ask, payload)) => return Next::Asked(Box::new(ask), payload),
                        Err(_) => self.lose(),
                    }
                }
                Self::Socket { listener, stream } => {
                    let patience = if stream.is_some() { SILENCE } else { patience };
                    let open = stream.as_ref().map(|open| open.get_ref().as_fd());
                    match first_readable(listener.as_fd(), open, patience) {
                        Some(0) => {
                            if self.accept() {
                                return Next::Came;
                            }
                        }
                        Some(_) => match stream.as_mut().map(wire::receive) {
                            Some(Ok((ask, payload))) => return Next::Asked(Box::new(ask), payload),
                            _ => self.lose(),
                        },
                        None => return Next::Over,
                    }
                }
            }
        }
    }

    /// Takes a controller that came, if one did. It takes the place of the one before: only
    /// one run is in charge, and who comes later knows better who that is.
    pub(super) fn accept(&mut self) -> bool {
        let Self::Socket { listener, stream } = self else { return false };
        if first_readable(listener.as_fd(), None, Duration::ZERO).is_none() {
            return false;
        }
        let came = accept(listener);
        let is_one = came.is_some();
        if is_one {
            *stream = came;
        }
        is_one
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

    /// What to watch while a command runs: hanging up, and somebody coming.
    pub(super) fn watch(&self) -> Vec<PollFd<'_>> {
        let hanging_up = |file| PollFd::from_borrowed_fd(file, PollFlags::empty());
        match self {
            Self::Pipes { input, .. } => vec![hanging_up(input.get_ref().as_fd())],
            Self::Socket { listener, stream } => {
                let open = stream.as_ref().map(|open| hanging_up(open.get_ref().as_fd()));
                let coming = PollFd::from_borrowed_fd(listener.as_fd(), PollFlags::IN);
                open.into_iter().chain([coming]).collect()
            }
        }
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
    // A deadline must not wait for a network that is stuck.
    stream.set_read_timeout(Some(STUCK)).ok()?;
    stream.set_write_timeout(Some(STUCK)).ok()?;
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

/// Which of the files can be read first, within this time.
fn first_readable(
    one: BorrowedFd<'_>,
    other: Option<BorrowedFd<'_>>,
    patience: Duration,
) -> Option<usize> {
    let files = || std::iter::once(one).chain(other);
    loop {
        let mut watched: Vec<PollFd<'_>> =
            files().map(|file| PollFd::from_borrowed_fd(file, PollFlags::IN)).collect();
        match poll(&mut watched, Some(&timespec(patience))) {
            Ok(_) => return watched.iter().position(|file| !file.revents().is_empty()),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}

pub(super) fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}
