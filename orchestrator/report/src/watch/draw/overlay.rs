//! What lies over the dashboard: an open candidate, the help, the line at the bottom.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

use super::{Look, REVERSED, STRONG};
use crate::model::RunState;
use crate::watch::screen::{Pane, Screen};
use crate::watch::view::View;

const HELP: &[(&str, &str)] = &[
    ("p", "pause: start nothing new"),
    ("u or r", "unpause"),
    ("s", "stop when what is under way has ended"),
    ("j k, arrows", "select, or scroll the panel in focus"),
    ("Enter", "open the selected candidate"),
    ("b", "open the best candidate"),
    ("Esc", "close it"),
    ("Tab", "next panel; the one in focus has >"),
    ("PgUp PgDn g G", "a page; first and last"),
    ("Ctrl-L", "draw anew"),
    ("q, Ctrl-C", "leave; the run goes on"),
];

pub(super) fn help(frame: &mut Frame<'_>, area: Rect, look: Look) {
    let width = 58.min(area.width);
    let height = (HELP.len() as u16 + 2).min(area.height);
    let [_, middle, _] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(height), Constraint::Fill(1)])
            .areas(area);
    let [_, middle, _] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(width), Constraint::Fill(1)])
            .areas(middle);
    let lines = HELP.iter().map(|(key, what)| Line::raw(format!(" {key:<14}{what}")));
    let title = Line::styled(" keys: any one closes this ", look.title().patch(STRONG));
    let text = Paragraph::new(lines.collect::<Vec<_>>());
    frame.render_widget(Clear, middle);
    frame.render_widget(text.block(Block::bordered().title(title)), middle);
}

pub(super) fn pane(frame: &mut Frame<'_>, area: Rect, pane: &Pane, look: Look) {
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let seen = pane.lines.iter().skip(pane.top).take(usize::from(body.height));
    let lines: Vec<_> = seen.map(|line| Line::raw(line.as_str())).collect();
    let end = (pane.top + lines.len()).min(pane.lines.len());
    let place = format!(" {}  line {end} of {}", pane.candidate, pane.lines.len());
    frame.render_widget(Paragraph::new(place).style(look.title().patch(REVERSED)), head);
    frame.render_widget(Paragraph::new(lines), body);
}

/// The line at the bottom: a question, else a message, else the keys.
pub(super) fn foot(width: u16, view: &View, screen: &Screen, look: Look) -> Paragraph<'static> {
    if screen.asking {
        let question = "stop the run when what is under way has ended? y/n";
        return Paragraph::new(question).style(look.warn().patch(STRONG));
    }
    if !screen.message.is_empty() {
        return Paragraph::new(screen.message.clone()).style(STRONG);
    }
    let keys = match (screen.pane.is_some(), width) {
        (true, _) => "j/k scroll  PgDn page  Esc close  q quit".to_owned(),
        (false, ..76) => "Tab panel  ? help  q quit".to_owned(),
        (false, _) => live_keys(view),
    };
    Paragraph::new(keys)
}

fn live_keys(view: &View) -> String {
    match view.status.state {
        RunState::Running | RunState::Paused | RunState::Draining => {
            "p pause  u unpause  s stop  j/k select  Enter open  Tab panel  ? help  q quit"
        }
        RunState::Stopped | RunState::Gone => {
            "j/k select  Enter open  b best  Tab panel  ? help  q quit"
        }
    }
    .to_owned()
}
