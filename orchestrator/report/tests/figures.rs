//! The figures of a report by themselves.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod common;

use common::{Draft, TASK, small_run};
use evolve_report::html::figures;
use evolve_report::write_figures;

#[test]
fn the_curve_stands_by_itself_on_white_paper() {
    let run = small_run();
    let figures = figures(&run.facts).unwrap();
    let svg = &figures.iter().find(|figure| figure.name == "curve.svg").unwrap().content;
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
    let data = |name: &str| &figures.iter().find(|figure| figure.name == name).unwrap().content;
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
    assert_eq!(paths.len(), 3);
    for path in paths {
        assert_eq!(path.parent().unwrap(), folder.path().join("deep/figures"));
        assert!(std::fs::metadata(path).unwrap().len() > 40);
    }
}
