//! Medians of the best so far with their bands, as inline SVG.
//!
//! Colours are placeholders: the page's style sheet gives each strategy its colour for dark and
//! light, and its dashes, so that no line is told by its colour alone.

use plotters::prelude::*;

use super::TaskBench;
use super::digits::Digits;

const SIZE: (u32, u32) = (960, 400);
const WORDS: RGBColor = RGBColor(0, 1, 6);
const GRID: RGBColor = RGBColor(0, 1, 7);
const AXIS: RGBColor = RGBColor(0, 1, 8);

/// The placeholder of the strategy at this place; the style sheet knows twelve.
fn colour(place: usize) -> RGBColor {
    RGBColor(0, 2, u8::try_from(place % 12).unwrap_or(0))
}

/// The drawing as an `svg` element; none when no strategy has a score, or when the scores span
/// more than can be drawn.
pub(super) fn draw(task: &TaskBench, label: &str) -> Result<Option<String>, String> {
    let values = task.strategies.iter().flat_map(|strategy| &strategy.curve).flat_map(|point| {
        [point.score.value, point.score.low, point.score.high].into_iter().flatten()
    });
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let Some(range) = padded(low, high) else { return Ok(None) };
    let mut svg = String::new();
    on(task, range, &mut svg).map_err(|error| error.to_string())?;
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    let (width, height) = SIZE;
    Ok(Some(format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{label}\">{body}"
    )))
}

/// Room above and below; also where there is nothing between. None where the span is no number:
/// it cannot be divided, and the plotter would never end.
fn padded(low: f64, high: f64) -> Option<(f64, f64)> {
    let largest = low.abs().max(high.abs());
    let room = if high > low { (high - low) * 0.05 } else { largest.max(1.0) * 0.05 };
    // Nor can a span below the spacing of floats.
    let room = room.max(largest * 1e-9);
    let (low, high) = (low - room, high + room);
    (high - low).is_finite().then_some((low, high))
}

fn on(
    task: &TaskBench,
    (low, high): (f64, f64),
    svg: &mut String,
) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let last = (task.horizon.max(1)) as f64;
    let mut chart = ChartBuilder::on(&root)
        .margin(10)
        .margin_right(24)
        .x_label_area_size(46)
        .y_label_area_size(84)
        .build_cartesian_2d(0.0..last, low..high)?;
    let digits = Digits::between(Some(low), Some(high));
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
        .y_label_formatter(&|y| digits.score(Some(*y)))
        .x_desc("evaluated candidates")
        .draw()?;
    for (place, strategy) in task.strategies.iter().enumerate() {
        let side = |of: fn(&super::Estimate) -> Option<f64>| {
            let points = strategy.curve.iter();
            points.filter_map(move |point| Some((point.candidates as f64, of(&point.score)?)))
        };
        let upper: Vec<_> = side(|score| score.high).collect();
        let mut lower: Vec<_> = side(|score| score.low).collect();
        lower.reverse();
        if !upper.is_empty() && !lower.is_empty() {
            let outline: Vec<_> = upper.into_iter().chain(lower).collect();
            chart.draw_series(std::iter::once(Polygon::new(outline, colour(place).mix(0.12))))?;
        }
    }
    for (place, strategy) in task.strategies.iter().enumerate() {
        let points = strategy.curve.iter();
        let line = points.filter_map(|p| Some((p.candidates as f64, p.score.value?)));
        chart.draw_series(LineSeries::new(line, colour(place).stroke_width(3)))?;
    }
    root.present()?;
    Ok(())
}
