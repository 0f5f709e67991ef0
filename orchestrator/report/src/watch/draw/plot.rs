//! The best-so-far curve as a chart.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::symbols::Marker;
use ratatui::widgets::{Axis, Chart, Dataset, GraphType, Paragraph};

use super::Look;
use crate::format::{ScoreFormat, count};
use crate::text::goal;
use crate::watch::view::View;

pub(super) fn title(view: &View) -> String {
    format!("best so far: {} ({})", view.curve.metric, goal(view.status.objective.goal))
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, view: &View, look: Look) {
    let curve = &view.curve;
    if curve.steps.is_empty() {
        frame.render_widget(Paragraph::new("no candidate has a score yet"), area);
        return;
    }
    let line = |name: &'static str, colour| {
        Dataset::default()
            .name(name)
            .marker(Marker::Braille)
            .graph_type(GraphType::Line)
            .style(look.coloured(colour))
    };
    let target = curve.target.map(|target| dotted(target, curve.last));
    let mut sets = Vec::new();
    if let Some(points) = &target {
        let dots = line("target", Color::Yellow).graph_type(GraphType::Scatter).data(points);
        sets.push(dots);
    }
    sets.push(line("best", Color::Green).data(&curve.steps));
    let (low, high) = curve.range;
    let format = ScoreFormat::telling_apart([low, high]);
    let y = Axis::default().bounds([low, high]).labels([short(format, low), short(format, high)]);
    let x = Axis::default()
        .bounds([0.0, curve.last])
        .labels(["c0".to_owned(), format!("c{}", count(curve.last as u64))]);
    // Names would hide a small curve; the title has them.
    let chart = Chart::new(sets).x_axis(x).y_axis(y).legend_position(None);
    frame.render_widget(chart, area);
}

/// A level as dots, so that it is told from the curve without colour.
fn dotted(level: f64, last: f64) -> Vec<(f64, f64)> {
    (0..=20).map(|i| (last * f64::from(i) / 20.0, level)).collect()
}

/// An end of the axis, with no more digits than a glance takes in.
fn short(format: ScoreFormat, value: f64) -> String {
    let text = format.score(value);
    if text.len() > 9 { format!("{value:.3e}") } else { text }
}
