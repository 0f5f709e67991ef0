//! `--set path=value`: changes a task from the command line.

use toml::{Table, Value};

use super::{Problem, TaskConfig, parse_task};

/// An override that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadOverride {
    /// Not `path=value`.
    #[error("`{0}` is not path=value (for example search.islands=2)")]
    Shape(String),
    /// The path leads through something that is not a table or a list.
    #[error("`{path}`: there is no `{part}` to set")]
    Path {
        /// The whole path.
        path: String,
        /// The part that is not there.
        part: String,
    },
    /// The task is not valid with it.
    #[error("with `{text}` the task is not valid: {}", .problems.iter().map(|p| p.message.as_str()).collect::<Vec<_>>().join("; "))]
    Invalid {
        /// The override.
        text: String,
        /// What is wrong with the task now.
        problems: Vec<Problem>,
    },
}

/// The task with `path=value` applied. The value is read as TOML where it is TOML, else as
/// text; list items are addressed by number (`evaluator.stage.0.timeout=5s`).
pub fn apply_override(task: &TaskConfig, text: &str) -> Result<TaskConfig, BadOverride> {
    let (path, value) = text.split_once('=').ok_or_else(|| BadOverride::Shape(text.to_owned()))?;
    let (path, value) = (path.trim(), value.trim());
    if path.is_empty() {
        return Err(BadOverride::Shape(text.to_owned()));
    }
    let value = read_value(value);
    let mut table = Value::try_from(task).map_err(|_| BadOverride::Shape(text.to_owned()))?;
    set(&mut table, path, value)?;
    let invalid = |problems| BadOverride::Invalid { text: text.to_owned(), problems };
    let written = toml::to_string(&table).map_err(|_| BadOverride::Shape(text.to_owned()))?;
    parse_task(&written).map_err(invalid)
}

fn read_value(text: &str) -> Value {
    format!("v = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("v"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn set(root: &mut Value, path: &str, value: Value) -> Result<(), BadOverride> {
    let missing = |part: &str| BadOverride::Path { path: path.to_owned(), part: part.to_owned() };
    let mut place = root;
    for part in path.split('.') {
        place = match place {
            Value::Table(table) => table.entry(part).or_insert_with(|| Value::Table(Table::new())),
            Value::Array(items) => part
                .parse::<usize>()
                .ok()
                .and_then(|i| items.get_mut(i))
                .ok_or_else(|| missing(part))?,
            _ => return Err(missing(part)),
        };
    }
    *place = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> TaskConfig {
        parse_task(
            "[task]\nname = \"t\"\n[program]\npath = \"p.py\"\n[[objective]]\nmetric = \"s\"\n\
             goal = \"maximize\"\n[[evaluator.stage]]\nname = \"a\"\nrun = [\"x\"]\njudge = [\"y\"]\n",
        )
        .unwrap()
    }

    #[test]
    fn numbers_texts_and_list_items_can_be_set() {
        let task = apply_override(&task(), "search.islands=2").unwrap();
        assert_eq!(task.search.islands, 2);
        let task = apply_override(&task, "evaluator.stage.0.timeout=5s").unwrap();
        assert_eq!(task.evaluator.stage[0].timeout.to_string(), "5s");
        let task = apply_override(&task, "search.strategy=greedy").unwrap();
        assert_eq!(task.search.strategy, "greedy");
    }

    #[test]
    fn wrong_overrides_are_explained() {
        let error = apply_override(&task(), "search.island=2").unwrap_err().to_string();
        assert!(error.contains("unknown key `island`"), "{error}");
        assert!(apply_override(&task(), "islands").is_err());
        assert!(apply_override(&task(), "objective.7.goal=\"minimize\"").is_err());
        assert!(apply_override(&task(), "task.name.x=1").is_err());
    }
}
