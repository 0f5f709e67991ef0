//! Charts as inline SVG. This file alone knows the plotting crate.
//!
//! Colours are placeholders: the page's style sheet gives each its colour for dark and light,
//! and its dashes, so that no line is told by its colour alone. Lines have their names beside
//! their ends.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::format::duration;

/// A horizontal line with a name.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Its name.
    pub(crate) name: &'static str,
    /// Where it is.
    pub(crate) score: f64,
    /// Its placeholder colour.
    pub(crate) colour: RGBColor,
}

/// A line through points, with its name at its end.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    /// Its name, made printable.
    pub(crate) name: String,
    /// Its points, by rising x.
    pub(crate) points: Vec<(f64, f64)>,
    /// Whether it keeps its value from one point to the next, and up to the right edge.
    pub(crate) stairs: bool,
}

/// What the horizontal axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Across {
    /// Candidates, by number.
    Candidates,
    /// Seconds the run was up.
    Time,
    /// US dollars.
    Usd,
}

impl Across {
    fn label(self) -> &'static str {
        match self {
            Self::Candidates => "candidate",
            Self::Time => "time up",
            Self::Usd => "USD",
        }
    }
}

/// What is drawn.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// Id of the element that describes it.
    pub(crate) described_by: &'static str,
    /// What the horizontal axis counts, from 0 or from the second to the third.
    pub(crate) across: Across,
    /// The least value across.
    pub(crate) first: f64,
    /// The largest value across.
    pub(crate) last: f64,
    /// The lowest value drawn.
    pub(crate) low: f64,
    /// The highest value drawn.
    pub(crate) high: f64,
    /// Lines through points; the first is drawn on top, thick.
    pub(crate) series: Vec<Series>,
    /// Single points.
    pub(crate) dots: Vec<(f64, f64)>,
    /// Lines for comparison.
    pub(crate) lines: Vec<Line>,
}

const SIZE: (u32, u32) = (960, 380);
const DOT: RGBColor = RGBColor(0, 1, 2);
/// The start's line.
pub(crate) const START: RGBColor = RGBColor(0, 1, 3);
/// The baseline's line.
pub(crate) const BASELINE: RGBColor = RGBColor(0, 1, 4);
/// The target's line.
pub(crate) const TARGET: RGBColor = RGBColor(0, 1, 5);
/// The line of the best design by people.
pub(crate) const HUMAN: RGBColor = RGBColor(0, 1, 16);
const WORDS: RGBColor = RGBColor(0, 1, 6);
const GRID: RGBColor = RGBColor(0, 1, 7);
const AXIS: RGBColor = RGBColor(0, 1, 8);
/// Colours of the series; the style sheet knows so many.
const SERIES: [RGBColor; 8] = [
    RGBColor(0, 1, 1),
    RGBColor(0, 1, 9),
    RGBColor(0, 1, 10),
    RGBColor(0, 1, 11),
    RGBColor(0, 1, 12),
    RGBColor(0, 1, 13),
    RGBColor(0, 1, 14),
    RGBColor(0, 1, 15),
];
/// Series that a chart can tell apart.
pub(crate) const MOST_SERIES: usize = SERIES.len();

/// Room for a line of text between two labels.
const LABEL_HEIGHT: i32 = 15;
/// Letters of a label that have room.
const LABEL: usize = 20;

/// The drawing as an `svg` element.
pub(crate) fn draw(chart: &Chart) -> Result<String, String> {
    let mut svg = String::new();
    draw_on(chart, &mut svg).map_err(|error| error.to_string())?;
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    let (width, height) = SIZE;
    let described_by = chart.described_by;
    Ok(format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{described_by}\">{body}"
    ))
}

fn draw_on(plot: &Chart, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&root)
        .margin(10)
        .margin_right(150)
        .x_label_area_size(46)
        .y_label_area_size(84)
        .build_cartesian_2d(plot.first..plot.last, plot.low..plot.high)?;
    let label = label_format(plot.low, plot.high);
    let across = across_format(plot);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(AXIS)
        .label_style(("sans-serif", 15).into_font().color(&WORDS))
        .x_labels(8)
        .y_labels(6)
        .x_label_formatter(&|x| across(*x))
        .y_label_formatter(&|y| label(*y))
        .x_desc(plot.across.label())
        .draw()?;
    chart.draw_series(plot.dots.iter().map(|(x, y)| Circle::new((*x, *y), 2, DOT.filled())))?;
    for line in &plot.lines {
        let ends = [(plot.first, line.score), (plot.last, line.score)];
        chart.draw_series(LineSeries::new(ends, line.colour.stroke_width(2)))?;
    }
    for (i, series) in plot.series.iter().enumerate().take(MOST_SERIES).rev() {
        let width = if i == 0 { 3 } else { 2 };
        let points =
            if series.stairs { staircase(series, plot.last) } else { series.points.clone() };
        chart.draw_series(LineSeries::new(points, SERIES[i].stroke_width(width)))?;
        if series.stairs && i == 0 {
            let mark = |(x, y): &(f64, f64)| Circle::new((*x, *y), 4, SERIES[0].filled());
            chart.draw_series(series.points.iter().map(mark))?;
        }
    }

    let mut labels: Vec<(i32, String)> = Vec::new();
    let edge = chart.backend_coord(&(plot.last, plot.low)).0;
    for line in &plot.lines {
        let height = chart.backend_coord(&(plot.last, line.score)).1;
        labels.push((height, format!("{} {}", line.name, label(line.score))));
    }
    for series in plot.series.iter().take(MOST_SERIES) {
        let Some((_, end)) = series.points.last() else { continue };
        let height = chart.backend_coord(&(plot.last, *end)).1;
        let name: String = series.name.chars().take(LABEL).collect();
        labels.push((height, format!("{name} {}", label(*end))));
    }
    let lowest = chart.backend_coord(&(plot.last, plot.low)).1;
    spread(&mut labels, lowest);
    let style =
        ("sans-serif", 15).into_font().color(&WORDS).pos(Pos::new(HPos::Left, VPos::Center));
    for (height, text) in labels {
        root.draw(&Text::new(text, (edge + 8, height), style.clone()))?;
    }
    root.present()?;
    Ok(())
}

/// The points as a line that keeps its value until the next, up to the right edge.
fn staircase(series: &Series, last: f64) -> Vec<(f64, f64)> {
    let mut line: Vec<(f64, f64)> = Vec::with_capacity(series.points.len() * 2 + 1);
    for (x, score) in &series.points {
        if let Some((_, before)) = line.last().copied() {
            line.push((*x, before));
        }
        line.push((*x, *score));
    }
    if let Some((_, score)) = line.last().copied() {
        line.push((last, score));
    }
    line
}

/// Moves labels apart that would cover each other, downwards and then back up from the lowest
/// place, so that none lies among the words below the chart.
fn spread(labels: &mut [(i32, String)], lowest: i32) {
    labels.sort_by_key(|(height, _)| *height);
    for i in 1..labels.len() {
        labels[i].0 = labels[i].0.max(labels[i - 1].0 + LABEL_HEIGHT);
    }
    let mut floor = lowest;
    for (height, _) in labels.iter_mut().rev() {
        *height = (*height).min(floor);
        floor = *height - LABEL_HEIGHT;
    }
}

/// How places on the horizontal axis are written.
fn across_format(chart: &Chart) -> Box<dyn Fn(f64) -> String> {
    match chart.across {
        Across::Candidates => Box::new(|x| format!("{x:.0}")),
        Across::Time => Box::new(duration),
        Across::Usd => Box::new(label_format(chart.first, chart.last)),
    }
}

/// How scores are written beside an axis from `low` to `high`: about three digits of the span.
fn label_format(low: f64, high: f64) -> impl Fn(f64) -> String + use<> {
    let span = (high - low).log10().floor();
    let largest = low.abs().max(high.abs()).log10().floor();
    let decimals = (2.0 - span).clamp(0.0, 12.0) as usize;
    let mantissa = (largest - span + 2.0).clamp(0.0, 12.0) as usize;
    let scientific = !(-4.0..7.0).contains(&largest);
    move |y| if scientific { format!("{y:.mantissa$e}") } else { format!("{y:.decimals$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(last: f64, low: f64, high: f64, points: Vec<(f64, f64)>) -> Chart {
        Chart {
            described_by: "caption",
            across: Across::Candidates,
            first: 0.0,
            last,
            low,
            high,
            series: vec![Series { name: "best".into(), points, stairs: true }],
            dots: vec![(0.5, low)],
            lines: Vec::new(),
        }
    }

    #[test]
    fn the_best_is_a_staircase_to_the_last_candidate() {
        let plot = chart(9.0, 0.0, 3.0, vec![(0.0, 1.0), (4.0, 2.0)]);
        let stairs = staircase(&plot.series[0], plot.last);
        assert_eq!(stairs, [(0.0, 1.0), (4.0, 1.0), (4.0, 2.0), (9.0, 2.0)]);
        let svg = draw(&plot).unwrap();
        assert!(svg.starts_with("<svg viewBox") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("best 2.00"));
    }

    #[test]
    fn labels_never_cover_each_other() {
        let mut labels = vec![(370, "a".to_owned()), (370, "b".to_owned()), (368, "c".to_owned())];
        spread(&mut labels, 370);
        for pair in labels.windows(2) {
            assert!(pair[1].0 - pair[0].0 >= LABEL_HEIGHT, "{labels:?}");
        }
        assert!(labels.iter().all(|(height, _)| *height <= 370));
    }

    #[test]
    fn extreme_spans_are_drawn_without_a_panic() {
        for (low, high) in [(-1e300, 1e300), (1e15, 1e15 + 1e7), (1e-300, 2e-300), (-2.0, -1.0)] {
            for across in [Across::Candidates, Across::Time, Across::Usd] {
                let plot = Chart { across, ..chart(1.0, low, high, vec![(0.0, low)]) };
                assert!(draw(&plot).is_ok(), "{low} {high}");
            }
        }
    }

    #[test]
    fn a_name_cannot_become_markup() {
        let mut plot = chart(1.0, 0.0, 1.0, vec![(0.0, 0.5)]);
        plot.series[0].name = "<script>\"&'".into();
        let svg = draw(&plot).unwrap();
        assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;"), "{svg}");
    }
}
