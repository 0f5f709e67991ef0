//! A task folder: found, read, frozen.

use std::path::{Path, PathBuf};

use evolve_cognition::CognitionError;
use evolve_core::Program;
use evolve_core::task::{TaskConfig, apply_override, parse_task};

use tempfile::TempDir;

use crate::args::Peer;
use crate::error::CliError;
use crate::peers;

/// The file that makes a folder a task.
pub const TASK_FILE: &str = "task.toml";

/// A task folder with its configuration.
pub struct TaskFolder {
    /// The folder.
    pub root: PathBuf,
    /// What was opened: its `task.toml`, another file by name, or the task of another system.
    pub file: PathBuf,
    /// `task.toml`, validated, overrides applied.
    pub config: TaskConfig,
    /// Where a person has it: the folder itself, or the task of another system that it is
    /// equivalent to.
    pub origin: PathBuf,
    /// What a person should know of it.
    pub notes: Vec<String>,
    /// Holds the folder where it was made for a task of another system.
    made: Option<TempDir>,
}

impl TaskFolder {
    /// Opens a folder, its `task.toml`, or the folder of a task of another system.
    pub fn open(path: &Path) -> Result<Self, CliError> {
        Self::open_as(path, &Peer::default())
    }

    /// The same with what is known of a task of another system.
    pub fn open_as(path: &Path, peer: &Peer) -> Result<Self, CliError> {
        let Some(found) = peers::find(path, peer)? else { return Self::open_own(path) };
        let made = peers::made(&found)?;
        let own = Self::open_own(made.folder.path())?;
        let origin = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let (file, notes) = (origin.clone(), made.notes);
        Ok(Self { file, origin, notes, made: Some(made.folder), ..own })
    }

    /// Whether it was made from a task of another system.
    pub fn is_made(&self) -> bool {
        self.made.is_some()
    }

    /// A run's copy of a task.
    pub fn frozen(root: PathBuf, config: TaskConfig) -> Self {
        let (file, origin) = (root.join(TASK_FILE), root.clone());
        Self { root, file, config, origin, notes: Vec::new(), made: None }
    }

    /// Opens a folder or its `task.toml`.
    fn open_own(path: &Path) -> Result<Self, CliError> {
        let file = if path.is_dir() { path.join(TASK_FILE) } else { path.to_owned() };
        let text = std::fs::read_to_string(&file).map_err(|error| {
            CliError::usage(format!("cannot read the task {}: {error}", file.display())).help(
                "give a folder with a task.toml (`evolve init NAME` makes one), or a task of \
                     OpenEvolve, ShinkaEvolve or SkyDiscover (--as where it is not recognised)",
            )
        })?;
        let name = file.display().to_string();
        let config =
            parse_task(&text).map_err(|problems| CliError::in_text(&name, &text, &problems))?;
        let parent = file.parent().filter(|p| !p.as_os_str().is_empty());
        let root = parent.unwrap_or(Path::new(".")).canonicalize().map_err(|error| {
            CliError::usage(format!("cannot open the folder of {name}: {error}"))
        })?;
        let file = root.join(file.file_name().unwrap_or(TASK_FILE.as_ref()));
        Ok(Self { file, ..Self::frozen(root, config) })
    }

    /// Applies `path=value` overrides and budget changes.
    pub fn change(&mut self, set: &[String], budget: &[String]) -> Result<(), CliError> {
        for text in set {
            self.config = apply_override(&self.config, text)
                .map_err(|error| CliError::usage(format!("--set {text}: {error}")))?;
        }
        for text in budget {
            let apply = self.config.budget.apply(text);
            apply.map_err(|error| CliError::usage(format!("--budget {text}: {error}")))?;
        }
        Ok(())
    }

    /// The task's description in full.
    pub fn description(&self) -> Result<String, CliError> {
        let task = &self.config.task;
        match (&task.description, &task.description_file) {
            (Some(text), _) => Ok(text.clone()),
            (None, Some(file)) => std::fs::read_to_string(self.root.join(file)).map_err(|error| {
                CliError::usage(format!("cannot read description_file `{file}`: {error}"))
            }),
            (None, None) => Ok(String::new()),
        }
    }

    /// The start program; none for a seedless task.
    pub fn program(&self) -> Result<Option<Program>, CliError> {
        let Some(section) = &self.config.program else { return Ok(None) };
        let program = read_program(&self.root, &section.path)?;
        let size = program.size() as u64;
        if size > section.max_size.0 {
            return Err(CliError::usage(format!(
                "the program `{}` has {size} bytes, more than program.max_size = {}",
                section.path, section.max_size
            )));
        }
        Ok(Some(program))
    }

    /// The programs that are the first candidates, in the order of their files' names.
    pub fn population(&self) -> Result<Vec<Program>, CliError> {
        let section = self.config.program.as_ref();
        let Some((section, folder)) = section.and_then(|s| Some((s, s.population.as_ref()?)))
        else {
            return Ok(Vec::new());
        };
        let full = self.root.join(folder);
        let start = self.root.join(&section.path);
        let name = start.file_name().filter(|_| start.is_file()).ok_or_else(|| {
            CliError::usage("program.population is for programs of one file")
                .help("remove the key, or give program.path as a file")
        })?;
        let name = name.to_string_lossy().into_owned();
        let mut files = list_files(&full, &full)?;
        files.sort();
        if files.is_empty() {
            let message = format!("program.population: the folder `{folder}` holds no program");
            return Err(CliError::usage(message));
        }
        let program = |(path, file): (String, PathBuf)| {
            let text = std::fs::read_to_string(&file).map_err(|error| {
                CliError::usage(format!(
                    "cannot read {folder}/{path} (program.population): {error}"
                ))
            })?;
            if text.len() as u64 > section.max_size.0 {
                return Err(CliError::usage(format!(
                    "{folder}/{path} has {} bytes, more than program.max_size = {}",
                    text.len(),
                    section.max_size
                )));
            }
            Ok(Program::single(name.clone(), text))
        };
        files.into_iter().map(program).collect()
    }

    /// Copies the folder, without hidden files and caches, so that a run does not depend on
    /// what happens to the original. Links to plain files become files. What it uses of the
    /// shipped library is copied too: another version may ship another one.
    pub fn freeze(&self, to: &Path) -> Result<(), CliError> {
        copy_folder(&self.root, to)?;
        evolve_cognition::freeze_library(&self.config.cognition.sources, to).map_err(|error| {
            match error {
                CognitionError::Library { .. } => CliError::usage(error.to_string()),
                _ => CliError::failed(error.to_string()),
            }
        })?;
        let resolved = toml_text(&self.config)?;
        write(&to.join(TASK_FILE), &resolved)
    }

    /// Whether the folder's files differ from a frozen copy (`task.toml` by its meaning).
    pub fn differs_from(&self, frozen: &Path) -> bool {
        let texts = |root: &Path| {
            let mut files = list_files(root, root).unwrap_or_default();
            files.retain(|(name, _)| name != TASK_FILE);
            files.sort();
            files
        };
        let (now, then) = (texts(&self.root), texts(frozen));
        let same = |a: &(String, PathBuf), b: &(String, PathBuf)| {
            a.0 == b.0 && std::fs::read(&a.1).ok() == std::fs::read(&b.1).ok()
        };
        now.len() != then.len() || !now.iter().zip(&then).all(|(a, b)| same(a, b))
    }
}

/// `task.toml` as text.
pub fn toml_text(config: &TaskConfig) -> Result<String, CliError> {
    toml::to_string(config)
        .map_err(|error| CliError::failed(format!("cannot write the task as TOML: {error}")))
}

/// Writes a text file.
pub fn write(path: &Path, text: &str) -> Result<(), CliError> {
    std::fs::write(path, text)
        .map_err(|error| CliError::failed(format!("cannot write {}: {error}", path.display())))
}

/// Copies a task's files.
pub fn copy_folder(from: &Path, to: &Path) -> Result<(), CliError> {
    for (name, file) in list_files(from, from)? {
        let target = to.join(&name);
        let copy = || {
            if let Some(parent) = target.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::copy(&file, &target)
        };
        copy().map_err(|error| {
            CliError::failed(format!("cannot copy {} into the run: {error}", file.display()))
        })?;
    }
    Ok(())
}

/// Plain files below a folder and links to such, hidden ones, caches and runs left out.
fn list_files(root: &Path, folder: &Path) -> Result<Vec<(String, PathBuf)>, CliError> {
    let unreadable =
        |error| CliError::usage(format!("cannot read the folder {}: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let kind = entry.file_type().map_err(unreadable)?;
        if name.starts_with('.') || name == "__pycache__" || path.join("events.jsonl").exists() {
            continue;
        }
        if kind.is_dir() {
            if !holds_runs(&path) {
                files.extend(list_files(root, &path)?);
            }
        } else if std::fs::metadata(&path).is_ok_and(|meta| meta.is_file())
            && let Ok(relative) = path.strip_prefix(root)
        {
            files.push((relative.to_string_lossy().into_owned(), path));
        }
    }
    Ok(files)
}

fn holds_runs(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|e| e.path().join("events.jsonl").exists()))
    })
}

/// Reads a program: a file, or a folder of text files.
pub fn read_program(root: &Path, path: &str) -> Result<Program, CliError> {
    let full = root.join(path);
    let read = |file: &Path| {
        std::fs::read_to_string(file).map_err(|error| {
            CliError::usage(format!("cannot read the program file {}: {error}", file.display()))
                .help("program files are UTF-8 text; check program.path in task.toml")
        })
    };
    let mut program = Program::default();
    if full.is_dir() {
        for (name, file) in list_files(&full, &full)? {
            program.files.insert(name, read(&file)?);
        }
        if program.files.is_empty() {
            let message = format!("the program folder {} holds no file", full.display());
            return Err(CliError::usage(message));
        }
    } else {
        let name = full.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        program.files.insert(name, read(&full)?);
    }
    Ok(program)
}

/// Writes a program: its only file to `path`, or its files into the folder `path`.
pub fn write_program(program: &Program, path: &Path) -> Result<(), CliError> {
    if let Some((_, text)) = program.sole() {
        if path.is_dir() {
            let name = program.files.keys().next().map_or("program", String::as_str);
            return write(&path.join(name), text);
        }
        return write(path, text);
    }
    for (name, text) in &program.files {
        Program::check_path(name).map_err(|error| CliError::failed(error.to_string()))?;
        let file = path.join(name);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).map_err(|error| {
                CliError::failed(format!("cannot make the folder {}: {error}", parent.display()))
            })?;
        }
        write(&file, text)?;
    }
    Ok(())
}
