//! An index survives the end of its builder at any moment.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use common::{ids, item};
use evolve_cognition::Base;
use evolve_core::knowledge::CognitionItem;
use tempfile::TempDir;

/// Where the child builds; it is one when this is set.
const FOLDER: &str = "EVOLVE_TEST_INDEX";

fn items(word: &str) -> Vec<CognitionItem> {
    (0..300).map(|n| item(&format!("{word}{n}"), &format!("{word} x{n}x"), "text")).collect()
}

#[test]
#[ignore = "the child of the test below, which runs it"]
fn builds_one_index_after_the_other_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    loop {
        for word in ["first", "second"] {
            Base::open_or_build(Path::new(&folder), items(word)).unwrap();
        }
    }
}

#[test]
fn after_a_kill_at_any_moment_of_building_the_index_is_whole_again() {
    let folder = TempDir::new().unwrap();
    let mut unsound = 0;
    for round in 0..24_u32 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "builds_one_index_after_the_other_until_it_is_killed"])
            .args(["--ignored"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Some steps of the build later: any moment will do, other ones make it likelier to
        // meet one that matters.
        let building = folder.path().join("items.new");
        for _ in 0..=round % 4 {
            wait(|| building.exists());
            (0..round * 3_000).for_each(|_| std::hint::spin_loop());
            if round % 3 == 0 {
                wait(|| !building.exists());
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let sound =
            ["first", "second"].iter().any(|word| Base::verify(folder.path(), &items(word)));
        unsound += u32::from(!sound);
        let word = ["first", "second"][round as usize % 2];
        let base = Base::open_or_build(folder.path(), items(word)).unwrap();
        assert_eq!(ids(&base, "x123x", 1), [format!("{word}123")], "round {round}");
        assert!(Base::verify(folder.path(), &items(word)), "round {round}");
    }
    assert!(unsound > 0, "no kill met a build: the test says nothing");
}

fn wait(until: impl Fn() -> bool) {
    while !until() {
        std::thread::yield_now();
    }
}
