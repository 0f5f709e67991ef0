//! The dashboard's frames and keys, on runs that were generated or written by hand.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use std::time::Duration;

use common::{Draft, TASK, small_run};
use evolve_core::event::{Envelope, Operator, PauseCause, Paused};
use evolve_core::outcome::{CallStatus, EvalStatus};
use evolve_core::{CandidateId, Event, Facts};
use evolve_report::model::Process;
use evolve_report::watch::{Action, Look, Panel, Screen, Steer, Tail, View, draw, line};
use evolve_report::{Moment, text};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;

const COLOURS: Look = Look { colour: true, unicode: true };
const PLAIN: Look = Look { colour: false, unicode: true };
const ASCII: Look = Look { colour: false, unicode: false };
const SIZES: [(u16, u16); 7] = [(80, 24), (120, 40), (40, 10), (20, 5), (200, 60), (1, 1), (0, 0)];

/// A view of so many events, three seconds after the last, with a process at work.
fn view(events: &[Envelope]) -> View {
    let facts = Facts::fold(events).unwrap();
    let mut tail = Tail::default();
    for event in events {
        tail.add(&facts, event);
    }
    let now = facts.last_at + Duration::from_secs(3);
    View::of(&facts, &tail, &Moment { now, process: Process::Alive })
}

/// A generated run in the middle of its work: slots are busy, models have failed.
fn busy() -> View {
    let events = evolve_testkit::generated::events(7, 60);
    view(&events[..events.len() * 2 / 3])
}

/// A run whose facts are all there is.
fn of_draft(run: &Draft) -> View {
    View::of(&run.facts, &Tail::default(), &common::now())
}

fn frame(view: &View, screen: &mut Screen, look: Look, size: (u16, u16)) -> TestBackend {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    screen.resize(size.0, size.1);
    terminal.draw(|frame| draw(frame, view, screen, look)).unwrap();
    terminal.backend().clone()
}

/// The frame's text, a line a row.
fn seen(view: &View, screen: &mut Screen, look: Look, size: (u16, u16)) -> String {
    let backend = frame(view, screen, look, size);
    let cells = backend.buffer().content().chunks(usize::from(size.0).max(1));
    let rows = cells.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>());
    rows.collect::<Vec<_>>().join("\n")
}

fn key(screen: &mut Screen, view: &View, code: KeyCode) -> Option<Action> {
    screen.key(KeyEvent::new(code, KeyModifiers::NONE), view)
}

fn keys(screen: &mut Screen, view: &View, text: &str) -> Option<Action> {
    text.chars().map(|c| key(screen, view, KeyCode::Char(c))).last().flatten()
}

#[test]
fn a_run_at_work_is_seen_whole_on_a_small_terminal() {
    insta::assert_snapshot!("busy_80x24", frame(&busy(), &mut Screen::default(), PLAIN, (80, 24)));
}

#[test]
fn a_large_terminal_shows_more_of_it() {
    let view = busy();
    insta::assert_snapshot!("busy_120x40", frame(&view, &mut Screen::default(), PLAIN, (120, 40)));
}

#[test]
fn a_run_at_rest_is_seen_too_and_says_why_it_rests() {
    let events = evolve_testkit::generated::events(7, 60);
    let text = seen(&view(&events), &mut Screen::default(), PLAIN, (80, 24));
    assert!(text.contains("stopped: the candidates budget was used up"), "{text}");
    let run = small_run();
    let mut screen = Screen::default();
    insta::assert_snapshot!("rest_80x24", frame(&of_draft(&run), &mut screen, PLAIN, (80, 24)));
}

#[test]
fn a_terminal_without_unicode_gets_ascii_only() {
    let view = busy();
    for size in SIZES {
        let text = seen(&view, &mut Screen::default(), ASCII, size);
        assert!(text.is_ascii(), "{text}");
    }
    insta::assert_snapshot!("ascii_80x24", frame(&view, &mut Screen::default(), ASCII, (80, 24)));
}

#[test]
fn any_size_is_drawn_whatever_is_open() {
    let view = busy();
    let empty = of_draft(&Draft::begin(TASK, None));
    for size in SIZES {
        for look in [COLOURS, PLAIN, ASCII] {
            let mut screen = Screen::default();
            for _ in Panel::ALL {
                frame(&view, &mut screen, look, size);
                frame(&empty, &mut screen, look, size);
                key(&mut screen, &view, KeyCode::Tab);
                keys(&mut screen, &view, "jjj");
            }
            screen.open(CandidateId(1), "a line\n".repeat(500));
            key(&mut screen, &view, KeyCode::End);
            frame(&view, &mut screen, look, size);
            keys(&mut screen, &view, "?");
            frame(&view, &mut screen, look, size);
        }
    }
}

#[test]
fn a_tiny_terminal_shows_the_panel_in_focus_and_the_best() {
    let view = busy();
    let mut screen = Screen::default();
    let mut all = String::new();
    for _ in Panel::ALL {
        let text = seen(&view, &mut screen, PLAIN, (40, 10));
        assert!(text.contains("best c000"), "{text}");
        all += &text;
        key(&mut screen, &view, KeyCode::Tab);
    }
    for title in ["candidates,", "best so far:", "under way", "budgets and models", "events,"] {
        assert!(all.contains(title), "{title} is on no panel\n{all}");
    }
}

#[test]
fn nothing_is_told_by_colour_alone() {
    let view = busy();
    for size in SIZES {
        let (mut one, mut other) = (Screen::default(), Screen::default());
        let coloured = frame(&view, &mut one, COLOURS, size);
        let plain = frame(&view, &mut other, PLAIN, size);
        let symbols = |backend: &TestBackend| -> Vec<String> {
            backend.buffer().content().iter().map(|cell| cell.symbol().to_owned()).collect()
        };
        assert_eq!(symbols(&coloured), symbols(&plain));
        let mut cells = plain.buffer().content().iter();
        assert!(cells.all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset)));
        let any = coloured.buffer().content().iter().any(|cell| cell.fg == Color::Green);
        assert!(any || size.0 < 20, "no colour at {size:?}");
    }
}

#[test]
fn hostile_text_is_inert() {
    let mut run = Draft::begin(&TASK.replace("small-model", "m\\u001b[2J"), Some("x = 1\n"));
    run.evaluate(CandidateId::START, Ok(1.0));
    let evil = "\u{1b}]0;owned\u{7}\u{202e}txt\u{9b}2J\r".to_owned() + &"A".repeat(1 << 20);
    let candidate = run.select(Operator::Diff, &[0]);
    run.call(candidate, CallStatus::Ok, &evil);
    run.propose(candidate, &format!("x = 2 # {evil}\n"), &evil);
    run.evaluate(candidate, Err((EvalStatus::Crashed, &evil)));
    let shown = evolve_report::model::CandidateView::of(&run.facts, &run.blobs, candidate).unwrap();
    let mut tail = Tail::default();
    let seq = run.facts.next_seq;
    let failed = evolve_core::event::Verdict { candidate, why: evil.clone() };
    let event = Event::Quarantined(failed);
    tail.add(&run.facts, &Envelope { v: 1, seq, at: run.facts.last_at, event });
    let view = View::of(&run.facts, &tail, &common::now());
    let mut screen = Screen::default();
    for open in [false, true] {
        if open {
            screen.open(candidate, text::candidate(&shown, &common::now()));
        }
        for _ in 0..30 {
            let text = seen(&view, &mut screen, COLOURS, (80, 24));
            let bad = text
                .chars()
                .find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
            assert_eq!(bad, None, "{text:?}");
            key(&mut screen, &view, KeyCode::PageDown);
        }
    }
    assert!(!line(&view.status).chars().any(char::is_control));
}

#[test]
fn a_stop_needs_a_yes_and_other_commands_do_not() {
    let view = busy();
    let mut screen = Screen::default();
    assert_eq!(keys(&mut screen, &view, "p"), Some(Action::Steer(Steer::Pause)));
    assert_eq!(keys(&mut screen, &view, "u"), Some(Action::Steer(Steer::Unpause)));
    assert_eq!(keys(&mut screen, &view, "r"), Some(Action::Steer(Steer::Unpause)));
    assert_eq!(keys(&mut screen, &view, "s"), None);
    let text = seen(&view, &mut screen, PLAIN, (80, 24));
    assert!(text.contains("stop the run when what is under way has ended? y/n"), "{text}");
    // Another key is a no, and does nothing else.
    assert_eq!(keys(&mut screen, &view, "q"), None);
    assert!(seen(&view, &mut screen, PLAIN, (80, 24)).contains("not stopped"));
    assert_eq!(keys(&mut screen, &view, "sy"), Some(Action::Steer(Steer::Stop)));
}

#[test]
fn leaving_is_a_key_away_from_everywhere_but_the_help() {
    let view = busy();
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let mut screen = Screen::default();
    assert_eq!(keys(&mut screen, &view, "q"), Some(Action::Quit));
    screen.open(CandidateId(1), "text".to_owned());
    assert_eq!(keys(&mut screen, &view, "q"), Some(Action::Quit));
    assert_eq!(keys(&mut screen, &view, "?q"), None);
    for before in ["", "?", "s"] {
        keys(&mut screen, &view, before);
        assert_eq!(screen.key(control_c, &view), Some(Action::Quit), "after {before:?}");
    }
}

#[test]
fn a_candidate_is_selected_opened_scrolled_and_closed() {
    let view = busy();
    let mut screen = Screen::default();
    let newest = view.rows[0].candidate;
    assert_eq!(key(&mut screen, &view, KeyCode::Enter), Some(Action::Open(newest)));
    keys(&mut screen, &view, "jj");
    let third = view.rows[2].candidate;
    assert_eq!(key(&mut screen, &view, KeyCode::Enter), Some(Action::Open(third)));
    assert!(seen(&view, &mut screen, PLAIN, (80, 24)).contains(&format!("> {third}")));
    key(&mut screen, &view, KeyCode::End);
    let oldest = view.rows.last().unwrap().candidate;
    assert_eq!(key(&mut screen, &view, KeyCode::Enter), Some(Action::Open(oldest)));
    let best = view.status.best.as_ref().unwrap().candidate;
    assert_eq!(keys(&mut screen, &view, "b"), Some(Action::Open(best)));

    let lines: Vec<String> = (1..=100).map(|n| format!("line {n} of the text")).collect();
    screen.open(third, lines.join("\n"));
    let text = seen(&view, &mut screen, PLAIN, (80, 24));
    assert!(text.contains("line 1 of the text") && !text.contains("line 23 of"), "{text}");
    key(&mut screen, &view, KeyCode::End);
    let text = seen(&view, &mut screen, PLAIN, (80, 24));
    assert!(text.contains("line 100 of the text") && text.contains("line 79 of"), "{text}");
    key(&mut screen, &view, KeyCode::Esc);
    assert!(seen(&view, &mut screen, PLAIN, (80, 24)).contains("candidates, newest first"));
}

#[test]
fn a_selection_stays_with_its_candidate_when_newer_ones_come() {
    let events = evolve_testkit::generated::events(7, 60);
    let (before, after) = (view(&events[..events.len() / 3]), view(&events[..events.len() / 2]));
    assert!(after.rows[0].candidate > before.rows[0].candidate);
    let mut screen = Screen::default();
    keys(&mut screen, &before, "jj");
    let chosen = before.rows[2].candidate;
    assert_eq!(key(&mut screen, &after, KeyCode::Enter), Some(Action::Open(chosen)));
    // At the top it goes with the newest.
    key(&mut screen, &after, KeyCode::Home);
    let newest = view(&events).rows[0].candidate;
    assert_eq!(key(&mut screen, &view(&events), KeyCode::Enter), Some(Action::Open(newest)));
}

#[test]
fn older_events_are_a_few_keys_away() {
    let view = busy();
    let mut screen = Screen::default();
    assert!(!seen(&view, &mut screen, PLAIN, (80, 24)).contains("the run began"));
    key(&mut screen, &view, KeyCode::BackTab);
    key(&mut screen, &view, KeyCode::Home);
    assert!(seen(&view, &mut screen, PLAIN, (80, 24)).contains("the run began"));
    key(&mut screen, &view, KeyCode::End);
    assert!(!seen(&view, &mut screen, PLAIN, (80, 24)).contains("the run began"));
}

#[test]
fn a_pause_is_seen_in_the_head_and_among_the_events() {
    let mut events = evolve_testkit::generated::events(7, 60);
    events.truncate(events.len() / 2);
    let last = events.last().unwrap();
    let event = Event::Paused(Paused { cause: PauseCause::Asked });
    let paused = Envelope { seq: evolve_core::Seq(last.seq.0 + 1), event, ..last.clone() };
    events.push(paused);
    let text = seen(&view(&events), &mut Screen::default(), PLAIN, (80, 24));
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].contains("paused, up"), "{text}");
    assert!(lines[22].contains("paused"), "{text}");
}

#[test]
fn the_line_without_a_terminal_has_the_numbers() {
    let run = small_run();
    insta::assert_snapshot!(line(&of_draft(&run).status), @"stopped: the candidates budget was used up · best c000004 2.4130 (+1.4532) · 4 evaluated · 1 failed · $0.00490 · up 34 s · 80 % of candidates 5 · 0 % of usd $1.00 · 11 % of wall 5 min 00 s");
}
