//! `evolve init`: a task folder that runs as it is.

use std::path::Path;

use crate::args::Init;
use crate::commands::print;
use crate::error::CliError;

const FILES: &[(&str, &str)] = &[
    ("program.py", include_str!("../../templates/init/program.py")),
    ("run.py", include_str!("../../templates/init/run.py")),
    ("judge.py", include_str!("../../templates/init/judge.py")),
    ("README.md", include_str!("../../templates/init/README.md")),
];
const TASK: &str = include_str!("../../templates/init/task.toml");
const FULL_TASK: &str = include_str!("../../templates/init/task.full.toml");

/// Makes the folder.
pub fn init(args: &Init, quiet: bool) -> Result<(), CliError> {
    let folder = &args.name;
    let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || name.len() > 64 || !name.chars().all(plain) {
        return Err(CliError::usage(format!("`{name}` is not a task name"))
            .help("use up to 64 letters, digits, `-`, `_` and `.`"));
    }
    let taken = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if taken || folder.is_file() {
        return Err(CliError::usage(format!("`{}` exists already", folder.display()))
            .help("choose another name, or remove it first"));
    }
    let failed =
        |path: &Path, error| CliError::failed(format!("cannot write {}: {error}", path.display()));
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let task = if args.full { FULL_TASK } else { TASK };
    for (file, text) in FILES.iter().chain(&[("task.toml", task)]) {
        let path = folder.join(file);
        let text = text.replace("{{name}}", &name);
        std::fs::write(&path, text).map_err(|error| failed(&path, error))?;
    }
    if !quiet {
        print(&format!(
            "made {0}/ with task.toml, program.py, run.py, judge.py and README.md\n\
             next: evolve check {0} && evolve start {0}\n",
            folder.display()
        ));
    }
    Ok(())
}
