//! The best-so-far curve as inline SVG. This file alone knows the plotting crate.
//!
//! Colours are placeholders: the page's style sheet gives each its colour for dark and light,
//! and its dashes, so that no line is told by its colour alone.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A horizontal line with a name.
pub(super) struct Line {
    /// Its name.
    pub(super) name: &'static str,
    /// Where it is.
    pub(super) score: f64,
    /// Its placeholder colour.
    pub(super) colour: RGBColor,
}

/// What is drawn.
pub(super) struct Plot {
    /// The largest candidate number.
    pub(super) last: f64,
    /// The lowest score drawn.
    pub(super) low: f64,
    /// The highest score drawn.
    pub(super) high: f64,
    /// Changes of the best: from this number on, this score.
    pub(super) best: Vec<(f64, f64)>,
    /// Scores of candidates by number.
    pub(super) dots: Vec<(f64, f64)>,
    /// Lines for comparison.
    pub(super) lines: Vec<Line>,
}

const SIZE: (u32, u32) = (960, 380);
const BEST: RGBColor = RGBColor(0, 1, 1);
const DOT: RGBColor = RGBColor(0, 1, 2);
/// The start's line.
pub(super) const START: RGBColor = RGBColor(0, 1, 3);
/// The baseline's line.
pub(super) const BASELINE: RGBColor = RGBColor(0, 1, 4);
/// The target's line.
pub(super) const TARGET: RGBColor = RGBColor(0, 1, 5);
const WORDS: RGBColor = RGBColor(0, 1, 6);
const GRID: RGBColor = RGBColor(0, 1, 7);
const AXIS: RGBColor = RGBColor(0, 1, 8);

/// Room for a line of text between two labels.
const LABEL_HEIGHT: i32 = 15;

/// The drawing as an `svg` element.
pub(super) fn draw(plot: &Plot) -> Result<String, String> {
    let mut svg = String::new();
    draw_on(plot, &mut svg).map_err(|error| error.to_string())?;
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    let (width, height) = SIZE;
    Ok(format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"curve-caption\">{body}"
    ))
}

fn draw_on(plot: &Plot, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&root)
        .margin(10)
        .margin_right(150)
        .x_label_area_size(46)
        .y_label_area_size(84)
        .build_cartesian_2d(0.0..plot.last, plot.low..plot.high)?;
    let label = label_format(plot.low, plot.high);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(AXIS)
        .label_style(("sans-serif", 15).into_font().color(&WORDS))
        .x_labels(8)
        .y_labels(6)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| label(*y))
        .x_desc("candidate")
        .draw()?;
    chart.draw_series(plot.dots.iter().map(|(x, y)| Circle::new((*x, *y), 2, DOT.filled())))?;
    for line in &plot.lines {
        let ends = [(0.0, line.score), (plot.last, line.score)];
        chart.draw_series(LineSeries::new(ends, line.colour.stroke_width(2)))?;
    }
    chart.draw_series(LineSeries::new(staircase(plot), BEST.stroke_width(3)))?;
    let marks = plot.best.iter().map(|(x, y)| Circle::new((*x, *y), 4, BEST.filled()));
    chart.draw_series(marks)?;

    let mut labels: Vec<(i32, String)> = Vec::new();
    let edge = chart.backend_coord(&(plot.last, plot.low)).0;
    for line in &plot.lines {
        let height = chart.backend_coord(&(plot.last, line.score)).1;
        labels.push((height, format!("{} {}", line.name, label(line.score))));
    }
    if let Some((_, best)) = plot.best.last() {
        let height = chart.backend_coord(&(plot.last, *best)).1;
        labels.push((height, format!("best {}", label(*best))));
    }
    spread(&mut labels);
    let style =
        ("sans-serif", 15).into_font().color(&WORDS).pos(Pos::new(HPos::Left, VPos::Center));
    for (height, text) in labels {
        root.draw(&Text::new(text, (edge + 8, height), style.clone()))?;
    }
    root.present()?;
    Ok(())
}

/// The best's changes as a line that rises where the best changed, up to the last candidate.
fn staircase(plot: &Plot) -> Vec<(f64, f64)> {
    let mut line: Vec<(f64, f64)> = Vec::with_capacity(plot.best.len() * 2 + 1);
    for (x, score) in &plot.best {
        if let Some((_, before)) = line.last().copied() {
            line.push((*x, before));
        }
        line.push((*x, *score));
    }
    if let Some((_, score)) = line.last().copied() {
        line.push((plot.last, score));
    }
    line
}

/// Moves labels apart that would cover each other, downwards and then back up from the
/// bottom.
fn spread(labels: &mut [(i32, String)]) {
    labels.sort_by_key(|(height, _)| *height);
    for i in 1..labels.len() {
        labels[i].0 = labels[i].0.max(labels[i - 1].0 + LABEL_HEIGHT);
    }
    let mut floor = SIZE.1.cast_signed() - LABEL_HEIGHT;
    for (height, _) in labels.iter_mut().rev() {
        *height = (*height).min(floor);
        floor = *height - LABEL_HEIGHT;
    }
}

/// How scores are written beside an axis from `low` to `high`: about three digits of the span.
fn label_format(low: f64, high: f64) -> impl Fn(f64) -> String {
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

    #[test]
    fn the_best_is_a_staircase_to_the_last_candidate() {
        let best = vec![(0.0, 1.0), (4.0, 2.0)];
        let (dots, lines) = (vec![(3.0, 0.5)], Vec::new());
        let plot = Plot { last: 9.0, low: 0.0, high: 3.0, best, dots, lines };
        assert_eq!(staircase(&plot), [(0.0, 1.0), (4.0, 1.0), (4.0, 2.0), (9.0, 2.0)]);
        let svg = draw(&plot).unwrap();
        assert!(svg.starts_with("<svg viewBox") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("best 2.00"));
    }

    #[test]
    fn labels_never_cover_each_other() {
        let mut labels = vec![(370, "a".to_owned()), (370, "b".to_owned()), (368, "c".to_owned())];
        spread(&mut labels);
        for pair in labels.windows(2) {
            assert!(pair[1].0 - pair[0].0 >= LABEL_HEIGHT, "{labels:?}");
        }
        assert!(labels.iter().all(|(height, _)| *height < SIZE.1.cast_signed()));
    }

    #[test]
    fn extreme_spans_are_drawn_without_a_panic() {
        for (low, high) in [(-1e300, 1e300), (1e15, 1e15 + 1e7), (1e-300, 2e-300), (-2.0, -1.0)] {
            let best = vec![(0.0, low)];
            let plot = Plot { last: 1.0, low, high, best, dots: Vec::new(), lines: Vec::new() };
            assert!(draw(&plot).is_ok(), "{low} {high}");
        }
    }
}
