//! The keys of a configuration: each is taken over, has no meaning here and is named, or is
//! unknown and is named.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::PeerError;
use super::settings::Settings;

/// What becomes of a key's value; the error says what was expected.
type Take = fn(&Value, &mut Settings) -> Result<(), String>;

/// What a key means here.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    /// It is taken over.
    Taken(Take),
    /// Nothing, for this reason.
    Nothing(&'static str),
}

/// A key by its path, `llm.temperature`. One that ends with `.*` stands for all below it.
pub(super) type Key = (&'static str, Meaning);

/// Reads a configuration and applies every key.
pub(super) fn read(
    path: &Path,
    tables: &[&[Key]],
    settings: &mut Settings,
) -> Result<(), PeerError> {
    let text = fs::read_to_string(path).map_err(|why| PeerError::read(path, why))?;
    apply(path, &parse(path, &text)?, tables, settings)
}

/// The top-level keys of a configuration; empty where it cannot be read.
pub(super) fn top_level(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    parse(path, &text).map(|map| map.keys().cloned().collect()).unwrap_or_default()
}

fn parse(path: &Path, text: &str) -> Result<Map<String, Value>, PeerError> {
    let yaml = |why: String| PeerError::Yaml { path: path.to_owned(), why };
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Map::new());
    }
    match serde_saphyr::from_str::<Value>(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(yaml("it is not a mapping of keys to values".to_owned())),
        Err(why) => {
            Err(yaml(why.to_string().lines().next().unwrap_or("it cannot be read").to_owned()))
        }
    }
}

fn apply(
    path: &Path,
    map: &Map<String, Value>,
    tables: &[&[Key]],
    settings: &mut Settings,
) -> Result<(), PeerError> {
    let mut found = Found::default();
    walk(map, "", tables, &mut found);
    for (key, value, take) in found.taken {
        take(&value, settings).map_err(|why| PeerError::Key {
            path: path.to_owned(),
            key: key.clone(),
            why,
        })?;
    }
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let named = |keys: &[String]| {
        let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
        keys.join(", ")
    };
    if !found.unknown.is_empty() {
        let keys = named(&found.unknown);
        settings.notes.push(format!("{file}: unknown, so left out: {keys}"));
    }
    for (why, keys) in &found.nothing {
        settings.notes.push(format!("{file}: no meaning here ({why}): {}", named(keys)));
    }
    Ok(())
}

#[derive(Default)]
struct Found {
    taken: Vec<(String, Value, Take)>,
    nothing: BTreeMap<&'static str, Vec<String>>,
    unknown: Vec<String>,
}

fn walk(map: &Map<String, Value>, before: &str, tables: &[&[Key]], found: &mut Found) {
    let all = || tables.iter().flat_map(|table| table.iter());
    for (name, value) in map {
        let key = if before.is_empty() { name.clone() } else { format!("{before}.{name}") };
        let covers = |path: &str| {
            path == key || path.strip_suffix('*').is_some_and(|stem| key.starts_with(stem))
        };
        let below = format!("{key}.");
        match (all().find(|(path, _)| covers(path)), value) {
            (Some(_), Value::Null) => {}
            (Some((_, Meaning::Taken(take))), _) => found.taken.push((key, value.clone(), *take)),
            (Some((_, Meaning::Nothing(why))), _) => {
                found.nothing.entry(why).or_default().push(key);
            }
            (None, Value::Object(inner)) if all().any(|(path, _)| path.starts_with(&below)) => {
                walk(inner, &key, tables, found);
            }
            (None, Value::Null) if all().any(|(path, _)| path.starts_with(&below)) => {}
            (None, _) => found.unknown.push(key),
        }
    }
}

/// A whole number that is not negative.
pub(super) fn count(value: &Value) -> Result<u64, String> {
    let whole = value.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0);
    let count = value.as_u64().or_else(|| whole.map(|number| number as u64));
    count.ok_or_else(|| format!("{value} is not a whole number"))
}

/// A finite number.
pub(super) fn number(value: &Value) -> Result<f64, String> {
    let finite = value.as_f64().filter(|number| number.is_finite());
    finite.ok_or_else(|| format!("{value} is not a number"))
}

/// A number above 0.
pub(super) fn positive(value: &Value) -> Result<f64, String> {
    let number = number(value)?;
    if number > 0.0 { Ok(number) } else { Err(format!("{value} is not more than 0")) }
}

pub(super) fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{value} is not a text"))
}

pub(super) fn flag(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("{value} is neither true nor false"))
}

pub(super) fn list<T>(
    value: &Value,
    item: impl Fn(&Value) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let items = value.as_array().ok_or_else(|| format!("{value} is not a list"))?;
    items.iter().map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Key] = &[
        (
            "a.count",
            Meaning::Taken(|v, s| {
                s.islands(count(v)?);
                Ok(())
            }),
        ),
        ("a.log", Meaning::Nothing("the journal keeps all")),
        ("b.*", Meaning::Nothing("there is no b")),
    ];

    fn applied(text: &str) -> Result<Settings, PeerError> {
        let mut settings = Settings::default();
        let path = Path::new("config.yaml");
        apply(path, &parse(path, text)?, &[TABLE], &mut settings)?;
        Ok(settings)
    }

    #[test]
    fn keys_are_taken_or_named() {
        let settings = applied("a:\n  count: 3\n  log: x\n  lgo: 1\nb:\n  c: {d: 1}\nx: [1]\n");
        let settings = settings.unwrap();
        assert_eq!(settings.search["islands"], 3);
        assert_eq!(
            settings.notes,
            [
                "config.yaml: unknown, so left out: `a.lgo`, `x`",
                "config.yaml: no meaning here (the journal keeps all): `a.log`",
                "config.yaml: no meaning here (there is no b): `b.c`",
            ]
        );
    }

    #[test]
    fn what_says_nothing_changes_nothing() {
        for text in ["", "# a comment\n", "a:\n", "a:\n  count: null\n"] {
            let settings = applied(text).unwrap();
            assert!(settings.search.is_empty() && settings.notes.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn wrong_values_and_bad_yaml_are_located() {
        let error = applied("a:\n  count: many\n").unwrap_err().to_string();
        assert_eq!(error, "config.yaml: `a.count`: \"many\" is not a whole number");
        for text in ["a: [1", "- 1\n- 2\n", "just text"] {
            assert!(matches!(applied(text), Err(PeerError::Yaml { .. })), "{text}");
        }
    }
}
