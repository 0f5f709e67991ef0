//! Imports run one way: the rooms of `docs/architecture.md`.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What each room may know besides `evolve-core`.
const ROOMS: &[(&str, &[&str])] = &[
    ("evolve-core", &[]),
    ("evolve-search", &[]),
    ("evolve-mutate", &[]),
    ("evolve-prompts", &[]),
    ("evolve-propose", &["evolve-mutate", "evolve-prompts"]),
    ("evolve-analyze", &["evolve-prompts"]),
    ("evolve-store", &[]),
    ("evolve-engine", &["evolve-search"]),
    ("evolve-report", &["evolve-store"]),
    ("evolve-evaluators", &[]),
    ("evolve-npu", &[]),
    ("evolve-sandbox", &["evolve-sandbox-helper"]),
    ("evolve-sandbox-helper", &[]),
    ("evolve-cognition", &[]),
    ("evolve-testkit", &[]),
];

/// Foreign crates that only one room may know.
const ADAPTERS: &[(&str, &str)] = &[
    ("sled", "evolve-store"),
    ("git2", "evolve-store"),
    ("async-openai", "evolve-propose"),
    ("tantivy", "evolve-cognition"),
    ("tree-sitter", "evolve-mutate"),
    ("bollard", "evolve-sandbox"),
    ("rusqlite", "evolve-evaluators"),
    ("landlock", "evolve-sandbox-helper"),
    ("seccompiler", "evolve-sandbox-helper"),
    ("plotters", "evolve-report"),
    ("prometheus-client", "evolve-report"),
    ("resvg", "evolve-report"),
    ("tree-sitter-highlight", "evolve-report"),
    ("ratatui", "evolve-report"),
    ("indicatif", "evolve"),
    ("half", "evolve-npu"),
    ("libm", "evolve-npu"),
    ("miette", "evolve"),
    ("clap", "evolve"),
];

/// A package of the workspace with its ordinary dependencies.
struct Package {
    name: String,
    dependencies: BTreeSet<String>,
}

fn packages() -> Vec<Package> {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |value: &Value| value.as_array().unwrap().clone();
    list(&metadata["packages"])
        .iter()
        .map(|package| Package {
            name: text(&package["name"]),
            dependencies: list(&package["dependencies"])
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| text(&dependency["name"]))
                .collect(),
        })
        .collect()
}

#[test]
fn every_room_knows_only_the_rooms_it_may() {
    let allowed: BTreeMap<_, _> = ROOMS.iter().copied().collect();
    let mut broken = Vec::new();
    for package in packages() {
        let name = package.name.as_str();
        if name == "evolve" {
            continue; // the composition root knows all
        }
        let Some(rooms) = allowed.get(name) else {
            broken.push(format!("{name} is not listed in this test"));
            continue;
        };
        for other in package.dependencies.iter().filter(|d| d.starts_with("evolve-")) {
            if other != "evolve-core" && !rooms.contains(&other.as_str()) {
                broken.push(format!("{name} may not know {other}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_foreign_interface_lives_in_one_room() {
    let packages = packages();
    for (foreign, owner) in ADAPTERS {
        let users: Vec<_> = packages
            .iter()
            .filter(|package| package.dependencies.contains(*foreign))
            .map(|package| package.name.as_str())
            .collect();
        assert_eq!(users, [*owner], "{foreign}");
    }
}
