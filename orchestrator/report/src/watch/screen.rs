//! What the person made of the dashboard: focus, selection, what is open or asked.

use evolve_core::CandidateId;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::fold::fold;
use super::view::View;

/// A part of the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    /// The newest candidates.
    Candidates,
    /// The best-so-far curve.
    Curve,
    /// What is under way.
    Work,
    /// Budgets and models.
    Spend,
    /// Notable events.
    Events,
}

impl Panel {
    /// All of them, in the order of Tab.
    pub const ALL: [Self; 5] =
        [Self::Candidates, Self::Curve, Self::Work, Self::Spend, Self::Events];

    fn after(self, steps: usize) -> Self {
        Self::ALL[(self as usize + steps) % Self::ALL.len()]
    }
}

impl Panel {
    fn place(self) -> usize {
        Self::ALL.iter().position(|panel| *panel == self).unwrap_or(0)
    }
}

/// A command to the process that has the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steer {
    /// Start nothing new; wait.
    Pause,
    /// Go on.
    Unpause,
    /// Let what is under way end, then stop.
    Stop,
}

/// What a key asks for, beyond the screen itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Leave the dashboard; the run goes on.
    Quit,
    /// Send a command.
    Steer(Steer),
    /// Open a candidate.
    Open(CandidateId),
}

/// An open candidate.
#[derive(Debug, Clone)]
pub(super) struct Pane {
    pub candidate: CandidateId,
    text: String,
    /// The text folded to the screen's width.
    pub lines: Vec<String>,
    pub top: usize,
}

/// What the person made of the dashboard.
#[derive(Debug, Clone)]
pub struct Screen {
    pub(super) focus: Panel,
    /// None: the newest, whichever that is.
    pub(super) selected: Option<CandidateId>,
    scrolled: [usize; Panel::ALL.len()],
    pub(super) pane: Option<Pane>,
    pub(super) help: bool,
    /// Whether the question is asked that a stop needs.
    pub(super) asking: bool,
    pub(super) message: String,
    width: u16,
    height: u16,
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            focus: Panel::Candidates,
            selected: None,
            scrolled: [0; Panel::ALL.len()],
            pane: None,
            help: false,
            asking: false,
            message: String::new(),
            width: 80,
            height: 24,
        }
    }
}

impl Screen {
    /// Takes the size of the terminal, before each frame.
    pub fn resize(&mut self, width: u16, height: u16) {
        if (width, height) == (self.width, self.height) {
            return;
        }
        (self.width, self.height) = (width, height);
        if let Some(pane) = &mut self.pane {
            let share = pane.top as f64 / pane.lines.len().max(1) as f64;
            pane.lines = fold(&pane.text, usize::from(width));
            pane.top = (share * pane.lines.len() as f64) as usize;
        }
        self.scroll_pane(|top, _| top);
    }

    /// Shows a line at the bottom until the next key.
    pub fn say(&mut self, message: impl Into<String>) {
        self.message = crate::format::one_line(&message.into(), 300);
    }

    /// Opens a candidate's text.
    pub fn open(&mut self, candidate: CandidateId, text: String) {
        let lines = fold(&text, usize::from(self.width));
        self.pane = Some(Pane { candidate, text, lines, top: 0 });
    }

    /// How far a panel is scrolled: lines from its top; from its end for events.
    pub(super) fn scrolled(&self, panel: Panel) -> usize {
        self.scrolled[panel.place()]
    }

    /// Place of the selected candidate in the list.
    pub(super) fn place(&self, view: &View) -> usize {
        let Some(selected) = self.selected else { return 0 };
        // Newest first. One that is too old for the list leaves the last place selected.
        let place = view.rows.partition_point(|row| row.candidate > selected);
        place.min(view.rows.len().saturating_sub(1))
    }

    /// What a key does.
    pub fn key(&mut self, key: KeyEvent, view: &View) -> Option<Action> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control {
            return matches!(key.code, KeyCode::Char('c' | 'd')).then_some(Action::Quit);
        }
        self.message.clear();
        if std::mem::take(&mut self.help) {
            return None;
        }
        if std::mem::take(&mut self.asking) {
            let sure = matches!(key.code, KeyCode::Char('y' | 'Y'));
            if !sure {
                self.say("not stopped");
            }
            return sure.then_some(Action::Steer(Steer::Stop));
        }
        match key.code {
            KeyCode::Char('q') => return Some(Action::Quit),
            KeyCode::Char('?') => self.help = true,
            KeyCode::Char('p') => return Some(Action::Steer(Steer::Pause)),
            KeyCode::Char('u' | 'r') => return Some(Action::Steer(Steer::Unpause)),
            KeyCode::Char('s') => self.asking = true,
            code if self.pane.is_some() => self.pane_key(code),
            code => return self.panel_key(code, view),
        }
        None
    }

    fn pane_key(&mut self, code: KeyCode) {
        match code {
            KeyCode::Esc | KeyCode::Backspace | KeyCode::Left | KeyCode::Char('h') => {
                self.pane = None;
            }
            KeyCode::Down | KeyCode::Char('j') | KeyCode::Enter => {
                self.scroll_pane(|top, _| top + 1);
            }
            KeyCode::Up | KeyCode::Char('k') => self.scroll_pane(|top, _| top.saturating_sub(1)),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll_pane(|top, page| top + page),
            KeyCode::PageUp => self.scroll_pane(usize::saturating_sub),
            KeyCode::Home | KeyCode::Char('g') => self.scroll_pane(|_, _| 0),
            KeyCode::End | KeyCode::Char('G') => self.scroll_pane(|_, _| usize::MAX),
            _ => {}
        }
    }

    /// Moves the pane: from its first line and the lines of a page to a new first line.
    fn scroll_pane(&mut self, to: impl FnOnce(usize, usize) -> usize) {
        let page = self.page();
        if let Some(pane) = &mut self.pane {
            let last = pane.lines.len().saturating_sub(page);
            pane.top = to(pane.top, page).min(last);
        }
    }

    /// Lines of an open candidate that are seen at a time.
    fn page(&self) -> usize {
        usize::from(self.height.saturating_sub(2)).max(1)
    }

    fn panel_key(&mut self, code: KeyCode, view: &View) -> Option<Action> {
        match code {
            KeyCode::Tab => self.focus = self.focus.after(1),
            KeyCode::BackTab => self.focus = self.focus.after(Panel::ALL.len() - 1),
            KeyCode::Down | KeyCode::Char('j') => self.step(view, 1),
            KeyCode::Up | KeyCode::Char('k') => self.step(view, -1),
            KeyCode::PageDown | KeyCode::Char(' ') => self.step(view, 10),
            KeyCode::PageUp => self.step(view, -10),
            KeyCode::Home | KeyCode::Char('g') => self.step(view, isize::MIN),
            KeyCode::End | KeyCode::Char('G') => self.step(view, isize::MAX),
            KeyCode::Char('b') => match &view.status.best {
                Some(best) => return Some(Action::Open(best.candidate)),
                None => self.say("there is no best yet"),
            },
            KeyCode::Enter => match view.rows.get(self.place(view)) {
                Some(row) => return Some(Action::Open(row.candidate)),
                None => self.say("there is no candidate yet"),
            },
            _ => {}
        }
        None
    }

    /// Moves the selection, or the lines of another panel in focus.
    fn step(&mut self, view: &View, by: isize) {
        if self.focus == Panel::Candidates {
            let last = view.rows.len().saturating_sub(1);
            let to = self.place(view).saturating_add_signed(by).min(last);
            // At the top the selection follows the newest.
            self.selected = view.rows.get(to).filter(|_| to > 0).map(|row| row.candidate);
            return;
        }
        // Events are read from their end.
        let by = if self.focus == Panel::Events { by.saturating_neg() } else { by };
        let most = match self.focus {
            Panel::Events => view.notices.len(),
            Panel::Work => view.work.proposals.len() + view.work.evaluations.len() + 3,
            Panel::Spend => view.status.budget.len() + 2 * view.status.models.len() + 2,
            Panel::Candidates | Panel::Curve => 1,
        };
        let scrolled = &mut self.scrolled[self.focus.place()];
        *scrolled = scrolled.saturating_add_signed(by).min(most - usize::from(most > 0));
    }
}
