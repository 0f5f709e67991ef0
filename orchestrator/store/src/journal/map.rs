//! Walking over a journal file: which lines are whole, where they are, what they hold.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use evolve_core::event::{Envelope, JOURNAL_VERSION};
use evolve_core::ids::Seq;

use super::line::{self, LineFault};
use crate::error::StoreError;

/// Every so many lines the map notes where one begins.
const STRIDE: u64 = 256;

/// Where the lines of a journal are. Every line was checked against its checksum.
#[derive(Debug, Clone)]
pub(crate) struct JournalMap {
    path: PathBuf,
    marks: Vec<u64>,
    /// How many whole lines there are: the next event's position.
    pub(crate) events: u64,
    /// Where the last whole line ends.
    pub(crate) end: u64,
    /// How many bytes follow it: a line that is being written, or was torn.
    pub(crate) torn: u64,
}

impl JournalMap {
    /// Walks over the whole file; a missing one has no lines.
    pub(crate) fn read(path: &Path) -> Result<Self, StoreError> {
        let mut map = Self { path: path.to_owned(), marks: Vec::new(), events: 0, end: 0, torn: 0 };
        map.follow()?;
        Ok(map)
    }

    /// Walks over what was appended since.
    pub(crate) fn follow(&mut self) -> Result<(), StoreError> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(StoreError::io("open", &self.path))?,
        };
        let length = file.metadata().map_err(StoreError::io("read", &self.path))?.len();
        if length < self.end {
            // Its writer cut what could not be made durable: begin again.
            (self.marks, self.events, self.end) = (Vec::new(), 0, 0);
        }
        let mut input = BufReader::with_capacity(256 << 10, file);
        input.seek(SeekFrom::Start(self.end)).map_err(self.unreadable())?;
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let read = input.read_until(b'\n', &mut bytes).map_err(self.unreadable())?;
            self.torn = read as u64;
            let Some(text) = bytes.strip_suffix(b"\n") else { return Ok(()) };
            match line::checked(text).and_then(line::place) {
                Ok((_, seq)) if seq == self.events => {}
                Ok((_, seq)) => {
                    let what = format!("event {seq} stands where {} belongs", self.events);
                    return Err(self.fault(LineFault::Content(what)));
                }
                Err(LineFault::Checksum) => {
                    let rest = self.rest_if_torn(&mut input)?;
                    self.torn = (bytes.len() + rest) as u64;
                    return Ok(());
                }
                Err(fault) => return Err(self.fault(fault)),
            }
            if self.events.is_multiple_of(STRIDE) {
                self.marks.push(self.end);
            }
            self.events += 1;
            self.end += read as u64;
        }
    }

    /// A line whose checksum does not fit is torn if no whole line follows (then the length
    /// of what does); else the journal is damaged.
    fn rest_if_torn(&self, input: &mut impl BufRead) -> Result<usize, StoreError> {
        let mut rest = Vec::new();
        input.read_to_end(&mut rest).map_err(self.unreadable())?;
        let whole = rest.split(|byte| *byte == b'\n').any(|text| line::checked(text).is_ok());
        if whole { Err(self.fault(LineFault::Checksum)) } else { Ok(rest.len()) }
    }

    /// The events from this position to the last whole line of the map.
    pub(crate) fn lines(&self, from: Seq) -> Result<Lines, StoreError> {
        let place = (from.0 / STRIDE).min((self.marks.len() as u64).saturating_sub(1));
        let offset = self.marks.get(place as usize).copied().unwrap_or(0);
        let mut lines = Lines {
            map: self.clone_without_marks(),
            input: None,
            line: place * STRIDE,
            offset,
            bytes: Vec::new(),
        };
        if from.0 < self.events {
            let file = File::open(&self.path).map_err(StoreError::io("open", &self.path))?;
            let mut input = BufReader::with_capacity(256 << 10, file);
            input.seek(SeekFrom::Start(offset)).map_err(self.unreadable())?;
            lines.input = Some(input);
            while lines.line < from.0 {
                lines.read()?;
            }
        }
        Ok(lines)
    }

    /// The error for a journal whose first event is not the right one.
    pub(crate) fn no_beginning(&self, error: &evolve_core::facts::NoRunStarted) -> StoreError {
        fault_at(&self.path, 1, 0, LineFault::Content(error.to_string()))
    }

    fn clone_without_marks(&self) -> Self {
        Self { path: self.path.clone(), marks: Vec::new(), ..*self }
    }

    fn unreadable(&self) -> impl FnOnce(std::io::Error) -> StoreError {
        StoreError::io("read", &self.path)
    }

    fn fault(&self, fault: LineFault) -> StoreError {
        fault_at(&self.path, self.events + 1, self.end, fault)
    }
}

fn fault_at(path: &Path, line: u64, offset: u64, fault: LineFault) -> StoreError {
    let path = path.to_owned();
    let what = match fault {
        LineFault::Newer(found) => {
            return StoreError::Newer { path, line: Some(line), found, known: JOURNAL_VERSION };
        }
        LineFault::Checksum => "its checksum does not fit".to_owned(),
        LineFault::Content(what) => what,
    };
    StoreError::Damaged { path, line, offset, what }
}

/// The events of a journal, one after the other.
pub(crate) struct Lines {
    map: JournalMap,
    input: Option<BufReader<File>>,
    line: u64,
    offset: u64,
    bytes: Vec<u8>,
}

impl Lines {
    /// Reads the next line into `bytes`, without its line feed.
    fn read(&mut self) -> Result<(), StoreError> {
        self.bytes.clear();
        if let Some(input) = &mut self.input {
            let read = input.read_until(b'\n', &mut self.bytes).map_err(self.map.unreadable())?;
            self.offset += read as u64;
        }
        self.bytes.pop();
        self.line += 1;
        Ok(())
    }

    fn read_event(&mut self) -> Result<Envelope, StoreError> {
        let begin = self.offset;
        self.read()?;
        line::checked(&self.bytes)
            .and_then(line::decode)
            .map_err(|fault| fault_at(&self.map.path, self.line, begin, fault))
    }
}

impl Iterator for Lines {
    type Item = Result<Envelope, StoreError>;

    /// After an error nothing follows.
    fn next(&mut self) -> Option<Self::Item> {
        if self.line >= self.map.events || self.input.is_none() {
            return None;
        }
        let event = self.read_event();
        if event.is_err() {
            self.input = None;
        }
        Some(event)
    }
}
