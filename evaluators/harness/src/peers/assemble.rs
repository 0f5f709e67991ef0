//! From settings and parts to a `task.toml`.

use std::path::Path;

use evolve_core::task::{ModelSection, TaskConfig, shipped_price};
use serde_json::{Map, Value, json};

use super::listing::Listing;
use super::models::{self, Naming, span};
use super::settings::Settings;
use super::{Content, Import, ImportFile, PeerError};

/// The parts that an adapter found.
pub(super) struct Parts {
    /// The task's folder, for its name.
    pub name: String,
    /// The start program, below the equivalent task's folder.
    pub program: Option<String>,
    /// The protocol: a value of `evaluator.kind`.
    pub kind: &'static str,
    /// The command of the only stage.
    pub run: Vec<String>,
    /// Longest time of it, in seconds.
    pub wall: f64,
    /// A held-out stage, if there is one.
    pub holdout: Option<Vec<String>>,
    /// What a warm Python imports.
    pub warm: Vec<String>,
    /// Python packages that must be there.
    pub requirements: Vec<String>,
    /// Files and folders at the top that the evaluation sees.
    pub visible: Vec<String>,
    /// The Dockerfile of its image.
    pub build: Option<String>,
    /// A file with the description, where the settings have none.
    pub description_file: Option<String>,
    /// Bytes of all files.
    pub bytes: u64,
    pub naming: Naming,
}

/// Largest folder whose copies in memory need not be mentioned, in bytes.
const LARGE: u64 = 64 << 20;

/// Puts the task together.
pub(super) fn task(
    at: &Path,
    parts: Parts,
    mut settings: Settings,
    files: Vec<ImportFile>,
) -> Result<Import, PeerError> {
    let models = models::sections(&mut settings, parts.naming);
    if !models.is_empty() && !settings.operators.is_empty() {
        settings.search.insert("operators".to_owned(), json!(settings.operators));
    }
    if settings.search.get("strategy").is_some_and(|name| name == "map-elites") {
        settings.search.insert("parameters".to_owned(), Value::Object(settings.grid.clone()));
    } else if !settings.grid.is_empty() {
        let keys: Vec<_> = settings.grid.keys().map(String::as_str).collect();
        settings.notes.push(format!(
            "the strategy is `adaptive`, which has no grid: {} would count with \
             search.strategy = \"map-elites\"",
            keys.join(", ")
        ));
    }
    let mut stage = json!({
        "name": "evaluate",
        "run": parts.run,
        "timeout": span(parts.wall),
        "resources": resources(&mut settings, parts.bytes),
    });
    let mut evaluator = json!({
        "kind": parts.kind,
        "trust": "in-process",
        "candidate_files": parts.visible.iter().map(|p| globset::escape(p)).collect::<Vec<_>>(),
        "requirements": parts.requirements,
        "warm_imports": parts.warm,
    });
    evaluator["stage"] = json!([stage.clone()]);
    if let Some(run) = parts.holdout {
        stage["run"] = json!(run);
        evaluator["holdout"] = stage;
    }
    let mut whole = json!({
        "task": { "name": plain_name(&parts.name) },
        "objective": [{ "metric": "combined_score", "goal": "maximize" }],
        "evaluator": evaluator,
        "search": settings.search,
        "budget": settings.budget,
        "run": settings.run,
        "model": models,
    });
    match (&settings.description, parts.description_file) {
        (Some(text), _) => whole["task"]["description"] = json!(text),
        (None, Some(file)) => whole["task"]["description_file"] = json!(file),
        (None, None) => {}
    }
    if let Some(path) = parts.program {
        whole["program"] = program(at, &path, &files, &settings)?;
    }
    if let Some(dockerfile) = parts.build {
        whole["sandbox"] = json!({ "kind": "docker", "build": dockerfile });
    }
    let mut task: TaskConfig = serde_json::from_value(whole).map_err(|why| {
        PeerError::shape(at, format!("its settings do not make a task: {why}; please report this"))
    })?;
    keep_countable_money(&mut task, &mut settings.notes);
    Ok(Import { task, files, notes: settings.notes })
}

/// Money can only be kept to where every model's worst case is known.
fn keep_countable_money(task: &mut TaskConfig, notes: &mut Vec<String>) {
    let known = |model: &ModelSection| {
        let price = model.price.or_else(|| shipped_price(model));
        price.is_some() && model.max_tokens.is_some()
    };
    let unknown: Vec<_> =
        task.model.iter().filter(|model| !known(model)).map(|model| model.name.as_str()).collect();
    if task.budget.usd.is_some() && !unknown.is_empty() {
        notes.push(format!(
            "no budget in USD: give `price` and `max_tokens` to {}, then budget.usd",
            unknown.join(", ")
        ));
        task.budget.usd = None;
    }
}

fn program(
    at: &Path,
    path: &str,
    files: &[ImportFile],
    settings: &Settings,
) -> Result<Value, PeerError> {
    let mut program = Map::from_iter([("path".to_owned(), json!(path))]);
    if let Some(language) = &settings.language {
        program.insert("language".to_owned(), json!(language));
    }
    if let Some(most) = settings.max_size {
        let file = files.iter().find(|file| file.path == path);
        let size = match file.map(|file| &file.content) {
            Some(Content::Copy(from)) => {
                std::fs::metadata(from).map_err(|why| PeerError::read(from, why))?.len()
            }
            Some(Content::Text(text)) => text.len() as u64,
            None => return Err(PeerError::shape(at, format!("there is no program {path}"))),
        };
        // The start was never measured against the limit there.
        program.insert("max_size".to_owned(), json!(format!("{}B", most.max(size))));
    }
    Ok(Value::Object(program))
}

fn resources(settings: &mut Settings, bytes: u64) -> Value {
    let mut resources = std::mem::take(&mut settings.resources);
    if bytes > LARGE {
        let mib = bytes.div_ceil(1 << 20);
        resources.insert("disk".to_owned(), json!(format!("{}MiB", 512 + 2 * mib)));
        resources.entry("memory").or_insert_with(|| json!(format!("{}MiB", 2048 + 2 * mib)));
        settings.notes.push(format!(
            "every evaluation gets a copy in memory of the evaluator's folder, {mib} MiB; large data \
             is better mounted with [[sandbox.mount]]"
        ));
    }
    Value::Object(resources)
}

/// A name for the task from that of a folder.
fn plain_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = text.chars().map(plain).take(64).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "task".to_owned() } else { name.to_owned() }
}

/// The name of the folder that an evaluator is in; of the one above where it says nothing.
pub(super) fn name_of(folder: &Path) -> String {
    let own = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
    let name = own(folder).unwrap_or_default();
    if ["evaluator", "eval", "evaluation", ""].contains(&name.as_str())
        && let Some(above) = folder.parent().and_then(own)
    {
        return above;
    }
    name
}

/// The files and folders at the top of a list of files.
pub(super) fn tops(files: &[ImportFile]) -> Vec<String> {
    let mut tops: Vec<String> = files
        .iter()
        .filter_map(|file| file.path.split('/').next())
        .filter(|name| *name != "task.toml")
        .map(str::to_owned)
        .collect();
    tops.sort();
    tops.dedup();
    tops
}

/// Puts the start program among an evaluator's files: where it is, if it is there; else under
/// its name, or in a folder of its own where that is taken.
pub(super) fn place_program(
    program: &Path,
    listing: &Listing,
    files: &mut Vec<ImportFile>,
) -> String {
    if let Some((path, _)) = listing.files.iter().find(|(_, file)| file == program) {
        return path.clone();
    }
    let name = program.file_name().map_or("program".into(), |name| name.to_string_lossy());
    let taken = files.iter().any(|file| file.path == name);
    let path = if taken { format!("evolve_start/{name}") } else { name.into_owned() };
    files.push(ImportFile { path: path.clone(), content: Content::Copy(program.to_owned()) });
    path
}

/// The packages that `requirements.txt` names, as far as they are plain names with versions.
pub(super) fn requirements(folder: &Path, notes: &mut Vec<String>) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("requirements.txt")).unwrap_or_default();
    let mut found = Vec::new();
    for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
        let name: String =
            line.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
        let rest = line[name.len()..].trim();
        let ours = ["openevolve", "shinka", "shinka-evolve", "skydiscover"];
        if line.is_empty() || ours.contains(&name.to_lowercase().as_str()) {
            continue;
        }
        let versions = rest.chars().all(|c| c.is_ascii_alphanumeric() || "<>=!~.,*+ ".contains(c));
        if name.is_empty() || line.starts_with('-') || !versions {
            notes.push(format!("requirements.txt: `{line}` is not checked"));
            continue;
        }
        found.push(format!("{name}{rest}"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_become_names_of_tasks() {
        assert_eq!(plain_name("circle packing (26)"), "circle-packing--26-");
        assert_eq!(plain_name("..."), "task");
        assert_eq!(name_of(Path::new("/x/packing/evaluator")), "packing");
        assert_eq!(name_of(Path::new("/x/packing")), "packing");
    }

    #[test]
    fn plain_requirements_are_checked_and_others_named() {
        let folder = tempfile::tempdir().unwrap();
        let text = "numpy>=1.20, <3\n# none\nopenevolve\n-e .\nscipy\nx[all]\n";
        std::fs::write(folder.path().join("requirements.txt"), text).unwrap();
        let mut notes = Vec::new();
        assert_eq!(requirements(folder.path(), &mut notes), ["numpy>=1.20, <3", "scipy"]);
        assert_eq!(notes.len(), 2, "{notes:?}");
    }
}
