//! Loading, indexing and finding items, on real files.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

use std::fs;
use std::path::Path;

mod common;

use common::{found, ids, item};
use evolve_cognition::{Base, ItemProblem, load};
use evolve_core::knowledge::CognitionItem;
use proptest::prelude::*;
use tempfile::TempDir;

fn some_items() -> Vec<CognitionItem> {
    vec![
        item("experts", "GPU load is skewed by a few popular experts", "Replicate them."),
        item("banks", "many scratchpad bank conflicts in the stall table", "Pad the rows."),
        item("packing", "circles leave gaps near the corners", "Grow corner circles first."),
        item("decoy", "the run is slow", "gpu load experts bank conflicts circles corners"),
    ]
}

#[test]
fn the_item_whose_trigger_fits_comes_before_one_that_only_mentions_it() {
    let folder = TempDir::new().unwrap();
    let base = Base::open_or_build(folder.path(), some_items()).unwrap();
    assert_eq!(ids(&base, "A popular expert skews the GPU's load!", 4)[..2], ["experts", "decoy"]);
    assert_eq!(ids(&base, "stalls: bank conflict 40 %", 1), ["banks"]);
    assert_eq!(ids(&base, "CORNER circle too small", 1), ["packing"]);
    let all = found(&base, "corner", 9);
    assert_eq!(all[0], some_items()[2], "the whole item comes back");
    assert!(ids(&base, "entirely unrelated zebra", 4).is_empty());
    assert!(ids(&base, "experts", 0).is_empty());
}

#[test]
fn a_word_in_the_trigger_counts_more_than_the_same_word_in_the_body() {
    let folder = TempDir::new().unwrap();
    let items = vec![item("x", "alpha one", "beta two"), item("y", "beta two", "alpha one")];
    let base = Base::open_or_build(folder.path(), items).unwrap();
    assert_eq!(ids(&base, "alpha", 2), ["x", "y"]);
    assert_eq!(ids(&base, "beta", 2), ["y", "x"]);
}

#[test]
fn any_text_is_a_situation() {
    let folder = TempDir::new().unwrap();
    let base = Base::open_or_build(folder.path(), some_items()).unwrap();
    for text in
        ["", "AND OR NOT", "trigger:experts^9 (\"", "a:[* TO *]", "\u{0}\u{1b}", "+-!(){}[]"]
    {
        assert!(found(&base, text, 3).len() <= 3, "{text:?}");
    }
    assert_eq!(ids(&base, "trigger:(\"experts\" AND", 1), ["experts"]);
    let endless = format!("{} experts", "corner ".repeat(2_000_000));
    assert_eq!(ids(&base, &endless, 1), ["packing"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_items_and_situations_hold_nothing_panics_and_answers_are_items(
        texts in prop::collection::vec(("\\PC{0,40}", ".{0,60}"), 1..6),
        situation in ".{0,80}",
    ) {
        let items: Vec<_> =
            texts.iter().enumerate().map(|(i, (t, b))| item(&format!("i{i}"), t, b)).collect();
        let folder = TempDir::new().unwrap();
        let base = Base::open_or_build(folder.path(), items.clone()).unwrap();
        let items_found = found(&base, &situation, 3);
        prop_assert!(items_found.iter().all(|one| items.contains(one)));
        prop_assert_eq!(items_found, found(&base, &situation, 3));
    }
}

#[test]
fn ties_are_in_the_order_of_the_items_before_and_after_reopening() {
    let folder = TempDir::new().unwrap();
    let items: Vec<_> = (0..50).map(|i| item(&format!("same{i:02}"), "alike", "alike")).collect();
    let base = Base::open_or_build(folder.path(), items.clone()).unwrap();
    let first = ids(&base, "alike", 50);
    assert!(first.is_sorted(), "{first:?}");
    drop(base);
    assert_eq!(ids(&Base::open_or_build(folder.path(), items).unwrap(), "alike", 50), first);
}

/// Time stamps of the index's files: unchanged files mean that nothing was rebuilt.
fn written(folder: &Path) -> Vec<(String, std::time::SystemTime)> {
    let mut files: Vec<_> = fs::read_dir(folder.join("items"))
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, entry.metadata().unwrap().modified().unwrap())
        })
        .filter(|(name, _)| !name.contains(".lock"))
        .collect();
    files.sort();
    files
}

#[test]
fn a_sound_index_is_opened_and_not_built_again() {
    let folder = TempDir::new().unwrap();
    drop(Base::open_or_build(folder.path(), some_items()).unwrap());
    let before = written(folder.path());
    assert!(Base::verify(folder.path(), &some_items()));
    drop(Base::open_or_build(folder.path(), some_items()).unwrap());
    assert_eq!(written(folder.path()), before);
}

#[test]
fn an_index_that_is_missing_foreign_or_damaged_is_built_again() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 6] = [
        ("gone", |folder| fs::remove_dir_all(folder).unwrap()),
        ("no fingerprint", |folder| fs::remove_file(folder.join("items.fingerprint")).unwrap()),
        ("another version", |folder| {
            let file = folder.join("items.fingerprint");
            let text = fs::read_to_string(&file).unwrap();
            fs::write(file, text.replace("format 2", "format 1")).unwrap();
        }),
        ("no meta", |folder| fs::remove_file(folder.join("items/meta.json")).unwrap()),
        ("a flipped bit", |folder| {
            for entry in fs::read_dir(folder.join("items")).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "idx") {
                    let mut bytes = fs::read(&path).unwrap();
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 1;
                    fs::write(&path, bytes).unwrap();
                }
            }
        }),
        ("cut files", |folder| {
            for entry in fs::read_dir(folder.join("items")).unwrap() {
                fs::write(entry.unwrap().path(), b"").unwrap();
            }
        }),
    ];
    for (name, damage) in damages {
        let folder = TempDir::new().unwrap();
        drop(Base::open_or_build(folder.path(), some_items()).unwrap());
        damage(folder.path());
        assert!(!Base::verify(folder.path(), &some_items()), "{name}");
        let base = Base::open_or_build(folder.path(), some_items()).unwrap();
        assert_eq!(ids(&base, "bank conflict", 1), ["banks"], "{name}");
        assert!(Base::verify(folder.path(), &some_items()), "{name}");
    }
}

#[test]
fn other_items_make_another_index() {
    let folder = TempDir::new().unwrap();
    drop(Base::open_or_build(folder.path(), some_items()).unwrap());
    let mut others = some_items();
    // Of the same length, so that the text itself must make the difference.
    others[1].trigger = others[1].trigger.replace("scratchpad", "pipelining");
    assert!(!Base::verify(folder.path(), &others));
    let base = Base::open_or_build(folder.path(), others).unwrap();
    assert_eq!(ids(&base, "pipelining", 1), ["banks"]);
}

#[test]
fn without_items_nothing_is_written_and_nothing_found() {
    let folder = TempDir::new().unwrap();
    let base = Base::open_or_build(&folder.path().join("index"), Vec::new()).unwrap();
    assert!(found(&base, "anything", 4).is_empty());
    assert!(base.items().is_empty());
    assert!(!folder.path().join("index").exists());
    assert!(Base::verify(&folder.path().join("index"), &[]));
}

#[test]
fn a_folder_that_cannot_be_made_is_a_clear_error() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("index");
    fs::write(&file, "a file").unwrap();
    let error = Base::open_or_build(&file, some_items()).err().unwrap().to_string();
    assert!(error.starts_with("cannot ") && error.contains("index"), "{error}");
}

fn write(task: &Path, path: &str, text: &str) {
    let file = task.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

fn text(id: &str) -> String {
    format!("---\nid: {id}\ntitle: T\ntrigger: when {id}\n---\nDo it.\n")
}

#[test]
fn items_are_loaded_from_nested_folders_and_single_files_in_order() {
    let task = TempDir::new().unwrap();
    write(task.path(), "cognition/b.md", &text("b"));
    write(task.path(), "cognition/a/deep.md", &text("deep"));
    write(task.path(), "cognition/README.md", "not an item");
    write(task.path(), "cognition/.git/x.md", "not an item");
    write(task.path(), "cognition/notes.txt", "not an item");
    write(task.path(), "more/one.MD", &text("one"));
    let sources = ["cognition/".to_owned(), "more/one.MD".to_owned(), "cognition/a".to_owned()];
    let items = load(task.path(), &sources).unwrap();
    assert_eq!(items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), ["deep", "b", "one"]);
    assert!(load(task.path(), &[]).unwrap().is_empty());
}

#[test]
fn all_mistakes_are_reported_together_with_their_places() {
    let task = TempDir::new().unwrap();
    write(task.path(), "cognition/a.md", &text("same"));
    write(task.path(), "cognition/b.md", "---\ntitle: T\nid: same\ntrigger: x\n---\nDo it.\n");
    write(task.path(), "cognition/c.md", "---\nid: c\ntitle: T\n---\nDo it.\n");
    fs::write(task.path().join("cognition/d.md"), b"---\nid: \xff\n---\n").unwrap();
    write(task.path(), "cognition/e.md", &"x".repeat(300_000));
    let sources = ["cognition", "library:alchemy", "../elsewhere", "/etc", "nowhere"];
    let error = load(task.path(), &sources.map(str::to_owned)).unwrap_err();
    let lines: Vec<String> = error.0.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 8, "{error}");
    let expected =
        "cognition/b.md:3: id `same` is taken by cognition/a.md; ids must be unique, rename one";
    assert_eq!(lines[0], expected);
    assert!(lines[1].starts_with("cognition/c.md:1: `trigger` is missing"));
    assert!(lines[2].starts_with("cognition/d.md:1: cannot read it"));
    assert!(lines[3].starts_with("cognition/e.md:1: it is larger than"));
    let ItemProblem::NoSubject { subject, known } = &error.0[4].problem else { panic!("{error}") };
    assert_eq!(subject, "alchemy");
    assert!(known.iter().all(|one| lines[4].contains(one.as_str())), "{}", lines[4]);
    assert_eq!(error.0[5].problem, ItemProblem::OutsideTask("../elsewhere".to_owned()));
    assert_eq!(error.0[6].problem, ItemProblem::OutsideTask("/etc".to_owned()));
    assert_eq!(error.0[7].problem, ItemProblem::NoSuchSource("nowhere".to_owned()));
}
