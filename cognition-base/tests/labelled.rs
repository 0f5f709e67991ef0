//! The shipped library answers the labelled situations.

#[path = "../eval/measure.rs"]
mod measure;

mod common;

use std::collections::BTreeSet;

use common::at_once;
use evolve_cognition::{Base, load_bases};
use measure::{Group, quality, situations};

#[test]
fn the_default_finds_most_of_what_held_out_situations_call_for() {
    let (entries, bad) = load_bases(&[None]);
    assert!(bad.is_empty(), "{bad:?}");
    let all = situations().unwrap();
    let count = |group| all.iter().filter(|labelled| labelled.group == group).count();
    assert!(count(Group::Tune) >= 30 && count(Group::HeldOut) >= 30);
    let known: BTreeSet<&str> = entries.iter().map(|entry| entry.item.id.as_str()).collect();
    for labelled in &all {
        let missing: Vec<_> =
            labelled.relevant.iter().filter(|id| !known.contains(id.as_str())).collect();
        assert!(missing.is_empty() && !labelled.relevant.is_empty(), "{missing:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let items = entries.into_iter().map(|entry| entry.item).collect();
    let base = Base::open_or_build(folder.path(), items).unwrap();
    let held_out = at_once(quality(&base, &all, Group::HeldOut)).unwrap();
    // A little below what `--example labelled` prints, so that an item more is no failure.
    assert!(held_out.recall >= 0.72 && held_out.ndcg >= 0.64, "{held_out:?}");
}
