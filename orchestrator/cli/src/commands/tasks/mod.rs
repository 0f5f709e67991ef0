//! `evolve tasks`: the shipped tasks, and whether they are what they say.

mod verify;

use serde_json::json;

use crate::args::{Global, Tasks, TasksCommand};
use crate::commands::{print, print_json};
use crate::error::{CliError, Exit};
use crate::shipped::{Role, Shipped, shipped};

/// Lists or verifies.
pub fn tasks(global: &Global, args: &Tasks) -> Result<Exit, CliError> {
    let (all, cheats) = shipped(&args.folder)?;
    match &args.command {
        Some(TasksCommand::Verify(verify)) => {
            verify::verify(global, verify, args.json, &all, &cheats)
        }
        None if args.json => {
            let list: Vec<_> = all.iter().map(in_json).collect();
            print_json(&json!({ "version": 1, "tasks": list }))?;
            Ok(Exit::Done)
        }
        None => {
            print(&table(&all));
            Ok(Exit::Done)
        }
    }
}

/// The expected score of the first program of a role.
fn score_of(task: &Shipped, role: Role) -> Option<f64> {
    task.promises.program.iter().find(|program| program.role == role).map(|program| program.score)
}

/// The kind of a task as `task.toml` writes it.
fn kind(task: &Shipped) -> String {
    let kind = serde_json::to_value(task.task.config.task.kind);
    kind.ok().and_then(|kind| Some(kind.as_str()?.to_owned())).unwrap_or_default()
}

const ROLES: [Role; 4] = [Role::Start, Role::Human, Role::Solver, Role::Best];

fn in_json(task: &Shipped) -> serde_json::Value {
    let objective = task.task.config.primary();
    let mut value = json!({
        "name": task.task.config.task.name,
        "path": task.task.file,
        "kind": kind(task),
        "metric": objective.metric,
        "goal": objective.goal,
        "best_known": task.promises.best_known,
    });
    for role in ROLES {
        let first = task.promises.program.iter().find(|program| program.role == role);
        value[role.word()] = first.map_or(serde_json::Value::Null, |program| {
            json!({ "score": program.score, "path": program.path, "source": program.source })
        });
    }
    value
}

fn table(all: &[Shipped]) -> String {
    let mut rows = vec![vec!["task".to_owned(), "kind".to_owned()]];
    rows[0].extend(ROLES.map(|role| role.word().to_owned()));
    rows[0].extend(["known".to_owned(), "better".to_owned(), "start it with".to_owned()]);
    for task in all {
        let config = &task.task.config;
        let shown =
            |score: Option<f64>| score.map_or("-".to_owned(), |score| format!("{score:.4}"));
        let mut row = vec![config.task.name.clone(), kind(task)];
        row.extend(ROLES.map(|role| shown(score_of(task, role))));
        row.push(shown(task.promises.best_known.as_ref().map(|known| known.score)));
        row.push(if config.primary().goal.turned(1.0) > 0.0 { "more" } else { "less" }.to_owned());
        let of_folder = task.task.file.file_name().is_some_and(|name| name == "task.toml");
        let path = if of_folder { &task.task.root } else { &task.task.file };
        row.push(format!("evolve start {}", in_this_folder(path)));
        rows.push(row);
    }
    let columns = rows[0].len();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// The path as a person in the current folder would write it.
fn in_this_folder(path: &std::path::Path) -> String {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let short = here.ok().and_then(|here| path.strip_prefix(here).ok().map(ToOwned::to_owned));
    short.unwrap_or_else(|| path.to_owned()).display().to_string()
}
