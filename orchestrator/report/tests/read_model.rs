//! The JSON answers and their texts, on a small run that was written by hand.

mod common;

use common::{Draft, TASK, now, small_run};
use evolve_core::event::{Operator, Repeated, StopReason};
use evolve_core::outcome::{CallStatus, EvalStatus, RejectReason};
use evolve_core::{CandidateId, Goal};
use evolve_report::model::{
    Best, BestView, BrokenRun, CandidateView, LineageView, Novelty, RunLine, RunList, RunState,
    Status, export, failures,
};
use evolve_report::{Moment, Process, text};

#[test]
fn status_answers_as_documented() {
    let run = small_run();
    let status = Status::of(&run.facts, &now(), Some("runs/x/best/program.py"));
    insta::assert_json_snapshot!("status", status);
    insta::assert_snapshot!("status_text", text::status(&status, &now()));
}

#[test]
fn best_answers_as_documented() {
    let run = small_run();
    let view = BestView::of(&run.facts, Some("runs/x/best/program.py")).unwrap();
    insta::assert_json_snapshot!("best", view);
    insta::assert_snapshot!("best_text", text::best(&view));
}

#[test]
fn show_answers_as_documented() {
    let run = small_run();
    let view = CandidateView::of(&run.facts, &run.blobs, CandidateId(4)).unwrap();
    insta::assert_json_snapshot!("show_best", view);
    insta::assert_snapshot!("show_best_text", text::candidate(&view, &now()));
    let view = CandidateView::of(&run.facts, &run.blobs, CandidateId(3)).unwrap();
    insta::assert_snapshot!("show_timed_out_text", text::candidate(&view, &now()));
    let view = CandidateView::of(&run.facts, &run.blobs, CandidateId(2)).unwrap();
    insta::assert_snapshot!("show_duplicate_text", text::candidate(&view, &now()));
    assert!(CandidateView::of(&run.facts, &run.blobs, CandidateId(99)).is_none());
}

#[test]
fn lineage_answers_as_documented() {
    let run = small_run();
    let view = LineageView::of(&run.facts, CandidateId(4)).unwrap();
    insta::assert_json_snapshot!("lineage", view);
    insta::assert_snapshot!("lineage_text", text::lineage(&view));
}

#[test]
fn list_answers_as_documented() {
    let run = small_run();
    let broken = BrokenRun { run: "old".into(), why: "the journal is empty".into() };
    let list = RunList::new(vec![RunLine::of(&run.facts, &now())], vec![broken]);
    insta::assert_json_snapshot!("list", list);
    insta::assert_snapshot!("list_text", text::list(&list, &now()));
    assert!(text::list(&RunList::new(vec![], vec![]), &now()).contains("no runs yet"));
}

#[test]
fn export_writes_every_candidate_as_one_line_in_a_fixed_order() {
    let run = small_run();
    let lines: Vec<String> =
        export(&run.facts, &run.blobs).map(|line| serde_json::to_string(&line).unwrap()).collect();
    assert_eq!(lines.len(), 6);
    assert!(lines.iter().all(|line| !line.contains('\n')));
    assert!(lines[4].starts_with(
        r#"{"version":1,"run":"20260102-030405-packing-7f3a","candidate":"c000004","#
    ));
    insta::assert_snapshot!("export", lines.join("\n"));
}

#[test]
fn no_answer_holds_a_number_that_is_none() {
    let mut run = Draft::begin(TASK, Some("x = 1\n"));
    run.evaluate(CandidateId::START, Ok(f64::NAN));
    run.promote(CandidateId::START);
    let wild = run.select(Operator::Mutate, &[0]);
    run.propose(wild, "x = 2\n", "");
    run.evaluate(wild, Ok(f64::INFINITY));
    run.promote(wild);
    let view = CandidateView::of(&run.facts, &run.blobs, wild).unwrap();
    assert_eq!(view.score, None);
    assert_eq!(view.evaluation.as_ref().unwrap().metrics["sum_of_radii"], None);
    let status = Status::of(&run.facts, &now(), None);
    assert_eq!(status.best.as_ref().unwrap().score, None);
    let mut texts = vec![
        serde_json::to_string(&view).unwrap(),
        serde_json::to_string(&status).unwrap(),
        serde_json::to_string(&BestView::of(&run.facts, None)).unwrap(),
        serde_json::to_string(&LineageView::of(&run.facts, wild)).unwrap(),
        serde_json::to_string(&RunLine::of(&run.facts, &now())).unwrap(),
    ];
    texts.extend(export(&run.facts, &run.blobs).map(|l| serde_json::to_string(&l).unwrap()));
    for json in texts {
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert!(!value.to_string().contains("NaN") && !json.contains("inf"), "{json}");
    }
    assert!(run.page().contains("nothing to draw yet"));
}

#[test]
fn a_lost_blob_is_named_where_it_would_be() {
    let run = small_run();
    let candidate = run.facts.candidate(CandidateId(4)).unwrap();
    run.blobs.lose(candidate.program.unwrap());
    run.blobs.lose(candidate.prompt.unwrap());
    let view = CandidateView::of(&run.facts, &run.blobs, CandidateId(4)).unwrap();
    assert!(view.program.missing.as_ref().unwrap().contains("there is no blob"));
    assert!(view.diff.missing.as_ref().unwrap().contains("the program of c000004 is missing"));
    assert!(view.prompt.missing.is_some());
    assert!(view.log.text.is_some());
    let shown = text::candidate(&view, &now());
    assert!(shown.contains("== program\n(there is no blob"), "{shown}");
    let page = run.page();
    assert!(page.contains("The program cannot be shown: there is no blob"));
}

#[test]
fn a_process_that_is_gone_is_told_from_one_that_works() {
    let mut run = Draft::begin(TASK, Some("x = 1\n"));
    run.evaluate(CandidateId::START, Ok(1.0));
    let moment = |process| Moment { now: now().now, process };
    let alive = Status::of(&run.facts, &moment(Process::Alive), None);
    let gone = Status::of(&run.facts, &moment(Process::Gone), None);
    assert_eq!((alive.state, gone.state), (RunState::Running, RunState::Gone));
    assert!((alive.cost.wall_s - 3600.0).abs() < 1e-9, "{}", alive.cost.wall_s);
    assert!((gone.cost.wall_s - 2.0).abs() < 1e-9, "up until its last event");
    run.stop(StopReason::Interrupted);
    let stopped = Status::of(&run.facts, &moment(Process::Gone), None);
    assert_eq!(stopped.state, RunState::Stopped);
    assert_eq!(stopped.stopped.unwrap().reason, "interrupted");
}

#[test]
fn a_minimised_objective_gains_downwards() {
    let task = TASK
        .replace("goal = \"maximize\"", "goal = \"minimize\"")
        .replace("baseline = 0.9598", "baseline = 10.0")
        .replace("target = 2.6359", "target = 2.0");
    let mut run = Draft::begin(&task, Some("x = 1\n"));
    run.evaluate(CandidateId::START, Ok(10.0));
    run.promote(CandidateId::START);
    let better = run.select(Operator::Mutate, &[0]);
    run.propose(better, "x = 2\n", "smaller");
    run.evaluate(better, Ok(4.0));
    run.promote(better);
    let worse = run.select(Operator::Mutate, &[1]);
    run.propose(worse, "x = 3\n", "larger");
    run.evaluate(worse, Ok(12.0));
    assert_eq!(run.facts.objective().goal, Goal::Minimize);
    let best = Best::of(&run.facts, None).unwrap();
    assert_eq!((best.candidate, best.gain), (better, Some(6.0)));
    let view = BestView::of(&run.facts, None).unwrap();
    assert_eq!(view.normalised, Some(0.75));
    assert!(text::best(&view).contains("gain       +6"));
    let worse = CandidateView::of(&run.facts, &run.blobs, worse).unwrap();
    assert_eq!((worse.gain, worse.step), (Some(-2.0), Some(-8.0)));
    let page = run.page();
    assert!(page.contains("less is better"));
    let (first, last) = (page.find(r#"<tr id="c000001""#), page.find(r#"<tr id="c000002""#));
    assert!(first.unwrap() < last.unwrap(), "the best is first");
}

#[test]
fn failures_are_counted_by_kind_and_phase() {
    let mut run = Draft::begin(TASK, Some("x = 1\n"));
    run.evaluate(CandidateId::START, Ok(1.0));
    for n in 0..3 {
        let failed = run.select(Operator::Diff, &[0]);
        run.propose(failed, &format!("x = {n}\n"), "");
        run.evaluate(failed, Err((EvalStatus::Crashed, "exit status 1")));
    }
    let cut = run.select(Operator::Diff, &[0]);
    run.call(cut, CallStatus::Truncated, "");
    run.reject(cut, RejectReason::ModelFailed, "no model answered");
    let kinds = failures(&run.facts);
    let counts: Vec<_> = kinds.iter().map(|k| (k.phase.word(), k.kind, k.count)).collect();
    assert_eq!(counts, [("evaluation", "crashed", 3), ("proposal", "model-failed", 1)]);
    assert_eq!(kinds[0].latest, CandidateId(3));
    let status = Status::of(&run.facts, &now(), None);
    assert_eq!(status.models[0].failed, 1);
}

#[test]
fn what_was_proposed_before_is_counted_and_told() {
    let mut run = Draft::begin(TASK, Some("x = 1\n"));
    run.evaluate(CandidateId::START, Ok(1.0));
    let told = |run: &Draft| {
        let status = Status::of(&run.facts, &now(), None);
        (status.novelty, text::status(&status, &now()), run.page())
    };
    let (novelty, plain, page) = told(&run);
    assert_eq!(novelty, Novelty::default());
    assert!(!plain.contains("repeated") && !page.contains("went back to the model"));
    for (kept, text) in [(false, "x = 2\n"), (true, "x = 3\n"), (false, "x = 4\n")] {
        let candidate = run.select(Operator::Diff, &[0]);
        let of = CandidateId(0);
        run.propose_after(candidate, text, "smaller", Some(Repeated { of, kept }));
        run.evaluate(candidate, Ok(1.0));
    }
    let candidate = run.select(Operator::Diff, &[0]);
    run.reject(candidate, RejectReason::Duplicate, "it is c000001 again");
    let candidate = run.select(Operator::Diff, &[0]);
    run.reject(candidate, RejectReason::Syntax, "line 1");
    let (novelty, plain, page) = told(&run);
    assert_eq!(novelty, Novelty { duplicates: 1, ideas_sent_back: 3, ideas_replaced: 2 });
    let said = "1 duplicate was turned away before an evaluation; 3 ideas had before went back to \
                the model, 2 became another";
    let unwrapped = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unwrapped.contains(said), "{plain}");
    assert!(page.contains(said));
}
