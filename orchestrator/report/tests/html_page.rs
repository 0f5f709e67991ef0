//! The page: whole, inert, and readable whatever the run holds.

mod common;

use common::{Draft, TASK, now, small_run};
use evolve_core::event::{Operator, StopReason};
use evolve_core::outcome::{EvalStatus, RejectReason};
use evolve_core::ports::BlobStore as _;
use evolve_core::{CandidateId, Facts, Program};
use evolve_report::{html, write_report};
use evolve_testkit::{MemoryBlobs, generated};

/// Names of all tags that open in the page, in lower case.
fn tags(page: &str) -> Vec<String> {
    let openings = page.split('<').skip(1);
    openings
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        .map(|rest| {
            rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
        })
        .collect()
}

fn count_of(page: &str, tag: &str) -> usize {
    tags(page).iter().filter(|name| *name == tag).count()
}

#[test]
fn the_page_tells_the_story_of_a_small_run() {
    let page = small_run().page();
    for words in [
        "packing",
        "the candidates budget was used up",
        "split",
        "not enforced: network",
        "<svg viewBox",
        "Against the start c000000",
        "Against its first parent c000001",
        "<mark>",
        "timed-out",
        "quarantined",
        "duplicate",
        "a larger radius gains until circles touch",
        "small-model",
        "Canonical hash",
        "2.41300002",
        "2.41300001",
    ] {
        assert!(page.contains(words), "the page lacks {words:?}");
    }
}

#[test]
fn the_page_loads_nothing_and_allows_nothing_foreign() {
    let page = small_run().page();
    assert!(page.contains("default-src 'none'"));
    assert_eq!(count_of(&page, "script"), 1);
    for tag in ["iframe", "img", "object", "embed", "form", "base"] {
        assert_eq!(count_of(&page, tag), 0, "{tag}");
    }
    assert_eq!(count_of(&page, "link"), 1, "the empty icon alone");
    for word in ["=\"http", "=\"//", "src=", "url(", "@import", " onclick", " onload"] {
        assert!(!page.contains(word), "{word}");
    }
    let nonce = page.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(page.contains(&format!("<script nonce=\"{nonce}\">")));
    assert_eq!(page.matches(nonce).count(), 2, "no text of the page can know its nonce");
}

const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{ page }}{% raw %}&lt;\u{1b}[31m\0\u{202e}\u{7f}";

#[allow(clippy::unwrap_used)] // a test's own data
fn hostile_run() -> Draft {
    let mut task = evolve_core::task::parse_task(TASK).unwrap();
    task.task.name = HOSTILE.into();
    task.task.description = Some(HOSTILE.into());
    task.objective[0].metric = HOSTILE.into();
    task.model[0].name = HOSTILE.into();
    let mut run = Draft::configured(&task, Some("x = 1\n"));
    run.evaluate(CandidateId::START, Ok(1.0));
    run.promote(CandidateId::START);
    let best = run.select(Operator::Diff, &[0]);
    let huge = format!("{HOSTILE}\n{}\n", "<b>".repeat(400_000));
    run.propose(best, &huge, HOSTILE);
    run.evaluate(best, Ok(2.0));
    run.promote(best);
    let failed = run.select(Operator::Diff, &[0]);
    run.propose(failed, HOSTILE, &"<i>".repeat(400_000));
    run.evaluate(failed, Err((EvalStatus::Crashed, HOSTILE)));
    let rejected = run.select(Operator::Diff, &[0]);
    run.reject(rejected, RejectReason::Unusable, HOSTILE);
    run.insight(HOSTILE);
    run.stop(StopReason::Fault { detail: HOSTILE.into() });
    run
}

#[test]
fn hostile_text_is_inert_everywhere() {
    let run = hostile_run();
    let page = run.page();
    let plain = small_run().page();
    assert_eq!(count_of(&page, "script"), 1);
    for tag in ["img", "b", "i", "iframe"] {
        assert_eq!(count_of(&page, tag), 0, "{tag}");
    }
    let mut known = tags(&plain);
    known.sort();
    known.dedup();
    for tag in tags(&page) {
        assert!(known.contains(&tag), "a tag of its own: {tag}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)"));
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!page.contains(control), "a control character got through");
    assert!(!page.contains('\u{202e}'));
    assert!(page.contains("␛[31m") && page.contains("⟨U+202E⟩"));
    assert!(page.len() < 200_000, "a huge line is cut: {}", page.len());
    assert!(page.contains("more characters]"));
}

#[test]
fn hostile_text_does_not_reach_the_terminal() {
    use evolve_report::model::{BestView, CandidateView, LineageView, RunLine, RunList, Status};
    use evolve_report::text;
    let run = hostile_run();
    let id = CandidateId(1);
    let (facts, blobs) = (&run.facts, &run.blobs);
    let texts = [
        text::status(&Status::of(facts, &now(), None), &now()),
        text::best(&BestView::of(facts, Some(HOSTILE)).unwrap()),
        text::candidate(&CandidateView::of(facts, blobs, id).unwrap(), &now()),
        text::candidate(&CandidateView::of(facts, blobs, CandidateId(2)).unwrap(), &now()),
        text::lineage(&LineageView::of(facts, id).unwrap()),
        text::list(&RunList::new(vec![RunLine::of(facts, &now())], vec![]), &now()),
    ];
    for text in texts {
        let control = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(!text.contains(control), "{:?}", &text[..text.len().min(2_000)]);
        assert!(!text.contains('\u{202e}'));
        assert!(text.lines().all(|line| line.chars().count() < 2_100));
    }
}

#[test]
fn a_run_without_anything_has_a_page() {
    let page = Draft::begin(TASK, Some("x = 1\n")).page();
    assert!(page.contains("nothing to draw yet") && page.contains("There is no best yet"));
    assert!(!page.contains("<svg viewBox"), "a curve of nothing");
}

#[test]
fn a_run_with_only_failures_has_a_page() {
    let mut run = Draft::begin(TASK, Some("x = 1\n"));
    run.evaluate(CandidateId::START, Err((EvalStatus::Crashed, "exit status 1")));
    run.stop(StopReason::BadStart { detail: "crashed: exit status 1".into() });
    let page = run.page();
    assert!(page.contains("the start program fails its own evaluation"));
    assert!(page.contains("crashed") && page.contains("No candidate has a score"));
}

#[test]
fn a_seedless_run_is_compared_with_its_first_draft() {
    let task = TASK.replace("[program]\npath = \"program.py\"\n", "");
    let mut run = Draft::begin(&task, None);
    let draft = run.select(Operator::Draft, &[]);
    run.propose(draft, "x = 1\n", "a first draft");
    run.evaluate(draft, Ok(1.5));
    run.promote(draft);
    let next = run.select(Operator::Diff, &[1]);
    run.propose(next, "x = 2\n", "a step");
    run.evaluate(next, Ok(1.75));
    run.promote(next);
    let page = run.page();
    assert!(page.contains("its first draft c000001, its parent"));
    assert!(page.contains("+0.2500"), "the gain is over the first draft");
    assert!(!page.contains("c000000"), "there is no start");
    assert!(page.contains("none (seedless)"));
}

#[test]
fn a_start_that_is_still_the_best_is_compared_with_nothing() {
    let mut run = Draft::begin(TASK, Some("x = 1\n"));
    run.evaluate(CandidateId::START, Ok(1.0));
    run.promote(CandidateId::START);
    assert!(run.page().contains("The start is still the best"));
}

#[test]
fn programs_of_several_files_are_shown_file_by_file() {
    let mut run = Draft::begin(TASK, Some("x = 1\n"));
    run.evaluate(CandidateId::START, Ok(1.0));
    run.promote(CandidateId::START);
    let best = run.select(Operator::Rewrite, &[0]);
    run.propose(best, "x = 2\n", "two files");
    let mut program = Program::single("program.py", "import ring\n");
    program.files.insert("ring.py".into(), "RINGS = 3\n".into());
    let hash = run.blobs.put(&program.to_bytes()).unwrap();
    std::sync::Arc::make_mut(&mut run.facts.candidates[1]).program = Some(hash);
    run.evaluate(best, Ok(2.0));
    run.promote(best);
    let page = run.page();
    assert!(page.contains("<code>ring.py</code> (new file)"));
    assert!(page.contains("The whole of <code>ring.py</code>"));
}

#[test]
fn a_run_of_ten_thousand_candidates_stays_below_a_megabyte() {
    let blobs = MemoryBlobs::default();
    let events = generated::run(7, 10_000, &blobs).unwrap();
    let facts = Facts::fold(&events).unwrap();
    let begin = std::time::Instant::now();
    let page = html::page(&facts, &blobs, &now()).unwrap();
    println!("{} bytes in {:?}", page.len(), begin.elapsed());
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("evolve export has all"));
    assert!(page.contains("the middle one of each stretch"));
}

#[test]
fn the_same_facts_at_the_same_time_give_the_same_page() {
    assert_eq!(small_run().page(), small_run().page());
}

#[test]
fn the_report_is_written_whole_and_replaces_an_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let run = small_run();
    let out = folder.path().join("a/report");
    let path = write_report(&run.facts, &run.blobs, &out, &now()).unwrap();
    assert_eq!(path, out.join("index.html"));
    std::fs::write(&path, "old").unwrap();
    write_report(&run.facts, &run.blobs, &out, &now()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), run.page());
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1, "no draft is left");
    let file = folder.path().join("page.HTML");
    assert_eq!(write_report(&run.facts, &run.blobs, &file, &now()).unwrap(), file);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let run = small_run();
    let error = write_report(&run.facts, &run.blobs, &blocked.join("x"), &now()).unwrap_err();
    assert!(error.to_string().contains("cannot make the folder"), "{error}");
}
