//! Blobs as texts. A blob that cannot be had is an answer too: why it is missing.

use std::collections::BTreeMap;

use evolve_core::ports::BlobStore;
use evolve_core::{BlobHash, Program};
use serde::Serialize;

/// A stored text, or why it is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BlobText {
    /// Its name in the blob store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<BlobHash>,
    /// Its size, before anything was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// The text; what is not UTF-8 is replaced. None for binary content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Bytes left out before the text.
    #[serde(skip_serializing_if = "is_zero")]
    pub cut: usize,
    /// Why there is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl BlobText {
    /// The whole text.
    pub fn load(blobs: &dyn BlobStore, hash: BlobHash) -> Self {
        Self::tail(blobs, hash, usize::MAX)
    }

    /// The last `most` bytes of the text, from the beginning of a line where there is one.
    pub fn tail(blobs: &dyn BlobStore, hash: BlobHash, most: usize) -> Self {
        let bytes = match blobs.get(hash) {
            Ok(bytes) => bytes,
            Err(fault) => {
                return Self { hash: Some(hash), missing: Some(fault.what), ..Self::default() };
            }
        };
        let mut cut = bytes.len().saturating_sub(most);
        if cut > 0 {
            let line = bytes[cut..].iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            cut += if cut + line < bytes.len() { line } else { 0 };
            // A cut inside a character would leave its rest behind.
            cut += bytes[cut..].iter().take(3).take_while(|byte| **byte & 0xC0 == 0x80).count();
        }
        let text = String::from_utf8_lossy(&bytes[cut..]).into_owned();
        Self { hash: Some(hash), bytes: Some(bytes.len()), text: Some(text), cut, missing: None }
    }

    /// No text, with the reason.
    pub fn none(why: impl Into<String>) -> Self {
        Self { missing: Some(why.into()), ..Self::default() }
    }

    /// Content that may be binary: no text then, and `missing` says so.
    pub fn load_artifact(blobs: &dyn BlobStore, hash: BlobHash, most: usize) -> Self {
        let bytes = match blobs.get(hash) {
            Ok(bytes) => bytes,
            Err(fault) => {
                return Self { hash: Some(hash), missing: Some(fault.what), ..Self::default() };
            }
        };
        let size = Some(bytes.len());
        let (text, missing) = match String::from_utf8(bytes) {
            Ok(text) if text.contains('\0') => (None, Some("it is binary".to_owned())),
            Ok(text) if text.len() > most => (None, Some("it is too large to show".to_owned())),
            Ok(text) => (Some(text), None),
            Err(_) => (None, Some("it is binary".to_owned())),
        };
        Self { hash: Some(hash), bytes: size, text, cut: 0, missing }
    }
}

/// An artifact's name and content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArtifactView {
    /// Its name.
    pub name: String,
    /// Its content; texts up to 64 KiB are shown.
    #[serde(flatten)]
    pub content: BlobText,
}

/// Largest artifact whose text is part of an answer.
pub(super) const ARTIFACT_SHOWN: usize = 64 * 1024;

/// A program's files, or why they are missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProgramView {
    /// Its name in the blob store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<BlobHash>,
    /// Text by path.
    pub files: BTreeMap<String, String>,
    /// Why there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl ProgramView {
    /// The program with this hash. `why_none`: why there is none when there is no hash.
    pub fn load(blobs: &dyn BlobStore, hash: Option<BlobHash>, why_none: &str) -> Self {
        match load_program(blobs, hash, why_none) {
            Ok(program) => Self { hash, files: program.files, missing: None },
            Err(why) => Self { hash, files: BTreeMap::new(), missing: Some(why) },
        }
    }
}

/// The program with this hash, or why it cannot be had.
pub(super) fn load_program(
    blobs: &dyn BlobStore,
    hash: Option<BlobHash>,
    why_none: &str,
) -> Result<Program, String> {
    let hash = hash.ok_or_else(|| why_none.to_owned())?;
    let bytes = blobs.get(hash).map_err(|fault| fault.what)?;
    Program::from_bytes(&bytes).map_err(|error| {
        format!("blob {} does not hold a program ({error}); run `evolve verify`", hash.short())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use evolve_core::ports::HostFault;

    struct One(Vec<u8>);

    impl BlobStore for One {
        fn put(&self, _: &[u8]) -> Result<BlobHash, HostFault> {
            Err(HostFault::new("read only"))
        }
        fn get(&self, hash: BlobHash) -> Result<Vec<u8>, HostFault> {
            let here = BlobHash::of(&self.0) == hash;
            here.then(|| self.0.clone()).ok_or_else(|| HostFault::new("blob is lost"))
        }
    }

    #[test]
    fn a_tail_begins_at_a_line_and_never_inside_a_character() {
        let store = One("first\nsecond\nthird".into());
        let tail = BlobText::tail(&store, BlobHash::of(&store.0), 9);
        assert_eq!(tail.text.as_deref(), Some("third"));
        assert_eq!((tail.cut, tail.bytes), (13, Some(18)));
        let store = One("é".repeat(10).into());
        let tail = BlobText::tail(&store, BlobHash::of(&store.0), 5);
        assert_eq!(tail.text.as_deref(), Some("éé"));
        let store = One(b"one line\n".to_vec());
        let tail = BlobText::tail(&store, BlobHash::of(&store.0), 5);
        assert_eq!(tail.text.as_deref(), Some("line\n"));
    }

    #[test]
    fn a_lost_or_binary_blob_says_so() {
        let store = One(vec![0xff, 0x00, 0x01]);
        assert_eq!(BlobText::load(&store, BlobHash::of(b"")).missing.unwrap(), "blob is lost");
        let artifact = BlobText::load_artifact(&store, BlobHash::of(&store.0), 10);
        assert_eq!(artifact.missing.as_deref(), Some("it is binary"));
        assert_eq!(artifact.bytes, Some(3));
        let program = ProgramView::load(&store, Some(BlobHash::of(&store.0)), "");
        assert!(program.missing.unwrap().contains("does not hold a program"));
    }
}
