//! Timelines: what each unit did when, for a browser's trace viewer and as a picture.

use serde_json::{Value, json};

use crate::isa::Program;
use crate::timing::{Span, Track};

/// The spans in Chrome's trace event format (for `chrome://tracing` or Perfetto); one cycle
/// is shown as a microsecond.
pub fn chrome_trace(program: &Program, spans: &[Span]) -> Value {
    let tracks = tracks(spans);
    let row = |track: Track| tracks.iter().position(|known| *known == track).unwrap_or(0);
    let names = tracks.iter().enumerate().map(|(at, track)| {
        json!({ "ph": "M", "pid": 0, "tid": at, "name": "thread_name", "args": { "name": track.name() } })
    });
    let events = spans.iter().map(|span| {
        let inst = program.insts.get(span.pc as usize);
        json!({
            "ph": "X",
            "pid": 0,
            "tid": row(span.track),
            "name": inst.map_or_else(String::new, ToString::to_string),
            "ts": span.from,
            "dur": span.to - span.from,
            "args": { "line": inst.map_or(0, |inst| inst.line), "instruction": span.pc },
        })
    });
    json!({ "displayTimeUnit": "ns", "traceEvents": names.chain(events).collect::<Vec<_>>() })
}

fn tracks(spans: &[Span]) -> Vec<Track> {
    let mut tracks: Vec<Track> = spans.iter().map(|span| span.track).collect();
    tracks.sort();
    tracks.dedup();
    tracks
}

/// Pixels of the picture's rows and columns.
const WIDTH: u64 = 1000;
const LEFT: u64 = 70;
const ROW: u64 = 26;
/// Colours by row; stalls are red.
const COLOURS: [&str; 6] = ["#4878a8", "#60a060", "#b08040", "#8060a0", "#409090", "#708090"];

/// The spans as a picture: a row a unit, time from left to right. What is narrower than a
/// pixel is drawn together with its neighbours.
pub fn svg(spans: &[Span], cycles: u64) -> String {
    let tracks = tracks(spans);
    let height = ROW * tracks.len() as u64 + 24;
    let total = cycles.max(1);
    let x = |cycle: u64| LEFT + cycle.min(total) * WIDTH / total;
    let mut out = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {} {height}' \
         font-family='sans-serif' font-size='11'>\n",
        WIDTH + LEFT + 10
    );
    for (at, track) in tracks.iter().enumerate() {
        let y = ROW * at as u64 + 4;
        let colour = if *track == Track::Stall { "#c04040" } else { COLOURS[at % COLOURS.len()] };
        out.push_str(&format!(
            "<text x='4' y='{}'>{}</text>\n<g fill='{colour}'>\n",
            y + 14,
            track.name()
        ));
        let mut pixels: Vec<(u64, u64)> = spans
            .iter()
            .filter(|span| span.track == *track)
            .map(|span| (x(span.from), x(span.to).max(x(span.from) + 1)))
            .collect();
        pixels.sort_unstable();
        let mut drawn: Vec<(u64, u64)> = Vec::new();
        for (from, to) in pixels {
            match drawn.last_mut() {
                Some(last) if from <= last.1 && to - from <= 1 => last.1 = last.1.max(to),
                _ => drawn.push((from, to)),
            }
        }
        for (from, to) in drawn {
            out.push_str(&format!(
                "<rect x='{from}' y='{y}' width='{}' height='{}'/>\n",
                to - from,
                ROW - 6
            ));
        }
        out.push_str("</g>\n");
    }
    let y = height - 6;
    out.push_str(&format!(
        "<text x='{LEFT}' y='{y}'>0</text><text x='{}' y='{y}' text-anchor='end'>{cycles} cycles</text>\n</svg>\n",
        WIDTH + LEFT
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans() -> Vec<Span> {
        let span = |track, from, to| Span { track, pc: 0, from, to };
        vec![span(Track::Array, 10, 60), span(Track::Dma(1), 0, 90), span(Track::Array, 60, 90)]
    }

    #[test]
    fn a_trace_has_an_event_for_each_span_and_a_name_for_each_row() {
        let trace = chrome_trace(&Program::default(), &spans());
        let events = trace["traceEvents"].as_array().unwrap();
        assert_eq!(events.iter().filter(|event| event["ph"] == "X").count(), 3);
        assert_eq!(events[1]["args"]["name"], "dma 1");
        assert_eq!((&events[2]["ts"], &events[2]["dur"]), (&json!(10), &json!(50)));
    }

    #[test]
    fn a_picture_has_a_row_for_each_unit_that_did_something() {
        let picture = svg(&spans(), 100);
        assert_eq!(picture.matches("<rect").count(), 3);
        assert!(picture.contains(">array<") && picture.contains(">dma 1<"));
        assert!(picture.contains("x='170' y='4' width='500'"), "{picture}");
        assert!(svg(&[], 0).ends_with("</svg>\n"));
    }
}
