use std::collections::BTreeSet;

use super::*;
use crate::MemoryBlobs;

#[test]
fn a_generated_run_folds_without_a_misfit_and_holds_every_kind_of_event() {
    let events = events(7, 400);
    let facts = Facts::fold(&events).unwrap();
    assert_eq!(facts.misfits, Vec::<String>::new());
    assert_eq!(facts.candidates.len(), 401);
    assert!(facts.promotions.len() > 3, "{:?}", facts.promotions);
    let kinds: BTreeSet<String> = events
        .iter()
        .map(|e| serde_json::to_value(e).unwrap()["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds.len(), 18, "{kinds:?}");
    let operators: BTreeSet<_> = facts.candidates.iter().map(|c| c.selection.operator).collect();
    assert_eq!(operators.len(), 7);
    let islands: BTreeSet<_> = facts.candidates.iter().map(|c| c.selection.island).collect();
    assert_eq!(islands.len(), 3);
    let words: BTreeSet<_> = facts.candidates.iter().map(|c| c.word()).collect();
    for word in ["ok", "crashed", "timed-out", "quarantined", "duplicate", "interrupted"] {
        assert!(words.contains(word), "{word} is not in {words:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_events_and_another_one_others() {
    assert_eq!(events(3, 40), events(3, 40));
    let hash = |seed| Facts::fold(&events(seed, 40)).unwrap().canonical_hash();
    assert_ne!(hash(3), hash(4));
}

#[test]
fn every_blob_that_an_event_names_is_there() {
    let blobs = MemoryBlobs::default();
    let events = run(5, 60, &blobs).unwrap();
    assert_eq!(events, super::events(5, 60));
    for event in &events {
        match &event.event {
            Event::Proposed(e) => {
                let program = Program::from_bytes(&blobs.get(e.program).unwrap()).unwrap();
                assert_eq!(program.files.len(), 2);
            }
            Event::CallSettled(e) => {
                blobs.get(e.request).unwrap();
                assert!(e.response.is_none_or(|hash| blobs.get(hash).is_ok()));
            }
            Event::Evaluated(e) => {
                assert!(e.log.iter().chain(e.artifacts.values()).all(|h| blobs.get(*h).is_ok()));
            }
            _ => {}
        }
    }
}
