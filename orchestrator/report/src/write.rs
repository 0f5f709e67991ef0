//! The page on disk.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use evolve_core::Facts;
use evolve_core::ports::BlobStore;

use crate::html::{self, Extras};
use crate::model::Moment;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The template does not fit its data: a defect of this program.
    #[error("the report's template failed: {why}; this is a defect, please report it")]
    Template {
        /// What the template engine said.
        why: String,
    },
    /// The curve could not be drawn: a defect of this program.
    #[error("the report's curve could not be drawn: {why}; this is a defect, please report it")]
    Curve {
        /// What the plotter said.
        why: String,
    },
    /// The disk said no.
    #[error("cannot {what} `{}`: {source}", path.display())]
    Disk {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Writes the report of a run and returns the page's path: `out` itself when it ends in
/// `.html`, else `index.html` in the folder `out`, which is made when missing.
///
/// The page appears whole or not at all: a reader never sees half of it, and a failure leaves
/// an older page as it was.
pub fn write_report(
    facts: &Facts,
    blobs: &dyn BlobStore,
    out: &Path,
    moment: &Moment,
) -> Result<PathBuf, ReportError> {
    write_report_with(facts, blobs, out, moment, &Extras::default())
}

/// The same with what else is known.
pub fn write_report_with(
    facts: &Facts,
    blobs: &dyn BlobStore,
    out: &Path,
    moment: &Moment,
    extras: &Extras,
) -> Result<PathBuf, ReportError> {
    let page = html::page_with(facts, blobs, moment, extras)?;
    let is_page = out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html"));
    let path = if is_page { out.to_owned() } else { out.join("index.html") };
    publish(&path, page.as_bytes())?;
    Ok(path)
}

/// Writes a run's figures and their data into `figures/` beside the report's page, and returns
/// their paths. Each file appears whole or not at all.
pub fn write_figures(facts: &Facts, page: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let folder = page.parent().unwrap_or(Path::new("")).join("figures");
    let mut paths = Vec::new();
    for figure in html::figures(facts)? {
        let path = folder.join(figure.name);
        publish(&path, &figure.content)?;
        paths.push(path);
    }
    Ok(paths)
}

fn publish(path: &Path, content: &[u8]) -> Result<(), ReportError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = |what, path: &Path| {
        let path = path.to_owned();
        move |source| ReportError::Disk { what, path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed("make the folder", folder))?;
    let mut draft = draft_in(folder).map_err(failed("write into", folder))?;
    draft.write_all(content).map_err(failed("write into", folder))?;
    draft.as_file().sync_all().map_err(failed("write into", folder))?;
    draft.persist(path).map_err(|error| failed("put the report in place at", path)(error.error))?;
    Ok(())
}

/// A temporary file beside the report. Its own default is private, but a report is made to be
/// shown: on Unix it gets the usual permissions, less the process's umask.
fn draft_in(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".report-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
