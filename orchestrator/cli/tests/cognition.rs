//! `evolve cognition`, as a user drives it.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod support;

use std::process::Stdio;

use evolve_testkit::{ModelServer, Reply};
use support::Place;

const NOTES: &str = "# Packing

## Gaps near the corners

When circles leave gaps near the corners, grow the corner circles first, for nothing else can reach
into a corner, and let the others follow.

## Stalls

When transfers stall the unit, start them one tile ahead, so that they overlap with the work on the
tile before; two buffers are enough for that.
";

#[test]
fn documents_become_items_that_are_found_shown_checked_and_counted() {
    let place = Place::new();
    std::fs::write(place.path().join("notes.md"), NOTES).unwrap();
    let files = place.ok(&["cognition", "add", "notes.md", "--base", "base"]);
    assert_eq!(files.lines().count(), 2, "{files}");
    let again = place.ok(&["cognition", "add", "notes.md", "--base", "base"]);
    assert!(again.lines().all(|file| !files.contains(file)), "nothing is overwritten: {again}");

    let found = place.json(&[
        "cognition",
        "search",
        "a gap in the corner",
        "--base",
        "base",
        "--top",
        "1",
        "--json",
    ]);
    let id = found["items"][0]["id"].as_str().unwrap().to_owned();
    assert!(id.contains("gaps-near-the-corners"), "{found}");
    let whole = place.ok(&["cognition", "show", &id, "--base", "base"]);
    assert!(
        whole.contains("grow the corner circles first") && whole.contains("notes.md"),
        "{whole}"
    );
    let (code, said) = place.fails(&["cognition", "show", "nothing", "--base", "base"]);
    assert!(code == 3 && said.contains("cognition list"), "{said}");

    // The same text twice is a finding.
    let lint = place.evolve(&["cognition", "lint", "--base", "base"]);
    assert_eq!(lint.status.code(), Some(1));
    assert!(!lint.stdout.is_empty());
    let stats = place.json(&["cognition", "stats", "--base", "base", "--json"]);
    assert!(stats.to_string().contains('4'), "{stats}");
    let listed = place.json(&["cognition", "list", "--base", "library:", "--json"]);
    assert!(listed["items"].as_array().unwrap().len() >= 80);
}

#[test]
fn what_is_no_document_is_an_error_that_says_so() {
    let place = Place::new();
    std::fs::write(place.path().join("bad.pdf"), b"%PDF-1.4\ngarbage").unwrap();
    let (code, said) = place.fails(&["cognition", "add", "bad.pdf", "--base", "base"]);
    assert!(code == 2 && said.contains("bad.pdf"), "{said}");
    let (code, _) = place.fails(&["cognition", "add", "absent.md", "--base", "base"]);
    assert_eq!(code, 2);
    let (code, said) = place.fails(&["cognition", "search", "x", "--base", "absent"]);
    assert!(code == 2 && said.contains("no base absent"), "{said}");
    let (code, said) = place.fails(&["cognition", "add", "bad.pdf", "--yes"]);
    assert!(code == 2 && said.contains("--task"), "{said}");
}

#[test]
fn a_task_takes_subjects_of_the_library_and_a_run_keeps_them() {
    let place = Place::new();
    let more = "[budget]\ncandidates = 2\n[cognition]\nsources = [\"library:optimization\"]\n";
    place.write("task.toml", &Place::task_toml(more));
    place.ok(&["start", "task", "-q"]);
    let kept = place.run_dir().join("task/.library/optimization");
    assert!(std::fs::read_dir(kept).unwrap().count() >= 5);
    place.ok(&["verify"]);
    place.write("task.toml", &Place::task_toml(&more.replace("optimization", "optimisation")));
    let (code, said) = place.fails(&["check", "task"]);
    assert!(code == 2 && said.contains("optimization"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_distils_a_document_and_a_person_is_asked_unless_they_said_yes() {
    let place = Place::new();
    let server = ModelServer::start(|request| {
        assert!(request.last().contains("grow the corner circles first"));
        Reply::text(
            "{\"items\": [{\"title\": \"Corners first\", \"trigger\": \"circles leave gaps at corners\", \
             \"tags\": [\"packing\"], \"body\": \"**Insight.** Grow corner circles first.\"}]}",
        )
    })
    .await
    .unwrap();
    let model = format!("[[model]]\nname = \"m\"\nbase_url = \"{}\"\n", server.base_url());
    place.write("task.toml", &Place::task_toml(&model));
    std::fs::write(place.path().join("notes.md"), NOTES).unwrap();
    let args = ["cognition", "add", "notes.md", "--task", "task", "--base", "base"];
    let run = |more: &'static [&'static str]| {
        let mut command = place.command(&[&args[..], more].concat());
        command.stdin(Stdio::null());
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let asked = run(&[]).await.unwrap();
    assert_eq!(asked.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&asked.stderr).contains("--yes"));
    assert!(server.requests().is_empty(), "nobody is paid for what nobody can approve");
    let kept = run(&["--yes"]).await.unwrap();
    let said = String::from_utf8_lossy(&kept.stderr).into_owned();
    assert!(kept.status.success(), "{said}");
    assert!(said.contains("distilling cost"), "{said}");
    let item = std::fs::read_to_string(place.path().join("base/corners-first.md")).unwrap();
    assert!(item.contains("notes.md") && item.contains("Grow corner circles first."), "{item}");
}
