//! The panels in words.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row as Cells, Table, TableState};

use super::{Look, REVERSED, STRONG};
use crate::format::{ScoreFormat, count, duration, one_line, percent};
use crate::model::{BudgetUse, ModelUse, RunState, Status};
use crate::text::{amount, dollars};
use crate::watch::fold::fold;
use crate::watch::line::in_words;
use crate::watch::notice::Weight;
use crate::watch::screen::Screen;
use crate::watch::view::{Job, Row, View};

/// Task, run and state; the best; counts and cost.
pub(super) fn head(width: u16, view: &View, look: Look) -> Vec<Line<'static>> {
    let status = &view.status;
    let state = format!("{}, up {}", status.state.word(), duration(status.cost.wall_s));
    let style = match status.state {
        RunState::Running => look.good(),
        RunState::Paused | RunState::Draining => look.warn(),
        RunState::Gone => look.bad(),
        RunState::Stopped => Style::new(),
    };
    let room = usize::from(width).saturating_sub(state.chars().count() + 2);
    let name = one_line(&format!("{} · {}", status.task, status.run), room.max(8));
    let gap = room.saturating_sub(Span::raw(name.as_str()).width()) + 2;
    let first = Line::from(vec![
        Span::raw(name),
        Span::raw(" ".repeat(gap)),
        Span::styled(state, style.patch(STRONG)),
    ]);
    let mut lines = vec![first, best(status, look)];
    if matches!(status.state, RunState::Stopped | RunState::Gone) {
        lines.push(Line::styled(in_words(status), STRONG));
    }
    lines.push(counts(width, status));
    lines
}

fn best(status: &Status, look: Look) -> Line<'static> {
    let target = status.objective.target;
    let Some(best) = &status.best else {
        let aim = target.map(|target| format!(", target {target}")).unwrap_or_default();
        return Line::raw(format!("no best yet{aim}"));
    };
    let format =
        ScoreFormat::telling_apart(best.score.into_iter().chain(status.start_score).chain(target));
    let score = format!("best {} {}", best.candidate, format.maybe(best.score));
    let mut rest = format!("  gain {}", format.maybe_gain(best.gain));
    if let Some(start) = status.start_score {
        rest += &format!(" over the start's {}", format.score(start));
    }
    if let Some(target) = target {
        rest += &format!(", target {}", format.score(target));
    }
    Line::from(vec![Span::styled(score, look.good().patch(STRONG)), Span::raw(rest)])
}

/// Counts and cost, as many as there is room for.
fn counts(width: u16, status: &Status) -> Line<'static> {
    let c = &status.candidates;
    let mut parts = vec![
        format!("{} evaluated", count(c.evaluated)),
        format!("{} failed", count(c.failed)),
        format!("{} rejected", count(c.rejected)),
        dollars(status.cost.usd),
        format!("{} tokens", count(status.cost.tokens)),
    ];
    if let Some(rate) = status.rate_per_min {
        parts.push(format!("{rate:.1}/min"));
    }
    parts.push(format!("{} insights", count(status.insights as u64)));
    while parts.len() > 1 && parts.join(" · ").chars().count() > usize::from(width) {
        parts.pop();
    }
    Line::raw(parts.join(" · "))
}

/// The newest candidates as a table, with the selected one in sight.
pub(super) fn candidates(
    frame: &mut Frame<'_>,
    area: Rect,
    view: &View,
    screen: &Screen,
    look: Look,
) {
    let place = screen.place(view);
    let height = usize::from(area.height.saturating_sub(1)).max(1);
    // Only what is seen is made; the selected one stays near the middle.
    let first = place.saturating_sub(height / 2).min(view.rows.len().saturating_sub(height));
    let seen = &view.rows[first..view.rows.len().min(first + height)];
    let format = ScoreFormat::telling_apart(
        view.status
            .best
            .iter()
            .filter_map(|b| b.score)
            .chain(seen.iter().filter_map(|row| row.score)),
    );
    let models = view.rows.iter().any(|row| row.model.is_some());
    let columns = Columns::fitting(area.width, models, seen, format);
    let rows = seen.iter().enumerate().map(|(i, row)| {
        let selected = first + i == place;
        let cells = columns.row(row, selected, format, look);
        if selected { cells.style(REVERSED) } else { cells }
    });
    let table = Table::new(rows, columns.widths()).header(columns.titles()).column_spacing(1);
    frame.render_stateful_widget(table, area, &mut TableState::default());
}

/// Which columns there is room for, and how wide they are.
struct Columns {
    numbers: u16,
    gains: u16,
    operator: bool,
    model: bool,
    change: bool,
}

impl Columns {
    fn fitting(width: u16, models: bool, seen: &[Row], format: ScoreFormat) -> Self {
        let longest = |texts: Vec<String>| {
            texts.iter().map(|text| text.chars().count() as u16).max().unwrap_or(0).max(5)
        };
        Self {
            numbers: longest(seen.iter().map(|row| format.maybe(row.score)).collect()),
            gains: longest(seen.iter().map(|row| format.maybe_gain(row.gain)).collect()),
            operator: width >= 50,
            model: models && width >= 70,
            change: width >= 40,
        }
    }

    fn widths(&self) -> Vec<Constraint> {
        let mut widths = vec![
            Constraint::Length(9),
            Constraint::Length(11),
            Constraint::Length(self.numbers),
            Constraint::Length(self.gains),
        ];
        widths.extend(self.operator.then_some(Constraint::Length(9)));
        widths.extend(self.model.then_some(Constraint::Length(12)));
        widths.extend(self.change.then_some(Constraint::Fill(1)));
        widths
    }

    fn titles(&self) -> Cells<'static> {
        let mut titles = vec!["  id", "status", "score", "gain"];
        titles.extend(self.operator.then_some("operator"));
        titles.extend(self.model.then_some("model"));
        titles.extend(self.change.then_some("change"));
        Cells::new(titles).style(STRONG)
    }

    fn row(&self, row: &Row, selected: bool, format: ScoreFormat, look: Look) -> Cells<'static> {
        let mark = if selected { '>' } else { ' ' };
        let best = if row.best { '*' } else { ' ' };
        let style = match (row.best, row.failed) {
            (true, _) => look.good().patch(STRONG),
            (_, true) => look.bad(),
            _ => Style::new(),
        };
        let (numbers, gains) = (usize::from(self.numbers), usize::from(self.gains));
        let mut cells = vec![
            Cell::new(format!("{mark}{best}{}", row.candidate)).style(style),
            Cell::new(row.status).style(style),
            Cell::new(format!("{:>numbers$}", format.maybe(row.score))),
            Cell::new(format!("{:>gains$}", format.maybe_gain(row.gain))),
        ];
        cells.extend(self.operator.then(|| Cell::new(row.operator)));
        let model = || Cell::new(one_line(row.model.as_deref().unwrap_or("–"), 12));
        cells.extend(self.model.then(model));
        cells.extend(self.change.then(|| Cell::new(row.change.clone())));
        Cells::new(cells)
    }
}

/// Proposals and evaluations under way, and what waits.
pub(super) fn work(view: &View) -> Vec<Line<'static>> {
    let work = &view.work;
    let title = |name: &str, jobs: &[Job], slots: u32| {
        Line::styled(format!("{name} {} of {slots}", jobs.len()), STRONG)
    };
    let mut evaluations = title("evaluations", &work.evaluations, work.evaluation_slots);
    evaluations.push_span(Span::raw(format!(", {} waiting", work.waiting)));
    let mut lines = vec![evaluations];
    lines.extend(work.evaluations.iter().map(|job| told(job, view.now)));
    lines.push(title("proposals", &work.proposals, work.proposal_slots));
    lines.extend(work.proposals.iter().map(|job| told(job, view.now)));
    if work.analyses > 0 {
        lines.push(Line::raw(format!("{} analyses", work.analyses)));
    }
    lines
}

fn told(job: &Job, now: Timestamp) -> Line<'static> {
    let since = job.since.map(|since| duration(now.duration_since(since).as_secs_f64().max(0.0)));
    let since = since.map(|since| format!("  {since}")).unwrap_or_default();
    Line::raw(format!("  {}  {}{since}", job.candidate, job.kind))
}

/// Budgets as gauges with their numbers, then the models.
pub(super) fn spend(width: u16, view: &View, look: Look) -> Vec<Line<'static>> {
    let mut lines: Vec<_> =
        view.status.budget.iter().map(|(key, used)| gauge(width, key, used, look)).collect();
    if lines.is_empty() {
        lines.push(Line::raw("no budget: it goes on until it is stopped"));
    }
    if view.status.models.is_empty() {
        lines.push(Line::raw(format!("no model: {} proposes", view.status.proposer)));
    }
    lines.extend(view.status.models.iter().flat_map(|model| asked(model, look)));
    lines
}

/// `candidates [##+...] 40 % 4/10`: used, set aside, left.
fn gauge(width: u16, key: &str, used: &BudgetUse, look: Look) -> Line<'static> {
    const BAR: usize = 6;
    let limit = used.limit.value();
    let share = percent(used.used.value(), limit) as usize;
    let aside = percent(used.used.value() + used.reserved.value(), limit) as usize;
    let cells = |share: usize| share * BAR / 100;
    let bar = format!(
        "{}{}{}",
        "#".repeat(cells(share)),
        "+".repeat(cells(aside) - cells(share)),
        ".".repeat(BAR - cells(aside))
    );
    let style = if share >= 90 { look.warn() } else { look.good() };
    let numbers = format!("{}/{}", amount(key, used.used.value()), amount(key, limit));
    let both = format!("{share} % {numbers}");
    // The share is on the bar, too.
    let fits = both.chars().count() + BAR + 14 <= usize::from(width);
    let numbers = if fits { both } else { numbers };
    // The name gives way where it is narrow, the numbers never.
    let name = if width < 36 { 5 } else { 10 };
    let key: String = key.chars().take(name).collect();
    Line::from(vec![
        Span::raw(format!("{key:<name$} [")),
        Span::styled(bar, style),
        Span::raw(format!("] {numbers}")),
    ])
}

fn asked(model: &ModelUse, look: Look) -> Vec<Line<'static>> {
    let name = one_line(model.model.as_str(), 40);
    let calls = format!(": {} calls, {} failed", count(model.calls), count(model.failed));
    let tokens = count(model.tokens.input + model.tokens.output);
    let mut lines = vec![
        Line::from(vec![Span::styled(name, STRONG), Span::raw(calls)]),
        Line::raw(format!("  {tokens} tokens, {}", dollars(model.usd))),
    ];
    if let Some(why) = &model.breaker {
        lines.push(Line::styled(format!("  off: {}", one_line(why, 200)), look.bad()));
    }
    lines
}

/// Notable events, newest last, each folded to the width; and where those end that are
/// `back` before the newest.
pub(super) fn events(
    width: u16,
    view: &View,
    back: usize,
    look: Look,
) -> (Vec<Line<'static>>, usize) {
    const TIME: usize = 9;
    let room = usize::from(width).saturating_sub(TIME).max(8);
    let last = view.notices.len().saturating_sub(back);
    let (mut lines, mut end) = (Vec::new(), 0);
    for (i, notice) in view.notices.iter().enumerate() {
        let style = match notice.weight {
            Weight::Good => look.good(),
            Weight::Plain => Style::new(),
            Weight::Bad => look.bad(),
        };
        let mut time = notice.at.strftime("%H:%M:%S ").to_string();
        for words in fold(&one_line(&notice.words, 2 * room), room) {
            lines.push(Line::from(vec![Span::raw(time), Span::styled(words, style)]));
            time = " ".repeat(TIME);
        }
        if i < last {
            end = lines.len();
        }
    }
    if lines.is_empty() {
        lines.push(Line::raw("nothing notable yet"));
    }
    (lines, end)
}
