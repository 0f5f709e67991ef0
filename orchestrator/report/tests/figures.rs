//! The figures of a report by themselves.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use common::{Draft, TASK, small_run};
use evolve_report::html::{Figure, figures};
use evolve_report::write_figures;

fn content<'a>(figures: &'a [Figure], name: &str) -> &'a [u8] {
    &figures.iter().find(|figure| figure.name == name).unwrap().content
}

#[test]
fn the_picture_for_paper_is_a_large_png() {
    let figures = figures(&small_run().facts).unwrap();
    let png = content(&figures, "curve.png");
    assert!(png.starts_with(b"\x89PNG"));
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!((number(16), number(20)), (2400, 950));
}

#[test]
fn the_curve_stands_by_itself_on_white_paper() {
    let run = small_run();
    let figures = figures(&run.facts).unwrap();
    let svg = content(&figures, "curve.svg");
    let svg = std::str::from_utf8(svg).unwrap();
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{svg}");
    assert!(svg.contains("fill=\"#FFFFFF\"") && svg.trim_end().ends_with("</svg>"));
    // Placeholders of the page's style would be black on paper.
    assert!(!svg.contains("#00010"), "{svg}");
    // The target is dashed: it is told from the curve without colour.
    assert!(svg.contains("stroke=\"#1B7F3B\" stroke-dasharray"), "{svg}");
    assert!(svg.contains("best 2.41") && svg.contains("target 2.64"), "{svg}");
}

#[test]
fn the_data_of_the_figures_are_what_the_facts_hold() {
    let run = small_run();
    let figures = figures(&run.facts).unwrap();
    let data = |name: &str| String::from_utf8(content(&figures, name).to_vec()).unwrap();
    insta::assert_snapshot!("curve_csv", data("curve.csv"));
    insta::assert_snapshot!("candidates_csv", data("candidates.csv"));
}

#[test]
fn a_run_without_a_score_has_data_and_no_curve() {
    let run = Draft::begin(TASK, None);
    let names: Vec<_> = figures(&run.facts).unwrap().into_iter().map(|f| f.name).collect();
    assert_eq!(names, ["curve.csv", "candidates.csv"]);
}

#[test]
fn figures_lie_beside_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("deep/report.html");
    let paths = write_figures(&small_run().facts, &page).unwrap();
    assert_eq!(paths.len(), 4);
    for path in paths {
        assert_eq!(path.parent().unwrap(), folder.path().join("deep/figures"));
        assert!(std::fs::metadata(path).unwrap().len() > 40);
    }
}
