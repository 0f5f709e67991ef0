//! Collects what a command prints: the head and the tail, however much it is.

use std::io::{self, PipeReader};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::io::{Errno, read};

/// How long output is waited for after the whole tree was killed. Only a process outside
/// the tree that was handed the pipe can make it last that long.
const DRAIN: Duration = Duration::from_millis(200);

/// The reading end of a command's output.
pub(super) struct Capture {
    pipe: Option<PipeReader>,
    kept: HeadTail,
    chunk: Vec<u8>,
}

impl Capture {
    pub(super) fn new(pipe: PipeReader, cap: usize) -> io::Result<Self> {
        let flags = rustix::fs::fcntl_getfl(&pipe)?;
        rustix::fs::fcntl_setfl(&pipe, flags | OFlags::NONBLOCK)?;
        Ok(Self { pipe: Some(pipe), kept: HeadTail::new(cap), chunk: vec![0; 64 * 1024] })
    }

    /// What to wait on for more, until the end was seen.
    pub(super) fn source(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Takes what is there, one chunk at most; says whether there was anything.
    pub(super) fn read_some(&mut self) -> bool {
        let Some(pipe) = &self.pipe else { return false };
        match read(pipe, self.chunk.as_mut_slice()) {
            Ok(0) => self.pipe = None,
            Ok(n) => {
                self.kept.push(&self.chunk[..n]);
                return true;
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.pipe = None,
        }
        false
    }

    /// Takes what is left, within a bounded time.
    pub(super) fn drain(&mut self) {
        let deadline = Instant::now() + DRAIN;
        while self.read_some() && Instant::now() < deadline {}
    }

    /// What was kept, with a line that says how much was not.
    pub(super) fn into_log(self) -> Vec<u8> {
        self.kept.into_bytes()
    }
}

/// The first and the last bytes of a stream.
struct HeadTail {
    half: usize,
    head: Vec<u8>,
    tail: Vec<u8>,
    cut: u64,
}

impl HeadTail {
    fn new(cap: usize) -> Self {
        Self { half: cap / 2, head: Vec::new(), tail: Vec::new(), cut: 0 }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = self.half - self.head.len();
        let (to_head, to_tail) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(to_head);
        self.tail.extend_from_slice(to_tail);
        // Twice its size at most, so that each byte is moved about once.
        if self.tail.len() > self.half.saturating_mul(2) {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        let excess = self.tail.len().saturating_sub(self.half);
        self.tail.drain(..excess);
        self.cut += excess as u64;
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.shorten();
        let mut bytes = self.head;
        if self.cut > 0 {
            bytes.extend_from_slice(
                format!("\n[evolve: {} bytes of output were cut here]\n", self.cut).as_bytes(),
            );
        }
        bytes.extend_from_slice(&self.tail);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(cap: usize, chunks: &[&[u8]]) -> String {
        let mut kept = HeadTail::new(cap);
        for chunk in chunks {
            kept.push(chunk);
        }
        String::from_utf8(kept.into_bytes()).unwrap()
    }

    #[test]
    fn short_output_is_kept_whole() {
        assert_eq!(kept(10, &[b"01234", b"56789"]), "0123456789");
        assert_eq!(kept(10, &[]), "");
    }

    #[test]
    fn long_output_keeps_its_ends_and_says_what_was_cut() {
        let text = kept(10, &[b"0123", b"4567", b"89abcdefghijklmnopq", b"rstuvwx", b"yz"]);
        assert_eq!(text, "01234\n[evolve: 26 bytes of output were cut here]\nvwxyz");
    }

    #[test]
    fn memory_stays_bounded_whatever_comes() {
        let mut kept = HeadTail::new(1000);
        for _ in 0..1000 {
            kept.push(&[b'x'; 5000]);
            assert!(kept.tail.len() <= 1000 && kept.tail.capacity() <= 16_000);
        }
    }
}
