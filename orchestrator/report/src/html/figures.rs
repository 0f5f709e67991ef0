//! The figures of a report by themselves: for paper, with their data.

use evolve_core::Facts;
use evolve_core::facts::CandidateState;
use resvg::{tiny_skia, usvg};

use super::curve::Curve;
use super::rows::Shown;
use crate::write::ReportError;

/// Colours on white paper for the curve's placeholders; lines that are dashed on the page are
/// dashed here, so that no line is told by its colour alone.
const INKS: [(&str, &str, &str); 9] = [
    ("#000101", "#0B5FA5", ""),
    ("#000102", "#8A94A0", ""),
    ("#000103", "#6B6B6B", "9 5"),
    ("#000104", "#A85F00", "2 4"),
    ("#000105", "#1B7F3B", "12 4 2 4"),
    ("#000110", "#A4231C", "16 4"),
    ("#000106", "#202020", ""),
    ("#000107", "#E1E5EA", ""),
    ("#000108", "#404040", ""),
];

/// Dots of the PNG for each unit of the drawing.
const SCALE: f32 = 2.5;

/// A file of `figures/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// Its content.
    pub content: Vec<u8>,
}

/// The figures of a run and their data: the curve as SVG and PNG, its steps and all candidates as CSV.
/// A curve that cannot be drawn, for want of scores, is left out; the data never is.
pub fn figures(facts: &Facts) -> Result<Vec<Figure>, ReportError> {
    let curve = Curve::of(facts, &Shown::of(facts))?;
    let mut figures = vec![
        Figure { name: "curve.csv", content: steps(facts).into_bytes() },
        Figure { name: "candidates.csv", content: candidates(facts).into_bytes() },
    ];
    if let Some(svg) = curve.drawing() {
        let svg = on_paper(svg);
        let png = painted(&svg).map_err(|why| ReportError::Curve { why })?;
        figures.push(Figure { name: "curve.svg", content: svg.into_bytes() });
        figures.push(Figure { name: "curve.png", content: png });
    }
    Ok(figures)
}

/// The page's drawing with colours of its own, as a file of its own.
fn on_paper(svg: &str) -> String {
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    let mut body = body.to_owned();
    for (placeholder, ink, dashes) in INKS {
        if !dashes.is_empty() {
            let stroke = format!("stroke=\"{placeholder}\"");
            body = body.replace(&stroke, &format!("{stroke} stroke-dasharray=\"{dashes}\""));
        }
        body = body.replace(placeholder, ink);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"960\" height=\"380\" viewBox=\"0 0 960 \
         380\">\n<title>Best so far</title>\n<rect width=\"960\" height=\"380\" \
         fill=\"#FFFFFF\"/>{body}"
    )
}

/// The drawing as a PNG of 300 dots an inch at a width of 8 inches, with a font of its own: no
/// font of the machine is looked for.
fn painted(svg: &str) -> Result<Vec<u8>, String> {
    let mut options = usvg::Options::default();
    let fonts = options.fontdb_mut();
    fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    fonts.set_sans_serif_family("Ubuntu");
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or("the drawing has no size")?;
    let mut paper = tiny_skia::Pixmap::new(size.width(), size.height()).ok_or("it is too large")?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut paper.as_mut());
    paper.encode_png().map_err(|error| error.to_string())
}

/// Changes of the best.
fn steps(facts: &Facts) -> String {
    let mut csv = "event,candidate,score,gain\n".to_owned();
    for (seq, id) in &facts.promotions {
        let Some(score) = facts.candidate(*id).and_then(|candidate| candidate.score()) else {
            continue;
        };
        let gain = number(facts.gain(score));
        csv.push_str(&format!("{},{id},{score},{gain}\n", seq.0));
    }
    csv
}

/// All candidates: fixed words and numbers alone, so that no cell can be more than it seems.
fn candidates(facts: &Facts) -> String {
    let mut csv = "candidate,status,operator,island,generation,score,gain,usd,tokens\n".to_owned();
    for candidate in facts.candidates.iter().filter(|c| c.state != CandidateState::Absent) {
        let score = candidate.score();
        csv.push_str(&format!(
            "{},{},{},{},{},{},{},{},{}\n",
            candidate.id,
            candidate.word(),
            candidate.selection.operator.word(),
            candidate.selection.island,
            candidate.generation,
            number(score),
            number(score.and_then(|score| facts.gain(score))),
            candidate.cost.dollars(),
            candidate.tokens.total()
        ));
    }
    csv
}

/// A number that survives the way to a file and back; empty where there is none.
fn number(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_letters_whatever_fonts_the_machine_has() {
        let with = |word: &str| {
            let text = format!(
                "<text x=\"5\" y=\"20\" font-family=\"sans-serif\" font-size=\"15\">{word}</text>"
            );
            painted(&format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"60\" height=\"30\">{text}</svg>"
            ))
        };
        assert_ne!(with("best").unwrap(), with("").unwrap());
        assert!(painted("no drawing").is_err());
    }
}
