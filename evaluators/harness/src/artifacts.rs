//! Loads the artifacts that a result names.

use std::collections::BTreeMap;

use evolve_core::sandbox::{Folder, Session};

use crate::result::ArtifactSource;
use crate::text;

/// Largest artifact in bytes; a larger one is left out, with a note in its place.
const LARGEST: u64 = 1 << 20;
/// Most bytes of all artifacts of a result.
const LARGEST_SUM: u64 = 8 << 20;

/// The artifacts' bytes. Files are looked for in the side's own folder and in the output.
///
/// # Errors
/// When a file is not there, is not plain, or lies elsewhere: the judge is wrong.
pub(crate) async fn load(
    sources: Vec<(String, ArtifactSource)>,
    session: &mut dyn Session,
) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut loaded = BTreeMap::new();
    let mut left = LARGEST_SUM;
    for (name, source) in sources {
        let bytes = match source {
            ArtifactSource::Text(text) => text.into_bytes(),
            ArtifactSource::File(path) => read(&path, session)
                .await
                .map_err(|why| format!("artifact `{}`: {why}", text::line(&name)))?,
        };
        let size = bytes.len() as u64;
        let bytes = if size > LARGEST {
            note(&format!("it takes more than {LARGEST} bytes"))
        } else if size > left {
            note(&format!("all artifacts together take more than {LARGEST_SUM} bytes"))
        } else {
            left -= size;
            bytes
        };
        loaded.insert(name, bytes);
    }
    Ok(loaded)
}

fn note(why: &str) -> Vec<u8> {
    format!("[evolve: left out, {why}]\n").into_bytes()
}

async fn read(path: &str, session: &mut dyn Session) -> Result<Vec<u8>, String> {
    for folder in [Folder::Work, Folder::Output] {
        let found = session.read(folder, path.to_owned(), LARGEST + 1).await;
        if let Some(bytes) = found.map_err(|fault| fault.what)? {
            return Ok(bytes);
        }
    }
    let shown = text::line(path);
    Err(format!("there is no plain file `{shown}` in the output folder or the judge's own"))
}
