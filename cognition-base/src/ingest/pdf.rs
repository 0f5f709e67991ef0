//! The text of a PDF. Whoever wrote the file decides what its reader does, so that it is read by a
//! process of its own, with bounds on memory and time: a panic, an endless loop or a blow-up ends
//! that process and nothing else.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::IngestError;

/// Largest file, in bytes.
pub(super) const LARGEST: u64 = 128 * 1024 * 1024;
/// Memory of the process that reads, in bytes.
const MEMORY: u64 = 2 * 1024 * 1024 * 1024;
/// Largest text it may write, in bytes.
const MOST_TEXT: u64 = 64 * 1024 * 1024;
/// Longest wait for it.
const PATIENCE: Duration = Duration::from_mins(1);
/// Letters on all pages together that a scanned document may have by chance.
const FEW_LETTERS: usize = 40;
/// The hidden first argument with which a binary is started as the reader.
const ARGUMENT: &str = "cognition-pdf-reader";

#[derive(Serialize, Deserialize)]
enum Answer {
    Pages(Vec<String>),
    Failed(String),
}

/// Starts the process that reads PDFs.
#[derive(Debug, Clone)]
pub struct PdfReader {
    program: PathBuf,
    before: Vec<OsString>,
    patience: Duration,
}

impl PdfReader {
    /// With a program that calls [`helper_main`] before anything else: this binary, as a rule.
    pub fn new(program: PathBuf) -> Self {
        Self { program, before: vec![ARGUMENT.into()], patience: PATIENCE }
    }

    /// With other words before the names of the files, for a program that has to be told in
    /// another way to call [`PdfReader::read_here`], and with another patience.
    #[must_use]
    pub fn with(mut self, before: Vec<OsString>, patience: Duration) -> Self {
        (self.before, self.patience) = (before, patience);
        self
    }

    /// The text of each page.
    pub fn pages(&self, file: &Path) -> Result<Vec<String>, IngestError> {
        let unread = |error| IngestError::Read { file: file.to_owned(), error };
        let bad = |why: &str| IngestError::Pdf { file: file.to_owned(), why: why.to_owned() };
        if fs::metadata(file).map_err(unread)?.len() > LARGEST {
            return Err(IngestError::TooLarge { file: file.to_owned(), most: LARGEST >> 20 });
        }
        let folder = tempfile::tempdir().map_err(unread)?;
        let output = folder.path().join("pages.json");
        let ended = self.run(file, &output).map_err(unread)?;
        if !ended {
            let seconds = self.patience.as_secs();
            return Err(bad(&format!(
                "not read within {seconds} s; convert it to text by other means"
            )));
        }
        let answer = fs::read(&output).ok().and_then(|text| serde_json::from_slice(&text).ok());
        match answer {
            Some(Answer::Pages(pages)) => {
                let letters = pages.iter().flat_map(|page| page.chars());
                if letters.filter(|c| c.is_alphabetic()).take(FEW_LETTERS).count() < FEW_LETTERS {
                    return Err(bad("it holds no text, only pictures; run it through OCR first"));
                }
                Ok(pages)
            }
            Some(Answer::Failed(why)) => Err(bad(&why)),
            None => Err(bad(
                "it broke its reader, or needs too much memory; convert it to text by other means",
            )),
        }
    }

    /// Whether it ended in time.
    fn run(&self, file: &Path, output: &Path) -> std::io::Result<bool> {
        let mut child = Command::new(&self.program)
            .args(&self.before)
            .args([file, output])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let end = Instant::now() + self.patience;
        loop {
            if child.try_wait()?.is_some() {
                return Ok(true);
            }
            if Instant::now() >= end {
                child.kill()?;
                child.wait()?;
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Reads `input` in this process, within bounds that stay, and writes what came of it to
    /// `output`. Only for a process that does nothing else.
    pub fn read_here(input: &Path, output: &Path) -> std::io::Result<()> {
        let bounds = [(Resource::As, MEMORY), (Resource::Fsize, MOST_TEXT), (Resource::Core, 0)];
        for (resource, most) in bounds {
            setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
        }
        let bytes = fs::read(input)?;
        let answer = match pdf_extract::extract_text_from_mem_by_pages(&bytes) {
            Ok(pages) => Answer::Pages(pages),
            Err(_) if has(&bytes, b"/Encrypt") => {
                Answer::Failed("it is encrypted; remove its password first".to_owned())
            }
            Err(error) => {
                let error = error.to_string();
                let error = error.lines().next().unwrap_or_default().to_owned();
                Answer::Failed(format!("it is damaged, or no PDF ({error}); mend or convert it"))
            }
        };
        fs::write(output, serde_json::to_vec(&answer)?)
    }
}

fn has(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// Reads a PDF if these arguments (without the program's name) ask for it, and returns the exit
/// code. A binary that uses [`PdfReader::new`] calls this before anything else.
pub fn helper_main(args: &[OsString]) -> Option<i32> {
    let [first, input, output] = args else { return None };
    if first != OsStr::new(ARGUMENT) {
        return None;
    }
    Some(i32::from(PdfReader::read_here(Path::new(input), Path::new(output)).is_err()))
}
