//! One self-contained page of a run: no network, no assets, nothing active but a small script
//! of its own that sorts and filters a table.
//!
//! All text goes through the template engine's escaping and [`printable`](crate::format);
//! the only markup that does not is the curve, which holds numbers and fixed words alone. A
//! content security policy forbids everything but the page's own style and script. The
//! script's nonce is a hash of all data on the page, so no text of the page can contain it.

pub(crate) mod axis;
pub(crate) mod budgets;
pub(crate) mod curve;
mod figures;
pub(crate) mod page;
pub(crate) mod programs;
pub(crate) mod rows;
pub(crate) mod run;

use evolve_core::ports::BlobStore;
use evolve_core::{BlobHash, Facts};
use tera::{Context, Tera};

use crate::bench::Beside;
use crate::model::Moment;
use crate::write::ReportError;

pub use figures::{Figure, figures};

/// The sections of a run's pages, by the names under which others include them.
pub(crate) const SECTIONS: [(&str, &str); 12] = [
    ("parts.html", include_str!("../../templates/parts.html")),
    ("summary.html", include_str!("../../templates/summary.html")),
    ("progress.html", include_str!("../../templates/progress.html")),
    ("best.html", include_str!("../../templates/best.html")),
    ("path.html", include_str!("../../templates/path.html")),
    ("failures.html", include_str!("../../templates/failures.html")),
    ("candidates.html", include_str!("../../templates/candidates.html")),
    ("insights.html", include_str!("../../templates/insights.html")),
    ("cost.html", include_str!("../../templates/cost.html")),
    ("repeat.html", include_str!("../../templates/repeat.html")),
    ("style.css", STYLE),
    ("table.js", TABLE),
];
/// The style sheet of every page.
pub(crate) const STYLE: &str = include_str!("../../templates/style.css");

/// Sorts and filters the table of a page.
pub(crate) const TABLE: &str = include_str!("../../templates/table.js");

const REPORT: [(&str, &str); 2] = [
    ("report.html", include_str!("../../templates/report.html")),
    ("script.html", include_str!("../../templates/script.html")),
];

/// The page of a run.
pub fn page(facts: &Facts, blobs: &dyn BlobStore, moment: &Moment) -> Result<String, ReportError> {
    page_with(facts, blobs, moment, &Extras::default())
}

/// What a page may tell that the facts do not hold.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// The run beside the strategies of a bench.
    pub beside: Option<Beside>,
    /// BLAKE3 of the journal's file, as it was when it was read.
    pub journal: Option<String>,
}

/// The page of a run with what else is known.
pub fn page_with(
    facts: &Facts,
    blobs: &dyn BlobStore,
    moment: &Moment,
    extras: &Extras,
) -> Result<String, ReportError> {
    let failed = |error: tera::Error| ReportError::Template { why: error.to_string() };
    let page = page::Page::of(facts, blobs, moment, extras)?;
    let mut tera = Tera::default();
    tera.add_raw_templates(SECTIONS.into_iter().chain(REPORT)).map_err(failed)?;
    let mut context = Context::new();
    context.insert("page", &page);
    context.insert("nonce", &nonce(&page));
    tera.render("report.html", &context).map_err(failed)
}

fn nonce(page: &page::Page) -> String {
    // The page is texts and numbers: it always serialises.
    BlobHash::of(&serde_json::to_vec(page).unwrap_or_default()).to_string()
}
