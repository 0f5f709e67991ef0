//! The JSON Schema of `task.toml`, and the search for unknown keys that it allows.

use schemars::schema_for;
use serde_json::{Value, json};
use toml::de::{DeTable, DeValue};

use super::TaskConfig;
use super::parse::Problem;
use crate::event::Operator;

/// The JSON Schema of `task.toml` (draft 2020-12).
pub fn task_schema() -> Value {
    schema_for!(TaskConfig).to_value()
}

/// What a key of `[search.operators]` may be.
pub(super) fn operator_names() -> Value {
    let names: Vec<&str> = Operator::CHOSEN.into_iter().map(Operator::word).collect();
    json!({ "enum": names })
}

/// Keys of the format that another version of `evolve` understands: path, and what brings it.
const LATER: &[(&str, &str)] = &[
    ("evaluator.stage.prune", "pruning of long stages"),
    ("tool", "agent proposers"),
    ("budget.device_hours", "leased devices"),
];

/// Every key of the document that the schema does not know, each with a suggestion.
pub(super) fn unknown_keys(document: &DeTable<'_>) -> Vec<Problem> {
    let schema = task_schema();
    let mut problems = Vec::new();
    walk_table(&schema, &schema, document, "", &mut problems);
    problems
}

fn walk_table(
    root: &Value,
    schema: &Value,
    table: &DeTable<'_>,
    path: &str,
    problems: &mut Vec<Problem>,
) {
    let schema = resolve(root, schema);
    let Some(known) = schema.get("properties").and_then(Value::as_object) else {
        return; // a map with free keys
    };
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let here = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match known.get(name) {
            Some(inner) => walk_value(root, inner, value.get_ref(), &here, problems),
            None => problems.push(Problem {
                message: format!("unknown key `{name}`{}", place(path)),
                span: Some(key.span()),
                help: Some(hint(name, &here, known.keys().map(String::as_str))),
            }),
        }
    }
}

fn walk_value(
    root: &Value,
    schema: &Value,
    value: &DeValue<'_>,
    path: &str,
    problems: &mut Vec<Problem>,
) {
    match value {
        DeValue::Table(table) => walk_table(root, schema, table, path, problems),
        DeValue::Array(items) => {
            if let Some(inner) = resolve(root, schema).get("items") {
                for item in items {
                    walk_value(root, inner, item.get_ref(), path, problems);
                }
            }
        }
        _ => {}
    }
}

/// Follows `$ref` and the non-null branch of an optional.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return target.map_or(schema, |target| resolve(root, target));
    }
    let branches = schema.get("anyOf").and_then(Value::as_array);
    let object =
        branches.and_then(|all| all.iter().find(|b| b.get("type") != Some(&"null".into())));
    object.map_or(schema, |inner| resolve(root, inner))
}

fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" in `[{path}]`") }
}

fn hint<'a>(name: &str, path: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    if let Some((_, what)) = LATER.iter().find(|(later, _)| *later == path) {
        return format!("this version of evolve does not have {what} yet; remove the key");
    }
    let near = known
        .clone()
        .map(|candidate| (strsim::damerau_levenshtein(candidate, name), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 3);
    match near {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None => format!("known keys here: {}", known.collect::<Vec<_>>().join(", ")),
    }
}
