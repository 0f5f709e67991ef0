//! One frame of the dashboard.

mod overlay;
mod panels;
mod plot;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};

use super::ascii;
use super::screen::{Panel, Screen};
use super::view::View;

/// Least size at which all panels are seen at once; on less, the one in focus.
const WHOLE: (u16, u16) = (60, 20);

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether it gets colours. Nothing is told by colour alone.
    pub colour: bool,
    /// Whether it shows more than ASCII.
    pub unicode: bool,
}

impl Look {
    fn coloured(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    fn good(self) -> Style {
        self.coloured(Color::Green)
    }

    fn bad(self) -> Style {
        self.coloured(Color::Red)
    }

    fn warn(self) -> Style {
        self.coloured(Color::Yellow)
    }

    fn title(self) -> Style {
        self.coloured(Color::Cyan)
    }
}

const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
const REVERSED: Style = Style::new().add_modifier(Modifier::REVERSED);

/// Draws a frame.
pub fn draw(frame: &mut Frame<'_>, view: &View, screen: &Screen, look: Look) {
    let area = frame.area();
    let foot_height = u16::from(area.height > 3);
    let [body, foot] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(foot_height)]).areas(area);
    if let Some(pane) = &screen.pane {
        overlay::pane(frame, body, pane, look);
    } else {
        dashboard(frame, body, view, screen, look);
    }
    if screen.help {
        overlay::help(frame, body, look);
    }
    frame.render_widget(overlay::foot(foot.width, view, screen, look), foot);
    if !look.unicode {
        ascii::flatten(frame.buffer_mut());
    }
}

fn dashboard(frame: &mut Frame<'_>, area: Rect, view: &View, screen: &Screen, look: Look) {
    let whole = area.width >= WHOLE.0 && area.height >= WHOLE.1;
    let head = panels::head(area.width, view, look);
    let most = if whole { head.len() as u16 } else { (area.height / 4).clamp(1, 3) };
    let [top, rest] = Layout::vertical([Constraint::Length(most), Constraint::Fill(1)]).areas(area);
    frame.render_widget(Paragraph::new(head), top);
    let mut show = |panel: Panel, area: Rect| one(frame, area, panel, view, screen, look);
    if !whole {
        show(screen.focus, rest);
        return;
    }
    let [upper, middle, lower] = Layout::vertical([
        Constraint::Fill(7),
        Constraint::Fill(6),
        Constraint::Max(if rest.height > 30 { 12 } else { 7 }),
    ])
    .areas(rest);
    let [curve, work] = halves(upper, 6);
    let [spend, events] = halves(lower, 5);
    show(Panel::Curve, curve);
    show(Panel::Work, work);
    show(Panel::Candidates, middle);
    show(Panel::Spend, spend);
    show(Panel::Events, events);
}

/// Two parts side by side, the left one `left` tenths wide, with a column between them.
fn halves(area: Rect, left: u32) -> [Rect; 2] {
    let parts = [Constraint::Ratio(left, 10), Constraint::Length(1), Constraint::Fill(1)];
    let [left, _, right] = Layout::horizontal(parts).areas(area);
    [left, right]
}

fn one(frame: &mut Frame<'_>, area: Rect, panel: Panel, view: &View, screen: &Screen, look: Look) {
    let focused = screen.focus == panel;
    match panel {
        Panel::Candidates => {
            let inner = titled(frame, area, "candidates, newest first", focused, look);
            panels::candidates(frame, inner, view, screen, look);
        }
        Panel::Curve => {
            let inner = titled(frame, area, &plot::title(view), focused, look);
            plot::draw(frame, inner, view, look);
        }
        Panel::Work => {
            let inner = titled(frame, area, "under way", focused, look);
            lines(frame, inner, panels::work(view), screen.scrolled(panel));
        }
        Panel::Spend => {
            let inner = titled(frame, area, "budgets and models", focused, look);
            let told = panels::spend(inner.width, view, look);
            lines(frame, inner, told, screen.scrolled(panel));
        }
        Panel::Events => {
            let inner = titled(frame, area, "events, newest last (UTC)", focused, look);
            let height = usize::from(inner.height);
            let (told, end) = panels::events(inner.width, view, screen.scrolled(panel), look);
            let from = end.saturating_sub(height).min(told.len().saturating_sub(height));
            let seen: Vec<_> = told.into_iter().skip(from).take(height).collect();
            frame.render_widget(Paragraph::new(seen), inner);
        }
    }
}

/// A line with the title above a panel; what is left for the panel.
fn titled(frame: &mut Frame<'_>, area: Rect, title: &str, focused: bool, look: Look) -> Rect {
    let style = if focused { look.title().patch(STRONG) } else { look.title() };
    let title = if focused { format!(" > {title} ") } else { format!(" {title} ") };
    let block = Block::new().borders(Borders::TOP).title(Span::styled(title, style));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

/// Lines of a panel from the given one on; what does not fit is counted in the last line.
fn lines(frame: &mut Frame<'_>, area: Rect, told: Vec<Line<'static>>, from: usize) {
    let height = usize::from(area.height);
    let from = from.min(told.len().saturating_sub(height));
    let more = told.len().saturating_sub(from + height);
    let mut seen: Vec<_> = told.into_iter().skip(from).take(height).collect();
    if more > 0 && height > 2 {
        seen.pop();
        seen.push(Line::raw(format!("… {} more", more + 1)));
    }
    frame.render_widget(Paragraph::new(seen), area);
}
