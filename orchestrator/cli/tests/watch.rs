//! `evolve watch` as a person sees it: on a terminal, and where there is none.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

#[path = "support/seat.rs"]
mod seat;
mod support;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use seat::Seat;
use support::{Place, live, signal};

/// A place with a run that has come to rest.
fn rested() -> Place {
    let place = Place::new();
    place.ok(&["start", "task", "--budget", "candidates=20", "-q"]);
    place
}

/// A live run that is ended with its test.
struct Run(Child);

impl Run {
    fn start(place: &Place) -> Self {
        Self(live(place))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn seat(place: &Place, args: &[&str]) -> Seat {
    Seat::take(&place.command(args))
}

/// Whether the journal has an event of this kind.
fn journal_has(place: &Place, event: &str) -> bool {
    let journal = std::fs::read_to_string(place.run_dir().join("events.jsonl")).unwrap();
    journal.contains(&format!("\"event\":\"{event}\""))
}

#[test]
fn a_run_at_rest_is_one_line_where_there_is_no_terminal() {
    let place = rested();
    let out = place.ok(&["watch"]);
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(out.starts_with("stopped: the candidates budget was used up · best c0"), "{out}");
    assert!(out.contains("20 evaluated") && out.contains("100 % of candidates 20"), "{out}");
}

#[test]
fn once_prints_how_the_run_stands_and_ends_also_while_it_is_live() {
    let place = rested();
    let timeless = |text: String| -> Vec<String> {
        text.lines().filter(|line| !line.contains(" ago)")).map(str::to_owned).collect()
    };
    let once = timeless(place.ok(&["watch", "--once"]));
    assert!(once.len() > 5, "{once:?}");
    assert_eq!(once, timeless(place.ok(&["status"])));
    let place = Place::new();
    let _run = Run::start(&place);
    assert!(place.ok(&["watch", "latest", "--once"]).contains("running"));
}

#[test]
fn a_live_run_is_followed_line_by_line_until_it_comes_to_rest() {
    let place = Place::new();
    let _run = Run::start(&place);
    let mut watch = place.command(&["watch"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    let (first, second) = (lines.next().unwrap(), lines.next().unwrap());
    for line in [&first, &second] {
        assert!(line.starts_with("running · best c0"), "{line}");
    }
    assert_ne!(first, second);
    place.ok(&["stop"]);
    let last = lines.last().unwrap();
    assert!(last.starts_with("stopped: it was asked to stop"), "{last}");
    assert!(watch.wait().unwrap().success());
}

#[test]
fn lines_that_nobody_reads_are_not_written_and_the_run_goes_on() {
    let place = Place::new();
    let mut run = Run::start(&place);
    let mut watch = place.command(&["watch"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    let mut reader = BufReader::new(watch.stdout.take().unwrap());
    reader.read_line(&mut first).unwrap();
    drop(reader);
    assert!(watch.wait().unwrap().success());
    assert!(run.0.try_wait().unwrap().is_none());
}

#[test]
fn a_live_run_is_seen_paused_opened_and_left_at_the_keys() {
    let place = Place::new();
    let mut run = Run::start(&place);
    let mut seat = seat(&place, &["watch"]);
    let text = seat.sees("best so far: score (more is better)");
    assert!(text.contains("two-numbers") && text.contains("best c0"), "{text}");
    assert!(!journal_has(&place, "paused"));
    seat.press("p");
    seat.sees("paused, up");
    assert!(journal_has(&place, "paused"));
    seat.press("u");
    seat.sees("running, up");
    assert!(journal_has(&place, "resumed"));
    seat.press("jj\r");
    let text = seat.sees("candidate  c0");
    assert!(text.contains("operator"), "{text}");
    seat.press("G");
    seat.press("\x1b");
    seat.sees("candidates, newest first");
    seat.press("q");
    assert_eq!(seat.leaves(), 0);
    assert!(run.0.try_wait().unwrap().is_none(), "leaving ended the run");
}

#[test]
fn a_run_is_stopped_from_the_dashboard_after_a_yes() {
    let place = Place::new();
    let mut run = Run::start(&place);
    let mut seat = seat(&place, &["watch"]);
    seat.sees("running, up");
    seat.press("s");
    seat.sees("y/n");
    seat.press("n");
    seat.sees("not stopped");
    seat.press("sy");
    seat.sees("stopped: it was asked to stop");
    assert_eq!(run.0.wait().unwrap().code(), Some(130));
    seat.press("\x03");
    assert_eq!(seat.leaves(), 0);
}

#[test]
fn a_command_to_a_run_at_rest_says_how_to_go_on() {
    let place = rested();
    let mut seat = seat(&place, &["watch"]);
    seat.sees("stopped, up");
    seat.press("p");
    let id = place.run_dir().file_name().unwrap().to_str().unwrap().to_owned();
    seat.sees(&format!("no process has this run; `evolve resume {id}`"));
    seat.press("?");
    seat.sees("leave; the run goes on");
    seat.press("?b");
    seat.sees("(the best)");
    seat.press("q");
    assert_eq!(seat.leaves(), 0);
}

#[test]
fn a_signal_ends_the_dashboard_and_the_terminal_is_given_back() {
    let place = rested();
    for name in ["TERM", "HUP", "INT"] {
        let mut seat = seat(&place, &["watch"]);
        seat.until("the dashboard", vt100::Screen::alternate_screen);
        seat.sees("stopped, up");
        signal(&seat.child, name);
        assert_eq!(seat.leaves(), 130, "after SIG{name}");
    }
}

#[test]
fn a_smaller_terminal_is_drawn_anew() {
    let place = rested();
    let mut seat = seat(&place, &["watch"]);
    seat.sees("budgets and models");
    seat.resize(10, 40);
    seat.until("one panel", |screen| {
        let text = screen.contents();
        text.contains("candidates, newest") && !text.contains("budgets and models")
    });
    seat.press("q");
    assert_eq!(seat.leaves(), 0);
}

#[test]
fn colours_and_characters_are_those_the_terminal_has() {
    let place = rested();
    let frame = |change: &dyn Fn(&mut std::process::Command), args: &[&str]| {
        let mut command = place.command(args);
        change(&mut command);
        let mut seat = Seat::take(&command);
        seat.sees("stopped, up");
        seat.sees("q quit");
        seat.press("q");
        seat.leaves();
        seat.raw()
    };
    let has = |raw: &[u8], code: &[u8]| raw.windows(code.len()).any(|part| part == code);
    let green = b"38;5;2";
    assert!(!has(&frame(&|_| (), &["watch"]), green), "NO_COLOR was set");
    let colours = |command: &mut std::process::Command| {
        command.env_remove("NO_COLOR");
    };
    assert!(has(&frame(&colours, &["watch"]), green));
    assert!(!has(&frame(&colours, &["watch", "--color", "never"]), green));
    assert!(has(&frame(&|_| (), &["watch", "--color", "always"]), green));
    assert!(!frame(&|_| (), &["watch"]).is_ascii());
    let ascii = |command: &mut std::process::Command| {
        command.env("LC_ALL", "C");
    };
    assert!(frame(&ascii, &["watch"]).is_ascii());
}

#[test]
fn help_has_examples_and_an_unknown_run_is_said_to_be_unknown() {
    let place = rested();
    let help = place.ok(&["watch", "--help"]);
    assert!(help.contains("evolve watch latest --once"), "{help}");
    let (code, text) = place.fails(&["watch", "nonsense"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("nonsense"), "{text}");
}
