//! The tasks in a folder of tasks, and what each promises in its `verify.toml`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{CliError, Exit};
use crate::task_folder::{TASK_FILE, TaskFolder};

/// The folder of what the tasks share; it holds hostile programs that fit each of them.
const COMMON: &str = "common";
/// How far a score may be from what is expected, relative to it, where the file does not say.
const TOLERANCE: f64 = 1e-9;

/// A task with its promises.
pub struct Shipped {
    /// The task.
    pub task: TaskFolder,
    /// What it promises; nothing if it has no such file.
    pub promises: Promises,
}

/// A `verify.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promises {
    /// The best score that is known of, by whomever.
    pub best_known: Option<BestKnown>,
    /// Programs with their scores.
    #[serde(default)]
    pub program: Vec<KnownProgram>,
    /// Programs that must not get away with it.
    #[serde(default)]
    pub cheat: Vec<Cheat>,
}

/// A score from elsewhere.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BestKnown {
    /// In the units of the primary objective.
    pub score: f64,
    /// Who found it.
    pub source: String,
}

/// A program whose score is known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownProgram {
    /// What it stands for.
    pub role: Role,
    /// Its file, in the folder of the `verify.toml`.
    pub path: PathBuf,
    /// The score it must have.
    pub score: f64,
    /// The score it must have on held-out cases.
    pub holdout: Option<f64>,
    /// How far a score may be off, relative to the expected one.
    #[serde(default = "tolerance")]
    pub tolerance: f64,
    /// Too slow for a quick look.
    #[serde(default)]
    pub slow: bool,
    /// Whose idea it is.
    pub source: Option<String>,
}

fn tolerance() -> f64 {
    TOLERANCE
}

/// What a program stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Where the search begins.
    Start,
    /// The published design of people.
    Human,
    /// A general method, written down plainly.
    Solver,
    /// The best that could be constructed.
    Best,
}

impl Role {
    /// The word for people and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Human => "human",
            Self::Solver => "solver",
            Self::Best => "best",
        }
    }
}

/// A hostile program.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cheat {
    /// Its file, in the folder of the `verify.toml`; once read, in full.
    pub path: PathBuf,
    /// What must come of it: `no-score`, `no-gain`, `quarantined`, or the status of a failure.
    pub ends: String,
    /// Too slow for a quick look.
    #[serde(default)]
    pub slow: bool,
}

/// All tasks of a folder, by the names of their folders, with the hostile programs for all.
pub fn shipped(tasks: &Path) -> Result<(Vec<Shipped>, Vec<Cheat>), CliError> {
    let unreadable = |error| {
        CliError::new(Exit::NotFound, format!("cannot read the tasks in {}: {error}", tasks.display()))
            .help("say where they are with --tasks DIR or EVOLVE_TASKS: the folder evaluators/tasks of evolve's sources")
    };
    let mut found = Vec::new();
    let entries = std::fs::read_dir(tasks).map_err(unreadable)?;
    let mut folders: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    folders.sort();
    for folder in folders {
        for file in task_files(&folder) {
            let promises = folder.join(file.replacen("task", "verify", 1));
            found.push(Shipped {
                task: TaskFolder::open(&folder.join(file))?,
                promises: read_promises(&promises)?,
            });
        }
    }
    if found.is_empty() {
        let message = format!("there is no task in {}", tasks.display());
        return Err(CliError::new(Exit::NotFound, message)
            .help("a task is a folder with a task.toml; say where they are with --tasks DIR"));
    }
    let common = read_promises(&tasks.join(COMMON).join("verify.toml"))?;
    Ok((found, common.cheat))
}

/// `task.toml`, then `task_*.toml`: variants that share the folder's files.
fn task_files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> =
        names.filter(|name| name == TASK_FILE || is_variant(name)).collect();
    names.sort();
    names
}

fn is_variant(name: &str) -> bool {
    name.strip_prefix("task_").is_some_and(|rest| rest.strip_suffix(".toml").is_some())
}

/// A `verify.toml`, its paths in full; without a file, nothing is promised.
fn read_promises(file: &Path) -> Result<Promises, CliError> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Promises::default());
        }
        Err(error) => {
            return Err(CliError::usage(format!("cannot read {}: {error}", file.display())));
        }
    };
    let mut promises: Promises = toml::from_str(&text)
        .map_err(|error| CliError::usage(format!("{}: {error}", file.display())))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    for program in &mut promises.program {
        program.path = folder.join(&program.path);
    }
    for cheat in &mut promises.cheat {
        cheat.path = folder.join(&cheat.path);
    }
    Ok(promises)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<Promises, CliError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("verify.toml");
        std::fs::write(&file, text).unwrap();
        read_promises(&file)
    }

    #[test]
    fn what_a_task_promises_is_read_and_a_misspelt_key_is_an_error() {
        let text = "[[program]]\nrole = \"human\"\npath = \"a.py\"\nscore = 1.5\n";
        let promises = written(text).unwrap();
        assert_eq!(promises.program[0].role, Role::Human);
        assert!(promises.program[0].path.is_absolute());
        assert!(!promises.program[0].slow);
        let error = written(&text.replace("score", "scor")).unwrap_err();
        assert!(error.message.contains("scor"), "{}", error.message);
    }

    #[test]
    fn variants_of_a_task_share_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["task.toml", "task_32.toml", "tasks.md", "task_notes.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(task_files(folder.path()), ["task.toml", "task_32.toml"]);
    }
}
