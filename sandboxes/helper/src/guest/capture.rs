//! Collects what a command prints: the head, passed on as it comes, and the tail, however much
//! lies between them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::io::{Errno, read};

/// How long output is waited for after the whole tree was killed. Only a process outside
/// the tree that was handed the pipe can make it last that long.
const DRAIN: Duration = Duration::from_millis(200);

/// The reading end of a command's output.
pub(super) struct Capture {
    pipe: Option<OwnedFd>,
    /// How much more of the head there may be.
    head: usize,
    tail: Tail,
    chunk: Vec<u8>,
}

impl Capture {
    /// Half of `cap` bytes for each end.
    pub(super) fn new(pipe: OwnedFd, cap: usize) -> io::Result<Self> {
        let flags = rustix::fs::fcntl_getfl(&pipe)?;
        rustix::fs::fcntl_setfl(&pipe, flags | OFlags::NONBLOCK)?;
        let half = cap / 2;
        Ok(Self { pipe: Some(pipe), head: half, tail: Tail::new(half), chunk: vec![0; 64 * 1024] })
    }

    /// What to wait on for more, until the end was seen.
    pub(super) fn source(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Takes what is there, one chunk at most. What belongs to the head is handed out at once;
    /// none when there was nothing.
    pub(super) fn read_some(&mut self) -> Option<&[u8]> {
        let pipe = self.pipe.as_ref()?;
        match read(pipe, self.chunk.as_mut_slice()) {
            Ok(0) => self.pipe = None,
            Ok(n) => {
                let to_head = n.min(self.head);
                self.head -= to_head;
                self.tail.push(&self.chunk[to_head..n]);
                return Some(&self.chunk[..to_head]);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.pipe = None,
        }
        None
    }

    /// Takes what is left, within a bounded time.
    pub(super) fn drain(&mut self, mut head: impl FnMut(&[u8])) {
        let deadline = Instant::now() + DRAIN;
        while let Some(bytes) = self.read_some() {
            head(bytes);
            if Instant::now() > deadline {
                return;
            }
        }
    }

    /// How many bytes between head and tail were not kept, and the tail.
    pub(super) fn into_tail(self) -> (u64, Vec<u8>) {
        self.tail.into_bytes()
    }
}

/// The last thing printed into a pipe, on one line.
pub(super) fn last_words(pipe: &OwnedFd) -> String {
    let Ok(copy) = pipe.try_clone() else { return String::new() };
    let Ok(mut capture) = Capture::new(copy, 4096) else { return String::new() };
    capture.head = 0;
    capture.drain(|_| {});
    let (_, tail) = capture.into_tail();
    let text = String::from_utf8_lossy(&tail).into_owned();
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().to_owned()
}

/// The last bytes of a stream.
struct Tail {
    size: usize,
    bytes: Vec<u8>,
    cut: u64,
}

impl Tail {
    fn new(size: usize) -> Self {
        Self { size, bytes: Vec::new(), cut: 0 }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Twice its size at most, so that each byte is moved about once.
        if self.bytes.len() > self.size.saturating_mul(2) {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        let excess = self.bytes.len().saturating_sub(self.size);
        self.bytes.drain(..excess);
        self.cut += excess as u64;
    }

    fn into_bytes(mut self) -> (u64, Vec<u8>) {
        self.shorten();
        (self.cut, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// What is kept of these chunks: head, bytes cut, tail.
    fn kept(cap: usize, chunks: &[&str]) -> (String, u64, String) {
        let (pipe, mut writer) = io::pipe().unwrap();
        let mut capture = Capture::new(pipe.into(), cap).unwrap();
        let mut head = Vec::new();
        for chunk in chunks {
            writer.write_all(chunk.as_bytes()).unwrap();
            head.extend_from_slice(capture.read_some().unwrap());
        }
        drop(writer);
        capture.drain(|bytes| head.extend_from_slice(bytes));
        let (cut, tail) = capture.into_tail();
        (String::from_utf8(head).unwrap(), cut, String::from_utf8(tail).unwrap())
    }

    fn expected(head: &str, cut: u64, tail: &str) -> (String, u64, String) {
        (head.to_owned(), cut, tail.to_owned())
    }

    #[test]
    fn short_output_is_kept_whole() {
        assert_eq!(kept(10, &["01234", "56789"]), expected("01234", 0, "56789"));
        assert_eq!(kept(10, &[]), expected("", 0, ""));
    }

    #[test]
    fn long_output_keeps_its_ends_and_says_what_was_cut() {
        let chunks = ["0123", "4567", "89abcdefghijklmnopq", "rstuvwx", "yz"];
        assert_eq!(kept(10, &chunks), expected("01234", 26, "vwxyz"));
    }

    #[test]
    fn memory_stays_bounded_whatever_comes() {
        let mut tail = Tail::new(500);
        for _ in 0..1000 {
            tail.push(&[b'x'; 5000]);
            assert!(tail.bytes.len() <= 1000 && tail.bytes.capacity() <= 16_000);
        }
    }

    #[test]
    fn last_words_are_the_last_line() {
        let (pipe, mut writer) = io::pipe().unwrap();
        writer.write_all(b"Traceback\n  x\nImportError: no y\n\n").unwrap();
        assert_eq!(last_words(&pipe.into()), "ImportError: no y");
    }
}
