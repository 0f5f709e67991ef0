//! What a controller and the helper in a sandbox tell each other: a line of JSON, then as many
//! bytes as the line announces. Both ends are built together, so there is no version.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Longest line, in bytes: the list of the 4,096 files that an output may have fits.
pub const LONGEST_LINE: usize = 8 << 20;

/// Folders of a sandbox, below one base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Folder {
    /// Where the command runs.
    Work,
    /// The program.
    Program,
    /// What one side leaves for the other.
    Output,
    /// Temporary files.
    Tmp,
}

impl Folder {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Work, Self::Program, Self::Output, Self::Tmp];

    /// Its name below the base.
    pub fn name(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Program => "program",
            Self::Output => "output",
            Self::Tmp => "tmp",
        }
    }
}

/// A file whose bytes follow the line, in the order of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHead {
    /// Folder it belongs to.
    pub folder: Folder,
    /// Path below the folder.
    pub path: String,
    /// Length in bytes.
    pub len: u64,
    /// Whether it may be executed.
    pub executable: bool,
}

/// A value in a command's environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvValue {
    /// Just that.
    Text(String),
    /// The path of a place in the sandbox.
    Place(Folder, String),
    /// The address of the door, and this after it.
    Door(String),
}

/// Resource limits of each process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rlimits {
    /// Private memory in bytes.
    pub memory: u64,
    /// Largest file in bytes.
    pub file_size: u64,
    /// Processes and threads at once, where that is counted for each sandbox apart.
    pub processes: Option<u64>,
    /// Open files.
    pub open_files: u64,
}

/// A Python that stays warm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warm {
    /// The interpreter: a path, or a name to look up.
    pub python: String,
    /// Its own options, as `-I`.
    pub options: Vec<String>,
    /// Modules to import once.
    pub imports: Vec<String>,
    /// Longest time the imports may take.
    pub patience: Duration,
}

/// What a sandbox is to be before commands come. The files that follow are put into each
/// command's folders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepare {
    /// The folder that holds the others.
    pub base: String,
    /// The whole environment but for what a command adds.
    pub env: BTreeMap<String, String>,
    /// Files of every command.
    pub files: Vec<FileHead>,
    /// Resource limits, if there are any.
    pub rlimits: Option<Rlimits>,
    /// Whether system calls that no program under test needs are refused.
    pub filter: bool,
    /// Folders besides the sandbox's own that may be written.
    pub writable: Vec<String>,
    /// A Python to keep warm.
    pub warm: Option<Warm>,
    /// The Unix socket that a TCP port of the sandbox is to lead to.
    pub door: Option<String>,
    /// Seconds after which a container whose controller is gone ends; after a command, its own
    /// time if that is longer.
    pub idle_s: u64,
}

/// One command. The files that follow are its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// What the controller calls it, should it come back for it.
    pub key: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Added to the environment.
    pub env: BTreeMap<String, EnvValue>,
    /// Files besides those of every command.
    pub files: Vec<FileHead>,
    /// Whether the output folder is for reading only.
    pub output_is_given: bool,
    /// Longest time from start to end.
    pub wall: Duration,
    /// Bytes of output to keep.
    pub log: usize,
}

/// Bounds of what is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeLimits {
    /// Bytes of all files together.
    pub bytes: u64,
    /// Files and folders.
    pub entries: usize,
    /// Folders within folders.
    pub depth: usize,
}

/// Why a folder was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refused {
    /// Its files are larger than allowed, together.
    TooLarge,
    /// Another limit was hit: which.
    Limit(String),
    /// It holds something that is not a plain file with a plain name: what.
    Odd(String),
}

/// What a controller asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// Get ready. Answer: `Ready` or `Fault`.
    Prepare(Prepare),
    /// Run a command. Answers: `Output`, again and again, then `Ended` or `Fault`.
    Run(Run),
    /// All files of a folder. Answer: `Files` or `Refused`.
    Take(Folder, TakeLimits),
    /// One file, up to so many bytes. Answer: `Files` with one or none.
    Read(Folder, String, u64),
    /// Forget the command and clean up. Answer: `Ready` or, when it cannot be trusted any
    /// more, `Fault`.
    Reset,
}

/// How a command's first process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It was killed because its time was over.
    TimedOut,
    /// It could not be started.
    NotStarted(String),
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How it ended.
    pub ended: Ended,
    /// Seconds from start until nothing of it ran any more.
    pub wall_s: f64,
    /// CPU seconds of all its processes.
    pub cpu_s: f64,
    /// Peak memory in bytes: of all together where the kernel counts that, else of the largest.
    pub peak_memory: u64,
    /// Bytes read from and written to devices, where the kernel counts that.
    pub io: Option<(u64, u64)>,
    /// Whether the kernel killed a process for want of memory.
    pub out_of_memory: bool,
    /// Whether a process could not be made because there were too many.
    pub too_many_processes: bool,
    /// Processes that could not be killed within a bounded time.
    pub immortal: Vec<i32>,
    /// What makes this sandbox unfit for another command.
    pub spoilt: Option<String>,
    /// Bytes of output left out between what was streamed and the tail that follows.
    pub cut: u64,
}

/// What the helper tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tell {
    /// Ready for a command.
    Ready,
    /// Bytes that the command printed follow.
    Output,
    /// The command ended; the tail of its output follows.
    Ended(Report),
    /// Files whose bytes follow.
    Files(Vec<FileHead>),
    /// The folder cannot be taken.
    Refused(Refused),
    /// Greets a controller that comes to a container. What the command that runs or ran has
    /// printed follows as `Output`, and if it ended, `Ended`, as if the controller had never
    /// been away.
    State {
        /// The command's key, if there is one.
        key: Option<String>,
    },
    /// The sandbox is of no use: why.
    Fault(String),
}

#[derive(Serialize, Deserialize)]
struct Line<T> {
    payload: u64,
    message: T,
}

/// One message as bytes, but for its payload of this length.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn encode<T: Serialize>(message: &T, payload: u64) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(&Line { payload, message })?;
    line.push(b'\n');
    Ok(line)
}

/// A message and the length of the payload that follows, from a line.
///
/// # Errors
/// When it is no message.
pub fn decode<T: DeserializeOwned>(line: &[u8]) -> io::Result<(T, u64)> {
    let line: Line<T> = serde_json::from_slice(line)?;
    Ok((line.message, line.payload))
}

/// Sends a message.
///
/// # Errors
/// When the other end is gone.
pub fn send<T: Serialize>(to: &mut impl Write, message: &T, payload: &[&[u8]]) -> io::Result<()> {
    let len = payload.iter().map(|part| part.len() as u64).sum();
    let mut bytes = encode(message, len)?;
    for part in payload {
        if part.len() < 64 * 1024 {
            bytes.extend_from_slice(part);
        } else {
            to.write_all(&bytes)?;
            bytes.clear();
            to.write_all(part)?;
        }
    }
    to.write_all(&bytes)?;
    to.flush()
}

/// Receives a message with its payload.
///
/// # Errors
/// When the other end is gone or does not keep to the format.
pub fn receive<T: DeserializeOwned>(from: &mut impl io::BufRead) -> io::Result<(T, Vec<u8>)> {
    let mut line = Vec::new();
    let mut limited = from.by_ref().take(LONGEST_LINE as u64);
    io::BufRead::read_until(&mut limited, b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let (message, len) = decode(&line)?;
    let mut payload = Vec::new();
    from.by_ref().take(len).read_to_end(&mut payload)?;
    if payload.len() as u64 != len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((message, payload))
}

/// The parts of a payload that belong to the files of a list.
///
/// # Errors
/// When the lengths do not add up.
pub fn split<'a>(files: &[FileHead], mut payload: &'a [u8]) -> io::Result<Vec<&'a [u8]>> {
    let mut parts = Vec::with_capacity(files.len());
    for file in files {
        let len = usize::try_from(file.len).unwrap_or(usize::MAX);
        let (part, rest) = payload
            .split_at_checked(len)
            .ok_or_else(|| io::Error::other("a file is shorter than its length"))?;
        parts.push(part);
        payload = rest;
    }
    if payload.is_empty() { Ok(parts) } else { Err(io::Error::other("bytes of no file")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_way() {
        let ask = Ask::Read(Folder::Work, "a\nb".to_owned(), 7);
        let mut bytes = Vec::new();
        send(&mut bytes, &ask, &[b"pay", b"load"]).unwrap();
        send(&mut bytes, &Ask::Reset, &[]).unwrap();
        let mut from = bytes.as_slice();
        assert_eq!(receive::<Ask>(&mut from).unwrap(), (ask, b"payload".to_vec()));
        assert_eq!(receive::<Ask>(&mut from).unwrap(), (Ask::Reset, Vec::new()));
        assert!(receive::<Ask>(&mut from).is_err());
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_an_error() {
        let mut bytes = Vec::new();
        send(&mut bytes, &Ask::Reset, &[b"payload"]).unwrap();
        assert!(receive::<Ask>(&mut &bytes[..bytes.len() - 1]).is_err());
        let endless = vec![b'x'; LONGEST_LINE + 10];
        assert!(receive::<Ask>(&mut endless.as_slice()).is_err());
    }

    #[test]
    fn lengths_must_add_up() {
        let head =
            |len| FileHead { folder: Folder::Work, path: "p".into(), len, executable: false };
        assert_eq!(split(&[head(2), head(0), head(1)], b"abc").unwrap(), [&b"ab"[..], b"", b"c"]);
        assert!(split(&[head(4)], b"abc").is_err() && split(&[head(2)], b"abc").is_err());
    }
}
